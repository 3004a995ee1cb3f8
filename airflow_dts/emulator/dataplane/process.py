"""What makes a mover a good process: it hears SIGTERM at once, and leaves when its parent is gone."""

from __future__ import annotations

import os
import select
import signal
import time


class Stop:
    """Asks, and waits for, the wish to stop.

    A pipe rather than a `threading.Event`: setting an event from a signal handler can deadlock the waiter.

    :param parent: id of the process to leave with. Only the parent itself can tell: by the time a process
        looks, the one that started it may be gone. None is whoever is the parent now.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._parent = os.getppid() if parent is None else parent
        self._asked = False
        self._pipe: tuple[int, int] | None = None

    def listen(self) -> None:
        """Take SIGTERM and SIGINT as the wish to stop."""
        self._pipe = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self.ask())

    def ask(self) -> None:
        if self._pipe is not None and not self._asked:
            os.write(self._pipe[1], b".")
        self._asked = True

    def __bool__(self) -> bool:
        return self._asked or os.getppid() != self._parent

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until the wish to stop. Returns whether it is there."""
        end = time.monotonic() + seconds
        while not self:
            left = end - time.monotonic()
            if left <= 0:
                return False
            # In slices, because nobody signals that a parent is gone.
            select.select([self._pipe[0]] if self._pipe else [], [], [], min(left, 0.5))
        return True
