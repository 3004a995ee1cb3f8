"""Where the emulator gets its time from, so that a test can move it by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time in Unix seconds."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


class ManualClock:
    """Stands still until it is moved.

    :param start: Unix seconds; the machine's time when left out.
    """

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`. Raises ValueError for a negative number: time does not run backwards."""
        if seconds < 0:
            raise ValueError(f"cannot move the clock by {seconds:g} s: give a number of seconds from 0")
        with self._lock:
            self._now += seconds


def utc(seconds: float) -> datetime:
    """Unix seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
