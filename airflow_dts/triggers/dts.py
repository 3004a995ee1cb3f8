"""The one trigger: wait in the triggerer for any condition on any job."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import BaseTrigger, TriggerEvent
from airflow_dts.conditions import Outcome, Wait
from airflow_dts.errors import CallError
from airflow_dts.hooks.dts import DtsHook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class DtsJobTrigger(BaseTrigger):
    """Wait for a job. It fires once; the event is plain data and holds all the task needs to go on.

    The event has ``job_id``, ``outcome`` and ``reason`` of the verdict, ``deadline`` and ``carry`` as given.
    An error of the API or of the connection is a failed outcome too, with ``error`` to raise it again.

    :param job_id: the DTS job
    :param wait: a ``conditions.Wait`` as a mapping
    :param every: seconds between readings
    :param deadline: Unix time after which the outcome is ``timed_out``; a restarted triggerer keeps it
    :param hook: arguments of ``DtsHook``: names of the connection and the region, no secret
    :param direction: half of a two-way synchronization, ``Forward`` or ``Reverse``
    :param instance_id: follow the job when a reset replaces it in its instance
    :param generation: ``legacy`` or ``current``; by the form of the ID when left out
    :param carry: plain data the task wants to find in the event
    """

    def __init__(
        self,
        *,
        job_id: str,
        wait: dict[str, Any],
        every: float,
        deadline: float,
        hook: dict[str, Any],
        direction: str = "Forward",
        instance_id: str = "",
        generation: str | None = None,
        carry: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        self.job_id = job_id
        self.wait = wait
        self.every = every
        self.deadline = deadline
        self.hook = hook
        self.direction = direction
        self.instance_id = instance_id
        self.generation = generation
        self.carry = carry

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {
            "job_id": self.job_id,
            "wait": self.wait,
            "every": self.every,
            "deadline": self.deadline,
            "hook": self.hook,
            "direction": self.direction,
            "instance_id": self.instance_id,
            "generation": self.generation,
            "carry": self.carry,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        hook = DtsHook(**self.hook)
        try:
            verdict = await hook.await_(
                self.job_id,
                Wait(**self.wait),
                every=self.every,
                deadline=self.deadline,
                direction=self.direction,
                instance_id=self.instance_id,
                generation=self.generation,
            )
            event = asdict(verdict) | {"job_id": hook.current(self.job_id)}
        except Exception as error:  # whatever it is: a trigger that raises loses its text on the way
            self.log.exception("%s: waiting ended in an error", self.job_id)
            event = {
                "outcome": Outcome.FAILED,
                "reason": str(error),
                "job_id": self.job_id,
                "error": _plain(error),
            }
        finally:
            hook.close()
        event |= {"outcome": event["outcome"].value, "deadline": self.deadline, "carry": self.carry}
        yield TriggerEvent(event)


def _plain(error: Exception) -> dict[str, Any]:
    """An error as data; ``_task`` makes it an error again."""
    arguments = list(error.args) if isinstance(error, CallError) else [str(error)]
    return {"type": type(error).__name__, "arguments": arguments}
