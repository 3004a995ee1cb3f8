"""Reading jobs: one in detail, many with their progress."""

from __future__ import annotations

import math
from typing import Any

from airflow_dts.api._fields import compact
from airflow_dts.api.readings import (
    DescribeDtsJobDetail,
    DescribeDtsJobDetailReply,
    DescribeDtsJobs,
    DescribeDtsJobsReply,
    DtsJobStatus,
    IncrementalPhase,
    Performance,
    Phase,
    PrecheckDetail,
    PrecheckStatus,
    RetryState,
    ReverseJob,
    SourceEndpoint,
    SubscriptionDataType,
    Tag,
)
from airflow_dts.emulator import consumers, tags
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.dataplane import Progress
from airflow_dts.emulator.handlers._facts import direction, end, facts, megabytes, phase, shown_status
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.supervisor import max_retry

_PAGE_SIZE = 30
_KINDS = {JobType.MIGRATION: "online", JobType.SYNC: "sync", JobType.SUBSCRIBE: "subscribe"}


@handles(DescribeDtsJobDetail)
def describe_job(desk: Desk, action: DescribeDtsJobDetail) -> DescribeDtsJobDetailReply:
    """A released synchronization reads as Finished for a while; a migration is not found. Seed 6.4.8.1."""
    job = desk.visible(action.dts_job_id, action.dts_instance_id, action.synchronization_direction)
    read = facts(job, desk.progress, desk.clock.now())
    # Only the detail tells whose the source is, and whether the job is one for ETL.
    read["source_endpoint"] = SourceEndpoint(
        **end(job.source), aliyun_uid=job.source.owner, role_name=job.source.role
    )
    read["migration_mode"] = read["migration_mode"].model_copy(
        update={"data_extract_transform_load": job.is_etl}
    )
    return DescribeDtsJobDetailReply(
        **read,
        group_id=job.id,
        synchronization_direction=direction(job),
        **({"finish_time": utc(job.finished)} if job.finished else {}),
        **({"database_count": job.database_count} if job.source.instance_type == "DRDS" else {}),
        **({"etl_calculator": compact(job.operators)} if job.operators else {}),
        **_subscription(job),
    )


def _subscription(job: Job) -> dict[str, Any]:
    if job.type is not JobType.SUBSCRIBE:
        return {}
    found: dict[str, Any] = {
        "dest_net_type": job.network.upper(),
        "subscription_data_type": SubscriptionDataType(ddl=job.ddl, dml=job.dml),
        **_consumption(job),
    }
    if job.network and job.groups:
        found["subscribe_topic"] = consumers.topic(job)
    return found


def _consumption(job: Job) -> dict[str, Any]:
    return {
        **({"app_name": "new"} if job.network else {}),
        **({"consumption_checkpoint": utc(job.position)} if job.position else {}),
    }


@handles(DescribeDtsJobs)
def describe_jobs(desk: Desk, action: DescribeDtsJobs) -> DescribeDtsJobsReply:
    """Jobs of one kind, migrations unless another is asked for. Seed 6.4.8.2."""
    kind = JobType(action.job_type or "MIGRATION")
    jobs = [job for job in desk.listed(action.region, kind) if _wanted(job, action, desk.clock.now())]
    jobs.sort(key=_order(action.order_column), reverse=action.order_direction == "DESC")
    size, page = action.page_size or _PAGE_SIZE, action.page_number or 1
    shown = jobs[(page - 1) * size : page * size]
    return DescribeDtsJobsReply(
        dts_job_list=[_row(desk, job) for job in shown],
        job_type=kind,
        page_number=page,
        page_record_count=len(shown),
        total_record_count=len(jobs),
    )


def _wanted(job: Job, action: DescribeDtsJobs, now: float) -> bool:
    return (
        action.status in (None, shown_status(job, now))
        and action.group_id in (None, job.id, job.partner or None)
        and tags.carries(job, action.tags or {})
        and _found(job, action)
    )


def _found(job: Job, action: DescribeDtsJobs) -> bool:
    sought = action.params or ""
    match action.type:
        case "instance":
            return sought in (job.instance_id, job.id, job.partner)
        case "name":
            return sought.casefold() in job.name.casefold()
        case "srcRds":
            return job.source.instance_id == sought
        case "rds":
            return job.target.instance_id == sought
    return True


def _order(column: str | None) -> Any:
    if column == "FinishTime":
        return lambda job: job.finished or math.inf
    return lambda job: job.created


def _row(desk: Desk, job: Job) -> DtsJobStatus:
    row: dict[str, Any] = {"job_type": _KINDS[job.type], **_standing(desk, job)}
    reverse = desk.other_half(job)
    if reverse is not None:
        row["reverse_job"] = ReverseJob(**_standing(desk, reverse))
    if job.tags:
        row["tag_list"] = [Tag(tag_key=key, tag_value=value) for key, value in job.tags.items()]
    if job.retry is not None and job.status is Status.RETRYING:
        row["retry_state"] = RetryState(
            err_message=job.retry.error,
            max_retry_time=int(max_retry(job, desk.options)),
            retry_count=job.retry.count,
            retry_target=job.retry.target,
            retry_time=int(desk.clock.now() - job.retry.since),
        )
    return DtsJobStatus(**row)


def _standing(desk: Desk, job: Job) -> dict[str, Any]:
    """Where a job stands, in the words that a row and the reverse job inside it share."""
    return {
        **facts(job, desk.progress, desk.clock.now()),
        "precheck_status": _precheck(job),
        **(_consumption(job) if job.type is JobType.SUBSCRIBE else _phases(job, desk.progress.shown(job.id))),
    }


def _phases(job: Job, progress: Progress) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if job.structure:
        found["structure_initialization_status"] = Phase(**phase(progress.structure))
    if job.full_load:
        found["data_initialization_status"] = Phase(**phase(progress.full_load))
    if job.incremental:
        found["data_synchronization_status"] = IncrementalPhase(
            **phase(progress.incremental), need_upgrade=False
        )
    if job.began:
        found["performance"] = Performance(rps=round(progress.rows_per_second, 1), flow=megabytes(progress))
    return found


def _precheck(job: Job) -> PrecheckStatus:
    if not job.precheck.job_id:
        return PrecheckStatus(status="NotStarted", percent=0)
    if not job.precheck.finished:
        return PrecheckStatus(status="Checking", percent=0)
    return PrecheckStatus(
        status="Failed" if job.status is Status.PRECHECK_FAILED else "Finished",
        percent=100,
        error_message=job.error if job.status is Status.PRECHECK_FAILED else "",
        detail=[
            PrecheckDetail(
                check_item=check.item,
                check_item_description=f"{check.item}_DETAIL",
                check_result="Failed" if check.state == "Failed" else "Success",
                failed_reason=check.reason if check.state == "Failed" else "",
                repair_method=check.repair if check.state == "Failed" else "",
            )
            for check in job.precheck.items
        ],
    )
