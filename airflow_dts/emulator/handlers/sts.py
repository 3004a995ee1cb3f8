"""Temporary keys: AssumeRole (seed 7.3.2)."""

from __future__ import annotations

import hashlib

from airflow_dts.api._fields import compact
from airflow_dts.api.sts import AssumedRoleUser, AssumeRole, AssumeRoleReply, TemporaryKey
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.options import Role
from airflow_dts.emulator.permissions import policy
from airflow_dts.emulator.refusals import gateway
from airflow_dts.emulator.tokens import new_token

_LEAST = 900
"""Seconds."""
_USUAL = 3600


@handles(AssumeRole)
def assume_role(desk: Desk, action: AssumeRole) -> AssumeRoleReply:
    """A key that expires by itself, and may do what the role may and the policy leaves of it."""
    role = desk.options.role(action.role_arn)
    if role is None:
        raise gateway("EntityNotExist.Role", "The specified Role not exists.", 404)
    now = desk.clock.now()
    token = new_token(
        role.arn,
        action.role_session_name,
        _narrowing(action),
        now,
        _life(desk, role, action.duration_seconds),
    )
    if not desk.store.save_token(token, now):
        raise gateway("Throttling.User", "Request was denied due to user flow control.")
    return AssumeRoleReply(
        credentials=TemporaryKey(
            access_key_id=token.key_id,
            access_key_secret=token.secret,
            security_token=token.security_token,
            expiration=utc(token.expires),
        ),
        assumed_role_user=AssumedRoleUser(
            arn=f"{role.arn}/{token.session}", assumed_role_id=f"{_role_id(role.arn)}:{token.session}"
        ),
    )


def _narrowing(action: AssumeRole) -> str:
    """The policy as JSON, checked; empty when there is none."""
    if action.policy is None:
        return ""
    text = compact(action.policy)
    try:
        policy(text)
    except ValueError as error:
        raise gateway(
            "InvalidParameter.PolicyGrammar",
            f"The parameter Policy has not passed grammar check: {error}.",
        ) from None
    return text


def _life(desk: Desk, role: Role, asked: int | None) -> float:
    """Seconds."""
    if asked is not None and not _LEAST <= asked <= role.longest:
        raise gateway(
            "InvalidParameter.DurationSeconds",
            f"The Min/Max value of DurationSeconds is {_LEAST} and {role.longest} seconds.",
        )
    return desk.options.token_life or asked or min(_USUAL, role.longest)


def _role_id(arn: str) -> int:
    """A number that stays the same for a role."""
    return 3 * 10**17 + int.from_bytes(hashlib.sha256(arn.encode()).digest()[:7])
