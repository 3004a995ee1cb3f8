"""Moves one job: structure, full load, increments.

Each source database is a lane of its own with its own checkpoint; the lanes go through the stages together.
The full load reads in chunks at different moments while the application writes, so every table is logged
before its first row is read, and the log repairs what the load found; a job without an incremental stage is
therefore also right, as of the end of its load, and then stops logging.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from airflow_dts.emulator.dataplane.base import MoverError, Server
from airflow_dts.emulator.dataplane.checkpoint import TableState
from airflow_dts.emulator.dataplane.lane import Lane
from airflow_dts.emulator.dataplane.objects import merged, require, select_databases
from airflow_dts.emulator.dataplane.pairing import Pair
from airflow_dts.emulator.dataplane.process import Stop
from airflow_dts.emulator.dataplane.registry import open_server
from airflow_dts.emulator.dataplane.releasing import lease
from airflow_dts.emulator.dataplane.reporting import Rate, Reporter, phase, weigh
from airflow_dts.emulator.dataplane.spec import JobSpec, PhaseProgress, PhaseState, Progress, TableProgress

_CHUNK_ROWS = 10_000
_POLL = 0.01
_HELD_POLL = 0.05


class Mover:
    """One run of one job.

    :param path: the progress file.
    """

    def __init__(self, spec: JobSpec, path: Path, stop: Stop) -> None:
        self._spec = spec
        self._stop = stop
        self._lanes: list[Lane] = []
        self._structure: PhaseState = "NotStarted"
        self._load: PhaseState = "NotStarted"
        self._error = ""
        self._rate = Rate()
        self._reporter = Reporter(path, self.progress)

    def run(self) -> bool:
        """Work until the job is done, is to stop, or cannot go on. Returns whether all is well."""
        with ExitStack() as stack:
            try:
                target = open_server(self._spec.target)
                if target.problem(writable=False):
                    self._require_new(open_server(self._spec.source))
                stack.enter_context(lease(target, self._spec.job_id, self._stop))
                if not self._stop:
                    self._work(stack)
            except Exception as error:  # whatever it is, the report has to say it
                self._error = (
                    str(error)
                    if isinstance(error, MoverError | ValueError)
                    else f"{type(error).__name__}: {error}"
                )
            # Before the lease ends: the next mover writes to the same file.
            self._reporter.write()
        return not self._error

    def _work(self, stack: ExitStack) -> None:
        self._open(stack)
        if all(lane.checkpoint.database.finished for lane in self._lanes):
            self._finish()
            return
        self._begin()
        self._settle()
        if self._stop:
            return
        if self._spec.incremental:
            self._follow()
        else:
            self._finish()

    def _open(self, stack: ExitStack) -> None:
        source, target = open_server(self._spec.source), open_server(self._spec.target)
        require(filter(None, (source.problem(writable=False), target.problem(writable=True))))
        selection = select_databases(self._spec.objects, source.databases())
        require(selection.problems)
        for database, target_database, entry in selection.databases:
            require(
                filter(None, (source.database_problem(database), target.database_problem(target_database)))
            )
            if source.identity(database) == target.identity(target_database):
                raise MoverError(f"database {database!r} would be moved onto itself; choose another target")
            reading = source.open_source(database, self._spec.job_id, self._spec.partner)
            stack.callback(reading.close)
            if target_database not in target.databases() and reading.logs():
                raise MoverError(_vanished(f"target database {target_database!r}"))
            writing = target.open_target(target_database, reading, self._spec.job_id)
            stack.callback(writing.close)
            pair = Pair(self._spec, reading, writing, self._stop)
            lane = Lane(self._spec, target, reading, writing, entry, pair)
            self._check_start(lane)
            self._lanes.append(lane)

    def _require_new(self, source: Server) -> None:
        """The target's directory is missing. That is all right unless the job has begun: then it held all."""
        if source.problem(writable=False):
            return
        for database, _, _ in select_databases(self._spec.objects, source.databases()).databases:
            if not source.database_problem(database):
                with closing(source.open_source(database, self._spec.job_id)) as reading:
                    if reading.logs():
                        raise MoverError(_vanished(f"the target {self._spec.target}"))

    def _check_start(self, lane: Lane) -> None:
        start = self._spec.start_at
        if start is None or not lane.checkpoint.fresh or self._spec.full_load:
            return
        while start > time.time() and not self._stop.wait(min(0.2, start - time.time())):
            self._reporter.tick()
        if start < time.time() and not self._stop and not lane.source.untouched_since(start):
            raise MoverError(
                f"database {lane.source.database!r} was written after the starting point {start}, before "
                "its changes were logged; leave the starting point out, or include a full load"
            )

    def _require_apart(self) -> None:
        require(
            merged(
                (lane.source.database, lane.target.database, plan)
                for lane in self._lanes
                for plan in lane.plans.values()
            )
        )

    def _begin(self) -> None:
        """Take the selection over. A job that goes on where it stood has its load behind it all the while."""
        settled = all(lane.settled and not lane.checkpoint.fresh for lane in self._lanes)
        self._structure = "Migrating"
        if settled:
            self._load = "Migrating"
            if all(lane.unchanged for lane in self._lanes):
                self._structure = self._load = "Finished"
        self._reporter.write()
        try:
            for lane in self._lanes:
                if not lane.checkpoint.database.finished:
                    lane.begin()
                    self._reporter.tick()
                    self._require_apart()
        except Exception:
            if settled:
                # What failed is to go on.
                self._structure = self._load = "Finished"
            raise
        self._structure = "Finished"

    def _finish(self) -> None:
        for lane in self._lanes:
            lane.note_finished()
        for lane in self._lanes:
            lane.stop_logging()
        self._structure = "Finished"
        self._load = "Finished"

    # --- full load

    def _settle(self) -> None:
        """The stage of the full load; nothing to do for a job without one."""
        if any(lane.capturing and not lane.settled for lane in self._lanes):
            self._load = "Migrating"
            for lane in self._lanes:
                lane.count()
                self._reporter.tick()
            self._reporter.write()
            self._load_all()
        if not self._stop:
            self._load = "Finished"

    def _load_all(self) -> None:
        """Load what is not loaded, and let the log repair it."""
        for lane in self._lanes:
            self._load_lane(lane)
        for lane in self._lanes:
            while not lane.settled and not self._stop:
                lane.step()
                self._load_lane(lane)
                lane.purge()
                self._reporter.tick()

    def _load_lane(self, lane: Lane) -> None:
        limit = self._spec.rows_per_second
        size = _CHUNK_ROWS if limit is None else max(1, min(_CHUNK_ROWS, limit // 5))
        lane.count()
        while (name := lane.next_to_load()) is not None and not self._stop:
            started = time.monotonic()
            rows = lane.load_chunk(name, size)
            self._rate.add(len(rows), weigh(rows))
            self._reporter.tick()
            if limit is not None and rows:
                self._pause(len(rows) / limit - (time.monotonic() - started))

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stop.wait(min(left, 0.2)):
            self._reporter.tick()

    # --- increments

    def _follow(self) -> None:
        """Apply changes as they come, until asked to stop."""
        while not self._stop:
            moved = 0
            for lane in self._lanes:
                if lane.stirred():
                    moved += self._step(lane)
                lane.purge()
            self._reporter.tick()
            if not moved:
                self._stop.wait(_HELD_POLL if self._spec.apply_delay else _POLL)

    def _step(self, lane: Lane) -> int:
        delay = self._spec.apply_delay
        moved = lane.step(time.time() - delay if delay > 0 else None)
        self._rate.add(moved, 0.0)
        if not lane.settled:
            # A table made in the source meanwhile.
            self._require_apart()
            self._load_all()
        return moved

    # --- report

    def progress(self) -> Progress:
        """The report of this moment."""
        now = time.time()
        rows_per_second, bytes_per_second = self._rate.now()
        return Progress(
            structure=self._structure_phase(),
            full_load=self._load_phase(),
            incremental=self._incremental_phase(),
            delay_ms=self._delay_ms(now),
            checkpoint=self._checkpoint(),
            rows_per_second=round(rows_per_second, 1),
            bytes_per_second=round(bytes_per_second, 1),
            error=self._error,
            ddl=tuple(
                item
                for lane in self._lanes
                for item in (lane.ddl_items() if self._spec.structure else lane.left_out)
            ),
            tables=tuple(self._tables()) if self._spec.full_load else (),
            at=now,
        )

    def _structure_phase(self) -> PhaseProgress:
        if not self._spec.structure:
            return PhaseProgress()
        total = sum(len(lane.tables) for lane in self._lanes)
        failed = self._error and self._structure != "Finished"
        return phase("Failed" if failed else self._structure, total, total, self._error if failed else "")

    def _load_phase(self) -> PhaseProgress:
        if not self._spec.full_load:
            return PhaseProgress()
        states = [state for lane in self._lanes for state in lane.tables.values()]
        done, total = sum(state.rows for state in states), sum(state.total or 0 for state in states)
        failed = self._error and self._load == "Migrating"
        return phase("Failed" if failed else self._load, done, total, self._error if failed else "")

    def _tables(self) -> Iterator[TableProgress]:
        """The full load, table by table. It fails at the first that is not loaded."""
        error = self._load_phase().error
        for lane in self._lanes:
            for name, state in lane.tables.items():
                failed, error = ("", error) if state.loaded else (error, "")
                yield TableProgress(
                    lane.source.database,
                    name,
                    lane.target.database,
                    state.target,
                    phase("Failed" if failed else _loading(state), state.rows, state.total or 0, failed),
                )

    def _incremental_phase(self) -> PhaseProgress:
        if not self._spec.incremental or self._load != "Finished":
            return PhaseProgress()
        done = sum(lane.checkpoint.database.applied for lane in self._lanes)
        if self._error:
            return phase("Failed", done, 0, self._error)
        caught_up = all(lane.behind_since is None and lane.read_at is not None for lane in self._lanes)
        return phase("Catched" if caught_up else "Migrating", done, 0)

    def _delay_ms(self, now: float) -> int:
        if (
            not self._spec.incremental
            or self._load != "Finished"
            or any(lane.read_at is None for lane in self._lanes)
        ):
            return -1
        waiting = [since for lane in self._lanes if (since := lane.behind_since) is not None]
        return max((max(1, int((now - since) * 1000)) for since in waiting), default=0)

    def _checkpoint(self) -> int:
        instants = [lane.caught_up_to() for lane in self._lanes]
        known = [instant for instant in instants if instant is not None]
        return int(min(known)) if known and len(known) == len(instants) else 0


def _vanished(what: str) -> str:
    return f"{what} is gone although the job has begun: it was replaced or removed; reset the job"


def _loading(state: TableState) -> PhaseState:
    if state.loaded:
        return "Finished"
    return "Migrating" if state.cursor is not None else "NotStarted"
