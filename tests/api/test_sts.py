"""AssumeRole, against what the guide says of it (seed 7.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.form import from_parameters, to_parameters
from airflow_dts.api.sts import AssumeRole, AssumeRoleReply, TemporaryKey
from airflow_dts.api.xml import to_xml
from tests.catalog.reading import LEGACY_CATALOG

STS = LEGACY_CATALOG["gateways_and_auth"]["sts"]
GIVEN = {row["name"]: row["example"] for row in STS["request"]}


def test_it_is_called_as_documented() -> None:
    assert (AssumeRole.action_name(), AssumeRole.product, AssumeRole.version) == (
        STS["action"],
        STS["product"],
        STS["version"],
    )
    assert "AssumeRole" not in ACTIONS  # DTS does not serve it


def test_its_parameters_are_the_documented_ones() -> None:
    fields = {field.alias: field for field in AssumeRole.model_fields.values()}
    assert set(fields) == {
        *(row["name"] for row in STS["request"]),
        "RegionId",
        "DurationSeconds",
        "ExternalId",
    }
    assert {"DurationSeconds", "ExternalId"} <= set(STS["sdk_check"]["sdk_only_params"])
    for row in STS["request"]:
        assert fields[row["name"]].is_required() is row["required"]


def test_the_documented_example_goes_over_the_wire() -> None:
    action = from_parameters(AssumeRole, GIVEN)
    sent = to_parameters(action)
    assert json.loads(sent.pop("Policy")) == json.loads(GIVEN["Policy"])
    assert sent == {name: value for name, value in GIVEN.items() if name != "Policy"}
    assert from_parameters(AssumeRole, to_parameters(action)) == action


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RoleArn", "adminrole"),
        ("RoleArn", "acs:ram::1:user/alice"),
        ("RoleSessionName", "a"),
        ("RoleSessionName", "a" * 65),
        ("RoleSessionName", "alice smith"),
        ("RoleSessionName", "alice\n"),
        ("Policy", ""),
        ("Policy", "not json"),
        ("Policy", "[]"),
        ("Policy", json.dumps({"a": "b" * 1024})),
        ("DurationSeconds", "0"),
        ("DurationSeconds", "43201"),
        ("ExternalId", "a"),
    ],
)
def test_what_is_outside_the_documented_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        from_parameters(AssumeRole, {**GIVEN, name: value})


def test_the_longest_policy_is_taken() -> None:
    frame = len('{"a":""}')
    assert from_parameters(AssumeRole, {**GIVEN, "Policy": json.dumps({"a": "b" * (1024 - frame)})}).policy
    with pytest.raises(ValidationError, match="1025 characters"):
        from_parameters(AssumeRole, {**GIVEN, "Policy": json.dumps({"a": "b" * (1025 - frame)})})


def test_the_documented_reply_is_read_whole_and_shown_in_part() -> None:
    sample: dict[str, Any] = STS["sample_response_json"]
    reply = AssumeRole.parse_reply(sample)
    key = reply.credentials
    assert key.access_key_id == sample["Credentials"]["AccessKeyId"]
    assert key.access_key_secret.get_secret_value() == sample["Credentials"]["AccessKeySecret"]
    assert key.expiration
    assert key.expiration.isoformat() == "2015-04-09T11:52:19+00:00"
    assert reply.assumed_role_user.arn.endswith("/adminrole/alice")
    assert sample["Credentials"]["AccessKeySecret"] not in f"{reply!r} {reply} {key!r}"
    assert json.loads(reply.model_dump_json(by_alias=True, exclude_unset=True)) == sample
    assert AssumeRole.parse_xml(to_xml(reply, "AssumeRoleResponse")) == reply


def test_a_server_hands_the_key_out_in_the_clear() -> None:
    key = TemporaryKey(access_key_id="STS.1", access_key_secret="hunter2", security_token="token")
    reply = AssumeRoleReply(request_id="R", credentials=key)
    assert "hunter2" not in repr(reply)
    assert "hunter2" in to_xml(reply, "AssumeRoleResponse")
    assert "hunter2" in reply.model_dump_json(by_alias=True)
