"""Read the versions and the log of an ETL job."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from airflow_dts.api._base import Action, Items, Reply, Struct
from airflow_dts.api._fields import Int, IntText, Name, PageSize, Text


class DtsEtlJobVersionInfo(Struct):
    """One version of an ETL job."""

    dts_job_id: Text = ""
    dts_instance_id: Text = ""
    dts_job_name: Text = ""
    version: Int = None
    create_time: IntText = None
    """Unix milliseconds."""
    modify_time: IntText = None
    """Unix milliseconds."""
    safe_checkpoint: IntText = None
    """Position reached, in Unix milliseconds."""
    creator: Text = ""
    """Id of whoever made it."""
    creator_name: Text = ""
    status: Text = ""
    """``ERROR``, ``WARN``, ``INFO`` or ``DEBUG``."""


class DescribeDtsEtlJobVersionInfoReply(Reply):
    """One page of versions."""

    dts_etl_job_version_infos: Items[DtsEtlJobVersionInfo] = ()
    page_number: Int = None
    page_record_count: Int = None
    total_record_count: Int = None


class DescribeDtsEtlJobVersionInfo(Action[DescribeDtsEtlJobVersionInfoReply]):
    """List the versions of an ETL job. Seed 6.4.18.1."""

    section = "6.4.18.1"
    changes_state = False

    dts_job_id: Name | None = None
    dts_instance_id: Name | None = None
    page_number: Annotated[int, Field(ge=0)] | None = None
    """From 1; the seed's sample sends 0."""
    page_size: PageSize | None = None
    """Versions per page; 20 when left out."""


class EtlRunningLog(Struct):
    """One line of the log."""

    etl_id: Text = ""
    user_id: Text = ""
    log_datetime: IntText = None
    """Unix milliseconds."""
    status: Text = ""
    """``ERROR``, ``WARN``, ``INFO`` or ``DEBUG``."""
    content_key: Text = ""
    """The module that wrote it."""
    content: Text = ""


class DescribeEtlJobLogsReply(Reply):
    """Log of an ETL job."""

    etl_running_logs: Items[EtlRunningLog] = ()


class DescribeEtlJobLogs(Action[DescribeEtlJobLogsReply]):
    """Read the log of an ETL job. Seed 6.4.18.2."""

    section = "6.4.18.2"
    changes_state = False

    dts_job_id: Name
