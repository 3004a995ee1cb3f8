"""Makes true what callers asked for: runs prechecks, keeps movers alive, moves jobs through their states.

Handlers only write what is wanted into the state; one tick after the other brings the world there. So a
killed emulator goes on by ticking again.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from airflow_dts.emulator import billing, dataplane, prechecking, twoway
from airflow_dts.emulator.cleanups import Cleanups
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.dataplane import Progress
from airflow_dts.emulator.faults import Faults
from airflow_dts.emulator.faults.striking import JobFaults
from airflow_dts.emulator.jobs import Check, Job, Retry
from airflow_dts.emulator.lifecycle import MOVER_RUNS, Event, JobType, Status, after_event
from airflow_dts.emulator.movers import Mover, Movers
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.specs import Unbound, spec_of
from airflow_dts.emulator.state import Store

log = logging.getLogger(__name__)

TICK = 0.1
_LONGEST_BACKOFF = 60.0
_STEADY = 60.0
"""Seconds a mover has to run well before earlier faults no longer count towards the retry limit."""
_CLEANED_UP = frozenset({Status.FINISHED, Status.GONE, Status.NOT_CONFIGURED})
_UNFORESEEN = re.compile(r"[A-Z]\w*: ")
"""How a mover reports an error it has no words of its own for, such as a locked database: it may pass."""


class Supervisor:
    """See the module. `tick` may be called by hand; `start` makes a thread that does."""

    def __init__(self, store: Store, clock: Clock, options: Options, *, faults: Faults | None = None) -> None:
        self.movers = Movers(store.directory / "movers", clock)
        self._store = store
        self._clock = clock
        self._options = options
        self._work = ThreadPoolExecutor(2, thread_name_prefix="emulator-work")
        self._checks: dict[tuple[str, str], Future[list[Check]]] = {}
        self._cleanups = Cleanups(store, clock, options)
        self._faults = JobFaults(
            faults or Faults(), store, clock, self.movers.book, lambda job: max_retry(job, options)
        )
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._ticking = threading.Lock()
        self._thread: threading.Thread | None = None
        self._steps: dict[Status, Callable[[Job], None]] = {
            Status.PRECHECKING: self._precheck,
            Status.PRECHECK_PASSED: self._begin,
            Status.STARTING: lambda job: self._happens(job, Event.LOADED),
            Status.SUSPENDED: self._watch_pause,
            **dict.fromkeys(MOVER_RUNS, self._keep_moving),
        }

    # --- the loop -----------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="emulator-supervisor", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the next tick: something has been asked for."""
        self._wake.set()

    def close(self) -> None:
        """Stop ticking and end all movers; they go on with the next start."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        with self._ticking:
            self.movers.close()
            self._work.shutdown(cancel_futures=True)
            self._cleanups.close()

    def _loop(self) -> None:
        while not self._closing.is_set():
            try:
                self.tick()
            except Exception:
                log.exception("the supervisor stumbled; it goes on")
            self._wake.wait(TICK)
            self._wake.clear()

    def tick(self) -> None:
        """Take every job one step further."""
        with self._ticking:
            for job in self._store.active_jobs():
                try:
                    self._tend(job.id)
                except Exception:
                    log.exception("job %s could not be tended; trying again", job.id)
            self._store.sweep(self._clock.now())

    def _tend(self, job_id: str) -> None:
        with self._store.transaction():
            job = self._store.job(job_id)
            if job is None:
                return
            before = job.to_json()
            if job.reverse:
                twoway.follow_forward(self._store, job)
            else:
                billing.tend(self._store, job, self._clock.now())
            self._faults.tend(job)
            job = self._advance(job)
            job.note(self._clock.now())
            if job.status is Status.GONE:
                self._store.drop(job)
                self.movers.forget(job.id)
            elif job.to_json() != before:
                self._store.save(job)

    def _advance(self, job: Job) -> Job:
        if job.goal is not None:
            return self._reach(job, job.goal)
        if job.released:
            if self._clock.now() >= job.released + self._options.released_shown:
                job.status = Status.GONE
        elif step := self._steps.get(job.status):
            step(job)
        return job

    def _other_half(self, job: Job) -> Job | None:
        return self._store.job(job.partner) if job.partner else None

    def _happens(self, job: Job, event: Event) -> None:
        job.status = after_event(job.type, event, job.status, job.resume)

    # --- what a caller asked for --------------------------------------------------------------------------

    def _reach(self, job: Job, goal: Status) -> Job:
        """Bring the job to the state it was sent to, once nothing moves its rows any more."""
        self._checks.pop((job.id, job.precheck.job_id), None)
        if not self.movers.gone(job.id):
            return job
        if goal in _CLEANED_UP and job.began and not self._cleanups.over(job):
            return job
        if goal is Status.NOT_CONFIGURED:
            self.movers.forget(job.id)
        stale = self._options.stale_after_reset
        if goal is Status.NOT_CONFIGURED:
            stale = max(stale, self._faults.staleness(job))
        return _arrived(job, goal, self._clock.now(), stale)

    # --- what happens by itself ---------------------------------------------------------------------------

    def _precheck(self, job: Job) -> None:
        key, now = (job.id, job.precheck.job_id), self._clock.now()
        other = self._other_half(job)
        if job.reverse and twoway.is_arriving(other):
            return
        if key not in self._checks:
            self._checks[key] = self._work.submit(
                prechecking.inspect, job, other, self._store.bindings(), self._options, now
            )
        if not self._checks[key].done() or now < job.precheck.started + self._options.precheck_seconds:
            return
        try:
            job.precheck.items = self._checks.pop(key).result()
        except Exception as error:  # the caller has to see why
            log.exception("job %s: its precheck broke", job.id)
            job.precheck.items = [Check("CHECK_SRC", "Failed", f"The precheck broke: {error}", at=now)]
        job.precheck.items = self._faults.precheck(job, job.precheck.items)
        job.precheck.finished = now
        failed = prechecking.blocking(job.precheck.items, job.skipped)
        job.error = "; ".join(f"{check.item}: {check.reason}" for check in failed)
        self._happens(job, Event.PRECHECK_FAILED if failed else Event.PRECHECK_PASSED)

    def _begin(self, job: Job) -> None:
        # Committed before a mover is launched: a job that may leave traces is never taken for a clean one.
        job.began = job.type is not JobType.SUBSCRIBE
        self._happens(job, Event.BEGAN)

    def _watch_pause(self, job: Job) -> None:
        if self._clock.now() < job.suspended + self._options.pause_limit:
            return
        if job.began and not self._cleanups.over(job):
            return
        days = self._options.pause_limit / 86_400
        job.error = f"The job was suspended for more than {days:g} days and cannot go on."
        job.lapsed = True
        self._happens(job, Event.LAPSED)

    def _keep_moving(self, job: Job) -> None:
        mover = self.movers.get(job.id)
        if mover is None:
            self._launch(job)
        elif mover.leaving or mover.revision != job.revision or self._rests(job):
            self.movers.gone(job.id)
        else:
            code = self.movers.reap(job.id)
            progress = self.movers.book.read(job.id)
            if self._faults.fails_load(job, progress):
                return
            if code is None:
                self._watch(job, mover, progress)
            else:
                self._ended(job, code, progress)

    def _rests(self, job: Job) -> bool:
        """Whether it is too early for the next attempt."""
        return job.retry is not None and self._clock.now() < job.retry.next

    def _launch(self, job: Job) -> None:
        if self._rests(job):
            return
        if job.reverse and not twoway.is_taking_notice(self._other_half(job), self.movers.get(job.partner)):
            return
        try:
            spec = spec_of(job, self._store.bindings(), self._options)
        except Unbound as missing:  # an earlier run of the emulator had the binding
            self._fault(job, str(missing))
            return
        self.movers.launch(spec, job.revision)

    def _watch(self, job: Job, mover: Mover, progress: Progress) -> None:
        mover.note(progress)
        # The first report comes before the mover has touched anything; only the second one shows it works.
        if mover.healthy < 2 or progress.error:
            return
        job.taken = mover.revision
        self._happens(job, Event.RECOVERED)
        self._forgive(job)
        if job.full_load and progress.full_load.state != "Finished":
            return
        if progress.incremental.state in ("Migrating", "Catched"):
            self._happens(job, Event.LOADED)
        # A stage finished for the old objects says nothing of the new ones; having read the log does.
        if progress.incremental.state == "Catched" or progress.delay_ms >= 0:
            self._modified(job)

    def _modified(self, job: Job) -> None:
        if job.status is Status.MODIFYING:
            job.error = ""
            self._happens(job, Event.MODIFIED)

    def _forgive(self, job: Job) -> None:
        if job.retry is None:
            return
        job.retry.healthy = job.retry.healthy or self._clock.now()
        if self._clock.now() >= job.retry.healthy + _STEADY:
            job.retry = None

    def _ended(self, job: Job, code: int, progress: Progress) -> None:
        if code == 0 and _complete(job, progress):
            job.finished, job.retry, job.error = self._clock.now(), None, ""
            self._happens(job, Event.DONE)
        elif code == 1 and progress.error:
            if job.status is Status.MODIFYING and not _UNFORESEEN.match(progress.error):
                job.retry, job.error = None, progress.error
                self._happens(job, Event.MODIFY_REFUSED)
            else:
                self._fault(job, progress.error)
        else:
            last_words = self.movers.last_words(job.id)
            self._fault(job, f"The mover ended early (exit code {code}). {last_words}".rstrip())

    def _fault(self, job: Job, error: str) -> None:
        if job.status is Status.MODIFYING:  # it stays so, which the caller waits to see the end of
            job.error = error
        elif job.status is not Status.RETRYING:
            job.resume = job.status
        self._happens(job, Event.FAULT)
        now, retry = self._clock.now(), job.retry or Retry(since=self._clock.now())
        job.retry = retry
        retry.count += 1
        retry.healthy = 0.0
        retry.next = now + min(_LONGEST_BACKOFF, self._options.first_backoff * 2 ** min(retry.count - 1, 10))
        retry.error, retry.target = error, self._culprit(job)
        log.warning("job %s: retrying: %s", job.id, error)
        if now >= retry.since + max_retry(job, self._options):
            job.error = error
            self._happens(job, Event.GAVE_UP)

    def _culprit(self, job: Job) -> str:
        """Which part of the job is at fault, in the service's words."""
        try:
            spec = spec_of(job, self._store.bindings(), self._options)
        except Unbound as missing:
            return "srcDB" if missing.side == "source" else "destDB"
        for name, url in (("srcDB", spec.source), ("destDB", spec.target)):
            try:
                dataplane.check_url(url)
            except ValueError:
                return name
        return "inner_module"


def max_retry(job: Job, options: Options) -> float:
    """Seconds a job is retried for: Reserve.maxRetryTime, else what the emulator was told."""
    given = str(job.reserve.get("maxRetryTime") or "")
    return float(given) if given.isascii() and given.isdigit() else options.max_retry


def _complete(job: Job, progress: Progress) -> bool:
    """Whether a mover that left had nothing more to do."""
    return (
        not job.incremental
        and (not job.structure or progress.structure.state == "Finished")
        and (not job.full_load or progress.full_load.state == "Finished")
    )


def _arrived(job: Job, goal: Status, now: float, stale: float) -> Job:
    """The job, at the state it was sent to.

    :param stale: seconds for which a reset one goes on showing a failed precheck.
    """
    if goal is Status.NOT_CONFIGURED:
        fresh = job.unconfigured()
        if job.status is Status.PRECHECK_FAILED and stale:
            fresh.stale_status, fresh.stale_until = job.status, now + stale
        return fresh
    job.goal, job.status, job.retry = None, goal, None
    if goal is Status.SUSPENDED:
        job.suspended = now
    elif goal is Status.FINISHED:
        job.finished = now
    elif goal is Status.GONE and job.type is JobType.SYNC:
        job.status, job.released, job.finished = Status.FINISHED, now, job.finished or now
    return job
