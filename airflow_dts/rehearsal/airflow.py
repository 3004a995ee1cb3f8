"""The real Airflow, in a home of its own, started and watched from outside.

It is driven by its command line and read through its metadata database, so that both generations of
Airflow are handled alike and nothing of it is imported here.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from airflow_dts.rehearsal.problems import RehearsalProblem


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task instance, as the metadata database tells it. Instants are Unix seconds."""

    task_id: str
    state: str
    started: float | None
    ended: float | None

    @property
    def over(self) -> bool:
        return self.state in {"success", "failed", "upstream_failed", "skipped", "removed"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Airflow:
    """An Airflow in ``home`` that knows the one DAG file and the given connections.

    :param connections: connection id -> JSON text of the connection
    """

    def __init__(self, home: Path, dag_file: Path, connections: dict[str, str]) -> None:
        self.home = home
        self.log = home / "airflow.log"
        self._database = home / "airflow.db"
        self._dags = home / "dags"
        self._dags.mkdir(parents=True)
        (self._dags / dag_file.name).symlink_to(dag_file.resolve())
        self._environment = self._make_environment(dag_file.resolve().parent, connections)
        self._process: subprocess.Popen[bytes] | None = None
        self._patience = 3.0
        self._ends: dict[str, float] = {}
        self._started = 0.0

    def _make_environment(self, neighbours: Path, connections: dict[str, str]) -> dict[str, str]:
        port = str(free_port())
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(neighbours), os.environ.get("PYTHONPATH", "")])),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self._database}",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # Airflow 3.3 loses short deferrals with its default of 5 s.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": port,
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": port,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            **{f"AIRFLOW_CONN_{name.upper()}": text for name, text in connections.items()},
        }

    def prepare(self, dag_id: str | None) -> str:
        """Make the metadata database, read the DAG file, and say which DAG to run."""
        self._command("db", "migrate")
        self._command("dags", "reserialize")
        found = [row[0] for row in self._query("SELECT dag_id FROM dag ORDER BY dag_id")]
        if not found:
            raise RehearsalProblem(f"the DAG file holds no DAG, or does not import; see {self.log}")
        if dag_id is None and len(found) == 1:
            return found[0]
        if dag_id not in found:
            raise RehearsalProblem(f"--dag-id: choose one of {', '.join(found)}")
        return dag_id

    def start(self, dag_id: str, *, scheduler: bool) -> None:
        self._started = time.time()
        if not scheduler:
            self._spawn("dags", "test", dag_id)
            return
        self._patience = 30.0  # it has children of its own to end
        self._spawn("standalone")
        self._command("dags", "unpause", dag_id)
        self._command("dags", "trigger", dag_id)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End Airflow and whatever it started. ``standalone`` must be asked first, or it leaves orphans."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(self._patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def run_state(self) -> str:
        """State of the newest run: queued, running, success, failed; empty before there is one."""
        rows = self._query("SELECT state FROM dag_run ORDER BY id DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def tasks(self) -> list[TaskRun]:
        rows = self._query(
            "SELECT task_id, state, start_date, end_date FROM task_instance"
            " WHERE run_id = (SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)"
            " ORDER BY start_date IS NULL, start_date"
        )
        runs = [TaskRun(row[0], row[1] or "none", _unix(row[2]), _unix(row[3])) for row in rows]
        return [run if run.started or not run.over else self._as_seen(run) for run in runs]

    def _as_seen(self, run: TaskRun) -> TaskRun:
        """Airflow 2's `dags test` writes no times down; it runs one task after the other, so ours will do."""
        if run.task_id not in self._ends:
            self._ends[run.task_id] = time.time()
        end = self._ends[run.task_id]
        before = [other for other in self._ends.values() if other < end]
        return replace(run, started=max(before, default=self._started), ended=end)

    def _query(self, sql: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30)) as db:
            try:
                return db.execute(sql).fetchall()
            except sqlite3.OperationalError:  # not migrated yet
                return []

    def _command(self, *words: str) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 - our own words
                ["airflow", *words],  # noqa: S607 - the airflow beside this Python, see PATH above
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        if done.returncode:
            raise RehearsalProblem(
                f"`airflow {' '.join(words)}` ended with {done.returncode}; see {self.log}"
            )

    def _spawn(self, *words: str) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                ["airflow", *words],  # noqa: S607 - the airflow beside this Python, see PATH above
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )


def _unix(text: str | None) -> float | None:
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
