"""What the tables of the older subscription actions cannot say (seed 6.5.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_dts.api.form import from_parameters, to_parameters
from airflow_dts.api.legacy.subscription import (
    CreateSubscriptionInstance,
    DescribeSubscriptionInstances,
    DescribeSubscriptionInstanceStatus,
    ModifyConsumerGroupPassword,
    ModifyConsumptionTimestamp,
)

SHANGHAI = timezone(timedelta(hours=8))


@settings(deadline=None)
@given(st.datetimes(datetime(2, 1, 1), timezones=st.sampled_from([UTC, SHANGHAI])))  # noqa: DTZ001
def test_an_instant_is_sent_in_utc_and_whole_seconds(instant: datetime) -> None:
    setting = ModifyConsumptionTimestamp(subscription_instance_id="dts1", consumption_timestamp=instant)
    assert setting.consumption_timestamp == instant.replace(microsecond=0)
    assert from_parameters(ModifyConsumptionTimestamp, to_parameters(setting)) == setting


def test_an_instant_on_the_wire() -> None:
    noon = datetime(2019, 10, 15, 12, tzinfo=SHANGHAI)
    setting = ModifyConsumptionTimestamp(subscription_instance_id="dts1", consumption_timestamp=noon)
    assert to_parameters(setting)["ConsumptionTimestamp"] == "2019-10-15T04:00:00Z"


@pytest.mark.parametrize(
    "wrong",
    ["1571159003", "2019-10-15T17:20:03", "2019-10-15T17:20:03+08:00", "2019-13-15T17:20:03Z", "", "now"],
)
def test_other_instants_are_refused(wrong: str) -> None:
    parameters = {"SubscriptionInstanceId": "dts1", "ConsumptionTimestamp": wrong}
    with pytest.raises(ValidationError, match="ConsumptionTimestamp"):
        from_parameters(ModifyConsumptionTimestamp, parameters)


@pytest.mark.parametrize("wrong", [1571159003, datetime.fromisoformat("2019-10-15T17:20:03")])
def test_an_instant_needs_a_time_zone(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="consumption_timestamp"):
        ModifyConsumptionTimestamp.model_validate(
            {"subscription_instance_id": "dts1", "consumption_timestamp": wrong}
        )


@pytest.mark.parametrize(
    ("period", "used_time", "fine"),
    [("Year", 5, True), ("Year", 6, False), ("Month", 6, True), ("Month", 60, True), ("Month", 61, False)],
)
def test_how_long_one_can_pay_ahead(period: str, used_time: int, fine: bool) -> None:
    # The reading actions say PrePaid; this one is sent Prepaid and takes both.
    order = {"Region": "cn-hangzhou", "PayType": "PrePaid", "Period": period, "UsedTime": str(used_time)}
    if fine:
        sent = to_parameters(from_parameters(CreateSubscriptionInstance, order))
        assert sent == order | {"PayType": "Prepaid"}
        return
    with pytest.raises(ValidationError, match=r"(?i)used_?time"):
        from_parameters(CreateSubscriptionInstance, order)


def test_only_the_new_password_must_be_strong() -> None:
    change = {"SubscriptionInstanceId": "dts1", "ConsumerGroupID": "dtsg", "ConsumerGroupPassword": "old"}
    from_parameters(ModifyConsumerGroupPassword, change | {"consumerGroupNewPassword": "Test654321"})
    with pytest.raises(ValidationError, match="consumer_group_new_password must mix") as refused:
        from_parameters(ModifyConsumerGroupPassword, change | {"consumerGroupNewPassword": "guessable"})
    assert "guessable" not in str(refused.value)


def test_a_reading_without_wrappers_is_the_same_reading() -> None:
    databases = [{"DatabaseName": "shop", "WholeDatabase": "false", "TableList": ["orders", "items"]}]
    plain: dict[str, Any] = {"SubscriptionInstanceID": "dts1", "SubscriptionObject": databases, "TaskId": 1}
    wrapped = plain | {
        "SubscriptionObject": {
            "SynchronousObject": [databases[0] | {"TableList": {"Table": ["orders", "items"]}}]
        }
    }
    action = DescribeSubscriptionInstanceStatus
    assert action.parse_reply(plain) == action.parse_reply(wrapped)
    (database,) = action.parse_reply(plain).subscription_object
    assert (database.whole_database, list(database.table_list)) == (False, ["orders", "items"])


def test_tags_are_a_mapping_on_the_way_out_and_a_wrapped_list_on_the_way_back() -> None:
    listing = DescribeSubscriptionInstances(tags={"team": "shop"})
    assert to_parameters(listing) == {"Tag.1.Key": "team", "Tag.1.Value": "shop"}
    said = {"SubscriptionInstances": [{"Tags": {"Tag": [{"Key": "team", "Value": "shop"}]}}]}
    (subscription,) = DescribeSubscriptionInstances.parse_reply(said).subscription_instances
    assert {tag.key: tag.value for tag in subscription.tags} == {"team": "shop"}
