"""Runs an emulator: in a thread of this process, or from the command line."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import string
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.accounts import check_access
from airflow_dts.emulator.app import LARGEST_QUERY, create_app
from airflow_dts.emulator.arguments import SECRET_VARIABLE, Arguments, read_arguments
from airflow_dts.emulator.clock import Clock, SystemClock
from airflow_dts.emulator.connections import AcceptErrors, BoundedProtocol, raise_file_limit
from airflow_dts.emulator.faults import CallFault, Faults, JobFault, Script
from airflow_dts.emulator.options import Account, Options
from airflow_dts.emulator.service import Service
from airflow_dts.emulator.state import StateError, Store
from airflow_dts.emulator.supervisor import Supervisor

__all__ = ["SECRET_VARIABLE", "EmulatorServer", "main", "random_account"]

_START_LIMIT = 30.0
_LARGEST_HEAD = 16 * 1024
_LETTERS = string.ascii_letters + string.digits


class EmulatorServer:
    """An emulator with a port of its own; use it as a context manager, or `start` and `stop` it.

    :param state: directory that holds everything; a later emulator on it goes on where this one stopped.
    :param bind: data plane URL (``sqlite:///abs/dir``) by instance id or ``host:port``; kept in the state.
    :param accounts: keys that may call; a random one is made when left out.
    :param port: 0 is any free one.
    :param faults: rules for what goes wrong; `faults` of the emulator takes and drops more while it runs.
    :raises StateError: the state directory is in use, or of another version.
    :raises ValueError: a binding's URL, a role's name or a pattern of actions is not usable, or a name is
        given to two faults.
    """

    def __init__(
        self,
        state: Path | str,
        *,
        bind: Mapping[str, str] | None = None,
        accounts: Sequence[Account] = (),
        options: Options | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        faults: Script | Iterable[CallFault | JobFault] = (),
    ) -> None:
        for name, url in (bind or {}).items():
            _check_binding(name, url)
        self.accounts = list(accounts) or [random_account()]
        options, clock = options or Options(), clock or SystemClock()
        check_access(self.accounts, options)
        self.faults = Faults(faults)
        self._store = Store(Path(state).absolute())
        for name, url in (bind or {}).items():
            self._store.bind(name, url)
        self.admin_token = _admin_token(self._store.directory)
        self.supervisor = Supervisor(self._store, clock, options, faults=self.faults)
        progress = self.supervisor.movers.book
        service = Service(
            self._store,
            clock,
            options,
            self.accounts,
            progress,
            self.supervisor.wake,
            faults=self.faults,
        )
        app = create_app(service, self._store, progress, self.faults, self.admin_token)
        self._socket = _listening(host, port, self._store)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            # On h11, pure Python and always there: with the optional parser some limits would differ.
            http=BoundedProtocol,
            ws="none",
            loop="asyncio",
            h11_max_incomplete_event_size=LARGEST_QUERY + _LARGEST_HEAD,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def access_key_id(self) -> str:
        return self.accounts[0].access_key_id

    @property
    def secret(self) -> str:
        return self.accounts[0].secret

    def start(self) -> None:
        """Serve in a thread; returns once calls are answered."""
        self.supervisor.start()
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="emulator-http", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_START_LIMIT):
            self.stop()
            raise RuntimeError(f"the emulator did not come up within {_START_LIMIT:g} s")

    def run(self) -> None:
        """Serve in this thread until SIGTERM or SIGINT."""
        self.supervisor.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._close()

    def leave(self) -> None:
        """Ask `run` to return."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Finish the calls at hand, end all movers, let go of the state."""
        self.leave()
        if self._thread is not None:
            self._thread.join()
        self._close()

    def _close(self) -> None:
        self.supervisor.close()
        self._socket.close()
        self._store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(AcceptErrors())
        await super().startup(sockets)
        self.ready.set()


def random_account() -> Account:
    """A key in the service's style."""
    return Account("LTAI" + _random(20), _random(30))


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _check_binding(name: str, url: str) -> None:
    try:
        dataplane.check_url(url)
    except ValueError as error:
        raise ValueError(f"--bind {name}: {error}") from None


def _admin_token(directory: Path) -> str:
    """The token in the state directory, made when there is none; readable by its owner alone."""
    path = directory / "admin-token"
    kept = path.read_text().strip() if path.exists() else ""
    if not kept:
        kept, scratch = secrets.token_urlsafe(32), directory / "admin-token.new"
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(kept)
        scratch.replace(path)
    return kept


def _listening(host: str, port: int, store: Store) -> socket.socket:
    """A listening socket, opened here so that the port is known before anything is served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError:
        store.close()
        raise
    # asyncio does this only for sockets that name their protocol, which these do not; without it every
    # second packet of a reply waits 40 ms for the caller's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def main(argv: Sequence[str] | None = None) -> int:
    """``airflow-dts emulator``: serve until SIGTERM or SIGINT. Returns the exit code."""
    given = read_arguments(argv)
    if given.coverage:
        from airflow_dts.emulator.coverage import as_text

        sys.stdout.write(f"{as_text()}\n")
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.INFO if given.verbose else logging.ERROR)
    raise_file_limit()
    try:
        server = EmulatorServer(
            given.state,
            bind=given.bind,
            accounts=given.accounts,
            options=given.options,
            host=given.host,
            port=given.port,
            faults=given.faults,
        )
    except (StateError, ValueError, OSError) as error:
        sys.stderr.write(f"airflow-dts emulator: {error}\n")
        return 1
    # uvicorn gives a signal back to whoever had it before; without a handler here it would kill the process
    # before the movers have been ended.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.leave())
    sys.stdout.write(_greeting(server, given, generated=not given.accounts))
    sys.stdout.flush()
    server.run()
    return 0


def _greeting(server: EmulatorServer, given: Arguments, *, generated: bool) -> str:
    secret = server.secret if generated else "SECRET"
    note = "made for this run; shown only here" if generated else "as given"
    rules = len(given.faults.faults)
    return (
        f"Emulated DTS at {server.url}, region {given.options.region}, state in {given.state}\n"
        f"AccessKey id {server.access_key_id} (secret {note})\n"
        f"  airflow connections add dts_default --conn-type alibaba_dts --conn-host {server.url} "
        f"--conn-login {server.access_key_id} --conn-password {secret} "
        f'--conn-extra \'{{"region_id": "{given.options.region}"}}\'\n'
        f"Ledger at {server.url}/_emulator/ledger, token in {given.state / 'admin-token'}\n"
        + (f"Faults: {rules} in force, see {server.url}/_emulator/faults\n" if rules else "")
    )
