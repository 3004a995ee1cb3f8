"""Compares two SQLite files inside SQLite, exactly: 1, 1.0 and '1' differ, and so do 'a' and 'A'."""
# ruff: noqa: S608 - names are quoted by `ddl.quote`, values are bound, filters were checked by SQLite

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from airflow_dts.emulator.dataplane.base import TablePlan
from airflow_dts.emulator.dataplane.objects import DatabasePlan
from airflow_dts.emulator.dataplane.spec import Sample, TableComparison
from airflow_dts.emulator.dataplane.sqlite.capture import collated
from airflow_dts.emulator.dataplane.sqlite.ddl import quote
from airflow_dts.emulator.dataplane.sqlite.server import connect
from airflow_dts.emulator.dataplane.sqlite.values import RawText, lenient


def compare_databases(
    source: Path, target: Path, plan: DatabasePlan, limit: int
) -> tuple[list[TableComparison], list[Sample]]:
    """Counts for each table, and the keys of at most `limit` rows that differ.

    Raises ValueError when the files hold text in different encodings: SQLite cannot look at both at once.
    """
    _require_one_encoding(source, target)
    with closing(connect(source, read_only=True)) as connection:
        connection.text_factory = lenient
        connection.execute(
            "ATTACH ? AS other", (f"{target.as_uri()}?mode=rw" if target.exists() else ":memory:",)
        )
        # One snapshot of each file for all its tables.
        connection.execute("BEGIN")
        tables: list[TableComparison] = []
        samples: list[Sample] = []
        for table in plan.tables:
            counted, found = _Comparer(connection, plan, table).compare(limit - len(samples))
            tables.append(counted)
            samples += found
        connection.execute("ROLLBACK")
    return tables, samples


def _require_one_encoding(source: Path, target: Path) -> None:
    found = []
    for path in (source, target):
        # An empty file has not chosen its encoding yet.
        if path.exists() and path.stat().st_size:
            with closing(connect(path, read_only=True)) as connection:
                found.append(str(connection.execute("PRAGMA encoding").fetchone()[0]))
    if len(set(found)) > 1:
        raise ValueError(
            f"{source} holds text as {found[0]} and {target} as {found[1]}, which cannot be compared; let "
            "the job make the target database, or make it with the same PRAGMA encoding"
        )


class _Comparer:
    def __init__(self, connection: sqlite3.Connection, database: DatabasePlan, plan: TablePlan) -> None:
        self._connection = connection
        self._database = database
        self._plan = plan
        self._source = (
            f"(SELECT * FROM main.{quote(plan.name)} WHERE {f'({plan.filter})' if plan.filter else '1'}) AS s"
        )
        self._target = f"other.{quote(plan.target_name)} AS t"
        names = dict(plan.columns)
        # Without a key whole rows stand for themselves.
        key = plan.source.key or tuple(source for source, _ in plan.columns)
        collations = plan.source.collations or ("BINARY",) * len(key)
        self._key = [(name, names[name], collation) for name, collation in zip(key, collations, strict=True)]

    def compare(self, limit: int) -> tuple[TableComparison, list[Sample]]:
        rows = self._count(self._source)
        if not self._target_fits():
            return self._counted(rows, 0, rows, 0, 0), self._sampled(
                "missing", f"FROM {self._source}", "s", limit
            )
        equals = "=" if self._plan.source.key else "IS"
        same_key = " AND ".join(
            f"{collated(f's.{quote(source)}', name)} {equals} t.{quote(target)}"
            for source, target, name in self._key
        )
        changed = f"FROM {self._source} JOIN {self._target} ON {same_key} WHERE NOT ({self._alike()})"
        missing = f"FROM {self._source} WHERE NOT EXISTS (SELECT 1 FROM {self._target} WHERE {same_key})"
        extra = f"FROM {self._target} WHERE NOT EXISTS (SELECT 1 FROM {self._source} WHERE {same_key})"
        counts = [self._number(f"SELECT count(*) {part}") for part in (missing, extra, changed)]
        samples: list[Sample] = []
        for kind, part, side, count in zip(
            ("missing", "extra", "changed"), (missing, extra, changed), "sts", counts, strict=True
        ):
            if count:
                samples += self._sampled(kind, part, side, limit - len(samples))
        return self._counted(rows, self._count(self._target), *counts), samples

    def _target_fits(self) -> bool:
        found = {
            str(name).casefold()
            for (name,) in self._connection.execute(
                "SELECT name FROM pragma_table_xinfo(?, 'other')", (self._plan.target_name,)
            )
        }
        return all(target.casefold() in found for _, target in self._plan.columns)

    def _alike(self) -> str:
        """Equal to the last bit: in type, and byte by byte whatever the columns' collations say."""
        pairs = [(f"s.{quote(source)}", f"t.{quote(target)}") for source, target in self._plan.columns]
        return " AND ".join(f"{a} IS {b} COLLATE BINARY AND typeof({a}) = typeof({b})" for a, b in pairs)

    def _count(self, relation: str) -> int:
        return self._number(f"SELECT count(*) FROM {relation}")

    def _number(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0])

    def _counted(self, source: int, target: int, missing: int, extra: int, changed: int) -> TableComparison:
        return TableComparison(
            self._database.source, self._plan.name, source, target, missing, extra, changed
        )

    def _sampled(self, kind: Any, part: str, side: str, limit: int) -> list[Sample]:
        columns = ", ".join(
            f"{side}.{quote(source if side == 's' else target)}" for source, target, _ in self._key
        )
        rows = self._connection.execute(f"SELECT {columns} {part} LIMIT {max(0, limit)}").fetchall()
        return [
            Sample(
                self._database.source,
                self._plan.name,
                kind,
                {name: _shown(value) for (name, _, _), value in zip(self._key, row, strict=True)},
            )
            for row in rows
        ]


def _shown(value: object) -> object:
    """A key's value as JSON can hold it."""
    if isinstance(value, RawText):
        value = value.data
    return f"x'{value.hex()}'" if isinstance(value, bytes) else value
