"""Real databases, a raw caller, and an emulator with or without HTTP around it."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from airflow_dts.api.signing import signature
from airflow_dts.emulator.clock import ManualClock
from airflow_dts.emulator.faults import Faults
from airflow_dts.emulator.gate import Knock
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.options import Account, Options
from airflow_dts.emulator.server import EmulatorServer
from airflow_dts.emulator.service import Service
from airflow_dts.emulator.state import Store
from airflow_dts.emulator.supervisor import Supervisor

REGION = "cn-hangzhou"
ACCOUNT = Account("LTAItestkey", "a secret of the key")


def signed(
    action: str,
    parameters: Mapping[str, str],
    *,
    account: Account = ACCOUNT,
    method: str = "POST",
    at: float | None = None,
    form: str = "JSON",
    **changed: str | None,
) -> dict[str, str]:
    """All parameters of a call. `changed` replaces public ones before signing; None leaves one out."""
    public: dict[str, str | None] = {
        "Action": action,
        "Version": "2020-01-01",
        "Format": form,
        "AccessKeyId": account.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": datetime.fromtimestamp(time.time() if at is None else at, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
        **changed,
    }
    every = {**parameters, **{name: value for name, value in public.items() if value is not None}}
    if "Signature" not in changed:
        every["Signature"] = signature(every, account.secret, method)
    return every


@dataclass
class Reply:
    """An answer, with its fields by wire name."""

    status: int
    body: dict[str, Any]
    text: str

    @property
    def code(self) -> str:
        """``OK``, or the code of the refusal in whichever shape it came."""
        if self.status != 200:
            return str(self.body["Code"])
        # Two replies say nothing of success (seed 6.5.2.12, 7.3.2).
        return "OK" if str(self.body.get("Success", True)).lower() == "true" else str(self.body["ErrCode"])


def reply_of(status: int, text: str) -> Reply:
    if text.startswith("{"):
        return Reply(status, json.loads(text), text)
    root = ElementTree.fromstring(text)
    return Reply(status, {"(root)": root.tag, **{child.tag: child.text for child in root}}, text)


@dataclass
class Caller:
    """Calls over HTTP, without any code of a client."""

    url: str
    account: Account = ACCOUNT

    def send(self, every: Mapping[str, str], method: str = "POST", where: str = "body") -> Reply:
        text = urllib.parse.urlencode(every)
        url, data = (self.url, text.encode()) if where == "body" else (f"{self.url}/?{text}", None)
        return self.raw(urllib.request.Request(url, data, method=method))

    def raw(self, request: urllib.request.Request) -> Reply:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return reply_of(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return reply_of(error.code, error.read().decode())

    def call(self, action: str, **parameters: str) -> Reply:
        return self.send(signed(action, parameters, account=self.account))


@dataclass
class Bench:
    """The service without HTTP and without threads: time and ticks go by hand."""

    directory: Path
    clock: ManualClock
    options: Options
    store: Store
    supervisor: Supervisor
    service: Service
    faults: Faults
    account: Account = ACCOUNT
    calls: int = field(default=0)

    def send(self, every: Mapping[str, str], method: str = "POST") -> Reply:
        self.calls += 1
        answer = self.service.answer(Knock(method, every), "dts.test")
        return reply_of(answer.status, answer.body.decode())

    def call(self, action: str, **parameters: str) -> Reply:
        return self.send(signed(action, parameters, account=self.account, at=self.clock.now()))

    def job(self, job_id: str) -> Job:
        job = self.store.job(job_id)
        assert job is not None
        return job

    def arrange(self, job_id: str, **fields: Any) -> Job:
        """Put a job into a situation."""
        job = self.job(job_id)
        for name, value in fields.items():
            setattr(job, name, value)
        self.store.save(job)
        return job

    def settle(self, *, limit: float = 20.0) -> None:
        """Tick until background work is over and nothing changes by itself any more."""
        until(lambda: not self._stirs(), limit)

    def _stirs(self) -> bool:
        before = [job.to_json() for job in self.store.every_job()]
        self.supervisor.tick()
        jobs = self.store.every_job()
        return before != [job.to_json() for job in jobs] or any(job.goal for job in jobs)

    def close(self) -> None:
        self.supervisor.close()
        self.store.close()


def until(true: Callable[[], bool], limit: float = 30.0) -> None:
    """Wait for real processes."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Databases:
    """A source directory with data and an empty target directory."""

    source: Path
    target: Path

    @property
    def bindings(self) -> dict[str, str]:
        return {"rm-source": f"sqlite:///{self.source}", "rm-target": f"sqlite:///{self.target}"}

    def fill(self, table: str, rows: int, *, database: str = "shop") -> None:
        with closing(sqlite3.connect(self.source / f"{database}.db", timeout=30)) as db, db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, v TEXT)")
            start = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
            db.executemany(
                f"INSERT INTO {table} VALUES (?, ?)",
                ((start + n, f"row {start + n}") for n in range(1, rows + 1)),
            )

    def rows(self, side: Path, table: str, *, database: str = "shop") -> list[tuple[Any, ...]]:
        if not (side / f"{database}.db").exists():
            return []
        with closing(sqlite3.connect(side / f"{database}.db", timeout=30)) as db:
            try:
                return db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            except sqlite3.OperationalError:
                return []

    def equal(self, table: str) -> bool:
        return self.rows(self.source, table) == self.rows(self.target, table) != []

    def traces(self) -> list[str]:
        """What a job left behind on either side."""
        found = []
        for path in (*self.source.glob("*.db"), *self.target.glob("*.db")):
            with closing(sqlite3.connect(path, timeout=30)) as db:
                names = db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%dts%'").fetchall()
                found += [f"{path.name}:{name}" for (name,) in names]
        return found


@pytest.fixture
def databases(tmp_path: Path) -> Databases:
    found = Databases(tmp_path / "source", tmp_path / "target")
    found.source.mkdir()
    found.target.mkdir()
    found.fill("orders", 500)
    return found


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(
        *,
        bind: Mapping[str, str] | None = None,
        account: Account = ACCOUNT,
        start: float | None = None,
        **options: Any,
    ) -> Bench:
        clock, chosen = ManualClock(start), Options(**{"precheck_seconds": 0.0, **options})
        store = Store(tmp_path / f"state{len(made)}")
        for name, url in (bind or {}).items():
            store.bind(name, url)
        faults = Faults()
        supervisor = Supervisor(store, clock, chosen, faults=faults)
        book, wake = supervisor.movers.book, supervisor.wake
        service = Service(store, clock, chosen, [account], book, wake, faults=faults)
        made.append(Bench(store.directory, clock, chosen, store, supervisor, service, faults, account))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


@pytest.fixture
def moving(make_bench: Callable[..., Bench], databases: Databases) -> Bench:
    """A bench whose endpoints are bound to the databases."""
    return make_bench(bind=databases.bindings)


@pytest.fixture
def make_emulator(tmp_path: Path) -> Iterator[Callable[..., EmulatorServer]]:
    running: list[EmulatorServer] = []

    def make(**given: Any) -> EmulatorServer:
        server = EmulatorServer(tmp_path / f"served{len(running)}", **{"accounts": [ACCOUNT], **given})
        server.start()
        running.append(server)
        return server

    yield make
    for server in running:
        server.stop()


@pytest.fixture
def caller(make_emulator: Callable[..., EmulatorServer]) -> Caller:
    return Caller(make_emulator().url)


def purchase(kind: str = "MIGRATION", **changed: str) -> dict[str, str]:
    return {
        "Type": kind,
        "PayType": "PostPaid",
        "InstanceClass": "small",
        "SourceRegion": REGION,
        "DestinationRegion": REGION,
        "SourceEndpointEngineName": "MySQL",
        "DestinationEndpointEngineName": "MySQL",
        **changed,
    }


def configuration(
    job_id: str, kind: str = "MIGRATION", objects: Any = None, **changed: str
) -> dict[str, str]:
    """A configuration that does not start by itself."""
    return {
        "DtsJobId": job_id,
        "DtsJobName": "shop to its new home",
        "JobType": kind,
        "DbList": json.dumps(objects or {"shop": {"name": "shop", "all": True}}),
        "StructureInitialization": "true",
        "DataInitialization": "true",
        "DataSynchronization": "true",
        "Reserve": json.dumps({"autoStartModulesAfterConfig": "none"}),
        "SourceEndpointInstanceType": "RDS",
        "SourceEndpointInstanceID": "rm-source",
        "SourceEndpointRegion": REGION,
        "SourceEndpointEngineName": "MYSQL",
        "SourceEndpointUserName": "reader",
        "SourceEndpointPassword": "source-Password-1",
        "DestinationEndpointInstanceType": "RDS",
        "DestinationEndpointInstanceID": "rm-target",
        "DestinationEndpointRegion": REGION,
        "DestinationEndpointEngineName": "MYSQL",
        "DestinationEndpointUserName": "writer",
        "DestinationEndpointPassword": "target-Password-2",
        **changed,
    }


def subscription(job_id: str) -> dict[str, str]:
    return {
        "DtsJobId": job_id,
        "DtsJobName": "changes of the shop",
        "RegionId": REGION,
        "DbList": json.dumps({"shop": {"name": "shop", "all": True}}),
        "SubscriptionInstanceNetworkType": "classic",
        "SourceEndpointInstanceType": "RDS",
        "SourceEndpointInstanceID": "rm-source",
        "SourceEndpointRegion": REGION,
        "SourceEndpointUserName": "reader",
        "SourceEndpointPassword": "source-Password-1",
    }


class Kit:
    """The helpers above, for tests to take as one fixture."""

    signed = staticmethod(signed)
    until = staticmethod(until)
    purchase = staticmethod(purchase)
    configuration = staticmethod(configuration)
    subscription = staticmethod(subscription)
    caller = Caller
    account = ACCOUNT

    def configured(
        self, bench: Bench | Caller, kind: str = "MIGRATION", objects: Any = None, **changed: str
    ) -> str:
        """Buy and configure a job; returns its id."""
        bought = bench.call("CreateDtsInstance", **purchase(kind))
        assert bought.code == "OK", bought.text
        job_id = str(bought.body["JobId"])
        if kind == "SUBSCRIBE":
            answer = bench.call("ConfigureSubscription", **{**subscription(job_id), **changed})
        else:
            answer = bench.call("ConfigureDtsJob", **configuration(job_id, kind, objects, **changed))
        assert answer.code == "OK", answer.text
        return job_id

    def running(self, bench: Bench, kind: str = "SYNC", objects: Any = None, **changed: str) -> str:
        """A job whose increments are caught up."""
        job_id = self.configured(bench, kind, objects, **changed)
        assert bench.call("StartDtsJob", DtsJobId=job_id).code == "OK"
        wanted = {"SYNC": "Synchronizing", "MIGRATION": "Migrating"}[kind]

        def caught_up() -> bool:
            bench.supervisor.tick()
            return self.row(bench, job_id)["Delay"] == 0 and bench.job(job_id).status == wanted

        until(caught_up)
        return job_id

    def row(self, bench: Bench | Caller, job_id: str) -> dict[str, Any]:
        """The job as the listing shows it."""
        for kind in ("MIGRATION", "SYNC", "SUBSCRIBE"):
            answer = bench.call("DescribeDtsJobs", Region=REGION, JobType=kind, GroupId=job_id)
            if answer.body["DtsJobList"]:
                found: dict[str, Any] = answer.body["DtsJobList"][0]
                return found
        raise AssertionError(f"no job {job_id}")

    def reaches(self, bench: Bench, job_id: str, status: str, limit: float = 30.0) -> None:
        """Tick until the job has this status."""

        def there() -> bool:
            bench.supervisor.tick()
            return bench.job(job_id).status == status and bench.job(job_id).goal is None

        until(there, limit)


@pytest.fixture
def kit() -> Kit:
    return Kit()
