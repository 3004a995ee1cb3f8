"""Reading synchronizations with the older actions."""

from __future__ import annotations

from typing import Any

from airflow_dts.api.legacy._parts import Endpoint, Increments
from airflow_dts.api.legacy.synchronization_readings import (
    DescribeInitializationStatus,
    DescribeInitializationStatusReply,
    DescribeSynchronizationJobReplicatorCompare,
    DescribeSynchronizationJobReplicatorCompareReply,
    DescribeSynchronizationJobs,
    DescribeSynchronizationJobsReply,
    DescribeSynchronizationJobStatus,
    DescribeSynchronizationJobStatusList,
    DescribeSynchronizationJobStatusListReply,
    DescribeSynchronizationJobStatusReply,
    DescribeSynchronizationObjectModifyStatus,
    DescribeSynchronizationObjectModifyStatusReply,
    DirectionInfo,
    InitializedObject,
    InitializedTable,
    Performance,
    Precheck,
    SelectedDatabase,
    SelectedTable,
    SynchronizationInstance,
    SynchronizationStatus,
    TimedIncrements,
)
from airflow_dts.api.readings import Phase
from airflow_dts.emulator import changes
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._facts import (
    checkpoint,
    delay_millis,
    delay_seconds,
    direction,
    megabytes,
    phase,
)
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy import _facts as told
from airflow_dts.emulator.handlers.legacy._ends import older_class, older_end
from airflow_dts.emulator.handlers.legacy._jobs import page, page_of, seen, wanted
from airflow_dts.emulator.handlers.legacy._states import camel_state, listed_state, state
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.older_objects import tables


@handles(DescribeSynchronizationJobs)
def describe_all(desk: Desk, action: DescribeSynchronizationJobs) -> DescribeSynchronizationJobsReply:
    """The oldest comes first; each direction of a two-way synchronization has its row. Seed 6.5.2.12."""
    jobs = [
        half
        for job in desk.listed(desk.region, JobType.SYNC)
        if wanted(job, None, action.tags)
        for half in (job, desk.other_half(job))
        if half is not None and wanted(half, action.synchronization_job_name, None)
    ]
    shown, counts = page(action, jobs)
    return DescribeSynchronizationJobsReply(
        synchronization_instances=[_row(desk, job) for job in shown], **counts
    )


def _row(desk: Desk, job: Job) -> SynchronizationInstance:
    owner = desk.other_half(job) if job.reverse else None
    return SynchronizationInstance(
        status=listed_state(job, desk.clock.now()),
        create_time=utc(told.created(job)),
        instance_create_time=utc((owner or job).created),
        job_create_time=utc(told.created(job)),
        data_synchronization_status=Increments(**told.increments(job, desk.progress, told.PLAIN)),
        tags=told.tags(owner or job),
        **_facts(desk, job),
    )


def _facts(desk: Desk, job: Job) -> dict[str, Any]:
    """What both the listing and the status tell (`SynchronizationFacts`), but for the state."""
    return {
        "synchronization_job_id": job.instance_id,
        "synchronization_job_name": job.name,
        "synchronization_job_class": older_class(job),
        "synchronization_direction": direction(job),
        "error_message": job.trouble,
        "delay": delay_seconds(job, desk.progress),
        "structure_initialization": job.structure,
        "data_initialization": job.full_load,
        "synchronization_objects": _objects(job),
        "source_endpoint": Endpoint(**older_end(job, job.source)),
        "destination_endpoint": Endpoint(**older_end(job, job.target)),
        "precheck_status": Precheck(**told.precheck(job, told.RESULTS), detail=told.check_items(job)),
        **told.bill(job),
        **_phases(desk, job),
    }


def _objects(job: Job) -> list[SelectedDatabase]:
    return [
        SelectedDatabase(
            schema_name=name,
            new_schema_name=entry.get("name") or name,
            table_includes=[SelectedTable(table_name=table) for table in tables(entry)],
            table_excludes=[SelectedTable(table_name=table) for table in job.left_out.get(name, ())],
        )
        for name, entry in job.objects.items()
    ]


def _phases(desk: Desk, job: Job) -> dict[str, Any]:
    progress = desk.progress.shown(job.id)
    found: dict[str, Any] = {}
    if job.structure:
        found["structure_initialization_status"] = Phase(**phase(progress.structure))
    if job.full_load:
        found["data_initialization_status"] = Phase(**phase(progress.full_load))
    if job.began:
        found["performance"] = Performance(rps=round(progress.rows_per_second, 1), flow=megabytes(progress))
    return found


@handles(DescribeSynchronizationJobStatus)
def describe(desk: Desk, action: DescribeSynchronizationJobStatus) -> DescribeSynchronizationJobStatusReply:
    """A released one reads as finished for a while. Seed 6.5.2.15."""
    job = seen(desk, action.synchronization_job_id, action.synchronization_direction)
    reached, lag = checkpoint(job, desk.progress), delay_millis(job, desk.progress)
    increments = TimedIncrements(
        **told.increments(job, desk.progress, told.PLAIN), checkpoint=reached, delay_millis=lag
    )
    return DescribeSynchronizationJobStatusReply(
        status=camel_state(job, desk.clock.now()),
        task_id=job.id,
        checkpoint=reached,
        delay_millis=lag,
        data_synchronization_status=increments,
        **_facts(desk, job),
    )


@handles(DescribeSynchronizationJobStatusList)
def describe_many(
    desk: Desk, action: DescribeSynchronizationJobStatusList
) -> DescribeSynchronizationJobStatusListReply:
    """In the order in which they were asked for; there is one page only. Seed 6.5.2.14."""
    jobs = [seen(desk, instance_id) for instance_id in action.synchronization_job_id_list_json_str]
    return DescribeSynchronizationJobStatusListReply(
        synchronization_job_list_status_list=[
            SynchronizationStatus(
                synchronization_job_id=job.instance_id,
                synchronization_direction_info_list=[
                    _direction(desk, half) for half in (job, desk.other_half(job)) if half is not None
                ],
            )
            for job in jobs
        ],
        page_number=1,
        page_record_count=len(jobs),
        total_record_count=len(jobs),
    )


def _direction(desk: Desk, job: Job) -> DirectionInfo:
    return DirectionInfo(
        synchronization_direction=direction(job),
        status=state(job, desk.clock.now()),
        checkpoint=checkpoint(job, desk.progress),
    )


@handles(DescribeInitializationStatus)
def describe_objects(desk: Desk, action: DescribeInitializationStatus) -> DescribeInitializationStatusReply:
    """The page is one of each list. Seed 6.5.2.13."""
    job = seen(desk, action.synchronization_job_id)
    progress = desk.progress.shown(job.id)
    found: dict[str, list[Any]] = {
        "structure_initialization_details": told.defined(progress, InitializedObject, "constraints"),
        "data_initialization_details": told.copied(progress, InitializedTable),
        "data_synchronization_details": told.followed(job, progress),
    }
    return DescribeInitializationStatusReply(
        **{name: page_of(items, action.page_num, action.page_size) for name, items in found.items()}
    )


@handles(DescribeSynchronizationObjectModifyStatus)
def describe_change(
    desk: Desk, action: DescribeSynchronizationObjectModifyStatus
) -> DescribeSynchronizationObjectModifyStatusReply:
    """The phases are those of the job, and so is the precheck: a change has none of its own. Seed 6.5.2.7."""
    job, change = changes.find(desk.store, desk.region, action.task_id, changes.OBJECTS)
    phases = {name: each for name, each in _phases(desk, job).items() if name != "performance"}
    return DescribeSynchronizationObjectModifyStatusReply(
        status=changes.status(job, change),
        error_message=changes.error(job, change),
        precheck_status=Precheck(**told.precheck(job), detail=told.check_items(job)),
        data_synchronization_status=Increments(**told.increments(job, desk.progress, told.PLAIN)),
        **phases,
    )


@handles(DescribeSynchronizationJobReplicatorCompare)
def describe_compare(
    desk: Desk, action: DescribeSynchronizationJobReplicatorCompare
) -> DescribeSynchronizationJobReplicatorCompareReply:
    """Off unless it was switched on. Seed 6.5.2.11."""
    job = seen(desk, action.synchronization_job_id, action.synchronization_direction)
    return DescribeSynchronizationJobReplicatorCompareReply(
        synchronization_replicator_compare_enable=job.compares_rows
    )
