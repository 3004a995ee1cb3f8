"""Muting precheck items with the older action."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.prechecks import ShieldPrecheck
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.prechecks import can_skip
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import unfit


@handles(ShieldPrecheck)
def shield(desk: Desk, action: ShieldPrecheck) -> Reply:
    """For both directions of a two-way instance, wherever the precheck looked at them. Seed 6.5.6.1."""
    job = desk.job(None, action.dts_instance_id)
    if job.type is JobType.SUBSCRIBE:
        raise unfit("DtsInstanceId", "it names a SUBSCRIBE instance; give a migration or synchronization.")
    halves = [half for half in (job, desk.other_half(job)) if half and can_skip(half, action.precheck_items)]
    if not halves:
        raise unfit("PrecheckItems", "the last precheck did not look at all of them, or one cannot be muted.")
    for half in halves:
        half.skipped = list(dict.fromkeys([*half.skipped, *action.precheck_items]))
        desk.store.save(half)
    return Reply()
