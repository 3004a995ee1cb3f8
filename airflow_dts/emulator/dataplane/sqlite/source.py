"""An SQLite database that is read, while an application writes it."""
# ruff: noqa: S608 - names are quoted by `ddl.quote`, values are bound, filters were checked by SQLite

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from airflow_dts.emulator.dataplane.base import (
    Changes,
    Key,
    KeyState,
    LostChanges,
    MoverError,
    Row,
    Table,
    TableChanges,
    TablePlan,
    Touch,
)
from airflow_dts.emulator.dataplane.sqlite import capture, catalog, values
from airflow_dts.emulator.dataplane.sqlite.capture import key_column, key_terms, log_table
from airflow_dts.emulator.dataplane.sqlite.ddl import has_comment, quote, tokens
from airflow_dts.emulator.dataplane.sqlite.server import connect, file_identity

_FETCH = 500
_CHUNK_BYTES = 16 << 20
_PURGE_ROWS = 10_000
_PURGE_EVERY = 0.25
_PURGE_PATIENCE_MS = 50
_TIMELESS = "it may only use columns of its own row, constants and functions that always answer alike"


class SqliteSource:
    """See `Source`. Reads are short transactions; only the triggers and the purge of the log are written."""

    def __init__(self, database: str, path: Path, job_id: str, partner: str = "") -> None:
        """:param partner: a job whose writes are not logged."""
        self.database = database
        self._path = path
        self._job = job_id
        self._partner = partner
        self._log = log_table(job_id)
        self._connection = connect(path, read_only=True)
        self._identity = file_identity(path)
        self._writer: sqlite3.Connection | None = None
        self._purged = 0
        self._purged_at = 0.0

    def close(self) -> None:
        self._connection.close()
        if self._writer is not None:
            self._writer.close()

    # --- what there is

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN")
        try:
            yield self._connection
        finally:
            self._connection.execute("ROLLBACK")

    def look(self) -> tuple[str, dict[str, Table]]:
        with self._snapshot() as connection:
            return catalog.shape_token(connection), catalog.read_tables(connection)

    def oddities(self) -> dict[str, list[str]]:
        return catalog.read_oddities(self._connection)

    def concurrency_problem(self) -> str:
        mode = str(self._connection.execute("PRAGMA journal_mode").fetchone()[0])
        return "" if mode == "wal" else f"in journal mode {mode}, readers and writers wait for each other"

    def hiding_triggers(self) -> dict[str, list[str]]:
        return capture.hiding_triggers(self._connection)

    def encoding(self) -> str:
        """In which form the file holds text: UTF-8, UTF-16le or UTF-16be."""
        return str(self._connection.execute("PRAGMA encoding").fetchone()[0])

    def replaced(self) -> bool:
        return file_identity(self._path) != self._identity

    def marks(self) -> dict[str, int]:
        """The numbers an application may mark its file with."""
        return {
            mark: int(self._connection.execute(f"PRAGMA {mark}").fetchone()[0])
            for mark in ("user_version", "application_id")
        }

    def filter_problem(self, table: Table, condition: str) -> str:
        if has_comment(condition):
            return "it holds a comment; leave it out"
        if any(
            token.name.casefold() == "now" or token.text.upper().startswith("CURRENT_")
            for token in tokens(condition)
        ):
            return f"it depends on the clock; {_TIMELESS}"
        # SQLite holds the condition of an index to just the rules a row filter needs.
        with closing(sqlite3.connect(":memory:")) as scratch:
            try:
                scratch.execute(table.sql)
                scratch.execute(f"CREATE INDEX _dts_filter ON {quote(table.name)}(1 + 1) WHERE {condition}")
                scratch.execute(f"SELECT 1 FROM {quote(table.name)} WHERE ({condition})")
            except (sqlite3.Error, sqlite3.Warning) as error:
                return f"{error}; {_TIMELESS}"
        return ""

    def null_keys(self, table: Table) -> int:
        if not table.nullable_key:
            return 0
        null = " OR ".join(f"{quote(name)} IS NULL" for name in table.key)
        return self._number(f"SELECT count(*) FROM {quote(table.name)} WHERE {null}")

    def count(self, plan: TablePlan) -> int:
        return self._number(f"SELECT count(*) FROM {quote(plan.name)} WHERE {_condition(plan)}")

    def _number(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0])

    def counter(self, table: Table) -> int | None:
        if not table.counter:
            return None
        row = self._connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
        ).fetchone()
        return int(row[0]) if row else None

    def untouched_since(self, instant: float) -> bool:
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return all(file.stat().st_mtime < instant for file in files if file.exists())

    # --- full load

    def chunk(self, plan: TablePlan, after: Key | None, limit: int) -> list[Row]:
        key = ", ".join(key_terms(plan.source))
        condition = _condition(plan)
        if after is not None:
            condition += f" AND ({key}) > ({', '.join('?' * len(after))})"
        columns = ", ".join(quote(source) for source, _ in plan.stored)
        sql = f"SELECT {columns} FROM {quote(plan.name)} WHERE {condition} ORDER BY {key} LIMIT {limit}"
        rows = values.read(self._connection, lambda: self._bounded(sql, after or ()))
        if rows:
            _refuse_raw(plan, [rows[-1][place] for place in plan.key_places])
        return rows

    def _bounded(self, sql: str, parameters: Key) -> list[Row]:
        """The rows of a query, cut short when they grow heavy."""
        cursor = self._connection.execute(sql, parameters)
        rows: list[Row] = []
        heavy = 0
        while batch := cursor.fetchmany(_FETCH):
            rows += batch
            heavy += sum(map(values.weight, batch[:: _FETCH // 10])) * 50
            if heavy > _CHUNK_BYTES:
                break
        cursor.close()
        return rows

    # --- the log

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = connect(self._path)
        return self._writer

    def capture(self, plans: Sequence[TablePlan], known: Collection[str]) -> int:
        writer = self._writing()
        end = 0

        def work() -> None:
            nonlocal end
            problems = filter(None, (capture.gap(writer, self._job, name) for name in known))
            if problem := next(problems, ""):
                raise LostChanges(
                    f"database {self.database!r}: {problem}; reset the job, so that it is loaded anew"
                )
            capture.install(writer, self._job, plans, self._partner)
            end = int(writer.execute(f"SELECT coalesce(max(seq), 0) FROM {quote(self._log)}").fetchone()[0])

        self._transact(writer, work)
        return end

    def logs(self) -> bool:
        return capture.is_installed(self._connection, self._job)

    def renamed(self, table: str) -> str:
        hangs_on = capture.insert_trigger_table(self._connection, self._job, table)
        return hangs_on if hangs_on and hangs_on != table else ""

    def pulse(self) -> object:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def changes(
        self,
        plans: Sequence[TablePlan],
        shape: str,
        after: int,
        limit: int | None,
        before: float | None = None,
    ) -> Changes:
        read_at = time.time()
        with self._snapshot() as connection:
            token = catalog.shape_token(connection)
            if token != shape:
                return Changes(token, after, read_at)
            last = self._last(after, limit, before)
            changes = Changes(shape, last, read_at)
            waiting = connection.execute(
                f"SELECT at FROM {quote(self._log)} WHERE seq > ? ORDER BY seq LIMIT 1", (last,)
            ).fetchone()
            if waiting is not None:
                changes.tail, changes.waiting_since = False, waiting[0]
            if last > after:
                self._fill(changes, {plan.name: plan for plan in plans}, after)
            return changes

    def _last(self, after: int, limit: int | None, before: float | None) -> int:
        log = quote(self._log)
        last = self._number(f"SELECT coalesce(max(seq), 0) FROM {log}")
        if self._number(f"SELECT coalesce(min(seq), 0) FROM {log}") > after + 1:
            raise MoverError(
                f"the log of database {self.database!r} was purged beyond the checkpoint {after}: the target "
                "was put back to an older state; reset the job, so that it is loaded anew"
            )
        if last < after:
            raise MoverError(
                f"the log of database {self.database!r} ends at {last}, before the checkpoint {after}: the "
                "source was put back to an older state; reset the job"
            )
        if limit is not None:
            last = min(last, after + limit)
        if before is not None:
            young = self._connection.execute(
                f"SELECT seq FROM {log} WHERE seq > ? AND seq <= ? AND at > ? ORDER BY seq LIMIT 1",
                (after, last, before),
            ).fetchone()
            last = young[0] - 1 if young else last
        return last

    def _fill(self, changes: Changes, plans: dict[str, TablePlan], after: int) -> None:
        stretch = (after, changes.position)
        for name, count in self._connection.execute(
            f"SELECT tab, count(*) FROM {quote(self._log)} WHERE seq > ? AND seq <= ? GROUP BY tab",
            stretch,
        ).fetchall():
            changes.count += count
            plan = plans.get(name)
            if plan is not None:
                changes.tables.append(self._table_changes(plan, count, stretch))

    def _table_changes(self, plan: TablePlan, count: int, stretch: tuple[int, int]) -> TableChanges:
        found = TableChanges(plan, count, self._states(plan, stretch), counter=self.counter(plan.source))
        if any(None in state.key for state in found.states):
            raise MoverError(
                f"table {plan.name!r} has a row with NULL in its key ({', '.join(plan.source.key)}); "
                "give it a key or declare the columns NOT NULL, then start the job again"
            )
        for state in found.states:
            _refuse_raw(plan, state.key)
        if plan.restricted:
            keys = ", ".join(key_column(place) for place in range(len(plan.source.key)))
            sql = f"SELECT op, {keys} FROM {self._stretch()} ORDER BY seq"
            found.touches = [Touch(row[0], tuple(row[1:])) for row in self._read(sql, (*stretch, plan.name))]
        return found

    def _states(self, plan: TablePlan, stretch: tuple[int, int]) -> list[KeyState]:
        width = len(plan.source.key)
        keys = ", ".join(key_column(place) for place in range(width))
        columns = ", ".join(f"t.{quote(source)}" for source, _ in plan.stored)
        same = " AND ".join(
            f"{term} = l.{key_column(place)}" for place, term in enumerate(key_terms(plan.source, "t."))
        )
        inside = _condition(plan)
        # The filter names its columns bare, so it is worked out where no other table is in sight.
        row = (
            f"(SELECT *, ({inside}) AS _dts_inside FROM {quote(plan.name)})"
            if plan.filter
            else quote(plan.name)
        )
        kept = "t._dts_inside" if plan.filter else "1"
        sql = (
            f"SELECT {', '.join(f'l.{key_column(place)}' for place in range(width))}, "
            f"t.{quote(plan.source.key[0])} IS NOT NULL, {kept}, {columns} "
            f"FROM (SELECT DISTINCT {keys} FROM {self._stretch()}) AS l "
            f"LEFT JOIN {row} AS t ON {same}"
        )
        return [
            KeyState(
                tuple(found[:width]),
                bool(found[width]),
                tuple(found[width + 2 :]) if found[width] and found[width + 1] else None,
            )
            for found in self._read(sql, (*stretch, plan.name))
        ]

    def _stretch(self) -> str:
        return f"{quote(self._log)} WHERE seq > ? AND seq <= ? AND tab = ?"

    def _read(self, sql: str, parameters: Key) -> list[Row]:
        return values.read(self._connection, lambda: self._connection.execute(sql, parameters).fetchall())

    def forget(self, position: int) -> None:
        now = time.monotonic()
        if position <= self._purged or now < self._purged_at + _PURGE_EVERY:
            return
        self._purged_at = now
        writer = self._writing()
        writer.execute(f"PRAGMA busy_timeout = {_PURGE_PATIENCE_MS}")
        try:
            self._purged = self._purge(writer, position)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
        finally:
            writer.execute("PRAGMA busy_timeout = 30000")

    def _purge(self, writer: sqlite3.Connection, position: int) -> int:
        """Delete a slice of the log, never its newest entry (see `capture`). Returns how far it is purged."""
        log = quote(self._log)
        first, last = writer.execute(f"SELECT min(seq), max(seq) FROM {log}").fetchone()
        if first is None:
            return position
        upto = min(position, last - 1, first + _PURGE_ROWS)
        writer.execute(f"DELETE FROM {log} WHERE seq <= ?", (upto,))
        return position if upto >= min(position, last - 1) else upto

    def release(self, job_id: str) -> None:
        if capture.is_installed(self._connection, job_id):
            writer = self._writing()
            self._transact(writer, lambda: capture.remove(writer, job_id, self._partner))

    @staticmethod
    def _transact(writer: sqlite3.Connection, work: Callable[[], None]) -> None:
        writer.execute("BEGIN IMMEDIATE")
        try:
            work()
            writer.execute("COMMIT")
        except BaseException:
            writer.execute("ROLLBACK")
            raise


def _condition(plan: TablePlan) -> str:
    return f"({plan.filter})" if plan.filter else "1"


def _refuse_raw(plan: TablePlan, key: Iterable[Any]) -> None:
    if any(type(value) is values.RawText for value in key):
        raise MoverError(
            f"table {plan.name!r} has text that is not UTF-8 in its key; such rows cannot be moved"
        )
