"""Tags and alerts, on instances of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.api.legacy import alerts
from airflow_dts.errors import ConfigError
from airflow_dts.operators.alerts import DtsConfigureAlertOperator
from airflow_dts.operators.tags import (
    DtsListTagsOperator,
    DtsTagResourcesOperator,
    DtsUntagResourcesOperator,
)

pytestmark = pytest.mark.airflow

Finish = Callable[..., Any]


def test_tags_come_and_go(cloud: Any, finish: Finish) -> None:
    first, second = (f"dts{cloud.buy(kind)}" for kind in ("MIGRATION", "SUBSCRIBE"))
    both = [first, second]
    tagging = DtsTagResourcesOperator(task_id="t", dts_instance_ids=both, tags={"team": "shop", "stage": ""})
    assert finish(tagging) == both
    assert finish(tagging) == both
    listing = DtsListTagsOperator(task_id="l", dts_instance_ids=f"{first}, {second}")
    assert finish(listing) == {name: {"team": "shop", "stage": ""} for name in both}
    some = {"task_id": "u", "dts_instance_ids": first}
    assert finish(DtsUntagResourcesOperator(tag_keys="team,nobody", **some)) == [first]
    assert finish(listing) == {first: {"stage": ""}, second: {"team": "shop", "stage": ""}}
    assert finish(DtsUntagResourcesOperator(task_id="a", dts_instance_ids=both, all_tags=True)) == both
    assert finish(listing) == {first: {}, second: {}}


def test_many_instances_take_several_calls(parrot: Any, finish: Finish) -> None:
    parrot.says({})
    ids = [f"dts{n}" for n in range(120)]
    assert finish(DtsTagResourcesOperator(task_id="t", dts_instance_ids=ids, tags={"a": "b"})) == ids
    assert [asked.get("ResourceId.50") for asked in parrot.asked] == ["dts49", "dts99", None]
    assert {asked["Tag.1.Key"] for asked in parrot.asked} == {"a"}
    assert {asked["ResourceType"] for asked in parrot.asked} == {"ALIYUN::DTS::INSTANCE"}


def tag(instance_id: str, key: str) -> dict[str, str]:
    return {"ResourceId": instance_id, "TagKey": key, "TagValue": "x"}


def test_tags_come_in_pages(parrot: Any, finish: Finish) -> None:
    parrot.says(
        {"TagResources": {"TagResource": [tag("dtsa", "one")]}, "NextToken": "more"},
        {"TagResources": {"TagResource": [tag("dtsa", "two"), tag("dtsother", "one")]}, "NextToken": ""},
    )
    found = finish(DtsListTagsOperator(task_id="t", dts_instance_ids="dtsa,dtsb"))
    assert found == {"dtsa": {"one": "x", "two": "x"}, "dtsb": {}}
    assert [asked.get("NextToken") for asked in parrot.asked] == [None, "more"]


def test_a_token_that_comes_back_ends_the_pages(parrot: Any, finish: Finish) -> None:
    parrot.says({"TagResources": {}, "NextToken": "again"})
    assert finish(DtsListTagsOperator(task_id="t", dts_instance_ids=["dtsa"])) == {"dtsa": {}}
    assert len(parrot.asked) == 2


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (DtsTagResourcesOperator(task_id="t", dts_instance_ids=[], tags={"a": "b"}), ["dts_instance_ids"]),
        (
            DtsTagResourcesOperator(task_id="t", dts_instance_ids="None", tags={"a": "b"}),
            ["dts_instance_ids"],
        ),
        (DtsTagResourcesOperator(task_id="t", dts_instance_ids="i", tags={}), ["tags"]),
        (
            DtsTagResourcesOperator(task_id="t", dts_instance_ids="i", tags={f"k{n}": "" for n in range(21)}),
            ["tags", "20"],
        ),
        (DtsUntagResourcesOperator(task_id="t", dts_instance_ids="i"), ["tag_keys"]),
        (
            DtsUntagResourcesOperator(task_id="t", dts_instance_ids="i", tag_keys="a", all_tags=True),
            ["all_tags", "tag_keys"],
        ),
        (DtsListTagsOperator(task_id="t", dts_instance_ids=7), ["dts_instance_ids", "list"]),
        (DtsListTagsOperator(task_id="t", dts_instance_ids="['dtsa'"), ["dts_instance_ids", "list"]),
        (DtsListTagsOperator(task_id="t", dts_instance_ids="[None]"), ["dts_instance_ids", "template"]),
    ],
)
def test_tags_refused(cloud: Any, finish: Finish, task: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(task)
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert not cloud.calls


def alerting(instance_id: str = "dtsj", **changes: Any) -> DtsConfigureAlertOperator:
    given = {"job_type": "MIGRATION", "delay_notice": True, "delay_rule_time": "30", **changes}
    return DtsConfigureAlertOperator(task_id="t", dts_instance_id=instance_id, **given)


READERS: dict[str, tuple[Any, str]] = {
    "MIGRATION": (alerts.DescribeMigrationJobAlert, "migration_job_id"),
    "SYNC": (alerts.DescribeSynchronizationJobAlert, "synchronization_job_id"),
    "SUBSCRIBE": (alerts.DescribeSubscriptionInstanceAlert, "subscription_instance_id"),
}


@pytest.mark.parametrize("kind", READERS)
def test_alerts_of_every_kind_of_job(cloud: Any, finish: Finish, kind: str) -> None:
    instance_id = f"dts{cloud.buy(kind)}"
    phones = {"delay_phone": ["13612345678", "13712345678"], "error_phone": "13612345678"}
    task = alerting(instance_id, job_type=kind, error_notice=True, **phones)
    assert finish(task) == instance_id
    reader, field = READERS[kind]
    told = cloud.hook.call(reader(**{field: instance_id}))
    assert (told.delay_alert_status, told.delay_over_seconds) == ("enable", 30)
    assert told.delay_alert_phone == "13612345678,13712345678"
    assert (told.error_alert_status, told.error_alert_phone) == ("enable", "13612345678")
    off = alerting(instance_id, job_type=kind, delay_notice=False, delay_rule_time=None, error_notice=False)
    finish(off)
    told = cloud.hook.call(reader(**{field: instance_id}))
    assert (told.delay_alert_status, told.error_alert_status) == ("disable", "disable")


def test_what_an_alert_says_on_the_wire(parrot: Any, finish: Finish) -> None:
    parrot.says({})
    finish(alerting())
    finish(alerting(job_type="SYNC", synchronization_direction="Reverse", error_notice=False))
    finish(alerting(job_type="subscribe"))
    migration, sync, subscription = parrot.asked
    assert migration["MigrationJobId"] == "dtsj"
    assert "ErrorAlertStatus" not in migration
    assert "SynchronizationDirection" not in migration
    assert (sync["SynchronizationJobId"], sync["SynchronizationDirection"]) == ("dtsj", "Reverse")
    assert sync["ErrorAlertStatus"] == "disable"
    assert subscription["SubscriptionInstanceId"] == "dtsj"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"job_type": "MOVE"}, ["job_type", "SYNC"]),
        ({"instance_id": "None"}, ["dts_instance_id"]),
        ({"delay_rule_time": None}, ["delay_rule_time"]),
        ({"delay_rule_time": "soon"}, ["delay_rule_time"]),
        ({"delay_notice": None}, ["delay_notice", "error_notice"]),
        ({"synchronization_direction": "Reverse"}, ["synchronization_direction"]),
        ({"job_type": "SYNC", "synchronization_direction": "Back"}, ["synchronization_direction", "Reverse"]),
        ({"delay_phone": [str(n) for n in range(11)]}, ["delay_phone", "10"]),
    ],
)
def test_an_alert_refused(cloud: Any, finish: Finish, changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(alerting(**changes))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert not cloud.calls
