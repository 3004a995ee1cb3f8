"""The state of a job in the words of the older readings, which know fewer states (seed 6.5).

Where they have no word the choices are: an instance that was never configured is ``NotStarted``; a passed
precheck still belongs to ``Prechecking``, or for a subscription to ``Starting``; a job that retries is in the
state it retries to go on with; so is one whose class is being changed; what has expired is paused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_dts.emulator.handlers._facts import shown_status
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Status

_EARLY = {Status.NOT_CONFIGURED: "NotStarted", Status.PRECHECK_PASSED: "Prechecking"}
_WORDS: Final[Mapping[JobType, Mapping[Status, str]]] = {
    JobType.MIGRATION: {**_EARLY, Status.RETRYING: "Migrating"},
    JobType.SYNC: {
        **_EARLY,
        Status.RETRYING: "Synchronizing",
        Status.MODIFY_FAILED: "Failed",
        Status.LOCKED: "Suspending",
    },
    JobType.SUBSCRIBE: {
        **_EARLY,
        Status.PRECHECK_PASSED: "Starting",
        Status.RETRYING: "Starting",
        Status.LOCKED: "Abnormal",
    },
}


def state(job: Job, now: float) -> str:
    """As migrations and subscriptions spell it, and as DescribeSynchronizationJobStatusList does."""
    status = shown_status(job, now)
    if status in (Status.UPGRADE, Status.DOWNGRADE):
        status = job.before or status
    if status is Status.RETRYING:
        status = job.resume or status
    return _WORDS[job.type].get(status, status)


def listed_state(job: Job, now: float) -> str:
    """As DescribeSynchronizationJobs spells it."""
    return state(job, now).replace("Initializing", "Initializating")


def camel_state(job: Job, now: float) -> str:
    """As DescribeSynchronizationJobStatus spells it."""
    spelled = listed_state(job, now)
    return spelled[:1].lower() + spelled[1:]
