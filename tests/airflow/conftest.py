"""A DTS of one's own with two SQLite servers behind it, and real Airflow to run against it."""

from __future__ import annotations

import asyncio
import copy
import http.client
import importlib
import json
import sqlite3
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from airflow_dts._compat import TaskDeferred
from airflow_dts.api.instances import CreateDtsInstance
from airflow_dts.conditions import Outcome, status_is
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.server import EmulatorServer
from airflow_dts.hooks.dts import DtsHook
from airflow_dts.job import JobSnapshot

REGION = "cn-hangzhou"
DATABASE_SECRET = "password-of-the-database"


@dataclass
class Cloud:
    """The emulator, its databases, and what it was asked."""

    server: EmulatorServer
    directory: Path

    @property
    def hook(self) -> DtsHook:
        return DtsHook()

    def run_sql(self, side: str, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.directory / side / "shop.db", timeout=30)) as db, db:
            return db.execute(sql, values).fetchall()

    def seed(self, rows: int) -> None:
        self.run_sql("source", "CREATE TABLE orders (id INTEGER PRIMARY KEY, total TEXT NOT NULL)")
        with closing(sqlite3.connect(self.directory / "source" / "shop.db")) as db, db:
            db.executemany("INSERT INTO orders VALUES (?, ?)", ((n, f"{n}.00") for n in range(rows)))

    def buy(self, job_type: str = "MIGRATION") -> str:
        """A new job that nobody has configured."""
        engine = None if job_type == "SUBSCRIBE" else "MySQL"
        action = CreateDtsInstance(
            type=job_type,
            pay_type="PostPaid",
            source_region=REGION,
            destination_region=REGION,
            source_endpoint_engine_name="MySQL",
            destination_endpoint_engine_name=engine,
        )
        return self.hook.call(action).job_id

    def reach(self, job_id: str, *statuses: str) -> JobSnapshot:
        verdict = self.hook.wait(job_id, status_is(statuses=list(statuses)), every=0.1, timeout=60)
        assert verdict.outcome is Outcome.MET, verdict
        return self.hook.job(job_id)

    @property
    def calls(self) -> list[str]:
        """Names of the actions sent so far, refused ones included."""
        request = urllib.request.Request(
            f"{self.server.url}/_emulator/ledger",
            headers={"Authorization": f"Bearer {self.server.admin_token}"},
        )
        with urllib.request.urlopen(request) as reply:
            return [line["action"] for line in json.load(reply)["calls"]]

    def count(self, before: list[str]) -> Counter[str]:
        return Counter(self.calls[len(before) :])


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for side in ("source", "target"):
        (tmp_path / side).mkdir()
        sqlite3.connect(tmp_path / side / "shop.db").close()
    bind = {f"rm-{side}": f"sqlite:///{tmp_path / side}" for side in ("source", "target")}
    with EmulatorServer(
        tmp_path / "state", bind=bind, options=Options(region=REGION, precheck_seconds=0.1)
    ) as server:
        environment = {
            "DTS_DEFAULT": {
                "conn_type": "alibaba_dts",
                "host": server.url,
                "login": server.access_key_id,
                "password": server.secret,
                "extra": {"region_id": REGION},
            },
            **{
                f"SHOP_{side.upper()}": {
                    "conn_type": "mysql",
                    "host": "db.example.com",
                    "port": 3306,
                    "login": "dts",
                    "password": DATABASE_SECRET,
                    "schema": "shop",
                    "extra": {"instance_type": "RDS", "instance_id": f"rm-{side}", "region_id": REGION},
                }
                for side in ("source", "target")
            },
        }
        for name, fields in environment.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(fields))
        yield Cloud(server, tmp_path)


@contextmanager
def listening(
    handler: type[BaseHTTPRequestHandler], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Airflow's connection leads there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fields = {
        "conn_type": "alibaba_dts",
        "host": f"http://127.0.0.1:{server.server_port}",
        "login": cloud.server.access_key_id,
        "password": cloud.server.secret,
        "extra": {"region_id": REGION},
    }
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(fields))
    yield
    server.shutdown()
    server.server_close()
    thread.join()


class Thief:
    """Stands before the emulator and keeps the replies to some actions, first to purchases."""

    def __init__(self) -> None:
        self.keeps = {"CreateDtsInstance"}

    def __call__(self) -> None:
        """Be honest from now on."""
        self.keeps = set()


@pytest.fixture
def thief(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Thief]:
    told = Thief()
    target = urlsplit(cloud.server.url)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            onward = http.client.HTTPConnection(target.hostname or "", target.port)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            onward.request("POST", self.path, body, headers)
            reply = onward.getresponse()
            content = reply.read()
            onward.close()
            if parse_qs(body.decode())["Action"][0] in told.keeps:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with listening(Handler, cloud, monkeypatch):
        yield told


class Parrot:
    """A service that says what it is told to, in turn, the last for good; and what it was asked."""

    def __init__(self) -> None:
        self.replies: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []

    def says(self, *replies: dict[str, Any]) -> None:
        self.replies = [{"RequestId": "R-1", "Success": True, **reply} for reply in replies]


@pytest.fixture
def parrot(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parrot]:
    """For replies that the emulator never gives, in the place of the emulator."""
    told = Parrot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append(dict(parse_qsl(body.decode())))
            content = json.dumps(told.replies[0] if len(told.replies) == 1 else told.replies.pop(0)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with listening(Handler, cloud, monkeypatch):
        yield told


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Only the tests that run a DAG pay for it."""
    from airflow.utils.db import initdb

    initdb()


def _register(dag: Any) -> None:
    """Airflow 3: ``dag.test`` wants a serialized DAG, and one made inside a test is in no bundle."""
    from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

    if not AIRFLOW_V_3_0_PLUS:
        return
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session

    dag.fileloc = __file__
    dag.relative_fileloc = Path(__file__).name
    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
        session.flush()
        update_dag_parsing_results_in_db(
            "dags-folder", None, [LazyDeserializedDAG.from_dag(dag)], {}, None, set(), session=session
        )


@pytest.fixture
def run_dag(airflow_db: None) -> Callable[[Any], dict[str, str]]:
    """Run a DAG with ``dag.test``; the state of each task."""

    def run(dag: Any) -> dict[str, str]:
        _register(dag)
        finished = dag.test()
        return {ti.task_id: str(ti.state) for ti in finished.get_task_instances()}

    return run


class TaskInstance:
    """As much of Airflow's as a task of ours asks for."""

    try_number = 1

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


@pytest.fixture
def finish() -> Callable[..., Any]:
    """Run a task to its end outside a DAG, by way of the trigger as often as it defers.

    Triggers and events pass through JSON, as they do through Airflow's database, and each way back is
    taken by a copy of the task, as another worker would.
    """

    async def first(trigger: Any) -> Any:
        return await anext(aiter(trigger.run()))

    def run(task: Any, context: dict[str, Any] | None = None) -> Any:
        context = {"ti": TaskInstance()} | (context or {})
        fresh = copy.deepcopy(task)
        step: Callable[[], Any] = partial(task.execute, context)
        while True:
            try:
                return step()
            except TaskDeferred as deferred:
                path, arguments = json.loads(json.dumps(deferred.trigger.serialize()))
                module, _, name = path.rpartition(".")
                trigger = getattr(importlib.import_module(module), name)(**arguments)
                event = json.loads(json.dumps(asyncio.run(first(trigger)).payload))
                again = copy.deepcopy(fresh)
                step = partial(again.resume_execution, deferred.method_name, {"event": event}, context)

    return run
