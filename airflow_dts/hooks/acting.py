"""Act on a job once: judge it first, send what is needed, wait out what passes by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dts.conditions import Outcome, Verdict
from airflow_dts.errors import Busy, DtsError, JobNotFound, WaitTimedOut, WrongState
from airflow_dts.job import JobSnapshot
from airflow_dts.states import State, Verb
from airflow_dts.waiting import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dts.waiting import Loop, Reading

PASSING = frozenset({State.MODIFYING, State.UPGRADE, State.DOWNGRADE})
"""States that refuse most actions and pass without anybody doing anything."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What came of it."""

    job: JobSnapshot
    """The job as it was before."""
    sent: bool
    """False if the job already was where the action would have brought it."""


def judge(job: JobSnapshot, verb: Verb, action: str) -> bool:
    """Whether ``action`` is needed.

    :raises WrongState: naming state, action, job and reason
    :raises Busy: if the state passes by itself
    """
    if job.already(verb):
        return False
    if job.state is State.GONE:
        raise JobNotFound(action, "JobNotFound", f"job {job.job_id} does not exist in this region, or no longer")
    if reason := job.refusal(verb):
        kind = Busy if job.state in PASSING else WrongState
        raise kind(action, f"JobIs{job.status}", f"{reason} (job {job.job_id}); nothing was sent")
    return True


def attempts(
    needed: Callable[[JobSnapshot], bool],
    send: Callable[[], object],
    *,
    every: float,
    deadline: float,
    clock: Callable[[], float] = time.time,
) -> Loop:
    """A wait loop that is over once the action has been taken or proved unneeded.

    ``Busy`` means: read again after ``every`` seconds and judge anew. Nothing else is repeated, since the
    client has already repeated what may be.
    """
    pause = Pause(0.0)
    while True:
        reading: Reading = yield pause
        try:
            if isinstance(reading, DtsError):
                raise reading
            if not needed(reading):
                return Verdict(Outcome.MET, f"already {reading.status}, nothing to do")
            send()
        except Busy as busy:
            left = deadline - clock()
            if left <= 0:
                job_id = reading.job_id if isinstance(reading, JobSnapshot) else ""
                raise WaitTimedOut(job_id, f"still busy after the time allowed: {busy}") from busy
            pause = Pause(min(every, left), Verdict(Outcome.WAITING, f"busy, looking again: {busy}"))
        else:
            return Verdict(Outcome.MET, "sent")


def needing(jobs: Sequence[JobSnapshot], verb: Verb, action: str) -> list[JobSnapshot]:
    """The jobs that need ``action``; all are judged before anything is sent.

    :raises WrongState: naming every job that refuses
    """
    wanted, refused = [], []
    for job in jobs:
        try:
            if judge(job, verb, action):
                wanted.append(job)
        except (WrongState, JobNotFound) as refusal:
            refused.append(refusal.message)
    if refused:
        raise WrongState(action, "WrongState", "; ".join(refused))
    return wanted
