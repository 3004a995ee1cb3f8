"""Reads SQLite's catalog into `Table`s."""

from __future__ import annotations

import sqlite3

from airflow_dts.emulator.dataplane.base import OWN_PREFIX, Column, Table, Unique
from airflow_dts.emulator.dataplane.sqlite.ddl import index_terms, quote, tokens


def shape_token(connection: sqlite3.Connection) -> str:
    """Changes with every DDL statement of anybody, also between runs."""
    return str(connection.execute("PRAGMA schema_version").fetchone()[0])


def read_tables(connection: sqlite3.Connection) -> dict[str, Table]:
    """Every ordinary table that a job may select, by name."""
    listed = connection.execute(
        "SELECT name, wr, strict FROM pragma_table_list "
        "WHERE schema = 'main' AND type = 'table' ORDER BY name"
    ).fetchall()
    return {
        str(name): read_table(connection, str(name), bool(rowless), bool(strict))
        for name, rowless, strict in listed
        if not is_internal(str(name))
    }


def is_internal(name: str) -> bool:
    folded = name.casefold()
    return folded.startswith(("sqlite_", OWN_PREFIX))


def read_oddities(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Names of views, triggers and virtual tables; none of them is moved."""
    found: dict[str, list[str]] = {"view": [], "trigger": [], "virtual": []}
    for kind, name in connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') "
        "UNION ALL SELECT type, name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
    ):
        if not is_internal(str(name)):
            found[str(kind)].append(str(name))
    return found


def read_table(connection: sqlite3.Connection, name: str, rowless: bool, strict: bool) -> Table:
    info = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (name,)
    ).fetchall()
    columns = tuple(
        Column(column, kind, bool(not_null), default, generated=hidden in (2, 3))
        for column, kind, not_null, default, _, hidden in info
    )
    sql = str(
        connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
        ).fetchone()[0]
    )
    primary = tuple(row[0] for row in sorted((row for row in info if row[4]), key=lambda row: int(row[4])))
    indexes = _Indexes(connection, name)
    key, key_index = (primary, indexes.primary) if primary else _stand_in(columns, indexes.uniques)
    alias = bool(primary) and indexes.primary is None and not rowless
    return Table(
        name=name,
        columns=columns,
        key=key,
        collations=_collations(key, key_index, sql),
        folding=_index_collations(key, key_index),
        nullable_key=not alias and not rowless and not _all_not_null(columns, key),
        no_key="" if key else "it has neither a primary key nor a unique index over NOT NULL columns",
        uniques=tuple(unique for unique in indexes.uniques if unique is not key_index),
        flavor=" ".join(word for word, on in (("STRICT", strict), ("WITHOUT ROWID", rowless)) if on),
        sql=sql,
        indexes=indexes.statements,
        counter=any(token.means("AUTOINCREMENT") for token in tokens(sql)),
        row_id="" if alias or rowless else _row_id(columns),
    )


def _row_id(columns: tuple[Column, ...]) -> str:
    taken = {column.name.casefold() for column in columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "")


def _all_not_null(columns: tuple[Column, ...], key: tuple[str, ...]) -> bool:
    return all(column.not_null for column in columns if column.name in key)


def _stand_in(columns: tuple[Column, ...], uniques: list[Unique]) -> tuple[tuple[str, ...], Unique | None]:
    """The columns of the first unique index that can do a primary key's work."""
    solid = {column.name for column in columns if column.not_null and not column.generated}
    for unique in uniques:
        if unique.plain and not unique.where and solid.issuperset(unique.plain):
            return unique.plain, unique
    return (), None


def _index_collations(key: tuple[str, ...], index: Unique | None) -> tuple[str, ...]:
    if index is None:
        return ("BINARY",) * len(key)
    by_name = dict(zip(index.plain, (collation for _, collation in index.terms), strict=True))
    return tuple(by_name[name] for name in key)


def _collations(key: tuple[str, ...], index: Unique | None, sql: str) -> tuple[str, ...]:
    """An index may collate otherwise than its column; only then comparisons have to name the collation."""
    named = any(token.means("COLLATE") for token in tokens(sql))
    found = _index_collations(key, index)
    return tuple(name if index is not None and (named or name != "BINARY") else "" for name in found)


class _Indexes:
    """The indexes of one table: the primary key's, the unique ones, and the statements that made them."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self.primary: Unique | None = None
        self.uniques: list[Unique] = []
        statements: list[tuple[str, str]] = []
        for name, unique, origin in connection.execute(
            'SELECT name, "unique", origin FROM pragma_index_list(?) ORDER BY seq DESC', (table,)
        ).fetchall():
            row = connection.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)
            ).fetchone()
            sql = str(row[0]) if row and row[0] else ""
            if sql:
                statements.append((name, sql))
            if unique:
                self._keep(_unique(connection, name, sql), origin)
        self.statements = tuple(statements)

    def _keep(self, unique: Unique, origin: str) -> None:
        if origin == "pk":
            self.primary = unique
        else:
            self.uniques.append(unique)


def _unique(connection: sqlite3.Connection, name: str, sql: str) -> Unique:
    info = connection.execute(
        "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno", (name,)
    ).fetchall()
    texts, where = index_terms(sql) if sql else ([], "")
    terms = tuple(
        (quote(column) if column is not None else texts[place], str(collation))
        for place, (column, collation) in enumerate(info)
    )
    plain = tuple(column for column, _ in info) if all(column is not None for column, _ in info) else ()
    return Unique(name, terms, plain, where)
