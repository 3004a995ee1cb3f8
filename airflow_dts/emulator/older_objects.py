"""Objects in the words of the older API: as they are asked for, and as they are given back (seed 6.5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_dts.api.legacy.objects import MigrationObject
from airflow_dts.api.objects import DbList, matches
from airflow_dts.emulator import dataplane
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.patience import TooSlow, within
from airflow_dts.emulator.refusals import invalid, unfit
from airflow_dts.emulator.specs import Unbound, url_of

_OF_A_DATABASE = ("name", "all")
_OF_A_TABLE = ("name", "filter", "primary_key", "part_key")


class Chosen(NamedTuple):
    """What to move, and what was named only to be left out (see `Job.left_out`)."""

    objects: dict[str, Any]
    left_out: dict[str, list[str]]


def chosen(said: MigrationObject, name: str, source: Side, bindings: Mapping[str, str]) -> Chosen:
    """What an older list means.

    What it leaves out cannot be said in a DbList, so the source is looked at, now: a table it gets later is
    not moved.

    :param name: the wire parameter.
    :raises Refusal: it means nothing, or the source cannot be looked at.
    """
    leaves_out = any(entry.leaves_out for entry in said.root)
    present = _present(name, source, bindings) if leaves_out else None
    try:
        objects = said.to_db_list(present).to_dict()
    except ValueError as error:
        raise invalid(name, str(error)) from None
    return Chosen(objects, _left_out(said, objects))


def _present(name: str, source: Side, bindings: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    try:
        url = url_of("source", source, bindings)
        return within(lambda: dataplane.catalog(url))
    except (Unbound, TooSlow, ValueError) as error:
        why = f"it leaves something out, which takes a look at the source: {error}"
        raise unfit(name, why) from None


def _left_out(said: MigrationObject, objects: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        database: [table.table_name for table in entry.table_excludes]
        for entry in said.root
        if entry.table_excludes
        for database in objects
        if database == entry.source or matches(entry.source, database)
    }


def listed(job: Job) -> list[dict[str, Any]]:
    """The objects as an older list. What a DbList says beyond it, such as ``dml_op``, is left out."""
    if not job.objects:
        return []
    sayable = {source: _database(entry) for source, entry in job.objects.items()}
    found = MigrationObject.from_db_list(DbList.of(sayable)).to_list()
    for entry in found:
        if left_out := job.left_out.get(entry["DBName"]):
            entry["TableExcludes"] = [{"TableName": name} for name in left_out]
    return found


def _database(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: entry[key] for key in _OF_A_DATABASE if key in entry}
    return {**kept, "Table": {name: _table(table) for name, table in (entry.get("Table") or {}).items()}}


def _table(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: entry[key] for key in _OF_A_TABLE if key in entry}
    columns = {
        name: {"name": column.get("name") or name} for name, column in (entry.get("column") or {}).items()
    }
    # The older form either lists columns or takes them all.
    return {**kept, "all": not columns, "column": columns}


def tables(entry: Mapping[str, Any]) -> list[str]:
    """The tables named in one database of `Job.objects`; none when all are meant."""
    return [] if is_whole(entry) else list(entry.get("Table") or {})


def is_whole(entry: Mapping[str, Any]) -> bool:
    """Whether one database of `Job.objects` is moved with all of its tables."""
    return bool(entry.get("all", not entry.get("Table")))
