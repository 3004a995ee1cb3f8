"""Giving a synchronization another address after a failover, and asking how that went."""

from __future__ import annotations

from dataclasses import replace

from airflow_dts.api.legacy.synchronization import (
    SwitchSynchronizationEndpoint,
    SwitchSynchronizationEndpointReply,
)
from airflow_dts.api.legacy.synchronization_readings import (
    DescribeEndpointSwitchStatus,
    DescribeEndpointSwitchStatusReply,
)
from airflow_dts.emulator import changes, connecting
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._ends import newer_type
from airflow_dts.emulator.handlers.legacy._jobs import synchronization
from airflow_dts.emulator.handlers.verbs import do
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import Status, Verb, busy
from airflow_dts.emulator.refusals import unfit

_BROKEN = frozenset({Status.FAILED, Status.INITIALIZE_FAILED})


@handles(SwitchSynchronizationEndpoint)
def switch(desk: Desk, action: SwitchSynchronizationEndpoint) -> SwitchSynchronizationEndpointReply:
    """The job goes on there from where it broke off; a paused one does once it is started. Seed 6.5.2.8.

    What it goes on from lies in the databases themselves, so the new one has to be a copy of the old, as
    the other half of a failover is. Until it is reached, nothing is changed.
    """
    job = synchronization(desk, action.synchronization_job_id, action.synchronization_direction)
    if job.goal is not None:
        raise busy(job.status)
    changes.check_switchable(job)
    which, present = (
        ("source", job.source) if action.endpoint_type == "Source" else ("destination", job.target)
    )
    changes.settle(job, changes.ENDPOINT)
    moved = _moved(present, action)
    verdict = connecting.attempt(which, moved, desk.store.bindings())
    if not verdict.opens:
        raise unfit("Endpoint.InstanceId", verdict.advice)
    if which == "source":
        if action.source_endpoint_owner_id:
            moved.owner, moved.role = action.source_endpoint_owner_id, action.source_endpoint_role or ""
        job.source = moved
    else:
        job.target = moved
    return SwitchSynchronizationEndpointReply(task_id=_go_on(desk, job))


def _moved(present: Side, action: SwitchSynchronizationEndpoint) -> Side:
    return replace(
        present,
        instance_type=newer_type(action.endpoint_instance_type),
        instance_id=action.endpoint_instance_id,
        ip=action.endpoint_ip or "",
        port=str(action.endpoint_port),
    )


def _go_on(desk: Desk, job: Job) -> str:
    """Let a new mover take over from the one that knows the old address."""
    job.revision += 1
    job.retry = None
    change = changes.add(job, changes.ENDPOINT)
    desk.store.save(job)
    if job.status in _BROKEN:
        do(desk, job, Verb.START)
    return change.id


@handles(DescribeEndpointSwitchStatus)
def describe_switch(desk: Desk, action: DescribeEndpointSwitchStatus) -> DescribeEndpointSwitchStatusReply:
    """Finished once the job works there, or is paused and has taken note. Seed 6.5.2.9."""
    job, change = changes.find(desk.store, desk.region, action.task_id, changes.ENDPOINT)
    return DescribeEndpointSwitchStatusReply(
        status=changes.status(job, change), error_message=changes.error(job, change)
    )
