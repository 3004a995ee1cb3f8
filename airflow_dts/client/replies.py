"""From an answer to the action's reply, or to the error that says what a caller can do."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import ValidationError

from airflow_dts.api._base import Reply
from airflow_dts.api.xml import from_xml
from airflow_dts.errors import ApiError, BadReply, CallError, Redirected, api_error, clean

if TYPE_CHECKING:
    from airflow_dts.client.orders import Order
    from airflow_dts.client.transport import Answer

R = TypeVar("R", bound=Reply)

_ENOUGH = 2**16
"""Bytes of an unknown body that are searched for what went wrong."""
_SNIPPET = 200
_EVERY_REPLY = {"request_id", "success"}
"""At least one of them is in whatever the service says (seed 6.2): a proxy may speak JSON too."""
_IS_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_QUOTED = "dts"
"""The product whose replies may be quoted. Others hand out keys, and no mask knows those yet."""


_COARSE = timedelta(seconds=2)
"""How far a ``Date`` may lie back: it has no fractions, and servers keep it for a moment."""


class Reading(NamedTuple):
    """What it takes to read an answer besides the answer."""

    hide: Callable[[str], str]
    """Takes secrets out of a text."""
    now: Callable[[], datetime]
    """To make a duration of a ``Retry-After`` that is a date."""


class _Fault(NamedTuple):
    code: str
    message: str
    request_id: str = ""
    status: int | None = None
    """HTTP status as the body gives it."""
    success: bool | None = None


_NO_FAULT = _Fault("", "")


def read(order: Order[R], answer: Answer, reading: Reading) -> R:
    """The reply, typed. Whether it is JSON or XML shows in it, whatever was asked for.

    :raises ApiError: the service answered with an error, be it under HTTP 200
    :raises BadReply: anything else that is not the action's reply
    """
    if order.product.casefold() != _QUOTED:
        answer = answer._replace(quotable=False)
    if not 200 <= answer.status < 300:
        raise _refusal(order.action, answer, reading)
    try:
        reply = (order.read_xml if _IS_XML.match(answer.body) else order.read_json)(answer.body)
    except (ValueError, LookupError, RecursionError) as error:  # an encoding nobody knows, a thousand levels
        raise _unreadable(order.action, answer, error, reading) from None
    if not reply.success or ("success" not in reply.model_fields_set and _is_gateway_fault(answer.body)):
        raise _api_error(order.action, _fault(answer.body) or _NO_FAULT, answer, reading)
    if not reply.model_fields_set & _EVERY_REPLY:
        text = f"it has no RequestId; it begins {_snippet(answer, reading.hide)!r}"
        raise BadReply(order.action, f"not the reply of this action: {text}", answer.status)
    return reply


def _is_gateway_fault(body: bytes) -> bool:
    """``Code`` with ``Message``. A code alone proves nothing: successful replies have one too."""
    fault = _fault(body) or _NO_FAULT
    return bool(fault.code and fault.message)


def _unreadable(action: str, answer: Answer, error: Exception, reading: Reading) -> CallError:
    """A failure under HTTP 200 need not look like the action's reply."""
    fault = _fault(answer.body)
    if fault and fault.code and fault.message and not fault.success:
        return _api_error(action, fault, answer, reading)
    text = f"{_why(error)}; it begins {_snippet(answer, reading.hide)!r}" if answer.body else "it is empty"
    return BadReply(action, reading.hide(f"not the reply of this action: {text}"), answer.status)


def _refusal(action: str, answer: Answer, reading: Reading) -> CallError:
    if answer.status < 400:
        target = re.match(r"https?://(?:[^/?#]*@)?[^/?#@]+", answer.headers.get("Location", ""))
        there = clean(target[0]) if target else "another path"
        return Redirected(
            action,
            reading.hide(f"redirected to {there}, not followed; give the final address as endpoint"),
            answer.status,
        )
    fault = _fault(answer.body) or _NO_FAULT
    if not fault.message:
        fault = fault._replace(message=_snippet(answer, reading.hide))
    return _api_error(action, fault, answer, reading)


def _api_error(action: str, fault: _Fault, answer: Answer, reading: Reading) -> ApiError:
    status = answer.status if answer.status >= 400 else fault.status or answer.status
    code = fault.code or ("Failed" if answer.status < 400 else f"HTTP {answer.status}")
    message = fault.message or "no reason given"
    error = api_error(
        action, reading.hide(code), reading.hide(message), reading.hide(fault.request_id), status
    )
    error.retry_after = _retry_after(answer.headers.get("Retry-After", ""), reading.now)
    return error


def _fault(body: bytes) -> _Fault | None:
    return _fault_in_xml(body) if _IS_XML.match(body) else _fault_in_json(body)


def _fault_in_json(body: bytes) -> _Fault | None:
    """Error fields of a JSON body, whatever their case; None when it is no JSON object."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return (
        _fault_of({str(key).casefold(): value for key, value in said.items()})
        if isinstance(said, dict)
        else None
    )


_TAG = re.compile(r"<(\w+)>([^<]*)</\1>")


def _fault_in_xml(body: bytes) -> _Fault | None:
    """Error fields of ``<Error><Code>..``; None for what is not XML of the service."""
    try:
        reply = from_xml(Reply, body)
    except (ValueError, LookupError, RecursionError):
        # Searched then: it is cut off, or holds what is better not expanded.
        text = body[:_ENOUGH].decode("utf-8", "replace")
        said = {name.casefold(): html.unescape(value) for name, value in _TAG.findall(text)}
    else:
        given = reply.model_dump(by_alias=True, exclude_unset=True)
        said = {name.casefold(): value for name, value in given.items()}
    return _fault_of(said) if said.keys() & {"code", "errcode"} else None


def _fault_of(said: Mapping[str, Any]) -> _Fault:
    message = _text(said, "errmessage") or _text(said, "message")
    if "%s" in message and (dynamic := _text(said, "dynamicmessage")):
        message = message.replace("%s", dynamic)
    status = _text(said, "httpstatuscode")
    success = {"true": True, "false": False}.get(_text(said, "success").casefold())
    return _Fault(
        code=_text(said, "errcode") or _text(said, "code"),
        message=message,
        request_id=_text(said, "requestid"),
        status=int(status) if re.fullmatch("[0-9]{3}", status) else None,
        success=success,
    )


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return "" if value is None else str(value).strip()


def _snippet(answer: Answer, hide: Callable[[str], str]) -> str:
    """The beginning of an unknown body as text; of a page, its title.

    Secrets go first: once a text is cut, half of one is not found any more. And again: marks of HTML may
    have hidden some.
    """
    if not answer.quotable:
        return "(left out: it may hold a key)"
    text = hide(answer.body[:_ENOUGH].decode("utf-8", "replace"))
    title = re.search(r"<title[^>]*>([^<]{1,500})</title>", text, re.IGNORECASE)
    if title:
        return hide(html.unescape(title[1])).strip()
    plain = re.sub(r"<[^<>]{0,1000}>", " ", text[: 10 * _SNIPPET])
    return hide(html.unescape(plain)).strip()[:_SNIPPET]


def _why(error: Exception) -> str:
    """What is wrong with a reply, without the values in it."""
    if not isinstance(error, ValidationError):
        return "it is neither JSON nor XML of the service"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def said_at(answer: Answer, now: datetime) -> datetime:
    """When the service answered, by its own clock; by ours as far as the two agree, since it is finer."""
    date = _date(answer.headers.get("Date", ""))
    return now if date is None else max(date, min(now, date + _COARSE))


def _retry_after(text: str, now: Callable[[], datetime]) -> float | None:
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text):
        return float(text)
    until = _date(text)
    return None if until is None else max(0.0, (until - now()).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
