"""Act on a job once: judge it first, send what is needed, wait out what passes by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_dts.errors import Busy, JobNotFound, WaitTimedOut, WrongState
from airflow_dts.states import State, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dts.job import JobSnapshot

T = TypeVar("T")

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
        raise JobNotFound(
            action, "JobNotFound", f"job {job.job_id} does not exist in this region, or no longer"
        )
    if reason := job.refusal(verb):
        kind = Busy if job.state in PASSING else WrongState
        raise kind(action, f"JobIs{job.status}", f"{reason} (job {job.job_id}); nothing was sent")
    return True


def persist(
    step: Callable[[], T],
    *,
    every: float,
    deadline: float,
    about: str,
    tell: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,  # noqa: TID251 - injected by tests
) -> T:
    """Take ``step``, which reads, judges and sends; while it meets ``Busy``, take it again after ``every`` s.

    Nothing else is repeated, since the client has already repeated what may be.

    :param deadline: instant of ``clock`` after which a busy job fails the action
    :raises WaitTimedOut: naming ``about``
    """
    while True:
        try:
            return step()
        except Busy as busy:
            left = deadline - clock()
            if left <= 0:
                raise WaitTimedOut(about, f"still busy after the time allowed: {busy}") from busy
            tell(f"busy, looking again: {busy}")
            sleep(min(every, left))


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
