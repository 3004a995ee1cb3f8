"""Buying, configuring and steering subscriptions with the older actions, and their consumers."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.subscription import (
    ConfigureSubscriptionInstance,
    ConsumerGroup,
    CreateConsumerGroup,
    CreateSubscriptionInstance,
    CreateSubscriptionInstanceReply,
    DeleteConsumerGroup,
    DeleteSubscriptionInstance,
    DescribeConsumerGroup,
    DescribeConsumerGroupReply,
    ModifyConsumerGroupPassword,
    ModifyConsumptionTimestamp,
    ModifySubscriptionObject,
    StartSubscriptionInstance,
    StartSubscriptionInstanceReply,
)
from airflow_dts.api.subscriptions import CreateConsumerChannelReply
from airflow_dts.emulator import billing, consumers, jobs, older_objects
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._ends import newer_engine, side
from airflow_dts.emulator.handlers.legacy._jobs import page, subscription
from airflow_dts.emulator.handlers.legacy._purchases import bought
from airflow_dts.emulator.handlers.purchases import prepay
from airflow_dts.emulator.handlers.verbs import do
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Status, Verb, busy
from airflow_dts.emulator.refusals import unfit

_NOT_RUNNING = frozenset({Status.NOT_STARTED, Status.PRECHECK_FAILED})


@handles(CreateSubscriptionInstance)
def create(desk: Desk, action: CreateSubscriptionInstance) -> CreateSubscriptionInstanceReply:
    """In the region of the source. Seed 6.5.3.1."""

    def order(job: Job) -> None:
        engine = newer_engine(action.source_endpoint_instance_type or "MySQL")
        job.source = Side(engine=engine, region=action.region)
        if action.pay_type == "Prepaid":
            prepay(job, billing.term(action.period, action.used_time or 0))

    instance_id = bought(desk, action, action.client_token, JobType.SUBSCRIBE, action.region, order)
    return CreateSubscriptionInstanceReply(subscription_instance_id=instance_id)


@handles(ConfigureSubscriptionInstance)
def configure(desk: Desk, action: ConfigureSubscriptionInstance) -> Reply:
    """It waits for StartSubscriptionInstance. With a network type it is of the newer kind. Seed 6.5.3.2."""
    job = subscription(desk, action.subscription_instance_id)
    do(desk, job, Verb.CONFIGURE)
    kind = action.source_endpoint_instance_type or "RDS"
    source = side(action, "source", instance_type=kind, engine=job.source.engine)
    source.region = job.source.region
    objects, left_out = older_objects.chosen(
        action.subscription_object, "SubscriptionObject", source, desk.store.bindings()
    )
    job.describe(
        desk.clock.now(),
        name=action.subscription_instance_name or job.name,
        objects=objects,
        left_out=left_out,
        reserve={},
        start_at=None,
    )
    job.source = source
    job.ddl, job.dml = action.subscription_data_type_ddl, action.subscription_data_type_dml
    job.network = action.subscription_instance_network_type or ""
    desk.store.save(job)
    return Reply()


@handles(StartSubscriptionInstance)
def start(desk: Desk, action: StartSubscriptionInstance) -> StartSubscriptionInstanceReply:
    """Seed 6.5.3.3."""
    job = subscription(desk, action.subscription_instance_id)
    do(desk, job, Verb.START)
    return StartSubscriptionInstanceReply(task_id=job.id)


@handles(DeleteSubscriptionInstance)
def delete(desk: Desk, action: DeleteSubscriptionInstance) -> Reply:
    """Seed 6.5.3.8."""
    do(desk, subscription(desk, action.subscription_instance_id), Verb.DELETE)
    return Reply()


@handles(ModifySubscriptionObject)
def modify_objects(desk: Desk, action: ModifySubscriptionObject) -> Reply:
    """One that is normal goes on with the new list; another waits to be started. Seed 6.5.3.4."""
    job = subscription(desk, action.subscription_instance_id)
    if job.goal is not None:
        raise busy(job.status)
    if job.status not in _NOT_RUNNING:
        do(desk, job, Verb.MODIFY)
    objects, left_out = older_objects.chosen(
        action.subscription_object, "SubscriptionObject", job.source, desk.store.bindings()
    )
    job.choose(objects, left_out)
    job.configured.append(desk.clock.now())
    desk.store.save(job)
    return Reply()


# --- consumers --------------------------------------------------------------------------------------------


@handles(CreateConsumerGroup)
def create_group(desk: Desk, action: CreateConsumerGroup) -> CreateConsumerChannelReply:
    """Seed 6.5.3.5.1."""
    job = subscription(desk, action.subscription_instance_id)
    consumers.check_newer(job)
    group = consumers.create(
        job,
        name=action.consumer_group_name,
        user=action.consumer_group_user_name,
        password=action.consumer_group_password.get_secret_value(),
        now=desk.clock.now(),
    )
    desk.store.save(job)
    return CreateConsumerChannelReply(consumer_group_id=group.id)


@handles(DescribeConsumerGroup)
def describe_groups(desk: Desk, action: DescribeConsumerGroup) -> DescribeConsumerGroupReply:
    """The oldest comes first. Seed 6.5.3.5.2."""
    job = subscription(desk, action.subscription_instance_id)
    shown, counts = page(action, job.groups)
    return DescribeConsumerGroupReply(consumer_channels=[_channel(group) for group in shown], **counts)


def _channel(group: jobs.ConsumerGroup) -> ConsumerGroup:
    return ConsumerGroup(
        consumer_group_id=group.id,
        consumer_group_name=group.name,
        consumer_group_user_name=group.user,
        **({"consumption_checkpoint": utc(group.position)} if group.position else {}),
        message_delay=consumers.NOBODY,
        unconsumed_data=consumers.NOBODY,
    )


@handles(ModifyConsumerGroupPassword)
def change_group_password(desk: Desk, action: ModifyConsumerGroupPassword) -> Reply:
    """Name and account only say again which group is meant. Seed 6.5.3.5.3."""
    job = subscription(desk, action.subscription_instance_id)
    group = consumers.find(job, action.consumer_group_id, "ConsumerGroupID")
    if action.consumer_group_name not in (None, group.name):
        raise unfit("ConsumerGroupName", "it is not the group's.")
    if action.consumer_group_user_name not in (None, group.user):
        raise unfit("ConsumerGroupUserName", "it is not the group's.")
    consumers.change_password(
        job,
        group,
        action.consumer_group_password.get_secret_value(),
        action.consumer_group_new_password.get_secret_value(),
    )
    desk.store.save(job)
    return Reply()


@handles(DeleteConsumerGroup)
def delete_group(desk: Desk, action: DeleteConsumerGroup) -> Reply:
    """Seed 6.5.3.5.4."""
    job = subscription(desk, action.subscription_instance_id)
    consumers.delete(job, consumers.find(job, action.consumer_group_id, "ConsumerGroupID"))
    desk.store.save(job)
    return Reply()


@handles(ModifyConsumptionTimestamp)
def move_consumer(desk: Desk, action: ModifyConsumptionTimestamp) -> Reply:
    """Only of the older kind, while it is normal. Seed 6.5.3.5.5."""
    job = subscription(desk, action.subscription_instance_id)
    consumers.move(job, action.consumption_timestamp.timestamp())
    desk.store.save(job)
    return Reply()
