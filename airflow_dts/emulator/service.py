"""One call from request to answer: verify, parse with the action's own class, dispatch, record, render."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from airflow_dts.api._base import Action, Reply
from airflow_dts.api.form import from_parameters
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.gate import Gate, Knock
from airflow_dts.emulator.handlers import HANDLERS, Desk, not_emulated
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.options import Account, Options
from airflow_dts.emulator.refusals import Refusal, gateway, missing
from airflow_dts.emulator.state import Event, Store
from airflow_dts.emulator.wire import Answer, refused, said

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

log = logging.getLogger(__name__)

_JOB_FIELDS = ("dts_job_id", "job_id", "dts_job_ids", "dts_instance_id", "instance_id")


@dataclass(slots=True)
class _Call:
    """What is known of a call so far, for the ledger."""

    request_id: str
    action: type[Action[Any]] | None = None
    job: str = ""
    region: str = ""


class Service:
    """Answers calls. Each is one transaction: effect, nonce and line in the ledger stand or fall together.

    What is turned away at the gate leaves no line: whoever holds no key must not fill the disk.

    :param wake: called after every admitted call that may have left something to do.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        options: Options,
        accounts: Sequence[Account],
        progress: ProgressBook,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._options = options
        self._gate = Gate(accounts, store)
        self._progress = progress
        self._wake = wake

    def answer(self, knock: Knock, host: str) -> Answer:
        """The answer to a call, whatever it is."""
        call = _Call(str(uuid.uuid4()).upper())
        with self._store.transaction():
            try:
                answer = self._serve(call, knock)
                code = "OK"
            except Refusal as no:
                answer, code = self._refuse(call, no, knock, host), no.code
            except Exception:
                log.exception("request %s broke", call.request_id)
                answer, code = self._refuse(call, _broken(), knock, host), "InternalError"
            if call.action is not None:
                self._record(call, call.action, code)
        if call.action is not None and call.action.changes_state:
            self._wake()
        return answer

    def _serve(self, call: _Call, knock: Knock) -> Answer:
        action_class, own = self._gate.admit(knock, self._clock.now())
        call.action = action_class
        action = _parsed(action_class, own)
        call.job, call.region = _job_of(action), action.region_id or self._options.region
        handler = HANDLERS.get(action_class.action_name())
        if handler is None:
            raise not_emulated(f"The action {action_class.action_name()}")
        desk = Desk(
            self._store,
            self._clock,
            self._options,
            self._progress,
            call.region,
            action_class.action_name(),
            call.request_id,
        )
        with self._store.transaction():
            reply: Reply = handler(desk, action)
        call.job = call.job or _job_of(reply)
        return said(action_class, reply, call.request_id, as_json=knock.wants_json)

    @staticmethod
    def _refuse(call: _Call, no: Refusal, knock: Knock, host: str) -> Answer:
        return refused(call.action, no, call.request_id, host, as_json=knock.wants_json)

    def _record(self, call: _Call, action: type[Action[Any]], code: str) -> None:
        self._store.record(
            Event(
                self._clock.now(), "call", action.action_name(), code, call.job, call.region, call.request_id
            )
        )


def _broken() -> Refusal:
    return gateway("InternalError", "The request processing has failed due to some unknown error.", 500)


def _parsed(action_class: type[Action[Any]], own: dict[str, str]) -> Action[Any]:
    try:
        return from_parameters(action_class, own)
    except ValidationError as error:
        # Neither the input nor what a validator was given may be quoted: it may be a password.
        raise _complaint(
            error.errors(include_url=False, include_input=False, include_context=False)
        ) from None


def _complaint(faults: Sequence[ErrorDetails]) -> Refusal:
    first = faults[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        return missing(name)
    texts = [_text(fault) for fault in faults]
    return gateway("InvalidParameter", "; ".join(texts))


def _text(fault: ErrorDetails) -> str:
    place = ".".join(map(str, fault["loc"]))
    why = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        why = "the action knows no such parameter"
    return f"{place}: {why}" if place else why


def _job_of(said_or_asked: Action[Any] | Reply) -> str:
    """The jobs a call is about, as the caller named them."""
    for field in _JOB_FIELDS:
        value = getattr(said_or_asked, field, None)
        if value:
            return ",".join(value) if isinstance(value, list) else str(value)
    return ""
