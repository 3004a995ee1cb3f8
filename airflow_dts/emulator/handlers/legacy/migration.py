"""Buying, configuring and steering migrations with the older actions."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.migration import (
    ConfigureMigrationJob,
    CreateMigrationJob,
    CreateMigrationJobReply,
    DeleteMigrationJob,
    StartMigrationJob,
    StopMigrationJob,
    SuspendMigrationJob,
)
from airflow_dts.emulator import idempotency, older_objects
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._ends import newer_class, newer_type, side
from airflow_dts.emulator.handlers.legacy._jobs import migration
from airflow_dts.emulator.handlers.legacy._purchases import bought
from airflow_dts.emulator.handlers.verbs import do, started_by_itself
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Verb
from airflow_dts.emulator.refusals import invalid


@handles(CreateMigrationJob)
def create(desk: Desk, action: CreateMigrationJob) -> CreateMigrationJobReply:
    """Billed by the hour, in the region of the target. Seed 6.5.1.1."""

    def order(job: Job) -> None:
        job.job_class = newer_class(action.migration_job_class)
        job.target = Side(region=action.region)

    instance_id = bought(desk, action, action.client_token, JobType.MIGRATION, action.region, order)
    return CreateMigrationJobReply(migration_job_id=instance_id)


@handles(ConfigureMigrationJob)
def configure(desk: Desk, action: ConfigureMigrationJob) -> Reply:
    """The job starts by itself unless autoStartModulesAfterConfig is ``none``. Seed 6.5.1.2."""
    if not (action.structure_initialization or action.data_initialization or action.data_synchronization):
        raise invalid(
            "MigrationMode.DataIntialization",
            "switch at least one of structure, full load and increments on.",
        )
    job = migration(desk, action.migration_job_id)
    do(desk, job, Verb.CONFIGURE)
    source, target = (
        side(action, which, instance_type=newer_type(kind), engine=former.engine)
        for which, kind, former in (
            ("source", action.source_endpoint_instance_type, job.source),
            ("destination", action.destination_endpoint_instance_type, job.target),
        )
    )
    objects, left_out = older_objects.chosen(
        action.migration_object, "MigrationObject", source, desk.store.bindings()
    )
    job.describe(
        desk.clock.now(),
        name=action.migration_job_name,
        objects=objects,
        left_out=left_out,
        reserve=action.migration_reserved.to_dict() if action.migration_reserved else {},
        start_at=action.checkpoint,
    )
    job.structure = action.structure_initialization
    job.full_load = action.data_initialization
    job.incremental = action.data_synchronization
    job.source, job.target = source, target
    desk.store.save(job)
    started_by_itself(desk, job)
    return Reply()


@handles(StartMigrationJob)
def start(desk: Desk, action: StartMigrationJob) -> Reply:
    """Seed 6.5.1.3."""
    do(desk, migration(desk, action.migration_job_id), Verb.START)
    return Reply()


@handles(SuspendMigrationJob)
def suspend(desk: Desk, action: SuspendMigrationJob) -> Reply:
    """Seed 6.5.1.4."""
    return _once(desk, action, Verb.SUSPEND)


@handles(StopMigrationJob)
def stop(desk: Desk, action: StopMigrationJob) -> Reply:
    """Seed 6.5.1.8."""
    return _once(desk, action, Verb.STOP)


def _once(desk: Desk, action: SuspendMigrationJob | StopMigrationJob, verb: Verb) -> Reply:
    """The same call again is answered as the first one was."""
    job = migration(desk, action.migration_job_id)
    if not idempotency.repeated(job, action.client_token, idempotency.whole(action)):
        do(desk, job, verb)
    return Reply()


@handles(DeleteMigrationJob)
def delete(desk: Desk, action: DeleteMigrationJob) -> Reply:
    """Seed 6.5.1.9."""
    do(desk, migration(desk, action.migration_job_id), Verb.DELETE)
    return Reply()
