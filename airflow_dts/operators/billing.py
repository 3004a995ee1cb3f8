"""Change what an instance costs. Each of these operators spends money, and spends it once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import AirflowFailException
from airflow_dts._task import required
from airflow_dts.errors import Busy, DtsError, WrongState
from airflow_dts.hooks.acting import PASSING
from airflow_dts.hooks.building import build
from airflow_dts.operators.instances import is_a_no
from airflow_dts.operators.objects import DtsOneCallOperator
from airflow_dts.states import State

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.job import JobSnapshot

RENEWAL = "dts_renewal"
"""Key of the task's own state (Airflow 3.3) under which intent and outcome of a renewal are kept."""
CLASSES = ("micro", "small", "medium", "large", "xlarge", "xxlarge")
"""From small to large."""
WORDS = {"buy_count": "used_time", "charge_type": "pay_type"}


class DtsBillingOperator(DtsOneCallOperator):
    """Base: read the job, and send what is needed unless the job already is so. Returns the job ID.

    Nothing is sent to a job that refuses, or that is in the middle of a change. The client never sends these
    actions again once the service may have acted; a retry of the task looks at the job first. An instance of
    the older API goes by its job's ID here: only the current API tells and changes what it costs.
    """

    def already(self, job: JobSnapshot) -> bool:
        """Whether nothing is left to pay for."""
        raise NotImplementedError

    def refusal(self, job: JobSnapshot) -> str:
        """Why it cannot be done, as a sentence; empty if it can."""
        raise NotImplementedError

    def aimed(self, action: Action[Any], job: JobSnapshot) -> Action[Any]:
        """``action`` with what only the job tells."""
        return action

    def execute(self, context: Context) -> str:
        job_id, action = required("dts_job_id", self.dts_job_id), self.action()
        job = self.hook.job(job_id, generation="current")
        if self.already(job):
            self.log.info("%s: %s: already so, nothing was sent", job_id, action.action_name())
        else:
            self.judge(job, action.action_name())
            self.hook.call(self.aimed(action, job))
        return job_id

    def judge(self, job: JobSnapshot, action: str) -> None:
        """:raises WrongState, Busy: naming state, action, job and reason"""
        if job.state in {State.FINISHED, State.GONE, State.UNKNOWN}:
            reason = f"nothing is spent on a job in state {job.status}"
        elif job.state in PASSING:
            text = f"the job is in the middle of a change, {job.status} (job {job.job_id}); nothing was sent"
            raise Busy(action, f"JobIs{job.status}", text)
        else:
            reason = self.refusal(job)
        if reason:
            raise WrongState(action, "NotAllowed", f"{reason} (job {job.job_id}); nothing was sent")


class DtsChangeInstanceClassOperator(DtsBillingOperator):
    """Make the instance of a migration or synchronization larger or smaller. Seed 6.4.9.7.

    This spends money: a larger class costs more. An instance that already is of this class costs no call. The
    change takes a while, in which the job is ``Upgrade`` or ``Downgrade``; wait for it with a sensor.

    :param instance_class: the class from now on, ``micro`` to ``xxlarge`` (templated)
    :param order_type: ``UPGRADE`` or ``DOWNGRADE``: refuse a change that is none; as the classes have it when
        left out (templated)
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "instance_class", "order_type")

    def __init__(self, *, instance_class: str, order_type: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_class = instance_class
        self.order_type = order_type

    def action(self) -> Action[Any]:
        from airflow_dts.api.instances import TransferInstanceClass

        fields = {
            "dts_job_id": self.dts_job_id,
            "instance_class": self.instance_class,
            "order_type": self.order_type or "UPGRADE",  # what it is shows once the job is read
        }
        return build(TransferInstanceClass, fields)

    def already(self, job: JobSnapshot) -> bool:
        return self.order(job) == ""

    def refusal(self, job: JobSnapshot) -> str:
        order, told = self.order(job), str(self.order_type or "").upper()
        if job.job_type == "SUBSCRIBE":
            return "a subscription has no class that could be changed"
        if order is None and not told:
            return f"its class {job.instance_class!r} is unknown to this package, so say order_type"
        if told and order not in (None, told):
            return f"from {job.instance_class} to {self.instance_class} is no {told}"
        return ""

    def aimed(self, action: Action[Any], job: JobSnapshot) -> Action[Any]:
        order = self.order(job)
        return action.model_copy(update={"order_type": order}) if order else action

    def order(self, job: JobSnapshot) -> str | None:
        """``UPGRADE`` or ``DOWNGRADE``, empty if there is nothing to change, None while that is unknown."""
        before, after = _size(job.instance_class), _size(self.instance_class)
        if before is None or after is None:
            return None
        return "" if before == after else "UPGRADE" if before < after else "DOWNGRADE"


def _size(name: str) -> int | None:
    """Place among the classes; the older API writes 2xlarge."""
    known = name.strip().casefold().replace("2xlarge", "xxlarge")
    return CLASSES.index(known) if known in CLASSES else None


class DtsChangeBillingOperator(DtsBillingOperator):
    """Pay an hourly billed synchronization or subscription in advance from now on. Seed 6.4.9.6.

    This spends money, and there is no way back to hourly billing, nor can a prepaid instance be released
    through the API. An instance that is billed so already costs no call. A migration is billed by the hour.

    :param pay_type: ``PrePaid``; ``PostPaid`` only confirms hourly billing (templated)
    :param period: ``Month`` or ``Year`` (templated)
    :param used_time: how many of them: 1 to 60 months, 1 to 5 years (templated)
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "pay_type", "period", "used_time")

    def __init__(
        self,
        *,
        pay_type: str = "PrePaid",
        period: str | None = None,
        used_time: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pay_type = pay_type
        self.period = period
        self.used_time = used_time

    def action(self) -> Action[Any]:
        from airflow_dts.api.instances import TransferPayType

        fields = {
            "dts_job_id": self.dts_job_id,
            "charge_type": self.pay_type,
            "period": self.period,
            "buy_count": self.used_time,
        }
        return build(TransferPayType, fields, words=WORDS)

    @property
    def in_advance(self) -> bool:
        return str(self.pay_type).casefold() == "prepaid"

    def already(self, job: JobSnapshot) -> bool:
        return job.prepaid if self.in_advance else job.hourly

    def refusal(self, job: JobSnapshot) -> str:
        if not self.in_advance:
            return "a prepaid instance cannot go back to billing by the hour"
        if job.job_type == "MIGRATION":
            return "a migration is billed by the hour only"
        return "" if job.hourly else _unknown_billing(job)


class DtsUpgradeTwoWayOperator(DtsBillingOperator):
    """Make a running one-way synchronization between MySQL databases two-way. Seed 6.4.9.5.

    This spends money: it changes what is paid by the hour. A synchronization that already is two-way costs no
    call. While the change takes effect the job lags by some seconds, so run it off-peak; then configure the
    way back with ``synchronization_direction="Reverse"``.

    :param instance_class: class of the two-way instance, ``micro`` to ``large`` (templated)
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "instance_class")

    def __init__(self, *, instance_class: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_class = instance_class

    def action(self) -> Action[Any]:
        from airflow_dts.api.instances import UpgradeTwoWay

        # The instance shows once the job is read.
        return build(UpgradeTwoWay, {"instance_id": self.dts_job_id, "instance_class": self.instance_class})

    def already(self, job: JobSnapshot) -> bool:
        return job.two_way

    def refusal(self, job: JobSnapshot) -> str:
        if job.job_type != "SYNC":
            return "only a synchronization can be two-way"
        if others := {engine for engine in job.engines if engine and engine.casefold() != "mysql"}:
            return f"both databases must be MySQL, not {' and '.join(sorted(others))}"
        if not job.hourly:
            return "a prepaid synchronization cannot become two-way" if job.prepaid else _unknown_billing(job)
        if job.state is not State.SYNCHRONIZING:
            return f"it must be Synchronizing, not {job.status}"
        return "" if job.instance_id else "the service does not tell its instance"

    def aimed(self, action: Action[Any], job: JobSnapshot) -> Action[Any]:
        return action.model_copy(update={"instance_id": job.instance_id})


def _unknown_billing(job: JobSnapshot) -> str:
    return f"how it is billed is unknown: {job.pay_type or 'the service does not tell'}"


class DtsRenewInstanceOperator(DtsBillingOperator):
    """Prolong a prepaid synchronization or subscription. Returns when it ends now. Seed 6.4.9.8.

    This spends money: each renewal adds to the one before. One task renews once, also when it is cleared; the
    next run of its DAG renews again. On Airflow 3.3 the end from before the call is kept in the task's state:
    a retry takes the renewal for done if that was recorded, or if the instance now ends later; else it fails,
    since the service may still act on a call whose reply was lost. Older Airflows keep no such state: there a
    retry fails without looking. A renewal whose reply was lost fails without retry on any Airflow.

    The end is ISO 8601 text, empty if the service does not tell it.

    :param period: ``Month`` or ``Year`` (templated)
    :param used_time: how many of them: 1 to 60 months, 1 to 5 years (templated)
    :param force: renew although an earlier try of this task may have; set it for one run without retries
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "period", "used_time")

    def __init__(
        self, *, period: str = "Month", used_time: int | str = 1, force: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.period = period
        self.used_time = used_time
        self.force = force

    def action(self) -> Action[Any]:
        from airflow_dts.api.instances import RenewInstance

        fields = {
            "dts_job_id": self.dts_job_id,
            "charge_type": "PREPAY",
            "period": self.period,
            "buy_count": self.used_time,
        }
        return build(RenewInstance, fields, words=WORDS)

    def refusal(self, job: JobSnapshot) -> str:
        if job.job_type == "MIGRATION":
            return "a migration is billed by the hour only, so there is nothing to renew"
        return "" if job.prepaid else f"only a prepaid instance can be renewed, not a {job.pay_type} one"

    def execute(self, context: Context) -> str:
        job_id, action = required("dts_job_id", self.dts_job_id), self.action()
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        record = self.recorded(store, job_id)
        if "after" in record:
            self.log.info("%s was renewed by an earlier try of this task", job_id)
            return record["after"]
        job = self.hook.job(job_id, generation="current")
        if record and _later(job, record["before"]):
            self.log.info("%s ends later than it did: renewed by an earlier try of this task", job_id)
            return self.keep(store, record, job.expires)
        if not self.force and (record or (store is None and context["ti"].try_number > 1)):
            raise AirflowFailException(self.unknown(record, "a try of this task ended before its reply came"))
        self.judge(job, action.action_name())
        return self.renew(action, job, store)

    def recorded(self, store: Any, job_id: str) -> dict[str, str]:
        """What this task noted about this job; an earlier one may have been another."""
        record: dict[str, str] = (store.get(RENEWAL) if store is not None else None) or {}
        return record if record.get("dts_job_id") == job_id else {}

    def renew(self, action: Action[Any], job: JobSnapshot, store: Any) -> str:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = {"dts_job_id": self.dts_job_id, "intent": now, "before": _text(job.expires)}
        if store is not None:
            store.set(RENEWAL, record)
        try:
            reply = self.hook.call(action)
        except DtsError as error:
            if not is_a_no(error):
                raise AirflowFailException(self.unknown(record, str(error))) from error
            if store is not None:
                store.delete(RENEWAL)
            raise
        self.log.info("%s: renewed; it ends at %s", self.dts_job_id, reply.end_time or "a time not told")
        return self.keep(store, record, reply.end_time)

    def keep(self, store: Any, record: dict[str, str], after: datetime | None) -> str:
        if store is not None:
            store.set(RENEWAL, {**record, "after": _text(after)})
        return _text(after)

    def unknown(self, record: dict[str, str], cause: str) -> str:
        before = record.get("before") or "a time that was not recorded"
        since = record.get("intent") or "an earlier time"
        return (
            f"whether job {self.dts_job_id} was renewed is unknown: {cause}. Look in the console, region "
            f"{self.hook.settings().region_id}, for a renewal at {since} or later; the instance ended at "
            f"{before} before it. If it was renewed, mark this task as successful; if not, set force=True "
            "and clear it."
        )


def _later(job: JobSnapshot, before: str) -> bool:
    return bool(before) and job.expires is not None and job.expires > datetime.fromisoformat(before)


def _text(instant: datetime | None) -> str:
    return instant.isoformat() if instant else ""
