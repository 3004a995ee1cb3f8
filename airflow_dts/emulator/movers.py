"""Mover processes: one per running job, started, watched and ended here."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.dataplane import JobSpec, Progress

log = logging.getLogger(__name__)

GRACE = 15.0
"""Seconds a mover has between SIGTERM and SIGKILL. Being killed costs it nothing but the batch at hand."""
_WITHHELD = frozenset({"AIRFLOW_DTS_EMULATOR_SECRET"})


@dataclass(frozen=True, slots=True)
class _Report:
    """A report as it came, and as it is shown.

    :param read_at: when what is shown was first read, Unix seconds.
    """

    token: tuple[int, int]
    progress: Progress
    shown: Progress
    read_at: float

    @classmethod
    def of(cls, token: tuple[int, int], progress: Progress, before: _Report | None, now: float) -> _Report:
        """A mover that has not begun, or could not, knows of no phase: what was known before still holds."""
        if before is None or not _silent(progress) or _silent(before.shown):
            return cls(token, progress, progress, now)
        shown = replace(before.shown, error=progress.error, rows_per_second=0.0, bytes_per_second=0.0)
        return cls(token, progress, shown, before.read_at)


def _silent(progress: Progress) -> bool:
    """Whether it speaks of no table: the mover has not come to look at any."""
    return not (
        progress.tables
        or progress.ddl
        or progress.structure.total
        or progress.incremental.state != "NotStarted"
    )


class ProgressBook:
    """The movers' reports. They outlive mover and emulator: a paused job still shows what it had reached.

    `overlay` may be given a function that makes of a job's report what is shown of it.
    """

    overlay: Callable[[str, Progress], Progress] | None = None

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._kept: dict[str, _Report] = {}

    def path(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.progress.json"

    def read(self, job_id: str) -> Progress:
        """The newest report as the mover made it; one that says nothing when there is none."""
        report = self._newest(job_id)
        return Progress() if report is None else report.progress

    def shown(self, job_id: str) -> Progress:
        """What readers are told: what is known, unless something is laid over it."""
        known = self.known(job_id)
        return known if self.overlay is None else self.overlay(job_id, known)

    def known(self, job_id: str) -> Progress:
        """What is known of the job: the newest report that says something."""
        report = self._newest(job_id)
        return Progress() if report is None else report.shown

    def silence(self, job_id: str) -> float:
        """Seconds since what is shown was first read."""
        report = self._newest(job_id)
        return 0.0 if report is None else self._clock.now() - report.read_at

    def _newest(self, job_id: str) -> _Report | None:
        path = self.path(job_id)
        try:
            stat = path.stat()
            token = (stat.st_mtime_ns, stat.st_ino)
            kept = self._kept.get(job_id)
            if kept is None or kept.token != token:
                progress = Progress.from_json(path.read_text(encoding="utf-8"))
                kept = _Report.of(token, progress, kept, self._clock.now())
                self._kept[job_id] = kept
        except (OSError, ValueError, TypeError):
            return None
        return kept

    def forget(self, job_id: str) -> None:
        self._kept.pop(job_id, None)
        self.path(job_id).unlink(missing_ok=True)


class Mover:
    """A running mover.

    :param revision: of the job's configuration it works on.
    :param last_report: instant of the newest report seen; `healthy` counts those without an error.
    """

    def __init__(self, process: subprocess.Popen[bytes], revision: int, last_report: float) -> None:
        self.process = process
        self.revision = revision
        self.last_report = last_report
        self.healthy = 0
        self.kill_at: float | None = None

    @property
    def leaving(self) -> bool:
        """Whether it was asked to leave."""
        return self.kill_at is not None

    def note(self, progress: Progress) -> None:
        """Take notice of a report."""
        if progress.at != self.last_report:
            self.last_report = progress.at
            self.healthy += not progress.error


class Movers:
    """All movers of this emulator.

    :param directory: holds each job's spec, progress and log.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)  # specs, reports and logs in it are for its owner alone
        self.book = ProgressBook(directory, clock)
        self._directory = directory
        self._clock = clock
        self._running: dict[str, Mover] = {}

    def get(self, job_id: str) -> Mover | None:
        return self._running.get(job_id)

    def launch(self, spec: JobSpec, revision: int) -> None:
        """Start a mover. One left over from a killed emulator still holds the lease: the new one waits."""
        spec_file = self._directory / f"{spec.job_id}.spec.json"
        spec_file.write_text(spec.to_json(), encoding="utf-8")
        last = self.book.read(spec.job_id).at
        with (self._directory / f"{spec.job_id}.log").open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [
                    sys.executable,
                    "-m",
                    "airflow_dts.emulator.dataplane",
                    spec_file,
                    self.book.path(spec.job_id),
                    str(os.getpid()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in os.environ.items() if name not in _WITHHELD},
                start_new_session=True,  # Ctrl-C is for the emulator, which then ends its movers in order
            )
        self._running[spec.job_id] = Mover(process, revision, last)
        log.info("job %s: mover %s started", spec.job_id, process.pid)

    def gone(self, job_id: str) -> bool:
        """Whether no mover of the job is left. Asks a running one to leave, and insists after a while."""
        mover = self._running.get(job_id)
        if mover is None:
            return True
        if mover.process.poll() is not None:
            del self._running[job_id]
            return True
        if mover.kill_at is None:
            mover.kill_at = self._clock.now() + GRACE
            mover.process.terminate()
        elif self._clock.now() >= mover.kill_at:
            log.warning("job %s: mover %s does not leave; killing it", job_id, mover.process.pid)
            mover.process.kill()
        return False

    def reap(self, job_id: str) -> int | None:
        """The exit code of a mover that has ended, which is forgotten then; None while it runs."""
        code = self._running[job_id].process.poll()
        if code is not None:
            del self._running[job_id]
        return code

    def last_words(self, job_id: str) -> str:
        """The last line of a mover's log, which is empty unless it broke in a way nobody foresaw."""
        try:
            lines = (
                (self._directory / f"{job_id}.log").read_text(encoding="utf-8", errors="replace").split("\n")
            )
        except OSError:
            return ""
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        """End all movers, together."""
        for mover in self._running.values():
            mover.process.terminate()
        for mover in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                mover.process.wait(GRACE)
            if mover.process.poll() is None:
                mover.process.kill()
                mover.process.wait()
        self._running.clear()

    def forget(self, job_id: str) -> None:
        """Remove what a job left in the directory."""
        self.book.forget(job_id)
        for suffix in ("spec.json", "log"):
            (self._directory / f"{job_id}.{suffix}").unlink(missing_ok=True)
