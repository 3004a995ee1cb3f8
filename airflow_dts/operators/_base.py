"""What operators share: parameters, the wait after the action, and where a deferred task goes on."""

from __future__ import annotations

import time
from ast import literal_eval
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_dts._compat import BaseOperator
from airflow_dts._task import DEFERRABLE, DtsTask, deadline_after, required, resumed, seconds
from airflow_dts.errors import BadReply, ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.hooks.legacy_acting import is_older
from airflow_dts.states import Verb

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.conditions import Wait
    from airflow_dts.job import JobSnapshot


class DtsOperator(DtsTask, BaseOperator):
    """Base: a task on one connection and region.

    :param dts_conn_id: Airflow connection of type ``alibaba_dts`` (templated)
    :param region_id: region of the DTS instance; the connection's when left out (templated)
    """

    template_fields: Sequence[str] = ("dts_conn_id", "region_id")
    ui_color = "#ffe5cc"

    def __init__(
        self, *, dts_conn_id: str = "dts_default", region_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dts_conn_id = dts_conn_id
        self.region_id = region_id


class DtsWaitingOperator(DtsOperator):
    """Base: a task that waits for jobs after it has acted.

    :param wait: whether to wait until the job has come where the action brings it
    :param deferrable: wait in the triggerer; a worker is free meanwhile
    :param poll_interval: seconds between readings (templated)
    :param wait_timeout: seconds after which the wait fails; as long is a busy job waited out (templated)
    :param settle_time: seconds for which the state from before the action proves nothing (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "poll_interval",
        "wait_timeout",
        "settle_time",
    )

    def __init__(
        self,
        *,
        wait: bool | str = True,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | str = 30.0,
        wait_timeout: float | str = 24 * 3600.0,
        settle_time: float | str = 20.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait = wait
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.settle_time = settle_time

    @property
    def every(self) -> float:
        return seconds("poll_interval", self.poll_interval, above=0.0)

    @property
    def timeout(self) -> float:
        return seconds("wait_timeout", self.wait_timeout)

    @property
    def settle(self) -> float:
        return seconds("settle_time", self.settle_time)

    def check(self) -> None:
        """Refuse parameters that make no sense, before any call."""
        _ = self.every, self.timeout, self.settle


class DtsJobOperator(DtsWaitingOperator):
    """Base: act on one job, unless it already is where the action would bring it. Returns the job ID.

    A job that is busy with something else is waited out; a state that does not allow the action is an error.

    :param dts_job_id: the job (templated)
    :param synchronization_direction: ``Reverse`` for the way back of a two-way synchronization (templated)
    """

    template_fields: Sequence[str] = (
        *DtsWaitingOperator.template_fields,
        "dts_job_id",
        "synchronization_direction",
    )

    verb: ClassVar[Verb]

    def __init__(self, *, dts_job_id: str, synchronization_direction: str = "Forward", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id
        self.synchronization_direction = synchronization_direction

    def action(self) -> Action[Any]:
        """The action, checked; building it calls nothing."""
        raise NotImplementedError

    def goal(self) -> Wait | None:
        """What to wait for afterwards; None for nothing."""
        return None

    def check(self) -> None:
        super().check()
        is_older(required("dts_job_id", self.dts_job_id), self.generation)
        if self.synchronization_direction not in ("Forward", "Reverse"):
            raise ConfigError(
                f"{self.synchronization_direction!r} is unknown",
                field="synchronization_direction",
                remedy="use Forward or Reverse",
            )

    def execute(self, context: Context) -> Any:
        self.check()
        goal, action, deadline = self.goal(), self.action(), deadline_after(self.timeout)
        deed = self.hook.act(
            self.dts_job_id,
            self.verb,
            action,
            every=self.every,
            timeout=self.timeout,
            direction=self.synchronization_direction,
            generation=self.generation,
        )
        if goal is not None:
            if deed.sent:
                goal = goal.after(deed.job.status, time.time() + self.settle)
            self.wait_for(goal, deed.job, deadline)
        return self.result(self.hook.current(self.dts_job_id))

    def wait_for(self, goal: Wait, before: JobSnapshot, deadline: float) -> None:
        instance_id = before.instance_id if self.verb is Verb.RESET else ""
        if self.deferrable:
            self.defer_until(
                self.dts_job_id, goal, every=self.every, deadline=deadline, instance_id=instance_id
            )
        verdict = self.hook.wait(
            self.dts_job_id,
            goal,
            every=self.every,
            timeout=max(0.0, deadline - time.time()),
            direction=self.synchronization_direction,
            instance_id=instance_id,
            generation=self.generation,
        )
        self.conclude(self.dts_job_id, verdict)

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        told = resumed(event)
        self.conclude(told.job_id, told.verdict)
        return self.result(told.job_id)

    def result(self, job_id: str) -> Any:
        return job_id

    @property
    def reverse(self) -> bool:
        return self.synchronization_direction == "Reverse"

    def one_job(self, action: type[Action[Any]]) -> Action[Any]:
        """``action`` on the job; the direction is sent for a way back only (seed 6.4.4)."""
        return build(
            action,
            {
                "dts_job_id": self.dts_job_id,
                "synchronization_direction": self.synchronization_direction if self.reverse else None,
            },
        )


def names_in(field: str, given: object) -> list[str]:
    """Names without doubles, in their order, from a list, its text (what templates make of it) or comma text.

    :raises ConfigError: naming ``field``, if there are none
    """
    parts = _parts(given.strip()) if isinstance(given, str) else given
    if not isinstance(parts, (list, tuple, set)):
        raise ConfigError(f"{given!r} is no list", field=field, remedy="give a list, or text with commas")
    names = list(dict.fromkeys(text for part in parts if (text := str(part).strip())))
    if not names or "None" in names:  # what a template makes of an XCom nobody pushed
        raise ConfigError(f"{given!r} names nothing", field=field, remedy="give it, or check its template")
    return names


def _parts(text: str) -> object:
    if not text.startswith("["):
        return text.split(",")
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


@contextmanager
def reading(action: str) -> Iterator[None]:
    """Replies are typed where they are touched; what cannot be read there is the fault of the reply.

    :raises BadReply: naming ``action``
    """
    from airflow_dts.api._base import Unreadable

    try:
        yield
    except Unreadable as fault:
        raise BadReply(action, str(fault)) from None
