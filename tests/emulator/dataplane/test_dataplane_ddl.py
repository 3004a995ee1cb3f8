"""DDL in the source while increments run: carried over, or the job stops and says which DDL it was."""

from __future__ import annotations

import time
from typing import Any

import pytest

from airflow_dts.emulator import dataplane
from tests.emulator.dataplane.conftest import MakeRig
from tests.emulator.dataplane.mover_rig import Rig, caught_up_since, rows
from tests.emulator.dataplane.test_dataplane_selection import tables_of


def begun(rig: Rig) -> Rig:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)")
    rig.source.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    rig.moved()
    return rig


def with_ddl_op(ddl: str) -> dict[str, Any]:
    return {"shop": {"name": "shop", "all": True, "ddl_op": ddl}}


def test_an_added_column_is_carried_over(rig: Rig) -> None:
    begun(rig)
    rig.source.execute("INSERT INTO t(id) VALUES (3)")
    rig.source.execute("ALTER TABLE t ADD COLUMN \"new, one\" TEXT NOT NULL DEFAULT 'd, (e'")
    rig.source.execute("INSERT INTO t VALUES (4, 'c', 'filled')")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    assert rig.target().execute("SELECT count(*) FROM t WHERE \"new, one\" = 'd, (e'").fetchone() == (3,)
    assert dataplane.compare(rig.spec).equal


def test_an_added_column_is_passed_over_without_at(make_rig: MakeRig) -> None:
    rig = begun(make_rig(with_ddl_op("ct,dt")))
    rig.source.execute("ALTER TABLE t ADD COLUMN w")
    rig.source.execute("INSERT INTO t VALUES (4, 'c', 'filled')")
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (5, 'd', 'filled')")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t", "id,v")


def test_a_new_table_is_loaded_and_followed(rig: Rig) -> None:
    begun(rig)
    rig.source.executescript(
        "CREATE TABLE n(id INTEGER PRIMARY KEY, v UNIQUE); CREATE INDEX nv ON n(v, id);"
        "INSERT INTO n VALUES (1, 'x'), (2, 'y')"
    )
    rig.moved()
    rig.source.execute("INSERT OR REPLACE INTO n VALUES (3, 'x')")
    rig.moved()
    assert rows(rig.target(), "n") == rows(rig.source, "n")
    assert rig.target().execute("SELECT count(*) FROM sqlite_master WHERE name = 'nv'").fetchone() == (1,)


def test_a_new_table_is_left_alone_without_ct(make_rig: MakeRig) -> None:
    rig = begun(make_rig(with_ddl_op("none")))
    rig.source.execute("CREATE TABLE n(id INTEGER PRIMARY KEY)")
    rig.source.execute("INSERT INTO t VALUES (9, 'z')")
    rig.moved()
    assert tables_of(rig) == {"t"}
    assert rows(rig.target(), "t") == rows(rig.source, "t")


@pytest.mark.parametrize(("ddl", "left"), [("", {"other"}), ("at", {"t", "other"})])
def test_a_dropped_table(make_rig: MakeRig, ddl: str, left: set[str]) -> None:
    rig = make_rig(
        {
            "shop": {
                "name": "shop",
                "all": False,
                "ddl_op": ddl,
                "Table": {n: {"name": n, "all": True} for n in ("t", "other")},
            }
        }
    )
    rig.source.execute("CREATE TABLE other(id INTEGER PRIMARY KEY)")
    begun(rig)
    rig.source.execute("DROP TABLE t")
    rig.source.execute("INSERT INTO other VALUES (1)")
    rig.moved()
    rig.source.execute("INSERT INTO other VALUES (2)")
    rig.moved()
    assert tables_of(rig) == left
    assert rows(rig.target(), "other") == rows(rig.source, "other")


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("ALTER TABLE t RENAME TO u", "renamed to 'u'"),
        ("ALTER TABLE t RENAME COLUMN v TO w", "renamed or altered"),
        ("DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)", "made anew"),
        ("ALTER TABLE t ADD COLUMN z; CREATE UNIQUE INDEX z ON t(z)", "unique index"),
        (
            "CREATE TABLE c AS SELECT * FROM t; DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
            "INSERT INTO t SELECT * FROM c; DROP TABLE c",
            "altered",
        ),
    ],
)
def test_other_ddl_stops_the_job_until_it_is_reset(rig: Rig, ddl: str, reason: str) -> None:
    begun(rig)
    rig.source.executescript(ddl)
    rig.source.execute(f"INSERT INTO {'u' if 'TO u' in ddl else 't'}(id) VALUES (77)")
    for _ in range(2):
        progress = rig.run()
        assert reason in progress.error
        assert progress.incremental.state == "Failed"
        assert "reset the job" in progress.error
    dataplane.release(rig.spec)
    (rig.target_dir / "shop.db").unlink()
    rig.moved()
    assert dataplane.compare(rig.spec).equal


def test_ddl_that_does_not_touch_the_rows_is_no_matter(rig: Rig) -> None:
    begun(rig)
    rig.source.executescript("CREATE INDEX i ON t(v, id); CREATE VIEW w AS SELECT * FROM t; ANALYZE; VACUUM")
    rig.source.execute("INSERT INTO t VALUES (5, 'e')")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")


def test_ddl_under_a_running_mover(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    mover = rig.start()
    for number in range(12):
        rig.source.execute(f"ALTER TABLE t ADD COLUMN c{number} DEFAULT {number}")
        rig.source.execute(f"INSERT INTO t(id) VALUES ({number * 3}), ({number * 3 + 1})")
        rig.source.execute(f"CREATE TABLE n{number}(id INTEGER PRIMARY KEY, v)")
        rig.source.execute(f"INSERT INTO n{number} VALUES (1, 1), (2, 2)")
        rig.source.execute(f"UPDATE n{number} SET v = 9")
    assert rig.wait_for(caught_up_since(time.time())).error == ""
    mover.terminate()
    assert mover.wait(5) == 0
    for table in ("t", *(f"n{number}" for number in range(12))):
        assert rows(rig.target(), table) == rows(rig.source, table)


def test_a_source_put_back_to_an_older_state_is_noticed(rig: Rig) -> None:
    begun(rig)
    rig.source.execute("VACUUM INTO ?", (str(rig.root / "backup.db"),))
    rig.source.execute("INSERT INTO t VALUES (5, 'e'), (6, 'f')")
    rig.moved()
    backup = rig.root / "backup.db"
    rig.source.execute("ATTACH ? AS b", (str(backup),))
    log = (
        rig.source.execute("SELECT name FROM sqlite_master WHERE name LIKE '%dts_log%'")
        .fetchone()[0]
        .decode()
    )
    rig.source.execute(f"DELETE FROM main.{log}")
    rig.source.execute("DELETE FROM t WHERE id = 5")
    assert "older state" in rig.run().error
