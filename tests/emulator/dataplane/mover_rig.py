"""A rehearsal stage for movers: two directories, a spec, and a mover in a process or in this one."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_dts.emulator.dataplane import JobSpec, Progress
from airflow_dts.emulator.dataplane.mover import Mover
from airflow_dts.emulator.dataplane.process import Stop

WHOLE = {"shop": {"name": "shop", "all": True}}


def connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.text_factory = bytes
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


class StopWhen(Stop):
    """Stops a mover of this process as soon as a condition holds, looked at while the mover waits."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self._condition = condition

    def wait(self, seconds: float) -> bool:
        if self._condition():
            self.ask()
        return super().wait(min(seconds, 0.01))


class Rig:
    def __init__(self, root: Path, objects: dict[str, Any] | None = None, **options: Any) -> None:
        self.root = root
        self.source_dir, self.target_dir = root / "source", root / "target"
        self.source = connect(self.source_dir / "shop.db")
        self.progress_file = root / "progress.json"
        self.spec = JobSpec(
            **{
                "job_id": "job-1",
                "source": f"sqlite://{self.source_dir}",
                "target": f"sqlite://{self.target_dir}",
                "objects": objects or WHOLE,
                "structure": True,
                "full_load": True,
                "incremental": True,
                **options,
            }
        )

    def change(self, **options: Any) -> None:
        self.spec = dataclasses.replace(self.spec, **options)

    def target(self, database: str = "shop") -> sqlite3.Connection:
        return connect(self.target_dir / f"{database}.db")

    def progress(self) -> Progress:
        return Progress.from_json(self.progress_file.read_text())

    # --- in this process

    def run(self) -> Progress:
        """Run a mover until it has caught up with the source as it stands, or is done, or gave up."""
        mover: Mover | None = None

        def caught_up() -> bool:
            assert mover is not None
            return mover.progress().incremental.state == "Catched"

        mover = Mover(self.spec, self.progress_file, StopWhen(caught_up))
        mover.run()
        return self.progress()

    def moved(self) -> Progress:
        """As `run`, and it has to go well."""
        progress = self.run()
        assert progress.error == ""
        return progress

    # --- as a process

    def start(self, *parent: str) -> subprocess.Popen[bytes]:
        spec_file = self.root / "spec.json"
        spec_file.write_text(self.spec.to_json())
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "airflow_dts.emulator.dataplane",
                str(spec_file),
                str(self.progress_file),
                *parent,
            ]
        )

    def wait_for(self, condition: Callable[[Progress], bool], seconds: float = 60) -> Progress:
        since, end = time.time(), time.monotonic() + seconds
        while time.monotonic() < end:
            if self.progress_file.exists():
                progress = self.progress()
                if progress.at >= since - 1 and condition(progress):
                    return progress
            time.sleep(0.02)
        raise AssertionError(
            f"not within {seconds} s: {self.progress() if self.progress_file.exists() else 'no report'}"
        )


def caught_up_since(instant: float) -> Callable[[Progress], bool]:
    """Everything committed before `instant` is in the target."""
    return lambda progress: progress.error != "" or (progress.delay_ms == 0 and progress.checkpoint > instant)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def rows(connection: sqlite3.Connection, table: str, columns: str = "*", where: str = "1") -> list[str]:
    """Every row as text that tells types apart, sorted: independent of the product's own comparison."""
    names = (
        [row[1].decode() for row in connection.execute(f'PRAGMA table_xinfo("{table}")')]
        if columns == "*"
        else columns.split(",")
    )
    parts = ", ".join(f'typeof("{name}"), "{name}"' for name in names)
    return sorted(repr(row) for row in connection.execute(f'SELECT {parts} FROM "{table}" WHERE {where}'))
