"""Buying, configuring and steering synchronizations with the older actions."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.synchronization import (
    ChangeReply,
    ConfigureSynchronizationJob,
    ConfigureSynchronizationJobReplicatorCompare,
    CreateSynchronizationJob,
    CreateSynchronizationJobReply,
    DeleteSynchronizationJob,
    ModifySynchronizationObject,
    ResetSynchronizationJob,
    StartSynchronizationJob,
    SuspendSynchronizationJob,
)
from airflow_dts.emulator import billing, changes, idempotency, older_objects, twoway
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._ends import newer_engine, newer_type, side
from airflow_dts.emulator.handlers.legacy._jobs import synchronization
from airflow_dts.emulator.handlers.legacy._purchases import bought
from airflow_dts.emulator.handlers.purchases import prepay
from airflow_dts.emulator.handlers.verbs import do, started_by_itself
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Status, Verb, busy
from airflow_dts.emulator.refusals import missing


@handles(CreateSynchronizationJob)
def create(desk: Desk, action: CreateSynchronizationJob) -> CreateSynchronizationJobReply:
    """In the region of the target. Seed 6.5.2.1."""

    def order(job: Job) -> None:
        job.job_class = action.synchronization_job_class
        job.database_count = action.db_instance_count or 1
        job.source = Side(engine=_engine(action.source_endpoint_instance_type), region=action.source_region)
        job.target = Side(
            engine=_engine(action.destination_endpoint_instance_type), region=action.dest_region
        )
        if action.pay_type == "PrePaid":
            prepay(job, billing.term(action.period, action.used_time or 0))

    instance_id = bought(
        desk,
        action,
        action.client_token,
        JobType.SYNC,
        action.dest_region,
        order,
        two_way=action.topology == twoway.TWO_WAY,
    )
    return CreateSynchronizationJobReply(synchronization_job_id=instance_id)


def _engine(bought_for: str | None) -> str:
    return newer_engine(bought_for or "MySQL")


@handles(ConfigureSynchronizationJob)
def configure(desk: Desk, action: ConfigureSynchronizationJob) -> Reply:
    """The job starts by itself unless autoStartModulesAfterConfig is ``none``. Seed 6.5.2.2.

    It always follows changes. Which engines it is for was said when it was bought. The partitions of a
    MaxCompute target mean nothing here.
    """
    job = synchronization(desk, action.synchronization_job_id, action.synchronization_direction)
    if job.reverse:
        twoway.check_forward_first(desk.other_half(job))
    do(desk, job, Verb.CONFIGURE)
    source, target = (
        side(action, which, instance_type=newer_type(kind or "RDS"), engine=former.engine)
        for which, kind, former in (
            ("source", action.source_endpoint_instance_type, job.source),
            ("destination", action.destination_endpoint_instance_type, job.target),
        )
    )
    source.region, target.region = job.source.region, job.target.region
    objects, left_out = older_objects.chosen(
        action.synchronization_objects, "SynchronizationObjects", source, desk.store.bindings()
    )
    job.describe(
        desk.clock.now(),
        name=action.synchronization_job_name or job.name,
        objects=objects,
        left_out=left_out,
        reserve=action.migration_reserved.to_dict() if action.migration_reserved else {},
        start_at=action.checkpoint,
    )
    job.structure, job.full_load = action.structure_initialization, action.data_initialization
    job.incremental = True
    job.source, job.target = source, target
    desk.store.save(job)
    started_by_itself(desk, job)
    return Reply()


def _one(
    desk: Desk,
    action: StartSynchronizationJob | SuspendSynchronizationJob | ResetSynchronizationJob,
    verb: Verb,
) -> Reply:
    do(desk, synchronization(desk, action.synchronization_job_id, action.synchronization_direction), verb)
    return Reply()


@handles(StartSynchronizationJob)
def start(desk: Desk, action: StartSynchronizationJob) -> Reply:
    """Seed 6.5.2.3."""
    return _one(desk, action, Verb.START)


@handles(SuspendSynchronizationJob)
def suspend(desk: Desk, action: SuspendSynchronizationJob) -> Reply:
    """Seed 6.5.2.4."""
    return _one(desk, action, Verb.SUSPEND)


@handles(ResetSynchronizationJob)
def reset(desk: Desk, action: ResetSynchronizationJob) -> Reply:
    """Seed 6.5.2.5."""
    return _one(desk, action, Verb.RESET)


@handles(DeleteSynchronizationJob)
def delete(desk: Desk, action: DeleteSynchronizationJob) -> Reply:
    """Both directions of a two-way synchronization. Seed 6.5.2.16."""
    do(desk, synchronization(desk, action.synchronization_job_id), Verb.DELETE)
    return Reply()


@handles(ModifySynchronizationObject)
def modify_objects(desk: Desk, action: ModifySynchronizationObject) -> ChangeReply:
    """The new list replaces the old one; tables it adds are loaded. Seed 6.5.2.6.

    A job that is not started yet just has another list.
    """
    job = synchronization(desk, action.synchronization_job_id, action.synchronization_direction)
    if job.goal is not None:
        raise busy(job.status)
    changes.settle(job, changes.OBJECTS)
    if job.status is not Status.NOT_STARTED:
        do(desk, job, Verb.MODIFY)
    objects, left_out = older_objects.chosen(
        action.synchronization_objects, "SynchronizationObjects", job.source, desk.store.bindings()
    )
    job.choose(objects, left_out)
    job.error = ""
    job.configured.append(desk.clock.now())
    change = changes.add(job, changes.OBJECTS)
    desk.store.save(job)
    return ChangeReply(task_id=change.id)


@handles(ConfigureSynchronizationJobReplicatorCompare)
def compare_rows(desk: Desk, action: ConfigureSynchronizationJobReplicatorCompare) -> Reply:
    """The switch is kept and told; rows are matched by their keys all the same. Seed 6.5.2.10."""
    job = synchronization(desk, action.synchronization_job_id, action.synchronization_direction)
    if action.synchronization_replicator_compare_enable is None:
        raise missing("SynchronizationReplicatorCompareEnable")
    if not idempotency.repeated(job, action.client_token, idempotency.whole(action)):
        job.compares_rows = action.synchronization_replicator_compare_enable
        desk.store.save(job)
    return Reply()
