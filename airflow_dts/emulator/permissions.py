"""What a key may call: patterns of actions, and the policy that narrows a temporary key (seed 7.3.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from airflow_dts.api._base import Action

_PATTERN = re.compile(r"(?:[A-Za-z]+:|\*:)?[A-Za-z0-9*?]+", re.ASCII)
_VERSION = "1"


def check_pattern(pattern: str) -> None:
    """Raises ValueError: it is no pattern of actions."""
    if not _PATTERN.fullmatch(pattern):
        raise ValueError("give patterns of actions such as Describe* or sts:AssumeRole")


def covered(action: type[Action[Any]], patterns: Iterable[str]) -> bool:
    """Whether a pattern such as ``dts:Describe*`` covers the action; without product it is for all of them.

    Case does not count, as in RAM.
    """
    product, name = action.product.casefold(), action.action_name().casefold()
    return any(
        fnmatchcase(f"{product}:{name}" if ":" in pattern else name, pattern.casefold())
        for pattern in patterns
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """A RAM policy as far as it is understood: patterns of actions on every resource."""

    allowed: tuple[str, ...]
    denied: tuple[str, ...] = ()

    def permits(self, action: type[Action[Any]]) -> bool:
        """Whether some statement allows the action and none denies it."""
        return covered(action, self.allowed) and not covered(action, self.denied)


@lru_cache(maxsize=256)
def policy(text: str) -> Policy:
    """The policy in a JSON document, ``{"Version": "1", "Statement": [...]}``. Raises ValueError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(document, dict) or set(document) != {"Version", "Statement"}:
        raise ValueError("give Version and Statement, and nothing else")
    if document["Version"] != _VERSION:
        raise ValueError(f'Version has to be "{_VERSION}"')
    statements = document["Statement"]
    if not isinstance(statements, list) or not statements:
        raise ValueError("Statement has to be a list of statements")
    effects: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for statement in statements:
        effect, actions = _statement(statement)
        effects[effect] += actions
    return Policy(tuple(effects["Allow"]), tuple(effects["Deny"]))


def _statement(statement: object) -> tuple[str, list[str]]:
    """Its effect and its patterns."""
    if not isinstance(statement, dict) or set(statement) != {"Effect", "Action", "Resource"}:
        raise ValueError(
            "a statement has Effect, Action and Resource; Condition, NotAction and NotResource are not "
            "understood here"
        )
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError("Effect has to be Allow or Deny")
    if any(resource != "*" for resource in _texts("Resource", statement["Resource"])):
        raise ValueError('only Resource "*" is understood here')
    actions = _texts("Action", statement["Action"])
    for action in actions:
        check_pattern(action)
    return statement["Effect"], actions


def _texts(name: str, value: object) -> list[str]:
    """One text or several."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} has to be a text or a list of texts")
    return texts
