"""Buying instances."""

from __future__ import annotations

import secrets
import string

from airflow_dts.api.instances import CreateDtsInstance, CreateDtsInstanceReply
from airflow_dts.emulator.handlers._registry import Desk, handles, not_emulated
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import business, missing, no_such_job

_ID_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 15
_MONTH, _YEAR = 30 * 86_400, 365 * 86_400


@handles(CreateDtsInstance)
def create_instance(desk: Desk, action: CreateDtsInstance) -> CreateDtsInstanceReply:
    """One call, one instance, one line in the ledger. Seed 6.4.1."""
    if action.job_id:
        raise _second_purchase(desk, action.job_id)
    if action.sync_architecture == "bidirectional":
        raise not_emulated("Two-way synchronization (SyncArchitecture bidirectional)")
    job = _bought(desk, action)
    desk.store.save(job)
    desk.record_purchase(job)
    return CreateDtsInstanceReply(instance_id=job.instance_id, job_id=job.id)


def _bought(desk: Desk, action: CreateDtsInstance) -> Job:
    if action.type is None:
        raise missing("Type")
    kind = JobType(action.type)
    if kind is JobType.MIGRATION and action.pay_type == "PrePaid":
        raise business("InvalidParameter", "The Value of Input Parameter %s is not valid.", "PayType")
    now = desk.clock.now()
    length = (action.used_time or 0) * (_YEAR if action.period == "Year" else _MONTH)
    job_id = new_id()
    return Job(
        id=job_id,
        instance_id=f"dts{job_id}",
        region=desk.region,
        type=kind,
        created=now,
        job_class=action.instance_class or "",
        pay_type=action.pay_type,
        expires=now + length if action.pay_type == "PrePaid" else 0.0,
        source=Side(engine=action.source_endpoint_engine_name or "", region=action.source_region or ""),
        target=Side(
            engine=action.destination_endpoint_engine_name or "", region=action.destination_region or ""
        ),
    )


def _second_purchase(desk: Desk, job_id: str) -> Exception:
    """Every job here stands on an instance that was paid for, so none can be bought one."""
    if desk.store.job(job_id) is None:
        return no_such_job()
    return business("OperationDenied", "The job %s has an instance already.", job_id)


def new_id() -> str:
    """An id as the service makes them: letters and digits, a letter first."""
    first = secrets.choice(string.ascii_lowercase)
    return first + "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH - 1))
