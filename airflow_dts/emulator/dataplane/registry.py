"""Which engine a URL's scheme means."""

from __future__ import annotations

from collections.abc import Callable

from airflow_dts.emulator.dataplane.base import Server
from airflow_dts.emulator.dataplane.sqlite.server import SqliteServer

_OPENERS: dict[str, Callable[[str], Server]] = {"sqlite": SqliteServer.of}


def open_server(url: str) -> Server:
    """The server `url` names. Raises ValueError with the remedy."""
    scheme, separator, _ = url.partition("://")
    opener = _OPENERS.get(scheme) if separator else None
    if opener is None:
        known = ", ".join(sorted(_OPENERS))
        raise ValueError(
            f"{_shown(scheme if separator else '')}: no engine for this URL scheme (known: {known}); "
            "give a URL such as sqlite:///absolute/directory"
        )
    return opener(url)


def check_url(url: str) -> None:
    """Raise ValueError, with the remedy, unless `url` names a server that can be reached."""
    problem = open_server(url).problem(writable=False)
    if problem:
        raise ValueError(problem)


def _shown(scheme: str) -> str:
    # The rest of a URL may hold a password.
    return f"{scheme}://..." if scheme else "The URL"
