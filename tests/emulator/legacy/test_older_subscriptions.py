"""Subscriptions by the older actions alone."""

from __future__ import annotations

from typing import Any

import pytest


def status(bench: Any, older: Any, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = older.ok(
        bench.call("DescribeSubscriptionInstanceStatus", SubscriptionInstanceId=instance_id)
    )
    return found


def row(bench: Any, older: Any) -> dict[str, Any]:
    (found,) = older.ok(bench.call("DescribeSubscriptionInstances"))["SubscriptionInstances"][
        "SubscriptionInstance"
    ]
    return dict(found)


def group_of(instance_id: str, **changed: str) -> dict[str, str]:
    return {
        "SubscriptionInstanceId": instance_id,
        "ConsumerGroupName": "readers",
        "ConsumerGroupUserName": "reader_1",
        "ConsumerGroupPassword": "Group-Password-1",
        **changed,
    }


def test_a_whole_life(moving: Any, kit: Any, older: Any) -> None:
    instance_id = older.configured(
        moving,
        "SUBSCRIBE",
        [{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}],
        **{"SubscriptionDataType.DDL": "false"},
    )
    job_id = instance_id.removeprefix("dts")
    assert status(moving, older, instance_id)["Status"] == "NotStarted"
    started = older.ok(moving.call("StartSubscriptionInstance", SubscriptionInstanceId=instance_id))
    assert started["TaskId"] == job_id
    assert status(moving, older, instance_id)["Status"] == "Prechecking"
    kit.reaches(moving, job_id, "Normal")

    seen, listed = status(moving, older, instance_id), row(moving, older)
    for name, value in {
        "SubscriptionInstanceID": instance_id,
        "SubscriptionInstanceName": "changes of the shop",
        "Status": "Normal",
        "ErrorMessage": "",
        "PayType": "PostPaid",
        "SubscriptionDataType": {"DDL": False, "DML": True},
        "SubscriptionObject": {
            "SynchronousObject": [
                {"DatabaseName": "shop", "WholeDatabase": False, "TableList": {"Table": ["orders"]}}
            ]
        },
        "SourceEndpoint": {"InstanceID": "rm-source", "InstanceType": "RDS"},
    }.items():
        assert seen[name] == listed[name] == value, name
    assert seen["TaskId"] == job_id
    assert listed["InstanceCreateTime"].endswith("Z")
    assert listed["Tags"] == {"Tag": []}
    assert "SubscribeTopic" not in seen  # nobody can read before there is a consumer group

    older.ok(
        moving.call(
            "ModifySubscriptionObject",
            SubscriptionInstanceId=instance_id,
            SubscriptionObject='[{"DBName":"shop"}]',
        )
    )
    (database,) = status(moving, older, instance_id)["SubscriptionObject"]["SynchronousObject"]
    assert (database["WholeDatabase"], database["TableList"]) == (True, {"Table": []})
    assert status(moving, older, instance_id)["Status"] == "Normal"

    older.ok(moving.call("DeleteSubscriptionInstance", SubscriptionInstanceId=instance_id))
    moving.settle()
    assert moving.call("DescribeSubscriptionInstanceStatus", SubscriptionInstanceId=instance_id).code == (
        "Forbidden.InstanceNotFound"
    )


def test_objects_of_one_that_is_not_running(bench: Any, older: Any) -> None:
    instance_id = older.configured(bench, "SUBSCRIBE")
    job_id = instance_id.removeprefix("dts")
    change = {"SubscriptionInstanceId": instance_id, "SubscriptionObject": '[{"DBName":"crm"}]'}
    for state in ("NotStarted", "PrecheckFailed"):
        bench.arrange(job_id, status=state)
        older.ok(bench.call("ModifySubscriptionObject", **change))
        assert bench.job(job_id).status == state  # it is not started by that
        assert [*bench.job(job_id).objects] == ["crm"]
    for state in ("NotConfigured", "Prechecking", "Abnormal"):
        bench.arrange(job_id, status=state)
        assert bench.call("ModifySubscriptionObject", **change).code != "OK", state


def test_consumer_groups(moving: Any, kit: Any, older: Any) -> None:
    instance_id = older.running(moving, kit, "SUBSCRIBE")
    group_id = older.ok(moving.call("CreateConsumerGroup", **group_of(instance_id)))["ConsumerGroupID"]
    assert status(moving, older, instance_id)["SubscribeTopic"] == "cn_hangzhou_rm_source_reader_version2"
    listed = older.ok(moving.call("DescribeConsumerGroup", SubscriptionInstanceId=instance_id))
    assert (listed["PageNumber"], listed["PageRecordCount"], listed["TotalRecordCount"]) == (1, 30, 1)
    assert listed["ConsumerChannels"]["DescribeConsumerChannel"] == [
        {
            "ConsumerGroupID": group_id,
            "ConsumerGroupName": "readers",
            "ConsumerGroupUserName": "reader_1",
            "MessageDelay": -1,
            "UnconsumedData": -1,
        }
    ]
    change = {
        "SubscriptionInstanceId": instance_id,
        "ConsumerGroupID": group_id,
        "ConsumerGroupPassword": "Group-Password-1",
        "consumerGroupNewPassword": "Group-Password-2",
    }
    wrong = moving.call("ModifyConsumerGroupPassword", **{**change, "ConsumerGroupPassword": "other"})
    assert wrong.code == "InvalidParameter"
    assert "Group-Password" not in wrong.text
    misnamed = moving.call("ModifyConsumerGroupPassword", **change, ConsumerGroupName="others")
    assert misnamed.code == "InvalidParameter"
    older.ok(moving.call("ModifyConsumerGroupPassword", **change, ConsumerGroupName="readers"))
    assert moving.call("ModifyConsumerGroupPassword", **change).code == "InvalidParameter"
    older.ok(moving.call("DeleteConsumerGroup", SubscriptionInstanceId=instance_id, ConsumerGroupID=group_id))
    gone = moving.call("DeleteConsumerGroup", SubscriptionInstanceId=instance_id, ConsumerGroupID=group_id)
    assert gone.code == "InvalidParameter"
    assert "ConsumerGroupID" in gone.body["ErrMessage"]


def test_the_older_kind_has_a_time_and_no_groups(moving: Any, kit: Any, older: Any) -> None:
    configuration = older.subscription(older.buy(moving, "SUBSCRIBE"))
    instance_id = configuration["SubscriptionInstanceId"]
    del configuration["SubscriptionInstanceNetworkType"]
    older.ok(moving.call("ConfigureSubscriptionInstance", **configuration))
    move = {"SubscriptionInstanceId": instance_id, "ConsumptionTimestamp": "2024-05-01T08:00:00Z"}
    assert moving.call("ModifyConsumptionTimestamp", **move).code == "OperationDenied.JobStatus"
    older.ok(moving.call("StartSubscriptionInstance", SubscriptionInstanceId=instance_id))
    kit.reaches(moving, instance_id.removeprefix("dts"), "Normal")
    older.ok(moving.call("ModifyConsumptionTimestamp", **move))
    assert status(moving, older, instance_id)["ConsumptionCheckpoint"] == "2024-05-01T08:00:00Z"
    assert row(moving, older)["SourceEndpoint"] == {"InstanceID": "rm-source"}
    assert moving.call("CreateConsumerGroup", **group_of(instance_id)).code == "OperationDenied"


def test_the_newer_kind_leaves_the_time_to_its_clients(moving: Any, kit: Any, older: Any) -> None:
    instance_id = older.running(moving, kit, "SUBSCRIBE")
    move = {"SubscriptionInstanceId": instance_id, "ConsumptionTimestamp": "2024-05-01T08:00:00Z"}
    assert moving.call("ModifyConsumptionTimestamp", **move).code == "OperationDenied"


def test_billing_is_spelled_alike_once_it_is_bought(bench: Any, older: Any) -> None:
    older.buy(bench, "SUBSCRIBE", PayType="Prepaid", Period="Year", UsedTime="1")
    assert row(bench, older)["PayType"] == "PrePaid"


def test_a_token_buys_once(bench: Any, older: Any) -> None:
    first = older.buy(bench, "SUBSCRIBE", ClientToken="one")
    assert older.buy(bench, "SUBSCRIBE", ClientToken="one") == first
    assert len(bench.store.events("purchase")) == 1


def test_a_listing_comes_by_pages_and_names(bench: Any, older: Any) -> None:
    ids = [older.configured(bench, "SUBSCRIBE", SubscriptionInstanceName=f"Changes {n}") for n in range(11)]
    page = older.ok(bench.call("DescribeSubscriptionInstances", PageSize="10", PageNum="2"))
    assert (page["PageNumber"], page["PageRecordCount"], page["TotalRecordCount"]) == (2, 10, 11)
    (last,) = page["SubscriptionInstances"]["SubscriptionInstance"]
    assert last["SubscriptionInstanceID"] == ids[-1]
    named = older.ok(bench.call("DescribeSubscriptionInstances", SubscriptionInstanceName="changes 1"))
    assert [
        each["SubscriptionInstanceID"] for each in named["SubscriptionInstances"]["SubscriptionInstance"]
    ] == [ids[1], ids[10]]


@pytest.mark.parametrize("action", ["StartSubscriptionInstance", "DeleteSubscriptionInstance"])
def test_only_subscriptions(bench: Any, older: Any, action: str) -> None:
    migration = older.buy(bench, "MIGRATION")
    answer = bench.call(action, SubscriptionInstanceId=migration)
    assert answer.code == "InvalidParameter"
    assert "SubscriptionInstanceId" in answer.body["ErrMessage"]
