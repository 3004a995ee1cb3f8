"""Read a job's precheck item by item, and skip items for real."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from airflow_dts.errors import BadReply, ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.hooks.legacy_acting import is_older
from airflow_dts.job import precheck_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_dts.api.prechecks import DescribePreCheckStatusReply
    from airflow_dts.job import PrecheckItem

PAGE_SIZE = 100
MOST_PAGES = 20
"""Where to stop paging, whatever the service says about its pages."""


def items(call: Callable[[Any], Any], job_id: str) -> tuple[PrecheckItem, ...]:
    """Every item of the precheck, page by page (seed 6.4.8.3).

    :raises BadReply: for a reply that cannot be read
    """
    from airflow_dts.api._base import Unreadable

    try:
        return _items(call, job_id)
    except Unreadable as fault:  # replies are typed where they are touched, after the call has returned
        raise BadReply("DescribePreCheckStatus", str(fault)) from None


def _items(call: Callable[[Any], Any], job_id: str) -> tuple[PrecheckItem, ...]:
    from airflow_dts.api.prechecks import DescribePreCheckStatus

    found: dict[str, PrecheckItem] = {}
    for number in range(1, MOST_PAGES + 1):
        reply: DescribePreCheckStatusReply = call(
            DescribePreCheckStatus(
                dts_job_id=job_id, job_code="01", struct_type="before", page_no=number, page_size=PAGE_SIZE
            )
        )
        fresh = {item.item: item for item in precheck_items(reply) if item.item not in found}
        found |= fresh
        total = reply.total_record_count
        if not fresh or total is None or len(found) >= total:
            break
    return tuple(found.values())


def skip(
    call: Callable[[Any], Any], job_id: str, chosen: Iterable[PrecheckItem], generation: str | None = None
) -> None:
    """Mute items (seed 6.4.7); they are addressed through the precheck's own job, not the DTS job.

    The older API addresses them through the instance (seed 6.5.6).
    """
    from airflow_dts.api.legacy.prechecks import ShieldPrecheck
    from airflow_dts.api.prechecks import SkipPreCheck

    if is_older(job_id, generation):
        if names := [item.item for item in chosen]:
            words = {"precheck_items": "items", "dts_instance_id": "dts_job_id"}
            call(build(ShieldPrecheck, {"dts_instance_id": job_id, "precheck_items": names}, words=words))
        return
    ordered = sorted(chosen, key=lambda item: item.precheck_job_id)
    for precheck_job_id, group in groupby(ordered, key=lambda item: item.precheck_job_id):
        names = [item.item for item in group]
        call(
            build(
                SkipPreCheck,
                {
                    "job_id": precheck_job_id,
                    "skip_pre_check_items": names,
                    "skip_pre_check_names": [f"{name}_DETAIL" for name in names],
                    "skip": True,
                    "dts_job_id": job_id,
                },
                words={"skip_pre_check_items": "items", "job_id": "precheck job ID (from the service)"},
            )
        )


def names_of(value: object, field: str) -> list[str]:
    """A list of item codes, as a list or as comma text."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple, set, frozenset)):
        raise ConfigError(
            f"{value!r} is no list of item codes", field=field, remedy="give a list like ['CHECK_SRC']"
        )
    return [text for part in parts if (text := str(part).strip())]
