"""An SQLite database that is written."""
# ruff: noqa: S608 - names are quoted by `ddl.quote`, values are bound, filters were checked by SQLite

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_dts.emulator.dataplane.base import (
    OWN_PREFIX,
    Column,
    Key,
    Row,
    Source,
    Table,
    TablePlan,
    UniqueConflict,
)
from airflow_dts.emulator.dataplane.sqlite import capture, catalog, values
from airflow_dts.emulator.dataplane.sqlite.capture import collated
from airflow_dts.emulator.dataplane.sqlite.ddl import column_definition, quote, tokens
from airflow_dts.emulator.dataplane.sqlite.server import connect, file_identity
from airflow_dts.emulator.dataplane.sqlite.source import SqliteSource

_CHECKPOINT = f"{OWN_PREFIX}ckpt"


class SqliteTarget:
    """See `Target`. Commits reach the disk before they count: the source's log is purged after them."""

    def __init__(self, database: str, path: Path, encoding: str = "", writer: str = "") -> None:
        """Open the database, or make it.

        :param encoding: of the text in a database that is made by this; empty for SQLite's own choice.
        :param writer: the job that writes; empty for whoever only looks.
        """
        self.database = database
        self._writer = writer
        fresh = not path.exists() or path.stat().st_size == 0
        self._connection = connect(path, create=True)
        self._path, self._identity = path, file_identity(path)
        if fresh:
            if encoding:
                # Before the first write, or never.
                self._connection.execute(f"PRAGMA encoding = '{encoding}'")
            self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA recursive_triggers = OFF")

    def close(self) -> None:
        self._connection.close()

    def replaced(self) -> bool:
        return file_identity(self._path) != self._identity

    def tables(self) -> dict[str, Table]:
        return catalog.read_tables(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            with self._marked():
                yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _marked(self) -> Iterator[None]:
        """Let the log of a two-way job's other half see whose writes these are (see `capture`)."""
        mark = capture.mark_table(self._writer) if self._writer else ""
        if not mark or not capture.has_table(self._connection, mark):
            yield
            return
        self._connection.execute(f"INSERT INTO {quote(mark)} VALUES (1)")
        yield
        self._connection.execute(f"DELETE FROM {quote(mark)}")

    # --- structure

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def added_column(self, plan: TablePlan, column: Column) -> str:
        definition = column_definition(plan.source.sql, column.name)
        return f"ALTER TABLE {quote(plan.target_name)} ADD COLUMN {definition}"

    def dropped_table(self, table: str) -> str:
        return f"DROP TABLE IF EXISTS {quote(table)}"

    def adopt_settings(self, source: Source) -> None:
        if not isinstance(source, SqliteSource):
            return
        for mark, value in source.marks().items():
            if self._connection.execute(f"PRAGMA {mark}").fetchone()[0] == 0:
                self._connection.execute(f"PRAGMA {mark} = {value}")

    def has_rows(self, table: str) -> bool:
        return self._connection.execute(f"SELECT 1 FROM {quote(table)} LIMIT 1").fetchone() is not None

    # --- rows

    def put(self, plan: TablePlan, rows: Sequence[Row]) -> None:
        self._write("INSERT OR REPLACE", plan, rows)

    def insert(self, plan: TablePlan, rows: Sequence[Row]) -> None:
        try:
            self._write("INSERT", plan, rows)
        except sqlite3.IntegrityError as error:
            raise UniqueConflict(f"table {plan.target_name!r} of {self.database!r}: {error}") from error

    def _write(self, verb: str, plan: TablePlan, rows: Sequence[Row]) -> None:
        columns = ", ".join(quote(target) for _, target in plan.stored)
        head = f"{verb} INTO {quote(plan.target_name)} ({columns}) VALUES "
        values.write(self._connection, lambda places: f"{head}({', '.join(places)})", rows, len(plan.stored))

    def delete(self, plan: TablePlan, keys: Sequence[Key]) -> None:
        terms = _key_terms(plan)

        def statement(places: Sequence[str]) -> str:
            same = " AND ".join(f"{term} = {place}" for term, place in zip(terms, places, strict=True))
            return f"DELETE FROM {quote(plan.target_name)} WHERE {same}"

        values.write(self._connection, statement, keys, len(terms))

    def present(self, plan: TablePlan, keys: Iterable[Key]) -> set[Key]:
        same = " AND ".join(f"{term} = ?" for term in _key_terms(plan))
        sql = f"SELECT 1 FROM {quote(plan.target_name)} WHERE {same}"
        return {key for key in keys if self._connection.execute(sql, key).fetchone() is not None}

    def rows(self, plan: TablePlan, keys: Iterable[Key]) -> dict[Key, Row]:
        columns = ", ".join(quote(target) for _, target in plan.stored)
        same = " AND ".join(f"{term} = ?" for term in _key_terms(plan))
        sql = f"SELECT {columns} FROM {quote(plan.target_name)} WHERE {same}"
        found = ((key, self._read(sql, key)) for key in keys)
        return {key: rows[0] for key, rows in found if rows}

    def _read(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        return values.read(self._connection, lambda: self._connection.execute(sql, parameters).fetchall())

    def set_counter(self, plan: TablePlan, value: int) -> None:
        # An old target table may be spelled otherwise; the counters know it by its own spelling only.
        name, sql = self._connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE",
            (plan.target_name,),
        ).fetchone()
        # Nor need it have a counter; then there is nothing to keep.
        if not any(token.means("AUTOINCREMENT") for token in tokens(str(sql))):
            return
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).fetchone()
        if row is None:
            self._connection.execute("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", (name, value))
        elif row[0] < value:
            self._connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (value, name))

    # --- the other half of a two-way job

    def overhears(self, partner: str) -> bool:
        logs = capture.has_table(self._connection, capture.log_table(partner))
        return logs and not capture.has_table(self._connection, capture.mark_table(self._writer))

    def logged(self, partner: str, plan: TablePlan, after: int) -> set[Key]:
        log = capture.log_table(partner)
        if not capture.has_table(self._connection, log):
            return set()
        table = next(
            table for table in self.tables().values() if table.name.casefold() == plan.target_name.casefold()
        )
        # The log keeps the key's columns in the order of the table it is of.
        columns = [
            capture.key_column(table.key.index(column.name))
            for name in plan.target_key
            if (column := table.column(name)) is not None
        ]
        sql = f"SELECT DISTINCT {', '.join(columns)} FROM {quote(log)} WHERE seq > ? AND tab = ?"
        return {tuple(key) for key in self._read(sql, (after, table.name))}

    # --- checkpoint

    def _has_checkpoints(self) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (_CHECKPOINT,)
        )
        return found.fetchone() is not None

    def load_state(self, job_id: str) -> dict[str, Any]:
        if not self._has_checkpoints():
            return {}
        rows = self._connection.execute(f"SELECT part, state FROM {_CHECKPOINT} WHERE job = ?", (job_id,))
        return {str(part): json.loads(state) for part, state in rows}

    def save_state(self, job_id: str, part: str, state: dict[str, Any] | None) -> None:
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_CHECKPOINT}"
            "(job TEXT, part TEXT, state TEXT NOT NULL, PRIMARY KEY (job, part)) WITHOUT ROWID"
        )
        if state is None:
            self._connection.execute(f"DELETE FROM {_CHECKPOINT} WHERE job = ? AND part = ?", (job_id, part))
        else:
            text = json.dumps(state, ensure_ascii=False)
            self._connection.execute(
                f"INSERT OR REPLACE INTO {_CHECKPOINT} VALUES (?, ?, ?)", (job_id, part, text)
            )

    def release(self, job_id: str) -> None:
        if not self._has_checkpoints():
            return
        with self.transaction():
            self._connection.execute(f"DELETE FROM {_CHECKPOINT} WHERE job = ?", (job_id,))
            if not self.has_rows(_CHECKPOINT):
                self._connection.execute(f"DROP TABLE {_CHECKPOINT}")


def _key_terms(plan: TablePlan) -> list[str]:
    return [
        collated(quote(name), collation)
        for name, collation in zip(plan.target_key, plan.source.collations, strict=True)
    ]
