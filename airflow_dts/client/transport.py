"""One pooled session: a signed form goes out, an answer of bounded size comes back.

Proxies and certificates of the environment are looked up once, when the session is made; ``requests`` would
do so on every call, at a third of a call's cost. netrc is never read, redirects are never followed.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, MaxRetryError, NewConnectionError, ProxyError

from airflow_dts.errors import BadReply, ConfigError, NoReply, Unreachable, Untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dts.client.settings import Settings

LARGEST_REPLY = 64 * 2**20
"""Bytes, decompressed. A full page of jobs with all their objects has a tenth of it."""
_PIECE = 2**16
_PATIENCE = 10
"""Read timeouts a whole reply may take, headers too: bytes that trickle never let a single one expire."""
_POOL = 32
"""Connections kept open; more callers at once make more, which are not kept."""

_REFUSED_ADDRESSES = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


class Answer(NamedTuple):
    """What came back, whatever it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    quotable: bool = True
    """Whether an error may show its beginning."""


class _Trickles(OSError):
    """The reply keeps coming and does not end."""


class _Hurried(io.RawIOBase):
    """A socket's bytes, up to an instant."""

    def __init__(self, raw: io.RawIOBase, patience: float) -> None:
        self._raw, self._until, self._patience = raw, time.monotonic() + patience, patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise _Trickles(f"it trickles, and is not whole after {self._patience:g} s")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HurriedSocket:
    """As much of a socket as ``HTTPResponse`` asks for."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = self._sock.makefile(mode, buffering=0)  # type: ignore[call-overload]  # mode is "rb"
        return io.BufferedReader(_Hurried(raw, _PATIENCE * (self._sock.gettimeout() or 0.0)))


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_HurriedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]


class _NotSent(NewConnectionError):
    """No connection, so not a byte of the request left."""

    untrusted = False


class _Telling:
    """Beside a connection class: tells a fault while connecting from one while sending or reading.

    urllib3 reports a TLS handshake that fails or takes too long in the same words as a reply that gets lost.
    """

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # stands before a connection class, which has it
        except (OSError, HTTPError) as error:
            told = _NotSent(self, str(error))  # type: ignore[arg-type]  # is a connection
            told.untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise told from error


class _Plain(_Telling, HTTPConnection):
    response_class = _Response


class _Secure(_Telling, HTTPSConnection):
    response_class = _Response


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: even to prepare the next request, ``requests`` would read the whole body, however long."""


class Transport:
    """Posts forms to one address; threads may share it."""

    def __init__(self, settings: Settings, headers: Mapping[str, str]) -> None:
        self._session = _Session()
        found = self._session.merge_environment_settings(
            settings.url, {}, True, str(settings.ca_bundle) if settings.ca_bundle else settings.verify, None
        )
        self._session.trust_env = False
        self._session.mount("https://", _Adapter(pool_connections=2, pool_maxsize=_POOL))
        self._session.mount("http://", _Adapter(pool_connections=2, pool_maxsize=_POOL))
        self._proxies = dict(found["proxies"])
        self._verify = _checked(found["verify"])
        self._timeout = (settings.connect_timeout, settings.read_timeout)
        self._template = requests.Request("POST", settings.url, headers=dict(headers)).prepare()

    def post(self, action: str, form: str, hide: Callable[[str], str]) -> Answer:
        """Send a signed form, read the answer.

        :param hide: takes secrets out of a text; whatever is between us and the service may echo them
        :raises Unreachable: nothing was sent
        :raises NoReply: request or reply were lost
        :raises BadReply: the answer is too long, or not compressed as it says
        :raises ConfigError: the proxy's address is unusable
        """
        try:
            response = self._session.send(
                self._request(form),
                stream=True,
                allow_redirects=False,
                timeout=self._timeout,
                verify=self._verify,
                proxies=self._proxies,
            )
            with response:
                body = self._read(action, response)
        except _REFUSED_ADDRESSES as error:
            raise ConfigError(
                hide(str(error)), field="proxy", remedy="correct HTTPS_PROXY or HTTP_PROXY"
            ) from None
        except DecodeError as error:
            raise BadReply(action, hide(str(error))) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _lost(action, error, hide) from None  # what is chained would be printed, unmasked
        return Answer(response.status_code, response.headers, body)

    def close(self) -> None:
        self._session.close()

    def _request(self, form: str) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url, request.hooks = "POST", self._template.url, self._template.hooks
        request.body = form
        request.headers = self._template.headers.copy()
        request.headers["Content-Length"] = str(len(form))
        return request

    def _read(self, action: str, response: requests.Response) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_REPLY:
                raise BadReply(action, f"longer than {LARGEST_REPLY:,} bytes", response.status_code)
        return b"".join(pieces)


def _checked(verify: bool | str | None) -> bool | str:
    if isinstance(verify, str) and not Path(verify).exists():
        raise ConfigError(
            f"{verify!r} does not exist",
            field="ca_bundle",
            remedy="correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment, or give ca_bundle",
        )
    return True if verify is None else verify


def _lost(action: str, error: Exception, hide: Callable[[str], str]) -> Unreachable | NoReply:
    origin = _origin(error)
    text = _babble(origin) or hide(str(origin))
    if isinstance(origin, _NotSent) and origin.untrusted:
        return Untrusted(
            action, f"certificate refused, nothing was sent: {text}; for your own, set ca_bundle"
        )
    if isinstance(origin, _NotSent):
        return Unreachable(action, f"no connection, nothing was sent: {text}")
    return NoReply(action, f"no reply, so whether the service acted is unknown: {text}")


def _babble(origin: BaseException) -> str:
    """A sentence about an answer that is no HTTP. http.client quotes it in an encoding of its own."""
    said = origin.args[-1] if origin.args else None
    if isinstance(said, HTTPException) and not isinstance(said, RemoteDisconnected | IncompleteRead):
        return f"what answered speaks no HTTP ({type(said).__name__})"
    return ""


def _origin(error: Exception) -> BaseException:
    """The fault inside what urllib3 and requests wrap around it.

    By structure and not along ``__context__``, which leads on to whatever the caller was handling.
    """
    inner: BaseException = error
    if error.args and isinstance(error.args[0], BaseException):
        inner = error.args[0]
    if isinstance(inner, MaxRetryError) and inner.reason:
        inner = inner.reason
    return inner.original_error if isinstance(inner, ProxyError) else inner
