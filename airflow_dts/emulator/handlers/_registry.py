"""Which function serves which action, and what a function is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_dts.api._base import Action, Reply
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.refusals import Refusal, gateway, no_such_job
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

    def job(self, job_id: str | None, instance_id: str | None = None) -> Job:
        """A job that can still be worked with. Raises Refusal."""
        job = self.visible(job_id, instance_id)
        if job.released:
            raise no_such_job("DtsJobId" if job_id else "DtsInstanceId")
        return job

    def visible(self, job_id: str | None, instance_id: str | None = None) -> Job:
        """A job that can be read, also a released synchronization that is still shown. Raises Refusal."""
        job = self.store.job(job_id) if job_id else self.store.job_of_instance(instance_id or "")
        if job is None or job.region != self.region or _hidden(job):
            raise no_such_job("DtsJobId" if job_id else "DtsInstanceId")
        if instance_id and job.instance_id != instance_id:
            raise no_such_job("DtsInstanceId")
        return job

    def listed(self, region: str, kind: JobType) -> list[Job]:
        """All readable jobs of a kind, oldest first."""
        return [job for job in self.store.jobs(region, kind) if not _hidden(job)]

    def record_purchase(self, job: Job) -> None:
        self.store.record(
            Event(self.clock.now(), "purchase", self.action, "OK", job.id, job.region, self.request_id)
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


def not_emulated(what: str) -> Refusal:
    return gateway("NotEmulated", f"{what} is not emulated yet.")


def one_way(direction: str | None) -> None:
    """Refuse the way back of a two-way synchronization, which no job of this emulator has."""
    if direction == "Reverse":
        raise not_emulated("The Reverse direction of two-way synchronization")
