"""Look into a job's phases item by item, and mute precheck items."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airflow_dts.api._base import Action, CodedReply, Items, Reply, Struct
from airflow_dts.api._fields import (
    CommaText,
    Flag,
    InstantMillis,
    Int,
    Name,
    PageNumber,
    PageSize,
    Spelled,
    Text,
)
from airflow_dts.api._rules import rule


class JobLog(Struct):
    """A line of the log of a failed item."""

    err_data: Text = ""
    """The record that failed."""
    err_msg: Text = ""
    err_type: Text = ""
    log_level: Text = ""


class ProgressInfo(Struct):
    """One item of a phase: a check, a table, a view."""

    id: Text = ""
    job_id: Text = ""
    """The phase's own job."""
    item: Text = ""
    """Item code, such as ``CHECK_CONN_DEST``."""
    names: Text = ""
    """Item code plus ``_DETAIL``."""
    order_num: Int = None
    state: Text = ""
    """``NotStarted``, ``Checking``, ``Migrating``, ``Failed``, ``Warning``, ``Success``; in a distributed
    job also ``Suspending``, ``Catched``, ``Finished``."""
    boot_time: InstantMillis = None
    finish_time: InstantMillis = None
    can_skip: Flag = None
    skip: Flag = None
    """Whether somebody chose to skip it."""
    ignore_flag: Text = ""
    """``Y`` or ``N``."""
    err_msg: Text = ""
    err_detail: Text = ""
    repair_method: Text = ""
    logs: Items[JobLog] = ()
    source_schema: Text = ""
    dest_schema: Text = ""
    target_names: Text = ""
    """The object being moved."""
    ddl_sql: Text = ""
    delay_seconds: Int = None
    """Lag: milliseconds for a migration, in spite of the name; seconds for a synchronization."""
    total: Int = None
    sub: Text = ""
    """Progress of parts; JSON text where the service says more than a word."""
    diff_row: Int = None
    """Announced for removal."""
    parent_obj: Text = ""
    """Announced for removal."""


class SubDistributedJobStatus(Struct):
    """One part of a distributed job."""

    code: Text = ""
    """Phase code."""
    job_id: Text = ""
    job_name: Text = ""
    state: Text = ""
    error_item: Int = None
    total: Int = None
    job_progress: Items[ProgressInfo] = ()


class DescribePreCheckStatusReply(Reply):
    """The items of one phase."""

    job_id: Text = ""
    """The phase's own job, which SkipPreCheck wants as its ``job_id``."""
    job_name: Text = ""
    code: Text = ""
    """Phase code, as in the request."""
    state: Text = ""
    """``NotStarted``, ``Suspending``, ``Checking``, ``Migrating``, ``Failed``, ``Catched``, ``Finished``."""
    error_item: Int = None
    """Items that failed."""
    total: Int = None
    job_progress: Items[ProgressInfo] = ()
    sub_distributed_job_status: Items[SubDistributedJobStatus] = ()
    page_number: Int = None
    page_record_count: Int = None
    total_record_count: Int = None


class DescribePreCheckStatus(Action[DescribePreCheckStatusReply]):
    """Read the items of one phase of a job, precheck or other. Seed 6.4.8.3."""

    section = "6.4.8.3"
    changes_state = False

    dts_job_id: Name
    job_code: Literal["01", "02", "03", "04"]
    """01 precheck, 02 structure, 03 full load, 04 incremental."""
    struct_type: Annotated[Literal["before", "after"], Spelled()]
    """Structure work before or after the full load; say ``before`` for a precheck as well."""
    struct_phase: Name | None = None
    """Only tables, views or functions, such as ``View``; for phase 02."""
    name: Name | None = None
    """Only tables whose name contains this."""
    page_no: PageNumber | None = None
    """From 1."""
    page_size: PageSize | None = None
    """Items per page; 20 when left out."""


class SkipPreCheckReply(CodedReply):
    """What was muted or unmuted."""

    migration_job_id: Text = ""
    schedule_job_id: Text = ""
    """The precheck's own job."""
    skip_items: Text = ""
    skip_names: Text = ""


SkippableItem = Annotated[
    Literal[
        "CHECK_SAME_OBJ",
        "CHECK_SAME_USER",
        "CHECK_SRC",
        "CHECK_TOPOLOGY",
        "CHECK_SERVER_ID",
        "CHECK_DEST_TABLE_EMPTY",  # this and the next: vendor's SDK
        "CHECK_SUPER_AUTH_DEST",
    ],
    Spelled(),
]
SkippableName = Annotated[
    Literal[
        "CHECK_SAME_OBJ_DETAIL",
        "CHECK_SAME_USER_DETAIL",
        "CHECK_SRC_DETAIL",
        "CHECK_TOPOLOGY_DETAIL",
        "CHECK_SERVER_ID_DETAIL",
        "CHECK_DEST_TABLE_EMPTY_DETAIL",
        "CHECK_SUPER_AUTH_DEST_DETAIL",
    ],
    Spelled(),
]


class SkipPreCheck(Action[SkipPreCheckReply]):
    """Mute failed precheck items, or unmute them. Seed 6.4.7."""

    section = "6.4.7"

    job_id: Name
    """The precheck's own job: ``job_id`` of DescribePreCheckStatus, not the DTS job."""
    skip_pre_check_items: Annotated[list[SkippableItem], *CommaText, Field(min_length=1)]
    skip_pre_check_names: Annotated[list[SkippableName], *CommaText, Field(min_length=1)]
    """Each item again with ``_DETAIL`` behind, in the same order."""
    skip: bool
    """True mutes."""
    dts_job_id: Name | None = None

    rules = (
        rule(
            "give skip_pre_check_names as the items with _DETAIL behind, in the same order",
            lambda action: (
                action.skip_pre_check_names == [f"{i}_DETAIL" for i in action.skip_pre_check_items]
            ),
        ),
    )
