"""Jobs as the older actions find them: by their instance, each kind by a parameter of its own name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from airflow_dts.api.legacy._parts import Paged
from airflow_dts.emulator import tags
from airflow_dts.emulator.handlers._registry import Desk
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import unfit

PAGE_SIZE = 30
T = TypeVar("T")


def migration(desk: Desk, instance_id: str) -> Job:
    """Raises Refusal, as the others do: there is no such instance, or it is of another kind."""
    return _of_kind(desk.job(None, instance_id), JobType.MIGRATION, "MigrationJobId")


def synchronization(desk: Desk, instance_id: str, direction: str | None = None) -> Job:
    """One that can still be worked with."""
    return _of_kind(desk.job(None, instance_id, direction), JobType.SYNC, "SynchronizationJobId")


def seen(desk: Desk, instance_id: str, direction: str | None = None) -> Job:
    """A synchronization to be read, also a released one that is still shown."""
    return _of_kind(desk.visible(None, instance_id, direction), JobType.SYNC, "SynchronizationJobId")


def subscription(desk: Desk, instance_id: str) -> Job:
    return _of_kind(desk.job(None, instance_id), JobType.SUBSCRIBE, "SubscriptionInstanceId")


def _of_kind(job: Job, kind: JobType, name: str) -> Job:
    if job.type is not kind:
        raise unfit(name, f"it names a {job.type} instance, not one for {kind}.")
    return job


def wanted(job: Job, name: str | None, carried: dict[str, str | None] | None) -> bool:
    """Whether a listing asks for it.

    :param name: part of the name, in any case.
    """
    return (name or "").casefold() in job.name.casefold() and tags.carries(job, carried or {})


def page_of(items: Sequence[T], page: int | None, size: int | None) -> Sequence[T]:
    """The items on one page."""
    rows = size or PAGE_SIZE
    return items[((page or 1) - 1) * rows : (page or 1) * rows]


def page(action: Paged, items: Sequence[T], total: int | None = None) -> tuple[Sequence[T], dict[str, Any]]:
    """The items on the page asked for, and the fields that tell of it (`PageReply`)."""
    said = {
        "page_number": action.page_num or 1,
        "page_record_count": action.page_size or PAGE_SIZE,
        "total_record_count": len(items) if total is None else total,
    }
    return page_of(items, action.page_num, action.page_size), said
