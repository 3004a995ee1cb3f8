"""Buying instances."""

from __future__ import annotations

from airflow_dts.api.instances import CreateDtsInstance, CreateDtsInstanceReply
from airflow_dts.emulator import billing, twoway
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.ids import new_id
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import business, missing, no_such_job


@handles(CreateDtsInstance)
def create_instance(desk: Desk, action: CreateDtsInstance) -> CreateDtsInstanceReply:
    """One call, one instance, one line in the ledger. Seed 6.4.1.

    AutoStart without JobId does nothing: what was just bought has yet to be configured.
    """
    if action.job_id:
        raise _second_purchase(desk, action.job_id)
    job = buy(desk, _wanted(desk, action), two_way=action.sync_architecture == twoway.TWO_WAY)
    return CreateDtsInstanceReply(instance_id=job.instance_id, job_id=job.id)


def _wanted(desk: Desk, action: CreateDtsInstance) -> Job:
    if action.type is None:
        raise missing("Type")
    job = offered(desk, JobType(action.type))
    job.job_class = action.instance_class or ""
    job.database_count = action.database_count or 1
    job.compute_unit = action.compute_unit or 0
    job.source = Side(engine=action.source_endpoint_engine_name or "", region=action.source_region or "")
    job.target = Side(
        engine=action.destination_endpoint_engine_name or "", region=action.destination_region or ""
    )
    if action.pay_type == "PrePaid":
        prepay(job, billing.term(action.period, action.used_time or 0), renews=bool(action.auto_pay))
    return job


def offered(desk: Desk, kind: JobType) -> Job:
    """An instance that can be bought: billed by the hour, of no class yet."""
    job_id = new_id()
    return Job(id=job_id, instance_id=f"dts{job_id}", region=desk.region, type=kind, created=desk.clock.now())


def prepay(job: Job, seconds: float, *, renews: bool = False) -> None:
    """Pay up front instead. Raises Refusal.

    :param renews: it prolongs itself when it expires.
    """
    billing.check_prepayable(job.type, "PayType")
    job.pay_type, job.expires = "PrePaid", job.created + seconds
    job.renews = seconds if renews else 0.0


def buy(desk: Desk, job: Job, *, two_way: bool = False) -> Job:
    """Buy it: from now on it is listed, and costs money. Raises Refusal."""
    job.note(desk.clock.now())
    if two_way:
        twoway.check_type(job.type, "SyncArchitecture")
        twoway.add_reverse(desk, job)
    else:
        desk.store.save(job)
    desk.record_purchase(job)
    return job


def _second_purchase(desk: Desk, job_id: str) -> Exception:
    """Every job here stands on an instance that was paid for, so none can be bought one."""
    if desk.store.job(job_id) is None:
        return no_such_job()
    return business("OperationDenied", "The job %s has an instance already.", job_id)
