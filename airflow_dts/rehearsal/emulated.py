"""The emulator of a rehearsal: a process of its own, so that it can be killed and started again."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_dts.emulator.dataplane import JobSpec
from airflow_dts.emulator.server import SECRET_VARIABLE
from airflow_dts.rehearsal.airflow import free_port
from airflow_dts.rehearsal.problems import RehearsalProblem

SOURCE, TARGET = "rm-demo-source", "rm-demo-target"
REGION = "cn-hangzhou"
_UP_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the emulator's ledger. ``at`` is Unix seconds."""

    at: float
    action: str
    code: str
    job: str


class Emulated:
    """An emulator with an empty target and a source, each a folder of SQLite files.

    :param folder: where databases and state live
    :param rows_per_second: speed limit of full loads
    """

    def __init__(self, folder: Path, rows_per_second: int) -> None:
        self.source, self.target = folder / "source", folder / "target"
        self.source.mkdir(parents=True)
        self.target.mkdir()
        self.log = folder / "emulator.log"
        self._state = folder / "emulator"
        self._rows_per_second = rows_per_second
        self._port = free_port()  # the same after a crash, as a service keeps its address
        self._key, self._secret = "LTAI" + secrets.token_hex(8), secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connection(self) -> str:
        """The Airflow connection, as JSON text."""
        return json.dumps(
            {
                "conn_type": "alibaba_dts",
                "host": self.url,
                "login": self._key,
                "password": self._secret,
                "extra": {"region_id": REGION},
            }
        )

    def database_connection(self, name: str, database: str) -> str:
        """An Airflow connection that both SQL tasks and DTS understand, as JSON text."""
        folder = self.source if name == SOURCE else self.target
        return json.dumps(
            {
                "conn_type": "sqlite",
                "host": str(folder / f"{database}.db"),
                "extra": {
                    "instance_type": "RDS",
                    "instance_id": name,
                    "region_id": REGION,
                    "engine": "MYSQL",
                },
            }
        )

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "airflow_dts.emulator"),
            *("--port", str(self._port), "--state", str(self._state), "--access-key-id", self._key),
            *("--bind", f"{SOURCE}=sqlite://{self.source.absolute()}"),
            *("--bind", f"{TARGET}=sqlite://{self.target.absolute()}"),
            *("--region", REGION, "--rows-per-second", str(self._rows_per_second)),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                command,
                env={**os.environ, SECRET_VARIABLE: self._secret},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self._await_answer()

    def _await_answer(self) -> None:
        until = time.monotonic() + _UP_WITHIN
        while time.monotonic() < until and self._process and self._process.poll() is None:
            if self._page("jobs") is not None:
                return
            _nap()
        raise RehearsalProblem(f"the emulator did not come up; see {self.log}")

    def kill(self) -> None:
        """As a power cut would: no warning, nothing tidied up."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def jobs(self) -> list[dict[str, Any]]:
        return list((self._page("jobs") or {}).get("jobs", []))

    def calls(self) -> list[Call]:
        page = self._page("ledger") or {}
        return [Call(row["at"], row["action"], row["code"], row["job"]) for row in page.get("calls", [])]

    def purchases(self) -> int:
        return len((self._page("ledger") or {}).get("purchases", []))

    def spec(self, job: dict[str, Any]) -> JobSpec:
        """What the job moved from where to where, to compare both ends by."""
        return JobSpec(
            job_id=job["id"],
            source=f"sqlite://{self.source.absolute()}",
            target=f"sqlite://{self.target.absolute()}",
            objects=job["objects"],
            structure=True,
            full_load=True,
            incremental=True,
        )

    def _page(self, name: str) -> dict[str, Any] | None:
        """A page for whoever runs the emulator; None while it does not answer."""
        token_file = self._state / "admin-token"
        if not token_file.exists():
            return None
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.url}/_emulator/{name}",
            headers={"Authorization": f"Bearer {token_file.read_text().strip()}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
                page: dict[str, Any] = json.load(reply)
                return page
        except (urllib.error.URLError, OSError, ValueError):
            return None


def _nap() -> None:
    time.sleep(0.1)  # noqa: TID251 - waits for a process, not for a job
