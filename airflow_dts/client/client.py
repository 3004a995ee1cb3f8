"""Send an action, get its reply."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlencode

from pydantic import SecretStr

from airflow_dts import __version__
from airflow_dts.api._base import Action, Reply
from airflow_dts.api.form import to_parameters
from airflow_dts.api.signing import signature
from airflow_dts.client.replies import Reading, read
from airflow_dts.client.retry import repeatable, retrying
from airflow_dts.client.transport import Transport
from airflow_dts.errors import ApiError, CallError, ConfigError, mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dts.client.settings import Settings

R = TypeVar("R", bound=Reply)
log = logging.getLogger(__name__)

OK = "OK"


class CallRecord(NamedTuple):
    """One sending of one call."""

    action: str
    seconds: float
    attempt: int
    """From 1."""
    outcome: str
    """``OK``, the service's error code, or the name of the error's class."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DtsClient:
    """Typed calls: ``client.call(StopDtsJob(dts_job_id="..."))`` returns that action's reply.

    Threads may share one. Calls that are throttled, or fail in a way that passes, are sent again as
    ``client.retry`` says: never an action that changes state once the service may have acted.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_call: Callable[[CallRecord], None] | None = None,
        clock: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect on the first call.

        :param on_call: told of every sending; what it raises is logged and dropped
        :param clock: aware; dates the calls
        :param sleep: pauses before a call is sent again
        :raises ConfigError: the environment's certificates or proxy are unusable
        """
        self._settings, self._on_call, self._clock = settings, on_call, clock
        self._retrying = retrying(attempts=settings.attempts, within=settings.retry_for, sleep=sleep)
        self._headers = _headers(settings)
        self._fixed = _fixed_parameters(settings)
        self._lock = threading.Lock()
        self._connect()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.url}, region_id={self._settings.region_id!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, action: Action[R]) -> R:
        """Send the action, as often as it takes and is safe.

        :raises ApiError: the service answered with an error code
        :raises NoReply: request or reply were lost; whether the service acted is unknown
        :raises Unreachable: nothing could be sent
        :raises BadReply: what came back is not what the protocol says
        :raises ConfigError: a parameter holds text that cannot be sent
        """
        try:
            reply: R = self._retrying(self._send, action)
        except CallError as error:
            if error.maybe_acted and not repeatable(action):
                error.add_note("The service may have acted all the same: look before you repeat the call.")
            raise
        return reply

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._transport.close()

    def _connect(self) -> None:
        self._process, self._transport = os.getpid(), Transport(self._settings, self._headers)

    def _send(self, action: Action[R]) -> R:
        if self._on_call is None:
            return self._exchange(action)
        started, outcome = time.perf_counter(), OK
        try:
            return self._exchange(action)
        except Exception as error:
            outcome = error.code if isinstance(error, ApiError) else type(error).__name__
            raise
        finally:
            self._report(action, time.perf_counter() - started, outcome)

    def _exchange(self, action: Action[R]) -> R:
        if self._process != os.getpid():
            self._reconnect_after_fork()

        def hide(text: str) -> str:
            return mask(text, (*self._settings.secrets, *_secrets_of(action)))

        answer = self._transport.post(
            action.action_name(), _signed_form(self._parameters(action), self._settings), hide
        )
        return read(action, answer, Reading(hide, self._clock))

    def _parameters(self, action: Action[Any]) -> dict[str, str]:
        """All parameters of one sending: nonce and time are its own."""
        return {
            **self._fixed,
            **to_parameters(action),
            "Action": action.action_name(),
            "Version": action.version,
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _reconnect_after_fork(self) -> None:
        """Two processes that read one connection would take each other's replies."""
        with self._lock:
            if self._process != os.getpid():
                self._connect()

    def _report(self, action: Action[Any], seconds: float, outcome: str) -> None:
        """A purchase that went well must not be lost to a counter that did not."""
        attempt = self._retrying.statistics.get("attempt_number", 1)
        try:
            if self._on_call:
                self._on_call(CallRecord(action.action_name(), seconds, int(attempt), outcome))
        except Exception:
            log.exception("%s: the counter of calls failed", action.action_name())


def _headers(settings: Settings) -> dict[str, str]:
    given = {
        "x-acs-regionid": settings.region_id,
        "x-acs-organizationid": settings.organization_id,
        "x-acs-resourcegroupid": settings.resource_group_id,
        "x-acs-instanceid": settings.instance_id,
    }
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": f"airflow-dts/{__version__}",
        "x-acs-caller-sdk-source": f"airflow-dts/{__version__}",
        **{name: value for name, value in given.items() if value},
    }


def _fixed_parameters(settings: Settings) -> dict[str, str]:
    fixed = {
        "Format": "JSON",
        "RegionId": settings.region_id,
        "AccessKeyId": settings.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
    }
    return fixed | {"SecurityToken": settings.security_token} if settings.security_token else fixed


def _signed_form(parameters: dict[str, str], settings: Settings) -> str:
    try:
        parameters["Signature"] = signature(parameters, settings.access_key_secret)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return urlencode(parameters)


def _secrets_of(action: Action[Any]) -> list[str]:
    fields = (getattr(action, name) for name in type(action).model_fields)
    return [value.get_secret_value() for value in fields if isinstance(value, SecretStr)]
