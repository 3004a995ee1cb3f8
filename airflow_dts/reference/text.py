"""The tables as text: all actions, or everything about one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import SecretStr

from airflow_dts.api._base import Action, Struct
from airflow_dts.api._numbered import numbered_fields
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.actions import ACTIONS
from airflow_dts.emulator.handlers import HANDLERS
from airflow_dts.reference.sources import field_docs, operators_by_action

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


_WORDS = {
    bool: "true | false.",
    int: "Whole number.",
    SecretStr: "Secret.",
    dict: "Mapping.",
    list: "List.",
}
"""What a type is called in the table; text goes without saying."""


class Row(NamedTuple):
    """One action in the table of all."""

    action: str
    section: str
    generation: str
    request: str
    """Its class."""
    operators: tuple[str, ...]
    emulated: bool


def rows() -> list[Row]:
    """Every action, in the order of the seed's sections."""
    found = [
        Row(
            name,
            action.section,
            "older" if action.generation == "legacy" else "current",
            f"{action.__module__}.{action.__name__}",
            operators_by_action().get(name, ()),
            name in HANDLERS,
        )
        for name, action in ACTIONS.items()
    ]
    return sorted(found, key=lambda row: [int(part) for part in row.section.split(".")])


def table() -> str:
    """All actions as a Markdown table."""
    head = ("Action", "Section", "Generation", "Request class", "Operator", "Emulated")
    cells = [
        (
            f"`{row.action}`",
            row.section,
            row.generation,
            f"`{row.request.removeprefix('airflow_dts.')}`",
            ", ".join(f"`{name}`" for name in row.operators) or "`DtsActionOperator`",
            "yes" if row.emulated else "no",
        )
        for row in rows()
    ]
    lines = [head, tuple("---" for _ in head), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def one(name: str) -> str:
    """Parameters, rules, sample and reply of an action.

    :raises ValueError: no such action; the text names the nearest.
    """
    action = ACTIONS.get(name) or ACTIONS.get(_nearest(name))
    if action is None or action.action_name().casefold() != name.casefold():
        near = f": did you mean {action.action_name()}?" if action else ""
        raise ValueError(f"{name!r} is no action of DTS{near}")
    return "\n".join(_paragraphs(action))


def _nearest(name: str) -> str:
    names = {known.casefold(): known for known in ACTIONS}
    near = get_close_matches(name.casefold(), names, n=1)
    return names[near[0]] if near else ""


def _paragraphs(action: type[Action[Any]]) -> Iterator[str]:
    name = action.action_name()
    yield f"{name}: {_plain(' '.join((action.__doc__ or '').split()))}"
    yield f"Version {action.version}, class {action.__module__}.{action.__name__}"
    yield "Reads only: sent again when a reply is lost." if not action.changes_state else _resending(action)
    yield f"Operators: {', '.join(operators_by_action().get(name, ('DtsActionOperator',)))}"
    yield "\nParameters"
    yield from _parameters(action)
    if action.rules:
        yield "\nRules"
        yield from (f"  - {rule.text}" for rule in action.rules)
    if sample := samples().get(name):
        yield "\nSample"
        yield from (f"  {key}={value}" for key, value in sample.items())
    yield "\nReply"
    yield from _reply(action.reply, "  ", ())


def _resending(action: type[Action[Any]]) -> str:
    if "client_token" in action.model_fields:
        return "Changes something; its ClientToken makes sending it again safe."
    return "Changes something: never sent again once the service may have acted."


def _parameters(action: type[Action[Any]]) -> Iterator[str]:
    docs = field_docs(action)
    pairs = numbered_fields(action)
    cells = [
        (
            _wire_names(field.alias or name, pairs.get(field.alias or name)),
            name,
            "required" if field.is_required() else "",
            " ".join(filter(None, (_values(field), _plain(docs.get(name, ""))))),
        )
        for name, field in action.model_fields.items()
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    for row in sorted(cells, key=lambda row: not row[2]):
        start = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
        yield f"  {start}  {row[3]}".rstrip()


def _wire_names(alias: str, pairs: bool | None) -> str:
    """:param pairs: of a numbered list, whether each element is key and value"""
    if pairs is None:
        return alias
    return f"{alias}.N.Key {alias}.N.Value" if pairs else f"{alias}.N"


def _values(field: FieldInfo) -> str:
    """What may be given: the values of an enumeration, else the type in a word."""
    kinds = set(_kinds(field.annotation))
    if choices := [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]:
        return f"{' | '.join(map(str, choices))}."
    return next((word for kind, word in _WORDS.items() if kind in kinds), "")


def _plain(text: str) -> str:
    return text.replace("``", "")


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    origin = get_origin(annotation)
    if origin is not Literal:
        yield origin
        inner = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
        for each in inner:
            yield from _kinds(each)


def _reply(model: type[Struct], indent: str, above: Sequence[type[Struct]]) -> Iterable[str]:
    docs = field_docs(model)
    for name, (wire, inside, many, _) in zip(model.model_fields, wire_fields(model).values(), strict=True):
        yield f"{indent}{wire}{'[]' if many else ''}  {_plain(docs.get(name, ''))}".rstrip()
        if inside and inside not in above:
            yield from _reply(inside, indent + "  ", (*above, inside))


@cache
def samples() -> dict[str, dict[str, str]]:
    """The seed's sample of each action's own parameters, where it has one."""
    found: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("samples.json").read_text())
    return found
