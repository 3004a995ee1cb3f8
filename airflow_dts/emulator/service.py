"""One call from request to answer: verify, parse with the action's own class, dispatch, record, render."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from airflow_dts.api._base import Action, Reply
from airflow_dts.api.form import from_parameters
from airflow_dts.api.sts import LONGEST_POLICY, AssumeRole
from airflow_dts.emulator.accounts import Accounts
from airflow_dts.emulator.clock import Clock
from airflow_dts.emulator.faults import CallFault, Faults
from airflow_dts.emulator.gate import Gate, Knock
from airflow_dts.emulator.handlers import HANDLERS, Desk
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.options import Account, Options
from airflow_dts.emulator.refusals import Refusal, forbidden, gateway, missing, unsupported
from airflow_dts.emulator.state import Event, Store
from airflow_dts.emulator.wire import Answer, refused, said

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

log = logging.getLogger(__name__)

_JOB_FIELDS = (
    "dts_job_id", "job_id", "dts_job_ids", "dts_instance_id", "instance_id", "migration_job_id",
    "synchronization_job_id", "synchronization_job_id_list_json_str", "subscription_instance_id",
    "resource_ids",
)  # fmt: skip


_LONGEST_NOTE = 1000
"""Characters of what a caller names that the ledger keeps."""


@dataclass(slots=True)
class _Call:
    """What is known of a call so far, for the ledger."""

    request_id: str
    action: type[Action[Any]] | None = None
    job: str = ""
    region: str = ""
    fault: CallFault | None = None


class Service:
    """Answers calls. Each is one transaction: effect, nonce and line in the ledger stand or fall together.

    What is turned away at the gate leaves no line: whoever holds no key must not fill the disk. A key that is
    known but not allowed the action leaves one.

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
        *,
        faults: Faults | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._options = options
        self._gate = Gate(Accounts(accounts, options, store), store)
        self._progress = progress
        self._wake = wake
        self._faults = faults or Faults()

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
                if call.fault is not None:
                    self._record(call, call.action, call.fault.kind, "fault")
                    answer = self._spoil(call, call.fault, answer, knock, host)
        if call.action is not None and call.action.changes_state:
            self._wake()
        return answer

    def _serve(self, call: _Call, knock: Knock) -> Answer:
        entry = self._gate.admit(knock, self._clock.now())
        call.action = action_class = entry.action
        if not entry.caller.may(action_class):
            raise forbidden(action_class.product)
        action = _parsed(action_class, entry.parameters)
        call.job, call.region = _job_of(action), action.region_id or self._options.region
        handler = HANDLERS.get(action_class.action_name())
        if handler is None:
            raise unsupported()
        desk = Desk(
            self._store,
            self._clock,
            self._options,
            self._progress,
            call.region,
            action_class.action_name(),
            call.request_id,
        )
        if self._faults.calls:
            self._strike(call, action_class)
        with self._store.transaction():
            reply: Reply = handler(desk, action)
        call.job = call.job or _job_of(reply)
        return said(action_class, reply, call.request_id, as_json=knock.wants_json)

    def _strike(self, call: _Call, action: type[Action[Any]]) -> None:
        """Raises Refusal: the call is not to take effect."""
        call.fault = self._faults.strike(action, lambda: self._known_as(call.job))
        if call.fault is not None:
            call.fault.prevent()

    def _known_as(self, named: str) -> set[str]:
        """Every name of the jobs that a call names."""
        found = set(named.split(","))
        for each in tuple(found):
            job = self._store.job(each.removeprefix("dts")) or self._store.job_of_instance(each)
            if job is not None:
                found |= {job.id, job.instance_id, job.name}
        return found

    def _spoil(self, call: _Call, fault: CallFault, answer: Answer, knock: Knock, host: str) -> Answer:
        """What the caller is told, or not told, of what became of the call."""
        no = fault.refusal()
        return fault.deliver(answer if no is None else self._refuse(call, no, knock, host))

    @staticmethod
    def _refuse(call: _Call, no: Refusal, knock: Knock, host: str) -> Answer:
        return refused(call.action, no, call.request_id, host, as_json=knock.wants_json)

    def _record(self, call: _Call, action: type[Action[Any]], code: str, kind: str = "call") -> None:
        job, region = call.job[:_LONGEST_NOTE], call.region[:_LONGEST_NOTE]
        self._store.record(
            Event(self._clock.now(), kind, action.action_name(), code, job, region, call.request_id)
        )


def _broken() -> Refusal:
    return gateway("InternalError", "The request processing has failed due to some unknown error.", 500)


def _parsed(action_class: type[Action[Any]], own: dict[str, str]) -> Action[Any]:
    try:
        return from_parameters(action_class, own)
    except ValidationError as error:
        # Neither the input nor what a validator was given may be quoted: it may be a password.
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise _complaint(action_class, own, faults) from None


def _complaint(
    action_class: type[Action[Any]], own: Mapping[str, str], faults: Sequence[ErrorDetails]
) -> Refusal:
    first = faults[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        return missing(name)
    code = _sts_code(name, own) if action_class is AssumeRole else "InvalidParameter"
    return gateway(code, "; ".join(_text(fault) for fault in faults))


def _sts_code(name: str, own: Mapping[str, str]) -> str:
    """STS names the parameter in the code too (seed 7.3.2)."""
    if name == "Policy":
        return f"InvalidParameter.Policy{'Size' if len(own[name]) > LONGEST_POLICY else 'Grammar'}"
    return f"InvalidParameter.{name}"


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
