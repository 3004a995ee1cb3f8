"""Who stands behind an access key, and what they may call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from pydantic import ValidationError

from airflow_dts.api._base import Action
from airflow_dts.api.sts import AssumeRole
from airflow_dts.emulator.knock import same
from airflow_dts.emulator.options import ANYTHING, Account, Options
from airflow_dts.emulator.permissions import Policy, check_pattern, covered, policy
from airflow_dts.emulator.refusals import Refusal, gateway
from airflow_dts.emulator.state import Store
from airflow_dts.emulator.tokens import Token, is_token

_EVERYTHING = Policy(ANYTHING)


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that exists.

    :param security_token: what a temporary key has to send along.
    :param allowed: patterns of what the account or the role may call.
    :param narrowed: what the token's own policy leaves of it.
    :param expires: Unix seconds, for a token that does.
    """

    secret: str = field(repr=False)
    security_token: str | None = field(repr=False)
    allowed: tuple[str, ...]
    narrowed: Policy = _EVERYTHING
    expires: int | None = None

    def may(self, action: type[Action[Any]]) -> bool:
        return covered(action, self.allowed) and self.narrowed.permits(action)

    def check_token(self, given: str, now: float) -> None:
        """Raises Refusal: the security token does not go with the key, or is past its life.

        :param given: empty when none was sent.
        """
        if self.security_token is None:
            if given:
                raise _mismatch()
            return
        if not given:
            raise gateway("MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if self.expires is not None and not is_token(given):
            raise gateway("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if not same(given, self.security_token):
            raise _mismatch()
        if self.expires is not None and now >= self.expires:
            raise gateway("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


class Accounts:
    """All keys: those the emulator was started with, and those its AssumeRole gave."""

    def __init__(self, accounts: Iterable[Account], options: Options, store: Store) -> None:
        self._fixed = {
            account.access_key_id: Caller(account.secret, account.security_token, account.allowed)
            for account in accounts
        }
        self._options = options
        self._store = store

    def find(self, key_id: str) -> Caller:
        """Raises Refusal: nobody has this key."""
        if known := self._fixed.get(key_id):
            return known
        if token := self._store.token(key_id):
            return self._temporary(token)
        raise gateway("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)

    def _temporary(self, token: Token) -> Caller:
        # A role that is gone leaves its tokens without permission, as the service does.
        role = self._options.role(token.role)
        return Caller(
            token.secret,
            token.security_token,
            role.allowed if role else (),
            policy(token.policy) if token.policy else _EVERYTHING,
            token.expires,
        )


def check_arn(arn: str) -> None:
    """Raises ValueError: no role has such a name."""
    try:
        AssumeRole(role_arn=arn, role_session_name="emulator")
    except ValidationError:
        raise ValueError("give a role's ARN such as acs:ram::1234567890123456:role/etl") from None


def check_access(accounts: Iterable[Account], options: Options) -> None:
    """Raises ValueError: a role's name, or a pattern of what a key or a role may call, is none."""
    for role in options.roles:
        check_arn(role.arn)
    limits = [account.allowed for account in accounts] + [role.allowed for role in options.roles]
    for pattern in chain.from_iterable(limits):
        check_pattern(pattern)


def _mismatch() -> Refusal:
    return gateway(
        "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."
    )
