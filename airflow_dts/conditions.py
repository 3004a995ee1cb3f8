"""Everything one can wait for, each said once, as a pure function of a job snapshot.

Operators, sensors, the trigger and the page in the UI all judge with these functions; none of them
reads a status string of its own. To add a condition, write a function here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec

from airflow_dts.errors import ConfigError
from airflow_dts.job import JobSnapshot, Phase, PhaseReading
from airflow_dts.states import BEFORE_PRECHECK_ENDS, BEYOND_PRECHECK, State

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


class Outcome(StrEnum):
    WAITING = "waiting"
    MET = "met"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition made of a snapshot, with a sentence fit for a log line."""

    outcome: Outcome
    reason: str

    @property
    def settled(self) -> bool:
        return self.outcome is not Outcome.WAITING


class Test(NamedTuple):
    judge: Callable[..., Verdict]
    breakable: bool
    """Whether a broken job fails the wait before the condition is asked."""
    check: Callable[..., None] | None
    """Refuses arguments that make no sense, before any call."""


CONDITIONS: dict[str, Test] = {}
"""Every condition by name; a wait names one of these, so only these can be reached from a stored wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A condition and its arguments: plain data, so it survives the trip to the triggerer."""

    condition: str
    arguments: dict[str, Any] = field(default_factory=dict)
    held_for: float = 0.0
    """Seconds during which every reading must meet the condition."""
    stale_status: str = ""
    """Status seen before an action; a reading that still shows it proves nothing until ``stale_until``."""
    stale_until: float = 0.0
    """Unix time."""

    def __post_init__(self) -> None:
        if self.condition not in CONDITIONS:
            raise ConfigError(
                f"condition: {self.condition!r} is unknown; use one of {', '.join(sorted(CONDITIONS))}"
            )
        if self.held_for < 0:
            raise ConfigError(f"held_for: {self.held_for:g} is negative; give seconds, 0 or more")
        if check := CONDITIONS[self.condition].check:
            check(**self.arguments)

    def after(self, status: str, until: float) -> Wait:
        """The same wait after an action taken in ``status``, which the service may still show for a while."""
        return replace(self, stale_status=status, stale_until=until)

    def judge(self, job: JobSnapshot, now: float = float("inf")) -> Verdict:
        """Judge one reading. ``held_for`` is the wait loop's business, since it needs many readings."""
        if (
            self.stale_status
            and now < self.stale_until
            and job.status.casefold() == self.stale_status.casefold()
        ):
            return Verdict(Outcome.WAITING, f"still shows {job.status}, its state before the action")
        if job.state is State.UNKNOWN:
            return Verdict(Outcome.WAITING, f"state {job.status!r} is unknown to this package")
        test = CONDITIONS[self.condition]
        if test.breakable and job.broken:  # first: a broken job still shows the delay it had when it broke
            return Verdict(Outcome.FAILED, _why_broken(job))
        return test.judge(job, **self.arguments)


def _why_broken(job: JobSnapshot) -> str:
    if job.state is State.GONE:
        return "the job no longer exists (released, or never in this region)"
    reasons = [job.error, *job.failed_items] if job.state is State.PRECHECK_FAILED else [job.error]
    said = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    for reading in (job.structure, job.full_load, job.incremental):
        said = said or (reading.error if reading.failed else "")
    return f"job is {job.status}: {said or 'the service gives no reason'}"


def condition(
    *, breakable: bool = True, check: Callable[..., None] | None = None
) -> Callable[[Callable[Concatenate[JobSnapshot, P], Verdict]], Callable[P, Wait]]:
    """Register a test and turn it into a maker of waits: ``delay_below(seconds=5)``."""

    def register(test: Callable[Concatenate[JobSnapshot, P], Verdict]) -> Callable[P, Wait]:
        CONDITIONS[test.__name__] = Test(test, breakable, check)

        @wraps(test)
        def make(*args: P.args, **kwargs: P.kwargs) -> Wait:
            if args:
                raise TypeError(f"{test.__name__} takes keyword arguments only")
            return Wait(test.__name__, dict(kwargs))

        return make

    return register


def _met(reason: str) -> Verdict:
    return Verdict(Outcome.MET, reason)


def _waiting(reason: str) -> Verdict:
    return Verdict(Outcome.WAITING, reason)


def _never(reason: str) -> Verdict:
    return Verdict(Outcome.FAILED, reason)


@condition()
def precheck_passed(job: JobSnapshot, /) -> Verdict:
    """The precheck is over and nothing in it stops the job."""
    if job.state in BEFORE_PRECHECK_ENDS:  # whatever the items say is left over from an earlier precheck
        return _waiting(f"precheck has not ended, {job.describe()}")
    if job.state in BEYOND_PRECHECK or job.precheck.finished:
        return _met("precheck passed")
    if job.precheck.failed:
        return _never(
            "precheck failed: " + ("; ".join(job.failed_items) or job.precheck.error or "no item is named")
        )
    if job.state is State.FINISHED:
        return _never("the job has ended without a passed precheck")
    return _waiting(f"precheck is {job.precheck.status or 'not reported'}, {job.describe()}")


def _phase_finished(job: JobSnapshot, phase: Phase, reading: PhaseReading) -> Verdict:
    if job.state is State.NOT_CONFIGURED:  # what it will run is not known yet
        return _waiting(job.describe())
    if phase not in job.planned:
        return _never(f"the job was configured without a {phase} phase, so it never finishes one")
    if job.state in BEFORE_PRECHECK_ENDS:
        return _waiting(f"{phase} has not begun, {job.describe()}")
    if reading.failed:
        return _never(f"{phase} failed: {reading.error or 'the service gives no reason'}")
    # Earlier phases vanish from readings once increments flow, and go stale in a synchronizing job.
    flowing = (job.incremental.running or job.incremental.finished) and not reading.running
    if reading.finished or flowing or job.state is State.SYNCHRONIZING:
        return _met(f"{phase} finished")
    if job.state is State.FINISHED:
        return _never(f"the job has ended, yet its {phase} is {reading.status or 'not reported'}")
    return _waiting(job.describe())


@condition()
def structure_finished(job: JobSnapshot, /) -> Verdict:
    """Tables and other objects exist on the target."""
    loading = job.full_load.running or job.full_load.finished
    if job.state not in BEFORE_PRECHECK_ENDS and loading and not job.structure.failed:
        return _met("structure finished")
    return _phase_finished(job, Phase.STRUCTURE, job.structure)


@condition()
def full_load_finished(job: JobSnapshot, /) -> Verdict:
    """Every row that was there at the start has reached the target."""
    return _phase_finished(job, Phase.FULL_LOAD, job.full_load)


def _not_incremental(job: JobSnapshot) -> Verdict | None:
    if job.state is State.NOT_CONFIGURED:  # what it will run is not known yet
        return _waiting(job.describe())
    if Phase.INCREMENTAL not in job.planned and job.job_type != "SUBSCRIBE":
        return _never(
            "the job was configured without an incremental phase, so it has no delay and no checkpoint"
        )
    return None


def _check_seconds(*, seconds: float) -> None:
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"seconds: {seconds:g} is no delay to wait for; give seconds, 0 or more")


@condition(check=_check_seconds)
def delay_below(job: JobSnapshot, /, *, seconds: float) -> Verdict:
    """The incremental phase runs, is not retrying, and lags by less than ``seconds``, or not at all."""
    if verdict := _not_incremental(job):
        return verdict
    if job.state is State.FINISHED:
        return _never("the job has ended, so its delay says nothing any more")
    if not job.running or job.retrying:
        return _waiting(f"not running: {job.describe()}")
    if job.incremental.failed:
        return _never(f"incremental failed: {job.incremental.error or 'the service gives no reason'}")
    said = bool(job.incremental.status) or job.state is State.MIGRATING
    if said and not job.incremental.running:
        return _waiting(f"incremental has not begun: {job.describe()}")
    if job.delay is None:
        return _waiting(f"delay is unknown: {job.describe()}")
    bound = timedelta(seconds=seconds)
    compared = f"delay is {job.delay.total_seconds():g} s, wanted below {seconds:g} s"
    if job.delay < bound or not job.delay:
        return _met(compared)
    return _waiting(f"{compared}, {job.describe()}")


def _check_instant(*, instant: str) -> None:
    try:
        aware = datetime.fromisoformat(instant).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise ConfigError(
            f"instant: {instant!r} is not ISO 8601 with an offset, such as 2024-05-01T02:00:00+08:00"
        )


def _has_followed(job: JobSnapshot) -> bool:
    if job.state in BEFORE_PRECHECK_ENDS:
        return False
    begun = job.incremental.status.casefold() not in {"", "notstarted"}
    return begun or job.state is State.SYNCHRONIZING or job.job_type == "SUBSCRIBE"


@condition(check=_check_instant)
def checkpoint_past(job: JobSnapshot, /, *, instant: str) -> Verdict:
    """Source changes up to ``instant`` (ISO 8601 with offset) have reached the target."""
    if verdict := _not_incremental(job):
        return verdict
    if not _has_followed(job):  # the checkpoint is where it will start, not what has arrived
        return _waiting(f"incremental has not begun: {job.describe()}")
    if job.checkpoint is not None and job.checkpoint >= datetime.fromisoformat(instant):
        return _met(f"checkpoint {job.checkpoint:%Y-%m-%dT%H:%M:%SZ} is past {instant}")
    if job.state is State.FINISHED:
        return _never(f"the job has ended before its checkpoint passed {instant}")
    return _waiting(f"checkpoint is not past {instant}, {job.describe()}")


def _check_statuses(*, statuses: list[str]) -> None:
    if not isinstance(statuses, list) or not statuses:
        raise ConfigError(f"statuses: {statuses!r} names no status; give a list such as ['Synchronizing']")
    unknown = [status for status in statuses if State.of(status) in {State.UNKNOWN, State.GONE}]
    if unknown:
        raise ConfigError(f"statuses: {', '.join(unknown)} is no status of a DTS job (seed 6.4.8.2)")


@condition(breakable=False, check=_check_statuses)
def status_is(job: JobSnapshot, /, *, statuses: list[str]) -> Verdict:
    """The job's main status is one of ``statuses``; case does not matter."""
    if job.state in {State.of(status) for status in statuses}:
        return _met(f"job is {job.status}")
    if job.broken:
        return _never(_why_broken(job))
    if job.state is State.FINISHED:
        return _never(f"the job has ended and will not become {' or '.join(statuses)}")
    return _waiting(job.describe())


@condition()
def finished(job: JobSnapshot, /) -> Verdict:
    """The job has ended: stopped, or all phases of a job without an incremental one are over."""
    return _met("job is Finished") if job.state is State.FINISHED else _waiting(job.describe())


@condition(breakable=False)
def released(job: JobSnapshot, /) -> Verdict:
    """The instance is gone. The service goes on listing a released synchronization job as Finished."""
    if job.state is State.GONE or (job.state is State.FINISHED and job.job_type == "SYNC"):
        return _met("job is released")
    return _waiting(job.describe())
