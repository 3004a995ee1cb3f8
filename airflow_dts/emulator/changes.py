"""Changes of a job that callers of the older API ask after by an id (seed 6.5.2.6 to 6.5.2.9)."""

from __future__ import annotations

from typing import Final

from airflow_dts.emulator.ids import new_id
from airflow_dts.emulator.jobs import Change, Job
from airflow_dts.emulator.lifecycle import MOVER_RUNS, Status
from airflow_dts.emulator.refusals import business, unfit
from airflow_dts.emulator.state import Store

OBJECTS: Final = "objects"
ENDPOINT: Final = "endpoint"
_KEPT = 20
_UNDER_WAY = {OBJECTS: "Migrating", ENDPOINT: "Switching"}
_BROKEN = frozenset({Status.FAILED, Status.INITIALIZE_FAILED})
_LATER = "Another change took its place."

SWITCHABLE: Final = frozenset(
    {Status.INITIALIZING, Status.SYNCHRONIZING, Status.RETRYING, Status.SUSPENDED, *_BROKEN}
)
"""States with a break point to go on from. The page names none."""


def settle(job: Job, kind: str) -> None:
    """Keep how the last change of this kind stands, before another one changes what the job tells of it."""
    for earlier in job.changes:
        if earlier.kind == kind and not earlier.outcome:
            earlier.error, earlier.outcome = error(job, earlier), status(job, earlier)
            if earlier.outcome == _UNDER_WAY[kind]:
                earlier.outcome, earlier.error = "Failed", _LATER


def add(job: Job, kind: str) -> Change:
    """Take down that the job was changed just now; `settle` comes before that."""
    job.changes.append(Change(new_id(), kind, job.revision))
    del job.changes[:-_KEPT]
    return job.changes[-1]


def find(store: Store, region: str, change_id: str, kind: str) -> tuple[Job, Change]:
    """The change, and the job it was made to. Raises Refusal."""
    for job in store.every_job():
        if job.region != region:
            continue
        for change in job.changes:
            if (change.id, change.kind) == (change_id, kind):
                return job, change
    raise unfit("TaskId", "nothing was changed under this id.")


def status(job: Job, change: Change) -> str:
    """``Migrating`` or ``Switching`` while it is under way, then ``Finished`` or ``Failed``."""
    if change.outcome:
        return change.outcome
    state = job.before or job.status
    if change.kind == OBJECTS:
        under_way, failed = state is Status.MODIFYING, state is Status.MODIFY_FAILED
    else:
        behind = job.taken < change.revision
        under_way, failed = behind and state in MOVER_RUNS, behind and state in _BROKEN
    if under_way:
        return _UNDER_WAY[change.kind]
    return "Failed" if failed else "Finished"


def error(job: Job, change: Change) -> str:
    """Why it failed, or has not come through yet; empty otherwise."""
    return (change.error if change.outcome else job.trouble) if status(job, change) != "Finished" else ""


def check_switchable(job: Job) -> None:
    """Raise Refusal unless the job has something to go on with elsewhere."""
    if job.lapsed or job.status not in SWITCHABLE:
        raise business("OperationDenied", "A job that is %s cannot be given another address.", job.status)
