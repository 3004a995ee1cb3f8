"""Reading migrations with the older actions."""

from __future__ import annotations

from typing import Any

from airflow_dts.api._fields import compact
from airflow_dts.api.legacy._parts import PrecheckResult
from airflow_dts.api.legacy.migration import (
    CheckpointedIncrements,
    ChosenPhases,
    DescribeMigrationJobDetail,
    DescribeMigrationJobDetailReply,
    DescribeMigrationJobs,
    DescribeMigrationJobsReply,
    DescribeMigrationJobStatus,
    DescribeMigrationJobStatusReply,
    ListedEndpoint,
    ListedIncrements,
    ListedPhase,
    MigratedObject,
    MigratedTable,
    MigrationJob,
    MigrationMode,
    Precheck,
    StatusEndpoint,
)
from airflow_dts.api.readings import Phase
from airflow_dts.emulator import older_objects
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._facts import checkpoint, phase
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy import _facts as told
from airflow_dts.emulator.handlers.legacy._ends import entered_end, older_class
from airflow_dts.emulator.handlers.legacy._jobs import PAGE_SIZE, migration, page, page_of, wanted
from airflow_dts.emulator.handlers.legacy._states import state
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.refusals import business

_TOO_EARLY = frozenset(
    {
        Status.NOT_CONFIGURED,
        Status.NOT_STARTED,
        Status.PRECHECKING,
        Status.PRECHECK_FAILED,
        Status.PRECHECK_PASSED,
    }
)


@handles(DescribeMigrationJobs)
def describe_all(desk: Desk, action: DescribeMigrationJobs) -> DescribeMigrationJobsReply:
    """The oldest comes first. Seed 6.5.1.5."""
    jobs = [
        job
        for job in desk.listed(desk.region, JobType.MIGRATION)
        if wanted(job, action.migration_job_name, action.tags)
    ]
    shown, counts = page(action, jobs)
    return DescribeMigrationJobsReply(migration_jobs=[_row(desk, job) for job in shown], **counts)


def _row(desk: Desk, job: Job) -> MigrationJob:
    precheck = told.precheck(job, told.RESULTS)
    return MigrationJob(
        migration_job_id=job.instance_id,
        migration_job_name=job.name,
        migration_job_class=older_class(job),
        migration_job_status=state(job, desk.clock.now()),
        pay_type=job.pay_type,
        migration_mode=MigrationMode(**_mode(job)),
        migration_object=told.synchronous_objects(job),
        precheck=PrecheckResult(**(precheck if job.precheck.job_id else {})),
        source_endpoint=ListedEndpoint(**entered_end(job, job.source)),
        destination_endpoint=ListedEndpoint(**entered_end(job, job.target)),
        instance_create_time=utc(job.created),
        job_create_time=utc(told.created(job)),
        tags=told.tags(job),
        **_phases(desk, job),
    )


def _mode(job: Job) -> dict[str, bool]:
    return {
        "structure_initialization": job.structure,
        "data_initialization": job.full_load,
        "data_synchronization": job.incremental,
    }


def _phases(desk: Desk, job: Job) -> dict[str, Any]:
    """The phases the job was configured to run."""
    progress = desk.progress.shown(job.id)
    found: dict[str, Any] = {}
    if job.structure:
        found["structure_initialization"] = ListedPhase(**phase(progress.structure))
    if job.full_load:
        found["data_initialization"] = ListedPhase(**phase(progress.full_load))
    if job.incremental:
        found["data_synchronization"] = ListedIncrements(**told.increments(job, desk.progress))
    return found


@handles(DescribeMigrationJobStatus)
def describe(desk: Desk, action: DescribeMigrationJobStatus) -> DescribeMigrationJobStatusReply:
    """Seed 6.5.1.7."""
    job = migration(desk, action.migration_job_id)
    return DescribeMigrationJobStatusReply(
        task_id=job.id,
        migration_job_id=job.instance_id,
        migration_job_name=job.name,
        migration_job_class=older_class(job),
        migration_job_status=state(job, desk.clock.now()),
        pay_type=job.pay_type,
        migration_mode=ChosenPhases(**_mode(job)),
        migration_object=compact(older_objects.listed(job)),
        precheck_status=Precheck(**told.precheck(job), detail=told.check_items(job)),
        source_endpoint=StatusEndpoint(**entered_end(job, job.source)),
        destination_endpoint=StatusEndpoint(**entered_end(job, job.target)),
        **_statuses(desk, job),
    )


def _statuses(desk: Desk, job: Job) -> dict[str, Any]:
    progress = desk.progress.shown(job.id)
    found: dict[str, Any] = {}
    if job.structure:
        found["structure_initialization_status"] = Phase(**phase(progress.structure))
    if job.full_load:
        found["data_initialization_status"] = Phase(**phase(progress.full_load))
    if job.incremental:
        found["data_synchronization_status"] = CheckpointedIncrements(
            **told.increments(job, desk.progress), checkpoint=checkpoint(job, desk.progress)
        )
    return found


@handles(DescribeMigrationJobDetail)
def describe_objects(desk: Desk, action: DescribeMigrationJobDetail) -> DescribeMigrationJobDetailReply:
    """Only of a migration that has begun; the page is one of each list. Seed 6.5.1.6."""
    job = migration(desk, action.migration_job_id)
    if job.status in _TOO_EARLY:
        raise business("OperationDenied", "A job that is %s has no objects to tell of yet.", job.status)
    progress = desk.progress.shown(job.id)
    found: dict[str, list[Any]] = {}
    if action.structure_initialization:
        found["structure_initialization_detail_list"] = told.defined(
            progress, MigratedObject, "constraint_list"
        )
    if action.data_initialization:
        found["data_initialization_detail_list"] = told.copied(progress, MigratedTable)
    if action.data_synchronization:
        found["data_synchronization_detail_list"] = told.followed(job, progress)
    return DescribeMigrationJobDetailReply(
        **{name: page_of(items, action.page_num, action.page_size) for name, items in found.items()},
        page_number=action.page_num or 1,
        page_record_count=action.page_size or PAGE_SIZE,
        total_record_count=max(map(len, found.values()), default=0),
    )
