"""The envelope of every action's reply, held against the catalogs of the seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator.refusals import business, gateway
from airflow_dts.emulator.served import SERVED
from airflow_dts.emulator.wire import refused, said

CATALOG = Path(__file__).parents[1] / "catalog"
DOCUMENTED = {
    action["action"]: {field["name"] for field in action["response"]}
    for name in ("current", "legacy")
    for action in json.loads((CATALOG / f"{name}.json").read_text())["actions"]
} | {"AssumeRole": {"RequestId", "Credentials", "AssumedRoleUser"}}
NO = business("InvalidJobId", "The Value of Input Parameter %s is not valid.", "DtsJobId")
PLAIN = "The Value of Input Parameter DtsJobId is not valid."


def test_every_action_is_documented() -> None:
    assert set(SERVED) == set(DOCUMENTED)


@pytest.mark.parametrize("name", SERVED)
def test_a_reply_has_the_documented_envelope_and_nothing_else(name: str) -> None:
    action = SERVED[name]
    body = json.loads(said(action, action.reply(), "R", as_json=True).body)
    wanted = {"RequestId": "R", "Success": True, "HttpStatusCode": 200}
    assert body == {field: value for field, value in wanted.items() if field in DOCUMENTED[name]}


@pytest.mark.parametrize("name", SERVED)
def test_a_refusal_uses_the_documented_fields_or_comes_from_the_gateway(name: str) -> None:
    action, documented = SERVED[name], DOCUMENTED[name]
    answer = refused(action, NO, "R", "host", as_json=True)
    body: dict[str, Any] = json.loads(answer.body)
    if "ErrCode" not in documented:
        assert answer.status == 400
        assert body == {"RequestId": "R", "HostId": "host", "Code": "InvalidJobId", "Message": PLAIN}
        return
    assert (answer.status, set(body) - documented) == (200, set())
    assert (body["Success"], body["ErrCode"]) == (False, "InvalidJobId")
    if "DynamicMessage" in documented:
        assert (body["ErrMessage"], body["DynamicMessage"]) == (NO.message, "DtsJobId")
    else:
        assert body["ErrMessage"] == PLAIN


@pytest.mark.parametrize("name", SERVED)
def test_xml_says_the_same(name: str) -> None:
    action = SERVED[name]
    for answer in (said, refused):
        given: tuple[Any, ...] = (
            (action, action.reply(), "R") if answer is said else (action, NO, "R", "host")
        )
        read = action.parse_xml(answer(*given, as_json=False).body)
        wanted = action.parse_reply(answer(*given, as_json=True).body)
        assert (read.request_id, read.err_code, read.err_message) == (
            wanted.request_id,
            wanted.err_code,
            wanted.err_message,
        )


def test_a_gateway_s_refusal_has_the_shape_of_the_seed() -> None:
    answer = refused(None, gateway("UnsupportedOperation", "No."), "R", "dts.aliyuncs.com", as_json=False)
    assert answer.status == 400
    assert answer.body.decode().endswith(
        "<Error><RequestId>R</RequestId><HostId>dts.aliyuncs.com</HostId>"
        "<Code>UnsupportedOperation</Code><Message>No.</Message></Error>"
    )
