"""From an answer to the action's reply, or to the error that says what a caller can do."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from airflow_dts.errors import ApiError, BadReply, CallError, Redirected, api_error

if TYPE_CHECKING:
    from airflow_dts.api._base import Action, Reply
    from airflow_dts.client.transport import Answer

R = TypeVar("R", bound="Reply")

_ENOUGH = 2**16
"""Bytes of a body that are searched for what went wrong."""
_SNIPPET = 200


class _Fault(NamedTuple):
    code: str
    message: str
    request_id: str = ""
    status: int | None = None
    """HTTP status as the body gives it."""


def read(action: Action[R], answer: Answer, hide: Callable[[str], str], now: datetime) -> R:
    """
    :param hide: takes secrets out of a text
    :param now: to make a duration of a ``Retry-After`` that is a date
    :raises ApiError: the service answered with an error, be it under HTTP 200
    :raises BadReply: anything else that is not the action's reply
    """
    if not 200 <= answer.status < 300:
        raise _refusal(action.action_name(), answer, hide, now)
    try:
        reply = action.parse_reply(answer.body)
    except ValueError as error:
        fault = _fault_in(answer.body)
        if fault and fault.code:
            raise _api_error(action.action_name(), fault, answer, hide, now) from None
        raise BadReply(
            action.action_name(), hide(f"{_why(error)}: {_snippet(answer.body)}"), answer.status
        ) from None
    if not reply.success or "success" not in reply.model_fields_set:
        _raise_if_failed(action.action_name(), reply, answer, hide, now)
    return reply
