"""The example DAGs, run as a newcomer runs them: by ``airflow-dts rehearse``, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.xdist_group("rehearsal")]
pytest.importorskip("starlette", reason="install the extra [rehearsal]")

ROOT = Path(__file__).parents[2]
CUTOVER = ROOT / "dags_examples" / "cutover.py"
LEGACY = ROOT / "dags_examples" / "legacy_migration.py"


def rehearse(*words: str) -> subprocess.CompletedProcess[str]:
    # A home of its own is what a rehearsal makes; what pytest set up for other tests must not leak into it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.run(
        [sys.executable, "-m", "airflow_dts.cli", "rehearse", *words],
        cwd=ROOT,
        env={**environment, "COLUMNS": "140"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def rows_compared(output: str) -> int:
    lines = [line for line in output.splitlines() if "│ shop." in line]
    return sum(int(line.split("│")[2].strip().replace(",", "")) for line in lines)


def test_the_cutover_moves_every_row(tmp_path: Path) -> None:
    done = rehearse(
        str(CUTOVER), "--rows", "100000", "--rows-per-second", "50000", "--keep", str(tmp_path / "r")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Source and target are equal, row by row." in done.stdout
    assert "1 instance(s) bought" in done.stdout
    assert rows_compared(done.stdout) > 90_000
    assert done.stdout.count("success") == 12
    secrets = [
        line
        for line in (tmp_path / "r" / "airflow" / "airflow.log").read_text().splitlines()
        if "Signature=" in line
    ]
    assert not secrets


def test_the_older_api_moves_every_row() -> None:
    done = rehearse(str(LEGACY), "--rows", "60000", "--rows-per-second", "30000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Source and target are equal, row by row." in done.stdout
    assert "1 instance(s) bought" in done.stdout
    assert rows_compared(done.stdout) > 55_000
    assert done.stdout.count("success") == 10
    assert "MigrationJobStatus" in done.stdout
    assert "DtsJob" not in done.stdout


def test_a_killed_emulator_costs_no_row(tmp_path: Path) -> None:
    done = rehearse(str(CUTOVER), "--rows", "60000", "--rows-per-second", "10000", "--crash-emulator")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Killing the emulator" in done.stdout
    assert "Source and target are equal, row by row." in done.stdout
    assert "1 instance(s) bought" in done.stdout


def test_a_dag_that_fails_is_a_failed_rehearsal(tmp_path: Path) -> None:
    broken = tmp_path / "no_such_table.py"
    broken.write_text(CUTOVER.read_text().replace('"order_items")', '"no_such_table")'))
    done = rehearse(str(broken), "--rows", "1000")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no_such_table" in done.stdout
    assert "Repair:" in done.stdout


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = rehearse(str(tmp_path / "absent.py"))
    assert done.returncode == 2
    assert "absent.py" in done.stdout
