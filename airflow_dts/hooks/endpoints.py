"""The two ends of a job, from Airflow connections and explicit mappings to the fields of an action.

What an endpoint can say is named once, without the wire's spelling, which differs from side to side.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import mask_secret
from airflow_dts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dts._compat import Connection

FIELDS = {
    "instance_type": "instance_type",
    "engine": "engine_name",
    "instance_id": "instance_id",
    "region_id": "region",
    "host": "ip",
    "port": "port",
    "database": "database_name",
    "oracle_sid": "oracle_sid",
    "user": "user_name",
    "password": "password",
    "owner_id": "owner_id",
    "role": "role",
}
"""Our name of a fact about an endpoint -> the end of the action's field name."""

FROM_EXTRA = (
    "instance_type",
    "engine",
    "instance_id",
    "region_id",
    "database",
    "oracle_sid",
    "owner_id",
    "role",
)
"""Facts that a connection keeps in its extra."""

ENGINES = {
    "mysql": "MYSQL",
    "postgres": "POSTGRESQL",
    "mongo": "MONGODB",
    "redis": "REDIS",
    "oracle": "ORACLE",
    "mssql": "MSSQL",
}
"""Airflow's type of a database connection -> engine, unless the extra names one."""

BY_ADDRESS = ("OTHER", "EXPRESS", "DG", "CEN", "LOCALINSTANCE")
"""Instance types that DTS reaches by host and port (seed 6.4.2)."""
BY_PORT = (*BY_ADDRESS, "ECS")
IN_ONE_DATABASE = ("POLARDB_O", "POSTGRESQL", "MONGODB", "GREENPLUM")
"""Engines for which a database has to be named (seed 6.4.2)."""


def endpoint_words(*sides: str) -> dict[str, str]:
    """What a task calls the fields of an action: ``source_endpoint_ip`` is ``source.host``."""
    return {f"{side}_endpoint_{end}": f"{side}.{name}" for side in sides for name, end in FIELDS.items()}


def endpoint_fields(
    side: str, connection: Connection | None, explicit: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Fields of an action for one side.

    :param side: ``source`` or ``destination``
    :param connection: Airflow connection of the database; the only place for a password
    :param explicit: facts that win over the connection's; named as in ``FIELDS``
    :raises ConfigError: for a fact nobody knows, or a password outside a connection
    """
    own = _checked(side, explicit)
    facts = (_useful(_facts(connection), own) if connection else {}) | own
    return {
        f"{side}_endpoint_{FIELDS[name]}": value for name, value in facts.items() if value not in (None, "")
    }


def _checked(side: str, explicit: Mapping[str, Any] | None) -> dict[str, Any]:
    if explicit is None:
        return {}
    if not hasattr(explicit, "items"):
        raise ConfigError(
            f"is {type(explicit).__name__}", field=side, remedy='give a mapping like {"instance_type": "RDS"}'
        )
    for name in explicit:
        if "password" in str(name).casefold():
            raise ConfigError(
                "a password in a templated field is shown in the UI and kept in Airflow's database",
                field=f"{side}.{name}",
                remedy=f"put it into an Airflow connection and name that in {side}_conn_id",
            )
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, n=1)
            known = ", ".join(name for name in FIELDS if name != "password")
            raise ConfigError(
                "is no fact about an endpoint",
                field=f"{side}.{name}",
                remedy=f"did you mean {near[0]}?" if near else f"use {known}",
            )
    return dict(explicit)


def _facts(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    if connection.password:
        mask_secret(connection.password)
    facts = {
        "engine": ENGINES.get(connection.conn_type or ""),
        "host": connection.host,
        "port": connection.port,
        "database": connection.schema,
        "user": connection.login,
        "password": connection.password,
    }
    return facts | {name: extra[name] for name in FROM_EXTRA if extra.get(name)}


def _useful(facts: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Without what this kind of endpoint has no use for: the connection serves SQL tasks as well."""
    kind = str(own.get("instance_type") or facts.get("instance_type") or "").upper()
    engine = str(own.get("engine") or facts.get("engine") or "").upper()
    useless = {
        "host": kind not in BY_ADDRESS,
        "port": kind not in BY_PORT,
        "database": engine not in IN_ONE_DATABASE and kind not in IN_ONE_DATABASE,
    }
    return {name: value for name, value in facts.items() if not useless.get(name)}
