"""What the object list chooses, renames, filters, and which kinds of change it lets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import precheck
from airflow_dts.emulator.dataplane.objects import matcher, parse_ddl, parse_dml
from tests.emulator.dataplane.conftest import MakeRig
from tests.emulator.dataplane.mover_rig import Rig, connect, rows


def tables_of(rig: Rig, database: str = "shop") -> set[str]:
    found = rig.target(database).execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name.decode() for (name,) in found} - {"_dts_ckpt", "sqlite_sequence"}


def one_table(entry: dict[str, Any]) -> dict[str, Any]:
    return {"shop": {"name": "shop", "all": False, "Table": {"t": {"name": "t", "all": True, **entry}}}}


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("h.llo", "hello", True),
        ("h.llo", "hllo", False),
        ("h.*llo", "hllo", True),
        ("h.*llo", "heeeello", True),
        ("h.?llo", "haello", False),
        ("h[ae]llo", "hallo", True),
        ("h[^ae]llo", "hello", False),
        ("h[^ae]llo", "hcllo", True),
        ("t[0-9]", "t7", True),
        ("t[0-9]", "t77", False),
        ("a+b.*", "a+b_c", True),
        ("x(1)|.*", "x(1)|y", True),
        ("x(1)|.*", "y", False),
        ("[]]x", "]x", True),
        ("t.", "t\n", False),
    ],
)
def test_patterns_are_the_seeds_and_match_whole_names(pattern: str, name: str, fits: bool) -> None:
    assert matcher(pattern)(name) is fits


@pytest.mark.parametrize("pattern", ["*a", "?", "a**", "a[b", "[z-a]x"])
def test_patterns_that_make_no_sense_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"repeat|closed|range"):
        matcher(pattern)


@settings(deadline=None)
@given(st.text(alphabet="ab.*?[]^-\\(+|", max_size=8), st.text(alphabet="ab.\\(+|", max_size=6))
def test_a_pattern_is_refused_or_answers(pattern: str, name: str) -> None:
    try:
        fits = matcher(pattern)
    except ValueError:
        return
    assert fits(name) in (True, False)


def test_op_lists() -> None:
    assert parse_dml("") == parse_dml("i,u,d") == parse_dml("IUD") == frozenset("iud")
    assert parse_dml("none") == parse_ddl("none") == frozenset()
    assert parse_dml("u") == {"u"}
    assert parse_ddl("ct, at") == {"ct", "at"}
    for wrong in ("x", "i,none"):
        with pytest.raises(ValueError, match="dml_op"):
            parse_dml(wrong)


def test_databases_tables_and_columns_are_renamed_and_swapped(make_rig: MakeRig) -> None:
    column = {"id": {"name": "key"}, "a": {"name": "b"}, "b": {"name": "a"}, "low": {"name": "low"}}
    rig = make_rig(
        {
            "shop": {
                "name": "store ü'",
                "all": False,
                "Table": {
                    "x": {"name": "y", "all": False, "column": column, "filter": "a < 100"},
                    "y": {"name": "x", "all": True},
                },
            }
        }
    )
    rig.source.executescript(
        """
        CREATE TABLE x(id INTEGER PRIMARY KEY, a INT CHECK (a > 0), b TEXT DEFAULT 'd',
                       low GENERATED ALWAYS AS (a + 1),
                       gone BLOB NOT NULL DEFAULT x'00', parent REFERENCES y(id),
                       CHECK (gone IS NOT NULL), UNIQUE (b, gone));
        CREATE INDEX xa ON x(a); CREATE INDEX xg ON x(gone);
        CREATE TABLE y(id INTEGER PRIMARY KEY, child REFERENCES x(id));
        INSERT INTO x(id, a, b) VALUES (1, 10, 'ten'), (2, 200, 'much'); INSERT INTO y VALUES (1, 1);
        """
    )
    rig.moved()
    rig.source.execute("INSERT INTO x(id, a, b) VALUES (3, 30, 'thirty'), (4, 400, 'more')")
    rig.source.execute("UPDATE x SET a = 20 WHERE id = 2")
    rig.source.execute("UPDATE x SET a = 1000 WHERE id = 1")
    rig.moved()
    target = rig.target("store ü'")
    assert target.execute('SELECT "key", b, a, low FROM y ORDER BY 1').fetchall() == [
        (2, 20, b"much", 21),
        (3, 30, b"thirty", 31),
    ]
    assert [row[2:5:2] for row in target.execute("PRAGMA foreign_key_list(x)")] == [(b"y", b"key")]
    assert {row[1] for row in target.execute("PRAGMA index_list(y)")} == {b"xa"}
    comparison = dataplane.compare(rig.spec)
    assert comparison.equal
    assert (comparison.rows_source, comparison.rows_target) == (3, 3)


def test_whole_database_leaves_out_what_is_not_data(rig: Rig) -> None:
    rig.source.executescript(
        """
        CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT * FROM t; ANALYZE;
        CREATE TABLE _dts_old(id INTEGER PRIMARY KEY); CREATE VIRTUAL TABLE f USING fts5(body);
        """
    )
    rig.moved()
    assert tables_of(rig) == {"t"}
    assert {item.item: item.state for item in precheck.check(rig.spec)}["CHECK_ENGINE"] == "Warning"


def test_patterns_and_several_databases(make_rig: MakeRig) -> None:
    rig = make_rig(
        {
            "sho.": {
                "name": "sho.",
                "all": False,
                "Table": {
                    "log_[0-9]*": {"name": "log_[0-9]*", "all": True},
                    "one": {"name": "uno", "all": True},
                },
            },
            "other": {"name": "elsewhere", "all": True, "Table": {"b": {"name": "bee", "all": True}}},
        }
    )
    other = connect(rig.source_dir / "other.db")
    for table in ("log_1", "log_22", "log_x", "one"):
        rig.source.execute(f"CREATE TABLE {table}(id INTEGER PRIMARY KEY)")
    for table in "ab":
        other.execute(f"CREATE TABLE {table}(id INTEGER PRIMARY KEY)")
    rig.moved()
    other.execute("INSERT INTO b VALUES (5)")
    rig.source.execute("INSERT INTO one VALUES (6)")
    rig.moved()
    assert tables_of(rig) == {"log_1", "log_22", "uno"}
    assert tables_of(rig, "elsewhere") == {"a", "bee"}
    assert rig.target("elsewhere").execute("SELECT * FROM bee").fetchall() == [(5,)]
    assert rig.target().execute("SELECT * FROM uno").fetchall() == [(6,)]
    other.close()


def test_two_tables_do_not_become_one(make_rig: MakeRig) -> None:
    rig = make_rig({name: {"name": "one", "all": True} for name in ("shop", "other")}, target_table_mode="2")
    other = connect(rig.source_dir / "other.db")
    for side in (rig.source, other):
        side.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    assert "both become one.t" in rig.run().error
    assert "both become one.t" in {item.item: item.reason for item in precheck.check(rig.spec)}["CHECK_SRC"]
    other.executescript("ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (1)")
    rig.source.execute("INSERT INTO t VALUES (2)")
    dataplane.release(rig.spec)
    rig.moved()
    assert dataplane.compare(rig.spec).equal
    other.close()


def test_hostile_names(make_rig: MakeRig) -> None:
    name = "a\"b'c;--[d]`e`/* % 名 \\"
    rig = make_rig({"shop": {"name": "sh'op", "all": True}})
    quoted = '"' + name.replace('"', '""') + '"'
    rig.source.execute(f"CREATE TABLE {quoted}({quoted} TEXT PRIMARY KEY NOT NULL, v UNIQUE)")
    rig.source.execute(f"INSERT INTO {quoted} VALUES ('k', 1), ('l', 2)")
    rig.moved()
    rig.source.execute(f"INSERT OR REPLACE INTO {quoted} VALUES ('m', 1)")
    rig.moved()
    assert rig.target("sh'op").execute(f"SELECT * FROM {quoted} ORDER BY 1").fetchall() == [
        (b"l", 2),
        (b"m", 1),
    ]
    assert dataplane.compare(rig.spec).equal
    dataplane.release(rig.spec)
    assert rig.source.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '%dts%'").fetchone() == (0,)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "..", "a\\b", "nul\x00", "", ".hidden", "_dts_x", "x" * 300]
)
def test_a_database_name_cannot_leave_its_directory(make_rig: MakeRig, name: str) -> None:
    for objects in ({"shop": {"name": name or "?", "all": True}}, {name: {"name": "x", "all": True}}):
        rig = make_rig(objects)
        rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        assert rig.run().error
        assert not (rig.target_dir / "x.db").exists()
        assert any(item.state == "Failed" for item in precheck.check(rig.spec))


# --- dml_op

CHANGES = """
    INSERT INTO t VALUES (10, 'new');           UPDATE t SET v = 'changed' WHERE id = 1;
    DELETE FROM t WHERE id = 2;
    UPDATE t SET id = 30 WHERE id = 3;          INSERT OR REPLACE INTO t VALUES (4, 'replaced');
    INSERT INTO t VALUES (5, 'x') ON CONFLICT DO UPDATE SET v = 'upserted';
    INSERT OR IGNORE INTO t VALUES (6, 'ignored');
    DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (7, 'again');
    INSERT INTO t VALUES (11, 'new'); UPDATE t SET v = 'new and changed' WHERE id = 11;
    INSERT INTO t VALUES (12, 'gone'); DELETE FROM t WHERE id = 12;
    INSERT INTO t VALUES (13, 'wandering'); UPDATE t SET id = 14 WHERE id = 13;
"""
OLD = {key: f"old {key}" for key in range(1, 9)}


@pytest.mark.parametrize(
    ("dml", "expected"),
    [
        ("none", OLD),
        ("i", {**OLD, 10: "new", 11: "new and changed"}),
        ("u", {**{k: v for k, v in OLD.items() if k != 3}, 1: "changed", 30: "old 3", 5: "upserted"}),
        ("d", {k: v for k, v in OLD.items() if k not in (2, 4, 7)}),
        (
            "i,u",
            {
                **{k: v for k, v in OLD.items() if k != 3},
                1: "changed",
                30: "old 3",
                5: "upserted",
                10: "new",
                11: "new and changed",
                14: "wandering",
            },
        ),
        (
            "i,d",
            {
                **{k: v for k, v in OLD.items() if k != 2},
                4: "replaced",
                7: "again",
                10: "new",
                11: "new and changed",
            },
        ),
        (
            "u,d",
            {
                **{k: v for k, v in OLD.items() if k not in (2, 3, 4, 7)},
                1: "changed",
                30: "old 3",
                5: "upserted",
            },
        ),
        (
            "",
            {
                1: "changed",
                30: "old 3",
                4: "replaced",
                5: "upserted",
                6: "old 6",
                7: "again",
                8: "old 8",
                10: "new",
                11: "new and changed",
                14: "wandering",
            },
        ),
    ],
)
@pytest.mark.parametrize("recursive", [0, 1])
def test_only_selected_kinds_of_change_are_applied(
    make_rig: MakeRig, dml: str, expected: dict[int, str], recursive: int
) -> None:
    rig = make_rig(one_table({"dml_op": dml}))
    rig.source.execute(f"PRAGMA recursive_triggers = {recursive}")
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
    rig.source.executemany("INSERT INTO t VALUES (?, ?)", OLD.items())
    rig.moved()
    rig.source.executescript(CHANGES)
    rig.moved()
    assert {key: value.decode() for key, value in rig.target().execute("SELECT * FROM t")} == expected


def test_a_row_displaced_by_a_unique_value_counts_as_deleted(make_rig: MakeRig) -> None:
    for number, (dml, expected) in enumerate([("i,d", [2, 3]), ("d", [2]), ("u", [1, 2])]):
        rig = make_rig(one_table({"dml_op": dml}))
        rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)")
        rig.source.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        rig.moved()
        rig.source.execute("INSERT OR IGNORE INTO t VALUES (9, 'b')")
        rig.source.execute("INSERT OR REPLACE INTO t VALUES (3, 'a')")
        rig.moved()
        assert [key for (key,) in rig.target().execute("SELECT id FROM t ORDER BY 1")] == expected, number


def test_a_row_that_cannot_enter_stops_the_job_with_the_reason(make_rig: MakeRig) -> None:
    rig = make_rig(one_table({"dml_op": "i"}))
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)")
    rig.source.execute("INSERT INTO t VALUES (1, 'a')")
    rig.moved()
    rig.source.execute("DELETE FROM t")
    rig.source.execute("INSERT INTO t VALUES (2, 'a')")
    progress = rig.run()
    assert "dml_op" in progress.error
    assert progress.incremental.state == "Failed"
    assert rows(rig.target(), "t", "id") == ["(b'integer', 1)"]


def test_the_load_is_repaired_whatever_dml_op_says(make_rig: MakeRig) -> None:
    """What happens during the load belongs to the load."""
    rig = make_rig(one_table({"dml_op": "none"}), incremental=False)
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
    rig.source.execute("BEGIN")
    rig.source.executemany("INSERT INTO t VALUES (?, 0)", [(n,) for n in range(30_000)])
    rig.source.execute("COMMIT")
    rig.change(rows_per_second=100_000)
    process = rig.start()
    rig.wait_for(lambda progress: progress.full_load.done >= 10_000)
    rig.source.execute("DELETE FROM t WHERE id < 100")
    rig.source.execute("UPDATE t SET id = id + 100000 WHERE id > 29900")
    assert process.wait(30) == 0
    assert rows(rig.target(), "t") == rows(rig.source, "t")


def test_rows_enter_and_leave_the_filter(make_rig: MakeRig) -> None:
    for dml, expected in [("", [1, 3]), ("u", [3]), ("i", [2, 3]), ("i,u", [1, 3])]:
        rig = make_rig(one_table({"filter": "v > 10 -1 OR v = 'x) or (1'", "dml_op": dml}))
        rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        rig.source.execute("INSERT INTO t VALUES (1, 1), (2, 20), (3, 30), (4, 4)")
        rig.moved()
        rig.source.execute("UPDATE t SET v = 11 WHERE id = 1")
        rig.source.execute("UPDATE t SET v = 2 WHERE id = 2")
        rig.moved()
        found = [key for (key,) in rig.target().execute("SELECT id FROM t ORDER BY 1")]
        assert found == expected, dml


@pytest.mark.parametrize(
    "condition",
    [
        "id >",
        "nope = 1",
        "id IN (SELECT 1)",
        "random() > 0",
        "1) OR (1",
        "v < date('now')",
        "v < CURRENT_DATE",
        "id > 1 -- x",
        "1; DROP TABLE t",
        "id > 1 /*",
    ],
)
def test_filters_that_cannot_be_kept_are_refused(make_rig: MakeRig, condition: str) -> None:
    rig = make_rig(one_table({"filter": condition}))
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
    assert {item.item: item.state for item in precheck.check(rig.spec)}["CHECK_FILTER"] == "Failed"
    assert "filter" in rig.run().error
