"""Tells what DDL has done to a table by its shape before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow_dts.emulator.dataplane.base import Column, MoverError, Table, Unique

Signature = dict[str, Any]


def signature(table: Table) -> Signature:
    """Everything about a table that decides how its rows are moved, as JSON."""
    return {
        "columns": [_column(column) for column in table.columns],
        "key": list(table.key),
        "uniques": sorted([[list(term) for term in unique.terms], unique.where] for unique in table.uniques),
        "flavor": table.flavor,
    }


def _column(column: Column) -> list[Any]:
    return [column.name, column.type, column.not_null, column.default, column.generated]


def added_columns(before: Signature, table: Table, database: str) -> list[Column]:
    """The columns that ALTER TABLE ADD COLUMN has brought.

    Raises MoverError for every other change, naming the DDL.
    """
    after = signature(table)
    old, new = before["columns"], after["columns"]
    ddl = ""
    if new[: len(old)] != old:
        ddl = "columns were dropped, renamed or altered (ALTER TABLE DROP or RENAME COLUMN, a rebuilt table)"
    elif before["key"] != after["key"] or before["flavor"] != after["flavor"]:
        ddl = "its key or its kind was altered"
    elif before["uniques"] != after["uniques"]:
        ddl = "a unique index was created or dropped (CREATE UNIQUE INDEX, DROP INDEX)"
    if ddl:
        raise MoverError(
            f"database {database!r}, table {table.name!r}: {ddl} while the job was under way; this "
            "DDL is not carried over: reset the job, so that the table is created and loaded anew"
        )
    return list(table.columns[len(old) :])


def misfit(source: Table, columns: tuple[tuple[str, str], ...], key: tuple[str, ...], target: Table) -> str:
    """Why an existing target table cannot take a source table's rows as they are; empty when it can."""
    for source_name, target_name in columns:
        problem = _column_misfit(source.column(source_name), target.column(target_name), target_name)
        if problem:
            return problem
    if _folded(zip(target.key, target.folding, strict=True)) != _folded(
        zip(key, source.folding, strict=True)
    ):
        wanted = ", ".join(f"{name} {how}" for name, how in zip(key, source.folding, strict=True))
        return f"its key is ({', '.join(target.key) or 'none'}) where ({wanted}) is needed"
    if source.flavor != target.flavor:
        return f"it is {target.flavor or 'ordinary'}, the source's table is {source.flavor or 'ordinary'}"
    return _unfilled(columns, target) or _stricter(source, columns, target)


def _column_misfit(source: Column | None, target: Column | None, name: str) -> str:
    if source is None or target is None:
        return f"it has no column {name!r}"
    if source.generated != target.generated:
        return f"column {name!r} is generated on one side only"
    if source.type.casefold() != target.type.casefold():
        return f"column {name!r} is {target.type or 'untyped'} where {source.type or 'untyped'} is needed"
    if target.not_null and not source.not_null:
        return f"column {name!r} is NOT NULL in the target only"
    return ""


def _unfilled(columns: tuple[tuple[str, str], ...], target: Table) -> str:
    filled = {name.casefold() for _, name in columns}
    for column in target.columns:
        if (
            column.not_null
            and column.default is None
            and not column.generated
            and column.name.casefold() not in filled
        ):
            return f"its column {column.name!r} is NOT NULL without a default, and nothing is written to it"
    return ""


def _stricter(source: Table, columns: tuple[tuple[str, str], ...], target: Table) -> str:
    """A unique index only the target has would throw out rows the source holds."""
    names = dict(columns)
    known = [_promise(unique, names) for unique in source.uniques]
    for unique in target.uniques:
        if _promise(unique, {}) not in known:
            return f"its unique index {unique.name!r} has no counterpart in the source"
    return ""


def _promise(unique: Unique, names: dict[str, str]) -> tuple[object, str]:
    """What a unique index forbids, under the target's names as far as it speaks of plain columns."""
    if not unique.plain:
        return unique.terms, unique.where
    columns = (names.get(name, name) for name in unique.plain)
    return _folded(zip(columns, (collation for _, collation in unique.terms), strict=True)), unique.where


def _folded(pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((name.casefold(), collation) for name, collation in pairs)
