"""Answers as bytes: the action's reply model, or one of the two error shapes, in JSON or XML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_dts.api._base import Action, Reply, Struct
from airflow_dts.api._fields import Text
from airflow_dts.api.xml import to_xml
from airflow_dts.emulator.refusals import Refusal

_WITHOUT_STATUS_CODE = frozenset({"CreateDtsInstance", "ModifyDtsJob"})
"""Their replies hold no HttpStatusCode (seed 6.4.1, 6.4.9.1), and no older action's does."""
_WITHOUT_ENVELOPE = frozenset({"AssumeRole", "DescribeSynchronizationJobs"})
"""Their replies hold no Success, and no error either (seed 7.3.2, 6.5.2.12)."""
_WITHOUT_ERROR = _WITHOUT_ENVELOPE | {"DescribePreCheckStatus", "SummaryJobDetail"}
"""Their replies have no place for an error (seed 6.4.8.3, 6.4.17): it comes as the gateway's."""
_WITHOUT_DYNAMIC = _WITHOUT_STATUS_CODE | {
    "ConfigureDtsJob", "ConfigureSubscription", "CreateConsumerChannel", "DescribeConsumerChannel",
    "ModifyConsumerChannel", "DeleteConsumerChannel", "DescribeSubscriptionMeta", "ModifySubscription",
}  # fmt: skip
"""Their replies hold no DynamicMessage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes
    media_type: str


class GatewayError(Struct):
    """The error envelope (seed 6.3)."""

    request_id: Text = ""
    host_id: Text = ""
    code: Text = ""
    message: Text = ""


def said(action: type[Action[Any]], reply: Reply, request_id: str, *, as_json: bool) -> Answer:
    """A reply of a call that went well."""
    return _answer(
        200, reply.model_copy(update=_common(action, request_id, 200, success=True)), _root(action), as_json
    )


def refused(
    action: type[Action[Any]] | None, refusal: Refusal, request_id: str, host: str, *, as_json: bool
) -> Answer:
    """A refusal in its own shape.

    :param action: None when the refusal came before the action was known.
    """
    if action is not None and refusal.in_body and action.action_name() not in _WITHOUT_ERROR:
        common = _common(action, request_id, 400, success=False)
        return _answer(200, action.reply(**common, **_error(action, refusal)), _root(action), as_json)
    error = GatewayError(request_id=request_id, host_id=host, code=refusal.code, message=refusal.spelled_out)
    return _answer(400 if refusal.in_body else refusal.status, error, "Error", as_json)


def _common(action: type[Action[Any]], request_id: str, status: int, *, success: bool) -> dict[str, Any]:
    """The fields around a reply, as far as the action's has them."""
    name = action.action_name()
    found: dict[str, Any] = {"request_id": request_id}
    if name not in _WITHOUT_ENVELOPE:
        found["success"] = success
        if action.generation == "current" and name not in _WITHOUT_STATUS_CODE:
            found["http_status_code"] = status
    return found


def _error(action: type[Action[Any]], refusal: Refusal) -> dict[str, Any]:
    """Code and message; the dynamic part goes into the message where it has no field of its own."""
    dynamic = (
        action.action_name() not in _WITHOUT_DYNAMIC
        if action.generation == "current"
        else action.action_name() == "DescribeDTSIP"
    )
    if not (refusal.dynamic and dynamic):
        return {"err_code": refusal.code, "err_message": refusal.spelled_out}
    return {
        "err_code": refusal.code,
        "err_message": refusal.message,
        "dynamic_message": refusal.dynamic,
    }


def _root(action: type[Action[Any]]) -> str:
    return f"{action.action_name()}Response"


def _answer(status: int, model: Struct, root: str, as_json: bool) -> Answer:
    if as_json:
        body = model.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Answer(status, text.encode(errors="replace"), "application/json")
    text = f'<?xml version="1.0" encoding="utf-8"?>{to_xml(model, root)}'
    return Answer(status, text.encode(errors="replace"), "text/xml")
