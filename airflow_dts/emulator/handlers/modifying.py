"""Changing a job that exists: objects, name, password."""

from __future__ import annotations

import hashlib

from airflow_dts.api._base import Reply
from airflow_dts.api.jobs import ModifyDtsJob, ModifyDtsJobName, ModifyDtsJobPassword, ModifyDtsJobReply
from airflow_dts.api.subscriptions import ModifySubscription
from airflow_dts.emulator import passwords
from airflow_dts.emulator.handlers._registry import Desk, handles, not_emulated, one_way
from airflow_dts.emulator.handlers.verbs import do
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType, Verb
from airflow_dts.emulator.refusals import business, invalid, missing

_TOKENS_KEPT = 100


@handles(ModifyDtsJob)
def modify_objects(desk: Desk, action: ModifyDtsJob) -> ModifyDtsJobReply:
    """The new object list replaces the old one; tables it adds are loaded. Seed 6.4.9.1.

    The job is `Modifying` until the mover has taken the list over, or `ModifyFailed` when it cannot.
    """
    one_way(action.synchronization_direction)
    if action.etl_operator_column_reference is not None:
        raise not_emulated("ETL (EtlOperatorColumnReference)")
    if action.db_list is None:
        raise missing("DbList")
    job = desk.job(None, action.dts_instance_id)
    objects = action.db_list.to_json()
    if not _repeated(job, action.client_token, objects):
        do(desk, job, Verb.MODIFY)
        job.objects = action.db_list.to_dict()
        job.revision += 1
        job.error = ""
        desk.store.save(job)
    return ModifyDtsJobReply(dts_job_id=job.id, status="200")


def _repeated(job: Job, token: str | None, objects: str) -> bool:
    """Whether this very request was served before; a token used for another request is refused."""
    if token is None:
        return False
    print_ = hashlib.sha256(objects.encode()).hexdigest()
    known = job.tokens.get(token)
    if known is not None and known != print_:
        raise invalid("ClientToken", "it was used for another request; make a new one for each intention.")
    job.tokens[token] = print_
    while len(job.tokens) > _TOKENS_KEPT:
        del job.tokens[next(iter(job.tokens))]
    return known is not None


@handles(ModifySubscription)
def modify_subscription(desk: Desk, action: ModifySubscription) -> Reply:
    """Seed 6.4.9.2."""
    job = desk.job(action.dts_job_id, action.dts_instance_id)
    if job.type is not JobType.SUBSCRIBE:
        raise invalid("DtsJobId", f"it names a {job.type} job, not a subscription.")
    do(desk, job, Verb.MODIFY)
    job.objects = action.db_list.to_dict()
    job.ddl, job.dml = action.subscription_data_type_ddl, action.subscription_data_type_dml
    job.revision += 1
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
