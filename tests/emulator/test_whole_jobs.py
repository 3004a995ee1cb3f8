"""Jobs from purchase to release, with real rows; ticks go by hand."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

REGION = "cn-hangzhou"


def statuses(bench: Any, kit: Any, job_id: str, end: str) -> list[str]:
    """The distinct statuses the listing shows, tick by tick, until `end`."""
    seen = [kit.row(bench, job_id)["Status"]]

    def there() -> bool:
        bench.supervisor.tick()
        status = kit.row(bench, job_id)["Status"]
        if status != seen[-1]:
            seen.append(status)
        return bool(status == end)

    kit.until(there)
    return seen


def test_a_full_load_alone_finishes(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.configured(moving, DataSynchronization="false")
    assert kit.row(moving, job_id)["Status"] == "NotStarted"
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    seen = statuses(moving, kit, job_id, "Finished")
    assert seen == ["Prechecking", "PreCheckPass", "Migrating", "Finished"]
    row = kit.row(moving, job_id)
    assert row["DataInitializationStatus"] == {
        "Status": "Finished", "Percent": "100", "Progress": "500", "ErrorMessage": "",
    }  # fmt: skip
    assert row["Delay"] == -1
    assert "DataSynchronizationStatus" not in row
    assert databases.equal("orders")
    assert databases.traces() == [] or not any("source" in trace for trace in databases.traces())
    assert moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body["FinishTime"]


def test_a_configured_job_starts_by_itself_unless_told_not_to(moving: Any, kit: Any) -> None:
    assert moving.job(kit.configured(moving, Reserve="{}")).status == "Prechecking"
    assert (
        moving.job(kit.configured(moving, Reserve='{"autoStartModulesAfterConfig":"all"}')).status
        == "Prechecking"
    )
    assert moving.job(kit.configured(moving)).status == "NotStarted"


def test_a_synchronization_follows_pauses_goes_on_and_stops(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.configured(moving, "SYNC")
    moving.call("StartDtsJob", DtsJobId=job_id)
    assert statuses(moving, kit, job_id, "Synchronizing")[-2:] == ["Initializing", "Synchronizing"]
    kit.until(lambda: databases.equal("orders"))
    databases.fill("orders", 50)
    kit.until(lambda: databases.equal("orders"))

    assert moving.call("SuspendDtsJob", DtsJobId=job_id).code == "OK"
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "InvalidJobStatus"
    kit.reaches(moving, job_id, "Suspending")
    assert moving.supervisor.movers.get(job_id) is None
    assert kit.row(moving, job_id)["DataSynchronizationStatus"]["Status"] in ("Catched", "Migrating")
    databases.fill("orders", 50)
    assert not databases.equal("orders")

    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    assert moving.job(job_id).status == "Synchronizing"
    kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))

    assert moving.call("StopDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Finished")
    assert databases.traces() == []
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OperationDenied"


def test_a_released_migration_leaves_nothing_behind(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving, "MIGRATION")
    assert moving.call("DeleteDtsJob", DtsJobId=job_id).code == "OK"
    assert moving.call("DescribeDtsJobDetail", DtsJobId=job_id).code == "InvalidJobId"
    kit.until(lambda: bool(moving.supervisor.tick()) or not moving.store.job(job_id))
    assert databases.traces() == []
    assert not list((moving.directory / "movers").glob(f"{job_id}*"))


def test_a_released_synchronization_is_shown_as_finished_for_a_while(
    moving: Any, kit: Any, databases: Any
) -> None:
    job_id = kit.running(moving)
    assert moving.call("DeleteDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Finished")
    assert databases.traces() == []
    assert kit.row(moving, job_id)["Status"] == "Finished"
    assert moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body["Status"] == "Finished"
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "InvalidJobId"
    assert moving.call("DeleteDtsJob", DtsJobId=job_id).code == "InvalidJobId"
    moving.clock.advance(moving.options.released_shown)
    moving.supervisor.tick()
    assert moving.call("DescribeDtsJobDetail", DtsJobId=job_id).code == "InvalidJobId"
    assert not list((moving.directory / "movers").glob(f"{job_id}*"))


def test_a_prepaid_instance_is_not_released(bench: Any, kit: Any) -> None:
    bought = bench.call(
        "CreateDtsInstance", **kit.purchase("SYNC", PayType="PrePaid", Period="Month", UsedTime="1")
    )
    job_id = bought.body["JobId"]
    assert bench.call("DeleteDtsJob", DtsJobId=job_id).code == "OperationDenied"
    assert bench.call("DeleteDtsJobs", DtsJobIds=job_id).code == "OperationDenied"
    assert bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body["ExpireTime"]


def test_a_reset_job_can_be_configured_and_run_again(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving)
    databases.fill("orders", 10)
    assert moving.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "NotConfigured")
    assert databases.traces() == []
    row = kit.row(moving, job_id)
    assert (row["Status"], row["DbObject"], row["Delay"]) == ("NotConfigured", "{}", -1)
    (databases.target / "shop.db").unlink()
    assert moving.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC")).code == "OK"
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Synchronizing")
    kit.until(lambda: databases.equal("orders"))


def test_a_reset_may_show_the_old_failure_for_a_while(make_bench: Any, kit: Any) -> None:
    bench = make_bench(stale_after_reset=30.0)
    job_id = kit.configured(bench, "SYNC")
    bench.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(bench, job_id, "PrecheckFailed")
    bench.call("ResetDtsJob", DtsJobId=job_id)
    kit.reaches(bench, job_id, "NotConfigured")
    assert kit.row(bench, job_id)["Status"] == "PrecheckFailed"
    bench.clock.advance(31)
    assert kit.row(bench, job_id)["Status"] == "NotConfigured"


def test_an_unbound_endpoint_fails_the_precheck_and_tells_the_remedy(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench)
    bench.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(bench, job_id, "PrecheckFailed")
    answer = bench.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before")
    assert (answer.body["State"], answer.body["ErrorItem"]) == ("Failed", 2)
    items = {item["Item"]: item for item in answer.body["JobProgress"]}
    assert set(items) == {"CHECK_CONN_SRC", "CHECK_CONN_DEST"}
    assert "rm-source" in items["CHECK_CONN_SRC"]["ErrDetail"]
    assert "--bind rm-target=" in items["CHECK_CONN_DEST"]["RepairMethod"]
    details = kit.row(bench, job_id)["PrecheckStatus"]["Detail"]
    assert {row["CheckResult"] for row in details} == {"Failed"}


def test_an_endpoint_of_ones_own_is_bound_by_its_address(make_bench: Any, kit: Any, databases: Any) -> None:
    urls = databases.bindings
    bench = make_bench(bind={"10.0.0.1:3306": urls["rm-source"], "rm-target": urls["rm-target"]})
    bought = bench.call("CreateDtsInstance", **kit.purchase()).body
    wanted = kit.configuration(bought["JobId"], SourceEndpointIP="10.0.0.1", SourceEndpointPort="3306")
    wanted["SourceEndpointInstanceType"] = "OTHER"
    del wanted["SourceEndpointInstanceID"], wanted["SourceEndpointRegion"]
    assert bench.call("ConfigureDtsJob", **wanted).code == "OK"
    bench.call("StartDtsJob", DtsJobId=bought["JobId"])
    kit.reaches(bench, bought["JobId"], "Migrating")


def test_a_muted_item_no_longer_fails_the_precheck(moving: Any, kit: Any, databases: Any) -> None:
    with closing(sqlite3.connect(databases.target / "shop.db")) as db, db:
        db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT)")
    job_id = kit.configured(moving)
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "PrecheckFailed")
    phase = moving.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before").body
    failed = [item for item in phase["JobProgress"] if item["State"] == "Failed"]
    assert [(item["Item"], item["CanSkip"]) for item in failed] == [("CHECK_SAME_OBJ", True)]

    def skip(item: str, precheck: str, on: str = "true") -> str:
        names = {"SkipPreCheckItems": item, "SkipPreCheckNames": f"{item}_DETAIL", "Skip": on}
        return str(moving.call("SkipPreCheck", JobId=precheck, DtsJobId=job_id, **names).code)

    assert skip("CHECK_SAME_OBJ", "nosuchprecheck") == "InvalidJobId"
    assert skip("CHECK_SERVER_ID", phase["JobId"]) == "InvalidParameter"
    assert skip("CHECK_SAME_OBJ", phase["JobId"]) == "OK"
    assert skip("CHECK_SAME_OBJ", phase["JobId"], "false") == "OK"
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "PrecheckFailed")
    again = moving.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before").body
    assert skip("CHECK_SAME_OBJ", phase["JobId"]) == "InvalidJobId"
    assert skip("CHECK_SAME_OBJ", again["JobId"]) == "OK"
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Migrating")
    kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))


def test_a_precheck_takes_its_time(make_bench: Any, kit: Any, databases: Any) -> None:
    bench = make_bench(bind=databases.bindings, precheck_seconds=20.0)
    job_id = kit.configured(bench)
    bench.call("StartDtsJob", DtsJobId=job_id)
    bench.settle()
    bench.clock.advance(19)
    bench.settle()
    assert bench.job(job_id).status == "Prechecking"
    phase = bench.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before").body
    assert phase["State"] == "Checking"
    bench.clock.advance(1)
    kit.reaches(bench, job_id, "Migrating")


def test_the_phases_are_told_table_by_table(moving: Any, kit: Any, databases: Any) -> None:
    databases.fill("customers", 20)
    job_id = kit.running(moving)

    def phase(code: str, **more: str) -> dict[str, Any]:
        wanted = {"DtsJobId": job_id, "JobCode": code, "StructType": "before", **more}
        found: dict[str, Any] = moving.call("DescribePreCheckStatus", **wanted).body
        return found

    structure, load, follow = phase("02"), phase("03"), phase("04")
    assert structure["State"] == load["State"] == "Finished"
    assert any("CREATE TABLE" in item["DdlSql"] for item in structure["JobProgress"])
    assert {item["Names"]: item["Total"] for item in load["JobProgress"]} == {"orders": 500, "customers": 20}
    assert {item["State"] for item in load["JobProgress"]} == {"Success"}
    assert (follow["State"], follow["JobProgress"][0]["DelaySeconds"]) == ("Catched", 0)
    assert [item["Names"] for item in phase("03", Name="cust")["JobProgress"]] == ["customers"]
    paged = phase("03", PageSize="1", PageNo="2")
    assert (len(paged["JobProgress"]), paged["TotalRecordCount"], paged["PageNumber"]) == (1, 2, 2)
    assert phase("02", StructPhase="View")["JobProgress"] == []


def test_a_killed_mover_is_replaced(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving)
    os.kill(moving.supervisor.movers.get(job_id).process.pid, signal.SIGKILL)
    kit.reaches(moving, job_id, "Retrying")
    retry = kit.row(moving, job_id)["RetryState"]
    assert (retry["RetryCount"], retry["MaxRetryTime"], retry["RetryTarget"]) == (1, 43200, "inner_module")
    moving.clock.advance(2)
    databases.fill("orders", 7)
    kit.reaches(moving, job_id, "Synchronizing")
    assert "RetryState" not in kit.row(moving, job_id)
    kit.until(lambda: databases.equal("orders"))
    moving.clock.advance(61)
    moving.supervisor.tick()
    moving.clock.advance(61)
    moving.supervisor.tick()
    assert moving.job(job_id).retry is None


@pytest.mark.parametrize(("kind", "failed"), [("SYNC", "Failed"), ("MIGRATION", "MigrationFailed")])
def test_retries_end_and_a_start_goes_on(
    moving: Any, kit: Any, databases: Any, kind: str, failed: str
) -> None:
    job_id = kit.running(moving, kind, Reserve='{"autoStartModulesAfterConfig":"none","maxRetryTime":100}')
    databases.target.rename(databases.target.with_name("elsewhere"))
    databases.target.write_text("in the way")
    os.kill(moving.supervisor.movers.get(job_id).process.pid, signal.SIGKILL)
    kit.reaches(moving, job_id, "Retrying")

    moving.clock.advance(2)
    kit.until(lambda: bool(moving.supervisor.tick()) or moving.job(job_id).retry.count == 2)
    retry = kit.row(moving, job_id)["RetryState"]
    assert (retry["RetryTarget"], retry["RetryTime"], retry["MaxRetryTime"]) == ("destDB", 2, 100)
    assert kit.row(moving, job_id)["DataInitializationStatus"]["Percent"] == "100"
    moving.clock.advance(100)
    kit.reaches(moving, job_id, failed)
    assert kit.row(moving, job_id)["ErrorMessage"]
    assert moving.supervisor.movers.get(job_id) is None

    databases.target.unlink()
    databases.target.with_name("elsewhere").rename(databases.target)
    databases.fill("orders", 3)
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))


def test_a_pause_of_more_than_a_week_is_the_end(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.running(moving)
    moving.call("SuspendDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Suspending")
    moving.clock.advance(7 * 86_400 - 1)
    moving.supervisor.tick()
    assert moving.job(job_id).status == "Suspending"
    moving.clock.advance(1)
    kit.reaches(moving, job_id, "Failed")
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OperationDenied"
    assert "7 days" in kit.row(moving, job_id)["ErrorMessage"]
    assert databases.traces() == []


def test_objects_are_added_to_a_running_synchronization(moving: Any, kit: Any, databases: Any) -> None:
    databases.fill("customers", 30)

    def objects(*tables: str) -> str:
        named = {table: {"name": table, "all": True} for table in tables}
        return json.dumps({"shop": {"name": "shop", "all": False, "Table": named}})

    job_id = kit.running(moving, objects=json.loads(objects("orders")))
    instance = moving.job(job_id).instance_id
    assert databases.rows(databases.target, "customers") == []

    def modify(objects: str, token: str) -> str:
        return str(
            moving.call("ModifyDtsJob", DtsInstanceId=instance, DbList=objects, ClientToken=token).code
        )

    assert modify(objects("orders", "customers"), "t1") == "OK"
    assert moving.job(job_id).status == "Modifying"
    assert modify(objects("orders", "customers"), "t1") == "OK"
    assert modify(objects("orders"), "t1") == "InvalidParameter"
    assert modify(objects("orders"), "t2") == "DTS.Msg.OperationDenied.JobStatusModifying"
    kit.reaches(moving, job_id, "Synchronizing")
    kit.until(lambda: databases.equal("customers"))
    databases.fill("customers", 5)
    databases.fill("orders", 5)
    kit.until(lambda: databases.equal("customers") and databases.equal("orders"))

    assert modify(objects("orders", "nothing"), "t3") == "OK"
    kit.reaches(moving, job_id, "ModifyFailed")
    assert "nothing" in kit.row(moving, job_id)["ErrorMessage"]
    assert modify(objects("orders", "customers"), "t4") == "OK"
    kit.reaches(moving, job_id, "Synchronizing")
    databases.fill("orders", 5)
    kit.until(lambda: databases.equal("orders"))


def test_objects_of_a_migration_are_not_changed(moving: Any, kit: Any) -> None:
    job_id = kit.configured(moving)
    answer = moving.call(
        "ModifyDtsJob",
        DtsInstanceId=moving.job(job_id).instance_id,
        DbList='{"shop":{"name":"s","all":true}}',
    )
    assert answer.code == "OperationDenied"


def test_increments_can_be_held_back(make_bench: Any, kit: Any, databases: Any) -> None:
    bench = make_bench(bind=databases.bindings, apply_delay=3.0)
    job_id = kit.configured(bench, "MIGRATION")
    bench.call("StartDtsJob", DtsJobId=job_id)
    kit.until(lambda: bool(bench.supervisor.tick()) or kit.row(bench, job_id)["Delay"] == 0)
    databases.fill("orders", 1)
    kit.until(lambda: bool(bench.supervisor.tick()) or kit.row(bench, job_id)["Delay"] > 500)
    assert not databases.equal("orders")
    kit.until(lambda: bool(bench.supervisor.tick()) or databases.equal("orders"))


def test_a_subscription_checks_its_source_and_runs(moving: Any, kit: Any, databases: Any) -> None:
    job_id = kit.configured(moving, "SUBSCRIBE")
    assert moving.job(job_id).status == "NotStarted"
    moving.call("StartDtsJob", DtsJobId=job_id)
    assert statuses(moving, kit, job_id, "Normal")[-3:] == ["PreCheckPass", "Starting", "Normal"]
    phase = moving.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before").body
    assert {item["Item"] for item in phase["JobProgress"]} == {"CHECK_CONN_SRC", "CHECK_SRC"}
    detail = moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert detail["SubscriptionDataType"] == {"Ddl": True, "Dml": True}
    changed = {
        "DtsJobId": job_id,
        "DtsInstanceId": detail["DtsInstanceID"],
        "DbList": '{"shop":{"name":"shop","all":true}}',
        "SubscriptionDataTypeDDL": "false",
        "SubscriptionDataTypeDML": "true",
    }
    assert moving.call("ModifySubscription", **changed).code == "OK"
    detail = moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert (detail["Status"], detail["SubscriptionDataType"]["Ddl"]) == ("Normal", False)
    moving.call("SuspendDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Abnormal")
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Normal")
    assert databases.traces() == []


def test_a_subscription_to_nothing_fails_its_precheck(moving: Any, kit: Any) -> None:
    job_id = kit.configured(moving, "SUBSCRIBE", DbList='{"nowhere":{"name":"nowhere","all":true}}')
    moving.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "PrecheckFailed")
    assert "nowhere" in kit.row(moving, job_id)["PrecheckStatus"]["ErrorMessage"]


def test_a_mover_that_hangs_does_not_look_caught_up(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving, "MIGRATION")
    process = moving.supervisor.movers.get(job_id).process
    process.send_signal(signal.SIGSTOP)
    try:
        moving.supervisor.tick()
        moving.clock.advance(60)
        assert kit.row(moving, job_id)["Delay"] >= 60_000
    finally:
        process.send_signal(signal.SIGCONT)
    kit.until(lambda: bool(moving.supervisor.tick()) or kit.row(moving, job_id)["Delay"] == 0)
