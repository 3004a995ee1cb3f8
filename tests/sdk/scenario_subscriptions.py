"""Subscriptions of both kinds, their consumers, and the network."""

from __future__ import annotations

from typing import Final

from tests.sdk.callers import REGION
from tests.sdk.excuses import (
    BOUGHT_BY_THE_OLDER_API,
    CLIENT_DECIDES,
    HOURLY,
    MOVES_NOTHING,
    OLDER_KIND,
    ONE_WAY,
    RESET,
    WELL,
)
from tests.sdk.readings import row, shows
from tests.sdk.run import Run
from tests.sdk.stage import MIRROR, SOURCE, Stage
from tests.sdk.words import (
    ALARMS,
    ANOTHER_ACCOUNT,
    INSTANCES,
    OLDER_ALARMS,
    TAG,
    bought,
    objects,
    older_end,
    older_objects,
    source,
    target,
)

_KIND: Final = "SUBSCRIBE"
_NEWER: Final = ONE_WAY | HOURLY | MOVES_NOTHING | CLIENT_DECIDES
_OLDER: Final = ONE_WAY | HOURLY | MOVES_NOTHING | OLDER_KIND | BOUGHT_BY_THE_OLDER_API
_GROUP: Final = {
    "ConsumerGroupName": "订阅组A",
    "ConsumerGroupUserName": "dtstest",
    "ConsumerGroupPassword": "Test123456",
}


def newer(run: Run, stage: Stage) -> None:
    """One of the newer kind, of a distributed source, with groups made by both generations."""
    new = bought(run, _KIND, DatabaseCount=2, SourceEndpointEngineName="DRDS")
    job_id, instance_id = new["JobId"], new["InstanceId"]
    one, older = {"DtsJobId": job_id}, {"SubscriptionInstanceId": instance_id}
    where = {**one, "RegionId": REGION}
    run(
        "ConfigureSubscription",
        {
            **where,
            **source(SourceEndpointInstanceType="DRDS", SourceEndpointEngineName="MySQL"),
            **ALARMS,
            "DtsJobName": "a subscription",
            "DbList": objects("orders"),
            "Checkpoint": "1700000000",
            "SubscriptionInstanceNetworkType": "classic",
        },
    )
    run("TagResources", {**INSTANCES, "ResourceId": [instance_id], "Tag": [TAG]})
    run("StartDtsJob", one)
    row(run, _KIND, instance_id, _NEWER | WELL, shows("Normal"))

    made = run("CreateConsumerChannel", {**where, **_GROUP})
    group = {**where, "ConsumerGroupId": made["ConsumerGroupID"]}
    run("DescribeConsumerChannel", where)
    run("ModifyConsumerChannel", {**group, "ConsumerGroupName": "B"})
    run("CreateConsumerGroup", {**older, **_GROUP, "ConsumerGroupName": "C"})
    groups = run("DescribeConsumerGroup", older)
    second = groups["ConsumerChannels"]["DescribeConsumerChannel"][1]
    the_second = {**older, "ConsumerGroupID": second["ConsumerGroupID"]}
    detail = run("DescribeDtsJobDetail", one, _NEWER | WELL)
    asked = {
        "Sid": made["ConsumerGroupID"],
        "DtsInstanceId": instance_id,
        "Topics": [detail["SubscribeTopic"]],
    }
    run("DescribeSubscriptionMeta", asked)
    passwords = {"ConsumerGroupPassword": "Test123456", "consumerGroupNewPassword": "Test654321"}
    run("ModifyConsumerGroupPassword", {**the_second, **passwords})
    run("DescribeSubscriptionInstanceStatus", older, _NEWER | WELL)
    run(
        "DescribeSubscriptionInstances",
        {"SubscriptionInstanceName": "subscription", "Tag": [TAG]},
        _NEWER | WELL,
    )

    ddl = {"SubscriptionDataTypeDDL": False, "SubscriptionDataTypeDML": True}
    run(
        "ModifySubscription",
        {**one, "DtsInstanceId": instance_id, "DbList": objects("orders", "customers"), **ddl},
    )
    run("DeleteConsumerGroup", the_second)
    run("DeleteConsumerChannel", group)
    run("ResetDtsJob", one)
    row(run, _KIND, instance_id, _NEWER | OLDER_KIND | RESET, shows("NotConfigured"))
    run("DeleteDtsJobs", {"DtsJobIds": job_id})


def older(run: Run, stage: Stage) -> None:
    """One of the older kind, which the older API alone can make."""
    new = run(
        "CreateSubscriptionInstance",
        {"Region": REGION, "PayType": "Postpaid", "SourceEndpoint.InstanceType": "MySQL"},
    )
    one = {"SubscriptionInstanceId": new["SubscriptionInstanceId"]}
    run(
        "ConfigureSubscriptionInstance",
        {
            **one,
            **older_end("Source", SOURCE, "RDS", DatabaseName="shop", OracleSID="orcl", **ANOTHER_ACCOUNT),
            "SubscriptionInstanceName": "another subscription",
            "SubscriptionObject": older_objects("nowhere"),
            "SubscriptionDataType.DDL": True,
            "SubscriptionDataType.DML": True,
        },
    )
    run("ConfigureSubscriptionInstanceAlert", {**one, **OLDER_ALARMS})
    run("DescribeSubscriptionInstanceAlert", one)
    run("TagResources", {**INSTANCES, "ResourceId": [new["SubscriptionInstanceId"]], "Tag": [TAG]})
    run("StartSubscriptionInstance", one)
    listed = {"SubscriptionInstanceName": "another"}
    failed = {"until": lambda reply: reply["Status"] == "PrecheckFailed"}
    run("DescribeSubscriptionInstanceStatus", one, OLDER_KIND | CLIENT_DECIDES, **failed)
    run("DescribeSubscriptionInstances", listed, OLDER_KIND | CLIENT_DECIDES)
    run("ModifySubscriptionObject", {**one, "SubscriptionObject": older_objects("orders")})
    run("StartSubscriptionInstance", one)
    normal = {"until": lambda reply: reply["Status"] == "Normal"}
    run("DescribeSubscriptionInstanceStatus", one, OLDER_KIND | CLIENT_DECIDES | WELL, **normal)
    run("ModifyConsumptionTimestamp", {**one, "ConsumptionTimestamp": "2026-01-01T00:00:00Z"})
    run("DescribeSubscriptionInstanceStatus", one, OLDER_KIND | WELL)
    run("DescribeSubscriptionInstances", listed, OLDER_KIND | WELL)
    row(run, _KIND, new["SubscriptionInstanceId"], _OLDER | WELL)
    run("SuspendDtsJob", {"DtsJobId": new["SubscriptionInstanceId"].removeprefix("dts")})
    run("DeleteSubscriptionInstance", one)


def network(run: Run, stage: Stage) -> None:
    """Where the service calls from, and whether it gets through."""
    run("WhiteIpList", {"Region": REGION, "DestinationRegion": REGION, "Type": "vpc"})
    run("DescribeDTSIP", {"SourceEndpointRegion": REGION, "DestinationEndpointRegion": REGION})
    oracle = {"InstanceType": "LocalInstance", "EngineName": "Oracle", "Architecture": "SID"}
    ends = {
        **source(),
        **target(MIRROR, DestinationEndpointDatabaseName="shop"),
        **{
            f"{side}Endpoint{name}": said
            for side in ("Source", "Destination")
            for name, said in oracle.items()
        },
    }
    for name in ("SourceEndpointOwnerID", "SourceEndpointRole", "DestinationEndpointDataBaseName"):
        del ends[name]
    run("DescribeConnectionStatus", ends, {"*connectAdvice"})
    nowhere = {"IP": "10.9.9.9", "InstanceID": "rm-nowhere"}
    lost = {
        f"{side}Endpoint{name}": said for side in ("Source", "Destination") for name, said in nowhere.items()
    }
    run("DescribeConnectionStatus", {**ends, **lost})
