"""The benchmarks run and print ratios. What the ratios are depends on the machine and is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def run(script: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, HERE / script, *options], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.sdk
def test_the_cost_of_calls_is_printed_as_ratios() -> None:
    pytest.importorskip("alibabacloud_dts20200101")
    pytest.importorskip("aliyunsdkcore")
    rows = run("bench_client.py", "--rounds", "1", "--calls", "5").splitlines()[1:]
    assert [re.split(r" {2,}", row)[0] for row in rows] == [
        "requests, bare",
        "airflow_dts",
        "alibabacloud_dts20200101",
        "aliyun-python-sdk-core",
    ]
    assert all(len(re.findall(r"\d+ +\d+\.\d\d", row)) == 2 for row in rows)


@pytest.mark.airflow
def test_the_cost_of_imports_is_printed_as_ratios() -> None:
    rows = run("bench_imports.py", "--runs", "1", "--only", "airflow_dts.triggers").splitlines()[1:]
    assert re.fullmatch(r"base +\d+\.\d +1\.000", rows[0])
    assert len(rows) > 1
    assert all(
        re.fullmatch(r"airflow_dts\.triggers\.\w+ +-?\d+\.\d +[+-]\d+\.\d{3}", row) for row in rows[1:]
    )
