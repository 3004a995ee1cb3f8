"""One caller going through many calls, each reply of which is looked at field by field."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.sdk.callers import Caller, Parameters
from tests.sdk.excuses import never
from tests.sdk.fields import held, leaves

_SHOWN = 160
_LIMIT = 60.0
_ONCE_FAULTY = 1.0
"""Seconds of patience, at most, in a run that has failed already."""
Reply = dict[str, Any]


@dataclass
class Call:
    """A line of the list.

    :param fields: how many fields of the reply said something.
    """

    action: str
    parameters: Parameters
    status: int
    parsed: Reply
    fields: int

    def __str__(self) -> str:
        text = json.dumps(self.parsed, ensure_ascii=False)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        return f"{self.action:<45} {self.status} {self.fields:>3} fields  {shown}"


@dataclass
class Run:
    """Calls, and what is wrong with their replies.

    :param faults: fields that came back empty, or said something though nothing should be there.
    """

    caller: Caller
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(
        self,
        action: str,
        parameters: Parameters,
        lacks: Iterable[str] = (),
        *,
        until: Callable[[Reply], bool] = lambda _: True,
        patience: float = 0.0,
    ) -> Reply:
        """The first reply of which `until` is true. Every field of it has to say something.

        :param lacks: patterns of fields that cannot, see `excuses`.
        :param patience: how long the fields may take, in seconds; for a job that changes by itself.
        """
        empty = frozenset(lacks) | never(action)
        patience = patience if not self.faults else min(patience, _ONCE_FAULTY)
        begin = time.monotonic()
        while True:
            call = self._call(action, parameters)
            waited = time.monotonic() - begin
            if until(call.parsed):
                faults = _faults(action, call.parsed, empty)
                if not faults or waited > patience:
                    break
            assert waited < _LIMIT, f"it did not come to that: {call}"
            time.sleep(0.05)
        self.faults += [f"{len(self.calls)} {action}: {fault}" for fault in faults]
        self.calls.append(call)
        return call.parsed

    def _call(self, action: str, parameters: Parameters) -> Call:
        status, parsed = self.caller.call(action, parameters)
        assert status == 200, (action, status, parsed)
        assert str(parsed.get("Success", True)).lower() == "true", (action, parsed)
        return Call(action, parameters, status, parsed, len(held(action, parsed)))


def _faults(action: str, reply: Reply, empty: frozenset[str]) -> list[str]:
    says = held(action, reply)
    excused = {place for place in leaves(action) if any(_matches(place, pattern) for pattern in empty)}
    return [
        *(f"{place} is empty" for place in sorted(leaves(action) - says - excused)),
        *(f"{place} says something after all" for place in sorted(says & excused)),
    ]


def _matches(place: str, pattern: str) -> bool:
    return fnmatchcase(place, pattern) or fnmatchcase(place, f"{pattern}.*")
