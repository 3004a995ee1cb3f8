"""A mover as a process: it stops when told, leaves with its parent, never runs twice, and reports truly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import JobSpec, Progress
from airflow_dts.emulator.dataplane.base import BusyJob, MoverError
from airflow_dts.emulator.dataplane.checkpoint import decode_key, encode_key
from tests.emulator.dataplane.conftest import MakeRig
from tests.emulator.dataplane.mover_rig import Rig, caught_up_since, kill, rows


def simple(rig: Rig, count: int = 10) -> Rig:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
    rig.source.execute("BEGIN")
    rig.source.executemany("INSERT INTO t VALUES (?, 0)", [(n,) for n in range(count)])
    rig.source.execute("COMMIT")
    return rig


def test_spec_and_progress_survive_json(rig: Rig) -> None:
    simple(rig)
    progress = rig.moved()
    assert JobSpec.from_json(rig.spec.to_json()) == rig.spec
    assert Progress.from_json(progress.to_json()) == progress
    assert [item.sql.split("(")[0] for item in progress.ddl] == ["CREATE TABLE t"]
    assert [(table.table, table.progress.state, table.progress.done) for table in progress.tables] == [
        ("t", "Finished", 10)
    ]


def test_keys_survive_the_checkpoint() -> None:
    key = (1, -(2**63), 1.0, float("inf"), -0.0, b"\x00\xff", "名\x00", "")
    assert repr(decode_key(encode_key(key))) == repr(key)


def test_a_held_back_target_lags_and_still_stops_at_once(rig: Rig) -> None:
    simple(rig)
    rig.change(apply_delay=60.0)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    written = time.time()
    rig.source.execute("UPDATE t SET v = 1")
    lagging = rig.wait_for(lambda progress: progress.delay_ms > 700)
    assert lagging.incremental.state == "Migrating"
    assert abs(lagging.checkpoint - written) < 2
    assert rig.target().execute("SELECT max(v) FROM t").fetchone() == (0,)
    asked = time.monotonic()
    mover.terminate()
    assert mover.wait(5) == 0
    assert time.monotonic() - asked < 1
    rig.change(apply_delay=0.0)
    rig.moved()
    assert rig.target().execute("SELECT min(v) FROM t").fetchone() == (1,)


def test_a_held_back_target_catches_up_after_the_delay(rig: Rig) -> None:
    simple(rig)
    rig.change(apply_delay=0.4)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    started = time.time()
    rig.source.execute("UPDATE t SET v = 1")
    rig.wait_for(caught_up_since(started))
    assert rig.target().execute("SELECT min(v) FROM t").fetchone() == (1,)
    assert time.time() - started >= 0.4
    mover.terminate()
    mover.wait(5)


def test_a_throttled_load_shows_its_way_and_stops_at_once(rig: Rig) -> None:
    simple(rig, 5_000)
    rig.change(rows_per_second=1_000)
    mover = rig.start()
    seen = rig.wait_for(lambda progress: progress.full_load.done >= 400)
    assert (seen.full_load.state, seen.full_load.total) == ("Migrating", 5_000)
    assert 0 < seen.full_load.percent < 100
    assert 400 < seen.rows_per_second < 2_500
    assert seen.incremental.state == "NotStarted"
    assert seen.delay_ms == -1
    mover.terminate()
    assert mover.wait(5) == 0
    rig.change(rows_per_second=None)
    assert rig.moved().full_load.done == 5_000


def test_the_checkpoint_moves_on_an_idle_source(rig: Rig) -> None:
    simple(rig)
    mover = rig.start()
    first = rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    later = rig.wait_for(lambda progress: progress.checkpoint > first.checkpoint + 1)
    assert (later.delay_ms, later.incremental.state) == (0, "Catched")
    mover.terminate()
    mover.wait(5)


def test_two_movers_of_one_job_never_run_at_once(rig: Rig) -> None:
    simple(rig)
    first = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    second = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "airflow_dts.emulator.dataplane",
            str(rig.root / "spec.json"),
            str(rig.root / "second.json"),
        ]
    )
    time.sleep(0.5)
    assert second.poll() is None
    assert not (rig.root / "second.json").exists()
    kill(first)
    deadline = time.monotonic() + 10
    while not (rig.root / "second.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second.terminate()
    assert second.wait(5) == 0


def test_a_running_job_cannot_be_released(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_dts.emulator.dataplane import releasing

    monkeypatch.setattr(releasing, "_LEASE_SECONDS", 0.2)
    simple(rig)
    process = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    with pytest.raises(BusyJob, match="stop it first"):
        dataplane.release(rig.spec)
    process.terminate()
    process.wait(5)
    dataplane.release(rig.spec)
    for side in (rig.source, rig.target()):
        assert side.execute(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE '\\_dts%' ESCAPE '\\'"
        ).fetchone() == (0,)
    assert not list(rig.target_dir.glob("*.lock"))
    dataplane.release(rig.spec)


def test_a_mover_leaves_with_its_parent(rig: Rig) -> None:
    simple(rig)
    spec_file = rig.root / "spec.json"
    spec_file.write_text(rig.spec.to_json())
    parent = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-m', 'airflow_dts.emulator.dataplane', *sys.argv[1:]]);"
        "print(child.pid, flush=True); child.wait()"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", parent, str(spec_file), str(rig.progress_file)], stdout=subprocess.PIPE
    )
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    kill(supervisor)
    supervisor.stdout.close()
    deadline = time.monotonic() + 5
    while _alive(child):
        assert time.monotonic() < deadline, "the mover outlived its parent"
        time.sleep(0.02)
    rig.moved()


def _alive(pid: int) -> bool:
    try:
        # A zombie that nobody reaps is gone as well.
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_application_is_not_held_up(rig: Rig) -> None:
    """An application's statements go through while a mover loads, applies and purges."""
    simple(rig, 50_000)
    mover = rig.start()
    rig.source.execute("PRAGMA busy_timeout = 1000")
    rig.source.execute("PRAGMA synchronous = NORMAL")
    longest, end, number = 0.0, time.monotonic() + 2.5, 0
    while time.monotonic() < end:
        started = time.monotonic()
        rig.source.execute(
            "UPDATE t SET v = v + 1 WHERE id BETWEEN ? AND ?", (number % 50_000, number % 50_000 + 20)
        )
        longest, number = max(longest, time.monotonic() - started), number + 21
    assert longest < 0.9
    assert rig.wait_for(caught_up_since(time.time())).error == ""
    mover.terminate()
    mover.wait(5)
    assert rows(rig.target(), "t") == rows(rig.source, "t")


def test_only_increments_start_where_the_job_starts(make_rig: MakeRig) -> None:
    rig = simple(make_rig(full_load=False))
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (100, 1)")
    rig.source.execute("UPDATE t SET v = 5 WHERE id = 3")
    progress = rig.moved()
    assert rig.target().execute("SELECT * FROM t ORDER BY 1").fetchall() == [(3, 5), (100, 1)]
    assert progress.full_load.state == "NotStarted"


def test_a_starting_point_whose_changes_were_not_logged_is_refused(make_rig: MakeRig) -> None:
    rig = simple(make_rig(full_load=False, start_at=int(time.time()) - 100))
    assert "starting point" in rig.run().error
    for file in rig.source_dir.iterdir():
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert rig.run().error == ""


def test_structure_alone(make_rig: MakeRig) -> None:
    rig = make_rig(full_load=False, incremental=False)
    rig.source.executescript(
        "CREATE TABLE t(a, b); CREATE UNIQUE INDEX i ON t(b); INSERT INTO t VALUES (1, 2)"
    )
    mover = rig.start()
    assert mover.wait(30) == 0
    assert rig.progress().structure.state == "Finished"
    assert rig.target().execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert rig.source.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)


def test_existing_tables(make_rig: MakeRig) -> None:
    rig = simple(make_rig())
    rig.target().execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v, more DEFAULT 'm')")
    rig.target().execute("INSERT INTO t VALUES (3, 'old', 'kept?'), (99, 'other', 'o')")
    assert "already exists" in rig.run().error
    rig.change(target_table_mode="2")
    rig.moved()
    assert rig.target().execute("SELECT * FROM t WHERE id IN (3, 99)").fetchall() == [
        (3, 0, b"m"),
        (99, b"other", b"o"),
    ]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE t(id INTEGER PRIMARY KEY)", "no column 'v'"),
        ("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", "v"),
        ("CREATE TABLE t(id INTEGER, v PRIMARY KEY)", "key"),
        ("CREATE TABLE t(id INTEGER PRIMARY KEY, v NOT NULL)", "NOT NULL"),
        ("CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)", "unique index"),
        ("CREATE TABLE t(id INTEGER PRIMARY KEY, v, w NOT NULL)", "nothing is written"),
    ],
)
def test_existing_tables_that_would_change_the_rows_are_refused(
    make_rig: MakeRig, sql: str, reason: str
) -> None:
    rig = simple(make_rig(target_table_mode="2"))
    rig.target().execute(sql)
    assert reason in rig.run().error


def test_an_existing_table_whose_key_would_merge_rows_is_refused(make_rig: MakeRig) -> None:
    rig = make_rig(target_table_mode="2")
    rig.source.execute("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL)")
    rig.source.execute("INSERT INTO t VALUES ('a'), ('A')")
    rig.target().execute("CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL)")
    assert "id BINARY" in rig.run().error


def test_a_table_added_to_a_running_job_is_loaded(make_rig: MakeRig) -> None:
    def objects(*names: str) -> dict[str, object]:
        return {
            "shop": {
                "name": "shop",
                "all": False,
                "Table": {name: {"name": name, "all": True} for name in names},
            }
        }

    rig = simple(make_rig(objects("t")))
    rig.source.execute("CREATE TABLE u(id INTEGER PRIMARY KEY)")
    rig.source.execute("INSERT INTO u VALUES (1), (2)")
    rig.moved()
    rig.source.execute("UPDATE t SET v = 7")
    rig.change(objects=objects("t", "u"))
    rig.moved()
    assert rows(rig.target(), "u") == rows(rig.source, "u")
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    rig.change(objects=objects("u"))
    rig.source.execute("UPDATE t SET v = 8")
    rig.moved()
    assert rig.target().execute("SELECT max(v) FROM t").fetchone() == (7,)


def test_rows_with_null_in_the_key_are_refused_not_lost(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(k TEXT PRIMARY KEY, v)")
    rig.source.execute("INSERT INTO t VALUES ('a', 1)")
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (NULL, 2)")
    assert "NULL in its key" in rig.run().error
    dataplane.release(rig.spec)
    (rig.target_dir / "shop.db").unlink()
    assert "NULL in the key" in rig.run().error


def test_the_log_is_purged(rig: Rig) -> None:
    simple(rig, 20_000)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    for value in range(3):
        rig.source.execute("UPDATE t SET v = ?", (value,))
    rig.wait_for(caught_up_since(time.time()))
    log = (
        rig.source.execute("SELECT name FROM sqlite_master WHERE name LIKE '%dts_log%'")
        .fetchone()[0]
        .decode()
    )
    deadline = time.monotonic() + 10
    while rig.source.execute(f"SELECT count(*) FROM {log}").fetchone() != (1,):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mover.send_signal(signal.SIGINT)
    assert mover.wait(5) == 0
    rig.source.execute("UPDATE t SET v = 9 WHERE id = 5")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")


def test_two_jobs_share_a_source(make_rig: MakeRig) -> None:
    rig = simple(make_rig())
    rig.moved()
    first = rig.spec
    rig.change(job_id="job-2", target=f"sqlite://{rig.root / 'second'}")
    rig.moved()
    rig.source.execute("UPDATE t SET v = 'both'")
    rig.moved()
    dataplane.release(rig.spec)
    rig.change(job_id=first.job_id, target=first.target)
    rig.moved()
    for folder in ("target", "second"):
        rig.target_dir = rig.root / folder
        assert rows(rig.target(), "t") == rows(rig.source, "t")


def test_an_error_reads_as_one(make_rig: MakeRig) -> None:
    rig = make_rig({"absent": {"name": "x", "all": True}})
    mover = rig.start()
    assert mover.wait(30) == 1
    assert "'absent' does not exist" in rig.progress().error
    assert issubclass(BusyJob, MoverError)
