"""Brings rules for jobs about: the supervisor asks here before it takes a job further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_dts.emulator.dataplane import PhaseProgress, TableProgress
from airflow_dts.emulator.faults.book import Standing
from airflow_dts.emulator.faults.jobs import (
    CountedFault,
    Delay,
    FullLoadFails,
    JobFault,
    Locked,
    PrecheckFails,
    Retrying,
    Stage,
    StaleAfterReset,
    TimedFault,
)
from airflow_dts.emulator.faults.rules import spent
from airflow_dts.emulator.jobs import Check, Job, Retry
from airflow_dts.emulator.lifecycle import MOVER_RUNS, JobType, Status, after_event
from airflow_dts.emulator.lifecycle import Event as Happening
from airflow_dts.emulator.state import Event, Store

if TYPE_CHECKING:
    from airflow_dts.emulator.clock import Clock
    from airflow_dts.emulator.dataplane import Progress
    from airflow_dts.emulator.faults.book import Faults
    from airflow_dts.emulator.movers import ProgressBook

F = TypeVar("F", bound=JobFault)

_LOADING = frozenset({Status.MIGRATING, Status.INITIALIZING})
_FOLLOWING = frozenset({Status.MIGRATING, Status.SYNCHRONIZING})
_FAILED: Final = {
    JobType.MIGRATION: Status.MIGRATION_FAILED,
    JobType.SYNC: Status.INITIALIZE_FAILED,
}
_LAGGING = MOVER_RUNS | {Status.SUSPENDED}
_FOR_GOOD = 1e11
"""Unix seconds that nobody lives to see."""


class JobFaults:
    """Does to jobs what the rules say. Call everything in a transaction of the store.

    What a rule needs to know of a job is kept in the job: `Job.struck` counts, by the rule's name, and
    `Job.watched` holds instants.

    :param book: the movers' reports; what it shows is what the rules make of them.
    :param patience: seconds for which a job is retried.
    """

    def __init__(
        self,
        faults: Faults,
        store: Store,
        clock: Clock,
        book: ProgressBook,
        patience: Callable[[Job], float],
    ) -> None:
        self._faults = faults
        self._store = store
        self._clock = clock
        self._book = book
        self._patience = patience
        self._first_seen: dict[tuple[str, str], float] = {}
        book.overlay = self._overlay

    # --- what the supervisor asks ---------------------------------------------------------------------------

    def tend(self, job: Job) -> None:
        """Strike the job, if it is time to. It may be on its way to another state then (`Job.goal`)."""
        if job.goal is not None or job.released:
            return
        if job.status is Status.LOCKED:
            self._unlock(job)
            return
        if not self._faults.jobs:
            return
        progress = self._book.known(job.id)
        for late in self._rules(Delay, job):
            self._note_beginning(job, late, progress)
        for failing in self._rules(FullLoadFails, job):
            self._watches(job, failing, "full_load", progress)
        self._strike_in_time(job, progress)

    def fails_load(self, job: Job, progress: Progress) -> bool:
        """Whether the full load has come to where it fails; then the job is on its way to saying so.

        :param progress: what is about to be acted upon.
        """
        for standing in self._rules(FullLoadFails, job):
            if self._is_armed(job, standing) and progress.full_load.percent >= standing.fault.percent:
                self._strike(job, standing)
                self._end(job, _FAILED[job.type], standing.fault.reason)
                return True
        return False

    def precheck(self, job: Job, items: list[Check]) -> list[Check]:
        """What the precheck is to have found. Call it once for each precheck."""
        for standing in self._rules(PrecheckFails, job):
            if not self._spent(job, standing):
                self._strike(job, standing)
                fault, now = standing.fault, self._clock.now()
                found = Check(fault.item, "Failed", fault.reason, fault.repair, fault.can_skip, now)
                items = [*(item for item in items if item.item != fault.item), found]
        return items

    def staleness(self, job: Job) -> float:
        """Seconds for which a job that is being reset goes on showing its failed precheck."""
        if job.status is not Status.PRECHECK_FAILED:
            return 0.0
        for standing in self._rules(StaleAfterReset, job):
            if not self._spent(job, standing):
                self._strike(job, standing)
                return standing.fault.seconds
        return 0.0

    # --- what befalls a job ---------------------------------------------------------------------------------

    def _end(self, job: Job, status: Status, error: str) -> None:
        """Send the job to a state that it can be started from again."""
        if job.status is not Status.RETRYING:
            job.resume = job.status
        job.error, job.goal = error, status

    def _is_armed(self, job: Job, standing: Standing[FullLoadFails]) -> bool:
        """Whether the full load that goes on is one that is to fail."""
        loading = job.status in _LOADING or job.status is Status.RETRYING
        return loading and standing.name in job.watched and not self._spent(job, standing)

    def _strike_in_time(self, job: Job, progress: Progress) -> None:
        for trying in self._rules(Retrying, job):
            if self._is_time(job, trying, progress):
                self._begin_retrying(job, trying)
            elif job.status is Status.RETRYING and self._holds(job, trying):
                self._lose_patience(job)
        for locking in self._rules(Locked, job):
            if job.pay_type == "PostPaid" and not job.reverse and self._is_time(job, locking, progress):
                self._strike(job, locking)
                self._hold(job, locking, locking.fault.seconds)
                job.before, job.goal = job.status, Status.LOCKED

    def _is_time(self, job: Job, standing: Standing[TimedFault], progress: Progress) -> bool:
        fault = standing.fault
        if fault.stage == "full_load" and progress.full_load.state == "Finished":
            job.watched.pop(standing.name, None)  # its time has passed
        if job.goal is not None or not self._watches(job, standing, fault.stage, progress):
            return False
        moving = _LOADING if fault.stage == "full_load" else _FOLLOWING
        return job.status in moving and job.watched[standing.name] + fault.after <= self._clock.now()

    def _begin_retrying(self, job: Job, standing: Standing[Retrying]) -> None:
        fault, now = standing.fault, self._clock.now()
        self._strike(job, standing)
        self._hold(job, standing, fault.seconds)
        job.watched[standing.name] = now + fault.seconds
        job.resume, job.status = job.status, Status.RETRYING
        job.retry = Retry(now, count=1, next=now + fault.seconds, target=fault.target, error=fault.reason)

    def _lose_patience(self, job: Job) -> None:
        if job.retry is not None and self._clock.now() >= job.retry.since + self._patience(job):
            to = after_event(job.type, Happening.GAVE_UP, job.status, job.resume)
            self._end(job, to, job.retry.error)

    def _unlock(self, job: Job) -> None:
        """Let go of a job that is locked for arrears, when no rule holds it any more.

        An hourly instance is locked by a rule only, perhaps by one that ended with an earlier emulator.
        """
        if job.pay_type != "PostPaid" or job.reverse or job.before is None:
            return
        locks = list(self._rules(Locked, job))
        if not any(self._holds(job, standing) for standing in locks):
            job.status, job.before = job.before, None
            for standing in locks:
                if job.watched.pop(_until(standing), None) is not None:
                    job.watched[standing.name] = self._clock.now()

    # --- what is shown --------------------------------------------------------------------------------------

    def _overlay(self, job_id: str, progress: Progress) -> Progress:
        if not any(isinstance(each.fault, Delay | FullLoadFails) for each in self._faults.jobs):
            return progress
        job = self._store.job(job_id)
        if job is None:
            return progress
        for failing in self._rules(FullLoadFails, job):
            if _FAILED.get(job.type) in (job.status, job.goal) and job.error == failing.fault.reason:
                progress = _held_back(progress, failing.fault.percent, job.error)
            elif self._is_armed(job, failing):
                progress = _held_back(progress, failing.fault.percent)
        for late in self._rules(Delay, job):
            if job.status in _LAGGING and progress.delay_ms >= 0:
                progress = self._delayed(job, late, progress)
        return progress

    def _delayed(self, job: Job, standing: Standing[Delay], progress: Progress) -> Progress:
        now = self._clock.now()
        delay = standing.fault.at(now - self._beginning(job, standing))
        if delay * 1000 <= progress.delay_ms:
            return progress
        return replace(
            progress,
            delay_ms=round(delay * 1000),
            checkpoint=min(progress.checkpoint, int(now - delay)),
            incremental=replace(progress.incremental, state="Migrating"),
        )

    def _note_beginning(self, job: Job, standing: Standing[Delay], progress: Progress) -> None:
        if progress.delay_ms >= 0 and standing.name not in job.watched:
            job.watched[standing.name] = self._beginning(job, standing)
            self._first_seen.pop((job.id, standing.name), None)

    def _beginning(self, job: Job, standing: Standing[Delay]) -> float:
        """Since when the job lags; a reader may be the first to see it do so."""
        known = job.watched.get(standing.name)
        if known is not None:
            return known
        return self._first_seen.setdefault((job.id, standing.name), self._clock.now())

    # --- rules and counts -----------------------------------------------------------------------------------

    def _rules(self, kind: type[F], job: Job) -> Iterator[Standing[F]]:
        """The rules of a kind that are for this job."""
        for standing in self._faults.jobs:
            if isinstance(standing.fault, kind) and standing.fault.concerns(
                (job.id, job.instance_id, job.name)
            ):
                yield standing  # type: ignore[misc] # its fault is of this kind

    def _watches(self, job: Job, standing: Standing[CountedFault], stage: Stage, progress: Progress) -> bool:
        """Whether the rule may still strike; notes when it first saw the stage.

        It watches a full load from before it begins, so that a short one cannot be over unseen.
        """
        if self._spent(job, standing):
            return False
        begins = stage == "full_load" and job.full_load and job.status is Status.PRECHECK_PASSED
        if begins or _is_in(job, stage, progress):
            job.watched.setdefault(standing.name, self._clock.now())
        return standing.name in job.watched

    def _spent(self, job: Job, standing: Standing[CountedFault]) -> bool:
        return spent(standing.fault.times, job.struck.get(standing.name, 0))

    def _strike(self, job: Job, standing: Standing[JobFault]) -> None:
        standing.struck += 1
        job.struck[standing.name] = job.struck.get(standing.name, 0) + 1
        kind, now = standing.fault.kind, self._clock.now()
        self._store.record(Event(now, "fault", "", kind, job.id, job.region))

    def _hold(self, job: Job, standing: Standing[JobFault], seconds: float | None) -> None:
        job.watched[_until(standing)] = _FOR_GOOD if seconds is None else self._clock.now() + seconds

    def _holds(self, job: Job, standing: Standing[JobFault]) -> bool:
        return self._clock.now() < job.watched.get(_until(standing), 0.0)


def _until(standing: Standing[JobFault]) -> str:
    """Where `Job.watched` has the end of what a rule does; no rule is called so."""
    return f"{standing.name} until"


def _held_back(progress: Progress, percent: int, error: str = "") -> Progress:
    """The report of a load that has come no further than to where it fails.

    The mover is faster than whoever stops it, so it may have.

    :param error: given once it has failed.
    """
    load, tables = progress.full_load, progress.tables
    if load.percent > percent or load.state == "Finished":
        load = _capped(load, percent)
        tables = tuple(replace(table, progress=_capped(table.progress, percent)) for table in tables)
        progress = replace(progress, incremental=PhaseProgress(), delay_ms=-1, checkpoint=0)
    if error:
        load = replace(load, state="Failed", error=error)
        tables = tuple(_failed(tables, error))
    return replace(progress, full_load=load, tables=tables)


def _capped(phase: PhaseProgress, percent: int) -> PhaseProgress:
    return replace(phase, state="Migrating", percent=percent, done=phase.total * percent // 100)


def _failed(tables: Iterable[TableProgress], error: str) -> Iterator[TableProgress]:
    """The load fails at the first table that is not loaded, as a mover's does."""
    for table in tables:
        if error and table.progress.state != "Finished":
            table, error = replace(table, progress=replace(table.progress, state="Failed", error=error)), ""
        yield table


def _is_in(job: Job, stage: Stage, progress: Progress) -> bool:
    if stage == "full_load":
        return job.full_load and job.status in _LOADING and progress.full_load.state == "Migrating"
    return job.status in _FOLLOWING and progress.delay_ms >= 0
