"""Whatever SQLite can hold arrives as it was."""

from __future__ import annotations

import sqlite3

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import mover
from tests.emulator.dataplane.mover_rig import Rig, rows

ZOO = [
    None,
    0,
    1,
    -1,
    2**63 - 1,
    -(2**63),
    2**53 + 1,
    0.0,
    -0.0,
    1.0,
    1.5,
    1e308,
    -1e-320,
    float("inf"),
    float("-inf"),
    "",
    "1",
    "1.0",
    "01",
    " 1 ",
    "1e3",
    "abc",
    "a\x00b",
    "\x00",
    "naïve 名 💾",
    "'\"`",
    b"",
    b"\x00\xff",
    b"1",
    "9223372036854775808",
]
AFFINITIES = ["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC", "", "DATETIME", "VARCHAR(3)", "DECIMAL(9,2)"]


def zoo_schema(name: str, options: str = "", types: list[str] = AFFINITIES, key: str = "INTEGER") -> str:
    columns = ", ".join(f'"c {place}" {kind}' for place, kind in enumerate(types))
    return f"CREATE TABLE {name}(k {key} PRIMARY KEY, {columns}) {options}"


def fill(connection: sqlite3.Connection, table: str, width: int = len(AFFINITIES)) -> None:
    for key, value in enumerate(ZOO):
        connection.execute(
            f"INSERT INTO {table} VALUES ({', '.join('?' * (width + 1))})", (key, *[value] * width)
        )


def touch(connection: sqlite3.Connection, table: str) -> None:
    """Have every row go the way of an increment: the values change places."""
    values = {key: values for key, *values in connection.execute(f"SELECT * FROM {table}")}
    keys = list(values)
    connection.text_factory = str
    for key, other in zip(keys, reversed(keys), strict=True):
        connection.execute(f"DELETE FROM {table} WHERE k = ?", (key,))
        row = (key, *[ZOO[int(other)]] * len(values[key])) if not isinstance(key, bytes) else None
        if row:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    connection.text_factory = bytes


@pytest.mark.parametrize("options", ["", "WITHOUT ROWID"])
def test_every_value_in_a_column_of_every_affinity(rig: Rig, options: str) -> None:
    rig.source.execute(zoo_schema("zoo", options))
    fill(rig.source, "zoo")
    rig.moved()
    target = rig.target()
    assert rows(target, "zoo") == rows(rig.source, "zoo")
    touch(rig.source, "zoo")
    rig.moved()
    assert rows(target, "zoo") == rows(rig.source, "zoo")
    assert dataplane.compare(rig.spec).equal


def test_strict_tables(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE s(k INTEGER PRIMARY KEY, i INT, r REAL, t TEXT, b BLOB, a ANY) STRICT")
    for key, value in enumerate(ZOO):
        rig.source.execute("INSERT INTO s(k, a) VALUES (?, ?)", (key, value))
    rig.source.execute("INSERT INTO s VALUES (1000, 5, 5, '5', x'05', 5)")
    rig.moved()
    assert rows(rig.target(), "s") == rows(rig.source, "s")
    with pytest.raises(sqlite3.IntegrityError):
        rig.target().execute("INSERT INTO s(k, i) VALUES (2000, 'text')")


def test_keys_of_mixed_types_in_order(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks so small that every type is once where a chunk begins."""
    monkeypatch.setattr(mover, "_CHUNK_ROWS", 7)
    keys = [value for value in ZOO if value is not None and value != -0.0]
    rig.source.execute("CREATE TABLE m(a BLOB NOT NULL, b NOT NULL, v, PRIMARY KEY (a, b))")
    rig.source.executemany(
        "INSERT OR IGNORE INTO m VALUES (?, ?, ?)", [(a, b, n) for n, a in enumerate(keys) for b in keys]
    )
    rig.moved()
    assert rows(rig.target(), "m") == rows(rig.source, "m")
    rig.source.execute("UPDATE m SET v = -v WHERE typeof(a) <> 'blob'")
    rig.source.execute("DELETE FROM m WHERE typeof(b) = 'real'")
    rig.moved()
    assert rows(rig.target(), "m") == rows(rig.source, "m")


def test_text_that_is_not_utf8(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v, w TEXT UNIQUE)")
    rig.source.execute(
        "INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT), 'a'), (2, 'fine', 'b'), "
        "(3, x'ff41', CAST(x'80' AS TEXT))"
    )
    rig.moved()
    rig.source.execute("INSERT INTO t VALUES (4, CAST(x'c0' AS TEXT), 'd')")
    rig.source.execute("UPDATE t SET v = CAST(x'fe' AS TEXT) WHERE k = 2")
    rig.moved()
    assert rows(rig.target(), "t") == rows(rig.source, "t")
    assert dataplane.compare(rig.spec).equal


def test_structure_is_kept(rig: Rig) -> None:
    rig.source.executescript(
        """
        CREATE TABLE "odd ""name" (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with a comma
            "a, (b" TEXT NOT NULL DEFAULT 'it''s, (', n NUMERIC DEFAULT (1 + 2) CHECK (n > 0 AND n <> 7),
            low TEXT COLLATE NOCASE UNIQUE, g INT GENERATED ALWAYS AS (n * 2) STORED,
            v GENERATED ALWAYS AS (n || low),
            CONSTRAINT "c, k" CHECK (length("a, (b") < 100)
        );
        CREATE INDEX "i 1" ON "odd ""name"(n, low DESC) WHERE n > 1;
        CREATE UNIQUE INDEX "i 2" ON "odd ""name"(lower("a, (b"), n);
        PRAGMA user_version = 7;
        """
    )
    rig.source.execute(
        """INSERT INTO "odd ""name"("a, (b", n, low) VALUES ('x', 5, 'L'), ('y', 6, 'm'), ('z', 1, NULL)"""
    )
    rig.source.execute('DELETE FROM "odd ""name" WHERE id = 3')
    rig.moved()
    target = rig.target()
    schema = (
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_dts%' ESCAPE '\\' ORDER BY name"
    )
    assert target.execute(schema).fetchall() == rig.source.execute(schema).fetchall()
    assert target.execute("PRAGMA user_version").fetchone() == (7,)
    assert rows(target, 'odd ""name') == rows(rig.source, 'odd ""name')
    assert target.execute("SELECT seq FROM sqlite_sequence").fetchone() == (3,)
    rig.source.execute("""INSERT INTO "odd ""name"("a, (b", n, low) VALUES ('q', 9, 'Q')""")
    rig.source.execute('DELETE FROM "odd ""name" WHERE id = 4')
    rig.moved()
    assert target.execute("SELECT seq FROM sqlite_sequence").fetchone() == (4,)


def test_a_unique_key_stands_in_for_a_primary_key(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE u(a TEXT, b TEXT NOT NULL COLLATE NOCASE UNIQUE, c)")
    rig.source.executemany("INSERT INTO u VALUES (?, ?, ?)", [("x", "A", 1), ("y", "b", 2), ("z", "C", 3)])
    rig.moved()
    rig.source.execute("UPDATE u SET b = 'a' WHERE b = 'A'")
    rig.source.execute("DELETE FROM u WHERE b = 'B'")
    # The hidden row number displaces a row whose key nobody named.
    rig.source.execute("INSERT OR REPLACE INTO u(rowid, a, b, c) VALUES (3, 'new', 'd', 4)")
    rig.moved()
    assert rows(rig.target(), "u") == rows(rig.source, "u")


def test_collation_of_the_key_other_than_the_columns(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE c(k TEXT COLLATE NOCASE NOT NULL, v, PRIMARY KEY (k COLLATE BINARY))")
    rig.source.execute("CREATE TABLE d(k TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, v)")
    rig.source.executemany("INSERT INTO c VALUES (?, ?)", [("a", 1), ("A", 2), ("b", 3), ("B", 4)])
    rig.source.executemany("INSERT INTO d VALUES (?, ?)", [("a", 1), ("b", 3)])
    rig.moved()
    rig.source.execute("DELETE FROM c WHERE k = 'a' COLLATE BINARY")
    rig.source.execute("UPDATE c SET k = 'x' WHERE k = 'B' COLLATE BINARY")
    rig.source.execute("UPDATE d SET k = 'A' WHERE k = 'a'")
    rig.source.execute("INSERT OR REPLACE INTO d VALUES ('B', 9)")
    rig.moved()
    for table in "cd":
        assert rows(rig.target(), table) == rows(rig.source, table)
    assert dataplane.compare(rig.spec).equal
