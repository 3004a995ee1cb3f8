"""Start, suspend, stop and release many jobs with few calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_dts._task import deadline_after, resumed
from airflow_dts.conditions import Outcome, Wait, finished, released
from airflow_dts.errors import JobNotFound
from airflow_dts.hooks.acting import needing, persist
from airflow_dts.hooks.building import build
from airflow_dts.hooks.legacy_acting import is_older, older_action
from airflow_dts.operators._base import DtsWaitingOperator, names_in
from airflow_dts.operators.jobs import start_goal, suspended
from airflow_dts.states import Verb

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.job import JobSnapshot

AT_ONCE = 10
"""Jobs per call: what the vendor allows for releasing, and a size whose reply can be traced."""


class DtsJobsOperator(DtsWaitingOperator):
    """Base: act on those of many jobs that need it, then wait for all. Returns all job IDs.

    Every job is judged before anything is sent, so one that refuses fails the task with no job touched. The
    older API takes one instance a call, so its instances are acted on one by one, after the jobs.

    :param dts_job_ids: the jobs, and instances of the older API by their instance IDs, as a list or as text
        with commas (templated)
    """

    template_fields: Sequence[str] = (*DtsWaitingOperator.template_fields, "dts_job_ids")
    verb: ClassVar[Verb]

    def __init__(self, *, dts_job_ids: Sequence[str] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_ids = dts_job_ids

    def action(self) -> type[Action[Any]]:
        raise NotImplementedError

    def goal(self) -> Wait | None:
        raise NotImplementedError

    @property
    def ids(self) -> list[str]:
        """Without doubles, in their order."""
        return names_in("dts_job_ids", self.dts_job_ids)

    def execute(self, context: Context) -> list[str]:
        self.check()
        ids, goal, deadline = self.ids, self.goal(), deadline_after(self.timeout)
        before = self.act(ids, deadline)
        if goal is not None:
            settled = time.time() + self.settle
            waits = dict.fromkeys(ids, goal)
            waits |= {job.job_id: goal.after(job.status, settled) for job in before}
            self.wait_for(waits, deadline)
        return ids

    def act(self, ids: Sequence[str], deadline: float) -> list[JobSnapshot]:
        """The jobs that were sent, as they were before."""
        acted: dict[str, JobSnapshot] = {}
        name = self.action().action_name()

        def step() -> list[JobSnapshot]:
            jobs = [self.hook.read(job_id) for job_id in ids if job_id not in acted]
            wanted = needing(jobs, self.verb, name)
            self.log.info("%s: %d of %d job(s) need it", name, len(wanted), len(ids))
            older = [(job, self.older(job)) for job in wanted if is_older(job.job_id)]
            newer = [job for job in wanted if not is_older(job.job_id)]
            for start in range(0, len(newer), AT_ONCE):
                some = newer[start : start + AT_ONCE]
                self.send([job.job_id for job in some])
                acted.update((job.job_id, job) for job in some)
            for job, action in older:
                self.send_older(action)
                acted[job.job_id] = job
            return list(acted.values())

        return persist(step, every=self.every, deadline=deadline, about=", ".join(ids), tell=self.log.info)

    def send(self, ids: list[str]) -> None:
        try:
            self.hook.call(build(self.action(), {"dts_job_ids": ids}))
        except JobNotFound:
            if self.verb is not Verb.RELEASE:
                raise
            if len(ids) > 1:  # one of them is gone already, and the reply does not say which
                for job_id in ids:
                    self.send([job_id])

    def older(self, job: JobSnapshot) -> Action[Any]:
        return older_action(build(self.action(), {"dts_job_ids": [job.job_id]}), self.verb, job, "Forward")

    def send_older(self, action: Action[Any]) -> None:
        try:
            self.hook.call(action)
        except JobNotFound:
            if self.verb is not Verb.RELEASE:
                raise

    def wait_for(self, waits: dict[str, Wait], deadline: float) -> None:
        """One job after the other; the time allowed is for all of them together."""
        for job_id in list(waits):
            wait = waits[job_id]
            if self.deferrable:
                job = self.hook.read(job_id)
                verdict = wait.judge(job, time.time())
                self.log.info("%s: %s", job_id, verdict.reason)
                if verdict.outcome is Outcome.WAITING:
                    self.defer_for(job_id, waits, deadline)
            else:
                left = max(0.0, deadline - time.time())
                verdict = self.hook.wait(job_id, wait, every=self.every, timeout=left)
            self.conclude(job_id, verdict)
            del waits[job_id]

    def defer_for(self, job_id: str, waits: dict[str, Wait], deadline: float) -> None:
        left = {name: asdict(wait) for name, wait in waits.items() if name != job_id}
        self.defer_until(
            job_id, waits[job_id], every=self.every, deadline=deadline, carry={"waits": left, "ids": self.ids}
        )

    def resume(self, context: Context, event: dict[str, Any]) -> list[str]:
        told = resumed(event)
        self.conclude(told.job_id, told.verdict)
        self.wait_for({name: Wait(**wait) for name, wait in told.carry["waits"].items()}, told.deadline)
        ids: list[str] = told.carry["ids"]
        return ids


class DtsStartJobsOperator(DtsJobsOperator):
    """Start migrations or synchronizations, or let suspended ones go on. Seed 6.4.5.

    :param wait: ``none``, ``precheck`` or ``running``, as for one job
    """

    verb = Verb.START

    def __init__(self, *, wait: bool | str = "none", **kwargs: Any) -> None:
        super().__init__(wait=wait, **kwargs)

    def action(self) -> type[Action[Any]]:
        from airflow_dts.api.jobs import StartDtsJobs

        return StartDtsJobs

    def goal(self) -> Wait | None:
        return start_goal(self.wait)


class DtsSuspendJobsOperator(DtsJobsOperator):
    """Suspend migrations or synchronizations; starting them lets them go on. Seed 6.4.12."""

    verb = Verb.SUSPEND

    def action(self) -> type[Action[Any]]:
        from airflow_dts.api.jobs import SuspendDtsJobs

        return SuspendDtsJobs

    def goal(self) -> Wait | None:
        return suspended() if self.wait else None


class DtsStopJobsOperator(DtsJobsOperator):
    """End migrations or synchronizations for good. Seed 6.4.14."""

    verb = Verb.STOP

    def action(self) -> type[Action[Any]]:
        from airflow_dts.api.jobs import StopDtsJobs

        return StopDtsJobs

    def goal(self) -> Wait | None:
        return finished() if self.wait else None


class DtsReleaseJobsOperator(DtsJobsOperator):
    """Release the instances of jobs; those that do not exist count as released. Seed 6.4.16."""

    verb = Verb.RELEASE

    def action(self) -> type[Action[Any]]:
        from airflow_dts.api.jobs import DeleteDtsJobs

        return DeleteDtsJobs

    def goal(self) -> Wait | None:
        return released() if self.wait else None
