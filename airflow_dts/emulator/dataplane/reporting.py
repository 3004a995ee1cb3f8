"""Writes a mover's progress to its file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from airflow_dts.emulator.dataplane.spec import PhaseProgress, PhaseState, Progress

_EVERY = 0.2
_WINDOW = 3.0
_SAMPLE = 50


class Rate:
    """Rows and bytes a second over the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, float]] = deque()
        self._since = time.monotonic()

    def add(self, count: int, size: float) -> None:
        self._seen.append((time.monotonic(), count, size))

    def now(self) -> tuple[float, float]:
        oldest = time.monotonic() - _WINDOW
        while self._seen and self._seen[0][0] < oldest:
            self._seen.popleft()
        span = max(min(_WINDOW, time.monotonic() - self._since), 0.1)
        return sum(count for _, count, _ in self._seen) / span, sum(size for *_, size in self._seen) / span


def weigh(rows: Sequence[tuple[object, ...]]) -> float:
    """About how many bytes these rows hold, from a sample."""
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    if not sample:
        return 0.0
    size = sum(len(value) if isinstance(value, str | bytes) else 8 for row in sample for value in row)
    return size / len(sample) * len(rows)


class Reporter:
    """Replaces the progress file as a whole, so that a reader never sees half of one.

    :param compose: makes the report of this moment.
    """

    def __init__(self, path: Path, compose: Callable[[], Progress]) -> None:
        self._path = path
        self._compose = compose
        self._at = 0.0

    def tick(self) -> None:
        """Report when it is time to."""
        if time.monotonic() - self._at >= _EVERY:
            self.write()

    def write(self) -> None:
        text = self._compose().to_json()
        scratch = self._path.with_name(self._path.name + ".tmp")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(self._path)
        self._at = time.monotonic()


def phase(state: PhaseState, done: int, total: int, error: str = "") -> PhaseProgress:
    """A phase's progress; it is at 100 percent only when it is over."""
    if state in ("Finished", "Catched"):
        return PhaseProgress(state, 100, done, max(total, done), error)
    percent = min(99, done * 100 // total) if total else 0
    return PhaseProgress(state, percent, done, total, error)
