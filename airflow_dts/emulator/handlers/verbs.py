"""Start, suspend, stop, reset and release, one job or many."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_dts.api._base import Reply
from airflow_dts.api.jobs import (
    DeleteDtsJob,
    DeleteDtsJobs,
    ResetDtsJob,
    StartDtsJob,
    StartDtsJobs,
    StopDtsJob,
    StopDtsJobs,
    SuspendDtsJob,
    SuspendDtsJobs,
)
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.ids import new_id
from airflow_dts.emulator.jobs import Job, Precheck
from airflow_dts.emulator.lifecycle import Status, Verb, after_verb, busy
from airflow_dts.emulator.refusals import business

_AT_ONCE = frozenset({Verb.START, Verb.CONFIGURE, Verb.MODIFY})
"""The others take effect when the mover has left; until then the job keeps its state, which is the truth."""
_REMEMBERED = frozenset(
    {
        Status.PRECHECKING,
        Status.MIGRATING,
        Status.INITIALIZING,
        Status.SYNCHRONIZING,
        Status.STARTING,
        Status.NORMAL,
    }
)


def do(desk: Desk, job: Job, verb: Verb) -> None:
    """Do `verb` to the job, or raise Refusal. A release is of the instance, and so of both its halves."""
    other = desk.other_half(job) if verb is Verb.DELETE else None
    for half in filter(None, (job, other)):
        _do(desk, half, verb)


def _do(desk: Desk, job: Job, verb: Verb) -> None:
    if job.goal is not None and verb is not Verb.DELETE:
        raise busy(job.status)
    if verb is Verb.START and job.lapsed:
        raise business("OperationDenied", "The job was suspended for too long and cannot go on.")
    if verb is Verb.DELETE and job.pay_type == "PrePaid":
        raise business("OperationDenied", "A prepaid instance cannot be released by a call.")
    to = after_verb(job.type, verb, job.status, job.resume)
    if job.status in _REMEMBERED:
        job.resume = job.status
    if verb in _AT_ONCE:
        job.status = to
    else:
        job.goal = to
    if verb is Verb.START:
        job.error, job.retry = "", None
    if to is Status.PRECHECKING:
        job.precheck = Precheck(job_id=new_id(), started=desk.clock.now())
    job.note(desk.clock.now())
    desk.store.save(job)


def started_by_itself(desk: Desk, job: Job) -> None:
    """Start what was just configured, unless it was told to wait (seed 6.4.19.2)."""
    if job.reserve.get("autoStartModulesAfterConfig", "all") != "none":
        do(desk, job, Verb.START)


def _one(
    desk: Desk, action: StartDtsJob | SuspendDtsJob | StopDtsJob | ResetDtsJob | DeleteDtsJob, verb: Verb
) -> Reply:
    do(desk, desk.job(action.dts_job_id, action.dts_instance_id, action.synchronization_direction), verb)
    return Reply()


def _many(desk: Desk, ids: Iterable[str], verb: Verb) -> Reply:
    """All or none: a refusal for one job undoes the others."""
    for job in [desk.job(job_id) for job_id in dict.fromkeys(ids)]:
        do(desk, job, verb)
    return Reply()


@handles(StartDtsJob)
def start_job(desk: Desk, action: StartDtsJob) -> Reply:
    return _one(desk, action, Verb.START)


@handles(StartDtsJobs)
def start_jobs(desk: Desk, action: StartDtsJobs) -> Reply:
    return _many(desk, action.dts_job_ids, Verb.START)


@handles(SuspendDtsJob)
def suspend_job(desk: Desk, action: SuspendDtsJob) -> Reply:
    return _one(desk, action, Verb.SUSPEND)


@handles(SuspendDtsJobs)
def suspend_jobs(desk: Desk, action: SuspendDtsJobs) -> Reply:
    return _many(desk, action.dts_job_ids, Verb.SUSPEND)


@handles(StopDtsJob)
def stop_job(desk: Desk, action: StopDtsJob) -> Reply:
    return _one(desk, action, Verb.STOP)


@handles(StopDtsJobs)
def stop_jobs(desk: Desk, action: StopDtsJobs) -> Reply:
    return _many(desk, action.dts_job_ids, Verb.STOP)


@handles(ResetDtsJob)
def reset_job(desk: Desk, action: ResetDtsJob) -> Reply:
    return _one(desk, action, Verb.RESET)


@handles(DeleteDtsJob)
def delete_job(desk: Desk, action: DeleteDtsJob) -> Reply:
    return _one(desk, action, Verb.DELETE)


@handles(DeleteDtsJobs)
def delete_jobs(desk: Desk, action: DeleteDtsJobs) -> Reply:
    return _many(desk, action.dts_job_ids, Verb.DELETE)
