"""No statement changes a row without the log knowing, whatever REPLACE and indexes of all kinds do."""

from __future__ import annotations

import random
import sqlite3

import pytest

from airflow_dts.emulator import dataplane
from tests.emulator.dataplane.mover_rig import Rig, rows

SCHEMA = """
    CREATE TABLE alias(id INTEGER PRIMARY KEY, a, b TEXT COLLATE NOCASE, c, d UNIQUE ON CONFLICT REPLACE,
                       g GENERATED ALWAYS AS (a || '-' || c) UNIQUE);
    CREATE TABLE hidden(id TEXT PRIMARY KEY NOT NULL, a, b, c, d);
    CREATE TABLE rowless(id PRIMARY KEY, a, b, c, d, UNIQUE (c, d)) WITHOUT ROWID;
"""
INDEXES = """
    CREATE UNIQUE INDEX {0}_partial ON {0}(a) WHERE b IS NOT NULL AND c > 1;
    CREATE UNIQUE INDEX {0}_expression ON {0}(lower(b), abs(c));
    CREATE UNIQUE INDEX {0}_collated ON {0}(b COLLATE RTRIM, a COLLATE NOCASE DESC);
"""
VALUES = [None, 0, 1, 2, 3, -2, "a", "A", "a ", "b", "B", 1.5, b"a"]
STATEMENTS = [
    "INSERT OR REPLACE INTO {0}(id, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5)",
    "INSERT OR IGNORE INTO {0}(id, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5)",
    "INSERT OR FAIL INTO {0}(id, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5), (?1 + 1, ?2, ?4, ?3, ?5)",
    "REPLACE INTO {0}(id, a, b, c, d) SELECT id, a, ?3, c, ?5 FROM {0} WHERE id <> ?1 AND ?2 IS ?4",
    "UPDATE OR REPLACE {0} SET a = ?2, c = ?4 WHERE id >= ?1 OR 1",
    "UPDATE OR REPLACE {0} SET id = ?1, d = ?5 WHERE a IS ?2",
    "UPDATE OR IGNORE {0} SET b = ?3 WHERE 1",
    "UPDATE OR REPLACE {0} SET b = b || ?3 WHERE id = ?1 AND ?2 IS ?4 AND ?5",
    "DELETE FROM {0} WHERE d IS ?5 AND a IS NOT ?2 AND ?1 AND ?3 AND ?4",
    "INSERT INTO {0}(id, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT DO UPDATE SET a = ?4, id = ?1 + 1",
]


@pytest.mark.parametrize("seed", range(6))
def test_random_statements_over_tables_full_of_unique_indexes(rig: Rig, seed: int) -> None:
    dice = random.Random(seed)
    rig.source.executescript(
        SCHEMA + "".join(INDEXES.format(table) for table in ("alias", "hidden", "rowless"))
    )
    rig.source.execute(f"PRAGMA recursive_triggers = {seed % 2}")
    rig.moved()
    displaced = 0
    for _ in range(4):
        for _ in range(150):
            table = dice.choice(["alias", "hidden", "rowless"])
            displaced += change(rig.source, table, dice)
        rig.moved()
        for table in ("alias", "hidden", "rowless"):
            assert rows(rig.target(), table) == rows(rig.source, table), (seed, table)
    assert displaced > 20, "the statements have to do what the test is about"
    assert dataplane.compare(rig.spec).equal


def change(connection: sqlite3.Connection, table: str, dice: random.Random) -> int:
    """Run one statement; returns how many rows it displaced."""
    values = [dice.randint(1, 9) if table == "alias" else dice.choice(VALUES[1:]), *dice.choices(VALUES, k=4)]
    sql = dice.choice(STATEMENTS).format(table)
    if table == "hidden" and dice.random() < 0.2:
        sql = "INSERT OR REPLACE INTO hidden(rowid, id, a) VALUES (?4, ?1, ?2 || ?3 || ?5)"
    before = count(connection, table)
    try:
        changed = connection.execute(sql, values).rowcount
    except sqlite3.Error:
        return 0
    after = count(connection, table)
    return max(0, before + (changed if sql.startswith(("INSERT", "REPLACE")) else 0) - after)


def count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_savepoints_rollbacks_and_cascades(rig: Rig) -> None:
    rig.source.executescript(
        """
        PRAGMA foreign_keys = ON;
        CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY,
            p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
        INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (10, 1), (20, 2), (30, 3);
        """
    )
    rig.moved()
    rig.source.executescript(
        """
        DELETE FROM p WHERE id = 1; UPDATE p SET id = 22 WHERE id = 2;
        BEGIN; DELETE FROM p; ROLLBACK;
        BEGIN; SAVEPOINT s; INSERT INTO p VALUES (4); ROLLBACK TO s; INSERT INTO p VALUES (5); COMMIT;
        """
    )
    rig.moved()
    for table in "pc":
        assert rows(rig.target(), table) == rows(rig.source, table)


def test_the_application_sees_nothing_of_it(rig: Rig) -> None:
    rig.source.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)")
    rig.moved()
    inserted = rig.source.execute("INSERT INTO t(u) VALUES ('a'), ('b')")
    assert (inserted.rowcount, inserted.lastrowid) == (2, 2)
    assert rig.source.execute("UPDATE t SET u = u || 'x'").rowcount == 2
    assert rig.source.execute("INSERT OR REPLACE INTO t(u) VALUES ('bx') RETURNING id").fetchall() == [(3,)]
    assert rig.source.execute("SELECT changes(), last_insert_rowid()").fetchone() == (1, 3)
    with pytest.raises(sqlite3.IntegrityError):
        rig.source.execute("INSERT INTO t(u) VALUES ('bx')")
