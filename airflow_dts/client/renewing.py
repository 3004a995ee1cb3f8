"""Keys that expire, held for many threads: asked for early, by one thread at a time."""

from __future__ import annotations

import copy
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from airflow_dts.errors import DtsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dts.client.credentials import Key, Lease

log = logging.getLogger(__name__)

_MARGIN = 300.0
"""Seconds before its end from which a key is replaced, at most."""
_MARGIN_SHARE = 0.1
"""The same as a share of its life, for keys that live shorter than an hour."""
_TRIES = 5
"""How often a replacement is tried within the margin, if it fails."""


class _Held(NamedTuple):
    key: Key
    due: float
    """From then on one caller looks for another key; the others go on with this one."""
    end: float
    """From then on all wait for another key."""
    pause: float
    """Seconds from a replacement that failed to the next try."""


class Renewing:
    """A key that is replaced before it ends.

    Its life counts from the moment it is asked for on a clock that nobody sets. One thread replaces it while
    the others go on with the old one; only past its end they wait, and then take what that thread got, be it
    an error. A replacement that fails while the old key is good fails no call.
    """

    def __init__(
        self, fetch: Callable[[Key | None], Lease], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """:param fetch: asks for a key; told which one the service has refused, if that is why."""
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._error: DtsError | None = None
        """Of the last request, if it failed."""
        self._again = -math.inf
        """When a replacement that failed is tried again, while the key is still good."""

    def current(self) -> Key:
        held = self._held
        if held is None:
            return self._replaced(held, None)
        now = self._clock()
        if now >= held.end:
            return self._replaced(held, None)
        if now < max(held.due, self._again):
            return held.key
        if self._lock.acquire(blocking=False):
            try:
                self._replace_early(held)
            finally:
                self._lock.release()
        return (self._held or held).key

    def renew(self, refused: Key) -> Key:
        held = self._held
        if held is not None and held.key != refused:
            return held.key
        return self._replaced(held, refused)

    def _replaced(self, known: _Held | None, refused: Key | None) -> Key:
        """Another key than ``known``, or what came of it while this thread waited for its turn."""
        old_error = self._error
        with self._lock:
            if self._held is not None and self._held is not known:
                return self._held.key
            if self._error is not None and self._error is not old_error:
                raise copy.copy(self._error)  # each thread its own, as it adds its traceback
            return self._ask(refused).key

    def _replace_early(self, known: _Held) -> None:
        if self._held is not known:
            return
        try:
            self._ask(None)
        except DtsError as error:
            log.warning("No new key yet, going on with the old one: %s", error)
            self._again = self._clock() + known.pause

    def _ask(self, refused: Key | None) -> _Held:
        asked = self._clock()
        try:
            key, life = self._fetch(refused)
        except DtsError as error:
            self._error = copy.copy(error)
            raise
        margin = min(_MARGIN, life * _MARGIN_SHARE)
        self._error = None
        self._held = _Held(key, asked + life - margin, asked + life, margin / _TRIES)
        return self._held
