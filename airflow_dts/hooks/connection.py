"""From an Airflow connection to the client's settings. Extras are read by name; an unknown one is refused."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_dts.errors import ConfigError
from airflow_dts.hooks.sign_in import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dts._compat import Connection
    from airflow_dts.client.settings import Settings

EXTRAS = (
    "region_id",
    "credentials",
    "security_token",
    "role_arn",
    "role_session_name",
    "role_policy",
    "role_duration",
    "external_id",
    "ram_role_name",
    "oidc_provider_arn",
    "oidc_token_file",
    "sts_endpoint",
    "gateway",
    "internet_domain",
    "format",
    "organization_id",
    "resource_group_id",
    "instance_id",
    "protocol",
    "ca_bundle",
    "verify",
    "connect_timeout",
    "read_timeout",
    "detail_rate",
    "list_rate",
)
"""Names the connection's extra may hold."""

SECRET_EXTRAS = ("security_token",)

PREFIX = "extra__alibaba_dts__"
"""How forms of older Airflows name the same extras."""

_TEXTS = ("organization_id", "resource_group_id", "instance_id", "ca_bundle", "internet_domain")
_CHOICES = {"protocol": ("https", "http"), "gateway": ("pop", "asapi"), "format": ("JSON", "XML")}
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True}
_BOOLEANS |= {"false": False, "0": False, "no": False, "off": False}


def settings_of(connection: Connection, region_id: str | None = None) -> Settings:
    """The client's settings; ``region_id`` wins over the connection's.

    :raises ConfigError: naming field and remedy; nothing has been called yet.
    """
    from airflow_dts.client.settings import Settings

    extras = extras_of(connection)
    given: dict[str, Any] = {name: str(extras[name]) for name in _TEXTS if name in extras}
    for name in ("connect_timeout", "read_timeout"):
        if name in extras:
            given[name] = _seconds(name, extras[name])
    for name in ("detail_rate", "list_rate"):
        if name in extras:
            given[name] = _rate(name, extras[name])
    if "verify" in extras:
        given["verify"] = _boolean("verify", extras["verify"])
    for name in _CHOICES:
        if name in extras:
            given[name] = _choice(name, extras[name])
    return Settings(
        **keys_of(connection, extras),
        region_id=_region(connection, region_id or extras.get("region_id")),
        endpoint=_endpoint(connection),
        **given,
    )


def extras_of(connection: Connection) -> dict[str, Any]:
    """The extras under their plain names; those left empty are dropped, as a form sends all its fields."""
    plain: dict[str, Any] = {}
    for key, value in _mapping(connection).items():
        name = key.removeprefix(PREFIX)
        if name not in EXTRAS:
            raise ConfigError(
                f"connection {connection.conn_id!r} has an extra of this name, which nothing reads",
                field=f"extra.{key}",
                remedy=_nearest(name),
            )
        if value not in (None, "") and (name not in plain or key == name):
            plain[name] = value
    return plain


def _mapping(connection: Connection) -> Mapping[str, Any]:
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigError(
            f"extra of connection {connection.conn_id!r} is not a JSON object",
            field="extra",
            remedy='write it like {"region_id": "cn-hangzhou"}',
        )
    return extra


def _nearest(name: str) -> str:
    if near := get_close_matches(name, EXTRAS, n=1):
        return f"did you mean {near[0]}?"
    return f"remove it, or use one of {', '.join(EXTRAS)}"


def _region(connection: Connection, region_id: object) -> str:
    if not region_id:
        raise ConfigError(
            f"neither the task nor connection {connection.conn_id!r} names a region",
            field="region_id",
            remedy='give region_id to the task, or {"region_id": "cn-hangzhou"} as extra of the connection',
        )
    return str(region_id)


def _endpoint(connection: Connection) -> str | None:
    host, port = (connection.host or "").strip().rstrip("/"), connection.port
    if not host:
        if port:
            raise ConfigError("a port without a host", field="port", remedy="give the endpoint as host too")
        return None
    try:
        own = urlsplit(host if "://" in host else f"//{host}").port
    except ValueError:
        # Not quoted: it may hold a login. An IPv6 address has to stand in brackets.
        raise ConfigError(
            "has a bad port", field="host", remedy="use 1 to 65535, as in host:443 or [::1]:443"
        ) from None
    if port is None or port == own:
        return host
    if own is not None:
        raise ConfigError(
            f"host says port {own}, port says {port}", field="port", remedy="leave one of them out"
        )
    if not 1 <= port <= 65535:
        raise ConfigError(f"{port} is no port", field="port", remedy="use 1 to 65535")
    scheme, separator, rest = host.rpartition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority}:{port}{slash}{path}"


def _choice(name: str, value: object) -> str:
    known = {choice.casefold(): choice for choice in _CHOICES[name]}
    found = known.get(str(value).casefold())
    if found is None:
        remedy = f"use {' or '.join(_CHOICES[name])}"
        raise ConfigError(f"{value!r} is unknown", field=f"extra.{name}", remedy=remedy)
    return found


def _boolean(name: str, value: object) -> bool:
    known = _BOOLEANS.get(str(value).casefold())
    if known is None:
        raise ConfigError(
            f"{value!r} is neither true nor false", field=f"extra.{name}", remedy="use true or false"
        )
    return known


def _seconds(name: str, value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ConfigError(
            f"{value!r} is no timeout", field=f"extra.{name}", remedy="give seconds, above 0 and up to 3600"
        )
    return seconds


def _rate(name: str, value: object) -> float:
    from airflow_dts.client.settings import HIGHEST_RATE, LOWEST_RATE

    try:
        rate = float(str(value))
    except ValueError:
        rate = 0.0
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        remedy = f"give calls a second, {LOWEST_RATE:g} to {HIGHEST_RATE:g}"
        raise ConfigError(f"{value!r} is no rate", field=f"extra.{name}", remedy=remedy)
    return rate
