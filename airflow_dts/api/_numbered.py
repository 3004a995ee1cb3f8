"""Request lists sent as one parameter an element: ``ResourceId.1``, ``Tag.1.Key`` (seed 6.5.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args

from pydantic import Field, model_validator

from airflow_dts.api._base import Wire
from airflow_dts.api._fields import Name


class _Mark(NamedTuple):
    """Tells a numbered field from one that merely holds a list."""

    pairs: bool


Numbered = Annotated[list[Name], Field(min_length=1), _Mark(pairs=False)]
"""A list; ``ResourceId.1``, ``ResourceId.2`` on the wire."""
NumberedTags = Annotated[dict[Name, str | None], Field(min_length=1), _Mark(pairs=True)]
"""A mapping; ``Tag.1.Key``, ``Tag.1.Value`` on the wire. None leaves the value out: filters take any."""

_NUMBERED = re.compile(r"(?P<field>.+?)\.(?P<number>[1-9][0-9]{0,4})(?:\.(?P<part>Key|Value))?")


class Gathers(Wire):
    """Beside ``Action``: what has numbered fields understands them by their numbered names too."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        return gathered(given, numbered_fields(cls)) if isinstance(given, Mapping) else given


@cache
def numbered_fields(action: type[Wire]) -> Mapping[str, bool]:
    """Wire name -> whether it holds pairs."""
    return {
        field.alias or name: mark.pairs
        for name, field in action.model_fields.items()
        for mark in (*field.metadata, *_inside(field.annotation))
        if isinstance(mark, _Mark)
    }


def _inside(annotation: Any) -> Iterator[Any]:
    """What stands beside the types of a union: a field that may be left out keeps its mark there."""
    for each in get_args(annotation):
        yield from getattr(each, "__metadata__", ())


def gathered(given: Mapping[str, Any], fields: Mapping[str, bool]) -> dict[str, Any]:
    """The parameters with each numbered list in one piece, in the order of its numbers.

    :param fields: wire name of every numbered field -> whether it holds pairs
    :raises ValueError: a pair without key, two with the same, or a list both in pieces and whole.
    """
    found: dict[str, Any] = {}
    elements: dict[str, dict[int, Any]] = {}
    for name, value in given.items():
        match = _NUMBERED.fullmatch(name) if isinstance(name, str) else None
        if match is None or fields.get(match["field"]) is not bool(match["part"]):
            found[name] = value
            continue
        element = elements.setdefault(match["field"], {})
        if match["part"]:
            element.setdefault(int(match["number"]), {})[match["part"]] = value
        else:
            element[int(match["number"])] = value
    for field, by_number in elements.items():
        if field in found:
            raise ValueError(f"give either {field} or {field}.{min(by_number)}")
        found[field] = _tags(field, by_number) if fields[field] else [by_number[n] for n in sorted(by_number)]
    return found


def _tags(field: str, by_number: Mapping[int, Mapping[str, Any]]) -> dict[Any, Any]:
    tags: dict[Any, Any] = {}
    for number, pair in sorted(by_number.items()):
        if "Key" not in pair:
            raise ValueError(f"give {field}.{number}.Key with {field}.{number}.Value")
        if pair["Key"] in tags:
            raise ValueError(f"{field}.{number}.Key repeats an earlier key")
        tags[pair["Key"]] = pair.get("Value")
    return tags


def numbered(name: str, value: list[Any] | dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """One parameter an element."""
    if isinstance(value, list):
        for number, element in enumerate(value, 1):
            yield f"{name}.{number}", element
        return
    for number, (key, said) in enumerate(value.items(), 1):
        yield f"{name}.{number}.Key", key
        if said is not None:
            yield f"{name}.{number}.Value", said
