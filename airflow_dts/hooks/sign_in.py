"""From an Airflow connection to a way to sign in: what each kind of credentials takes, and nothing else."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_dts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dts._compat import Connection
    from airflow_dts.client.credentials import SignIn

_ROLE = ("role_session_name", "role_policy", "role_duration", "sts_endpoint")


class _Kind(NamedTuple):
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    """Besides what it needs."""


KINDS = {
    "access_key": _Kind(("login", "password"), ("security_token",)),
    "sts": _Kind(("login", "password", "security_token")),
    "assume_role": _Kind(("login", "password", "role_arn"), ("security_token", "external_id", *_ROLE)),
    "environment": _Kind(),
    "ecs_ram_role": _Kind((), ("ram_role_name",)),
    "oidc": _Kind((), ("role_arn", "oidc_provider_arn", "oidc_token_file", *_ROLE)),
    "default": _Kind(),
}
"""What ``credentials`` may say; the first is meant when it says nothing."""

_MOST_DIGITS = 9
_ASKED_FOR = {"login": "AccessKey ID", "password": "AccessKey secret"}
_FIELDS = dict.fromkeys(field for kind in KINDS.values() for field in (*kind.needs, *kind.takes))


def keys_of(connection: Connection, extras: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the client's settings that say who calls.

    :raises ConfigError: a field is missing, wrong, or of no use to the kind of credentials
    """
    kind = _kind(extras)
    given = {"login": connection.login, "password": connection.password, **extras}
    for field in KINDS[kind].needs:
        if not given.get(field):
            raise _missing(connection, field, kind)
    for field in _FIELDS:
        if given.get(field) and field not in KINDS[kind].needs + KINDS[kind].takes:
            raise _useless(field, kind)
    return {
        "access_key_id": connection.login or "",
        "access_key_secret": connection.password or "",
        **{name: str(extras[name]) for name in ("security_token", "sts_endpoint") if name in extras},
        "sign_in": _sign_in(kind, extras),
    }


def _kind(extras: Mapping[str, Any]) -> str:
    said = str(extras.get("credentials", next(iter(KINDS)))).casefold()
    if said not in KINDS:
        near = get_close_matches(said, KINDS, n=1)
        raise ConfigError(
            "is no kind of credentials",  # not quoted: by its name it may hold the secret itself
            field="extra.credentials",
            remedy=f"did you mean {near[0]}?" if near else f"use one of {', '.join(KINDS)}",
        )
    return said


def _missing(connection: Connection, field: str, kind: str) -> ConfigError:
    if meaning := _ASKED_FOR.get(field):
        return ConfigError(
            f"connection {connection.conn_id!r} has no {meaning}",
            field=field,
            remedy=f"put the {meaning} there",
        )
    return ConfigError(
        f"is missing, and credentials {kind} needs it", field=f"extra.{field}", remedy="give it"
    )


def _useless(field: str, kind: str) -> ConfigError:
    others = [name for name, each in KINDS.items() if field in each.needs + each.takes]
    return ConfigError(
        f"is of no use to credentials {kind}",
        field=field if field in _ASKED_FOR else f"extra.{field}",
        remedy=f"leave it out, or set credentials to {' or '.join(others)}",
    )


def _sign_in(kind: str, extras: Mapping[str, Any]) -> SignIn | None:
    from airflow_dts.client import credentials

    texts = (
        "role_arn", "role_session_name", "external_id",
        "ram_role_name", "oidc_provider_arn", "oidc_token_file",
    )  # fmt: skip
    given: dict[str, Any] = {name: str(extras[name]) for name in texts if name in extras}
    if "role_policy" in extras:
        policy = extras["role_policy"]
        given["role_policy"] = policy if isinstance(policy, str) else json.dumps(policy)
    if "role_duration" in extras:
        given["role_duration"] = _whole_seconds(extras["role_duration"])
    match kind:
        case "assume_role":
            return credentials.AssumedRole(**given)
        case "oidc":
            return credentials.OidcRole(**given)
        case "environment":
            return credentials.EnvironmentKey()
        case "ecs_ram_role":
            return credentials.EcsRole(**given)
        case "default":
            return credentials.DefaultChain()
    return None


def _whole_seconds(value: object) -> int:
    text = str(value).removesuffix(".0")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise ConfigError(
            f"{value!r} is no duration", field="extra.role_duration", remedy="give whole seconds, from 900"
        )
    return int(text)
