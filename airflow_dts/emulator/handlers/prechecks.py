"""Phases item by item, and muting items of the precheck."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_dts.api.prechecks import (
    DescribePreCheckStatus,
    DescribePreCheckStatusReply,
    ProgressInfo,
    SkipPreCheck,
    SkipPreCheckReply,
)
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.dataplane import DdlItem, Progress, TableProgress
from airflow_dts.emulator.handlers._facts import delay, shown_status
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Check, Job
from airflow_dts.emulator.lifecycle import Status
from airflow_dts.emulator.refusals import business

_PAGE_SIZE = 20
_PHASE_NAMES = {"01": "precheck", "02": "structure", "03": "full load", "04": "incremental"}


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


@handles(SkipPreCheck)
def skip_items(desk: Desk, action: SkipPreCheck) -> SkipPreCheckReply:
    """Items muted here do not keep the next start of the job from passing. Seed 6.4.7."""
    job = _job_of_precheck(desk, action)
    checks = {check.item: check for check in job.precheck.items}
    for item in action.skip_pre_check_items:
        if item not in checks or not checks[item].can_skip:
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
