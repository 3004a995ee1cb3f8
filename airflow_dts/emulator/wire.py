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
"""Their replies hold no HttpStatusCode (seed 6.4.1, 6.4.9.1)."""


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
    common: dict[str, Any] = {"request_id": request_id, "success": True}
    if action.action_name() not in _WITHOUT_STATUS_CODE:
        common["http_status_code"] = 200
    return _answer(200, reply.model_copy(update=common), _root(action), as_json)


def refused(
    action: type[Action[Any]] | None, refusal: Refusal, request_id: str, host: str, *, as_json: bool
) -> Answer:
    """A refusal in its own shape.

    :param action: None when the refusal came before the action was known.
    """
    if action is not None and refusal.in_body:
        common: dict[str, Any] = {
            "request_id": request_id,
            "success": False,
            "err_code": refusal.code,
            "err_message": refusal.message,
        }
        if refusal.dynamic:
            common["dynamic_message"] = refusal.dynamic
        if action.action_name() not in _WITHOUT_STATUS_CODE:
            common["http_status_code"] = 400
        return _answer(200, action.reply(**common), _root(action), as_json)
    error = GatewayError(request_id=request_id, host_id=host, code=refusal.code, message=refusal.message)
    return _answer(refusal.status, error, "Error", as_json)


def _root(action: type[Action[Any]]) -> str:
    return f"{action.action_name()}Response"


def _answer(status: int, model: Struct, root: str, as_json: bool) -> Answer:
    if as_json:
        body = model.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Answer(status, text.encode(errors="replace"), "application/json")
    text = f'<?xml version="1.0" encoding="utf-8"?>{to_xml(model, root)}'
    return Answer(status, text.encode(errors="replace"), "text/xml")
