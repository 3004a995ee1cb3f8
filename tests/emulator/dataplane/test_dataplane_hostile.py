"""A hostile world: files replaced, locks held, crashes between two steps, applications with odd triggers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import Progress, precheck
from airflow_dts.emulator.dataplane.base import MoverError
from airflow_dts.emulator.dataplane.sqlite import server
from tests.emulator.dataplane.conftest import MakeRig
from tests.emulator.dataplane.mover_rig import Rig, caught_up_since, connect, rows

TABLE = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
TWO = {name: {"name": name, "all": True} for name in ("shop", "zoo")}


def simple(rig: Rig) -> Rig:
    rig.source.executescript(TABLE)
    return rig


def two(rig: Rig) -> Rig:
    connect(rig.source_dir / "zoo.db").executescript(TABLE)
    return simple(rig)


def traces(rig: Rig, directory: Path) -> set[str]:
    """Databases that still hold something of the job's."""
    found = set()
    for file in directory.glob("*.db"):
        like = "SELECT count(*) FROM sqlite_master WHERE name LIKE '\\_dts%' ESCAPE '\\'"
        if connect(file).execute(like).fetchone() != (0,):
            found.add(file.stem)
    return found


# --- a parent that is gone before the mover looks


def test_a_mover_whose_parent_is_gone_already_leaves_at_once(rig: Rig) -> None:
    simple(rig)
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()
    mover = rig.start(str(parent.pid))
    assert mover.wait(10) == 0
    assert not rig.progress_file.exists()
    assert not rig.target_dir.exists()


def test_a_mover_stays_with_the_parent_it_is_told(rig: Rig) -> None:
    simple(rig)
    mover = rig.start(str(os.getpid()))
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    mover.terminate()
    assert mover.wait(5) == 0
    assert rig.start("no-number").wait(10) == 2


# --- letting go


def test_a_locked_database_keeps_no_other_from_being_released(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_BUSY_SECONDS", 0.1)
    rig = two(make_rig(TWO))
    rig.moved()
    (rig.source_dir / "junk.db").write_bytes(b"this is not a database, " * 100)
    rig.source.execute("BEGIN IMMEDIATE")
    with pytest.raises(MoverError, match=r"source database 'shop' still holds .*locked") as caught:
        dataplane.release(rig.spec)
    assert "zoo" not in str(caught.value)
    (rig.source_dir / "junk.db").unlink()
    assert traces(rig, rig.source_dir) == {"shop"}
    assert traces(rig, rig.target_dir) == set()
    rig.source.execute("ROLLBACK")
    dataplane.release(rig.spec)
    assert traces(rig, rig.source_dir) == set()


def test_a_locked_target_is_named_too(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_BUSY_SECONDS", 0.1)
    rig = two(make_rig(TWO))
    rig.moved()
    target = rig.target("zoo")
    target.execute("BEGIN IMMEDIATE")
    rig.source.execute("BEGIN IMMEDIATE")
    with pytest.raises(MoverError, match=r"target database 'zoo' .*; source database 'shop' "):
        dataplane.release(rig.spec)
    rig.source.execute("ROLLBACK")
    target.execute("ROLLBACK")
    assert traces(rig, rig.target_dir) == {"zoo"}
    dataplane.release(rig.spec)
    assert traces(rig, rig.target_dir) | traces(rig, rig.source_dir) == set()


def test_releasing_makes_no_target(rig: Rig) -> None:
    simple(rig)
    dataplane.release(rig.spec)
    assert not rig.target_dir.exists()


# --- a crash between the ends of two databases


def test_a_crash_between_two_databases_ends_is_no_obstacle(make_rig: MakeRig) -> None:
    rig = two(make_rig(TWO, incremental=False))
    target = rig.target("zoo")
    target.execute(
        "CREATE TABLE _dts_ckpt(job TEXT, part TEXT, state TEXT NOT NULL, PRIMARY KEY (job, part)) "
        "WITHOUT ROWID"
    )
    target.execute(
        "CREATE TRIGGER fault BEFORE INSERT ON _dts_ckpt WHEN new.part = 'zoo' AND "
        "json_extract(new.state, '$.finished') BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"
    )
    assert "disk on fire" in rig.run().error
    assert traces(rig, rig.source_dir) == {"shop", "zoo"}, "nobody stops logging before all are noted"
    target.execute("DROP TRIGGER fault")
    assert rig.moved().full_load.state == "Finished"
    assert traces(rig, rig.source_dir) == set()
    assert dataplane.compare(rig.spec).equal


def test_a_crash_while_logging_stops_is_no_obstacle(make_rig: MakeRig) -> None:
    rig = two(make_rig(TWO, incremental=False, rows_per_second=4))
    zoo = connect(rig.source_dir / "zoo.db")
    mover = rig.start()
    rig.wait_for(lambda progress: progress.full_load.done >= 1)
    zoo.execute("BEGIN IMMEDIATE")
    deadline = time.monotonic() + 20
    while "shop" in traces(rig, rig.source_dir):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    mover.kill()
    mover.wait()
    zoo.execute("ROLLBACK")
    assert traces(rig, rig.source_dir) == {"zoo"}
    rig.moved()
    assert traces(rig, rig.source_dir) == set()


# --- files that go away


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_replaced_file_is_noticed(rig: Rig, side: str) -> None:
    simple(rig)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    directory = rig.source_dir if side == "source" else rig.target_dir
    other = rig.root / "other.db"
    connect(other).executescript(TABLE)
    for suffix in ("-wal", "-shm"):
        (directory / f"shop.db{suffix}").unlink(missing_ok=True)
    other.replace(directory / "shop.db")
    assert mover.wait(5) == 1
    error = rig.progress().error
    assert f"{side} database 'shop' was replaced or removed; reset the job" in error
    assert rig.progress().incremental.state == "Failed"


def test_a_removed_target_is_noticed_and_not_made_anew(rig: Rig) -> None:
    simple(rig)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    for file in rig.target_dir.glob("shop.db*"):
        file.unlink()
    rig.source.execute("INSERT INTO t VALUES (3, 'c')")
    assert mover.wait(5) == 1
    assert "was replaced or removed; reset the job" in rig.progress().error
    assert "is gone although the job has begun" in rig.run().error
    assert not list(rig.target_dir.glob("*.db"))
    rig.target_dir.rmdir()
    assert "is gone although the job has begun" in rig.run().error
    assert not rig.target_dir.exists()
    dataplane.release(rig.spec)
    rig.moved()
    assert dataplane.compare(rig.spec).rows_target == 3


def test_a_target_put_back_to_an_older_state_is_noticed(rig: Rig) -> None:
    simple(rig)
    rig.moved()
    older = rig.root / "older.db"
    rig.target().execute("VACUUM INTO ?", (str(older),))
    for number in range(10, 15):
        rig.source.execute("INSERT INTO t VALUES (?, 'late')", (number,))
    mover = rig.start()
    rig.wait_for(caught_up_since(time.time()))
    time.sleep(0.5)
    mover.terminate()
    assert mover.wait(5) == 0
    for file in rig.target_dir.glob("shop.db*"):
        file.unlink()
    older.replace(rig.target_dir / "shop.db")
    assert "target was put back to an older state" in rig.run().error


# --- a job that is given more tables


def test_the_load_is_not_over_before_new_tables_are_loaded(make_rig: MakeRig) -> None:
    def listed(*names: str) -> dict[str, Any]:
        tables = {name: {"name": name, "all": True} for name in names}
        return {database: {"name": database, "all": False, "Table": tables} for database in ("shop", "zoo")}

    rig = two(make_rig(listed("t")))
    zoo = connect(rig.source_dir / "zoo.db")
    for source in (rig.source, zoo):
        source.execute("CREATE TABLE u(id INTEGER PRIMARY KEY)")
        source.executemany("INSERT INTO u VALUES (?)", [(number,) for number in range(50)])
    rig.moved()
    rig.change(objects=listed("t", "u"), rows_per_second=50)
    zoo.execute("BEGIN IMMEDIATE")
    rig.progress_file.unlink()
    mover = rig.start()
    seen: list[Progress] = []

    def over(progress: Progress) -> bool:
        if not seen or seen[-1].at != progress.at:
            seen.append(progress)
        if zoo.in_transaction and time.time() > seen[0].at + 0.7:
            zoo.execute("ROLLBACK")
        return progress.incremental.state == "Catched"

    rig.wait_for(over)
    mover.terminate()
    assert mover.wait(5) == 0
    for progress in seen[:-1]:
        assert progress.full_load.state != "Finished" or progress.incremental.state != "Catched"
    assert seen[0].full_load.state != "Finished"
    assert all(progress.delay_ms != 0 for progress in seen[:-1])
    assert dataplane.compare(rig.spec).rows_target == 104


def test_increments_are_not_caught_up_while_a_table_made_meanwhile_loads(rig: Rig) -> None:
    simple(rig)
    rig.change(rows_per_second=60)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.incremental.state == "Catched")
    made = time.time()
    rig.source.execute("BEGIN")
    rig.source.execute("CREATE TABLE u(id INTEGER PRIMARY KEY)")
    rig.source.executemany("INSERT INTO u VALUES (?)", [(number,) for number in range(60)])
    rig.source.execute("COMMIT")
    loading = rig.wait_for(lambda progress: 12 < progress.full_load.done < 62)
    assert loading.incremental.state == "Migrating"
    assert loading.delay_ms > 0
    assert loading.checkpoint <= made + 1
    rig.wait_for(caught_up_since(made))
    assert dataplane.compare(rig.spec).rows_target == 62
    mover.terminate()
    mover.wait(5)


# --- odd schemas and odd applications


def test_an_existing_target_table_spelled_otherwise_keeps_its_counter(make_rig: MakeRig) -> None:
    rig = make_rig(target_table_mode="2")
    rig.source.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY AUTOINCREMENT, v)")
    rig.source.executescript("INSERT INTO orders(v) VALUES (1), (2), (3); DELETE FROM orders WHERE id = 3")
    rig.target().execute("CREATE TABLE Orders(id INTEGER PRIMARY KEY AUTOINCREMENT, v)")
    rig.moved()
    assert rig.target().execute("SELECT * FROM sqlite_sequence").fetchall() == [(b"Orders", 3)]
    rig.source.execute("INSERT INTO orders(v) VALUES (4)")
    rig.moved()
    assert rig.target().execute("SELECT * FROM sqlite_sequence").fetchall() == [(b"Orders", 4)]


def test_a_keyless_table_made_meanwhile_is_left_out_and_told(rig: Rig) -> None:
    simple(rig)
    rig.moved()
    rig.source.executescript("CREATE TABLE scratch(x NOT NULL); INSERT INTO scratch VALUES (1)")
    rig.source.execute("INSERT INTO t VALUES (3, 'c')")
    for _ in range(2):
        progress = rig.moved()
        told = [item for item in progress.ddl if item.state == "Failed"]
        assert [(item.table, item.sql) for item in told] == [("scratch", "CREATE TABLE scratch(x NOT NULL)")]
        assert "neither a primary key" in told[0].error
        assert progress.incremental.state == "Catched"
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    rig.source.execute("CREATE UNIQUE INDEX i ON scratch(x)")
    assert all(item.state == "Finished" for item in rig.moved().ddl)
    assert rows(rig.target(), "scratch") == rows(rig.source, "scratch")


def test_a_keyless_table_the_object_list_names_stops_the_job(make_rig: MakeRig) -> None:
    def listed(*names: str) -> dict[str, Any]:
        tables = {name: {"name": name, "all": True} for name in names}
        return {"shop": {"name": "shop", "all": False, "Table": tables}}

    rig = simple(make_rig(listed("t")))
    rig.moved()
    rig.source.execute("CREATE TABLE scratch(x)")
    rig.change(objects=listed("t", "scratch"))
    assert "'scratch': it has neither a primary key" in rig.run().error


def test_the_application_may_drop_a_column_no_index_uses(rig: Rig) -> None:
    rig.source.executescript(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v, w, x); CREATE UNIQUE INDEX u ON t(lower(v)) WHERE x > 0;"
        "CREATE UNIQUE INDEX one ON t(1 + 1) WHERE x = -1;"
        "INSERT INTO t VALUES (1, 'A', 0, 1), (2, 'b', 0, 1)"
    )
    rig.moved()
    rig.source.execute("INSERT OR REPLACE INTO t VALUES (3, 'a', 0, 1)")
    rig.source.execute("INSERT OR REPLACE INTO t VALUES (4, 'z', 0, -1), (5, 'y', 0, -1)")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    rig.source.execute("ALTER TABLE t DROP COLUMN w")
    assert "columns were dropped" in rig.run().error


IGNORING = "CREATE TRIGGER app {} INSERT ON t BEGIN SELECT RAISE ( /* or not */ ignore); END"


def test_a_trigger_that_hides_changes_stops_the_job_for_good(rig: Rig) -> None:
    simple(rig)
    rig.moved()
    rig.source.execute(IGNORING.format("AFTER"))
    rig.source.execute("INSERT INTO t VALUES (3, 'hidden')")
    assert "trigger 'app' (CREATE TRIGGER), whose RAISE(IGNORE)" in rig.run().error
    rig.source.execute("DROP TRIGGER app")
    assert "reset the job" in rig.run().error, "the row stays lost when its cause is gone"
    dataplane.release(rig.spec)
    rig.change(target_table_mode="2")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")


@pytest.mark.parametrize("timing", ["AFTER", "BEFORE"])
def test_a_trigger_that_was_there_before_hides_nothing(rig: Rig, timing: str) -> None:
    simple(rig)
    rig.source.execute(IGNORING.format(timing))
    items = {item.item: item for item in precheck.check(rig.spec)}
    assert ("RAISE(IGNORE) after the change" in items["CHECK_ENGINE"].reason) is (timing == "AFTER")
    assert items["CHECK_ENGINE"].state == "Warning"
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (3, 'seen')")
    rig.source.execute("VACUUM")
    rig.source.execute("INSERT INTO t VALUES (4, 'seen')")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    assert rig.target().execute("SELECT count(*) FROM t").fetchone() == (4 if timing == "AFTER" else 2,)


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_text_in_utf_16_is_moved_and_compared(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "source").mkdir()
    made = sqlite3.connect(tmp_path / "source" / "shop.db")
    made.executescript(f"PRAGMA encoding = '{encoding}'; CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v)")
    made.executescript("INSERT INTO t VALUES ('\u00e9', 1), ('\U0001f600', 2), ('\uffee', 3)")
    made.close()
    rig = Rig(tmp_path)
    rig.moved()
    rig.source.execute("UPDATE t SET v = 9 WHERE k > '\u0100'")
    rig.moved()
    assert rig.target().execute("PRAGMA encoding").fetchone() == (encoding.encode(),)
    assert dataplane.compare(rig.spec).equal
    assert dataplane.compare(rig.spec).rows_target == 3
    dataplane.release(rig.spec)
    for file in rig.target_dir.iterdir():
        file.unlink()
    assert dataplane.compare(rig.spec).missing == 3
    rig.target().execute("CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v)")
    with pytest.raises(ValueError, match=f"holds text as {encoding} .* as UTF-8"):
        dataplane.compare(rig.spec)
    rig.source.close()
