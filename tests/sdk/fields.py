"""The fields of a reply, as the seed lists them, and which of them a reply holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

from tests.catalog.reading import ENTRIES

Field = dict[str, Any]
"""One row of a reply's table, in the catalog's format."""


@cache
def leaves(action: str) -> frozenset[str]:
    """Every field of the reply that holds no others, such as ``DtsJobList.PrecheckStatus.Percent``."""
    return frozenset(_leaves(ENTRIES[action]["response"], ""))


def _leaves(fields: Iterable[Field], above: str) -> Iterator[str]:
    for field in fields:
        place = f"{above}{field['name']}"
        if field.get("fields"):
            yield from _leaves(field["fields"], f"{place}.")
        else:
            yield place


def held(action: str, reply: dict[str, Any]) -> frozenset[str]:
    """Those that say something, of a list those that any of its items has."""
    return frozenset(place for place in leaves(action) if any(_reached(reply, place.split("."))))


def _reached(value: Any, path: list[str]) -> Iterator[bool]:
    if isinstance(value, list):
        for item in value:
            yield from _reached(item, path)
    elif not path:
        yield value not in (None, "", {}, [])
    elif isinstance(value, dict):
        yield from _reached(value.get(path[0]), path[1:])


def from_xml(element: Element, fields: Iterable[Field]) -> dict[str, Any]:
    """A reply in the shape of JSON. Which fields repeat is the seed's to say; all values are text."""
    known = {field["name"]: field for field in fields}
    found: dict[str, Any] = {}
    for child in element:
        field = known.get(child.tag, {})
        inner = field.get("fields", ())
        value = from_xml(child, inner) if inner or len(child) else child.text or ""
        if field.get("type") == "Array":
            found.setdefault(child.tag, []).append(value)
        else:
            assert child.tag not in found, f"{element.tag} has {child.tag} twice"
            found[child.tag] = value
    return found
