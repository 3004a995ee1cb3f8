"""``airflow-dts rehearse``: a DAG, the real Airflow, an emulated DTS, and a database in use."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from airflow_dts.emulator import dataplane
from airflow_dts.rehearsal import report, shop
from airflow_dts.rehearsal.airflow import Airflow, TaskRun
from airflow_dts.rehearsal.emulated import SOURCE, TARGET, Emulated
from airflow_dts.rehearsal.problems import RehearsalProblem

_DATABASE = "shop"
_LOOK_EVERY = 0.25
_CRASH_AT = 0.4
"""Share of the full load that is done when the emulator is killed."""


@dataclass(kw_only=True)
class Rehearsal:
    """One rehearsal.

    :param rows: rows in the source to begin with
    :param write_rate: statements per second that the application writes meanwhile
    :param rows_per_second: speed limit of the full load
    :param folder: works here and leaves everything; a temporary folder, removed at the end, if left out
    :param scheduler: run under the real scheduler and triggerer rather than in one process
    :param crash: kill -9 the emulator in the middle of the full load, then start it again
    :param timeout: seconds after which the rehearsal has failed
    """

    dag_file: Path
    dag_id: str | None = None
    rows: int = 200_000
    write_rate: int = 300
    rows_per_second: int = 20_000
    folder: Path | None = None
    scheduler: bool = False
    crash: bool = False
    timeout: float = 900.0
    console: Console = field(default_factory=lambda: _console())

    def run(self) -> int:
        """Exit status: 0 the DAG succeeded and the databases are equal, 1 they are not, 2 nothing was run."""
        try:
            self._check()
            if self.folder is not None:
                return self._run_in(self.folder.absolute())
            with tempfile.TemporaryDirectory(prefix="dts-rehearsal-", ignore_cleanup_errors=True) as folder:
                return self._run_in(Path(folder))
        except RehearsalProblem as problem:
            self.console.print(f"airflow-dts rehearse: {problem}", style="red", markup=False)
            return 2

    def _check(self) -> None:
        if not self.dag_file.is_file():
            raise RehearsalProblem(f"{self.dag_file} is no file; name the file that holds the DAG")
        if self.folder is not None and self.folder.exists() and any(self.folder.iterdir()):
            raise RehearsalProblem(f"--keep: {self.folder} is not empty; name a new folder")

    def _run_in(self, folder: Path) -> int:
        emulated = Emulated(folder, self.rows_per_second)
        database = emulated.source / f"{_DATABASE}.db"
        with report.Screen(self.console) as screen:
            screen.say(f"Filling the source with {self.rows:,} rows.")
            shop.create(database, self.rows)
            airflow = Airflow(
                folder / "airflow",
                self.dag_file,
                {
                    "dts_default": emulated.connection,
                    "shop_source": emulated.database_connection(SOURCE, _DATABASE),
                    "shop_target": emulated.database_connection(TARGET, _DATABASE),
                },
            )
            screen.say("Preparing Airflow.")
            dag_id = airflow.prepare(self.dag_id)
            try:
                emulated.start()
                with _application(database, self.write_rate):
                    try:
                        screen.say(f"Running DAG {dag_id} against {emulated.url}.")
                        airflow.start(dag_id, scheduler=self.scheduler)
                        jobs = self._watch(screen, airflow, emulated)
                    finally:
                        airflow.stop()
                return self._conclude(airflow, emulated, jobs)
            finally:
                emulated.stop()

    def _watch(
        self, screen: report.Screen, airflow: Airflow, emulated: Emulated
    ) -> dict[str, dict[str, Any]]:
        """Look until the run is over. Returns each job as it was last seen with objects."""
        seen: dict[str, dict[str, Any]] = {}
        crashes_left = int(self.crash)
        until = time.monotonic() + self.timeout
        while True:
            jobs = emulated.jobs()
            seen.update({job["id"]: job for job in jobs if job["objects"]})
            tasks = airflow.tasks()
            screen.show(tasks, jobs)
            if crashes_left and any(map(_halfway, jobs)):
                crashes_left -= 1
                screen.say("Killing the emulator (kill -9) in the middle of the full load.")
                emulated.kill()
                _sleep(3.0)
                emulated.start()
                screen.say("The emulator is up again.")
            if airflow.run_state() in {"success", "failed"} or not airflow.running():
                return seen
            if time.monotonic() > until:
                screen.say(f"The run is not over after {self.timeout:g} s; giving up.")
                return seen
            _sleep(_LOOK_EVERY)

    def _conclude(self, airflow: Airflow, emulated: Emulated, jobs: dict[str, dict[str, Any]]) -> int:
        tasks, state = _settled(airflow), airflow.run_state()
        calls = emulated.calls()
        self.console.print(report.task_table(tasks, calls))
        failures = (
            []
            if state == "success"
            else [f"the DAG run ended {state or 'before it began'}; see {airflow.log}"]
        )
        if self.folder is None and failures:
            self.console.print(_tail(airflow.log), markup=False)
        if not jobs:
            failures.append("no job was configured, so there is nothing to compare")
        for job in jobs.values():
            comparison = dataplane.compare(emulated.spec(job))
            self.console.print(report.comparison_table(comparison))
            if not comparison.equal:
                failures.append(f"source and target of job {job['id']} differ: {comparison.samples[:3]}")
        left = [job["id"] for job in emulated.jobs() if job["status"] != "Finished"]
        if left and state == "success":
            self.console.print(
                f"Still there, and on a real DTS still paid for: {', '.join(left)}", style="yellow"
            )
        self.console.print(f"{len(calls)} API calls, {emulated.purchases()} instance(s) bought.")
        for failure in failures:
            self.console.print(f"FAILED: {failure}", style="red", markup=False)
        if not failures:
            self.console.print("Source and target are equal, row by row.", style="green")
        return 1 if failures else 0


def _console() -> Console:
    """In a log file or a pipe nobody sets a width, and 80 columns would break every table."""
    console = Console()
    return console if console.is_terminal else Console(width=int(os.environ.get("COLUMNS", "140")))


class _application:  # noqa: N801 - used like a function
    """The application, writing in a process of its own while the block runs."""

    def __init__(self, database: Path, rate: int) -> None:
        self._command = [sys.executable, "-m", shop.__name__, str(database), "--rate", str(rate)]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own words

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def _halfway(job: dict[str, Any]) -> bool:
    load = job["progress"]["full_load"]
    return bool(load["state"] == "Migrating" and load["total"] and load["done"] > _CRASH_AT * load["total"])


def _settled(airflow: Airflow) -> list[TaskRun]:
    """The tasks, once the last one's end has been written down."""
    for _ in range(20):
        tasks = airflow.tasks()
        if all(task.over or not task.started for task in tasks):
            break
        _sleep(_LOOK_EVERY)
    return tasks


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _sleep(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251 - waits for processes, not for a job
