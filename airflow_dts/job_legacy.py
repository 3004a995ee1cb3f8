"""A job as the older API's readings of one instance tell it (seed 6.5.1.7, 6.5.2.15 and 6.5.3.7).

They name an instance where the newer API names a job, tell every delay in seconds, and have no words for two
things that a wait must know. Both are read from what else they say: an instance that is not started and has
neither objects nor a source is one that nobody has configured; a running job that reports an error is one
that retries, so that its delay proves nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_dts.job import (
    JobSnapshot,
    Phase,
    PrecheckItem,
    as_duration,
    as_instant,
    as_number,
    phase_reading,
    planned_phases,
)
from airflow_dts.states import RUNNING, State

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from airflow_dts.api.legacy.migration import DescribeMigrationJobStatusReply
    from airflow_dts.api.legacy.subscription import DescribeSubscriptionInstanceStatusReply
    from airflow_dts.api.legacy.synchronization_readings import DescribeSynchronizationJobStatusReply

_ROUNDING = timedelta(seconds=1)


def of_migration(reply: DescribeMigrationJobStatusReply, instance_id: str) -> JobSnapshot:
    increments = phase_reading(reply.data_synchronization_status)
    said = State.of(reply.migration_job_status)
    return JobSnapshot(
        job_id=instance_id,
        status=_status(reply.migration_job_status, reply, reply.migration_object.strip(" []")),
        job_type="MIGRATION",
        instance_id=instance_id,
        name=reply.migration_job_name,
        pay_type=reply.pay_type,
        instance_class=reply.migration_job_class,
        precheck=phase_reading(reply.precheck_status),
        structure=phase_reading(reply.structure_initialization_status),
        full_load=phase_reading(reply.data_initialization_status),
        incremental=increments,
        planned=planned_phases(reply.migration_mode),
        delay=as_duration(reply.data_synchronization_status.delay, "seconds"),
        checkpoint=as_instant(reply.data_synchronization_status.checkpoint),
        retrying=_retrying(said, increments.error),
        retry_error=increments.error,
        failed_items=_failed(reply),
        said=reply,
    )


def of_synchronization(
    reply: DescribeSynchronizationJobStatusReply, instance_id: str, direction: str = "Forward"
) -> JobSnapshot:
    """It always follows changes; the other phases it runs as it says."""
    switches = {Phase.STRUCTURE: reply.structure_initialization, Phase.FULL_LOAD: reply.data_initialization}
    error = reply.error_message or reply.data_synchronization_status.error_message
    return JobSnapshot(
        job_id=instance_id,
        status=_status(reply.status, reply, reply.synchronization_objects),
        job_type="SYNC",
        instance_id=instance_id,
        name=reply.synchronization_job_name,
        pay_type=reply.pay_type,
        instance_class=reply.synchronization_job_class,
        expires=reply.expire_time,
        two_way=direction == "Reverse",
        direction=direction,
        precheck=phase_reading(reply.precheck_status),
        structure=phase_reading(reply.structure_initialization_status),
        full_load=phase_reading(reply.data_initialization_status),
        incremental=phase_reading(reply.data_synchronization_status),
        planned=frozenset(
            {Phase.PRECHECK, Phase.INCREMENTAL, *(phase for phase, on in switches.items() if on is not False)}
        ),
        delay=_lag(reply),
        checkpoint=_reached(reply),
        retrying=_retrying(State.of(reply.status), error),
        retry_error=error,
        rows_per_second=as_number(reply.performance.rps),
        failed_items=_failed(reply),
        error=reply.error_message,
        said=reply,
    )


def of_subscription(reply: DescribeSubscriptionInstanceStatusReply, instance_id: str) -> JobSnapshot:
    """It tells neither phases nor a delay; what its client can read reaches up to the newest data kept."""
    return JobSnapshot(
        job_id=instance_id,
        status=_status(reply.status, reply, reply.subscription_object),
        job_type="SUBSCRIBE",
        instance_id=instance_id,
        name=reply.subscription_instance_name,
        pay_type=reply.pay_type,
        checkpoint=reply.end_timestamp,
        retrying=_retrying(State.of(reply.status), reply.error_message),
        retry_error=reply.error_message,
        error=reply.error_message,
        said=reply,
    )


def items_of(
    reply: DescribeMigrationJobStatusReply | DescribeSynchronizationJobStatusReply, skippable: Collection[str]
) -> tuple[PrecheckItem, ...]:
    """Every item of the precheck.

    :param skippable: codes of the items that can be skipped, which the service does not tell
    """
    return tuple(
        PrecheckItem(
            item=row.item_name,
            state=row.check_status,
            reason=row.error_message,
            repair=row.repair_method,
            can_skip=row.item_name.upper() in skippable,
        )
        for row in reply.precheck_status.detail
    )


def _status(said: str, reply: Any, objects: Any) -> str:
    source = reply.source_endpoint
    told = objects or source.instance_id or getattr(source, "ip", "")
    return State.NOT_CONFIGURED.value if State.of(said) is State.NOT_STARTED and not told else said


def _retrying(state: State, error: str) -> bool:
    return state is State.RETRYING or (state in RUNNING and bool(error))


def _failed(reply: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in items_of(reply, ()) if item.blocks)


def _lag(reply: DescribeSynchronizationJobStatusReply) -> timedelta | None:
    """It is told in milliseconds and in seconds; where the two contradict each other, the larger counts."""
    for teller in (reply, reply.data_synchronization_status):
        if min(teller.delay_millis or 0, teller.delay or 0) < 0:  # not known yet
            return None
        exact, rough = as_duration(teller.delay_millis, "milliseconds"), as_duration(teller.delay, "seconds")
        if exact is None or (rough is not None and rough - exact > _ROUNDING):
            exact = rough
        if exact is not None:
            return exact
    return None


def _reached(reply: DescribeSynchronizationJobStatusReply) -> datetime | None:
    return as_instant(reply.checkpoint) or as_instant(reply.data_synchronization_status.checkpoint)
