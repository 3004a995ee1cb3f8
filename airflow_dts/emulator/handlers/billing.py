"""Billing, class and architecture of an instance. What changes any of them is a charge in the ledger."""

from __future__ import annotations

from typing import Any

from airflow_dts.api._base import Reply
from airflow_dts.api.instances import (
    BillingReply,
    RenewInstance,
    TransferInstanceClass,
    TransferPayType,
    TransferPayTypeReply,
    UpgradeTwoWay,
)
from airflow_dts.emulator import billing, twoway
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import Verb

_CHARGE_TYPES = {"PrePaid": "PREPAY", "PostPaid": "POSTPAY"}


@handles(TransferPayType)
def change_billing(desk: Desk, action: TransferPayType) -> TransferPayTypeReply:
    """From hourly to prepaid; nothing else about the job changes. Seed 6.4.9.6."""
    job = desk.instance(action.dts_job_id)
    seconds = billing.term(action.period, action.buy_count or 0)
    if billing.change_billing(job, action.charge_type, seconds, desk.clock.now()):
        desk.store.save(job)
        desk.record_charge(job)
    return TransferPayTypeReply(
        dts_job_id=job.id,
        instance_id=job.instance_id,
        charge_type=job.pay_type,
        **({"end_time": int(job.expires)} if job.expires else {}),
    )


@handles(TransferInstanceClass)
def change_class(desk: Desk, action: TransferInstanceClass) -> BillingReply:
    """The job is Upgrade or Downgrade for a moment, and goes on as before. Seed 6.4.9.7."""
    job = desk.instance(action.dts_job_id)
    verb = Verb.UPGRADE if action.order_type == "UPGRADE" else Verb.DOWNGRADE
    billing.change_class(job, action.instance_class, verb, desk.clock.now())
    job.note(desk.clock.now())
    desk.store.save(job)
    desk.record_charge(job)
    return BillingReply(**_bill(job))


@handles(RenewInstance)
def renew(desk: Desk, action: RenewInstance) -> BillingReply:
    """An instance that was locked because it had expired comes back. Seed 6.4.9.8."""
    job = desk.instance(action.dts_job_id)
    billing.renew(job, billing.term(action.period, action.buy_count or 1), desk.clock.now())
    desk.store.save(job)
    desk.record_charge(job)
    return BillingReply(**_bill(job))


@handles(UpgradeTwoWay)
def upgrade(desk: Desk, action: UpgradeTwoWay) -> Reply:
    """The job goes on; its way back is yet to be configured. Seed 6.4.9.5."""
    job = desk.instance(None, action.instance_id)
    billing.check_two_way(job, action.instance_class)
    twoway.upgrade(desk, job, action.instance_class)
    desk.record_charge(job)
    return Reply()


def _bill(job: Job) -> dict[str, Any]:
    return {
        "dts_job_id": job.id,
        "instance_id": job.instance_id,
        "charge_type": _CHARGE_TYPES[job.pay_type],
        **({"end_time": utc(job.expires)} if job.expires else {}),
    }
