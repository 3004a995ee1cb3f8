"""Two-way jobs: every change goes across once, in both directions, whatever happens on the way."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane.process import Stop
from tests.emulator.dataplane.mover_rig import Rig, caught_up_since, connect, kill, rows

PLAIN = "CREATE TABLE t(id INTEGER PRIMARY KEY, v, u UNIQUE); CREATE INDEX tv ON t(v);"


class TwoWay:
    """Two rigs, the second leading back. `a` is the near side, `b` the far one."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.there = Rig(root / "there", partner="back", job_id="there", **options)
        self.a, self.b = self.there.source, self.there.target()
        self.back = Rig(
            root / "back",
            **{"structure": False, "full_load": False, **options},
            partner="there",
            job_id="back",
            way_back=True,
        )
        self.back.change(source=self.there.spec.target, target=self.there.spec.source)

    def close(self) -> None:
        for connection in (self.a, self.b, self.back.source):
            connection.close()

    def begin(self, schema: str = PLAIN) -> TwoWay:
        self.a.executescript(schema)
        self.there.moved()
        self.back.moved()
        return self

    def settle(self) -> None:
        """Run each half once; whatever one of them does is nothing to the other."""
        self.there.moved()
        self.back.moved()

    def counts(self) -> tuple[int, int]:
        """How many changes each half has carried across."""
        return self.there.progress().incremental.done, self.back.progress().incremental.done

    def equal(self, *tables: str) -> bool:
        return all(rows(self.a, table) == rows(self.b, table) for table in tables)


MakeTwoWay = Callable[..., TwoWay]


@pytest.fixture
def make_two_way(tmp_path: Path) -> Iterator[MakeTwoWay]:
    made: list[TwoWay] = []

    def make(**options: Any) -> TwoWay:
        made.append(TwoWay(tmp_path / str(len(made)), **options))
        return made[-1]

    yield make
    for pair in made:
        pair.close()


@pytest.fixture
def pair(make_two_way: MakeTwoWay) -> TwoWay:
    return make_two_way()


def test_a_change_goes_across_once_and_never_comes_back(pair: TwoWay) -> None:
    pair.begin()
    pair.a.execute("INSERT INTO t VALUES (1, 'near', 'n'), (3, 'x', 'y')")
    pair.b.execute("INSERT INTO t VALUES (2, 'far', 'f')")
    pair.settle()
    assert pair.equal("t")
    assert pair.counts() == (2, 1)
    pair.a.execute("UPDATE t SET v = 'near again' WHERE id = 2")
    pair.b.execute("UPDATE t SET v = 'far again' WHERE id = 1")
    pair.b.execute("DELETE FROM t WHERE id = 3")
    pair.settle()
    assert rows(pair.a, "t", "id,v") == rows(pair.b, "t", "id,v")
    assert pair.a.execute("SELECT id, v FROM t ORDER BY id").fetchall() == [
        (1, b"far again"),
        (2, b"near again"),
    ]
    for _ in range(3):
        pair.settle()
    assert pair.counts() == (3, 3)


def test_what_replace_displaces_is_gone_on_both_sides(pair: TwoWay) -> None:
    pair.begin()
    pair.a.execute("INSERT INTO t VALUES (1, 1, 'taken'), (2, 2, 'free')")
    pair.settle()
    pair.b.execute("INSERT OR REPLACE INTO t VALUES (5, 5, 'taken')")
    pair.a.execute("UPDATE OR REPLACE t SET id = 9 WHERE id = 2")
    pair.settle()
    assert pair.equal("t")
    assert pair.a.execute("SELECT id FROM t ORDER BY id").fetchall() == [(5,), (9,)]


def test_an_unrelated_job_sees_what_a_half_writes(pair: TwoWay, tmp_path: Path) -> None:
    pair.begin()
    onward = Rig(tmp_path / "onward", job_id="onward")
    onward.change(source=pair.there.spec.target)
    onward.moved()
    pair.a.execute("INSERT INTO t VALUES (1, 'from the near side', 1)")
    pair.b.execute("INSERT INTO t VALUES (2, 'from the far side', 2)")
    pair.settle()
    onward.moved()
    assert rows(onward.target(), "t") == rows(pair.a, "t")
    assert onward.progress().incremental.done == 2
    onward.source.close()


def test_chained_one_way_jobs_replicate(tmp_path: Path) -> None:
    first, second = Rig(tmp_path / "1", job_id="one"), Rig(tmp_path / "2", job_id="two")
    second.change(source=first.spec.target)
    first.source.executescript(PLAIN)
    first.moved()
    second.moved()
    first.source.execute("INSERT INTO t VALUES (1, 2, 3)")
    first.moved()
    second.moved()
    assert rows(second.target(), "t") == rows(first.source, "t") != []
    first.source.close()
    second.source.close()


def test_a_row_both_sides_changed_ends_up_the_same(pair: TwoWay) -> None:
    pair.begin()
    pair.a.execute("INSERT INTO t VALUES (1, 'old', 1), (2, 'old', 2), (3, 'old', 3)")
    pair.settle()
    pair.a.execute("UPDATE t SET v = 'near'")
    pair.b.execute("UPDATE t SET v = 'far' WHERE id = 1")
    pair.b.execute("DELETE FROM t WHERE id = 2")
    pair.b.execute("UPDATE t SET u = 33 WHERE id = 3")
    pair.back.moved()  # it comes first, so its changes win
    pair.settle()
    assert pair.equal("t")
    assert pair.a.execute("SELECT id, v, u FROM t ORDER BY id").fetchall() == [
        (1, b"far", 1),
        (3, b"old", 33),
    ]


def test_a_crash_between_mark_and_commit_leaves_no_mark(pair: TwoWay) -> None:
    pair.begin()
    from airflow_dts.emulator.dataplane.registry import open_server

    target = open_server(pair.there.spec.target).open_target("shop", None, "there")
    with pytest.raises(ZeroDivisionError), target.transaction():
        raise ZeroDivisionError
    target.close()
    pair.b.execute("INSERT INTO t VALUES (7, 'still logged', 7)")
    pair.settle()
    assert pair.equal("t")
    assert pair.counts() == (0, 1)


def test_a_transaction_that_is_open_hides_nobody_elses_change(pair: TwoWay) -> None:
    """The application writes right before and right after the mover's transaction, in the same file."""
    pair.begin()
    stop = threading.Event()

    def write() -> None:
        with contextlib.closing(connect(pair.there.target_dir / "shop.db")) as connection:
            number = 1
            while not stop.is_set():
                connection.execute("INSERT INTO t VALUES (?, 'far', NULL)", (number,))
                number += 2
                time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for start in range(0, 1000, 50):
            pair.a.execute("BEGIN")
            pair.a.executemany(
                "INSERT INTO t VALUES (?, 'near', NULL)", ((n,) for n in range(start, start + 100, 2))
            )
            pair.a.execute("COMMIT")
            pair.a.execute("DELETE FROM t WHERE id >= ? AND id % 2 = 0", (start + 50,))
            pair.there.moved()
    finally:
        stop.set()
        writer.join()
    pair.settle()
    pair.settle()
    assert pair.equal("t")
    far = pair.b.execute("SELECT count(*) FROM t WHERE v = 'far'").fetchone()[0]
    assert far > 20
    assert pair.counts()[1] == far


# --- structure and loads


def test_ddl_of_the_near_side_goes_across_and_the_way_back_follows_it(pair: TwoWay) -> None:
    pair.begin()
    pair.a.execute("ALTER TABLE t ADD COLUMN w DEFAULT 'd'")
    pair.a.executescript("CREATE TABLE n(id INTEGER PRIMARY KEY, x UNIQUE); INSERT INTO n VALUES (1, 'a')")
    pair.there.moved()
    pair.b.execute("INSERT INTO t VALUES (1, 2, 3, 'w of the far side')")
    pair.b.execute("INSERT INTO n VALUES (2, 'before the way back has looked')")
    pair.back.moved()
    pair.b.execute("UPDATE n SET x = 'c' WHERE id = 1")
    pair.b.execute("UPDATE t SET w = 'again'")
    pair.settle()
    assert pair.equal("t", "n")
    assert pair.a.execute("SELECT count(*) FROM n").fetchone() == (2,)
    pair.a.execute("DROP TABLE n")
    pair.settle()
    pair.a.execute("INSERT INTO t VALUES (4, 4, 4, 4)")
    pair.settle()
    assert pair.equal("t")
    assert pair.b.execute("SELECT count(*) FROM sqlite_master WHERE name = 'n'").fetchone() == (0,)


def test_ddl_of_the_far_side_is_passed_over(pair: TwoWay) -> None:
    pair.begin()
    pair.b.execute("ALTER TABLE t ADD COLUMN own")
    pair.b.execute("CREATE TABLE own(id INTEGER PRIMARY KEY)")
    pair.b.execute("INSERT INTO own VALUES (1)")
    pair.b.execute("INSERT INTO t VALUES (1, 2, 3, 4)")
    pair.settle()
    assert rows(pair.a, "t") == rows(pair.b, "t", "id,v,u")
    assert pair.a.execute("SELECT count(*) FROM sqlite_master WHERE name = 'own'").fetchone() == (0,)
    pair.b.execute("DROP TABLE own")
    pair.b.execute("UPDATE t SET v = 5")
    pair.settle()
    assert rows(pair.a, "t") == rows(pair.b, "t", "id,v,u")


def test_a_table_the_near_side_keeps_is_never_dropped_by_the_way_back(pair: TwoWay) -> None:
    pair.begin(PLAIN + "CREATE TABLE kept(id INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1);")
    pair.b.execute("DROP TABLE kept")
    pair.back.moved()
    assert rows(pair.a, "kept") != []


def test_the_way_back_waits_for_a_table_that_is_being_loaded(pair: TwoWay) -> None:
    """Its unique index is made at the end of the load, which the way back must not take for an alteration."""
    pair.begin()
    pair.a.executescript("CREATE TABLE n(id INTEGER PRIMARY KEY, x); CREATE UNIQUE INDEX nx ON n(x);")
    pair.a.execute("BEGIN")
    pair.a.executemany("INSERT INTO n VALUES (?, ?)", ((n, n) for n in range(1, 3001)))
    pair.a.execute("COMMIT")
    pair.there.change(rows_per_second=1500)
    there, back = pair.there.start(), pair.back.start()
    until(lambda: "n" in names(pair.b))
    assert "nx" not in names(pair.b)
    pair.b.execute("INSERT INTO n VALUES (100001, 'far, during the load')")
    until(lambda: "nx" in names(pair.b))
    pair.b.execute("INSERT INTO n VALUES (100003, 'far, after the load')")
    until(lambda: pair.equal("n"))
    for mover in (there, back):
        mover.terminate()
        assert mover.wait(10) == 0
    assert pair.a.execute("SELECT count(*) FROM n").fetchone() == (3002,)
    assert pair.there.progress().error == pair.back.progress().error == ""


def names(connection: sqlite3.Connection) -> set[str]:
    return {name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def until(true: Callable[[], bool], limit: float = 40.0) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_load_of_the_way_back_takes_over_what_only_the_far_side_has(make_two_way: MakeTwoWay) -> None:
    pair = make_two_way(target_table_mode="2")
    pair.a.executescript(PLAIN + "INSERT INTO t VALUES (1, 'both', 1), (2, 'differs', 2)")
    pair.there.moved()
    pair.b.execute("INSERT INTO t VALUES (10, 'only far', 10)")
    pair.b.execute("UPDATE t SET v = 'differs on the far side' WHERE id = 2")
    fired = "CREATE TRIGGER noticed AFTER INSERT ON t BEGIN INSERT INTO notes VALUES (new.id); END"
    pair.a.executescript(f"CREATE TABLE notes(id); {fired}")
    pair.back.change(full_load=True, objects=only("t"))
    pair.back.moved()
    assert pair.equal("t")
    assert pair.a.execute("SELECT id FROM notes ORDER BY id").fetchall() == [(2,), (10,)], (
        "row 1 is left alone"
    )


def only(*tables: str) -> dict[str, Any]:
    named = {table: {"name": table, "all": True} for table in tables}
    return {"shop": {"name": "shop", "all": False, "Table": named}}


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_load_overwrites_nothing_that_is_still_on_its_way(make_two_way: MakeTwoWay, way: str) -> None:
    pair = make_two_way(target_table_mode="2", objects=only("t")).begin()
    pair.a.executemany("INSERT INTO t VALUES (?, 'old', NULL)", ((n,) for n in range(1, 101)))
    pair.settle()
    loading, side = (pair.there, pair.b) if way == "there" else (pair.back, pair.a)
    dataplane.release(loading.spec)
    # Nobody has carried these across yet when the other half loads everything.
    side.execute("UPDATE t SET v = 'new' WHERE id % 10 = 0")
    side.execute("DELETE FROM t WHERE id % 10 = 5")
    loading.change(full_load=True)
    loading.moved()
    pair.settle()
    assert pair.equal("t")
    assert pair.a.execute("SELECT v, count(*) FROM t GROUP BY v").fetchall() == [(b"new", 10), (b"old", 80)]


def test_a_reload_does_carry_what_nobody_has_logged(make_two_way: MakeTwoWay) -> None:
    """The newest entry of a log is kept, though it was carried across: its row must not be passed over."""
    pair = make_two_way(target_table_mode="2", objects=only("t")).begin()
    pair.b.execute("INSERT INTO t VALUES (1, 'last change of the far side', 1)")
    pair.settle()
    dataplane.release(pair.there.spec)
    pair.a.execute("UPDATE t SET v = 'while nobody was looking'")
    pair.settle()
    assert pair.equal("t")
    assert pair.b.execute("SELECT v FROM t").fetchall() == [(b"while nobody was looking",)]


# --- beginning and end


def test_a_one_way_job_becomes_two_way_in_the_middle(pair: TwoWay) -> None:
    spec = pair.there.spec
    pair.there.change(partner="")
    pair.a.executescript(PLAIN + "INSERT INTO t VALUES (1, 1, 1)")
    pair.there.moved()
    assert "does not know yet" in pair.back.run().error
    pair.there.spec = spec
    pair.a.execute("INSERT INTO t VALUES (3, 3, 3)")
    pair.there.moved()
    pair.b.execute("INSERT INTO t VALUES (2, 2, 2)")
    pair.back.moved()
    pair.b.execute("INSERT INTO t VALUES (4, 4, 4)")
    pair.settle()
    assert pair.counts() == (1, 1)
    assert rows(pair.a, "t", "id") == rows(pair.b, "t", "id", "id <> 2"), "the way back began after row 2"


@pytest.mark.parametrize("first", ["there", "back"])
def test_each_half_can_be_released_while_the_other_goes_on(pair: TwoWay, first: str) -> None:
    pair.begin()
    leaving, staying = (pair.there, pair.back) if first == "there" else (pair.back, pair.there)
    dataplane.release(leaving.spec)
    side, other = (pair.b, pair.a) if first == "there" else (pair.a, pair.b)
    side.execute("INSERT INTO t VALUES (1, 1, 1)")
    other.execute("INSERT INTO t VALUES (2, 2, 2)")
    staying.moved()
    assert rows(other, "t", "id") == ["(b'integer', 1)", "(b'integer', 2)"]
    dataplane.release(staying.spec)
    for connection in (pair.a, pair.b):
        assert not {name for name in names(connection) if name.startswith("_dts_")}
        connection.execute("INSERT INTO t VALUES (9, 9, 9)")
    assert not list(pair.there.root.parent.rglob("*.lock"))


def test_a_half_that_is_to_stop_does_not_wait_for_its_turn(pair: TwoWay) -> None:
    pair.begin()
    from airflow_dts.emulator.dataplane.pairing import Turns

    with Turns(pair.back.spec).taken(Stop()) as mine:
        assert mine
        pair.a.execute("INSERT INTO t VALUES (1, 1, 1)")
        mover = pair.there.start()
        time.sleep(1.5)
        assert rows(pair.b, "t") == []
        mover.terminate()
        assert mover.wait(5) == 0
    pair.settle()
    assert pair.equal("t")


# --- at full tilt


class Writers:
    """One application on each side, on keys of its own: odd on the near side, even on the far one."""

    def __init__(self, pair: TwoWay, changes: int, *, disjoint: bool = True) -> None:
        self.changes = changes
        self.disjoint = disjoint
        self.done = [0, 0]
        paths = (pair.there.source_dir / "shop.db", pair.there.target_dir / "shop.db")
        self.threads = [
            threading.Thread(target=self.write, args=(side, path)) for side, path in enumerate(paths)
        ]

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self.threads:
            thread.join()

    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def write(self, side: int, path: Path) -> None:
        dice = random.Random(side)
        with contextlib.closing(connect(path)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            while self.done[side] < self.changes:
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(dice.randint(1, 30)):
                    self.done[side] += self.change(connection, side, dice)
                connection.execute("COMMIT")
                time.sleep(0.002)

    def change(self, connection: sqlite3.Connection, side: int, dice: random.Random) -> int:
        key = dice.randint(1, 2000) * 2 + (side if self.disjoint else dice.randint(0, 1))
        unique = f"{key % 2 if self.disjoint else ''}-{dice.randint(1, 2500)}"
        sql, values = [
            ("INSERT OR IGNORE INTO t VALUES (?, ?, ?)", (key, dice.random(), unique)),
            ("INSERT OR IGNORE INTO t VALUES (?, ?, NULL)", (key, dice.random())),
            ("UPDATE t SET v = ? WHERE id = ?", (dice.random(), key)),
            ("UPDATE OR IGNORE t SET u = ? WHERE id = ?", (unique, key)),
            ("DELETE FROM t WHERE id = ?", (key,)),
        ][dice.randrange(5)]
        return connection.execute(sql, values).rowcount


def converge(pair: TwoWay) -> None:
    """Both movers run until nothing is left to carry across."""
    since = time.time()
    pair.there.wait_for(caught_up_since(since))
    pair.back.wait_for(caught_up_since(since))


def test_two_writers_at_once_converge_without_ping_pong(pair: TwoWay) -> None:
    pair.begin("CREATE TABLE t(id INTEGER PRIMARY KEY, v, u)")
    there, back = pair.there.start(), pair.back.start()
    with Writers(pair, 12_000) as writers:
        pass
    converge(pair)
    for mover in (there, back):
        mover.terminate()
        assert mover.wait(10) == 0
    assert pair.equal("t")
    assert pair.a.execute("SELECT count(*) FROM t").fetchone()[0] > 1000
    assert {row[0] for row in pair.a.execute("SELECT DISTINCT id % 2 FROM t")} == {0, 1}
    assert list(pair.counts()) == writers.done
    assert pair.there.progress().error == pair.back.progress().error == ""


@pytest.mark.parametrize("disjoint", [True, False])
def test_halves_killed_again_and_again_converge(pair: TwoWay, disjoint: bool) -> None:
    """With keys in common too: what wins is not told, that both sides are equal is."""
    pair.begin()
    dice = random.Random(5)
    kills = 0
    with Writers(pair, 15_000, disjoint=disjoint) as writers:
        while writers.alive():
            movers = [pair.there.start(), pair.back.start()]
            time.sleep(dice.uniform(0.4, 1.2))
            for mover in dice.sample(movers, 2):
                kill(mover)
            kills += 1
    assert kills >= 2
    there, back = pair.there.start(), pair.back.start()
    converge(pair)
    converge(pair)
    for mover in (there, back):
        mover.terminate()
        assert mover.wait(10) == 0
    assert pair.equal("t")
    assert pair.there.progress().error == pair.back.progress().error == ""
    for connection in (pair.a, pair.b):
        assert connection.execute("PRAGMA integrity_check").fetchone() == (b"ok",)


def test_neither_half_keeps_the_other_from_its_turn(pair: TwoWay) -> None:
    """One side has a long backlog; a single change of the other gets across long before it is worked off."""
    pair.begin()
    pair.a.execute("BEGIN")
    pair.a.executemany("INSERT INTO t VALUES (?, ?, NULL)", ((n, "x" * 50) for n in range(1, 300_001)))
    pair.a.execute("COMMIT")
    pair.b.execute("INSERT INTO t VALUES (1000000, 'single', NULL)")
    there, back = pair.there.start(), pair.back.start()
    until(lambda: pair.a.execute("SELECT count(*) FROM t WHERE id = 1000000").fetchone() == (1,))
    moved = pair.b.execute("SELECT count(*) FROM t").fetchone()[0]
    for mover in (there, back):
        mover.terminate()
        assert mover.wait(10) == 0
    assert moved < 300_000
