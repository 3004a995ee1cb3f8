"""Changing a job that exists: objects, name, password."""

from __future__ import annotations

from airflow_dts.api._base import Reply
from airflow_dts.api._fields import compact
from airflow_dts.api.jobs import ModifyDtsJob, ModifyDtsJobName, ModifyDtsJobPassword, ModifyDtsJobReply
from airflow_dts.api.subscriptions import ModifySubscription
from airflow_dts.emulator import idempotency, passwords
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.verbs import do
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Verb, after_verb
from airflow_dts.emulator.refusals import business, invalid, missing


@handles(ModifyDtsJob)
def modify_objects(desk: Desk, action: ModifyDtsJob) -> ModifyDtsJobReply:
    """The new object list replaces the old one; tables it adds are loaded. Seed 6.4.9.1.

    The job is `Modifying` until the mover has taken the list over, or `ModifyFailed` when it cannot.
    Operators (EtlOperatorColumnReference) make it an ETL job. They are kept, and no row is put through them.
    """
    if action.db_list is None and action.etl_operator_column_reference is None:
        raise missing("DbList")
    job = desk.job(None, action.dts_instance_id, action.synchronization_direction)
    if not idempotency.repeated(job, action.client_token, _request(action)):
        _modify(desk, job, action)
    return ModifyDtsJobReply(dts_job_id=job.id, status="200")


def _modify(desk: Desk, job: Job, action: ModifyDtsJob) -> None:
    if action.db_list is not None:
        do(desk, job, Verb.MODIFY)
        job.choose(action.db_list.to_dict())
        job.error = ""
    else:
        after_verb(job.type, Verb.MODIFY, job.status)  # it has to be running all the same
    if action.etl_operator_column_reference is not None:
        job.operators = action.etl_operator_column_reference
    job.configured.append(desk.clock.now())
    desk.store.save(job)


def _request(action: ModifyDtsJob) -> str:
    objects = action.db_list.to_json() if action.db_list else ""
    return objects + compact(action.etl_operator_column_reference or {})


@handles(ModifySubscription)
def modify_subscription(desk: Desk, action: ModifySubscription) -> Reply:
    """Seed 6.4.9.2."""
    job = desk.job(action.dts_job_id, action.dts_instance_id)
    if job.type is not JobType.SUBSCRIBE:
        raise invalid("DtsJobId", f"it names a {job.type} job, not a subscription.")
    do(desk, job, Verb.MODIFY)
    job.choose(action.db_list.to_dict())
    job.ddl, job.dml = action.subscription_data_type_ddl, action.subscription_data_type_dml
    desk.store.save(job)
    return Reply()


@handles(ModifyDtsJobName)
def rename(desk: Desk, action: ModifyDtsJobName) -> Reply:
    """Allowed in every state; names need not be unique. Seed 6.4.9.4."""
    job = desk.job(action.dts_job_id)
    job.name = action.dts_job_name
    desk.store.save(job)
    return Reply()


@handles(ModifyDtsJobPassword)
def change_password(desk: Desk, action: ModifyDtsJobPassword) -> Reply:
    """The password of the account that was configured; the same one again is refused. Seed 6.4.9.3."""
    job = desk.job(action.dts_job_id)
    side = job.source if action.endpoint == "src" else job.target
    if action.user_name != side.user:
        raise business("InvalidParameter", "The Value of Input Parameter %s is not valid.", "UserName")
    password = action.password.get_secret_value()
    if passwords.same(password, side.password_hash):
        raise business("InvalidParameter", "The Value of Input Parameter %s is not valid.", "Password")
    side.password_hash = passwords.digest(password)
    desk.store.save(job)
    return Reply()
