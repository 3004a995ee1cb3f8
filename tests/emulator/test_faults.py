"""Faults that pass, at the moments where taking them for an answer would cost rows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.cleanups import PATIENCE

CUSTOMERS = json.dumps(
    {
        "shop": {
            "name": "shop",
            "all": False,
            "Table": {t: {"name": t, "all": True} for t in ("orders", "customers")},
        }
    }
)
ORDERS = {"shop": {"name": "shop", "all": False, "Table": {"orders": {"name": "orders", "all": True}}}}


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """The application holds a write lock."""
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def hindered(moving: Any, kit: Any, job_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tick until a cleanup has failed. Its patience with a lock, half a minute, is cut short."""
    release, connect = dataplane.release, sqlite3.connect

    def impatient(spec: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(
                sqlite3, "connect", lambda *args, **named: connect(*args, **{**named, "timeout": 0.1})
            )
            release(spec)

    monkeypatch.setattr(dataplane, "release", impatient)
    kit.until(lambda: bool(moving.supervisor.tick()) or "tidied up" in moving.job(job_id).error)


def test_a_reset_waits_until_the_databases_are_clean(
    moving: Any, kit: Any, databases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = kit.running(moving)
    with locked(databases.source / "shop.db"):
        assert moving.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
        hindered(moving, kit, job_id, monkeypatch)
        moving.clock.advance(PATIENCE * 2)
        for _ in range(3):
            moving.supervisor.tick()
        assert moving.job(job_id).status == "Synchronizing"
        assert moving.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC")).code == "InvalidJobStatus"
        assert "trying again" in kit.row(moving, job_id)["ErrorMessage"]

    def there() -> bool:
        moving.clock.advance(20)
        moving.supervisor.tick()
        return bool(moving.job(job_id).status == "NotConfigured")

    kit.until(there)
    assert databases.traces() == []
    with closing(sqlite3.connect(databases.target / "shop.db")) as db, db:
        db.execute("DELETE FROM orders")
    mode = json.dumps({"autoStartModulesAfterConfig": "none", "targetTableMode": "2"})
    assert moving.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC", Reserve=mode)).code == "OK"
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Synchronizing")
    assert databases.equal("orders")


def test_a_job_that_ends_is_let_go_in_the_end(
    moving: Any, kit: Any, databases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = kit.running(moving)
    with locked(databases.source / "shop.db"):
        assert moving.call("StopDtsJob", DtsJobId=job_id).code == "OK"
        hindered(moving, kit, job_id, monkeypatch)
        assert moving.job(job_id).goal == "Finished"
        moving.clock.advance(PATIENCE)
        kit.reaches(moving, job_id, "Finished")
    assert "left something behind" in kit.row(moving, job_id)["ErrorMessage"]


def test_a_database_that_is_gone_does_not_keep_a_job(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving)
    shutil.rmtree(databases.source)
    assert moving.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "NotConfigured")


def test_a_mover_killed_while_modifying_is_replaced(moving: Any, kit: Any, databases: Any) -> None:
    databases.fill("customers", 30)
    job_id = kit.running(moving, objects=ORDERS)
    with locked(databases.source / "shop.db"):
        instance = moving.job(job_id).instance_id
        assert moving.call("ModifyDtsJob", DtsInstanceId=instance, DbList=CUSTOMERS).code == "OK"

        def working() -> bool:
            moving.supervisor.tick()
            mover = moving.supervisor.movers.get(job_id)
            return mover is not None and mover.revision == moving.job(job_id).revision and mover.healthy > 0

        kit.until(working)
        for _ in range(10):
            moving.supervisor.tick()
            time.sleep(0.05)
        assert moving.job(job_id).status == "Modifying", "the new table is not loaded yet"
        os.kill(moving.supervisor.movers.get(job_id).process.pid, signal.SIGKILL)
        kit.until(lambda: bool(moving.supervisor.tick()) or moving.job(job_id).retry is not None)
        assert moving.job(job_id).status == "Modifying"
        assert moving.supervisor.movers.get(job_id) is None
    moving.clock.advance(2)
    kit.reaches(moving, job_id, "Synchronizing")
    assert databases.equal("customers")
    assert moving.job(job_id).error == ""


def test_a_modification_is_given_up_after_the_time_for_retries(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.arrange(job_id, status="Modifying", reserve={"maxRetryTime": 100})

    def kill() -> None:
        process = moving.supervisor.movers.get(job_id).process
        process.kill()
        process.wait()
        moving.supervisor.tick()

    kill()
    assert (moving.job(job_id).status, moving.job(job_id).retry.count) == ("Modifying", 1)
    moving.supervisor.tick()
    assert moving.supervisor.movers.get(job_id) is None, "not before its time"
    moving.clock.advance(100)
    moving.supervisor.tick()
    kill()
    assert moving.job(job_id).status == "ModifyFailed"
    assert kit.row(moving, job_id)["ErrorMessage"]
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Synchronizing")


def test_a_refused_modification_is_tried_again_by_a_start(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving, objects=ORDERS)
    instance = moving.job(job_id).instance_id
    assert moving.call("ModifyDtsJob", DtsInstanceId=instance, DbList=CUSTOMERS).code == "OK"
    kit.reaches(moving, job_id, "ModifyFailed")
    assert "customers" in kit.row(moving, job_id)["ErrorMessage"]
    databases.fill("customers", 10)
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    assert moving.job(job_id).status == "Modifying"
    kit.reaches(moving, job_id, "Synchronizing")
    assert databases.equal("customers")


def test_a_mover_whose_emulator_was_gone_before_it_looked_leaves(tmp_path: Path, databases: Any) -> None:
    """It is told whose child it is: when it looks, it may be an orphan already."""
    spec = dataplane.JobSpec(
        "j", *databases.bindings.values(), {"shop": {"name": "shop", "all": True}}, True, True, True
    )
    (tmp_path / "spec.json").write_text(spec.to_json())
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    arguments = [str(tmp_path / "spec.json"), str(tmp_path / "progress.json"), str(gone.pid)]
    command = [sys.executable, "-m", "airflow_dts.emulator.dataplane", *arguments]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
