"""An emulator with real databases behind it, for clients that are not ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator.server import EmulatorServer


@dataclass
class Shop:
    """An emulator and the databases it moves rows between."""

    emulator: EmulatorServer
    source: Path
    target: Path

    @property
    def endpoint(self) -> str:
        return f"{self.emulator.host}:{self.emulator.port}"

    def sell(self, orders: int) -> None:
        with closing(sqlite3.connect(self.source / "shop.db", timeout=30)) as db, db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, v TEXT)")
            db.executemany("INSERT INTO orders (v) VALUES (?)", ((f"order {n}",) for n in range(orders)))

    def rows(self, side: Path) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(side / "shop.db", timeout=30)) as db:
            return db.execute("SELECT * FROM orders ORDER BY id").fetchall()

    @property
    def equal(self) -> bool:
        return self.rows(self.source) == self.rows(self.target)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    bind = {"rm-source": f"sqlite:///{source}", "rm-target": f"sqlite:///{target}"}
    with EmulatorServer(tmp_path / "state", bind=bind) as emulator:
        found = Shop(emulator, source, target)
        found.sell(1000)
        yield found
