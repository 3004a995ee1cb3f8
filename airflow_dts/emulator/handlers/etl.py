"""Versions and log of ETL jobs: those bought with ComputeUnit, or given operators by ModifyDtsJob.

Their rows are moved like any other job's; no operator is run on them.
"""

from __future__ import annotations

from airflow_dts.api.etl import (
    DescribeDtsEtlJobVersionInfo,
    DescribeDtsEtlJobVersionInfoReply,
    DescribeEtlJobLogs,
    DescribeEtlJobLogsReply,
    DtsEtlJobVersionInfo,
    EtlRunningLog,
)
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Job, Moment
from airflow_dts.emulator.refusals import missing

_PAGE_SIZE = 20


@handles(DescribeDtsEtlJobVersionInfo)
def describe_versions(desk: Desk, action: DescribeDtsEtlJobVersionInfo) -> DescribeDtsEtlJobVersionInfoReply:
    """Each configuration is a version, the first one first. Seed 6.4.18.1."""
    if not (action.dts_job_id or action.dts_instance_id):
        raise missing("DtsInstanceId")
    job = desk.visible(action.dts_job_id, action.dts_instance_id)
    versions = [_version(desk, job, number) for number in range(1, len(job.configured) + 1)]
    if not job.is_etl:
        versions = []
    size, page = action.page_size or _PAGE_SIZE, action.page_number or 1
    shown = versions[(page - 1) * size : page * size]
    return DescribeDtsEtlJobVersionInfoReply(
        dts_etl_job_version_infos=shown,
        page_number=page,
        page_record_count=len(shown),
        total_record_count=len(versions),
    )


def _version(desk: Desk, job: Job, number: int) -> DtsEtlJobVersionInfo:
    newest = number == len(job.configured)
    checkpoint = desk.progress.shown(job.id).checkpoint if newest else 0
    return DtsEtlJobVersionInfo(
        dts_job_id=job.id,
        dts_instance_id=job.instance_id,
        dts_job_name=job.name,
        version=number,
        create_time=_milliseconds(job.created),
        modify_time=_milliseconds(job.configured[number - 1]),
        **({"safe_checkpoint": checkpoint * 1000} if checkpoint else {}),
        status="ERROR" if newest and job.trouble else "INFO",
    )


@handles(DescribeEtlJobLogs)
def describe_log(desk: Desk, action: DescribeEtlJobLogs) -> DescribeEtlJobLogsReply:
    """The states the job came through, the first one first. Seed 6.4.18.2."""
    job = desk.visible(action.dts_job_id)
    moments = job.history if job.is_etl else []
    return DescribeEtlJobLogsReply(etl_running_logs=[_line(job, moment) for moment in moments])


def _line(job: Job, moment: Moment) -> EtlRunningLog:
    return EtlRunningLog(
        etl_id=job.id,
        log_datetime=_milliseconds(moment.at),
        status="ERROR" if moment.error else "INFO",
        content_key="DTS-ETL",
        content=f"{moment.status}: {moment.error}" if moment.error else moment.status,
    )


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
