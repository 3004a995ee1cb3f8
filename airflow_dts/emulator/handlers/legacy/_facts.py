"""Phases, prechecks and objects in the words of the older readings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from airflow_dts.api.legacy._parts import (
    CheckItem,
    CopiedTable,
    DefinedObject,
    SynchronousObject,
    TableDetail,
    Tag,
)
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.dataplane import DdlItem, PhaseProgress, Progress, TableProgress
from airflow_dts.emulator.handlers._facts import delay_seconds
from airflow_dts.emulator.handlers.prechecks import made_kind
from airflow_dts.emulator.jobs import Check, Job
from airflow_dts.emulator.lifecycle import Status
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.older_objects import is_whole, tables

_NAME = re.compile(r'(?:"((?:[^"]|"")+)"|(\w+))\s+on\b', re.IGNORECASE)
"""The name of an index, as this data plane or an application writes it."""
_WORST = ("Failed", "Migrating", "NotStarted", "Finished")
PLAIN = {"Catched": "Migrating"}
"""Readings that do not know ``Catched``."""
RESULTS = {"Finished": "Success"}
"""Readings that tell a precheck's result rather than its state."""
Copied = TypeVar("Copied", bound=CopiedTable)
Defined = TypeVar("Defined", bound=DefinedObject)


def created(job: Job) -> float:
    """When the job, not the instance, came to be: when it was configured first. Unix seconds."""
    return job.configured[0] if job.configured else job.created


def bill(job: Job) -> dict[str, Any]:
    return {"pay_type": job.pay_type, **({"expire_time": utc(job.expires)} if job.expires else {})}


def tags(job: Job) -> list[Tag]:
    return [Tag(key=key, value=value) for key, value in job.tags.items()]


def synchronous_objects(job: Job) -> list[SynchronousObject]:
    """The objects as lists of migrations and subscriptions give them back."""
    return [
        SynchronousObject(database_name=name, whole_database=is_whole(entry), table_list=tables(entry))
        for name, entry in job.objects.items()
    ]


# --- precheck ---------------------------------------------------------------------------------------------


def precheck_state(job: Job) -> str:
    """``NotStarted``, ``Checking``, ``Failed`` or ``Finished``."""
    if not job.precheck.job_id:
        return "NotStarted"
    if not job.precheck.finished:
        return "Checking"
    return "Failed" if job.status is Status.PRECHECK_FAILED else "Finished"


def precheck(job: Job, words: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The fields of a precheck without its items.

    :param words: another word for some of the states.
    """
    state = precheck_state(job)
    return {
        "status": (words or {}).get(state, state),
        "percent": 100 if state in ("Failed", "Finished") else 0,
    }


def check_items(job: Job) -> list[CheckItem]:
    return [_check_item(check) for check in job.precheck.items]


def _check_item(check: Check) -> CheckItem:
    if check.state != "Failed":
        return CheckItem(item_name=check.item, check_status="Success")
    return CheckItem(
        item_name=check.item,
        check_status="Failed",
        error_message=check.reason,
        repair_method=check.repair,
    )


# --- objects, phase by phase ------------------------------------------------------------------------------


def increments(job: Job, book: ProgressBook, words: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The fields of the incremental phase (`Increments`).

    :param words: another word for some of the states.
    """
    progress = book.shown(job.id).incremental
    return {
        "status": (words or {}).get(progress.state, progress.state),
        "percent": progress.percent,
        "delay": delay_seconds(job, book),
        "error_message": progress.error,
    }


def copied(progress: Progress, kind: type[Copied]) -> list[Copied]:
    """The tables of the full load."""
    return [
        kind(
            source_owner_db_name=table.source_schema,
            destination_owner_db_name=table.target_schema,
            table_name=table.table,
            status=table.progress.state,
            error_message=table.progress.error,
            total_row_num=table.progress.total,
            finish_row_num=table.progress.done,
        )
        for table in progress.tables
    ]


def followed(job: Job, progress: Progress) -> list[TableDetail]:
    """The tables whose changes are moved; the phase has one state for all of them."""
    if not job.incremental:
        return []
    return [_followed(progress.incremental, *names) for names in _tables(job, progress)]


def _followed(phase: PhaseProgress, source: str, target: str, table: str) -> TableDetail:
    return TableDetail(
        source_owner_db_name=source,
        destination_owner_db_name=target,
        table_name=table,
        status=PLAIN.get(phase.state, phase.state),
        error_message=phase.error,
    )


def _tables(job: Job, progress: Progress) -> Sequence[tuple[str, str, str]]:
    """Every table of the job: those the mover tells of, else those that were named."""
    moved: list[TableProgress | DdlItem] = [*progress.tables, *progress.ddl]
    told = [(each.source_schema, each.target_schema, each.table) for each in moved]
    named = [
        (database, str(entry.get("name") or database), table)
        for database, entry in job.objects.items()
        for table in tables(entry)
    ]
    return list(dict.fromkeys(told or named))


def defined(progress: Progress, kind: type[Defined], below: str) -> list[Defined]:
    """The objects of the structure: each table with its indexes, and what belongs to no table here.

    :param below: the field of `kind` that holds a table's indexes.
    """
    items: dict[tuple[str, str], list[DdlItem]] = {}
    for item in progress.ddl:
        items.setdefault((item.source_schema, item.table), []).append(item)
    return [found for group in items.values() for found in _defined(group, kind, below)]


def _defined(group: Sequence[DdlItem], kind: type[Defined], below: str) -> list[Defined]:
    own = [item for item in group if not made_kind(item.sql)]
    other = [item for item in group if made_kind(item.sql)]
    if not own:
        return [kind(**_object(item, made_kind(item.sql))) for item in other]
    constraints = [DefinedObject(**_object(item, "Table")) for item in other]  # always that (seed 6.5.1.6)
    table = _object(own[0], "Table") | {
        "status": min((item.state for item in own), key=_rank),
        "error_message": "; ".join(item.error for item in own if item.error),
        "object_definition": "; ".join(item.sql for item in own),
    }
    return [kind(**table, **({below: constraints} if constraints else {}))]


def _rank(state: str) -> int:
    return _WORST.index(state) if state in _WORST else 0


def _object(item: DdlItem, kind: str) -> dict[str, Any]:
    return {
        "source_owner_db_name": item.source_schema,
        "destination_owner_db_name": item.target_schema,
        "object_name": _name(item),
        "object_type": kind,
        "object_definition": item.sql,
        "status": item.state,
        "error_message": item.error,
    }


def _name(item: DdlItem) -> str:
    found = _NAME.search(item.sql) if made_kind(item.sql) == "Index" else None
    if found is None:
        return item.table
    return found[1].replace('""', '"') if found[1] else found[2]
