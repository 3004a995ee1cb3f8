"""How fast rows move, against yardsticks of the same run: ``python bench_dataplane.py [ROWS]``.

Yardsticks: INSERT..SELECT between attached files inside SQLite (what copying costs at least), and a textual
dump run into an empty file (what one would do by hand).
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.dataplane import JobSpec, Progress

SCHEMA = """
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INT, status TEXT, amount REAL, note TEXT,
                        payload BLOB, flag INT, score REAL, created TEXT, updated TEXT);
    CREATE INDEX orders_customer ON orders(customer);
    CREATE INDEX orders_created ON orders(created);
"""


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def fill(connection: sqlite3.Connection, count: int) -> None:
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                n,
                n * 7919 % 10_000,
                "abcd"[n % 4],
                n / 3,
                f"note {n} é",
                b"\x00\xff\x01",
                n % 2,
                n / 7,
                f"t{n % 9999}",
                None,
            )
            for n in range(count)
        ),
    )
    connection.execute("COMMIT")


def attached_copy(source: Path, target: Path) -> None:
    connection = opened(target)
    connection.execute("ATTACH ? AS s", (str(source),))
    first, *indexes = SCHEMA.strip().split(";")[:-1]
    connection.execute(first)
    connection.execute("INSERT INTO main.orders SELECT * FROM s.orders")
    for sql in indexes:
        connection.execute(sql)
    connection.close()


def dumped_copy(source: Path, target: Path) -> None:
    reading, writing = opened(source), opened(target)
    writing.executescript("\n".join(reading.iterdump()))
    reading.close()
    writing.close()


class Mover:
    def __init__(self, root: Path, spec: JobSpec) -> None:
        self.spec_file, self.progress_file = root / "spec.json", root / "progress.json"
        self.spec_file.write_text(spec.to_json())

    def start(self) -> subprocess.Popen[bytes]:
        self.progress_file.unlink(missing_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", dataplane.__name__, str(self.spec_file), str(self.progress_file)]
        )

    def catch_up(self, process: subprocess.Popen[bytes]) -> None:
        since = time.time()
        while True:
            time.sleep(0.01)
            if self.progress_file.exists():
                progress = Progress.from_json(self.progress_file.read_text())
                if progress.error:
                    raise SystemExit(progress.error)
                if progress.delay_ms == 0 and progress.checkpoint + 1 > since:
                    return

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait()


def write_backlog(path: Path, changes: int, count: int) -> float:
    """One-row changes in transactions of a hundred: two updates, one insert, one delete in turn."""
    connection = opened(path)

    def work() -> None:
        for start in range(0, changes, 100):
            connection.execute("BEGIN")
            for number in range(start, start + 100):
                key = number * 19 % count
                if number % 4 < 2:
                    connection.execute(
                        "UPDATE orders SET amount = amount + 1, note = 'u' WHERE id = ?", (key,)
                    )
                elif number % 4 == 2:
                    connection.execute("INSERT INTO orders(customer, note) VALUES (?, 'i')", (key,))
                else:
                    connection.execute("DELETE FROM orders WHERE id = ?", (key,))
            connection.execute("COMMIT")

    took = timed(work)
    connection.close()
    return took


def main(count: int, root: Path) -> None:
    changes = max(100, count // 5)
    source = root / "source" / "shop.db"
    source.parent.mkdir()
    filling = opened(source)
    fill(filling, count)
    filling.close()
    attach = timed(lambda: attached_copy(source, root / "attached.db"))
    dump = timed(lambda: dumped_copy(source, root / "dumped.db"))
    bare = write_backlog(root / "attached.db", changes, count)

    spec = JobSpec(
        "bench",
        f"sqlite://{source.parent}",
        f"sqlite://{root / 'target'}",
        {"shop": {"name": "shop", "all": True}},
        True,
        True,
        True,
    )
    mover = Mover(root, spec)
    process = mover.start()
    load = timed(lambda: mover.catch_up(process))
    mover.stop(process)
    logged = write_backlog(source, changes, count)
    process = mover.start()
    increments = timed(lambda: mover.catch_up(process))
    mover.stop(process)
    compared = timed(lambda: dataplane.compare(spec))

    print(
        f"{count:,} rows of 10 columns, 2 indexes; {changes:,} changes. Processes are timed from their start."
    )
    print(f"full load   mover {count / load:12,.0f} rows/s")
    print(
        f"            INSERT..SELECT {count / attach:,.0f} rows/s ({attach / load:.2f} of it), "
        f"dump {count / dump:,.0f} rows/s ({dump / load:.2f} of it)"
    )
    print(f"increments  mover {changes / increments:12,.0f} changes/s of a backlog")
    print(f"            bare application writes {changes / bare:,.0f}/s ({bare / increments:.2f} of it)")
    print(
        f"writing     with the log {changes / logged:,.0f}/s, "
        f"without {changes / bare:,.0f}/s ({bare / logged:.2f} of it)"
    )
    print(f"compare     {count / compared:12,.0f} rows/s")
    if not dataplane.compare(spec).equal:
        raise SystemExit("source and target differ")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000, Path(folder))
