"""Looks at databases while a call is being answered: the emulator must not hang on one that is locked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 3.0
"""Seconds."""


class TooSlow(Exception):
    """It has not answered in time; the text says so."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it did not answer within {seconds:g} s; somebody may hold a lock on it")


def within(look: Callable[[], T]) -> T:
    """What `look` returns, or raises. Raises TooSlow; then `look` ends by itself, unheard.

    :param look: changes nothing.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(look())
        except BaseException as error:  # raised again by whoever waits
            errors.append(error)

    thread = threading.Thread(target=run, name="emulator-look", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if errors:
        raise errors[0]
    if not results:
        raise TooSlow(PATIENCE)
    return results[0]
