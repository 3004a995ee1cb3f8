"""Phases item by item, and muting items of the precheck."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from airflow_dts.api.prechecks import (
    DescribePreCheckStatus,
    DescribePreCheckStatusReply,
    ProgressInfo,
    SkipPreCheck,
    SkipPreCheckReply,
)
from airflow_dts.api.readings import ProgressSummaryDetail, SummaryJobDetail, SummaryJobDetailReply
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.dataplane import DdlItem, Progress, TableProgress
from airflow_dts.emulator.handlers._facts import delay, shown_status
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Check, Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.refusals import business, unfit

_PAGE_SIZE = 20
_PHASE_NAMES = {"01": "precheck", "02": "structure", "03": "full load", "04": "incremental"}
_CREATED = re.compile(r"create\s+(?:unique\s+|temp(?:orary)?\s+)*(index|view|trigger)\b", re.IGNORECASE)
"""What a statement makes, when it is no table; changing a table counts as the table."""
_STATE_NUMBERS = {"Finished": 0, "Catched": 1, "NotStarted": 2, "Migrating": 3, "Failed": 5}


@handles(DescribePreCheckStatus)
def describe_phase(desk: Desk, action: DescribePreCheckStatus) -> DescribePreCheckStatusReply:
    """JobCode 01 precheck, 02 structure, 03 full load, 04 increments. Seed 6.4.8.3."""
    job = desk.visible(action.dts_job_id)
    progress = desk.progress.shown(job.id)
    match action.job_code:
        case "01":
            state, items = _precheck_state(desk, job), _check_items(job)
        case "02":
            state, items = progress.structure.state, [_ddl_item(job, item) for item in progress.ddl]
        case "03":
            state, items = progress.full_load.state, [_table_item(job, table) for table in progress.tables]
        case "04":
            state, items = progress.incremental.state, _incremental_items(desk, job, progress)
    if action.name:
        items = [item for item in items if action.name in item.names]
    if action.struct_phase and action.struct_phase.casefold() != "table":
        items = []  # tables are all that is moved
    return _page(items, job, action, state)


def _page(
    items: Sequence[ProgressInfo], job: Job, action: DescribePreCheckStatus, state: str
) -> DescribePreCheckStatusReply:
    size, page = action.page_size or _PAGE_SIZE, action.page_no or 1
    shown = items[(page - 1) * size : page * size]
    return DescribePreCheckStatusReply(
        job_id=_phase_job(job, action.job_code),
        job_name=_PHASE_NAMES[action.job_code],
        code=action.job_code,
        state=state,
        error_item=sum(item.state == "Failed" and not item.skip for item in items),
        total=len(items),
        job_progress=[
            item.model_copy(update={"order_num": 10 * n})
            for n, item in enumerate(shown, (page - 1) * size + 1)
        ],
        page_number=page,
        page_record_count=len(shown),
        total_record_count=len(items),
    )


def _phase_job(job: Job, code: str) -> str:
    return job.precheck.job_id if code == "01" else f"{job.id}{code}"


def _precheck_state(desk: Desk, job: Job) -> str:
    status = shown_status(job, desk.clock.now())
    if status is Status.PRECHECKING:
        return "Checking"
    if status is Status.PRECHECK_FAILED:
        return "Failed"
    return "Finished" if job.precheck.finished else "NotStarted"


def _check_items(job: Job) -> list[ProgressInfo]:
    return [_check_item(job, check) for check in job.precheck.items]


def _check_item(job: Job, check: Check) -> ProgressInfo:
    skipped = check.item in job.skipped
    return ProgressInfo(
        id=check.item,
        job_id=job.precheck.job_id,
        item=check.item,
        names=f"{check.item}_DETAIL",
        state=check.state,
        boot_time=utc(job.precheck.started),
        finish_time=utc(job.precheck.finished or check.at),
        can_skip=check.can_skip,
        skip=skipped,
        ignore_flag="Y" if skipped else "N",
        err_msg=check.reason,
        err_detail=check.reason,
        repair_method=check.repair,
        logs=[],
    )


def _ddl_item(job: Job, item: DdlItem) -> ProgressInfo:
    return ProgressInfo(
        job_id=_phase_job(job, "02"),
        item="Table",
        names=item.table,
        target_names=item.table,
        state=_item_state(item.state),
        source_schema=item.source_schema,
        dest_schema=item.target_schema,
        ddl_sql=item.sql,
        err_msg=item.error,
    )


def _table_item(job: Job, table: TableProgress) -> ProgressInfo:
    return ProgressInfo(
        job_id=_phase_job(job, "03"),
        item="Table",
        names=table.table,
        target_names=table.target_table,
        state=_item_state(table.progress.state),
        source_schema=table.source_schema,
        dest_schema=table.target_schema,
        total=table.progress.total,
        sub=[{"Done": table.progress.done, "Percent": table.progress.percent}],
        err_msg=table.progress.error,
    )


def _incremental_items(desk: Desk, job: Job, progress: Progress) -> list[ProgressInfo]:
    if progress.incremental.state == "NotStarted":
        return []
    return [
        ProgressInfo(
            job_id=_phase_job(job, "04"),
            item="Incremental",
            names=job.name,
            state=_item_state(progress.incremental.state),
            delay_seconds=delay(job, desk.progress),
            total=progress.incremental.done,
            err_msg=progress.incremental.error,
        )
    ]


def _item_state(state: str) -> str:
    """An item is Success where its phase is Finished; the other words are shared."""
    return {"Finished": "Success", "Catched": "Migrating"}.get(state, state)


@handles(SummaryJobDetail)
def summarize(desk: Desk, action: SummaryJobDetail) -> SummaryJobDetailReply:
    """Objects made (JobCode 02), or tables followed (03), by kind and state. Seed 6.4.17."""
    job = desk.visible(action.dts_job_id, action.dts_instance_id, action.synchronization_direction)
    if job.type is JobType.SUBSCRIBE:
        name = "DtsJobId" if action.dts_job_id else "DtsInstanceId"
        raise unfit(name, "it names a SUBSCRIBE job, which moves no objects.")
    progress = desk.progress.shown(job.id)
    counts = _made(progress) if action.job_code == "02" else _followed(job, progress)
    return SummaryJobDetailReply(
        job_id=job.id,
        progress_summary_details=[
            ProgressSummaryDetail(key=key, state=state, total_count=count)
            for (key, state), count in sorted(counts.items())
        ],
    )


def made_kind(sql: str) -> str:
    """``Index``, ``View`` or ``Trigger``; empty for what makes or changes a table."""
    made = _CREATED.match(sql.lstrip())
    return made[1].capitalize() if made else ""


def _made(progress: Progress) -> Counter[tuple[str, int]]:
    """A table with its later columns is one object, in the worst of their states."""
    found: Counter[tuple[str, int]] = Counter()
    tables: dict[tuple[str, str], int] = {}
    for item in progress.ddl:
        state = _STATE_NUMBERS[item.state]
        if made := made_kind(item.sql):
            found[made, state] += 1
        else:
            place = (item.source_schema, item.table)
            tables[place] = max(state, tables.get(place, 0))
    found.update(("Table", state) for state in tables.values())
    return found


def _followed(job: Job, progress: Progress) -> Counter[tuple[str, int]]:
    """The phase has one state for all of its tables."""
    loaded = {(table.source_schema, table.table) for table in progress.tables}
    made = {(item.source_schema, item.table) for item in progress.ddl if item.state != "Failed"}
    count = len(loaded or made) if job.incremental else 0
    return Counter({("Table", _STATE_NUMBERS[progress.incremental.state]): count} if count else {})


@handles(SkipPreCheck)
def skip_items(desk: Desk, action: SkipPreCheck) -> SkipPreCheckReply:
    """Items muted here do not keep the next start of the job from passing. Seed 6.4.7."""
    job = _job_of_precheck(desk, action)
    if not can_skip(job, action.skip_pre_check_items):
        raise business(
            "InvalidParameter", "The Value of Input Parameter %s is not valid.", "SkipPreCheckItems"
        )
    named = set(action.skip_pre_check_items)
    job.skipped = [item for item in job.skipped if item not in named]
    if action.skip:
        job.skipped += action.skip_pre_check_items
    desk.store.save(job)
    return SkipPreCheckReply(
        migration_job_id=job.id,
        schedule_job_id=job.precheck.job_id,
        skip_items=",".join(action.skip_pre_check_items),
        skip_names=",".join(action.skip_pre_check_names),
    )


def can_skip(job: Job, items: Collection[str]) -> bool:
    """Whether the last precheck looked at all of these, and lets each be muted."""
    return set(items) <= {check.item for check in job.precheck.items if check.can_skip}


def _job_of_precheck(desk: Desk, action: SkipPreCheck) -> Job:
    if action.dts_job_id:
        job = desk.job(action.dts_job_id)
        if job.precheck.job_id == action.job_id:
            return job
    else:
        for job in desk.store.every_job():
            if job.precheck.job_id == action.job_id and job.region == desk.region and not job.released:
                return desk.job(job.id)
    raise business("InvalidJobId", "The Value of Input Parameter %s is not valid.", "JobId")
