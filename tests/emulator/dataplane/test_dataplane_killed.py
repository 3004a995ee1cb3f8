"""A mover killed again and again, while an application writes, loses nothing and doubles nothing."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_dts.emulator import dataplane
from tests.emulator.dataplane.mover_rig import Rig, caught_up_since, kill, rows

SCHEMA = """
    CREATE TABLE customers(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, name TEXT);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INT REFERENCES customers, amount REAL,
                        note TEXT COLLATE NOCASE, payload BLOB);
    CREATE INDEX orders_note ON orders(note);
    CREATE TABLE lines(order_id INT, line INT, quantity INT, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
"""
TABLES = ("customers", "orders", "lines")
ROWS = 120_000


def fill(connection: sqlite3.Connection) -> None:
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO customers VALUES (?, ?, ?)", ((n, f"c{n}@x", f"n{n}") for n in range(1, 2_001))
    )
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
        ((n, n % 2_000, n / 3, f"note {n}", b"\x00\xff") for n in range(1, ROWS + 1)),
    )
    connection.executemany(
        "INSERT INTO lines VALUES (?, ?, ?)", ((n // 2, n % 2 + 1, n) for n in range(18_000))
    )
    connection.execute("COMMIT")


def churn(rig: Rig, changes: int, rate: int, seed: int) -> subprocess.Popen[bytes]:
    writer = Path(__file__).with_name("churn_writer.py")
    database = rig.source_dir / "shop.db"
    return subprocess.Popen([sys.executable, str(writer), str(database), str(changes), str(rate), str(seed)])


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_doubled(rig: Rig, seed: int) -> None:
    dice = random.Random(seed)
    fill(rig.source)
    rig.change(rows_per_second=150_000)
    application = churn(rig, 30_000, 5_000, seed)
    kills = 0
    while application.poll() is None:
        mover = rig.start()
        time.sleep(dice.uniform(0.15, 0.9))
        kill(mover)
        kills += 1
    assert application.returncode == 0
    assert kills >= 4
    mover = rig.start()
    progress = rig.wait_for(caught_up_since(time.time()))
    assert progress.error == ""
    log = rig.source.execute(
        "SELECT name FROM sqlite_master WHERE name LIKE '\\_dts\\_log%' ESCAPE '\\'"
    ).fetchone()[0]
    # The log is purged in slices, a few a second.
    end = time.monotonic() + 10
    while rig.source.execute(f"SELECT count(*) FROM {log.decode()}").fetchone()[0] > 10_001:
        assert time.monotonic() < end
        time.sleep(0.05)
    mover.terminate()
    assert mover.wait(5) == 0
    target = rig.target()
    for table in TABLES:
        assert rows(target, table) == rows(rig.source, table)
    comparison = dataplane.compare(rig.spec)
    assert comparison.equal
    assert comparison.rows_source > ROWS
    assert target.execute("PRAGMA integrity_check").fetchone() == (b"ok",)
    sequence = "SELECT seq FROM sqlite_sequence WHERE name = 'customers'"
    assert target.execute(sequence).fetchone() == rig.source.execute(sequence).fetchone()


def test_a_full_load_alone_is_right_as_of_its_end_and_leaves_nothing_behind(rig: Rig) -> None:
    fill(rig.source)
    rig.change(incremental=False, rows_per_second=60_000)
    application = churn(rig, 100_000, 3_000, 3)
    mover = rig.start()
    rig.wait_for(lambda progress: progress.full_load.percent >= 60)
    application.kill()
    application.wait()
    assert mover.poll() is None, "the application has to be gone before the load ends"
    assert mover.wait(30) == 0
    for table in TABLES:
        assert rows(rig.target(), table) == rows(rig.source, table)
    assert rig.source.execute(
        "SELECT count(*) FROM sqlite_master WHERE name LIKE '\\_dts%' ESCAPE '\\'"
    ).fetchone() == (0,)
    progress = rig.progress()
    assert (progress.full_load.state, progress.full_load.percent, progress.incremental.state) == (
        "Finished",
        100,
        "NotStarted",
    )
    # Once finished, it stays finished.
    rig.source.execute("INSERT INTO customers(name) VALUES ('late')")
    again = rig.start()
    assert again.wait(30) == 0
    assert rig.target().execute("SELECT count(*) FROM customers WHERE name = 'late'").fetchone() == (0,)
