"""Which function serves which action, and what a function is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_dts.api._base import Action, Reply
from airflow_dts.emulator import twoway
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.refusals import invalid, no_such_job
from airflow_dts.emulator.state import Event, Store

A = TypeVar("A", bound=Action[Any])
R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Desk:
    """What serves one call.

    :param region: the region the call is about.
    """

    store: Store
    clock: Clock
    options: Options
    progress: ProgressBook
    region: str
    action: str
    request_id: str

    def job(self, job_id: str | None, instance_id: str | None = None, direction: str | None = None) -> Job:
        """A job that can still be worked with. Raises Refusal.

        :param direction: ``Reverse`` for the other half of a two-way job, which has an id of its own too.
        """
        job = self.visible(job_id, instance_id, direction)
        if job.released:
            raise no_such_job("DtsJobId" if job_id else "DtsInstanceId")
        return job

    def visible(
        self, job_id: str | None, instance_id: str | None = None, direction: str | None = None
    ) -> Job:
        """A job that can be read, also a released synchronization that is still shown. Raises Refusal."""
        job = self.store.job(job_id) if job_id else self.store.job_of_instance(instance_id or "")
        if job is None or job.region != self.region or _hidden(job):
            raise no_such_job("DtsJobId" if job_id else "DtsInstanceId")
        if instance_id and job.instance_id != instance_id:
            raise no_such_job("DtsInstanceId")
        return self._half(job, direction)

    def instance(self, job_id: str | None, instance_id: str | None = None) -> Job:
        """The job that stands for an instance, its class, bill and tags. Raises Refusal."""
        job = self.job(job_id, instance_id)
        return (self.other_half(job) or job) if job.reverse else job

    def other_half(self, job: Job) -> Job | None:
        """The other direction of a two-way job; None of any other."""
        other = self.store.job(job.partner) if job.partner else None
        if other is not None:
            twoway.share(*((other, job) if job.reverse else (job, other)))
        return other

    def _half(self, job: Job, direction: str | None) -> Job:
        """The direction that is meant; without a word about it, whichever the id is of."""
        other = self.other_half(job)
        if direction is None or (direction == "Reverse") is job.reverse:
            return job
        if job.reverse:
            raise invalid(
                "SynchronizationDirection",
                "the job is the Reverse half itself: leave the direction out, or name the Forward half.",
            )
        if other is None:
            raise invalid(
                "SynchronizationDirection",
                "the job has no Reverse direction: leave it out, or upgrade the instance (UpgradeTwoWay).",
            )
        return other

    def listed(self, region: str, kind: JobType) -> list[Job]:
        """All readable jobs of a kind, oldest first; of two-way ones the forward halves."""
        return [job for job in self.store.jobs(region, kind) if not _hidden(job)]

    def record_purchase(self, job: Job) -> None:
        self._record("purchase", job)

    def record_charge(self, job: Job) -> None:
        """Money for an instance that is there already."""
        self._record("charge", job)

    def _record(self, kind: str, job: Job) -> None:
        self.store.record(
            Event(self.clock.now(), kind, self.action, "OK", job.id, job.region, self.request_id)
        )


def _hidden(job: Job) -> bool:
    return job.goal is Status.GONE and job.type is not JobType.SYNC


Handler = Callable[[Desk, Any], Reply]
HANDLERS: dict[str, Handler] = {}
"""By wire name."""


def handles(action: type[A]) -> Callable[[Callable[[Desk, A], R]], Callable[[Desk, A], R]]:
    """Make the function the one that serves `action`."""

    def register(handler: Callable[[Desk, A], R]) -> Callable[[Desk, A], R]:
        HANDLERS[action.action_name()] = handler
        return handler

    return register
