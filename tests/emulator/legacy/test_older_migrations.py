"""Migrations by the older actions alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator.state import Purchase, Store


def status(bench: Any, older: Any, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = older.ok(bench.call("DescribeMigrationJobStatus", MigrationJobId=instance_id))
    return found


def rows(bench: Any, older: Any, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = older.ok(bench.call("DescribeMigrationJobs", **asked))["MigrationJobs"][
        "MigrationJob"
    ]
    return found


def test_a_whole_life(moving: Any, kit: Any, older: Any, databases: Any) -> None:
    databases.fill("customers", 20)
    bought = older.buy(moving, "MIGRATION")
    job_id = bought.removeprefix("dts")
    assert (bought[:3], len(job_id)) == ("dts", 15)
    assert status(moving, older, bought)["MigrationJobStatus"] == "NotStarted"
    (purchase,) = moving.store.events("purchase")
    assert (purchase.action, purchase.job) == ("CreateMigrationJob", job_id)

    configuration = older.migration(bought)
    del configuration["MigrationReserved"]
    older.ok(moving.call("ConfigureMigrationJob", **configuration))
    assert status(moving, older, bought)["MigrationJobStatus"] == "Prechecking"
    older.catches_up(moving, kit, job_id)
    assert databases.equal("orders")
    assert databases.equal("customers")

    seen = status(moving, older, bought)
    assert {name: seen[name] for name in ("TaskId", "MigrationJobId", "MigrationJobName", "PayType")} == {
        "TaskId": job_id,
        "MigrationJobId": bought,
        "MigrationJobName": "shop to its new home",
        "PayType": "PostPaid",
    }
    assert (seen["MigrationJobStatus"], seen["MigrationJobClass"]) == ("Migrating", "2xlarge")
    assert seen["MigrationMode"] == {
        "structureInitialization": True,
        "dataInitialization": True,
        "dataSynchronization": True,
    }
    assert json.loads(seen["MigrationObject"]) == [{"DBName": "shop"}]
    assert seen["SourceEndpoint"] == {
        "InstanceType": "RDS",
        "InstanceId": "rm-source",
        "EngineName": "MySQL",
        "IP": "",
        "UserName": "reader",
        "DatabaseName": "",
    }
    assert seen["DestinationEndpoint"]["InstanceId"] == "rm-target"
    precheck = seen["PrecheckStatus"]
    assert (precheck["Status"], precheck["Percent"]) == ("Finished", "100")
    assert {item["CheckStatus"] for item in precheck["Detail"]["CheckItem"]} == {"Success"}
    assert not any("RepairMethod" in item for item in precheck["Detail"]["CheckItem"])
    assert seen["DataInitializationStatus"] == {
        "Status": "Finished",
        "Percent": "100",
        "Progress": "520",
        "ErrorMessage": "",
    }
    increments = seen["DataSynchronizationStatus"]
    assert (increments["Status"], increments["Delay"]) == ("Catched", "0")
    assert int(increments["Checkpoint"]) > 1_600_000_000
    assert "Progress" not in increments

    older.ok(moving.call("SuspendMigrationJob", MigrationJobId=bought))
    kit.reaches(moving, job_id, "Suspending")
    databases.fill("orders", 5)
    older.ok(moving.call("StartMigrationJob", MigrationJobId=bought))
    kit.until(lambda: (moving.supervisor.tick(), databases.equal("orders"))[1])

    older.ok(moving.call("StopMigrationJob", MigrationJobId=bought))
    kit.reaches(moving, job_id, "Finished")
    assert status(moving, older, bought)["MigrationJobStatus"] == "Finished"
    assert moving.call("StartMigrationJob", MigrationJobId=bought).code == "OperationDenied"
    assert databases.traces() == []

    older.ok(moving.call("DeleteMigrationJob", MigrationJobId=bought))
    assert moving.call("DescribeMigrationJobStatus", MigrationJobId=bought).code == (
        "Forbidden.InstanceNotFound"
    )
    assert rows(moving, older) == []


def test_what_a_listing_tells(moving: Any, kit: Any, older: Any) -> None:
    objects = [{"DBName": "shop", "NewDBName": "shop_new", "TableIncludes": [{"TableName": "orders"}]}]
    instance_id = older.running(moving, kit, "MIGRATION", objects)
    older.ok(
        moving.call(
            "TagResources",
            RegionId=older.region,
            ResourceType="ALIYUN::DTS::INSTANCE",
            **{"ResourceId.1": instance_id, "Tag.1.Key": "team", "Tag.1.Value": "shop"},
        )
    )
    (row,) = rows(moving, older)
    assert row["MigrationJobID"] == instance_id
    assert (row["MigrationJobStatus"], row["MigrationJobClass"]) == ("Migrating", "2xlarge")
    assert row["MigrationObject"] == {
        "SynchronousObject": [
            {"DatabaseName": "shop", "WholeDatabase": False, "TableList": {"Table": ["orders"]}}
        ]
    }
    assert row["MigrationMode"] == {
        "StructureInitialization": True,
        "DataInitialization": True,
        "DataSynchronization": True,
    }
    assert row["Precheck"] == {"Status": "Success", "Percent": "100"}
    assert row["StructureInitialization"]["status"] == "Finished"
    assert row["StructureInitialization"]["Progress"] == "1"
    assert row["DataInitialization"] == {
        "status": "Finished",
        "Percent": "100",
        "Progress": "500",
        "ErrorMessage": "",
    }
    assert set(row["DataSynchronization"]) == {"status", "Percent", "Delay", "ErrorMessage"}
    assert row["SourceEndpoint"]["InstanceID"] == "rm-source"
    assert row["Tags"] == {"Tag": [{"Key": "team", "Value": "shop"}]}
    assert row["InstanceCreateTime"].endswith("Z")
    assert row["JobCreateTime"] >= row["InstanceCreateTime"]


def test_before_the_precheck_nothing_is_told_of_it(bench: Any, older: Any) -> None:
    older.buy(bench, "MIGRATION")
    (row,) = rows(bench, older)
    assert row["Precheck"] == {}
    assert not {"StructureInitialization", "DataInitialization", "DataSynchronization"} & set(row)


def test_a_listing_comes_by_pages_names_and_tags(bench: Any, older: Any) -> None:
    ids = [older.configured(bench, "MIGRATION", MigrationJobName=f"Job {n}") for n in range(12)]
    older.ok(
        bench.call(
            "TagResources",
            RegionId=older.region,
            ResourceType="ALIYUN::DTS::INSTANCE",
            **{"ResourceId.1": ids[3], "Tag.1.Key": "team", "Tag.1.Value": "shop"},
        )
    )
    first = older.ok(bench.call("DescribeMigrationJobs", PageSize="10"))
    assert (first["PageNumber"], first["PageRecordCount"], first["TotalRecordCount"]) == (1, 10, 12)
    assert [row["MigrationJobID"] for row in first["MigrationJobs"]["MigrationJob"]] == ids[:10]
    assert [row["MigrationJobID"] for row in rows(bench, older, PageSize="10", PageNum="2")] == ids[10:]
    assert [row["MigrationJobID"] for row in rows(bench, older, MigrationJobName="job 1")] == [
        ids[1],
        *ids[10:],
    ]
    assert [row["MigrationJobID"] for row in rows(bench, older, **{"Tag.1.Key": "team"})] == [ids[3]]
    assert rows(bench, older, **{"Tag.1.Key": "team", "Tag.1.Value": "other"}) == []
    assert rows(bench, older, RegionId="cn-beijing") == []


def test_a_failed_precheck_says_why_and_what_to_do(moving: Any, kit: Any, older: Any) -> None:
    changed = {"DestinationEndpoint.InstanceID": "rm-nowhere"}
    instance_id = older.configured(moving, "MIGRATION", **changed)
    older.ok(moving.call("StartMigrationJob", MigrationJobId=instance_id))
    kit.reaches(moving, instance_id.removeprefix("dts"), "PrecheckFailed")
    seen = status(moving, older, instance_id)
    assert seen["MigrationJobStatus"] == "PrecheckFailed"
    assert seen["PrecheckStatus"]["Status"] == "Failed"
    (item,) = seen["PrecheckStatus"]["Detail"]["CheckItem"]
    assert (item["ItemName"], item["CheckStatus"]) == ("CHECK_CONN_DEST", "Failed")
    assert "rm-nowhere" in item["ErrorMessage"]
    assert "--bind rm-nowhere=" in item["RepairMethod"]
    (row,) = rows(moving, older)
    assert row["Precheck"]["Status"] == "Failed"


def test_objects_one_by_one_in_the_phases_asked_for(
    moving: Any, kit: Any, older: Any, databases: Any
) -> None:
    for table in ("customers", "items"):
        databases.fill(table, 3)
    with closing(sqlite3.connect(databases.source / "shop.db")) as db, db:
        db.execute("CREATE INDEX by_v ON orders (v)")
    instance_id = older.configured(moving, "MIGRATION")
    early = moving.call("DescribeMigrationJobDetail", MigrationJobId=instance_id)
    assert early.code == "OperationDenied"
    older.ok(moving.call("StartMigrationJob", MigrationJobId=instance_id))
    older.catches_up(moving, kit, instance_id.removeprefix("dts"))

    nothing = older.ok(moving.call("DescribeMigrationJobDetail", MigrationJobId=instance_id))
    assert not [name for name in nothing if name.endswith("DetailList")]
    assert nothing["TotalRecordCount"] == 0
    every = {
        f"MigrationMode.{name}": "true"
        for name in ("StructureInitialization", "DataInitialization", "DataSynchronization")
    }
    found = older.ok(moving.call("DescribeMigrationJobDetail", MigrationJobId=instance_id, **every))
    assert found["TotalRecordCount"] == 3
    structure = {
        each["ObjectName"]: each
        for each in found["StructureInitializationDetailList"]["StructureInitializationDetail"]
    }
    assert set(structure) == {"orders", "customers", "items"}
    orders = structure["orders"]
    assert (orders["ObjectType"], orders["Status"]) == ("Table", "Finished")
    assert (orders["SourceOwnerDBName"], orders["DestinationOwnerDBName"]) == ("shop", "shop")
    assert orders["ObjectDefinition"].startswith("CREATE TABLE")
    (index,) = orders["ConstraintList"]["StructureInitializationDetail"]
    assert (index["ObjectName"], index["ObjectType"], index["Status"]) == ("by_v", "Table", "Finished")
    assert "INDEX" in index["ObjectDefinition"]
    assert "ConstraintList" not in structure["items"]
    loaded = {
        each["TableName"]: each for each in found["DataInitializationDetailList"]["DataInitializationDetail"]
    }
    assert (loaded["orders"]["TotalRowNum"], loaded["orders"]["FinishRowNum"]) == ("500", "500")
    assert loaded["items"]["Status"] == "Finished"
    followed = found["DataSynchronizationDetailList"]["DataSynchronizationDetail"]
    assert {each["TableName"]: each["Status"] for each in followed} == dict.fromkeys(structure, "Migrating")

    only = older.ok(
        moving.call(
            "DescribeMigrationJobDetail",
            MigrationJobId=instance_id,
            PageSize="30",
            PageNum="2",
            **{"MigrationMode.DataInitialization": "true"},
        )
    )
    assert only["DataInitializationDetailList"] == {"DataInitializationDetail": []}
    assert "StructureInitializationDetailList" not in only


def test_a_token_buys_once(bench: Any, older: Any) -> None:
    first = older.buy(bench, "MIGRATION", ClientToken="intention-1")
    assert older.buy(bench, "MIGRATION", ClientToken="intention-1") == first
    assert older.buy(bench, "MIGRATION", ClientToken="intention-2") != first
    assert len(bench.store.events("purchase")) == 2
    other = bench.call(
        "CreateMigrationJob", MigrationJobClass="small", Region=older.region, ClientToken="intention-1"
    )
    assert other.code == "InvalidParameter"
    assert "ClientToken" in other.text
    another_action = bench.call("CreateSubscriptionInstance", Region=older.region, ClientToken="intention-1")
    assert another_action.code == "InvalidParameter"
    older.ok(bench.call("DeleteMigrationJob", MigrationJobId=first))
    bench.settle()
    assert older.buy(bench, "MIGRATION", ClientToken="intention-1") == first
    assert len(bench.store.events("purchase")) == 2


def test_a_token_survives_the_emulator(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        store.keep_purchase("intention-1", "digest", "dtsfirst")
    with Store(tmp_path / "state") as store:
        assert store.purchase("intention-1") == Purchase("digest", "dtsfirst")
        assert store.purchase("intention-2") is None


def test_a_repeated_suspend_is_served_once(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "MIGRATION")
    bench.arrange(instance_id.removeprefix("dts"), status="Migrating")
    asked = {"MigrationJobId": instance_id, "ClientToken": "pause-1"}
    older.ok(bench.call("SuspendMigrationJob", **asked))
    bench.settle()
    older.ok(bench.call("SuspendMigrationJob", **asked))
    assert bench.call("SuspendMigrationJob", MigrationJobId=instance_id).code == "OperationDenied"
    stop = bench.call("StopMigrationJob", **asked)
    assert stop.code == "InvalidParameter"


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("StartMigrationJob", {"MigrationJobId": "dtsnobody0000000"}, "Forbidden.InstanceNotFound"),
        ("StartMigrationJob", {}, "MissingParameter"),
        ("CreateMigrationJob", {"MigrationJobClass": "xxlarge", "Region": "cn-hangzhou"}, "InvalidParameter"),
        (
            "CreateMigrationJob",
            {"MigrationJobClass": "small", "Region": "cn-hangzhou", "RegionId": "cn-beijing"},
            "InvalidParameter",
        ),
        ("DescribeMigrationJobs", {"PageSize": "31"}, "InvalidParameter"),
    ],
)
def test_what_is_refused(bench: Any, action: str, parameters: dict[str, str], code: str) -> None:
    assert bench.call(action, **parameters).code == code
    assert bench.store.events("purchase") == []


def test_only_what_it_was_bought_for_can_be_done_with_it(bench: Any, older: Any) -> None:
    synchronization = older.buy(bench, "SYNC")
    answer = bench.call("StartMigrationJob", MigrationJobId=synchronization)
    assert answer.code == "InvalidParameter"
    assert "MigrationJobId" in answer.body["ErrMessage"]
    migration = older.buy(bench, "MIGRATION")
    assert bench.call("StartMigrationJob", MigrationJobId=migration.removeprefix("dts")).code == (
        "Forbidden.InstanceNotFound"
    )
    for action in ("StartMigrationJob", "SuspendMigrationJob", "StopMigrationJob"):
        assert bench.call(action, MigrationJobId=migration).code == "OperationDenied", action
    idle = older.migration(migration)
    for name in ("StructureIntialization", "DataIntialization", "DataSynchronization"):
        idle[f"MigrationMode.{name}"] = "false"
    assert bench.call("ConfigureMigrationJob", **idle).code == "InvalidParameter"


def test_passwords_are_kept_as_hashes(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "MIGRATION")
    text = bench.job(instance_id.removeprefix("dts")).to_json()
    assert "Password-1" not in text
    job = bench.job(instance_id.removeprefix("dts"))
    assert job.source.password_hash
    assert job.target.password_hash


def test_an_instance_is_where_its_region_says(bench: Any, older: Any) -> None:
    instance_id = older.buy(bench, "MIGRATION", Region="cn-beijing")
    assert bench.call("DescribeMigrationJobStatus", MigrationJobId=instance_id).code == (
        "Forbidden.InstanceNotFound"
    )
    older.ok(bench.call("DescribeMigrationJobStatus", MigrationJobId=instance_id, RegionId="cn-beijing"))
    (purchase,) = bench.store.events("purchase")
    assert purchase.region == "cn-beijing"


def test_states_without_a_word_of_their_own(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "MIGRATION")
    job_id = instance_id.removeprefix("dts")
    for given, shown in (
        ({"status": "PreCheckPass"}, "Prechecking"),
        ({"status": "Retrying", "resume": "Migrating"}, "Migrating"),
        ({"status": "Upgrade", "before": "Suspending"}, "Suspending"),
        ({"status": "NotConfigured"}, "NotStarted"),
        ({"status": "MigrationFailed"}, "MigrationFailed"),
    ):
        bench.arrange(job_id, **given)
        assert status(bench, older, instance_id)["MigrationJobStatus"] == shown
