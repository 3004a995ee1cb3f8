"""Rules between fields: what the API text says in prose, checkable and printable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """A sentence for people, and the test that finds what breaks it."""

    text: str
    broken: Callable[[Any], Collection[str]]
    """Given an action, one sentence per fault; empty when the action is fine."""


def rule(text: str, holds: Callable[[Any], bool]) -> Rule:
    """A rule whose text is the same whatever breaks it."""
    return Rule(text, lambda action: () if holds(action) else (text,))


def at_least_one(*fields: str) -> Rule:
    """``at_least_one("dts_job_id", "dts_instance_id")``."""
    return rule(f"give {' or '.join(fields)}", lambda action: any(_given(action, field) for field in fields))


def needs(*fields: str, when: Mapping[str, object], hint: str = "") -> Rule:
    """``needs("period", when={"pay_type": "PrePaid"})``; a tuple of values means any of them.

    With several fields in ``when`` one match is enough.

    :param hint: what to give, where the field's name does not say it.
    """
    cause = " or ".join(f"{name} is {_spell(wanted)}" for name, wanted in when.items())
    remedy = f": {hint}" if hint else ""
    return rule(
        f"give {' and '.join(fields)} when {cause}{remedy}",
        lambda action: not _matches(action, when) or all(_given(action, field) for field in fields),
    )


def accompanies(field: str, *, of: str) -> Rule:
    """``field`` has to be there whenever ``of`` is."""
    return rule(f"give {field} with {of}", lambda action: not _given(action, of) or _given(action, field))


def together(*fields: str) -> Rule:
    """All of them or none."""
    return rule(
        f"give {' and '.join(fields)} together",
        lambda action: len({_given(action, field) for field in fields}) == 1,
    )


def _given(action: object, field: str) -> bool:
    return getattr(action, field) not in (None, "", [])


def _matches(action: object, when: Mapping[str, object]) -> bool:
    return any(
        getattr(action, name) in (wanted if isinstance(wanted, tuple) else (wanted,))
        for name, wanted in when.items()
    )


def _spell(wanted: object) -> str:
    return (
        ", ".join(map(str, wanted[:-1])) + f" or {wanted[-1]}" if isinstance(wanted, tuple) else str(wanted)
    )
