"""An application that writes a database while it is moved: ``python churn_writer.py FILE CHANGES RATE SEED``.

Mixes inserts, updates, deletes, key changes, REPLACE that displaces by key and by unique value, upserts,
writes to many rows at once, swaps of unique values, and rollbacks. The seed decides everything but the
timing.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time


class Churn:
    def __init__(self, path: str, seed: int) -> None:
        self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute(f"PRAGMA recursive_triggers = {seed % 2}")
        self.dice = random.Random(seed)
        self.done = 0

    def run(self, changes: int, rate: float) -> None:
        started = time.monotonic()
        while self.done < changes:
            self.transaction()
            ahead = self.done / rate - (time.monotonic() - started) if rate else 0.0
            if ahead > 0:
                time.sleep(ahead)

    def transaction(self) -> None:
        before = self.done
        self.connection.execute("BEGIN IMMEDIATE")
        for _ in range(self.dice.randint(1, 20)):
            self.change()
        if self.dice.random() < 0.05:
            self.connection.execute("ROLLBACK")
            self.done = before
        else:
            self.connection.execute("COMMIT")

    def change(self) -> None:
        number, kind = self.dice.randint(1, 120_000), self.dice.randrange(12)
        text = f"{self.dice.random()} 名 💾"
        email = f"c{self.dice.randint(1, 2_200)}@x"
        customer = self.dice.randint(1, 2_200)
        sql, values = [
            ("UPDATE orders SET note = ?, amount = amount + 1 WHERE id = ?", (text, number)),
            ("UPDATE orders SET note = ? WHERE id = ?", (text, number)),
            (
                "INSERT INTO orders(customer, amount, note, payload) VALUES (?, ?, ?, ?)",
                (customer, number / 7, text, self.dice.randbytes(9)),
            ),
            ("DELETE FROM orders WHERE id = ?", (number,)),
            (
                "UPDATE OR IGNORE orders SET id = ? WHERE id = ?",
                (number + self.dice.choice([1, 500_000]), number),
            ),
            ("UPDATE OR REPLACE orders SET id = ? WHERE id = ?", (number + 1, number)),
            ("UPDATE lines SET quantity = quantity + 1 WHERE order_id = ?", (number % 9_000,)),
            (
                "UPDATE OR REPLACE lines SET line = line + 1 WHERE order_id = ? AND line = 1",
                (number % 9_000,),
            ),
            ("INSERT OR REPLACE INTO customers VALUES (?, ?, ?)", (customer, email, text)),
            ("UPDATE OR REPLACE customers SET email = ? WHERE id = ?", (email, customer)),
            (
                "INSERT INTO customers(email, name) VALUES (?, ?) "
                "ON CONFLICT(email) DO UPDATE SET name = excluded.name",
                (email, text),
            ),
            ("DELETE FROM customers WHERE id = ?", (customer,)),
        ][kind]
        self.done += max(0, self.connection.execute(sql, values).rowcount)
        if kind == 11:
            self.swap(customer)

    def swap(self, customer: int) -> None:
        """Two rows exchange their unique values."""
        found = self.connection.execute(
            "SELECT id, email FROM customers WHERE id > ? LIMIT 2", (customer,)
        ).fetchall()
        if len(found) == 2:
            (first, one), (second, other) = found
            for email, key in ((None, first), (one, second), (other, first)):
                self.connection.execute("UPDATE customers SET email = ? WHERE id = ?", (email, key))
            self.done += 3


if __name__ == "__main__":
    Churn(sys.argv[1], int(sys.argv[4])).run(int(sys.argv[2]), float(sys.argv[3]))
