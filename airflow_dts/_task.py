"""What operators and sensors share: a hook, the way to the triggerer and back, and how a wait ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from logging import ERROR, WARNING
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

from airflow_dts import errors
from airflow_dts._compat import conf
from airflow_dts.conditions import Outcome, Verdict, Wait
from airflow_dts.errors import ConfigError, DtsError, JobFailed, WaitTimedOut
from airflow_dts.hooks.dts import DtsHook
from airflow_dts.states import State
from airflow_dts.triggers.dts import DtsJobTrigger

if TYPE_CHECKING:
    from airflow_dts._compat import BaseOperator
else:
    BaseOperator = object

DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)


class Resumed(NamedTuple):
    """What the trigger told, checked: it has been through a database."""

    job_id: str
    verdict: Verdict
    deadline: float
    carry: dict[str, Any]


class DtsTask(BaseOperator):
    """Mixin of every task that talks to DTS."""

    dts_conn_id: str
    region_id: str | None
    synchronization_direction: str = "Forward"
    generation: str | None = None

    task_template_fields: ClassVar = ("dts_conn_id", "region_id")

    @cached_property
    def hook(self) -> DtsHook:
        return DtsHook(self.dts_conn_id, self.region_id)

    def defer_until(
        self,
        job_id: str,
        wait: Wait,
        *,
        every: float,
        deadline: float,
        instance_id: str = "",
        carry: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Go on in ``resume``. ``carry`` travels in the event, since ``dag.test`` loses other arguments."""
        self.defer(
            trigger=DtsJobTrigger(
                job_id=job_id,
                wait=asdict(wait),
                every=every,
                deadline=deadline,
                hook={"dts_conn_id": self.dts_conn_id, "region_id": self.region_id},
                direction=self.synchronization_direction,
                instance_id=instance_id,
                generation=self.generation,
                carry=carry,
            ),
            method_name="resume",
        )

    def conclude(self, job_id: str, verdict: Verdict) -> None:
        """:raises JobFailed, WaitTimedOut: unless the wait is met; after a failed precheck with its items"""
        if verdict.outcome is Outcome.FAILED:
            items = self.failed_items(job_id)
            reason = f"precheck failed in {len(items)} item(s)" if items else verdict.reason
            raise JobFailed(job_id, reason, items=items)
        if verdict.outcome is Outcome.TIMED_OUT:
            raise WaitTimedOut(job_id, f"the time allowed is over: {verdict.reason}")

    def failed_items(self, job_id: str) -> list[str]:
        """Every failed precheck item with reason and repair, logged too; empty if it is not to blame."""
        try:
            way, generation = self.synchronization_direction, self.generation
            job = self.hook.read(job_id, way, generation=generation)
            if job.state is not State.PRECHECK_FAILED:
                return []
            failed = [item for item in self.hook.precheck(job_id, way, generation=generation) if item.failed]
        except DtsError as error:  # the job's failure is what the task is to fail with
            self.log.warning("%s: the precheck could not be read: %s", job_id, error)
            return []
        for item in failed:
            self.log.log(ERROR if item.blocks else WARNING, "%s: precheck: %s", job_id, item)
        return [str(item) for item in failed if item.blocks]


def resumed(event: object) -> Resumed:
    """Read the trigger's event.

    :raises DtsError: the error the trigger met, or that the event is not one of ours
    """
    if not isinstance(event, Mapping):
        raise DtsError(f"the trigger's event is no mapping but {type(event).__name__}")
    if error := event.get("error"):
        raise _reported(error)
    try:
        verdict = Verdict(Outcome(event["outcome"]), str(event["reason"]))
        return Resumed(
            str(event["job_id"]), verdict, float(event["deadline"]), dict(event.get("carry") or {})
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise DtsError(f"the trigger's event cannot be understood: {fault!r}") from None


def _reported(error: Any) -> DtsError:
    """The error the trigger met; only classes of ours are made from its name."""
    try:
        name, arguments = str(error["type"]), list(error["arguments"])
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, errors.CallError):
            return kind(*arguments)
        if kind is ConfigError:
            return ConfigError(arguments[0])
        return DtsError(f"the trigger met {name}: {arguments[0]}")
    except (KeyError, IndexError, TypeError):
        return DtsError("the trigger met an error that cannot be read")


def seconds(field: str, value: object, *, above: float = -1.0) -> float:
    """A number of seconds from a number or a rendered template."""
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not max(above, -1e-12) < number < float("inf"):
        least = "above 0" if above >= 0 else "0 or more"
        raise ConfigError(f"{value!r} is no such number", field=field, remedy=f"give seconds, {least}")
    return number


def iso_instant(field: str, value: object) -> str:
    """ISO 8601 with offset, from that, an aware datetime or Unix seconds, as number or text."""
    moment = value if isinstance(value, datetime) else _moment(str(value).strip())
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"{str(value)!r} is no instant with a time zone",
            field=field,
            remedy="give a time like 2024-05-01T02:00:00+08:00, an aware datetime or Unix seconds",
        )
    return moment.isoformat()


def unix_seconds(field: str, value: object) -> int:
    """The same as whole Unix seconds."""
    return int(datetime.fromisoformat(iso_instant(field, value)).timestamp())


def _moment(text: str) -> datetime | None:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    try:
        if number == number:
            # Below, a number is a date such as 20240501, and long past; above, it is in milliseconds.
            return datetime.fromtimestamp(number, UTC) if 1e9 <= number < 1e11 else None
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def required(field: str, value: object) -> str:
    """A text that must not be empty after its template is rendered."""
    text = "" if value is None else str(value).strip()
    if not text or text == "None":  # what a template makes of an XCom nobody pushed
        raise ConfigError(f"{value!r} names nothing", field=field, remedy="give it, or check its template")
    return text


def deadline_after(timeout: float) -> float:
    return time.time() + timeout
