"""A call as it will be sent, whether it comes from an action's class or from a name and parameters."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import SecretStr

from airflow_dts.api._base import Action, Reply
from airflow_dts.api.form import PUBLIC_PARAMETERS, to_parameters
from airflow_dts.api.xml import from_xml
from airflow_dts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

R = TypeVar("R", bound=Reply)

SECRET_NAME = re.compile(
    r"passw|pwd|passphrase|secret|private_?key|(?<!client)(?<!next)(?<!page)token", re.IGNORECASE
)
"""What a value is called that nobody may see. ClientToken, NextToken and PageToken open nothing."""
_READS = re.compile(r"(?:Describe|List|Get|Query|Search|Count)(?![a-z])")
"""How actions begin that change nothing."""
_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}", re.ASCII)
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
_OURS = {name.casefold(): name for name in (*PUBLIC_PARAMETERS, "AccessKeySecret", "Product")}
_DEEPEST = 16
_LONGEST_NUMBER = 1024
"""Bits. Python refuses to write some that are longer."""


@dataclass(frozen=True, slots=True)
class Order(Generic[R]):
    """One call, however often it is sent."""

    action: str
    product: str
    version: str
    parameters: Mapping[str, str] = field(repr=False)
    """Its own; what every call carries is added at each sending."""
    repeatable: bool
    """Whether sending it twice does no more than sending it once."""
    read_json: Callable[[bytes], R] = field(repr=False)
    read_xml: Callable[[bytes], R] = field(repr=False)
    secrets: Callable[[], list[str]] = field(repr=False)
    """Those among its parameters."""


def order_of(action: Action[R]) -> Order[R]:
    """An action as a call; a missing ``client_token`` of one that changes state is filled in."""
    parameters = to_parameters(action)
    token = _token_parameter(type(action))
    if token and action.changes_state and not parameters.get(token):
        parameters[token] = uuid.uuid4().hex
    return Order(
        action.action_name(),
        action.product,
        action.version,
        parameters,
        not action.changes_state or token in parameters,
        action.parse_reply,
        action.parse_xml,
        partial(_secrets_of, action),
    )


@cache
def _token_parameter(action: type[Action[Any]]) -> str:
    """Wire name of the action's ``client_token``; empty when it takes none."""
    found = action.model_fields.get("client_token")
    return found.alias or "" if found else ""


def _secrets_of(action: Action[Any]) -> list[str]:
    return [value.get_secret_value() for value in vars(action).values() if isinstance(value, SecretStr)]


def common_order(
    action: str, version: str, parameters: Mapping[str, Any], product: str, changes_state: bool | None
) -> Order[Reply]:
    """Any RPC action.

    :param changes_state: by the action's name when None
    :raises ConfigError: naming the parameter that cannot be sent
    """
    for name, given, shape, example in (
        ("action", action, _ACTION, "DescribeJobMonitorRule"),
        ("version", version, _VERSION, "2020-01-01"),
        ("product", product, _PRODUCT, "Dts"),
    ):
        if not isinstance(given, str) or not shape.fullmatch(given):
            raise ConfigError(f"{given!r} is none", field=name, remedy=f"give one like {example}")
    flat = flattened(parameters)
    changes = _READS.match(action) is None if changes_state is None else changes_state
    return Order(
        action,
        product,
        version,
        {name: _clear(value) for name, value in flat.items()},
        not changes or bool(flat.get("ClientToken")),
        Reply.read,
        partial(from_xml, Reply),
        lambda: [_clear(value) for name, value in flat.items() if _hidden(name, value)],
    )


def flattened(parameters: Mapping[str, Any]) -> dict[str, str | SecretStr]:
    """Lists numbered from 1 (``ResourceId.1``), mappings dotted (``Tag.1.Key``), None left out (seed 6.5.7).

    JSON is sent as given, so only as text.

    :raises ConfigError: naming the parameter that cannot be sent, or that the client sends itself
    """
    if not isinstance(parameters, Mapping):
        raise ConfigError("is no mapping", field="parameters", remedy='give one like {"DtsJobId": "..."}')
    flat: dict[str, str | SecretStr] = {}
    for key, given in parameters.items():
        for name, value in _flat(key, given, _DEEPEST):
            if name.casefold() in _OURS:
                raise ConfigError(
                    "is the client's to send", field=f"parameters.{name}", remedy="leave it out"
                )
            if name in flat:
                raise ConfigError("is given twice", field=f"parameters.{name}", remedy="give it once")
            flat[name] = value
    return flat


def _flat(name: object, value: object, deep: int) -> Iterator[tuple[str, str | SecretStr]]:
    if not isinstance(name, str) or not name or not deep:
        raise ConfigError(
            f"{str(name)[:40]!r} is no name, or nested more than {_DEEPEST} deep",
            field="parameters",
            remedy="give names as text",
        )
    match value:
        case None:
            return
        case Mapping():
            for key, inner in value.items():
                yield from _flat(f"{name}.{key}" if isinstance(key, str) else key, inner, deep - 1)
        case list() | tuple():
            for number, inner in enumerate(value, 1):
                yield from _flat(f"{name}.{number}", inner, deep - 1)
        case _:
            yield name, _text(name, value)


def _text(name: str, value: object) -> str | SecretStr:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | SecretStr():
            return value
        case int() if value.bit_length() <= _LONGEST_NUMBER:
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
    raise ConfigError(
        f"a value of type {type(value).__name__} cannot be sent",
        field=f"parameters.{name}",
        remedy="give text, a finite number, a boolean, a list or a mapping",
    )


def _clear(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _hidden(name: str, value: str | SecretStr) -> bool:
    return isinstance(value, SecretStr) or SECRET_NAME.search(name) is not None
