"""What an instance costs and what follows from it: billing, class and expiry (seed 6.4.9.6 to 6.4.9.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import Event as Happening
from airflow_dts.emulator.lifecycle import JobType, Status, Verb, after_event, after_verb, busy
from airflow_dts.emulator.refusals import business, unfit
from airflow_dts.emulator.state import Event, Store

CHANGE_SECONDS = 1.0
"""How long a change of class takes."""
CLASSES: Final = ("micro", "small", "medium", "large", "xlarge", "xxlarge")
"""From small to large."""
OFFERED: Final[Mapping[JobType, Sequence[str]]] = {
    JobType.MIGRATION: ("small", "medium", "large", "xlarge", "xxlarge"),
    JobType.SYNC: ("micro", "small", "medium", "large"),
}
_MONTH, _YEAR = 30 * 86_400.0, 365 * 86_400.0
_INTERRUPTED = frozenset({Status.UPGRADE, Status.DOWNGRADE, Status.LOCKED})


def term(period: str | None, count: int) -> float:
    """Seconds. :param period: ``Year``, or ``Month`` when left out."""
    return count * (_YEAR if period == "Year" else _MONTH)


def check_prepayable(kind: JobType, name: str) -> None:
    """Raise Refusal for a migration, which is billed by the hour only.

    :param name: the wire parameter that asks for it.
    """
    if kind is JobType.MIGRATION:
        raise unfit(name, "a migration is billed by the hour only.")


def change_billing(job: Job, wanted: str, seconds: float, now: float) -> bool:
    """Bill as `wanted` from now on. Returns whether that is a change; the present billing is none.

    :param wanted: ``PrePaid`` or ``PostPaid``.
    :param seconds: how long is paid for.
    :raises Refusal: prepaid cannot go back to hourly, and a migration is never prepaid.
    """
    if wanted == job.pay_type:
        return False
    if wanted == "PostPaid":
        raise business("OperationDenied", "A prepaid instance cannot go back to billing by the hour.")
    check_prepayable(job.type, "ChargeType")
    job.pay_type, job.expires = wanted, now + seconds
    return True


def renew(job: Job, seconds: float, now: float) -> None:
    """Prolong a prepaid instance; one that has expired counts from now. Raises Refusal."""
    check_prepayable(job.type, "DtsJobId")
    if job.pay_type != "PrePaid":
        raise business("OperationDenied", "Only a prepaid instance can be renewed.")
    job.expires = max(job.expires, now) + seconds


def change_class(job: Job, wanted: str, verb: Verb, now: float) -> None:
    """Make an instance larger or smaller; for `CHANGE_SECONDS` the job says so instead of its state.

    :param verb: UPGRADE or DOWNGRADE.
    :raises Refusal: the state, or the present class, does not allow it.
    """
    if job.goal is not None:
        raise busy(job.status)
    to = after_verb(job.type, verb, job.status)
    check_class(job, wanted)
    step = CLASSES.index(wanted) - (CLASSES.index(job.job_class) if job.job_class in CLASSES else -1)
    if step == 0 or (step > 0) is not (verb is Verb.UPGRADE):
        direction = "larger" if verb is Verb.UPGRADE else "smaller"
        raise unfit("InstanceClass", f"it is not {direction} than the present one, {job.job_class}.")
    job.job_class = wanted
    job.before, job.status, job.changing_until = job.status, to, now + CHANGE_SECONDS


def check_class(job: Job, wanted: str) -> None:
    """Raise Refusal for a class that jobs of this kind do not come in."""
    offered = OFFERED.get(job.type, ())
    if wanted not in offered:
        raise unfit("InstanceClass", f"a {job.type} instance is {', '.join(offered[:-1])} or {offered[-1]}.")


def check_two_way(job: Job, wanted: str) -> None:
    """Raise Refusal for all but a running synchronization from MySQL to MySQL, billed by the hour."""
    if job.type is not JobType.SYNC:
        raise unfit("InstanceId", f"it names a {job.type} job, which has one direction only.")
    if job.pay_type == "PrePaid":
        raise business("OperationDenied", "Only an instance that is billed by the hour can become two-way.")
    if job.goal is not None:
        raise busy(job.status)
    if job.status is not Status.SYNCHRONIZING:
        raise business("OperationDenied", "A job that is %s cannot become two-way.", job.status)
    if {job.source.engine.casefold(), job.target.engine.casefold()} != {"mysql"}:
        raise unfit("InstanceId", "only MySQL to MySQL can become two-way.")
    check_class(job, wanted)


def tend(store: Store, job: Job, now: float) -> None:
    """What the clock does to an instance: a change of class is over, the time paid for too.

    An expired one is sent to `Locked`, where nothing moves its rows; renewed, it comes back.
    """
    if job.goal is not None or job.released:
        return
    if job.status in (Status.UPGRADE, Status.DOWNGRADE) and now >= job.changing_until:
        _come_back(job, Happening.CHANGED)
    if job.pay_type != "PrePaid" or job.reverse:  # the bill is the forward half's
        return
    if job.renews:
        _renew_itself(store, job, now)
    if now < job.expires:
        if job.status is Status.LOCKED:
            _come_back(job, Happening.RENEWED)
    elif job.status is not Status.LOCKED:
        job.before = job.before if job.status in _INTERRUPTED else job.status
        job.goal = after_event(job.type, Happening.EXPIRED, job.status)


def _come_back(job: Job, event: Happening) -> None:
    # A state that nothing interrupted, as a test may make one, has no way back.
    if job.before is not None:
        job.status, job.before = after_event(job.type, event, job.status, job.before), None


def _renew_itself(store: Store, job: Job, now: float) -> None:
    while job.expires <= now:
        store.record(Event(job.expires, "charge", "RenewInstance", "OK", job.id, job.region))
        job.expires += job.renews
