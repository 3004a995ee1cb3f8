"""The rules in force, and what each has seen."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar, cast

from airflow_dts.api._base import Action
from airflow_dts.emulator.faults.calls import CallFault
from airflow_dts.emulator.faults.jobs import JobFault
from airflow_dts.emulator.faults.rules import Rule
from airflow_dts.emulator.faults.scripts import Script

F = TypeVar("F", bound=Rule, covariant=True)


class Standing(Generic[F]):
    """A rule in force.

    :param lasting: it was given at the start, as a file's rules are, so that the next start gives it too.
    :param seen: calls that it has seen since this emulator began; `struck` those that it struck, or how often
        it struck jobs.
    """

    __slots__ = ("fault", "lasting", "name", "seed", "seen", "struck")

    def __init__(self, name: str, fault: F, seed: int, *, lasting: bool) -> None:
        self.name, self.fault, self.seed, self.lasting = name, fault, seed, lasting
        self.seen = self.struck = 0

    def chance(self) -> float:
        """From 0 up to 1, the same for the same seed, name and number of calls seen."""
        drawn = hashlib.blake2b(f"{self.seed}/{self.name}/{self.seen}".encode(), digest_size=8).digest()
        return (int.from_bytes(drawn) >> 11) / 2**53

    def describe(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **self.fault.model_dump(mode="json", exclude_defaults=True, exclude={"name"}),
            "kind": getattr(self.fault, "kind", ""),
            "name": self.name,
            "seed": self.seed,
            "lasting": self.lasting,
            "seen": self.seen,
            "struck": self.struck,
        }


class Faults:
    """All rules of an emulator. Threads may share it.

    :param given: those of the start.
    :raises ValueError: two rules have one name.
    """

    def __init__(self, given: Script | Iterable[CallFault | JobFault] = ()) -> None:
        self._lock = threading.Lock()
        self._standing: dict[str, Standing[Rule]] = {}
        self._made = 0
        self.calls: tuple[Standing[CallFault], ...] = ()
        """Rules for calls; empty while there is nothing to ask."""
        self.jobs: tuple[Standing[JobFault], ...] = ()
        """Rules for jobs, likewise."""
        faults, seed = (given.faults, given.seed) if isinstance(given, Script) else (given, 0)
        self._add(faults, seed, lasting=True)

    def add(self, *faults: CallFault | JobFault, seed: int = 0) -> tuple[str, ...]:
        """Put rules into force, until they are removed or this emulator ends. All or none.

        :return: their names.
        :raises ValueError: a name is taken.
        """
        return self._add(faults, seed, lasting=False)

    def remove(self, name: str) -> bool:
        """Whether there was such a rule. One from a file is back with the next start."""
        with self._lock:
            found = self._standing.pop(name, None)
            self._arrange()
        return found is not None

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._standing.clear()
            self._arrange()

    def describe(self) -> list[dict[str, Any]]:
        """All rules with their counts, in the order in which they are asked."""
        with self._lock:
            return [standing.describe() for standing in self._standing.values()]

    def strike(self, action: type[Action[Any]], names: Callable[[], Collection[str]]) -> CallFault | None:
        """The rule that strikes this call, if any does.

        :param names: every name of the jobs that the call is about.
        """
        with self._lock:
            for standing in self.calls:
                fault = standing.fault
                if not fault.covers(action) or not (fault.job is None or fault.concerns(names())):
                    continue
                standing.seen += 1
                if fault.is_due(standing.seen, standing.struck, standing.chance):
                    standing.struck += 1
                    return fault
        return None

    def _add(self, faults: Iterable[CallFault | JobFault], seed: int, *, lasting: bool) -> tuple[str, ...]:
        with self._lock:
            new: dict[str, Standing[Rule]] = {}
            made = self._made
            for fault in faults:
                made += 1
                name = fault.name or f"{fault.kind}-{made}"
                if name in new or name in self._standing:
                    raise ValueError(f"name: there is a rule {name} already; give each its own")
                new[name] = Standing[Rule](name, fault, seed, lasting=lasting)
            self._standing |= new
            self._made = made
            self._arrange()
        return tuple(new)

    def _arrange(self) -> None:
        every = self._standing.values()
        self.calls = tuple(
            cast("Standing[CallFault]", each) for each in every if isinstance(each.fault, CallFault)
        )
        self.jobs = tuple(
            cast("Standing[JobFault]", each) for each in every if isinstance(each.fault, JobFault)
        )
