"""What keeps callers without a key from using up the process: its files, its memory, its log."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 500
PATIENCE = 30.0
"""Seconds a connection has to bring a complete request."""
_MOST_FILES = 65_536
_LOG_EVERY = 60.0


def raise_file_limit() -> None:
    """Use what the system grants anyway; the soft limit is often as low as 256 or 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """How many connections may be open: half of the process's files at most, the rest is for its work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class BoundedProtocol(H11Protocol):
    """Closes connections that bring no whole request in time, and one for each new one beyond the limit."""

    _deadline: asyncio.TimerHandle | None = None
    _served = False
    dawdles = False
    """Its answer is late on purpose, so that nobody who wants to close the server waits for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": self}  # in the scope of its calls
        if len(self.connections) > most_connections():
            (self._least_needed() or self).leave()
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._watch()
        else:
            self._rest()

    def on_response_complete(self) -> None:
        self._served = True
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        super().shutdown()
        if self.dawdles:
            self.leave()

    def leave(self) -> None:
        """Close at once."""
        self._rest()
        self.transport.abort()

    @property
    def idle_since(self) -> tuple[bool, float] | None:
        """Since when the caller owes a request; None while one is served.

        Those that never sent a whole one come first: whoever did may be about to send the next, and would
        lose it.
        """
        if self.transport.is_closing():
            return None
        if self._deadline is not None:
            return self._served, self._deadline.when() - PATIENCE
        if self.timeout_keep_alive_task is not None:
            return self._served, self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        return None

    def _least_needed(self) -> BoundedProtocol | None:
        """The connection that has been idle longest; None when all are at work."""
        idle = [
            (since, id(each), each)
            for each in self.connections
            if isinstance(each, BoundedProtocol) and (since := each.idle_since) is not None
        ]
        return min(idle)[2] if idle else None

    def _watch(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(PATIENCE, self.transport.abort)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class AcceptErrors:
    """Handles an event loop's errors. Out of files, asyncio logs every attempt to accept, with a trace."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not str(context.get("message", "")).startswith("socket.accept()"):
            loop.default_exception_handler(context)
        elif time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + _LOG_EVERY
            log.error("cannot accept connections (said once a minute): %s", context.get("exception"))
