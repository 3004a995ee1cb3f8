"""Start, suspend, stop, reset and release one job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts.conditions import Wait, finished, precheck_passed, released, status_is
from airflow_dts.errors import ConfigError
from airflow_dts.operators._base import DtsJobOperator
from airflow_dts.states import RUNNING, State, Verb

if TYPE_CHECKING:
    from airflow_dts.api._base import Action


class DtsVerbOperator(DtsJobOperator):
    """Base: do to one job what its verb says; to an instance of the older API with that API's own action.

    :param dts_job_id: the job, or an instance of the older API by its instance ID (templated)
    :param generation: ``legacy``: an instance of the older API, by its instance ID; ``current``: a job by its
        job ID; found by the ID's form when left out (templated)
    """

    template_fields: Sequence[str] = (*DtsJobOperator.template_fields, "generation")

    def __init__(self, *, generation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generation = generation


class DtsStartJobOperator(DtsVerbOperator):
    """Start a job, or let a suspended one go on; its precheck comes first. Seed 6.4.4.

    :param wait: ``none``, ``precheck`` (until it has passed) or ``running``: a migration moves rows, a
        synchronization has loaded all and follows changes, a subscription can be read
    """

    verb = Verb.START

    def __init__(self, *, wait: bool | str = "none", **kwargs: Any) -> None:
        super().__init__(wait=wait, **kwargs)

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import StartDtsJob

        return self.one_job(StartDtsJob)

    def goal(self) -> Wait | None:
        return start_goal(self.wait)


def start_goal(wait: bool | str) -> Wait | None:
    match wait:
        case "none" | False:
            return None
        case "precheck":
            return precheck_passed()
        case "running" | True:
            return status_is(statuses=[*sorted(RUNNING), State.FINISHED.value])
    raise ConfigError(f"{wait!r} is unknown", field="wait", remedy="use none, precheck or running")


class DtsSuspendJobOperator(DtsVerbOperator):
    """Suspend a job; starting it lets it go on. Seed 6.4.11.

    Do not leave it suspended for more than six hours: it may not start again. It is still paid for.
    """

    verb = Verb.SUSPEND

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import SuspendDtsJob

        return self.one_job(SuspendDtsJob)

    def goal(self) -> Wait | None:
        return suspended() if self.wait else None


def suspended() -> Wait:
    """A suspended subscription shows itself as Abnormal; no other job ever does."""
    return status_is(statuses=[State.SUSPENDED.value, State.ABNORMAL.value])


class DtsStopJobOperator(DtsVerbOperator):
    """End a migration or synchronization for good; suspend it if it is to go on. Seed 6.4.13."""

    verb = Verb.STOP

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import StopDtsJob

        return self.one_job(StopDtsJob)

    def goal(self) -> Wait | None:
        return finished() if self.wait else None


class DtsResetJobOperator(DtsVerbOperator):
    """Make a synchronization or subscription forget its configuration; it is still paid for. Seed 6.4.10.

    The service may put a new job in the place of the old one, in the same instance: the task waits for that
    one and returns its ID, so configure what this task returns.
    """

    verb = Verb.RESET

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import ResetDtsJob

        return self.one_job(ResetDtsJob)

    def goal(self) -> Wait | None:
        return status_is(statuses=[State.NOT_CONFIGURED.value]) if self.wait else None


class DtsReleaseJobOperator(DtsVerbOperator):
    """Release a job's instance, so that it is paid for no longer. Seed 6.4.15.

    A job that does not exist counts as released; a prepaid instance cannot be released through the API.
    """

    verb = Verb.RELEASE

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import DeleteDtsJob

        return self.one_job(DeleteDtsJob)

    def goal(self) -> Wait | None:
        return released() if self.wait else None
