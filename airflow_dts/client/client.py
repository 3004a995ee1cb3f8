"""Send an action, get its reply."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlencode

from airflow_dts import __version__
from airflow_dts.api._base import Action, Reply
from airflow_dts.api.signing import signature
from airflow_dts.client import limits
from airflow_dts.client.credentials import AssumedRole, EnvironmentKey, Fixed, Key, Lease, OidcRole, Source
from airflow_dts.client.orders import Order, common_order, order_of
from airflow_dts.client.renewing import Renewing
from airflow_dts.client.replies import Reading, read, said_at
from airflow_dts.client.retry import retrying
from airflow_dts.client.transport import Answer, Transport
from airflow_dts.errors import (
    ApiError,
    BadReply,
    CallError,
    ConfigError,
    CredentialsExpired,
    Throttled,
    Unreachable,
    mask,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dts.client.settings import Settings

R = TypeVar("R", bound=Reply)
log = logging.getLogger(__name__)

OK = "OK"
_USUAL_LIFE = 3600.0
"""Seconds a role's key lives if nothing else was asked for and the reply does not say."""


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
    ``client.retry`` says: never an action that changes state once the service may have acted. A call whose
    key has expired is sent once more with a new one, since the service refused it unread. Readings wait for
    their turn before each sending, as ``client.limits`` says.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_call: Callable[[CallRecord], None] | None = None,
        on_secret: Callable[[str], None] | None = None,
        clock: Callable[[], datetime] = _utc_now,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect on the first call.

        :param on_call: told of every sending; what it raises is logged and dropped
        :param on_secret: told of every secret that signs calls before it does, so that logs can mask it
        :param clock: aware; dates the calls
        :param ticks: seconds that nobody sets; measures the life of keys
        :param sleep: pauses before a call is sent again
        :raises ConfigError: certificates or proxy of the environment are unusable, or there is no key
        """
        self._settings, self._on_call, self._on_secret = settings, on_call, on_secret
        self._clock, self._ticks, self._sleep = clock, ticks, sleep
        self._retrying = retrying(attempts=settings.attempts, within=settings.retry_for, sleep=sleep)
        self._headers, self._names_product = _headers(settings), settings.via_asapi
        self._fixed = _fixed_parameters(settings)
        self._lock = threading.Lock()
        self._connect()
        _warn_if_in_the_clear(settings)

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
        return self._carry_out(order_of(action))[0]

    def call_common(
        self,
        action: str,
        version: str,
        parameters: Mapping[str, Any] | None = None,
        product: str = "Dts",
        *,
        changes_state: bool | None = None,
    ) -> dict[str, Any]:
        """Send any RPC action, also one this package does not know; the reply is a plain mapping.

        It is signed, repeated and reported like the rest. What is sent: text, numbers and booleans; lists as
        ``Name.1``; mappings dotted; JSON only as text. XML has no types, so of a reply in it all is text.

        :param version: of the product's API, such as ``2020-01-01``
        :param product: told to the ASAPI gateway; the POP gateway has an endpoint per product
        :param changes_state: whether sending it twice may do harm; when left out, by its name: Describe,
            List, Get, Query, Search and Count only read. With a ``ClientToken`` it may be repeated.
        :raises ConfigError: naming what cannot be sent
        """
        order = common_order(action, version, parameters or {}, product, changes_state)
        settings = self._settings
        if product.casefold() != "dts" and not (settings.via_asapi or settings.endpoint):
            raise ConfigError(
                f"{product} does not listen at {settings.address.authority}",
                field="product",
                remedy="use a connection whose host is that product's endpoint, or the asapi gateway",
            )
        return self._carry_out(order)[0].model_dump(by_alias=True, exclude_unset=True)

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._transport.close()
        if self._sts:
            self._sts.close()

    def _carry_out(self, order: Order[R]) -> tuple[R, Answer]:
        try:
            done: tuple[R, Answer] = self._retrying(self._send, order)
        except CallError as error:
            if error.maybe_acted and not order.repeatable:
                error.add_note("The service may have acted all the same: look before you repeat the call.")
            raise
        return done

    # --- one sending ----------------------------------------------------------------------------------------

    def _send(self, order: Order[R]) -> tuple[R, Answer]:
        if self._process != os.getpid():
            self._reconnect_after_fork()
        key = self._signed_in(order, self._source.current)
        try:
            return self._counted(order, key)
        except CredentialsExpired:
            fresh = self._signed_in(order, partial(self._source.renew, key))
            if fresh == key:
                raise
        return self._counted(order, fresh)

    def _counted(self, order: Order[R], key: Key) -> tuple[R, Answer]:
        self._pace.before_send(order.action)
        started, outcome = time.perf_counter(), OK
        try:
            return self._exchange(order, key)
        except Exception as error:
            if isinstance(error, Throttled):
                self._pace.throttled(order.action, error.retry_after)
            outcome = error.code if isinstance(error, ApiError) else type(error).__name__
            raise
        finally:
            self._report(order, time.perf_counter() - started, outcome)

    def _exchange(self, order: Order[R], key: Key) -> tuple[R, Answer]:
        def hide(text: str) -> str:
            return mask(text, (*self._settings.secrets, *key.secrets, *order.secrets()))

        answer = self._transport.post(order.action, _signed_form(self._parameters(order, key), key), hide)
        return read(order, answer, Reading(hide, self._clock)), answer

    def _parameters(self, order: Order[Any], key: Key) -> dict[str, str]:
        """All parameters of one sending: nonce and time are its own."""
        parameters = {
            **self._fixed,
            **order.parameters,
            "Action": order.action,
            "Version": order.version,
            "AccessKeyId": key.access_key_id,
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if key.security_token:
            parameters["SecurityToken"] = key.security_token
        if self._names_product:
            parameters["Product"] = order.product
        return parameters

    def _report(self, order: Order[Any], seconds: float, outcome: str) -> None:
        """A purchase that went well must not be lost to a counter that did not."""
        attempt = self._retrying.statistics.get("attempt_number", 1)
        try:
            if self._on_call:
                self._on_call(CallRecord(order.action, seconds, int(attempt), outcome))
        except Exception:
            log.exception("%s: the counter of calls failed", order.action)

    # --- connections and keys -------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._sts: DtsClient | None = None
        self._source = self._new_source()
        self._pace = limits.SHARED.pace(self._settings)
        self._process, self._transport = os.getpid(), Transport(self._settings, self._headers)

    def _reconnect_after_fork(self) -> None:
        """Two processes that read one connection would take each other's replies."""
        with self._lock:
            if self._process != os.getpid():
                self._connect()

    def _new_source(self) -> Source:
        match self._settings.sign_in:
            case None:
                return Fixed(self._told(self._own_key()))
            case EnvironmentKey() as environment:
                return Fixed(self._told(environment.key()))
            case AssumedRole() as role:
                self._sts = DtsClient(
                    self._settings.for_sts(),
                    on_call=self._on_call,
                    on_secret=self._on_secret,
                    clock=self._clock,
                    sleep=self._sleep,
                )
                return Renewing(partial(self._assume, self._sts, role), clock=self._ticks)
            case other:
                from airflow_dts.client.vendor import Network, VendorKeys

                settings = self._settings
                sts = settings.sts_address.authority if isinstance(other, OidcRole) else ""
                network = Network(sts, settings.connect_timeout, settings.read_timeout)
                return Renewing(VendorKeys(other, network, self._tell), clock=self._ticks)

    def _own_key(self) -> Key:
        settings = self._settings
        return Key(settings.access_key_id, settings.access_key_secret, settings.security_token or "")

    def _assume(self, sts: DtsClient, role: AssumedRole, refused: Key | None) -> Lease:
        """A new key of the role. Its life is measured by the service's clock, as ours may be off."""
        action = role.action()
        reply, answer = sts._carry_out(order_of(action))
        try:
            given = reply.credentials
            key = Key(
                given.access_key_id,
                given.access_key_secret.get_secret_value(),
                given.security_token.get_secret_value(),
            )
            until = given.expiration
        except ValueError as error:
            raise BadReply(action.action_name(), f"holds no key: {error}", answer.status) from None
        if not (key.access_key_id and key.secret and key.security_token):
            raise BadReply(action.action_name(), "holds no whole key", answer.status)
        usual = role.role_duration or _USUAL_LIFE
        life = (until - said_at(answer, self._clock())).total_seconds() if until else usual
        return Lease(self._told(key), life if life > 0 else usual)

    def _signed_in(self, order: Order[Any], get: Callable[[], Key]) -> Key:
        try:
            return get()
        except CallError as error:
            if not error.maybe_acted:
                raise
            # Who knows what became of that call; this one never left.
            raise Unreachable(order.action, f"nothing was sent, as signing in failed: {error}") from None

    def _told(self, key: Key) -> Key:
        for secret in key.secrets:
            self._tell(secret)
        return key

    def _tell(self, secret: str) -> None:
        try:
            if self._on_secret:
                self._on_secret(secret)
        except Exception as error:
            log.error("A secret could not be masked in logs: %s", type(error).__name__)  # noqa: TRY400 - its text may hold it


_warned_of: set[str] = set()


def _warn_if_in_the_clear(settings: Settings) -> None:
    """Once for each address and process."""
    address = settings.address
    if address.scheme == "http" and not address.is_loopback and address.url not in _warned_of:
        _warned_of.add(address.url)
        log.warning(
            "Calls to %s are not encrypted: who is in between reads them, passwords included, and replies "
            "can be forged; use https if it is offered",
            address.url,
        )


def _headers(settings: Settings) -> dict[str, str]:
    given = {
        "x-acs-regionid": settings.region_id,
        "x-acs-organizationid": settings.organization_id,
        "x-acs-resourcegroupid": settings.resource_group_id,
        "x-acs-instanceid": settings.instance_id,
    }
    return {
        "Accept": f"application/{settings.format.lower()}",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": f"airflow-dts/{__version__}",
        "x-acs-caller-sdk-source": f"airflow-dts/{__version__}",
        **{name: value for name, value in given.items() if value},
    }


def _fixed_parameters(settings: Settings) -> dict[str, str]:
    return {
        "Format": settings.format,
        "RegionId": settings.region_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
    }


def _signed_form(parameters: dict[str, str], key: Key) -> str:
    try:
        parameters["Signature"] = signature(parameters, key.secret)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return urlencode(parameters)
