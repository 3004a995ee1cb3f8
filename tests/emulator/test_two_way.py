"""Two-way synchronization through the API: one instance, two halves, rows that go both ways."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.api.form import to_parameters
from airflow_dts.hooks.reading import JobReader
from airflow_dts.job import JobSnapshot
from tests.emulator.test_emulator_process import SECRET, Process, binds, movers_of

REGION = "cn-hangzhou"
ASIDE = {
    "StructureInitialization": "false",
    "DataInitialization": "false",
    "SynchronizationDirection": "Reverse",
    "SourceEndpointInstanceID": "rm-target",
    "DestinationEndpointInstanceID": "rm-source",
}


def bought(bench: Any, kit: Any) -> str:
    answer = bench.call("CreateDtsInstance", **kit.purchase("SYNC", SyncArchitecture="bidirectional"))
    assert answer.code == "OK", answer.text
    return str(answer.body["JobId"])


def configure(bench: Any, kit: Any, job_id: str, *, back: bool = False, **changed: str) -> Any:
    wanted = {**kit.configuration(job_id, "SYNC"), **(ASIDE if back else {}), **changed}
    return bench.call("ConfigureDtsJob", **wanted)


def reverse_of(bench: Any, kit: Any, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = kit.row(bench, job_id)["ReverseJob"]
    return found


def act(bench: Any, action: str, job_id: str, *, back: bool = False, **more: str) -> str:
    way = {"SynchronizationDirection": "Reverse"} if back else {}
    return str(bench.call(action, DtsJobId=job_id, **way, **more).code)


def running(bench: Any, kit: Any) -> tuple[str, str]:
    """Both halves follow changes; returns their ids."""
    job_id = bought(bench, kit)
    back_id = bench.job(job_id).partner
    assert configure(bench, kit, job_id).code == "OK"
    assert configure(bench, kit, job_id, back=True).code == "OK"
    assert act(bench, "StartDtsJob", job_id) == "OK"
    assert act(bench, "StartDtsJob", job_id, back=True) == "OK"
    kit.reaches(bench, job_id, "Synchronizing")
    kit.reaches(bench, back_id, "Synchronizing")
    return job_id, back_id


def write(side: Path, sql: str, *values: Any) -> None:
    with contextlib.closing(sqlite3.connect(side / "shop.db", timeout=30)) as db, db:
        db.execute(sql, values)


def ticking(bench: Any, true: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: bool(bench.supervisor.tick()) or true()


# --- what the API says of it


def test_a_two_way_instance_is_one_purchase_and_one_row(bench: Any, kit: Any) -> None:
    job_id = bought(bench, kit)
    assert len(bench.store.events("purchase")) == 1
    listed = bench.call("DescribeDtsJobs", Region=REGION, JobType="SYNC").body
    assert (listed["TotalRecordCount"], len(listed["DtsJobList"])) == (1, 1)
    row = listed["DtsJobList"][0]
    back = row["ReverseJob"]
    assert (row["DtsJobId"], row["DtsJobDirection"], row["Status"]) == (job_id, "Forward", "NotConfigured")
    assert (back["DtsJobDirection"], back["Status"], back["Delay"]) == ("Reverse", "NotConfigured", -1)
    assert back["DtsJobId"] != job_id
    assert back["DtsInstanceID"] == row["DtsInstanceID"]
    assert (back["DtsJobClass"], back["PayType"]) == ("small", "PostPaid")
    by_direction = bench.call(
        "DescribeDtsJobDetail", DtsJobId=job_id, SynchronizationDirection="Reverse"
    ).body
    by_id = bench.call("DescribeDtsJobDetail", DtsJobId=back["DtsJobId"]).body
    for detail in (by_direction, by_id):
        assert (detail["DtsJobId"], detail["SynchronizationDirection"]) == (back["DtsJobId"], "Reverse")
    for wanted in ({"Type": "instance", "Params": back["DtsJobId"]}, {"GroupId": back["DtsJobId"]}):
        answer = bench.call("DescribeDtsJobs", Region=REGION, JobType="SYNC", **wanted)
        assert [found["DtsJobId"] for found in answer.body["DtsJobList"]] == [job_id]


def test_only_a_synchronization_is_two_way(bench: Any, kit: Any) -> None:
    answer = bench.call("CreateDtsInstance", **kit.purchase(SyncArchitecture="bidirectional"))
    assert (answer.code, "SyncArchitecture" in answer.text) == ("InvalidParameter", True)
    assert bench.store.every_job() == []


@pytest.mark.parametrize(
    "action", ["StartDtsJob", "SuspendDtsJob", "StopDtsJob", "ResetDtsJob", "DescribeDtsJobDetail"]
)
def test_a_one_way_job_has_no_way_back(bench: Any, kit: Any, action: str) -> None:
    job_id = kit.configured(bench, "SYNC")
    answer = bench.call(action, DtsJobId=job_id, SynchronizationDirection="Reverse")
    assert (answer.code, "UpgradeTwoWay" in answer.text) == ("InvalidParameter", True)
    assert "DtsJobDirection" not in kit.row(bench, job_id)
    assert not kit.row(bench, job_id).get("ReverseJob")


def test_forward_is_configured_first(moving: Any, kit: Any) -> None:
    job_id = bought(moving, kit)
    answer = configure(moving, kit, job_id, back=True)
    assert (answer.code, "before the Reverse" in answer.body["ErrMessage"]) == ("OperationDenied", True)
    assert configure(moving, kit, job_id).code == "OK"
    answer = configure(moving, kit, job_id, back=True, DtsJobName="the way back")
    back = reverse_of(moving, kit, job_id)
    assert (answer.body["DtsJobId"], answer.body["DtsInstanceId"]) == (back["DtsJobId"], f"dts{job_id}")
    assert (back["Status"], back["DtsJobName"]) == ("NotStarted", "the way back")
    assert back["SourceEndpoint"]["InstanceID"] == "rm-target"
    assert kit.row(moving, job_id)["Status"] == "NotStarted"
    # By its own id it is the same half, and it cannot be told to be the other one.
    assert moving.call("ModifyDtsJobName", DtsJobId=back["DtsJobId"], DtsJobName="renamed").code == "OK"
    assert reverse_of(moving, kit, job_id)["DtsJobName"] == "renamed"
    answer = moving.call("StartDtsJob", DtsJobId=back["DtsJobId"], SynchronizationDirection="Forward")
    assert answer.code == "InvalidParameter"
    assert moving.job(job_id).status == "NotStarted"


def test_the_precheck_of_the_way_back_waits_for_the_forward_half(
    make_bench: Any, kit: Any, databases: Any
) -> None:
    databases.fill("orders", 1500)
    moving = make_bench(bind=databases.bindings, rows_per_second=1000)
    job_id = bought(moving, kit)
    assert configure(moving, kit, job_id, Reserve="{}").code == "OK"
    assert configure(moving, kit, job_id, back=True, Reserve="{}").code == "OK"
    kit.reaches(moving, job_id, "Initializing")
    for _ in range(5):
        moving.supervisor.tick()
    assert reverse_of(moving, kit, job_id)["Status"] == "Prechecking"
    kit.reaches(moving, job_id, "Synchronizing")
    kit.reaches(moving, moving.job(job_id).partner, "Synchronizing")
    assert reverse_of(moving, kit, job_id)["PrecheckStatus"]["Status"] == "Finished"


def test_a_way_back_before_the_forward_half_has_begun_fails_its_precheck(moving: Any, kit: Any) -> None:
    job_id = bought(moving, kit)
    configure(moving, kit, job_id)
    configure(moving, kit, job_id, back=True, Reserve="{}")
    kit.reaches(moving, moving.job(job_id).partner, "PrecheckFailed")
    assert "shop" in reverse_of(moving, kit, job_id)["ErrorMessage"]


def test_the_way_back_leads_back(moving: Any, kit: Any, databases: Any, tmp_path: Path) -> None:
    moving.store.bind("rm-elsewhere", f"sqlite:///{tmp_path}/elsewhere")
    (tmp_path / "elsewhere").mkdir()
    job_id = bought(moving, kit)
    back_id = moving.job(job_id).partner
    configure(moving, kit, job_id, Reserve="{}")
    kit.reaches(moving, job_id, "Synchronizing")
    configure(moving, kit, job_id, back=True, DestinationEndpointInstanceID="rm-elsewhere", Reserve="{}")
    kit.reaches(moving, back_id, "PrecheckFailed")
    phase = moving.call("DescribePreCheckStatus", DtsJobId=back_id, JobCode="01", StructType="before").body
    assert [(item["Item"], item["CanSkip"]) for item in phase["JobProgress"]] == [("CHECK_TOPOLOGY", False)]
    assert "rm-elsewhere" in phase["JobProgress"][0]["ErrDetail"]
    # Another name of the right database will do.
    moving.store.bind("10.0.0.9:3306", databases.bindings["rm-source"] + "/")
    by_address = {
        "DestinationEndpointInstanceType": "OTHER",
        "DestinationEndpointIP": "10.0.0.9",
        "DestinationEndpointPort": "3306",
    }
    wanted = {**kit.configuration(job_id, "SYNC"), **ASIDE, **by_address, "Reserve": "{}"}
    del wanted["DestinationEndpointInstanceID"], wanted["DestinationEndpointRegion"]
    assert moving.call("ConfigureDtsJob", **wanted).code == "OK"
    kit.reaches(moving, back_id, "Synchronizing")


# --- rows


class Shop:
    """An application on each side, on keys of its own: odd at the source, even at the target."""

    def __init__(self, databases: Any, rows: int = 3000) -> None:
        self.rows = rows
        self.changes = [0, 0]
        self._threads = [
            threading.Thread(target=self._serve, args=(number, side))
            for number, side in enumerate((databases.source, databases.target))
        ]

    def open(self) -> None:
        for thread in self._threads:
            thread.start()

    def closed(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self, number: int, side: Path) -> None:
        keys = range(10_001 + number, 10_001 + 2 * self.rows, 2)
        with contextlib.closing(sqlite3.connect(side / "shop.db", timeout=60, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = NORMAL")
            for start in range(0, self.rows, 50):
                lot = [(key, f"from {number}") for key in keys[start : start + 50]]
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT INTO orders VALUES (?, ?)", lot)
                db.executemany("UPDATE orders SET v = v || '!' WHERE id = ?", ((key,) for key, _ in lot[::2]))
                db.executemany("DELETE FROM orders WHERE id = ?", ((key,) for key, _ in lot[::5]))
                db.execute("COMMIT")
                self.changes[number] += 50 + 25 + 10
                time.sleep(0.01)


def carried(bench: Any, kit: Any, job_id: str) -> list[int]:
    """How many changes each half says it has carried across."""
    row = kit.row(bench, job_id)
    return [int(half["DataSynchronizationStatus"]["Progress"]) for half in (row, row["ReverseJob"])]


def test_writers_on_both_sides_converge_and_nothing_comes_back(moving: Any, kit: Any, databases: Any) -> None:
    job_id, back_id = running(moving, kit)
    shop = Shop(databases)
    shop.open()
    kit.until(ticking(moving, shop.closed))
    kit.until(ticking(moving, lambda: carried(moving, kit, job_id) == shop.changes))
    kit.until(ticking(moving, lambda: databases.equal("orders")))
    assert len(databases.rows(databases.source, "orders")) == 500 + 2 * 3000 * 4 // 5
    kit.until(
        ticking(
            moving, lambda: kit.row(moving, job_id)["Delay"] == reverse_of(moving, kit, job_id)["Delay"] == 0
        )
    )
    for _ in range(10):
        moving.supervisor.tick()
        time.sleep(0.05)
    assert carried(moving, kit, job_id) == shop.changes
    assert moving.job(job_id).retry is moving.job(back_id).retry is None


def test_each_half_pauses_and_goes_on_by_itself(moving: Any, kit: Any, databases: Any) -> None:
    job_id, back_id = running(moving, kit)
    assert act(moving, "SuspendDtsJob", job_id, back=True) == "OK"
    kit.reaches(moving, back_id, "Suspending")
    assert moving.supervisor.movers.get(back_id) is None
    assert kit.row(moving, job_id)["Status"] == "Synchronizing"
    write(databases.target, "INSERT INTO orders VALUES (2000, 'far')")
    write(databases.source, "INSERT INTO orders VALUES (2001, 'near')")
    kit.until(ticking(moving, lambda: (2001, "near") in databases.rows(databases.target, "orders")))
    assert (2000, "far") not in databases.rows(databases.source, "orders")

    assert act(moving, "SuspendDtsJob", job_id) == "OK"
    kit.reaches(moving, job_id, "Suspending")
    assert moving.call("StartDtsJob", DtsJobId=back_id).code == "OK"
    kit.until(ticking(moving, lambda: (2000, "far") in databases.rows(databases.source, "orders")))
    write(databases.source, "UPDATE orders SET v = 'near again' WHERE id = 2000")
    assert act(moving, "StartDtsJob", job_id) == "OK"
    kit.until(ticking(moving, lambda: databases.equal("orders")))
    assert (2000, "near again") in databases.rows(databases.target, "orders")


@pytest.mark.parametrize("by", ["forward", "reverse", "many"])
def test_a_release_ends_both_halves(moving: Any, kit: Any, databases: Any, by: str) -> None:
    job_id, back_id = running(moving, kit)
    if by == "many":
        assert moving.call("DeleteDtsJobs", DtsJobIds=f"{job_id},{back_id}").code == "OK"
    else:
        assert act(moving, "DeleteDtsJob", job_id if by == "forward" else back_id) == "OK"
    for half in (job_id, back_id):
        kit.reaches(moving, half, "Finished")
        assert moving.supervisor.movers.get(half) is None
    assert databases.traces() == []
    assert not list(databases.source.parent.rglob("*_dts_*"))
    assert reverse_of(moving, kit, job_id)["Status"] == "Finished"
    for half in (job_id, back_id):
        assert act(moving, "StartDtsJob", half) == "InvalidJobId"
    moving.clock.advance(moving.options.released_shown)
    moving.supervisor.tick()
    assert moving.store.every_job() == []
    assert not list((moving.directory / "movers").iterdir())


def test_a_prepaid_instance_is_not_released_by_its_reverse_half(bench: Any, kit: Any) -> None:
    answer = bench.call(
        "CreateDtsInstance",
        **kit.purchase(
            "SYNC", SyncArchitecture="bidirectional", PayType="PrePaid", Period="Month", UsedTime="1"
        ),
    )
    back_id = bench.job(answer.body["JobId"]).partner
    assert act(bench, "DeleteDtsJob", back_id) == "OperationDenied"
    bench.clock.advance(40 * 86_400)
    for half in (answer.body["JobId"], back_id):
        kit.reaches(bench, half, "Locked")
    assert bench.call("RenewInstance", DtsJobId=back_id, ChargeType="PREPAY").code == "OK"
    for half in (answer.body["JobId"], back_id):
        kit.reaches(bench, half, "NotConfigured")
    row = kit.row(bench, answer.body["JobId"])
    assert row["ExpireTime"] == row["ReverseJob"]["ExpireTime"]


def test_a_half_is_reset_and_configured_anew(moving: Any, kit: Any, databases: Any) -> None:
    job_id, back_id = running(moving, kit)
    assert act(moving, "ResetDtsJob", job_id, back=True) == "OK"
    kit.reaches(moving, back_id, "NotConfigured")
    assert kit.row(moving, job_id)["Status"] == "Synchronizing"
    assert reverse_of(moving, kit, job_id)["DtsJobId"] == back_id
    write(databases.target, "INSERT INTO orders VALUES (3000, 'nobody looks')")
    write(databases.source, "INSERT INTO orders VALUES (3001, 'near')")
    kit.until(ticking(moving, lambda: (3001, "near") in databases.rows(databases.target, "orders")))
    whole = {"DataInitialization": "true", "Reserve": '{"targetTableMode":"2"}'}
    assert configure(moving, kit, job_id, back=True, **whole).code == "OK"
    kit.reaches(moving, back_id, "Synchronizing")
    kit.until(ticking(moving, lambda: databases.equal("orders")))

    assert act(moving, "ResetDtsJob", job_id) == "OK"
    kit.reaches(moving, job_id, "NotConfigured")
    assert reverse_of(moving, kit, job_id)["Status"] == "Synchronizing"
    write(databases.target, "UPDATE orders SET v = 'far' WHERE id = 3001")
    kit.until(ticking(moving, lambda: (3001, "far") in databases.rows(databases.source, "orders")))
    assert configure(moving, kit, job_id, Reserve='{"targetTableMode":"2"}').code == "OK"
    kit.reaches(moving, job_id, "Synchronizing")
    write(databases.source, "DELETE FROM orders WHERE id < 100")
    write(databases.target, "DELETE FROM orders WHERE id BETWEEN 200 AND 300")
    kit.until(ticking(moving, lambda: databases.equal("orders")))


def test_stopping_one_half_leaves_the_other(moving: Any, kit: Any, databases: Any) -> None:
    job_id, back_id = running(moving, kit)
    assert act(moving, "StopDtsJob", job_id) == "OK"
    kit.reaches(moving, job_id, "Finished")
    assert moving.job(back_id).status == "Synchronizing"
    write(databases.target, "INSERT INTO orders VALUES (4000, 'far')")
    kit.until(ticking(moving, lambda: (4000, "far") in databases.rows(databases.source, "orders")))
    assert moving.job(back_id).retry is None


def test_objects_are_added_to_both_halves(moving: Any, kit: Any, databases: Any) -> None:
    databases.fill("customers", 30)
    one = {"shop": {"name": "shop", "all": False, "Table": {"orders": {"name": "orders", "all": True}}}}
    two = json.loads(json.dumps(one))
    two["shop"]["Table"]["customers"] = {"name": "customers", "all": True}
    job_id = bought(moving, kit)
    back_id = moving.job(job_id).partner
    configure(moving, kit, job_id, DbList=json.dumps(one), Reserve="{}")
    configure(moving, kit, job_id, back=True, DbList=json.dumps(one), Reserve="{}")
    for half in (job_id, back_id):
        kit.reaches(moving, half, "Synchronizing")
    change = {"DtsInstanceId": f"dts{job_id}", "DbList": json.dumps(two)}
    assert moving.call("ModifyDtsJob", **change).body["DtsJobId"] == job_id
    kit.reaches(moving, job_id, "Synchronizing")
    kit.until(ticking(moving, lambda: databases.equal("customers")))
    answer = moving.call("ModifyDtsJob", **change, SynchronizationDirection="Reverse")
    assert answer.body["DtsJobId"] == back_id
    assert reverse_of(moving, kit, job_id)["Status"] == "Modifying"
    kit.reaches(moving, back_id, "Synchronizing")
    write(databases.target, "UPDATE customers SET v = 'far' WHERE id = 7")
    write(databases.source, "UPDATE customers SET v = 'near' WHERE id = 8")
    kit.until(ticking(moving, lambda: databases.equal("customers")))
    assert {(7, "far"), (8, "near")} <= set(databases.rows(databases.source, "customers"))


@pytest.mark.parametrize("half", ["forward", "reverse"])
def test_a_killed_half_goes_on(moving: Any, kit: Any, databases: Any, half: str) -> None:
    job_id, back_id = running(moving, kit)
    shop = Shop(databases)
    shop.open()
    victim = job_id if half == "forward" else back_id
    for _ in range(3):
        os.kill(moving.supervisor.movers.get(victim).process.pid, signal.SIGKILL)
        kit.reaches(moving, victim, "Retrying")
        moving.clock.advance(5)
        kit.reaches(moving, victim, "Synchronizing")
    kit.until(ticking(moving, shop.closed))
    kit.until(ticking(moving, lambda: carried(moving, kit, job_id) == shop.changes))
    kit.until(ticking(moving, lambda: databases.equal("orders")))


# --- becoming two-way


def test_a_one_way_job_is_upgraded_while_it_is_written(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving)
    shop = Shop(databases, rows=2000)
    shop.open()
    answer = moving.call("UpgradeTwoWay", InstanceId=f"dts{job_id}", InstanceClass="large")
    assert answer.code == "OK", answer.text
    row = kit.row(moving, job_id)
    assert (row["Status"], row["DtsJobClass"], row["DtsJobDirection"]) == (
        "Synchronizing",
        "large",
        "Forward",
    )
    assert (row["ReverseJob"]["Status"], row["ReverseJob"]["DtsJobClass"]) == ("NotConfigured", "large")
    assert moving.call("UpgradeTwoWay", InstanceId=f"dts{job_id}", InstanceClass="large").code != "OK"
    assert configure(moving, kit, job_id, back=True, Reserve="{}").code == "OK"
    back_id = row["ReverseJob"]["DtsJobId"]
    seen = set()

    def there() -> bool:
        moving.supervisor.tick()
        seen.add(moving.job(back_id).status.value)
        return bool(moving.job(back_id).status == "Synchronizing")

    kit.until(there)
    assert seen <= {"Prechecking", "PreCheckPass", "Initializing", "Synchronizing"}
    kit.until(ticking(moving, shop.closed))
    # What the far side wrote before the way back began is still to be carried across: load it.
    assert act(moving, "ResetDtsJob", job_id, back=True) == "OK"
    kit.reaches(moving, back_id, "NotConfigured")
    whole = {"DataInitialization": "true", "Reserve": '{"targetTableMode":"2"}'}
    assert configure(moving, kit, job_id, back=True, **whole).code == "OK"
    kit.reaches(moving, back_id, "Synchronizing")
    kit.until(ticking(moving, lambda: databases.equal("orders")))
    assert len(databases.rows(databases.source, "orders")) == 500 + 2 * 2000 * 4 // 5


# --- the emulator as a process


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(*arguments: str) -> Process:
        started.append(Process(list(arguments)))
        return started[-1]

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.end(signal.SIGTERM)


def test_a_killed_emulator_goes_on_in_both_directions(
    tmp_path: Path, kit: Any, databases: Any, start: Callable[..., Process]
) -> None:
    state = tmp_path / "state"
    process = start("--state", str(state), "--access-key-id", "k", *binds(databases))
    account = type(kit.account)("k", SECRET)
    caller = kit.caller(process.url, account)
    job_id = bought(caller, kit)
    assert configure(caller, kit, job_id, Reserve="{}").code == "OK"
    assert configure(caller, kit, job_id, back=True, Reserve="{}").code == "OK"

    def both_follow() -> bool:
        row = kit.row(caller, job_id)
        return bool(row["Status"] == row["ReverseJob"]["Status"] == "Synchronizing")

    kit.until(both_follow, 60)
    shop = Shop(databases)
    shop.open()
    for _ in range(2):
        process.end(signal.SIGKILL)
        process = start("--state", str(state), "--access-key-id", "k")
        caller = kit.caller(process.url, account)
        time.sleep(0.5)
    kit.until(shop.closed, 60)
    kit.until(lambda: carried(caller, kit, job_id) == shop.changes, 60)
    kit.until(lambda: databases.equal("orders"))
    assert both_follow()
    assert len(movers_of(state)) == 2
    log = process.end(signal.SIGTERM)
    assert process.popen.returncode == 0, log
    assert movers_of(state) == []


# --- what the provider makes of it


class Client:
    """Sends actions to a bench and reads the replies with the actions' own classes."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench

    def __call__(self, action: Any) -> Any:
        answer = self.bench.call(action.action_name(), **to_parameters(action))
        assert answer.code == "OK", answer.text
        return action.parse_reply(answer.body)


def test_the_provider_reads_either_half(moving: Any, kit: Any, databases: Any) -> None:
    job_id, back_id = running(moving, kit)
    write(databases.target, "INSERT INTO orders VALUES (5000, 'far')")
    kit.until(ticking(moving, lambda: databases.equal("orders")))
    kit.until(ticking(moving, lambda: carried(moving, kit, job_id) == [0, 1]))
    reader = JobReader(Client(moving), REGION)
    for half in (
        reader.read(job_id, "Reverse"),
        reader.read(back_id),
        JobReader(Client(moving), REGION).read(back_id),
    ):
        assert isinstance(half, JobSnapshot)
        assert (half.job_id, half.direction, half.status) == (back_id, "Reverse", "Synchronizing")
        assert half.instance_id == f"dts{job_id}"
        assert half.incremental.done == 1
        assert not half.structure.status
    assert reader.read(job_id).job_id == job_id
    assert reader.read(job_id).incremental.done == 0
