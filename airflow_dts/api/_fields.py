"""Field types that recur across actions, each with its unit or format stated once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Spelled:
    """Beside a ``Literal``: any case is understood, the documented spelling is kept and sent."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = {value.casefold(): value for value in get_args(source)}

        def spell(value: object) -> object:
            return known.get(value.casefold(), value) if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(spell, handler(source))


# --- requests ---------------------------------------------------------------------------------------------

Name = Annotated[str, Field(min_length=1)]
"""Text that must say something: an id, a region such as ``cn-hangzhou``, an account."""

JobKind = Annotated[Literal["MIGRATION", "SYNC", "SUBSCRIBE"], Spelled()]
Direction = Annotated[Literal["Forward", "Reverse"], Spelled()]
"""Half of a two-way synchronization; ``Forward`` is from the source to the target."""

PayType = Annotated[Literal["PrePaid", "PostPaid"], Spelled()]
"""Paid up front, or by the hour."""
Period = Annotated[Literal["Year", "Month"], Spelled()]
InstanceClass = Annotated[
    Literal[
        "xxlarge", "xlarge", "large", "medium", "small", "micro"
    ],
    Spelled(),
]

Port = Annotated[int, Field(ge=1, le=65535)]
PageNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The first page is 1."""
PageSize = Annotated[int, Field(ge=1, le=100)]
"""Rows, 1 to 100."""


def _unix_seconds(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a datetime needs a time zone, such as datetime(2024, 5, 1, tzinfo=UTC)")
    return int(value.timestamp())


UnixSeconds = Annotated[int, BeforeValidator(_unix_seconds), Field(ge=0)]
"""An instant in Unix seconds; an aware ``datetime`` is understood and loses its fraction."""


def _split(value: object) -> object:
    """``"a, b"`` or the JSON text ``'["a","b"]'`` -> ``["a", "b"]``."""
    if not isinstance(value, str):
        return list(value) if isinstance(value, (tuple, set, frozenset)) else value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def _no_commas(items: list[str]) -> list[str]:
    if torn := [item for item in items if "," in item or item != item.strip() or not item]:
        raise ValueError(f"each entry must be non-empty, without comma or outer blanks: {torn[0]!r}")
    return items


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None


def compact(value: object) -> str:
    """The JSON text the service gets: no blanks, text as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


CommaText = (BeforeValidator(_split), AfterValidator(_no_commas), PlainSerializer(",".join))
CommaList = Annotated[list[str], *CommaText]
"""A list in Python (comma text and a JSON array are understood), comma-separated on the wire."""
Ids = Annotated[CommaList, Field(min_length=1)]
Phones = Annotated[CommaList, Field(max_length=10)]
"""Mobile numbers of mainland China, at most 10; the service alarms by phone on the China site only."""

JsonText = Annotated[dict[str, Any] | list[Any], BeforeValidator(_json), PlainSerializer(compact)]
"""A mapping or list in Python (JSON text is understood); JSON text on the wire."""


# --- replies ----------------------------------------------------------------------------------------------


class Otherwise:
    """Beside a reply's type: what to make of a value that is not of that type.

    The normal value never leaves pydantic's compiled core; only the odd one costs a Python call.
    """

    def __init__(self, rescue: Callable[[Any], Any], *, then_check: bool = False) -> None:
        """:param then_check: the rescued value must still be of the type."""
        self.rescue, self.then_check = rescue, then_check

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        rescue: CoreSchema = (
            core_schema.no_info_before_validator_function(self.rescue, schema)
            if self.then_check
            else core_schema.no_info_plain_validator_function(self.rescue)
        )
        return core_schema.union_schema([schema, rescue], mode="left_to_right")


def _text(value: object) -> str:
    match value:
        case None | [] | {}:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return value if isinstance(value, str) else compact(value)


def _whole(value: object) -> int | None:
    number = _real(value)
    return None if number is None else int(number)


def _real(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _items(value: object) -> object:
    """Nothing -> no items; ``{"Job": [...]}`` -> its items, as older replies wrap each list."""
    match value:
        case None | "":
            return []
        case Mapping() if len(value) == 1:
            (only,) = value.values()
            return only if isinstance(only, list) else [only]
    return value


def _plain(number: float | None) -> str | None:
    return None if number is None else f"{number:.15g}"


Text = Annotated[str, Otherwise(_text)]
"""Text; null and an empty list read as empty."""
Int = Annotated[int | None, Otherwise(_whole)]
"""A whole number, written as number or as text; empty text, null and nonsense read as None."""
IntText = Annotated[Int, PlainSerializer(_plain)]
"""The same, which the service writes as text."""
Percent = Annotated[float | None, Otherwise(_real), PlainSerializer(_plain)]
"""0 to 100; the service writes it as text."""
Flag = Annotated[bool | None, Otherwise(lambda _: None)]
"""``true`` or ``"true"``; None when the service does not say."""
Items = Annotated[list[T], Otherwise(_items, then_check=True)]
Part = Annotated[T, Otherwise(lambda value: value or {}, then_check=True)]
"""A struct; null reads as one that says nothing."""
