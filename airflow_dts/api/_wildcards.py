"""The few regular expressions a DbList knows (seed 6.4.19.1): ``. * ? [abc] [^abc] [a-z]``."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"(?P<set>\[\^?[^\[\]]+\])|(?P<repeat>[*?])|(?P<any>\.)|(?P<stray>[\[\]])|(?P<plain>.)", re.DOTALL
)
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)


def is_pattern(name: str) -> bool:
    """Whether a name has any of the symbols; a name with a dot counts, and matches itself."""
    return any(symbol in name for symbol in ".*?[]")


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern`` covers the whole of ``name``. Case counts; every other character is itself.

    :raises ValueError: a stray bracket, a repeat of nothing, or a range that runs backwards.
    """
    return compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    repeatable = False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        match token.lastgroup:
            case "set":
                parts.append(_set(text))
            case "repeat" if not repeatable:
                raise ValueError(f"{pattern!r}: {text} must follow a character, a dot or a set")
            case "repeat":
                parts.append(text)
            case "any":
                parts.append(r"[^\r\n]")
            case "stray":
                raise ValueError(f"{pattern!r}: {text} must be part of a set such as [a-z]")
            case _:
                parts.append(re.escape(text))
        repeatable = token.lastgroup != "repeat"
    return re.compile("".join(parts))


def _set(text: str) -> str:
    negated = text.startswith("[^")
    inside = text[2 if negated else 1 : -1]
    if backwards := next((r[0] for r in _RANGE.finditer(inside) if r[1] > r[2]), None):
        raise ValueError(f"the range {backwards} runs backwards")
    escaped = re.sub(r"[\\^&|~]", lambda found: "\\" + found[0], inside)
    return f"[{'^' if negated else ''}{escaped}]"
