"""Both generations of the API over the same jobs: what one does, the other sees and goes on with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts.api.actions import ACTIONS
from airflow_dts.emulator.jobs import Check, Precheck

RUNNING = {"MIGRATION": "Migrating", "SYNC": "Synchronizing"}


def current(bench: Any, older: Any, action: str, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = older.ok(bench.call(action, **parameters))
    return found


def older_status(bench: Any, older: Any, kind: str, instance_id: str) -> dict[str, Any]:
    action, name = {
        "MIGRATION": ("DescribeMigrationJobStatus", "MigrationJobId"),
        "SYNC": ("DescribeSynchronizationJobStatus", "SynchronizationJobId"),
        "SUBSCRIBE": ("DescribeSubscriptionInstanceStatus", "SubscriptionInstanceId"),
    }[kind]
    found: dict[str, Any] = older.ok(bench.call(action, **{name: instance_id}))
    return found


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_bought_by_the_older_and_run_by_the_current(
    moving: Any, kit: Any, older: Any, databases: Any, kind: str
) -> None:
    instance_id = older.buy(moving, kind)
    job_id = instance_id.removeprefix("dts")
    assert kit.row(moving, job_id)["DtsInstanceID"] == instance_id
    assert kit.row(moving, job_id)["Status"] == "NotConfigured"
    current(moving, older, "ConfigureDtsJob", **kit.configuration(job_id, kind))
    current(moving, older, "StartDtsJob", DtsJobId=job_id)
    older.catches_up(moving, kit, job_id)
    assert databases.equal("orders")
    seen = older_status(moving, older, kind, instance_id)
    assert (seen["TaskId"], seen["SourceEndpoint"]["InstanceId"]) == (job_id, "rm-source")
    current(moving, older, "StopDtsJob", DtsJobId=job_id)
    kit.reaches(moving, job_id, "Finished")
    name = "MigrationJobStatus" if kind == "MIGRATION" else "Status"
    assert older_status(moving, older, kind, instance_id)[name].casefold() == "finished"
    current(moving, older, "DeleteDtsJob", DtsJobId=job_id)
    moving.settle()


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_bought_by_the_current_and_run_by_the_older(
    moving: Any, kit: Any, older: Any, databases: Any, kind: str
) -> None:
    bought = current(moving, older, "CreateDtsInstance", **kit.purchase(kind))
    instance_id, job_id = bought["InstanceId"], bought["JobId"]
    configure, words = {
        "MIGRATION": ("ConfigureMigrationJob", older.migration),
        "SYNC": ("ConfigureSynchronizationJob", older.synchronization),
    }[kind]
    objects = [{"DBName": "shop", "TableIncludes": [{"TableName": "orders", "FilterCondition": "id > 490"}]}]
    older.ok(moving.call(configure, **words(instance_id, objects)))
    start, name = {
        "MIGRATION": ("StartMigrationJob", "MigrationJobId"),
        "SYNC": ("StartSynchronizationJob", "SynchronizationJobId"),
    }[kind]
    older.ok(moving.call(start, **{name: instance_id}))
    older.catches_up(moving, kit, job_id)
    assert [row[0] for row in databases.rows(databases.target, "orders")] == list(range(491, 501))
    row = kit.row(moving, job_id)
    assert row["Status"] == RUNNING[kind]
    assert json.loads(row["DbObject"])["shop"]["Table"]["orders"]["filter"] == "id > 490"
    assert row["MigrationMode"]["DataSynchronization"] is True
    assert (row["SourceEndpoint"]["InstanceID"], row["DestinationEndpoint"]["UserName"]) == (
        "rm-source",
        "writer",
    )
    phase = current(
        moving, older, "DescribePreCheckStatus", DtsJobId=job_id, JobCode="01", StructType="before"
    )
    assert phase["State"] == "Finished"
    wrong = moving.call(
        "ModifyDtsJobPassword",
        DtsJobId=job_id,
        Endpoint="src",
        UserName="reader",
        Password="source-Password-1",
    )
    assert wrong.code == "InvalidParameter"  # the password the older action brought is the present one


def test_a_subscription_of_both(moving: Any, kit: Any, older: Any) -> None:
    instance_id = older.running(moving, kit, "SUBSCRIBE")
    job_id = instance_id.removeprefix("dts")
    detail = current(moving, older, "DescribeDtsJobDetail", DtsJobId=job_id)
    assert (detail["Status"], detail["AppName"], detail["DestNetType"]) == ("Normal", "new", "CLASSIC")
    assert detail["SourceEndpoint"]["InstanceType"] == "RDS"
    group = {
        "ConsumerGroupName": "readers",
        "ConsumerGroupUserName": "reader_1",
        "ConsumerGroupPassword": "Group-Password-1",
    }
    one = current(
        moving, older, "CreateConsumerChannel", DtsInstanceId=instance_id, RegionId=older.region, **group
    )
    other = older.ok(
        moving.call(
            "CreateConsumerGroup", SubscriptionInstanceId=instance_id, **{**group, "ConsumerGroupName": "b"}
        )
    )
    named = older.ok(moving.call("DescribeConsumerGroup", SubscriptionInstanceId=instance_id))
    newer = current(moving, older, "DescribeConsumerChannel", DtsJobId=job_id, RegionId=older.region)
    assert [each["ConsumerGroupID"] for each in named["ConsumerChannels"]["DescribeConsumerChannel"]] == [
        one["ConsumerGroupID"],
        other["ConsumerGroupID"],
    ]
    assert newer["TotalRecordCount"] == 2
    detail = current(moving, older, "DescribeDtsJobDetail", DtsJobId=job_id)
    seen = older_status(moving, older, "SUBSCRIBE", instance_id)
    assert seen["SubscribeTopic"] == detail["SubscribeTopic"]
    current(moving, older, "DeleteDtsJob", DtsJobId=job_id)
    moving.settle()
    assert moving.store.every_job() == []


def test_sizes_have_two_names(bench: Any, kit: Any, older: Any) -> None:
    bought = current(bench, older, "CreateDtsInstance", **kit.purchase("MIGRATION", InstanceClass="xxlarge"))
    assert older_status(bench, older, "MIGRATION", bought["InstanceId"])["MigrationJobClass"] == "2xlarge"
    instance_id = older.buy(bench, "MIGRATION", MigrationJobClass="2xlarge")
    assert kit.row(bench, instance_id.removeprefix("dts"))["DtsJobClass"] == "xxlarge"


@pytest.mark.parametrize(
    ("kind", "newer", "word"),
    [
        ("MIGRATION", "OTHER", "LocalInstance"),
        ("MIGRATION", "PolarDB", "POLARDB"),
        ("MIGRATION", "EXPRESS", "Express"),
        ("SYNC", "PolarDB", "PolarDB"),
        ("SYNC", "DG", "dg"),
        ("SYNC", "EXPRESS", "Express"),
    ],
)
def test_kinds_of_endpoint_have_two_names(
    bench: Any, kit: Any, older: Any, kind: str, newer: str, word: str
) -> None:
    machine = {"SourceEndpointIP": "10.0.0.1", "SourceEndpointPort": "3306"}
    dotted = {"SourceEndpoint.IP": "10.0.0.1", "SourceEndpoint.Port": "3306"}
    job_id = kit.configured(bench, kind, SourceEndpointInstanceType=newer, **machine)
    seen = older_status(bench, older, kind, f"dts{job_id}")["SourceEndpoint"]
    assert (seen["InstanceType"], seen["IP"], seen["Port"]) == (word, "10.0.0.1", "3306")
    instance_id = older.configured(bench, kind, **{"SourceEndpoint.InstanceType": word}, **dotted)
    row = kit.row(bench, instance_id.removeprefix("dts"))
    assert row["SourceEndpoint"]["InstanceType"] == newer


def test_engines_have_two_names(bench: Any, kit: Any, older: Any) -> None:
    schema = [{"DBName": "shop", "SchemaName": "dbo"}]
    instance_id = older.configured(bench, "MIGRATION", schema, **{"SourceEndpoint.EngineName": "SQLServer"})
    assert kit.row(bench, instance_id.removeprefix("dts"))["SourceEndpoint"]["EngineName"] == "MSSQL"
    seen = older_status(bench, older, "MIGRATION", instance_id)
    assert seen["SourceEndpoint"]["EngineName"] == "SQLServer"


def test_an_engine_that_was_bought_stays(bench: Any, kit: Any, older: Any) -> None:
    instance_id = older.buy(bench, "SYNC", **{"SourceEndpoint.InstanceType": "PolarDB"})
    older.ok(bench.call("ConfigureSynchronizationJob", **older.synchronization(instance_id)))
    row = kit.row(bench, instance_id.removeprefix("dts"))
    assert row["SourceEndpoint"]["EngineName"] == "PolarDB"
    assert row["SourceEndpoint"]["Region"] == older.region


def test_objects_that_the_older_form_has_no_words_for(bench: Any, kit: Any, older: Any) -> None:
    objects = {
        "shop": {
            "name": "shop_new",
            "all": False,
            "dml_op": "i,u",
            "Table": {
                "orders": {"name": "orders", "all": True, "ddl_op": "none", "filter": "id > 1"},
                "items": {"name": "items", "all": False, "column": {"id": {"name": "id", "key": "PRI"}}},
            },
        },
        "crm": {"name": "crm", "all": True, "Table": {"people": {"name": "persons", "all": True}}},
    }
    job_id = kit.configured(bench, "MIGRATION", objects)
    seen = older_status(bench, older, "MIGRATION", f"dts{job_id}")
    assert json.loads(seen["MigrationObject"]) == [
        {
            "DBName": "shop",
            "NewDBName": "shop_new",
            "TableIncludes": [
                {"TableName": "orders", "FilterCondition": "id > 1"},
                {"TableName": "items", "ColumnIncludes": [{"ColumnName": "id"}]},
            ],
        },
        {
            "DBName": "crm",
            "AllTable": True,
            "TableIncludes": [{"TableName": "people", "NewTableName": "persons"}],
        },
    ]
    (row,) = older.ok(bench.call("DescribeMigrationJobs"))["MigrationJobs"]["MigrationJob"]
    assert [
        (each["DatabaseName"], each["WholeDatabase"], each["TableList"]["Table"])
        for each in row["MigrationObject"]["SynchronousObject"]
    ] == [("shop", False, ["orders", "items"]), ("crm", True, [])]


def test_tags_and_alarms_are_the_jobs(bench: Any, kit: Any, older: Any) -> None:
    job_id = kit.configured(
        bench, "MIGRATION", DelayNotice="true", DelayRuleTime="20", DelayPhone="13612340000"
    )
    alarms = older.ok(bench.call("DescribeMigrationJobAlert", MigrationJobId=f"dts{job_id}"))
    assert (alarms["DelayAlertStatus"], alarms["DelayOverSeconds"]) == ("enable", "20")
    older.ok(
        bench.call(
            "TagResources",
            RegionId=older.region,
            ResourceType="ALIYUN::DTS::INSTANCE",
            **{"ResourceId.1": f"dts{job_id}", "Tag.1.Key": "team", "Tag.1.Value": "shop"},
        )
    )
    assert kit.row(bench, job_id)["TagList"] == [{"TagKey": "team", "TagValue": "shop"}]


def test_what_the_current_api_changes_supersedes_what_was_left_out(
    moving: Any, kit: Any, older: Any, databases: Any
) -> None:
    databases.fill("tmp_orders", 5)
    instance_id = older.running(
        moving, kit, "SYNC", [{"DBName": "shop", "TableExcludes": [{"TableName": "tmp.*"}]}]
    )
    current(
        moving,
        older,
        "ModifyDtsJob",
        DtsInstanceId=instance_id,
        DbList=json.dumps({"shop": {"name": "shop", "all": True}}),
    )
    older.passes(moving, kit, lambda: databases.equal("tmp_orders"))
    (database,) = older_status(moving, older, "SYNC", instance_id)["SynchronizationObjects"]
    assert (database["TableIncludes"], database["TableExcludes"]) == ([], [])


def test_an_upgrade_by_the_current_api_gives_the_older_one_two_directions(
    moving: Any, kit: Any, older: Any
) -> None:
    instance_id = older.running(moving, kit, "SYNC")
    current(moving, older, "UpgradeTwoWay", InstanceId=instance_id, InstanceClass="large")
    found = moving.call("DescribeSynchronizationJobs").body
    assert [each["SynchronizationDirection"] for each in found["SynchronizationInstances"]] == [
        "Forward",
        "Reverse",
    ]
    configuration = older.synchronization(instance_id, SynchronizationDirection="Reverse")
    configuration["SourceEndpoint.InstanceId"] = "rm-target"
    configuration["DestinationEndpoint.InstanceId"] = "rm-source"
    older.ok(moving.call("ConfigureSynchronizationJob", **configuration))


def test_items_muted_by_either(bench: Any, kit: Any, older: Any) -> None:
    job_id = kit.configured(bench, "MIGRATION")
    items = [Check(name, "Failed", can_skip=True) for name in ("CHECK_SRC", "CHECK_SAME_OBJ")]
    bench.arrange(job_id, precheck=Precheck("p", 1.0, 2.0, items), status="PrecheckFailed")
    current(
        bench,
        older,
        "SkipPreCheck",
        DtsJobId=job_id,
        JobId="p",
        Skip="true",
        SkipPreCheckItems="CHECK_SRC",
        SkipPreCheckNames="CHECK_SRC_DETAIL",
    )
    both = {"DtsInstanceId": f"dts{job_id}", "PrecheckItems": "CHECK_SRC,CHECK_SAME_OBJ"}
    older.ok(bench.call("ShieldPrecheck", **both))
    assert bench.job(job_id).skipped == ["CHECK_SRC", "CHECK_SAME_OBJ"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("DescribeMigrationJobs", {}),
        ("DescribeMigrationJobStatus", {"MigrationJobId": "MIGRATION"}),
        ("DescribeSynchronizationJobs", {}),
        ("DescribeSynchronizationJobStatus", {"SynchronizationJobId": "SYNC"}),
        ("DescribeSubscriptionInstances", {}),
    ],
)
def test_xml_says_the_same(bench: Any, kit: Any, older: Any, action: str, parameters: dict[str, str]) -> None:
    ids = {kind: older.configured(bench, kind) for kind in ("MIGRATION", "SYNC", "SUBSCRIBE")}
    for instance_id in ids.values():
        bench.arrange(instance_id.removeprefix("dts"), tags={"team": "shop", "stage": ""})
    asked = {name: ids[kind] for name, kind in parameters.items()}
    json_text, xml_text = (
        bench.send(kit.signed(action, asked, at=bench.clock.now(), form=form)).text
        for form in ("JSON", "XML")
    )
    said, written = ACTIONS[action].parse_reply(json_text), ACTIONS[action].parse_xml(xml_text)
    left, right = (reply.model_dump(exclude={"request_id"}) for reply in (said, written))
    assert left == right
