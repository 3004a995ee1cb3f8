"""Replies held against what the vendor's SDK understands of them."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

import pytest

models = pytest.importorskip("alibabacloud_dts20200101.models")
sdk = pytest.importorskip("alibabacloud_dts20200101.client")

NOT_IN_THE_SDK = {("DescribeDtsJobs", "JobType")}
"""Reply fields the seed has and the SDK has not: there the SDK says JobType in each row (seed 6.4.8.2)."""


class StrictClient(sdk.Client):  # type: ignore[misc] # the SDK has no types we could build on
    """Holds every reply against the SDK's model of it."""

    def call_api(self, params: Any, request: Any, runtime: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super().call_api(params, request, runtime)
        understood(params.action, answer["body"])
        return answer


def understood(action: str, body: dict[str, Any], *, typed: bool = True) -> dict[str, Any]:
    """The reply as the SDK reads it; fails when that is not all of what was said.

    :param typed: False for a reply in XML, where everything is text.
    """
    known = {name: value for name, value in body.items() if (action, name) not in NOT_IN_THE_SDK}
    model = getattr(models, f"{action}ResponseBody")().from_map(known)
    parsed: dict[str, Any] = model.to_map()
    _compare(action, known, parsed)
    if typed:
        _check_types(action, model)
    return parsed


def _compare(place: str, said: Any, understood: Any) -> None:
    """Everything said is understood; what the SDK adds is empty."""
    if isinstance(said, dict):
        assert isinstance(understood, dict), place
        assert set(said) <= set(understood), f"{place}: the SDK knows no {set(said) - set(understood)}"
        for name, value in said.items():
            _compare(f"{place}.{name}", value, understood[name])
    elif isinstance(said, list):
        assert len(said) == len(understood), place
        for number, (one, other) in enumerate(zip(said, understood, strict=True)):
            _compare(f"{place}[{number}]", one, other)
    else:
        assert said == understood, place


def _check_types(place: str, model: Any) -> None:
    """Every value is of the type the SDK annotates, or is text that reads as that type."""
    for name, wanted in annotations(type(model)).items():
        value = getattr(model, name, None)
        for item in value if isinstance(value, list) else [value]:
            if hasattr(item, "to_map"):
                _check_types(f"{place}.{name}", item)
        if value is not None and not isinstance(value, list) and not hasattr(value, "to_map"):
            _check_type(f"{place}.{name}", value, wanted)


def annotations(model: type) -> dict[str, Any]:
    """The fields of one of the SDK's classes, each with its type: ``int`` for ``int | None``."""
    found = typing.get_type_hints(model.__init__, vars(inspect.getmodule(model)))
    assert found, model
    return {name: _plain(annotation) for name, annotation in found.items() if name != "return"}


def _plain(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(kind for kind in typing.get_args(annotation) if kind is not type(None))
    return annotation


def _check_type(place: str, value: Any, wanted: Any) -> None:
    if wanted is bool:
        assert isinstance(value, bool), f"{place}: {value!r} is no bool"
    elif wanted is int:
        assert int(value) == int(str(value)), place
    elif wanted is str:
        assert isinstance(value, str | int | bool), f"{place}: {value!r} is no text"
