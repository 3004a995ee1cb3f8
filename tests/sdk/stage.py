"""An emulator and the databases of a whole scenario."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_dts.emulator.options import Options
from airflow_dts.emulator.server import EmulatorServer

_TABLES = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, v TEXT);
    CREATE INDEX customers_v ON customers (v);
    CREATE TABLE secrets (id INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE later (id INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE goods (id INTEGER PRIMARY KEY, v TEXT);
    INSERT INTO orders (v) VALUES ('a'), ('b'), ('c');
    INSERT INTO customers (v) VALUES ('x');
"""


@dataclass
class Stage:
    """The emulator, and a directory for each end a job may have."""

    emulator: EmulatorServer
    directory: Path

    @property
    def endpoint(self) -> str:
        return f"{self.emulator.host}:{self.emulator.port}"

    def sql(self, end: str, script: str) -> None:
        """Run it in the ``shop`` of an end."""
        with closing(sqlite3.connect(self.directory / end / "shop.db", timeout=30)) as db, db:
            db.executescript(script)


class End:
    """A database by all its names.

    :param name: of its directory; the rest is made from it, so that no two ends are the same.
    """

    def __init__(self, name: str, number: int) -> None:
        self.name, self.instance_id = name, f"rm-{name}"
        self.ip, self.port = f"10.0.0.{number}", "3306"

    @property
    def address(self) -> str:
        return f"{self.ip}:{self.port}"


SOURCE = End("source", 1)
MIGRATED, MOVED, MIRROR, COPY = (
    End(name, number) for number, name in enumerate(("migrated", "moved", "mirror", "copy"), 2)
)
COPY_ELSEWHERE = End("copy", 9)
"""The same database at the address it has after a failover."""


@contextmanager
def staged(directory: Path, **options: Any) -> Iterator[Stage]:
    quick = Options(precheck_seconds=0.0, first_backoff=0.1, **options)
    bind = {}
    for end in (SOURCE, MIGRATED, MOVED, MIRROR, COPY, COPY_ELSEWHERE):
        (directory / end.name).mkdir(exist_ok=True)
        bind[end.instance_id] = bind[end.address] = f"sqlite:///{directory / end.name}"
    with EmulatorServer(directory / "state", bind=bind, options=quick) as emulator:
        stage = Stage(emulator, directory)
        stage.sql(SOURCE.name, _TABLES)
        yield stage
