"""Who may come in: the public parameters of a call, its signature and its nonce (seed 6.1, 6.2)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_dts.api._base import Action
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.form import PUBLIC_PARAMETERS
from airflow_dts.api.signing import signature
from airflow_dts.emulator.options import Account
from airflow_dts.emulator.refusals import Refusal, gateway, invalid, missing
from airflow_dts.emulator.state import Store

SKEW = 15 * 60
"""Seconds a request's timestamp may be off, either way."""
_NEEDED = (
    "Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
    "Signature",
)  # fmt: skip
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LONGEST_NONCE = 256


@dataclass(frozen=True, slots=True)
class Knock:
    """A request before anything is believed.

    :param parameters: query and form body together, each name once.
    """

    method: str
    parameters: Mapping[str, str]

    @property
    def wants_json(self) -> bool:
        return self.parameters.get("Format", "").casefold() == "json"


class Gate:
    """Checks calls, in the order in which the service does."""

    def __init__(self, accounts: Iterable[Account], store: Store) -> None:
        self._accounts = {account.access_key_id: account for account in accounts}
        self._store = store

    def admit(self, knock: Knock, now: float) -> tuple[type[Action[Any]], dict[str, str]]:
        """The action's class and its own parameters. Raises Refusal. Call it inside a transaction.

        :param now: Unix seconds.
        """
        given = knock.parameters
        _check_complete(given)
        action = _known_action(given)
        account = self._account(given["AccessKeyId"])
        sent = _sent_at(given["Timestamp"], now)
        _check_scheme(given)
        _check_token(given, account)
        _check_signature(knock, account)
        self._check_nonce(given, sent)
        return action, {name: value for name, value in given.items() if name not in PUBLIC_PARAMETERS}

    def _account(self, access_key_id: str) -> Account:
        try:
            return self._accounts[access_key_id]
        except KeyError:
            raise gateway("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404) from None

    def _check_nonce(self, given: Mapping[str, str], sent: float) -> None:
        if len(given["SignatureNonce"]) > _LONGEST_NONCE:
            raise invalid("SignatureNonce", f"it is longer than {_LONGEST_NONCE} characters.")
        if self._store.nonces_full():
            raise gateway("Throttling.User", "Request was denied due to user flow control.")
        if not self._store.claim_nonce(given["AccessKeyId"], given["SignatureNonce"], sent + SKEW):
            raise gateway("SignatureNonceUsed", "Specified signature nonce was used already.")


def _check_complete(given: Mapping[str, str]) -> None:
    for name in _NEEDED:
        if not given.get(name):
            raise missing(name)
    if given.get("Format", "XML").casefold() not in ("json", "xml"):
        raise invalid("Format", "give JSON or XML.")


def _known_action(given: Mapping[str, str]) -> type[Action[Any]]:
    action = ACTIONS.get(given["Action"])
    if action is None:
        raise gateway(
            "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404
        )
    if given["Version"] != action.version:
        raise gateway("InvalidVersion", f"Specified parameter Version is not valid: use {action.version}.")
    return action


def _sent_at(text: str, now: float) -> float:
    """The timestamp in Unix seconds."""
    # The pattern keeps out the many other forms ISO 8601 has.
    well_formed = _TIMESTAMP.fullmatch(text) is not None
    try:
        seconds = datetime.fromisoformat(text if well_formed else "").timestamp()
    except ValueError:
        raise gateway(
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted: use 2024-05-01T08:00:00Z.",
        ) from None
    if abs(seconds - now) > SKEW:
        raise gateway("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    return seconds


def _check_scheme(given: Mapping[str, str]) -> None:
    if given["SignatureMethod"].upper() != "HMAC-SHA1":
        raise gateway(
            "InvalidSignatureMethod", "Specified parameter SignatureMethod is not valid: use HMAC-SHA1."
        )
    if given["SignatureVersion"] != "1.0":
        raise gateway(
            "InvalidSignatureVersion", "Specified parameter SignatureVersion is not valid: use 1.0."
        )


def _check_token(given: Mapping[str, str], account: Account) -> None:
    if account.security_token is None:
        return
    if not given.get("SecurityToken"):
        raise gateway("MissingSecurityToken", "SecurityToken is mandatory for this action.")
    if not _same(given["SecurityToken"], account.security_token):
        raise gateway(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )


def _check_signature(knock: Knock, account: Account) -> None:
    signed = {name: value for name, value in knock.parameters.items() if name != "Signature"}
    if not _same(knock.parameters["Signature"], signature(signed, account.secret, knock.method)):
        raise _mismatch()


def _mismatch() -> Refusal:
    # The real service quotes the string it signed, and with it every parameter; this one does not.
    return gateway("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
