"""Alarms with the older actions. They are kept; nobody is called."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.alerts import (
    Alerting,
    ConfigureMigrationJobAlert,
    ConfigureSubscriptionInstanceAlert,
    ConfigureSynchronizationJobAlert,
    DescribeMigrationJobAlert,
    DescribeSubscriptionInstanceAlert,
    DescribeSynchronizationJobAlert,
    MigrationJobAlert,
    SubscriptionInstanceAlert,
    SynchronizationJobAlert,
)
from airflow_dts.emulator import alerts
from airflow_dts.emulator.handlers._facts import direction
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._jobs import migration, seen, subscription, synchronization
from airflow_dts.emulator.jobs import Job


def _configure(desk: Desk, job: Job, action: Alerting) -> Reply:
    alerts.configure_older(job.alerts, action)
    desk.store.save(job)
    return Reply()


@handles(ConfigureMigrationJobAlert)
def configure_migration(desk: Desk, action: ConfigureMigrationJobAlert) -> Reply:
    """Seed 6.5.5.1."""
    return _configure(desk, migration(desk, action.migration_job_id), action)


@handles(DescribeMigrationJobAlert)
def describe_migration(desk: Desk, action: DescribeMigrationJobAlert) -> MigrationJobAlert:
    """Seed 6.5.5.2."""
    job = migration(desk, action.migration_job_id)
    return MigrationJobAlert(migration_job_id=job.id, migration_job_name=job.name, **alerts.words(job.alerts))


@handles(ConfigureSubscriptionInstanceAlert)
def configure_subscription(desk: Desk, action: ConfigureSubscriptionInstanceAlert) -> Reply:
    """Seed 6.5.5.3."""
    return _configure(desk, subscription(desk, action.subscription_instance_id), action)


@handles(DescribeSubscriptionInstanceAlert)
def describe_subscription(desk: Desk, action: DescribeSubscriptionInstanceAlert) -> SubscriptionInstanceAlert:
    """Seed 6.5.5.4."""
    job = subscription(desk, action.subscription_instance_id)
    return SubscriptionInstanceAlert(
        subscription_instance_id=job.instance_id,
        subscription_instance_name=job.name,
        **alerts.words(job.alerts),
    )


@handles(ConfigureSynchronizationJobAlert)
def configure_synchronization(desk: Desk, action: ConfigureSynchronizationJobAlert) -> Reply:
    """Seed 6.5.5.5."""
    job = synchronization(desk, action.synchronization_job_id, action.synchronization_direction)
    return _configure(desk, job, action)


@handles(DescribeSynchronizationJobAlert)
def describe_synchronization(desk: Desk, action: DescribeSynchronizationJobAlert) -> SynchronizationJobAlert:
    """The direction is told of a two-way synchronization only. Seed 6.5.5.6."""
    job = seen(desk, action.synchronization_job_id, action.synchronization_direction)
    return SynchronizationJobAlert(
        synchronization_job_id=job.instance_id.removeprefix("dts"),
        synchronization_job_name=job.name,
        **({"synchronization_direction": direction(job)} if job.partner else {}),
        **alerts.words(job.alerts),
    )
