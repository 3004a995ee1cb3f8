"""Build an action from a task's parameters, and say what is wrong with them in the task's words."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_dts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_dts.api._base import Action

A = TypeVar("A", bound="Action[Any]")

_SECRET = re.compile(r"password|secret|token", re.IGNORECASE)
_CHATTER = re.compile(r"^(Value error|Assertion failed), ")


def build(action: type[A], fields: Mapping[str, Any], *, words: Mapping[str, str] | None = None) -> A:
    """``action`` with ``fields``; those that are None or empty text count as not given.

    :param words: what the task calls a field, where that differs, as ``{"pay_type": "pay_type"}``
    :raises ConfigError: with every fault, each naming its field; never with the input of a secret one.
    """
    from pydantic import ValidationError

    given = {name: value for name, value in fields.items() if value is not None and value != ""}
    try:
        return action.model_validate(given)
    except ValidationError as error:
        # pydantic's own message could quote the input, so only the parts that cannot are used
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise ConfigError("; ".join(_sentences(faults, action, words or {}))) from None


def _sentences(
    faults: Iterable[Mapping[str, Any]], action: type[Action[Any]], words: Mapping[str, str]
) -> Iterable[str]:
    for fault in faults:
        place, problem = fault["loc"], _CHATTER.sub("", fault["msg"])
        if not place:
            yield _in_words(problem, words)
            continue
        name = _python_name(action, str(place[0]))
        called = words.get(name, name)
        if _SECRET.search(name):
            problem = "is missing" if fault["type"] == "missing" else "is malformed"
        elif fault["type"] == "extra_forbidden":
            problem = f"is no parameter of {action.action_name()}{_hint(action, name)}"
        elif fault["type"] == "missing":
            problem = "is missing; give it"
        yield f"{called}: {problem}"


def _python_name(action: type[Action[Any]], name: str) -> str:
    aliases = {field.alias: python for python, field in action.model_fields.items()}
    return aliases.get(name, name)


def _hint(action: type[Action[Any]], name: str) -> str:
    """The nearest field, in the spelling the name is in."""
    fields = action.model_fields.items()
    known = {str(field.alias) if name[:1].isupper() else python for python, field in fields}
    near = get_close_matches(name.casefold(), plain := {word.casefold(): word for word in known}, n=1)
    return f"; did you mean {plain[near[0]]}?" if near else ""


def _in_words(text: str, words: Mapping[str, str]) -> str:
    """A rule speaks in field names; say them as the task does, the longest first."""
    for name in sorted(words, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", words[name], text)
    return text
