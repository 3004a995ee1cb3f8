"""Actions as the parameters of an RPC call, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import SecretStr

from airflow_dts.api._base import Action
from airflow_dts.api._numbered import numbered

PUBLIC_PARAMETERS = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "SignatureType",
        "Timestamp",
        "SecurityToken",
    }
)
"""What every call carries whatever its action (seed 6.1); not part of any action's fields."""

A = TypeVar("A", bound=Action[Any])


def to_parameters(action: Action[Any]) -> dict[str, str]:
    """Wire names and text values; what was not given is left out. Secrets are in the clear here."""
    given = action.model_dump(by_alias=True, exclude_none=True)
    parameters: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, (list, dict)):
            parameters.update((each, _text(element)) for each, element in numbered(name, value))
        else:
            parameters[name] = _text(value)
    return parameters


def from_parameters(action: type[A], parameters: Mapping[str, str]) -> A:
    """The action behind the parameters, without ``PUBLIC_PARAMETERS``.

    :raises pydantic.ValidationError: a parameter that is unknown, missing or wrong, by its wire name.
    """
    return action.model_validate(parameters, by_name=False, by_alias=True)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)
