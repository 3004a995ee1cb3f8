"""What one parameter asks of another, against the seed as data, for all 82 actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_dts.api._rules import Rule
from airflow_dts.api.actions import ACTIONS
from tests.catalog.calls import (
    REQUIRED_WHEN_ONLY_IN_PROSE,
    accepted,
    complete,
    field_of,
    parameters,
    parse,
)
from tests.catalog.reading import ENTRIES


def conditional() -> Iterator[Any]:
    for action, entry in ENTRIES.items():
        for parameter in parameters(entry):
            if condition := parameter.get("required_when"):
                for case in condition.get("any", [condition]):
                    yield pytest.param(
                        entry, parameter, case, id=f"{action}-{parameter['name']}-{case['param']}"
                    )


def test_no_condition_of_the_catalog_goes_unlooked_at() -> None:
    prose = {
        (action, parameter["name"])
        for action, entry in ENTRIES.items()
        for parameter in entry["request"]
        if parameter["required_when_en"]
        and not parameter.get("required_when")
        and not parameter["one_of_group"]
    }
    assert prose == REQUIRED_WHEN_ONLY_IN_PROSE


@pytest.mark.parametrize(("entry", "parameter", "condition"), list(conditional()))
def test_conditional_requirement(
    entry: dict[str, Any], parameter: dict[str, Any], condition: dict[str, Any]
) -> None:
    name, field = parameter["name"], field_of(entry["action"], parameter["name"])
    examples = {p["name"]: p["example"] for p in parameters(entry)}
    for trigger in condition.get("in") or [examples[condition["param"]]]:
        obeying = complete(entry, **{condition["param"]: trigger})
        assert name in obeying
        parse(entry, obeying)
        with pytest.raises(ValidationError) as refused:
            parse(entry, {key: value for key, value in obeying.items() if key != name})
        assert field in str(refused.value)


FILTERED = json.dumps({"shop": {"orders": {"filter": "id>10"}}})
PLAIN = '[{"DBName":"shop","TableIncludes":[{"TableName":"orders"}]}]'
WEAK = "a" * 9
BREAKING: list[tuple[str, dict[str, str]]] = [
    ("ConfigureDtsJob", {"DestinationEndpointEngineName": "KAFKA", "Reserve": "{}"}),
    ("ConfigureDtsJob", {"DestinationEndpointEngineName": "ADB30", "DbList": "shop"}),
    ("ConfigureDtsJob", {"SourceEndpointOwnerID": "1"}),
    ("ConfigureSubscription", {"SourceEndpointOwnerID": "1"}),
    ("ConfigureSubscription", {"DbList": FILTERED}),
    ("ModifySubscription", {"DbList": FILTERED}),
    ("DescribeDtsJobs", {"Type": "name"}),
    ("SkipPreCheck", {"SkipPreCheckNames": "CHECK_SRC_DETAIL", "SkipPreCheckItems": "CHECK_TOPOLOGY"}),
    ("CreateDtsInstance", {"PayType": "PrePaid", "Period": "Year", "UsedTime": "4"}),
    ("TransferPayType", {"ChargeType": "PrePaid", "Period": "Year", "BuyCount": "6"}),
    ("RenewInstance", {"Period": "Year", "BuyCount": "6"}),
    ("CreateConsumerChannel", {"ConsumerGroupPassword": WEAK}),
    ("ModifyConsumerChannel", {"ConsumerGroupPassword": WEAK}),
    ("ConfigureMigrationJob", {"SourceEndpoint.EngineName": "PostgreSQL", "MigrationObject": PLAIN}),
    ("ConfigureMigrationJob", {"DestinationEndpoint.InstanceType": "AnalyticDB", "MigrationObject": PLAIN}),
    ("CreateSynchronizationJob", {"PayType": "PrePaid", "Period": "Year", "UsedTime": "6"}),
    ("CreateSynchronizationJob", {"Topology": "bidirectional", "SourceEndpoint.InstanceType": "DRDS"}),
    (
        "CreateSynchronizationJob",
        {"Topology": "bidirectional", "DestinationEndpoint.InstanceType": "MaxCompute"},
    ),
    ("ConfigureSynchronizationJob", {"PartitionKey.ModifyTime_Day": "false"}),
    (
        "ConfigureSynchronizationJob",
        {"DestinationEndpoint.InstanceType": "Greenplum", "SynchronizationObjects": PLAIN},
    ),
    ("CreateSubscriptionInstance", {"PayType": "Prepaid", "Period": "Year", "UsedTime": "6"}),
    ("CreateConsumerGroup", {"ConsumerGroupPassword": WEAK}),
    ("ModifyConsumerGroupPassword", {"consumerGroupNewPassword": WEAK}),
    ("TagResources", {"Tag.2.Key": "team"}),
]
"""What no table says as a condition of one parameter; laid over a call that is fine."""


def breaking(action: str) -> Iterator[dict[str, str]]:
    """Calls that break one rule or another."""
    entry = ENTRIES[action]
    examples = {row["name"]: row["example"] for row in parameters(entry)}
    for case in conditional():
        of, parameter, condition = case.values
        if of["action"] == action:
            for trigger in condition.get("in") or [examples[condition["param"]]]:
                call = complete(entry, **{condition["param"]: trigger})
                yield {name: value for name, value in call.items() if name != parameter["name"]}
    members = {row["name"] for row in parameters(entry) if row["one_of_group"]}
    yield {name: value for name, value in complete(entry).items() if name not in members}
    yield from (complete(entry) | changes for of, changes in BREAKING if of == action)


@pytest.mark.parametrize(("action", "changes"), BREAKING)
def test_what_a_rule_forbids_is_refused(action: str, changes: dict[str, str]) -> None:
    assert accepted(ENTRIES[action], complete(ENTRIES[action]))
    with pytest.raises(ValidationError) as refused:
        parse(ENTRIES[action], complete(ENTRIES[action]) | changes)
    assert f"Value error, {action}: " in str(refused.value)


@pytest.mark.parametrize(
    ("action", "rule"),
    [pytest.param(name, rule, id=f"{name}: {rule.text}") for name, a in ACTIONS.items() for rule in a.rules],
)
def test_every_rule_has_a_case_that_obeys_and_one_that_breaks_it(
    action: str, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ACTIONS[action], "rules", (rule,))
    assert accepted(ENTRIES[action], complete(ENTRIES[action]))
    assert not all(accepted(ENTRIES[action], call) for call in breaking(action))
