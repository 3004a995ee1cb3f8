"""Wait for a job without acting on it: one short class per thing one waits for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import AirflowSensorTimeout, AirflowSkipException, BaseSensorOperator
from airflow_dts._task import DEFERRABLE, DtsTask, iso_instant, required, resumed, seconds
from airflow_dts.conditions import (
    Outcome,
    Verdict,
    Wait,
    checkpoint_past,
    delay_below,
    full_load_finished,
    precheck_passed,
    status_is,
)
from airflow_dts.errors import Busy, ConfigError, DtsError
from airflow_dts.hooks.legacy_acting import is_older, older_action
from airflow_dts.hooks.prechecks import names_of, skip
from airflow_dts.states import State, Verb

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.job import JobSnapshot

SHORTEST = 0.1
"""Seconds between readings when ``poke_interval`` is zero, which the base class allows."""
SETTLE = 20.0
"""Seconds for which a state from before an action of ours proves nothing."""
MOST_MENDS = 3
"""How often one wait may skip precheck items and start the job again."""
SLACK = 30.0
"""Seconds a hold may take longer than asked, for the readings at its ends."""


class DtsJobSensor(DtsTask, BaseSensorOperator):
    """Base: wait until ``goal`` is met. Fails when the job can no longer meet it; no unknown state meets it.

    :param dts_job_id: the job, or an instance of the older API by its instance ID (templated)
    :param dts_conn_id: Airflow connection of type ``alibaba_dts`` (templated)
    :param region_id: region of the DTS instance; the connection's when left out (templated)
    :param synchronization_direction: ``Reverse`` for the way back of a two-way synchronization (templated)
    :param generation: ``legacy``: an instance of the older API, by its instance ID; ``current``: a job by its
        job ID; found by the ID's form when left out (templated)
    :param deferrable: wait in the triggerer, with ``poke_interval`` and ``timeout`` as they are
    """

    template_fields: Sequence[str] = (
        "dts_job_id",
        "dts_conn_id",
        "region_id",
        "synchronization_direction",
        "generation",
    )
    mended = 0
    """How often pokes of this process have mended the job."""
    ui_color = "#ffeedd"

    def __init__(
        self,
        *,
        dts_job_id: str,
        dts_conn_id: str = "dts_default",
        region_id: str | None = None,
        synchronization_direction: str = "Forward",
        generation: str | None = None,
        deferrable: bool = DEFERRABLE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id
        self.dts_conn_id = dts_conn_id
        self.region_id = region_id
        self.synchronization_direction = synchronization_direction
        self.generation = generation
        self.deferrable = deferrable

    def goal(self) -> Wait:
        raise NotImplementedError

    def check(self) -> Wait:
        """The goal; parameters that make no sense are refused before any call."""
        is_older(required("dts_job_id", self.dts_job_id), self.generation)
        if self.synchronization_direction not in ("Forward", "Reverse"):
            raise ConfigError(
                f"{self.synchronization_direction!r} is unknown",
                field="synchronization_direction",
                remedy="use Forward or Reverse",
            )
        return self.goal()

    def execute(self, context: Context) -> Any:
        wait = self.check()
        if self.deferrable:
            self.defer_until(self.dts_job_id, wait, every=self.every, deadline=time.time() + self.timeout)
        return super().execute(context)

    @property
    def every(self) -> float:
        return max(SHORTEST, self.poke_interval)

    def poke(self, context: Context) -> bool:
        wait = self.check()
        verdict = self.look(wait)
        if verdict.outcome is Outcome.FAILED and self.mended < MOST_MENDS and (before := self.mend()):
            self.mended += 1
            verdict = self.stay(wait.after(before.status, time.time() + SETTLE), SETTLE)
        elif verdict.outcome is Outcome.MET and wait.held_for:
            # All of it in this one poke: what is known of a hold would be lost between two
            verdict = self.stay(wait, wait.held_for + SLACK)
        if verdict.outcome is Outcome.FAILED:
            self.conclude(self.dts_job_id, verdict)
        return verdict.outcome is Outcome.MET

    def stay(self, wait: Wait, timeout: float) -> Verdict:
        return self.hook.wait(
            self.dts_job_id,
            wait,
            every=self.every,
            timeout=timeout,
            direction=self.synchronization_direction,
            generation=self.generation,
        )

    def read(self) -> JobSnapshot:
        return self.hook.read(self.dts_job_id, self.synchronization_direction, generation=self.generation)

    def look(self, wait: Wait) -> Verdict:
        """One reading; a call that failed for a passing reason is no reason to fail."""
        try:
            job = self.read()
        except DtsError as error:
            if not error.transient:
                raise
            verdict = Verdict(Outcome.WAITING, f"no reading: {error}")
        else:
            verdict = wait.judge(job, time.time())
        self.log.info("%s: %s", self.dts_job_id, verdict.reason)
        return verdict

    def mend(self) -> JobSnapshot | None:
        """Put right what made the wait fail; the job as it was then, or None if that cannot be done."""
        return None

    def resume(self, context: Context, event: dict[str, Any]) -> None:
        try:
            self.settle(event)
        except DtsError as error:
            if self.never_fail:  # what the base class does with any error of a poke
                raise AirflowSkipException(f"skipped, as never_fail is set: {error}") from error
            raise

    def settle(self, event: dict[str, Any]) -> None:
        told = resumed(event)
        if told.verdict.outcome is Outcome.TIMED_OUT:  # the base class turns it into a skip if asked to
            raise AirflowSensorTimeout(f"{told.job_id}: not within {self.timeout:g} s: {told.verdict.reason}")
        mended = int(told.carry.get("mended", 0))
        if told.verdict.outcome is Outcome.FAILED and mended < MOST_MENDS and (before := self.mend()):
            self.defer_until(
                self.dts_job_id,
                self.check().after(before.status, time.time() + SETTLE),
                every=self.every,
                deadline=told.deadline,
                carry={"mended": mended + 1},
            )
        self.conclude(told.job_id, told.verdict)


class DtsPrecheckSensor(DtsJobSensor):
    """Wait until the precheck has passed. On failure every failed item is named, with reason and repair.

    :param skip_items: item codes, such as ``CHECK_SAME_OBJ``, that may fail: if nothing else stops the
        precheck, they are skipped for real and the job is started again (templated)
    """

    template_fields: Sequence[str] = (*DtsJobSensor.template_fields, "skip_items")

    def __init__(self, *, skip_items: Sequence[str] | str = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.skip_items = skip_items

    def goal(self) -> Wait:
        names_of(self.skip_items, "skip_items")
        return precheck_passed()

    def mend(self) -> JobSnapshot | None:
        from airflow_dts.api.jobs import StartDtsJob

        allowed = {name.casefold() for name in names_of(self.skip_items, "skip_items")}
        job, way = self.read(), self.synchronization_direction
        if not allowed or job.state is not State.PRECHECK_FAILED:
            return None
        items = self.hook.precheck(self.dts_job_id, way, generation=self.generation)
        blocking = [item for item in items if item.blocks]
        if any(item.item.casefold() not in allowed or not item.can_skip for item in blocking):
            return None
        # Nothing blocks and yet it has failed: skipped before, by a try that did not come to the start
        if not blocking and not any(item.skipped for item in items):
            return None
        skip(self.hook.call, self.dts_job_id, blocking, self.generation)
        for item in blocking:
            self.log.warning("%s: skipped, as skip_items allows: %s", self.dts_job_id, item)
        try:
            start: Action[Any] = StartDtsJob(
                dts_job_id=self.dts_job_id, synchronization_direction=way if way == "Reverse" else None
            )
            if is_older(self.dts_job_id, self.generation):
                start = older_action(start, Verb.START, job, way)
            self.hook.call(start)
        except Busy as busy:
            self.log.info("%s: on its way already: %s", self.dts_job_id, busy)
        return job


class DtsFullLoadSensor(DtsJobSensor):
    """Wait until every row that was there at the start has reached the target."""

    def goal(self) -> Wait:
        return full_load_finished()


class DtsDelaySensor(DtsJobSensor):
    """Wait until the target lags the source by less than ``max_delay``, and stays so.

    :param max_delay: seconds; 0 waits for no lag at all (templated)
    :param held_for: seconds during which every reading must be below it (templated)
    """

    template_fields: Sequence[str] = (*DtsJobSensor.template_fields, "max_delay", "held_for")

    def __init__(self, *, max_delay: float | str = 1.0, held_for: float | str = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_delay = max_delay
        self.held_for = held_for

    def goal(self) -> Wait:
        wait = delay_below(seconds=seconds("max_delay", self.max_delay))
        return replace(wait, held_for=seconds("held_for", self.held_for))


class DtsCheckpointSensor(DtsJobSensor):
    """Wait until all changes made at the source up to ``instant`` have reached the target.

    :param instant: ISO 8601 with offset, an aware datetime or Unix seconds (templated)
    """

    template_fields: Sequence[str] = (*DtsJobSensor.template_fields, "instant")

    def __init__(self, *, instant: datetime | float | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instant = instant

    def goal(self) -> Wait:
        return checkpoint_past(instant=iso_instant("instant", self.instant))


class DtsJobStatusSensor(DtsJobSensor):
    """Wait until the job's status is one of ``statuses``.

    :param statuses: such as ``Synchronizing``, as a list or as text with commas; case does not matter
        (templated)
    """

    template_fields: Sequence[str] = (*DtsJobSensor.template_fields, "statuses")

    def __init__(self, *, statuses: Sequence[str] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.statuses = statuses

    def goal(self) -> Wait:
        return status_is(statuses=names_of(self.statuses, "statuses"))
