"""Reading subscriptions with the older actions.

Nobody reads from a subscription of this emulator and no proxy keeps its data, so neither hosts nor the times
of what is kept are told.
"""

from __future__ import annotations

from typing import Any

from airflow_dts.api.legacy.subscription import (
    DescribeSubscriptionInstances,
    DescribeSubscriptionInstancesReply,
    DescribeSubscriptionInstanceStatus,
    DescribeSubscriptionInstanceStatusReply,
    SubscribedData,
    SubscribedSource,
    SubscriptionInstance,
)
from airflow_dts.emulator import consumers
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy import _facts as told
from airflow_dts.emulator.handlers.legacy._jobs import page, subscription, wanted
from airflow_dts.emulator.handlers.legacy._states import state
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType


@handles(DescribeSubscriptionInstances)
def describe_all(desk: Desk, action: DescribeSubscriptionInstances) -> DescribeSubscriptionInstancesReply:
    """The oldest comes first. Seed 6.5.3.6."""
    jobs = [
        job
        for job in desk.listed(desk.region, JobType.SUBSCRIBE)
        if wanted(job, action.subscription_instance_name, action.tags)
    ]
    shown, counts = page(action, jobs)
    return DescribeSubscriptionInstancesReply(
        subscription_instances=[_row(desk, job) for job in shown], **counts
    )


def _row(desk: Desk, job: Job) -> SubscriptionInstance:
    kind = {"instance_type": job.source.instance_type} if job.network else {}
    return SubscriptionInstance(
        source_endpoint=SubscribedSource(instance_id=job.source.instance_id, **kind),
        instance_create_time=utc(job.created),
        job_create_time=utc(told.created(job)),
        tags=told.tags(job),
        **_facts(desk, job),
    )


@handles(DescribeSubscriptionInstanceStatus)
def describe(
    desk: Desk, action: DescribeSubscriptionInstanceStatus
) -> DescribeSubscriptionInstanceStatusReply:
    """The kind of source is told of both kinds of subscription. Seed 6.5.3.7."""
    job = subscription(desk, action.subscription_instance_id)
    return DescribeSubscriptionInstanceStatusReply(
        task_id=job.id,
        source_endpoint=SubscribedSource(
            instance_id=job.source.instance_id, instance_type=job.source.instance_type
        ),
        **_facts(desk, job),
    )


def _facts(desk: Desk, job: Job) -> dict[str, Any]:
    """What both tell (`SubscriptionReading`), but for the source."""
    found: dict[str, Any] = {
        "subscription_instance_id": job.instance_id,
        "subscription_instance_name": job.name,
        "status": state(job, desk.clock.now()),
        "error_message": job.trouble,
        "pay_type": job.pay_type,
        "subscription_data_type": SubscribedData(ddl=job.ddl, dml=job.dml),
        "subscription_object": told.synchronous_objects(job),
    }
    if job.network and job.groups:
        found["subscribe_topic"] = consumers.topic(job)
    if job.position:
        found["consumption_checkpoint"] = utc(job.position)
    return found
