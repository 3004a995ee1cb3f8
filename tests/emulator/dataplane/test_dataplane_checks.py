"""The precheck finds what would stop a job; the comparison finds every differing row."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import CheckItem, precheck
from tests.emulator.dataplane.conftest import MakeRig
from tests.emulator.dataplane.mover_rig import Rig


def checked(rig: Rig) -> dict[str, CheckItem]:
    return {item.item: item for item in precheck.check(rig.spec)}


def bad(rig: Rig) -> dict[str, str]:
    items = checked(rig)
    for item in items.values():
        assert bool(item.reason and item.repair) is (item.state != "Success")
    return {name: item.state for name, item in items.items() if item.state != "Success"}


def test_a_sound_job_passes_and_looking_changes_nothing(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    assert bad(rig) == {}
    assert not rig.target_dir.exists()
    assert rig.source.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
    rig.moved()
    assert bad(rig) == {}, "what the job made itself is not in its way"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://root:secret@host/db", "sqlite"),
        ("nonsense", "sqlite"),
        ("sqlite://relative/dir", "absolute"),
        ("sqlite:///no/such/dir", "does not exist"),
        ("sqlite:///etc/hostname", "not a directory"),
        ("sqlite:///tmp?mode=ro", "absolute"),
    ],
)
def test_urls(rig: Rig, url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        dataplane.check_url(url)
    assert "secret" not in str(caught.value)
    rig.change(source=url)
    assert bad(rig)["CHECK_CONN_SRC"] == "Failed"
    assert "secret" not in rig.run().error


def test_the_target_need_not_exist_but_must_be_makeable(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    rig.change(target="sqlite:///proc/nowhere/dir")
    assert bad(rig) == {"CHECK_CONN_DEST": "Failed"}


def test_a_file_that_is_no_database(rig: Rig) -> None:
    (rig.source_dir / "junk.db").write_bytes(b"this is not a database, " * 100)
    rig.change(objects={"junk": {"name": "junk", "all": True}})
    assert bad(rig) == {"CHECK_SRC": "Failed"}
    assert "junk" in rig.run().error


@pytest.mark.parametrize(
    "entry",
    [
        {"all": False, "Table": {"nope": {"name": "nope", "all": True}}},
        {"all": False, "Table": {"no.*": {"name": "no.*", "all": True}}},
        {
            "all": False,
            "Table": {"t": {"name": "t", "all": False, "column": {"id": {"name": "id"}, "z": {"name": "z"}}}},
        },
        {"all": False, "Table": {"t": {"name": "t", "all": False, "column": {"v": {"name": "v"}}}}},
        {"all": False, "Table": {"t": {"name": "same", "all": True}, "u": {"name": "SAME", "all": True}}},
        {"all": True, "dml_op": "x"},
    ],
)
def test_an_object_list_that_does_not_fit(make_rig: MakeRig, entry: dict[str, object]) -> None:
    rig = make_rig({"shop": {"name": "shop", **entry}})
    rig.source.executescript(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE u(id INTEGER PRIMARY KEY)"
    )
    assert bad(rig)["CHECK_SRC"] == "Failed"
    assert checked(rig)["CHECK_SRC"].can_skip
    assert rig.run().error


def test_keys_views_triggers_and_journal_mode(rig: Rig) -> None:
    rig.source.executescript(
        """
        PRAGMA journal_mode = DELETE; CREATE TABLE nokey(a);
        CREATE TABLE nulls(k TEXT PRIMARY KEY); INSERT INTO nulls VALUES (NULL);
        CREATE VIEW v AS SELECT 1; CREATE TRIGGER g AFTER INSERT ON nokey BEGIN SELECT 1; END;
        """
    )
    assert bad(rig) == {"CHECK_PK": "Failed", "CHECK_ENGINE": "Warning", "CHECK_JOURNAL_MODE": "Warning"}
    reason = checked(rig)["CHECK_PK"].reason
    assert "nokey" in reason
    assert "1 rows have NULL" in reason


def test_a_source_in_rollback_journal_mode_is_moved_all_the_same(rig: Rig) -> None:
    rig.source.execute("PRAGMA journal_mode = DELETE")
    rig.source.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (2)")
    rig.moved()
    assert dataplane.compare(rig.spec).rows_target == 2
    assert rig.source.execute("PRAGMA journal_mode").fetchone() == (b"delete",)


def test_existing_target_tables(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    rig.target().executescript("CREATE TABLE T(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    assert bad(rig) == {"CHECK_SAME_OBJ": "Failed", "CHECK_DEST_TABLE_EMPTY": "Failed"}
    assert all(checked(rig)[name].can_skip for name in ("CHECK_SAME_OBJ", "CHECK_DEST_TABLE_EMPTY"))
    rig.change(target_table_mode="2")
    assert bad(rig) == {"CHECK_DEST_TABLE_EMPTY": "Warning"}
    rig.change(structure=False)
    assert bad(rig) == {"CHECK_DEST_TABLE_EMPTY": "Warning"}
    rig.source.execute("CREATE TABLE u(id INTEGER PRIMARY KEY)")
    assert bad(rig)["CHECK_SAME_OBJ"] == "Failed"


def test_a_database_is_not_moved_onto_itself(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    link = rig.root / "link"
    link.symlink_to(rig.source_dir)
    for directory in (rig.source_dir, link):
        rig.change(target=f"sqlite://{directory}")
        assert bad(rig)["CHECK_TOPOLOGY"] == "Failed"
        assert "onto itself" in rig.run().error
    rig.change(objects={"shop": {"name": "copy", "all": True}})
    assert bad(rig) == {}
    rig.moved()


def test_columns_a_check_needs(make_rig: MakeRig) -> None:
    column = {"id": {"name": "id"}, "a": {"name": "a"}}
    rig = make_rig(
        {
            "shop": {
                "name": "shop",
                "all": False,
                "Table": {"t": {"name": "t", "all": False, "column": column}},
            }
        }
    )
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a CHECK (a < b), b)")
    assert bad(rig)["CHECK_DDL"] == "Failed"
    assert "CHECK" in rig.run().error


def test_writing_forbidden(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anything, so the lock of another writer stands in for a missing right."""
    from airflow_dts.emulator.dataplane.sqlite import server

    monkeypatch.setattr(server, "_BUSY_SECONDS", 0.1)
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    rig.source.execute("BEGIN IMMEDIATE")
    assert bad(rig) == {"CHECK_AUTH_SRC": "Failed"}
    rig.source.execute("COMMIT")


# --- comparison

DIFFERENCES = [
    ("DELETE FROM t WHERE id = 3", (1, 0, 0)),
    ("INSERT INTO t VALUES (99, 1, 'a', x'00')", (0, 1, 0)),
    ("UPDATE t SET n = 1.0 WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET n = '1' WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET n = NULL WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET s = 'A' WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET s = 'a ' WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET s = 'a' || char(0) WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET b = CAST(b AS TEXT) WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET n = 1 + 1e-15 WHERE id = 1", (0, 0, 1)),
    ("UPDATE t SET id = 77 WHERE id = 1", (1, 1, 0)),
    ("UPDATE t SET n = n", (0, 0, 0)),
]


@pytest.mark.parametrize(("sql", "expected"), DIFFERENCES)
def test_every_difference_is_found(rig: Rig, sql: str, expected: tuple[int, int, int]) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, n, s TEXT COLLATE NOCASE, b)")
    rig.source.executemany("INSERT INTO t VALUES (?, 1, 'a', x'41')", [(n,) for n in range(1, 6)])
    rig.moved()
    rig.target().execute(sql)
    found = dataplane.compare(rig.spec)
    assert (found.missing, found.extra, found.changed) == expected
    assert found.equal is (expected == (0, 0, 0))
    assert [sample.kind for sample in found.samples] == [
        kind for kind, count in zip(("missing", "extra", "changed"), expected, strict=True) if count
    ]


def test_samples_are_limited_and_name_the_key(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(a, b BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID")
    rig.source.executemany("INSERT INTO t VALUES (?, x'ff')", [(n,) for n in range(50)])
    rig.moved()
    rig.target().execute("DELETE FROM t")
    found = dataplane.compare(rig.spec, limit=3)
    assert (found.missing, found.rows_source, found.rows_target) == (50, 50, 0)
    assert [sample.key for sample in found.samples] == [{"a": n, "b": "x'ff'"} for n in range(3)]
    rig.target().execute("DROP TABLE t")
    assert dataplane.compare(rig.spec).missing == 50
    for file in Path(rig.target_dir).iterdir():
        file.unlink()
    assert dataplane.compare(rig.spec).missing == 50
    assert not list(rig.target_dir.iterdir()), "looking makes no files"


def test_an_object_list_that_does_not_fit_cannot_be_compared(rig: Rig) -> None:
    rig.change(objects={"nope": {"name": "nope", "all": True}})
    with pytest.raises(ValueError, match="'nope' does not exist"):
        dataplane.compare(rig.spec)
