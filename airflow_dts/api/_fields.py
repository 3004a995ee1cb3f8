"""Field types that recur across actions, each with its unit or format stated once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
)
from pydantic_core import CoreSchema, core_schema


class Spelled:
    """Beside a ``Literal``: any case and plain numbers are understood; the documented spelling is sent."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = {value.casefold(): value for value in get_args(source)}

        def spell(value: object) -> object:
            return known.get(str(value).casefold(), value) if isinstance(value, (str, int)) else value

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
    Literal["xxlarge", "xlarge", "large", "medium", "small", "micro"],
    Spelled(),
]

Port = Annotated[int, Field(ge=1, le=65535)]
PageNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The first page is 1."""
PageSize = Annotated[int, Field(ge=1, le=100)]
"""Rows, 1 to 100."""


def _page_size(size: int) -> int:
    sizes = (10, 20, 30, 50, 100)
    if size not in sizes:
        raise ValueError(f"must be one of {', '.join(map(str, sizes))}")
    return size


ListingSize = Annotated[int, AfterValidator(_page_size)]
"""Rows per page of a listing: 30 (usual), 50 or 100; the public cloud takes 10, 20 (usual) or 30."""

ClientToken = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"""Makes a call safe to repeat: at most 64 ASCII characters, a new one for each intention."""


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
        return _json(value)
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
    except (ValueError, RecursionError) as error:
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
JsonIds = Annotated[list[Name], Field(min_length=1), BeforeValidator(_json), PlainSerializer(compact)]
"""A list of ids in Python (JSON text is understood); JSON text on the wire."""


def _tags(value: object) -> object:
    """The wire's ``[{"key": "team", "value": "shop"}]`` as ``{"team": "shop"}``."""
    match _json(value):
        case list() as pairs if all(isinstance(p, dict) and p.keys() == {"key", "value"} for p in pairs):
            return {pair["key"]: pair["value"] for pair in pairs}
        case other:
            return other


def _pairs(tags: Mapping[str, str]) -> str:
    return compact([{"key": key, "value": value} for key, value in tags.items()])


Tags = Annotated[dict[str, str], BeforeValidator(_tags), PlainSerializer(_pairs), Field(min_length=1)]
"""A mapping in Python, a JSON list of key and value on the wire."""


# --- replies ----------------------------------------------------------------------------------------------


class Otherwise:
    """Beside a reply's type: what to make of a value that is not of that type.

    The normal value never leaves pydantic's compiled core; only the odd one costs a Python call.
    """

    def __init__(self, rescue: Callable[[Any], Any]) -> None:
        self.rescue = rescue

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        rescue = core_schema.no_info_plain_validator_function(self.rescue)
        return core_schema.union_schema([handler(source), rescue], mode="left_to_right")


def _text(value: object) -> str:
    if value is None or value == []:
        return ""
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


def _flow(value: object) -> float | None:
    return _real(str(value).casefold().removesuffix("mb/s"))


def _plain(number: float | None) -> str | None:
    return None if number is None else f"{number:.15g}"


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError:
        return None


def _zulu(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _millis(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="milliseconds")


Text = Annotated[str, Otherwise(_text)]
"""Text; null and an empty list read as empty."""
Int = Annotated[int | None, Otherwise(_whole)]
"""A whole number, written as number or as text; empty text, null and nonsense read as None."""
IntText = Annotated[Int, PlainSerializer(_plain)]
"""The same, which the service writes as text."""
Number = Annotated[float | None, Otherwise(_real), PlainSerializer(_plain)]
"""A number that may have a fraction, which the service writes as text."""
Flow = Annotated[float | None, Otherwise(_flow), PlainSerializer(_plain)]
"""Traffic in MB/s; ``0.00MB/s`` is understood too."""
Flag = Annotated[bool | None, Otherwise(lambda _: None)]
"""``true`` or ``"true"``; None when the service does not say."""
Instant = Annotated[AwareDatetime | None, Otherwise(_instant), PlainSerializer(_zulu)]
"""An aware datetime, written as ``2021-03-16T08:01:19Z``; None when the service leaves it out."""
InstantMillis = Annotated[AwareDatetime | None, Otherwise(_instant), PlainSerializer(_millis)]
"""The same, written as ``2021-03-16T08:01:19.000+00:00``."""
