"""Takes what a job left out of its databases, and tries again for as long as something stands in the way."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import Status
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.specs import Unbound, spec_of
from airflow_dts.emulator.state import Store

log = logging.getLogger(__name__)

PATIENCE = 600.0
"""Seconds after which a job may end although its databases are not tidy."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


@dataclass(slots=True)
class _Cleanup:
    """The attempts for one job.

    :param attempt: the one at hand; None between two.
    :param since: Unix seconds of the first failure for this goal; None while there was none.
    """

    goal: Status | None
    attempt: Future[None] | None = None
    since: float | None = None
    failures: int = 0
    next: float = 0.0


class Cleanups:
    """All cleanups. They have threads of their own: those that wait for a lock must not hold up prechecks."""

    def __init__(self, store: Store, clock: Clock, options: Options) -> None:
        self._store = store
        self._clock = clock
        self._options = options
        self._work = ThreadPoolExecutor(2, thread_name_prefix="emulator-cleanup")
        self._known: dict[str, _Cleanup] = {}

    def over(self, job: Job) -> bool:
        """Whether the job may go on to its goal; begins or repeats the cleanup if need be.

        A job that is to be configured again must be clean: a checkpoint left behind would make its next run
        load nothing. One that ends is let go after `PATIENCE`, with `Job.error` telling what is left.
        """
        known = self._known.setdefault(job.id, _Cleanup(job.goal))
        if known.goal is not job.goal:
            known.goal, known.since, known.attempt = job.goal, None, None
        if known.attempt is None:
            if self._clock.now() >= known.next:
                known.attempt = self._work.submit(self._clean_up, job)
            return False
        if not known.attempt.done():
            return False
        error = known.attempt.exception()
        known.attempt = None
        if error is None:
            job.error = "" if known.failures else job.error
        elif not self._failed(job, known, error):
            return False
        del self._known[job.id]
        return True

    def _failed(self, job: Job, known: _Cleanup, error: BaseException) -> bool:
        """Take notice of a failure. Returns whether the job is let go all the same."""
        now = self._clock.now()
        known.since = now if known.since is None else known.since
        known.next = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(known.failures, 10))
        known.failures += 1
        if job.goal is not Status.NOT_CONFIGURED and now >= known.since + PATIENCE:
            job.error = f"The job left something behind in its databases: {error}"
            log.error("job %s: not tidied up in its databases, giving up: %s", job.id, error)
            return True
        job.error = f"Its databases cannot be tidied up yet, trying again: {error}"
        log.warning("job %s: could not tidy up in its databases, trying again: %s", job.id, error)
        return False

    def _clean_up(self, job: Job) -> None:
        try:
            spec = spec_of(job, self._store.bindings(), self._options)
        except Unbound as missing:  # there is no database to reach
            log.warning("job %s: nothing to tidy up in: %s", job.id, missing)
            return
        dataplane.release(spec)

    def close(self) -> None:
        """Wait for the attempts at hand."""
        self._work.shutdown(cancel_futures=True)
