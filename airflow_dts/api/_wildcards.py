"""The few regular expressions a DbList knows (seed 6.4.19.1): ``. * ? [abc] [^abc] [a-z]``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<set>\[\^?[^\[\]]+\])|(?P<repeat>[*?])|(?P<any>\.)|(?P<stray>[\[\]])|(?P<plain>.)", re.DOTALL
)
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)


class Step(NamedTuple):
    """What one character may be, and how often it may come: ``*``, ``?`` or once."""

    one: re.Pattern[str]
    repeat: str


def is_pattern(name: str) -> bool:
    """Whether a name has any of the symbols; a name with a dot counts, and matches itself."""
    return any(symbol in name for symbol in ".*?[]")


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern`` covers the whole of ``name``. Case counts; every other character is itself.

    It goes through the name once, whatever the pattern: ``.*.*.*`` would keep ``re`` busy for hours.

    :raises ValueError: a stray bracket, a repeat of nothing, or a range that runs backwards.
    """
    steps = compiled(pattern)
    places = _reached(steps, {0})
    for character in name:
        taken = {n for n in places if n < len(steps) and steps[n].one.match(character)}
        places = _reached(steps, {n if steps[n].repeat == "*" else n + 1 for n in taken})
    return len(steps) in places


def _reached(steps: tuple[Step, ...], places: set[int]) -> set[int]:
    """The places themselves, and those behind steps that may be left out."""
    found: set[int] = set()
    for place in places:
        while place not in found:
            found.add(place)
            place += place < len(steps) and bool(steps[place].repeat)
    return found


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> tuple[Step, ...]:
    """What a name has to be, step by step.

    :raises ValueError: as ``matches``.
    """
    steps: list[Step] = []
    repeatable = False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        match token.lastgroup:
            case "set":
                steps.append(_once(_set(text)))
            case "repeat" if not repeatable:
                raise ValueError(f"{pattern!r}: {text} must follow a character, a dot or a set")
            case "repeat":
                steps[-1] = steps[-1]._replace(repeat=text)
            case "any":
                steps.append(_once(r"[^\r\n]"))
            case "stray":
                raise ValueError(f"{pattern!r}: {text} must be part of a set such as [a-z]")
            case _:
                steps.append(_once(re.escape(text)))
        repeatable = token.lastgroup != "repeat"
    return tuple(steps)


def _once(expression: str) -> Step:
    return Step(re.compile(expression), "")


def _set(text: str) -> str:
    negated = text.startswith("[^")
    inside = text[2 if negated else 1 : -1]
    if backwards := next((r[0] for r in _RANGE.finditer(inside) if r[1] > r[2]), None):
        raise ValueError(f"the range {backwards} runs backwards")
    escaped = re.sub(r"[\\^&|~]", lambda found: "\\" + found[0], inside)
    return f"[{'^' if negated else ''}{escaped}]"
