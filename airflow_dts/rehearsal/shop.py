"""The shop: a small database to rehearse with, and an application that keeps writing to it.

The application asks ``app_control`` before each transaction whether it may write, so that a DAG can
freeze it the way one freezes a real one.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

TABLES = ("customers", "orders", "order_items")

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE app_control (id INTEGER PRIMARY KEY CHECK (id = 1), writable INTEGER NOT NULL);
INSERT INTO app_control VALUES (1, 1);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    email VARCHAR(80) NOT NULL UNIQUE,
    name VARCHAR(80) NOT NULL,
    note TEXT
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    amount DECIMAL(10, 2) NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'new',
    payload BLOB,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at);
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    line INTEGER NOT NULL,
    sku VARCHAR(20) NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
"""


def create(path: Path, rows: int) -> None:
    """Make the database at ``path`` with about ``rows`` rows over its three tables."""
    customers, orders = max(1, rows // 20), max(1, rows * 11 // 20)
    dice = random.Random(20260101)  # noqa: S311 - the same shop every time
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_SCHEMA)
        db.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?)",
            (
                (i, f"c{i}@shop.example", f"客户 {i}", None if i % 7 else "vip 💎")
                for i in range(1, customers + 1)
            ),
        )
        db.executemany(
            "INSERT INTO orders (id, customer_id, amount, status, payload) VALUES (?, ?, ?, ?, ?)",
            (
                (i, dice.randint(1, customers), dice.randint(1, 99999) / 100, "paid", dice.randbytes(12))
                for i in range(1, orders + 1)
            ),
        )
        db.executemany(
            "INSERT INTO order_items VALUES (?, ?, ?, ?)",
            (
                (1 + i % orders, 1 + i // orders, f"sku-{dice.randint(1, 999)}", dice.randint(1, 9))
                for i in range(rows - customers - orders)
            ),
        )
        db.commit()


class Application:
    """Writes to the shop until told to stop: new orders, changes, cancellations, and rolled back ones.

    :param rate: statements per second
    """

    def __init__(self, path: Path, rate: float, seed: int = 1) -> None:
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._dice = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._rate = rate
        self._orders = self._db.execute("SELECT MAX(id) FROM orders").fetchone()[0]
        self._customers = self._db.execute("SELECT MAX(id) FROM customers").fetchone()[0]
        self.written = 0

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(10 / self._rate):
            self.transaction()
        self._db.close()

    def transaction(self) -> bool:
        """Write about ten statements, or nothing while writes are frozen. True if something was committed."""
        self._db.execute("BEGIN IMMEDIATE")  # the switch is read under the lock: no write slips past a freeze
        if not self._db.execute("SELECT writable FROM app_control").fetchone()[0]:
            self._db.execute("ROLLBACK")
            return False
        for _ in range(10):
            self._statement()
        kept = self._dice.random() > 0.03
        self._db.execute("COMMIT" if kept else "ROLLBACK")
        self.written += 10 * kept
        return kept

    def _statement(self) -> None:
        roll, order = self._dice.random(), self._dice.randint(1, self._orders)
        customer = self._dice.randint(1, self._customers)
        if roll < 0.5:
            self._db.execute(
                "UPDATE orders SET amount = amount + 1, status = ? WHERE id = ?",
                (self._dice.choice(["paid", "sent", "back"]), order),
            )
        elif roll < 0.7:
            self._db.execute("INSERT INTO orders (customer_id, amount) VALUES (?, ?)", (customer, roll * 100))
        elif roll < 0.78:
            self._db.execute("DELETE FROM order_items WHERE order_id = ?", (order,))
            self._db.execute("DELETE FROM orders WHERE id = ?", (order,))
        elif roll < 0.9:
            self._db.execute("UPDATE order_items SET quantity = quantity + 1 WHERE order_id = ?", (order,))
        elif roll < 0.95:  # displaces whoever had the address before
            self._db.execute(
                "INSERT OR REPLACE INTO customers (email, name) VALUES (?, ?)",
                (f"c{customer}@shop.example", "again"),
            )
        else:
            self._db.execute("UPDATE customers SET note = ? WHERE id = ?", (f"seen {order}", customer))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="An application that keeps writing to the shop.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--rate", type=float, default=300.0, help="statements per second")
    arguments = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Application(arguments.path, arguments.rate).run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
