"""The vendor's client drives every older action; what it knows and the emulator could fill is not empty."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.api.actions import ACTIONS
from tests.sdk.completeness import WHEN_WRONG, blanks, rich, wire_names
from tests.sdk.test_vendor_sdk import REGION, StrictClient, config, models, until

pytestmark = pytest.mark.sdk

OLDER = {name for name, action in ACTIONS.items() if action.generation == "legacy"}
INSTANCES = {"RegionId": REGION, "ResourceType": "ALIYUN::DTS::INSTANCE"}
GROUP = {"ConsumerGroupName": "readers", "ConsumerGroupUserName": "reader_1"}
WAITS = '{"autoStartModulesAfterConfig":"none"}'


@pytest.fixture(params=["v2", None], ids=["HMAC-SHA1", "ACS3"])
def client(shop: Any, request: pytest.FixtureRequest) -> Any:
    return StrictClient(config(shop, signature_algorithm=request.param))


@pytest.fixture
def call(client: Any) -> Callable[..., Any]:
    """Calls by wire names, through the SDK's own models of request and reply."""
    methods = {
        name.replace("_", ""): getattr(client, name)
        for name in dir(client)
        if not name.startswith("_") and not name.endswith(("_async", "_options"))
    }

    def send(action: str, **parameters: Any) -> Any:
        asked = nested({"RegionId": REGION, **parameters})
        request = getattr(models, f"{action}Request")().from_map(asked)
        understood = {name: value for name, value in request.to_map().items() if value != []}
        assert understood == asked, f"{action}: the SDK knows not all of {asked}"
        return methods[action.casefold()](request).body

    return send


def nested(parameters: dict[str, Any]) -> dict[str, Any]:
    """``{"A.B": 1}`` as ``{"A": {"B": 1}}``, the way the SDK's requests are built."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = value
        else:
            found[name] = value
    return found


def ends(*, letters: str) -> dict[str, str]:
    return {
        "SourceEndpoint.InstanceType": "RDS",
        f"SourceEndpoint.Instance{letters}": "rm-source",
        "SourceEndpoint.UserName": "reader",
        "SourceEndpoint.Password": "p ä$s+&=%~*'",
        "DestinationEndpoint.InstanceType": "RDS",
        f"DestinationEndpoint.Instance{letters}": "rm-target",
        "DestinationEndpoint.UserName": "writer",
        "DestinationEndpoint.Password": "secret",
    }


def indexed(shop: Any) -> None:
    """Give the table something that belongs to it."""
    with closing(sqlite3.connect(shop.source / "shop.db", timeout=30)) as db, db:
        db.execute("CREATE INDEX by_v ON orders (v)")


def tagged(call: Callable[..., Any], instance_id: str) -> None:
    pairs = [{"Key": "team", "Value": "shop, 搬家"}]
    assert call("TagResources", **INSTANCES, ResourceId=[instance_id], Tag=pairs).success
    listed = call("ListTagResources", **INSTANCES, Tag=[{"Key": "team"}])
    rich(listed)
    (found,) = listed.tag_resources.tag_resource
    assert (found.resource_id, found.tag_key, found.tag_value) == (instance_id, "team", "shop, 搬家")


def alarmed(call: Callable[..., Any], action: str, **which: str) -> None:
    phones = "13612340000,13712340000"
    assert call(
        f"Configure{action}Alert",
        **which,
        DelayAlertStatus="enable",
        DelayOverSeconds="10",
        DelayAlertPhone=phones,
        ErrorAlertStatus="enable",
        ErrorAlertPhone=phones,
    ).success
    found = call(f"Describe{action}Alert", **which)
    assert (found.delay_over_seconds, found.delay_alert_phone) == ("10", phones)
    missing = set(blanks(found)) | {name for name in wire_names(type(found)) if name not in found.to_map()}
    assert missing <= WHEN_WRONG | {"SynchronizationDirection"}


def test_a_migration(call: Callable[..., Any], shop: Any) -> None:
    indexed(shop)
    bought = call("CreateMigrationJob", MigrationJobClass="2xlarge", Region=REGION, ClientToken="intention-1")
    again = call("CreateMigrationJob", MigrationJobClass="2xlarge", Region=REGION, ClientToken="intention-1")
    assert bought.migration_job_id == again.migration_job_id
    which = {"MigrationJobId": bought.migration_job_id}
    configured = call(
        "ConfigureMigrationJob",
        **which,
        **ends(letters="ID"),
        **{
            "MigrationJobName": "the shop, 搬家",
            "MigrationMode.StructureIntialization": True,
            "MigrationMode.DataIntialization": True,
            "MigrationMode.DataSynchronization": True,
            "SourceEndpoint.EngineName": "MySQL",
            "DestinationEndpoint.EngineName": "MySQL",
            "SourceEndpoint.Region": REGION,
            "DestinationEndpoint.Region": REGION,
            "MigrationObject": json.dumps([{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}]),
            "MigrationReserved": WAITS,
        },
    )
    assert configured.success
    tagged(call, bought.migration_job_id)
    alarmed(call, "MigrationJob", **which)
    assert call("StartMigrationJob", **which).success

    def status() -> Any:
        return call("DescribeMigrationJobStatus", **which)

    until(lambda: status().migration_job_status == "Migrating")
    until(lambda: status().data_synchronization_status.status == "Catched")
    rich(status())
    assert status().data_initialization_status.progress == "1000"
    assert status().precheck_status.detail.check_item
    listed = call("DescribeMigrationJobs", MigrationJobName="SHOP", Tag=[{"Key": "team"}])
    rich(listed)
    (row,) = listed.migration_jobs.migration_job
    assert (row.migration_job_id, row.migration_job_class) == (bought.migration_job_id, "2xlarge")
    (tag,) = row.tags.tag
    assert (tag.key, tag.value) == ("team", "shop, 搬家")
    detail = call(
        "DescribeMigrationJobDetail",
        **which,
        **{
            f"MigrationMode.{name}": True
            for name in ("StructureInitialization", "DataInitialization", "DataSynchronization")
        },
    )
    (table,) = detail.data_initialization_detail_list.data_initialization_detail
    assert (table.table_name, table.finish_row_num) == ("orders", "1000")
    rich(detail)

    for action, reached in (("Suspend", "Suspending"), ("Start", "Migrating"), ("Stop", "Finished")):
        assert call(f"{action}MigrationJob", **which).success
        until(lambda reached=reached: status().migration_job_status == reached)
    shop.sell(3)
    assert call("DeleteMigrationJob", **which).success
    with pytest.raises(Exception, match=r"Forbidden\.InstanceNotFound"):
        status()


def test_a_synchronization(call: Callable[..., Any], shop: Any) -> None:
    indexed(shop)
    bought = call(
        "CreateSynchronizationJob",
        SynchronizationJobClass="large",
        SourceRegion=REGION,
        DestRegion=REGION,
        PayType="PostPaid",
        Topology="oneway",
        networkType="Intranet",
        **{"SourceEndpoint.InstanceType": "MySQL", "DestinationEndpoint.InstanceType": "MySQL"},
    )
    which = {"SynchronizationJobId": bought.synchronization_job_id}
    configuration = {
        **which,
        **ends(letters="Id"),
        "SynchronizationJobName": "the shop, 搬家",
        "StructureInitialization": True,
        "DataInitialization": True,
        "SynchronizationObjects": json.dumps([{"DBName": "shop", "TableExcludes": [{"TableName": "t.*"}]}]),
        "MigrationReserved": WAITS,
    }
    assert call("ConfigureSynchronizationJob", **configuration).success
    tagged(call, bought.synchronization_job_id)
    alarmed(call, "SynchronizationJob", **which)
    assert call(
        "ConfigureSynchronizationJobReplicatorCompare", **which, SynchronizationReplicatorCompareEnable=True
    ).success
    compared = call("DescribeSynchronizationJobReplicatorCompare", **which)
    assert compared.synchronization_replicator_compare_enable is True
    assert call("StartSynchronizationJob", **which).success

    def status() -> Any:
        return call("DescribeSynchronizationJobStatus", **which)

    until(lambda: status().status == "synchronizing")
    until(lambda: status().delay == "0")
    rich(status())
    (objects,) = status().synchronization_objects
    assert [table.table_name for table in objects.table_excludes] == ["t.*"]
    listed = call("DescribeSynchronizationJobs", SynchronizationJobName="SHOP", Tag=[{"Key": "team"}])
    rich(listed)
    (row,) = listed.synchronization_instances
    assert (row.synchronization_job_id, row.status) == (bought.synchronization_job_id, "Synchronizing")
    many = call(
        "DescribeSynchronizationJobStatusList",
        SynchronizationJobIdListJsonStr=json.dumps([bought.synchronization_job_id]),
    )
    rich(many)
    found = call("DescribeInitializationStatus", **which)
    (table,) = found.data_initialization_details
    assert (table.table_name, table.finish_row_num) == ("orders", "1000")
    rich(found)

    changed = call("ModifySynchronizationObject", **which, SynchronizationObjects='[{"DBName":"shop"}]')

    def change() -> Any:
        return call("DescribeSynchronizationObjectModifyStatus", TaskId=changed.task_id)

    until(lambda: change().status == "Finished")
    rich(change())
    until(lambda: status().status == "synchronizing")
    switched = call(
        "SwitchSynchronizationEndpoint",
        **which,
        **{
            "Endpoint.Type": "Source",
            "Endpoint.InstanceType": "ECS",
            "Endpoint.InstanceId": "rm-source",
            "Endpoint.Port": "3306",
        },
    )
    until(lambda: call("DescribeEndpointSwitchStatus", TaskId=switched.task_id).status == "Finished")
    assert status().source_endpoint.instance_type == "ECS"
    shop.sell(3)
    until(lambda: shop.equal)

    for action, reached in (
        ("Suspend", "suspending"), ("Start", "synchronizing"), ("Reset", "notStarted"),
    ):  # fmt: skip
        assert call(f"{action}SynchronizationJob", **which).success
        until(lambda reached=reached: status().status == reached)
    until(lambda: status().source_endpoint.instance_id == "")
    assert call("DeleteSynchronizationJob", **which).success
    until(lambda: status().status == "finished")


def test_a_subscription(call: Callable[..., Any]) -> None:
    bought = call("CreateSubscriptionInstance", Region=REGION, PayType="Postpaid")
    which = {"SubscriptionInstanceId": bought.subscription_instance_id}
    configuration = {
        **which,
        "SubscriptionInstanceName": "changes, 搬家",
        "SubscriptionObject": json.dumps([{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}]),
        "SubscriptionDataType.DDL": True,
        "SubscriptionDataType.DML": True,
        "SourceEndpoint.InstanceType": "RDS",
        "SourceEndpoint.InstanceID": "rm-source",
        "SourceEndpoint.UserName": "reader",
        "SourceEndpoint.Password": "secret",
    }
    vpc = {
        "SubscriptionInstanceNetworkType": "vpc",
        "SubscriptionInstance.VPCId": "vpc-1",
        "SubscriptionInstance.VSwitchId": "vsw-1",
    }
    assert call("ConfigureSubscriptionInstance", **configuration, **vpc).success
    tagged(call, bought.subscription_instance_id)
    alarmed(call, "SubscriptionInstance", **which)
    assert call("StartSubscriptionInstance", **which).task_id

    def status() -> Any:
        return call("DescribeSubscriptionInstanceStatus", **which)

    until(lambda: status().status == "Normal")
    group = call("CreateConsumerGroup", **which, **GROUP, ConsumerGroupPassword="Password-1")
    the_group = {**which, "ConsumerGroupID": group.consumer_group_id}
    assert call(
        "ModifyConsumerGroupPassword",
        **the_group,
        ConsumerGroupPassword="Password-1",
        consumerGroupNewPassword="Password-2",
    ).success
    groups = call("DescribeConsumerGroup", **which)
    rich(groups)
    (row,) = groups.consumer_channels.describe_consumer_channel
    assert (row.consumer_group_name, row.message_delay) == ("readers", -1)
    rich(status())
    listed = call("DescribeSubscriptionInstances", SubscriptionInstanceName="CHANGES")
    rich(listed)
    assert call("DeleteConsumerGroup", **the_group).success
    assert call("ModifySubscriptionObject", **which, SubscriptionObject='[{"DBName":"shop"}]').success
    assert call(
        "UntagResources", **INSTANCES, ResourceId=[bought.subscription_instance_id], TagKey=["team"]
    ).success
    assert call("DeleteSubscriptionInstance", **which).success

    old = call("CreateSubscriptionInstance", Region=REGION)
    which = {"SubscriptionInstanceId": old.subscription_instance_id}
    assert call("ConfigureSubscriptionInstance", **{**configuration, **which}).success
    assert call("StartSubscriptionInstance", **which).success
    until(lambda: status_of(call, which).status == "Normal")
    assert call("ModifyConsumptionTimestamp", **which, ConsumptionTimestamp="2024-05-01T08:00:00Z").success
    assert status_of(call, which).consumption_checkpoint == "2024-05-01T08:00:00Z"


def status_of(call: Callable[..., Any], which: dict[str, str]) -> Any:
    return call("DescribeSubscriptionInstanceStatus", **which)


def test_a_failed_precheck_and_the_network(call: Callable[..., Any]) -> None:
    bought = call("CreateMigrationJob", MigrationJobClass="small", Region=REGION)
    which = {"MigrationJobId": bought.migration_job_id}
    call(
        "ConfigureMigrationJob",
        **which,
        **ends(letters="ID"),
        **{
            "MigrationJobName": "nothing to move",
            "MigrationMode.StructureIntialization": True,
            "MigrationMode.DataIntialization": True,
            "MigrationMode.DataSynchronization": False,
            "SourceEndpoint.EngineName": "MySQL",
            "DestinationEndpoint.EngineName": "MySQL",
            "MigrationObject": '[{"DBName":"crm"}]',
        },
    )

    def status() -> Any:
        return call("DescribeMigrationJobStatus", **which)

    until(lambda: status().migration_job_status == "PrecheckFailed")
    failed = [item for item in status().precheck_status.detail.check_item if item.check_status == "Failed"]
    assert [item.item_name for item in failed] == ["CHECK_SRC"]
    assert all(item.error_message and item.repair_method for item in failed)
    shielded = call("ShieldPrecheck", DtsInstanceId=bought.migration_job_id, PrecheckItems="CHECK_SRC")
    assert shielded.success is True

    addresses = call("DescribeDTSIP", SourceEndpointRegion=REGION)
    assert addresses.dynamic_message == "127.0.0.1/32"
    tested = call(
        "DescribeConnectionStatus",
        SourceEndpointInstanceType="RDS",
        SourceEndpointInstanceID="rm-source",
        SourceEndpointEngineName="MySQL",
        DestinationEndpointInstanceType="RDS",
        DestinationEndpointInstanceID="rm-nowhere",
        DestinationEndpointEngineName="MySQL",
    )
    assert tested.source_connection_status["connectRes"] is True
    assert tested.destination_connection_status["connectRes"] is False
    assert "rm-nowhere" in tested.destination_connection_status["connectAdvice"]


def test_every_older_action_is_driven_above() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    named = {name for name in OLDER if f'"{name}"' in text}
    verbs = {
        f"{verb}{kind}"
        for kind, verbs in {
            "MigrationJob": ("Suspend", "Start", "Stop"),
            "SynchronizationJob": ("Suspend", "Start", "Reset"),
        }.items()
        for verb in verbs
    }
    alerts = {name for name in OLDER if name.endswith("Alert")}
    assert named | verbs | alerts == OLDER
