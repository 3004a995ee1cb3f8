"""Configuring what was bought."""

from __future__ import annotations

from airflow_dts.api._parts import Configured, ConfigureReply, FromSource, ToDestination
from airflow_dts.api.jobs import ConfigureDtsJob
from airflow_dts.api.subscriptions import ConfigureSubscription
from airflow_dts.emulator import alerts, passwords, twoway
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.verbs import do, started_by_itself
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Verb
from airflow_dts.emulator.refusals import invalid, unfit


@handles(ConfigureDtsJob)
def configure_job(desk: Desk, action: ConfigureDtsJob) -> ConfigureReply:
    """The job starts by itself unless Reserve.autoStartModulesAfterConfig is ``none``. Seed 6.4.2."""
    if action.job_type == "CHECK":
        raise unfit("JobType", "give MIGRATION or SYNC; this service compares no data without moving it.")
    if not (action.structure_initialization or action.data_initialization or action.data_synchronization):
        raise invalid("DataInitialization", "switch at least one of structure, full load and increments on.")
    job = _bought(desk, action, JobType(action.job_type), action.synchronization_direction)
    if job.reverse:
        twoway.check_forward_first(desk.other_half(job))
    do(desk, job, Verb.CONFIGURE)
    _describe(desk, job, action)
    job.structure = action.structure_initialization
    job.full_load = action.data_initialization
    job.incremental = action.data_synchronization
    job.source = _source(action, action.source_endpoint_instance_type, action.source_endpoint_engine_name)
    job.target = _target(action)
    desk.store.save(job)
    started_by_itself(desk, job)
    return ConfigureReply(dts_job_id=job.id, dts_instance_id=job.instance_id)


@handles(ConfigureSubscription)
def configure_subscription(desk: Desk, action: ConfigureSubscription) -> ConfigureReply:
    """A configured subscription waits for StartDtsJob. Seed 6.4.3."""
    job = _bought(desk, action, JobType.SUBSCRIBE)
    do(desk, job, Verb.CONFIGURE)
    _describe(desk, job, action)
    job.source = _source(action, action.source_endpoint_instance_type, action.source_endpoint_engine_name)
    job.ddl = action.subscription_data_type_ddl is not False
    job.dml = action.subscription_data_type_dml is not False
    job.network = action.subscription_instance_network_type
    desk.store.save(job)
    return ConfigureReply(dts_job_id=job.id, dts_instance_id=job.instance_id)


def _bought(desk: Desk, action: Configured, kind: JobType, direction: str | None = None) -> Job:
    job = desk.job(action.dts_job_id, action.dts_instance_id, direction)
    if job.type is not kind:
        raise invalid("DtsJobId", f"the instance was bought for a {job.type} job, not for {kind}.")
    return job


def _describe(desk: Desk, job: Job, action: Configured) -> None:
    job.describe(
        desk.clock.now(),
        name=action.dts_job_name,
        objects=action.db_list.to_dict(),
        reserve=action.reserve.to_dict() if action.reserve else {},
        start_at=action.checkpoint,
    )
    alerts.configure(job.alerts, action)


def _source(action: FromSource, instance_type: str | None, engine: str | None) -> Side:
    return Side(
        instance_type=instance_type or "",
        instance_id=action.source_endpoint_instance_id or "",
        engine=engine or "MYSQL",
        region=action.source_endpoint_region or "",
        ip=action.source_endpoint_ip or "",
        port=str(action.source_endpoint_port or ""),
        database=action.source_endpoint_database_name or "",
        user=action.source_endpoint_user_name or "",
        oracle_sid=action.source_endpoint_oracle_sid or "",
        owner=action.source_endpoint_owner_id or "",
        role=action.source_endpoint_role or "",
        password_hash=passwords.kept(action.source_endpoint_password),
    )


def _target(action: ConfigureDtsJob) -> Side:
    side: ToDestination = action
    return Side(
        instance_type=action.destination_endpoint_instance_type,
        instance_id=side.destination_endpoint_instance_id or "",
        engine=action.destination_endpoint_engine_name or "MYSQL",
        region=side.destination_endpoint_region or "",
        ip=side.destination_endpoint_ip or "",
        port=str(side.destination_endpoint_port or ""),
        database=side.destination_endpoint_database_name or "",
        user=side.destination_endpoint_user_name or "",
        oracle_sid=side.destination_endpoint_oracle_sid or "",
        password_hash=passwords.kept(side.destination_endpoint_password),
    )
