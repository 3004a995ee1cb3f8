"""Consumer groups of subscriptions, and the parts of distributed ones."""

from __future__ import annotations

import json

from airflow_dts.api._base import Reply
from airflow_dts.api.subscriptions import (
    ConsumerChannel,
    CreateConsumerChannel,
    CreateConsumerChannelReply,
    DeleteConsumerChannel,
    DescribeConsumerChannel,
    DescribeConsumerChannelReply,
    DescribeSubscriptionMeta,
    DescribeSubscriptionMetaReply,
    ModifyConsumerChannel,
    SubscriptionMeta,
)
from airflow_dts.emulator import consumers
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import ConsumerGroup, Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import unfit

_PAGE_SIZE = 20


def _subscription(
    desk: Desk,
    action: CreateConsumerChannel | DescribeConsumerChannel | ModifyConsumerChannel | DeleteConsumerChannel,
) -> Job:
    name = "DtsJobId" if action.dts_job_id else "DtsInstanceId"
    return consumers.check_subscription(desk.job(action.dts_job_id, action.dts_instance_id), name)


@handles(CreateConsumerChannel)
def create_group(desk: Desk, action: CreateConsumerChannel) -> CreateConsumerChannelReply:
    """Seed 6.4.6.1."""
    job = _subscription(desk, action)
    group = consumers.create(
        job,
        name=action.consumer_group_name,
        user=action.consumer_group_user_name,
        password=action.consumer_group_password.get_secret_value(),
        now=desk.clock.now(),
    )
    desk.store.save(job)
    return CreateConsumerChannelReply(consumer_group_id=group.id)


@handles(DescribeConsumerChannel)
def describe_groups(desk: Desk, action: DescribeConsumerChannel) -> DescribeConsumerChannelReply:
    """The oldest group comes first. Seed 6.4.6.2."""
    job = _subscription(desk, action)
    if action.parent_channel_id not in (None, job.id, job.instance_id):
        raise unfit("ParentChannelId", "the subscription is no part of another.")
    size, page = action.page_size or _PAGE_SIZE, action.page_number or 1
    return DescribeConsumerChannelReply(
        consumer_channels=[_channel(group) for group in job.groups[(page - 1) * size : page * size]],
        page_number=page,
        page_record_count=size,
        total_record_count=len(job.groups),
    )


def _channel(group: ConsumerGroup) -> ConsumerChannel:
    return ConsumerChannel(
        consumer_group_id=group.id,
        consumer_group_name=group.name,
        consumer_group_user_name=group.user,
        **({"consumption_checkpoint": utc(group.position)} if group.position else {}),
        message_delay=consumers.NOBODY,
        unconsumed_data=consumers.NOBODY,
    )


@handles(ModifyConsumerChannel)
def modify_group(desk: Desk, action: ModifyConsumerChannel) -> Reply:
    """What is left out stays. Seed 6.4.6.3."""
    job = _subscription(desk, action)
    password = action.consumer_group_password
    consumers.modify(
        job,
        consumers.find(job, action.consumer_group_id),
        name=action.consumer_group_name,
        user=action.consumer_group_user_name,
        password=password.get_secret_value() if password else None,
    )
    desk.store.save(job)
    return Reply()


@handles(DeleteConsumerChannel)
def delete_group(desk: Desk, action: DeleteConsumerChannel) -> Reply:
    """Seed 6.4.6.4."""
    job = _subscription(desk, action)
    consumers.delete(job, consumers.find(job, action.consumer_group_id))
    desk.store.save(job)
    return Reply()


@handles(DescribeSubscriptionMeta)
def describe_parts(desk: Desk, action: DescribeSubscriptionMeta) -> DescribeSubscriptionMetaReply:
    """A subscription of PolarDB-X 1.0 has one part here, itself; any other has none. Seed 6.4.8.5.

    No proxy runs that a part could be read from, so none is told.
    """
    job = _owner(desk, action)
    asked = {*(action.sub_migration_job_ids or ()), *(action.topics or ())}
    if job.source.instance_type != "DRDS" or not asked & {job.id, consumers.topic(job)}:
        return DescribeSubscriptionMetaReply(subscription_meta_list=[])
    part = SubscriptionMeta(
        sid=action.sid,
        topic=consumers.topic(job),
        checkpoint=job.start_at,
        db_list=json.dumps(job.objects, ensure_ascii=False, separators=(",", ":")),
    )
    return DescribeSubscriptionMetaReply(subscription_meta_list=[part])


def _owner(desk: Desk, action: DescribeSubscriptionMeta) -> Job:
    """The subscription that has the group. Raises Refusal."""
    if action.dts_instance_id:
        job = consumers.check_subscription(desk.job(None, action.dts_instance_id), "DtsInstanceId")
        consumers.find(job, action.sid, "Sid")
        return job
    for job in desk.listed(desk.region, JobType.SUBSCRIBE):
        if any(group.id == action.sid for group in job.groups):
            return job
    raise unfit("Sid", "no subscription has such a group.")
