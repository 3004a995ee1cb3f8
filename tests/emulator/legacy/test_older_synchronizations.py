"""Synchronizations by the older actions alone."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from typing import Any

import pytest


def status(bench: Any, older: Any, instance_id: str, **more: str) -> dict[str, Any]:
    found: dict[str, Any] = older.ok(
        bench.call("DescribeSynchronizationJobStatus", SynchronizationJobId=instance_id, **more)
    )
    return found


def rows(bench: Any, **asked: str) -> list[dict[str, Any]]:
    answer = bench.call("DescribeSynchronizationJobs", **asked)
    assert answer.status == 200, answer.text
    # The page has neither Success nor an error.
    assert set(answer.body) == {
        "RequestId", "PageNumber", "PageRecordCount", "TotalRecordCount", "SynchronizationInstances",
    }  # fmt: skip
    found: list[dict[str, Any]] = answer.body["SynchronizationInstances"]
    return found


def row(bench: Any, **asked: str) -> dict[str, Any]:
    (found,) = rows(bench, **asked)
    return found


def test_a_whole_life(moving: Any, kit: Any, older: Any, databases: Any) -> None:
    databases.fill("customers", 20)
    instance_id = older.buy(moving, "SYNC")
    job_id = instance_id.removeprefix("dts")
    assert row(moving)["Status"] == "NotStarted"
    configuration = older.synchronization(
        instance_id, [{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}]
    )
    del configuration["MigrationReserved"]
    older.ok(moving.call("ConfigureSynchronizationJob", **configuration))
    older.catches_up(moving, kit, job_id)
    assert databases.equal("orders")
    assert databases.rows(databases.target, "customers") == []

    changed = older.ok(
        moving.call(
            "ModifySynchronizationObject",
            SynchronizationJobId=instance_id,
            SynchronizationObjects='[{"DBName":"shop"}]',
        )
    )
    asked = {"TaskId": changed["TaskId"]}
    under_way = older.ok(moving.call("DescribeSynchronizationObjectModifyStatus", **asked))
    assert under_way["Status"] == "Migrating"
    assert status(moving, older, instance_id)["Status"] == "modifying"
    older.passes(
        moving,
        kit,
        lambda: (
            moving.call("DescribeSynchronizationObjectModifyStatus", **asked).body["Status"] == "Finished"
        ),
    )
    older.passes(moving, kit, lambda: databases.equal("customers"))
    done = older.ok(moving.call("DescribeSynchronizationObjectModifyStatus", **asked))
    assert done["ErrorMessage"] == ""
    assert (done["PrecheckStatus"]["Status"], done["PrecheckStatus"]["Percent"]) == ("Finished", "100")
    assert {item["CheckStatus"] for item in done["PrecheckStatus"]["Detail"]} == {"Success"}
    assert done["StructureInitializationStatus"]["Progress"] == "2"
    assert done["DataInitializationStatus"]["Progress"] == "520"
    assert done["DataSynchronizationStatus"]["Delay"] == "0"

    older.ok(moving.call("SuspendSynchronizationJob", SynchronizationJobId=instance_id))
    kit.reaches(moving, job_id, "Suspending")
    databases.fill("orders", 5)
    assert status(moving, older, instance_id)["Status"] == "suspending"
    older.ok(moving.call("StartSynchronizationJob", SynchronizationJobId=instance_id))
    older.passes(moving, kit, lambda: databases.equal("orders"))

    older.ok(moving.call("ResetSynchronizationJob", SynchronizationJobId=instance_id))
    kit.reaches(moving, job_id, "NotConfigured")
    assert databases.traces() == []
    assert status(moving, older, instance_id)["Status"] == "notStarted"
    assert moving.call("DescribeSynchronizationObjectModifyStatus", **asked).code == "InvalidParameter"
    assert moving.call("StartSynchronizationJob", SynchronizationJobId=instance_id).code == "OperationDenied"

    older.ok(moving.call("DeleteSynchronizationJob", SynchronizationJobId=instance_id))
    older.passes(moving, kit, lambda: row(moving)["Status"] == "Finished")
    assert status(moving, older, instance_id)["Status"] == "finished"
    assert moving.call("StartSynchronizationJob", SynchronizationJobId=instance_id).code == (
        "Forbidden.InstanceNotFound"
    )


def test_what_the_readings_tell(moving: Any, kit: Any, older: Any) -> None:
    objects = [{"DBName": "shop", "NewDBName": "shop_new", "TableIncludes": [{"TableName": "orders"}]}]
    instance_id = older.running(moving, kit, "SYNC", objects)
    seen = status(moving, older, instance_id)
    listed = row(moving)
    for name, value in {
        "SynchronizationJobId": instance_id,
        "SynchronizationJobName": "shop, mirrored",
        "SynchronizationJobClass": "large",
        "SynchronizationDirection": "Forward",
        "PayType": "PostPaid",
        "Delay": "0",
        "ErrorMessage": "",
        "StructureInitialization": True,
        "DataInitialization": True,
        "SynchronizationObjects": [
            {
                "SchemaName": "shop",
                "NewSchemaName": "shop_new",
                "TableIncludes": [{"TableName": "orders"}],
                "TableExcludes": [],
            }
        ],
        "SourceEndpoint": {
            "InstanceType": "RDS",
            "InstanceId": "rm-source",
            "EngineName": "MySQL",
            "IP": "",
            "UserName": "reader",
        },
    }.items():
        assert seen[name] == listed[name] == value, name
    assert (seen["Status"], listed["Status"]) == ("synchronizing", "Synchronizing")
    assert seen["TaskId"] == instance_id.removeprefix("dts")
    assert seen["DelayMillis"] == 0
    assert int(seen["Checkpoint"]) > 1_600_000_000
    increments = seen["DataSynchronizationStatus"]
    assert (increments["Status"], increments["DelayMillis"]) == ("Migrating", 0)
    assert increments["Checkpoint"] == seen["Checkpoint"]
    assert seen["PrecheckStatus"]["Status"] == "Success"
    assert "CHECK_CONN_SRC" in [item["ItemName"] for item in seen["PrecheckStatus"]["Detail"]]
    for each in (seen, listed):
        assert each["DataInitializationStatus"]["Progress"] == "500"
        assert float(each["Performance"]["RPS"]) >= 0
        assert float(each["Performance"]["FLOW"]) >= 0
        assert "ExpireTime" not in each
    # The listing tells the same instant three times, once in Beijing's time.
    beijing = datetime.fromisoformat(listed["CreateTime"].removesuffix(".0") + "+08:00")
    assert beijing == datetime.fromisoformat(listed["JobCreateTime"])
    assert listed["InstanceCreateTime"] <= listed["JobCreateTime"]

    found = older.ok(moving.call("DescribeInitializationStatus", SynchronizationJobId=instance_id))
    (table,) = found["StructureInitializationDetails"]
    assert (table["ObjectName"], table["ObjectType"], table["DestinationOwnerDBName"]) == (
        "orders",
        "Table",
        "shop_new",
    )
    (loaded,) = found["DataInitializationDetails"]
    assert (loaded["TotalRowNum"], loaded["FinishRowNum"], loaded["Status"]) == ("500", "500", "Finished")
    (followed,) = found["DataSynchronizationDetails"]
    assert (followed["TableName"], followed["Status"]) == ("orders", "Migrating")
    assert not {"PageNumber", "TotalRecordCount"} & set(found)
    later = older.ok(
        moving.call(
            "DescribeInitializationStatus", SynchronizationJobId=instance_id, PageNum="2", PageSize="1"
        )
    )
    assert later["DataInitializationDetails"] == []


def test_many_at_once(bench: Any, older: Any) -> None:
    one, other = (older.configured(bench, "SYNC") for _ in range(2))
    bench.arrange(one.removeprefix("dts"), status="Initializing")
    asked = json.dumps([other, one])
    found = older.ok(
        bench.call("DescribeSynchronizationJobStatusList", SynchronizationJobIdListJsonStr=asked)
    )
    assert (found["PageNumber"], found["PageRecordCount"], found["TotalRecordCount"]) == (1, 2, 2)
    assert found["SynchronizationJobListStatusList"] == [
        {
            "SynchronizationJobId": instance_id,
            "SynchronizationDirectionInfoList": [
                {"SynchronizationDirection": "Forward", "Status": state, "Checkpoint": "0"}
            ],
        }
        for instance_id, state in ((other, "NotStarted"), (one, "Initializing"))
    ]
    # The same state, as the other two spell it.
    assert status(bench, older, one)["Status"] == "initializating"
    assert [each["Status"] for each in rows(bench)] == ["Initializating", "NotStarted"]
    unknown = json.dumps([one, "dtsnobody"])
    answer = bench.call("DescribeSynchronizationJobStatusList", SynchronizationJobIdListJsonStr=unknown)
    assert answer.code == "Forbidden.InstanceNotFound"


def test_both_directions_of_a_two_way_one(bench: Any, older: Any) -> None:
    instance_id = older.buy(bench, "SYNC", Topology="bidirectional")
    early = older.synchronization(instance_id, SynchronizationDirection="Reverse")
    assert bench.call("ConfigureSynchronizationJob", **early).code == "OperationDenied"
    older.ok(bench.call("ConfigureSynchronizationJob", **older.synchronization(instance_id)))
    back = {
        **early,
        "SynchronizationJobName": "the way back",
        "SourceEndpoint.InstanceId": "rm-target",
        "DestinationEndpoint.InstanceId": "rm-source",
    }
    older.ok(bench.call("ConfigureSynchronizationJob", **back))
    found = rows(bench)
    assert [(each["SynchronizationJobId"], each["SynchronizationDirection"]) for each in found] == [
        (instance_id, "Forward"),
        (instance_id, "Reverse"),
    ]
    assert [each["SourceEndpoint"]["InstanceId"] for each in found] == ["rm-source", "rm-target"]
    assert [each["SynchronizationDirection"] for each in rows(bench, SynchronizationJobName="BACK")] == [
        "Reverse"
    ]
    forward = status(bench, older, instance_id)
    reverse = status(bench, older, instance_id, SynchronizationDirection="Reverse")
    assert (forward["SynchronizationDirection"], reverse["SynchronizationDirection"]) == (
        "Forward",
        "Reverse",
    )
    assert forward["TaskId"] == instance_id.removeprefix("dts") != reverse["TaskId"]
    asked = json.dumps([instance_id])
    many = older.ok(bench.call("DescribeSynchronizationJobStatusList", SynchronizationJobIdListJsonStr=asked))
    (only,) = many["SynchronizationJobListStatusList"]
    assert [each["SynchronizationDirection"] for each in only["SynchronizationDirectionInfoList"]] == [
        "Forward",
        "Reverse",
    ]
    switch = {"SynchronizationJobId": instance_id, "SynchronizationDirection": "Reverse"}
    older.ok(
        bench.call(
            "ConfigureSynchronizationJobReplicatorCompare",
            SynchronizationReplicatorCompareEnable="true",
            **switch,
        )
    )
    for direction, on in (("Reverse", True), ("Forward", False)):
        read = older.ok(
            bench.call(
                "DescribeSynchronizationJobReplicatorCompare",
                SynchronizationJobId=instance_id,
                SynchronizationDirection=direction,
            )
        )
        assert read["SynchronizationReplicatorCompareEnable"] is on
    older.ok(bench.call("DeleteSynchronizationJob", SynchronizationJobId=instance_id))
    bench.settle()
    assert {each["Status"] for each in rows(bench)} == {"Finished"}


def test_a_direction_only_two_way_ones_have(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "SYNC")
    for action in (
        "StartSynchronizationJob",
        "SuspendSynchronizationJob",
        "ResetSynchronizationJob",
        "DescribeSynchronizationJobStatus",
    ):
        answer = bench.call(action, SynchronizationJobId=instance_id, SynchronizationDirection="Reverse")
        assert answer.code == "InvalidParameter", action


def test_the_switch_for_whole_rows(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "SYNC")
    name = "SynchronizationReplicatorCompareEnable"

    def on() -> object:
        read = bench.call("DescribeSynchronizationJobReplicatorCompare", SynchronizationJobId=instance_id)
        return older.ok(read)[name]

    def turn(**given: str) -> str:
        answer = bench.call(
            "ConfigureSynchronizationJobReplicatorCompare", SynchronizationJobId=instance_id, **given
        )
        return str(answer.code)

    assert on() is False
    assert turn() == "MissingParameter"
    assert turn(**{name: "true"}, ClientToken="a") == "OK"
    assert turn(**{name: "false"}) == "OK"
    assert turn(**{name: "true"}, ClientToken="a") == "OK"
    assert on() is False  # the repeated call is answered, not served
    assert turn(**{name: "false"}, ClientToken="a") == "InvalidParameter"


def test_objects_of_a_job_that_is_not_started(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "SYNC")
    changed = older.ok(
        bench.call(
            "ModifySynchronizationObject",
            SynchronizationJobId=instance_id,
            SynchronizationObjects='[{"DBName":"crm"}]',
        )
    )
    read = older.ok(bench.call("DescribeSynchronizationObjectModifyStatus", TaskId=changed["TaskId"]))
    assert read["Status"] == "Finished"
    seen = status(bench, older, instance_id)
    assert seen["Status"] == "notStarted"
    assert [each["SchemaName"] for each in seen["SynchronizationObjects"]] == ["crm"]
    bench.arrange(instance_id.removeprefix("dts"), status="Initializing")
    late = bench.call(
        "ModifySynchronizationObject",
        SynchronizationJobId=instance_id,
        SynchronizationObjects='[{"DBName":"shop"}]',
    )
    assert late.code == "DTS.Msg.ModifyDenied.JobStatusNotRunning"
    assert [each["SchemaName"] for each in status(bench, older, instance_id)["SynchronizationObjects"]] == [
        "crm"
    ]


def test_a_change_that_fails_says_why(moving: Any, kit: Any, older: Any) -> None:
    instance_id = older.running(moving, kit, "SYNC")

    def change(objects: str) -> str:
        answer = moving.call(
            "ModifySynchronizationObject",
            SynchronizationJobId=instance_id,
            SynchronizationObjects=objects,
        )
        return str(older.ok(answer)["TaskId"])

    def read(task_id: str) -> tuple[str, str]:
        found = older.ok(moving.call("DescribeSynchronizationObjectModifyStatus", TaskId=task_id))
        return found["Status"], found["ErrorMessage"]

    bad = change('[{"DBName":"shop","TableIncludes":[{"TableName":"nothing"}]}]')
    older.passes(moving, kit, lambda: read(bad)[0] == "Failed")
    assert "nothing" in read(bad)[1]
    assert status(moving, older, instance_id)["Status"] == "failed"
    good = change('[{"DBName":"shop"}]')
    older.passes(moving, kit, lambda: read(good) == ("Finished", ""))
    assert read(bad)[0] == "Failed"
    assert "nothing" in read(bad)[1]


@pytest.mark.parametrize(
    "objects",
    [
        [{"DBName": "shop", "TableExcludes": [{"TableName": "tmp.*"}]}],
        [{"DBName": "sho.", "TableExcludes": [{"TableName": "tmp.*"}]}],
    ],
)
def test_tables_that_are_left_out(
    moving: Any, kit: Any, older: Any, databases: Any, objects: list[dict[str, Any]]
) -> None:
    databases.fill("tmp_orders", 5)
    instance_id = older.running(moving, kit, "SYNC", objects)
    assert databases.equal("orders")
    assert databases.rows(databases.target, "tmp_orders") == []
    (database,) = status(moving, older, instance_id)["SynchronizationObjects"]
    assert database["TableExcludes"] == [{"TableName": "tmp.*"}]
    assert database["TableIncludes"] == [{"TableName": "orders"}]
    # What was left out is no part of what the current API is told.
    detail = moving.call("DescribeDtsJobDetail", DtsJobId=instance_id.removeprefix("dts")).body
    assert set(json.loads(detail["DbObject"])["shop"]) == {"name", "all", "Table", "state"}


def test_columns_that_are_left_out(moving: Any, kit: Any, older: Any, databases: Any) -> None:
    table = {"TableName": "orders", "ColumnExcludes": [{"ColumnName": "v"}]}
    older.running(moving, kit, "SYNC", [{"DBName": "shop", "TableIncludes": [table]}])
    assert databases.rows(databases.target, "orders") == [(number,) for number in range(1, 501)]


def test_leaving_out_takes_a_look_at_the_source(bench: Any, older: Any) -> None:
    instance_id = older.buy(bench, "SYNC")
    objects = [{"DBName": "shop", "TableExcludes": [{"TableName": "tmp.*"}]}]
    answer = bench.call("ConfigureSynchronizationJob", **older.synchronization(instance_id, objects))
    assert answer.code == "InvalidParameter"
    assert "--bind rm-source=" in answer.body["ErrMessage"]
    assert bench.job(instance_id.removeprefix("dts")).status == "NotConfigured"


def test_prepaid_ones_end_and_are_not_released(bench: Any, older: Any) -> None:
    instance_id = older.buy(bench, "SYNC", PayType="prepaid", Period="Month", UsedTime="2")
    listed = row(bench)
    assert listed["PayType"] == "PrePaid"
    bought, ends = (datetime.fromisoformat(listed[name]) for name in ("InstanceCreateTime", "ExpireTime"))
    assert (ends - bought).days == 60
    released = bench.call("DeleteSynchronizationJob", SynchronizationJobId=instance_id)
    assert released.code == "OperationDenied"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"RegionId": "cn-beijing"}, "InvalidParameter"),
        ({"PayType": "PrePaid"}, "InvalidParameter"),
        ({"SourceEndpoint.InstanceType": "DRDS"}, "InvalidParameter"),
        ({"networkType": "Internet"}, "InvalidParameter"),
    ],
)
def test_what_cannot_be_bought(bench: Any, changed: dict[str, str], code: str) -> None:
    wanted = {
        "SynchronizationJobClass": "large",
        "SourceRegion": "cn-hangzhou",
        "DestRegion": "cn-hangzhou",
        "PayType": "PostPaid",
    }
    assert bench.call("CreateSynchronizationJob", **{**wanted, **changed}).code == code
    assert bench.store.events("purchase") == []


def test_a_synchronization_that_starts_by_itself_loads_nothing_it_was_not_told_to(
    moving: Any, kit: Any, older: Any, databases: Any
) -> None:
    instance_id = older.buy(moving, "SYNC")
    shutil.copy(databases.source / "shop.db", databases.target / "shop.db")
    configuration = older.synchronization(
        instance_id, StructureInitialization="false", DataInitialization="false"
    )
    configuration["MigrationReserved"] = '{"targetTableMode":2}'
    older.ok(moving.call("ConfigureSynchronizationJob", **configuration))
    older.catches_up(moving, kit, instance_id.removeprefix("dts"))
    seen = status(moving, older, instance_id)
    assert not {"StructureInitializationStatus", "DataInitializationStatus"} & set(seen)
    assert seen["DataInitialization"] is False
    databases.fill("orders", 2)
    older.passes(moving, kit, lambda: databases.equal("orders"))
