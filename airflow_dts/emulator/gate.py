"""Who may come in: the public parameters of a call, its signature and its nonce (seed 6.1, 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_dts.api._base import Action
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.form import PUBLIC_PARAMETERS
from airflow_dts.api.readings import DescribeDtsJobs
from airflow_dts.emulator.accounts import Accounts, Caller
from airflow_dts.emulator.acs3 import Acs3Claim
from airflow_dts.emulator.hmac_sha1 import HmacSha1Claim
from airflow_dts.emulator.knock import Claim, Knock
from airflow_dts.emulator.refusals import Refusal, gateway, invalid, missing
from airflow_dts.emulator.served import SERVED
from airflow_dts.emulator.state import Store

__all__ = ["SKEW", "Admission", "Gate", "Knock"]

SKEW = 15 * 60
"""Seconds a request's timestamp may be off, either way."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LONGEST_NONCE = 256
_PRODUCTS = {action.product.casefold() for action in SERVED.values()}
_SDK_PARAMETERS = frozenset(
    {"OwnerAccount", "OwnerId", "ResourceGroupId", "ResourceOwnerAccount", "ResourceOwnerId"}
)
"""What the vendor's SDKs know for every action and the seed for none: accepted, and without effect."""
_OLDER_VERSIONS = frozenset({"2016-08-01", "2018-08-01", "2019-09-01"})
"""What older SDKs say for the older actions; the seed itself says 2020-01-01 for all of them (seed 6.1)."""
_NEVER_OLDER = ("6.5.4", "6.5.6", "6.5.7")
"""Sections whose actions came with version 2020-01-01."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A call whose caller is known.

    :param parameters: the action's own.
    """

    action: type[Action[Any]]
    parameters: dict[str, str]
    caller: Caller


class Gate:
    """Checks calls, in the order in which the service does."""

    def __init__(self, accounts: Accounts, store: Store) -> None:
        self._accounts = accounts
        self._store = store

    def admit(self, knock: Knock, now: float) -> Admission:
        """The action's class, its own parameters and who calls it. Raises Refusal. Call it in a transaction.

        :param now: Unix seconds.
        """
        claim = _read(knock)
        action = _known_action(claim)
        caller = self._accounts.find(claim.key_id)
        sent = _sent_at(claim.timestamp, now)
        claim.check_scheme()
        caller.check_token(claim.token, now)
        if not claim.signed_with(caller.secret):
            # The real service quotes the string it signed, and with it every parameter; this one does not.
            # The vendor's older SDK looks for it behind the colon, and breaks where there is none.
            raise gateway(
                "SignatureDoesNotMatch",
                "Specified signature is not matched with our calculation. Server string to sign: not shown.",
            )
        self._check_nonce(claim, sent)
        return Admission(action, _own(knock, action), caller)

    def _check_nonce(self, claim: Claim, sent: float) -> None:
        if len(claim.nonce) > _LONGEST_NONCE:
            raise invalid(claim.nonce_name, f"it is longer than {_LONGEST_NONCE} characters.")
        if self._store.nonces_full():
            raise gateway("Throttling.User", "Request was denied due to user flow control.")
        if not self._store.claim_nonce(claim.key_id, claim.nonce, sent + SKEW):
            raise gateway("SignatureNonceUsed", "Specified signature nonce was used already.")


def _read(knock: Knock) -> Claim:
    """What the call claims, once nothing is missing from it."""
    claim: Claim = Acs3Claim.read(knock) if knock.signed_in_headers else HmacSha1Claim.read(knock)
    if knock.parameters.get("Format", "XML").casefold() not in ("json", "xml"):
        raise invalid("Format", "give JSON or XML.")
    if "x-acs-resourcegroupid" in knock.headers and not knock.headers.get("x-acs-organizationid"):
        raise missing("x-acs-organizationid")
    return claim


def _known_action(claim: Claim) -> type[Action[Any]]:
    action = SERVED.get(claim.action)
    if claim.knock.at_asapi:
        _check_product(claim.knock, action)
    if action is None:
        raise _no_such_action()
    if claim.version != action.version and not _spoken_of_old(claim.version, action):
        raise gateway("InvalidVersion", f"Specified parameter Version is not valid: use {action.version}.")
    return action


def _check_product(knock: Knock, action: type[Action[Any]] | None) -> None:
    """At the gateway of all products, the product is a parameter (seed 7.1)."""
    product = knock.parameters.get("Product", "").casefold()
    if not product:
        raise missing("Product")
    if product not in _PRODUCTS:
        raise gateway(
            "InvalidProduct.NotFound", "Specified product is not found: this gateway has Dts and Sts.", 404
        )
    if action is not None and action.product.casefold() != product:
        raise _no_such_action()


def _no_such_action() -> Refusal:
    return gateway(
        "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404
    )


def _spoken_of_old(version: str, action: type[Action[Any]]) -> bool:
    return (
        version in _OLDER_VERSIONS
        and action.generation == "legacy"
        and not action.section.startswith(_NEVER_OLDER)
    )


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


def _own(knock: Knock, action: type[Action[Any]]) -> dict[str, str]:
    """The action's own parameters, without those that every call may carry."""
    public = PUBLIC_PARAMETERS | {"Product"} if knock.at_asapi else PUBLIC_PARAMETERS
    known = wire_fields(action)
    own = {
        name: value
        for name, value in knock.parameters.items()
        if name not in public and (name not in _SDK_PARAMETERS or name.casefold() in known)
    }
    if action is DescribeDtsJobs:
        _rename_filter(own)
    return own


def _rename_filter(own: dict[str, str]) -> None:
    """The SDKs filter by ``DtsJobId``, which the seed calls ``GroupId`` (seed 6.4.8.2).

    They take several ids, too; such a call is left as it is, and refused rather than answered with all jobs.
    """
    if "GroupId" not in own and "," not in own.get("DtsJobId", ","):
        own["GroupId"] = own.pop("DtsJobId")
