"""Between the object lists of the older and the newer API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_dts.api._selection import Column, Database, Table
from airflow_dts.api._wildcards import is_pattern, matches
from airflow_dts.api.legacy._entries import DatabaseEntry, Present, TableInclude
from airflow_dts.api.objects import DbList

# --- from older to newer ----------------------------------------------------------------------------------


def db_list(what: str, listed: Iterable[DatabaseEntry], present: Present | None) -> DbList:
    """The newer form of an older list.

    :param what: what errors call the list.
    :raises ValueError: see ``MigrationObject.to_db_list``.
    """
    found: dict[str, Any] = {}
    for entry in listed:
        place = f"{what}: {entry.source}"
        new_name = _new_name(place, entry)
        for source, tables in _databases(place, entry, present):
            if source in found:
                raise ValueError(f"{what}: {source}: two entries select it; join them into one")
            whole = entry.whole and not entry.leaves_out
            found[source] = {"name": new_name or source, "all": whole, "Table": tables}
    return DbList.of(found)


def _new_name(place: str, entry: DatabaseEntry) -> str | None:
    """The one new name that ``DbList`` knows."""
    if entry.db_name and entry.schema_name:
        if entry.new_db_name not in (None, entry.db_name):
            raise ValueError(f"{place}: DbList renames the schema and not its database: leave NewDBName out")
        return entry.new_schema_name
    names = {name for name in (entry.new_db_name, entry.new_schema_name) if name}
    if len(names) > 1:
        raise ValueError(f"{place}: DbList knows one new name: give NewDBName or NewSchemaName")
    return names.pop() if names else None


def _databases(
    place: str, entry: DatabaseEntry, present: Present | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    if not entry.leaves_out:
        yield entry.source, {table.table_name: _table(place, table) for table in entry.table_includes or ()}
        return
    if present is None:
        raise ValueError(
            f"{place}: DbList cannot leave tables or columns out: tell to_db_list what the source has"
        )
    for source in [name for name in present if matches(entry.source, name)] or [entry.source]:
        tables = _remaining(place, entry, present.get(source, {}))
        if not tables:
            raise ValueError(f"{place}: nothing of {source} remains once the excludes are left out")
        yield source, tables


def _remaining(
    place: str, entry: DatabaseEntry, present: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, Any]]:
    """The chosen tables by their own names, without those that are left out."""
    literal = [t.table_name for t in entry.table_includes or () if not is_pattern(t.table_name)]
    # A name the source lacks stays: the precheck then says so.
    columns = dict.fromkeys(literal, ()) | dict(present)
    chosen = {
        name: _including(entry, name)
        for name in columns
        if not any(matches(left_out.table_name, name) for left_out in entry.table_excludes or ())
    }
    return {
        name: _table(place, include or TableInclude(TableName=name), name, columns[name])
        for name, include in chosen.items()
        if include or entry.whole
    }


def _including(entry: DatabaseEntry, table: str) -> TableInclude | None:
    """What is said about a table; its own name goes before a pattern."""
    includes = sorted(entry.table_includes or (), key=lambda include: include.table_name != table)
    return next(
        (each for each in includes if each.table_name == table or matches(each.table_name, table)), None
    )


def _table(place: str, include: TableInclude, name: str = "", present: Iterable[str] = ()) -> dict[str, Any]:
    """One table of a ``DbList``.

    :param name: the table that a pattern stands for.
    :param present: its columns, for excludes.
    """
    source = name or include.table_name
    columns = _columns(include, present)
    if not columns and include.column_includes:
        raise ValueError(f"{place}.{source}: no column remains once the excludes are left out")
    table = {
        "name": include.new_table_name or source,
        "all": not columns,
        "column": columns,
        "filter": include.filter_condition,
        "primary_key": include.primary_key,
        "part_key": include.part_key,
    }
    return {key: value for key, value in table.items() if value not in (None, {})}


def _columns(include: TableInclude, present: Iterable[str]) -> dict[str, dict[str, str]]:
    """The columns to list; none when all are moved."""
    left_out = {column.column_name.casefold() for column in include.column_excludes or ()}
    if include.column_includes:
        wanted = {c.column_name: c.new_column_name or c.column_name for c in include.column_includes}
    elif left_out:
        wanted = {name: name for name in present}
    else:
        return {}
    return {name: {"name": new} for name, new in wanted.items() if name.casefold() not in left_out}


# --- from newer to older ----------------------------------------------------------------------------------


def entries(what: str, objects: DbList) -> list[dict[str, Any]]:
    """The older form of a newer list.

    :raises ValueError: see ``MigrationObject.from_db_list``.
    """
    return [_entry(f"{what}: {source}", source, database) for source, database in objects.root.items()]


def _entry(place: str, source: str, database: Database) -> dict[str, Any]:
    _refuse(place, dml_op=database.dml_op, ddl_op=database.ddl_op)
    entry: dict[str, Any] = {"DBName": source, **_renamed("NewDBName", source, database.name)}
    if database.all and database.tables:
        entry["AllTable"] = True
    if database.tables:
        entry["TableIncludes"] = [
            _include(f"{place}.{name}", name, table) for name, table in database.tables.items()
        ]
    return entry


def _include(place: str, name: str, table: Table) -> dict[str, Any]:
    _refuse(place, dml_op=table.dml_op, ddl_op=table.ddl_op, shard=table.shard, type=table.type)
    if table.all and table.columns:
        raise ValueError(
            f"{place}: the older form has no way to take all columns and list some: list them all"
        )
    include = {
        "TableName": name,
        **_renamed("NewTableName", name, table.name),
        "FilterCondition": table.filter,
        "PrimaryKey": table.primary_key,
        "PartKey": table.part_key,
        "ColumnIncludes": [
            _column(f"{place}.{each}", each, column) for each, column in table.columns.items()
        ],
    }
    return {key: value for key, value in include.items() if value}


def _column(place: str, name: str, column: Column) -> dict[str, str]:
    _refuse(place, sharedKey=column.shared_key)
    return {"ColumnName": name, **_renamed("NewColumnName", name, column.name)}


def _renamed(key: str, name: str, new_name: str) -> dict[str, str]:
    return {} if new_name == name else {key: new_name}


def _refuse(place: str, **given: object) -> None:
    if unsayable := [key for key, value in given.items() if value]:
        raise ValueError(f"{place}: the older form has no {', '.join(unsayable)}: leave that out")
