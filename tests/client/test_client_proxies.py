"""Proxies of the environment: which are used, when they are looked up, and what they get to see."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import ConfigError, Unreachable, Untrusted

STOP = StopDtsJob(dts_job_id="job1")


def call(settings: Any, **changes: Any) -> Any:
    with DtsClient(settings(attempts=1, **changes)) as client:
        return client.call(STOP)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_proxies_of_the_environment_are_honoured(
    serve: Any, settings: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert call(settings, endpoint="http://dts.cloud.example").success
    assert proxy.seen[0].path == "http://dts.cloud.example/"
    refusing = serve(say(b"", 403))
    monkeypatch.setenv("HTTPS_PROXY", refusing.url)
    with pytest.raises(Unreachable):
        call(settings, endpoint="https://dts.cloud.example")
    assert (refusing.seen[0].method, refusing.seen[0].path) == ("CONNECT", "dts.cloud.example:443")


class Tunnel:
    """A proxy that does as CONNECT asks, wherever it asks to go."""

    def __init__(self, port: int) -> None:
        self._port, self.asked = port, list[str]()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(2**16)
            self.asked.append(head.decode())
            peer.sendall(b"HTTP/1.1 200 Connection established\r\nVia: tunnel\r\n\r\n")
            there = socket.create_connection(("127.0.0.1", self._port))
            for one, other in ((peer, there), (there, peer)):
                threading.Thread(target=self._pour, args=(one, other), daemon=True).start()

    @staticmethod
    def _pour(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(2**16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


def test_https_goes_through_a_tunnel_of_the_proxy(
    serve: Any,
    settings: Any,
    tls: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub = serve(tls=tls)
    tunnel = Tunnel(stub.port)
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url.replace("//", "//bob:sesame@"))
    how = {"endpoint": f"https://127.0.0.1:{stub.port}", "ca_bundle": certificate}
    with DtsClient(settings(**how)) as client:
        for _ in range(3):
            assert client.call(STOP).success
    (asked,) = tunnel.asked
    assert asked.startswith(f"CONNECT 127.0.0.1:{stub.port} ")
    assert "Proxy-Authorization: Basic " in asked
    assert [seen.path for seen in stub.seen] == ["/"] * 3
    assert all("proxy-authorization" not in seen.headers for seen in stub.seen)
    with pytest.raises(Untrusted):  # the tunnel ends at a server nobody trusts
        call(settings, endpoint=how["endpoint"])
    tunnel.close()


def test_hosts_without_proxy_are_called_directly(
    serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, stub = serve(), serve()
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert call(settings, endpoint=stub.url).success
    assert (len(proxy.seen), len(stub.seen)) == (0, 1)


def test_the_environment_is_read_when_the_client_is_made(
    serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, stub = serve(), serve()
    client = DtsClient(settings(endpoint=stub.url))
    monkeypatch.setenv("http_proxy", proxy.url)
    client.call(STOP)
    with DtsClient(settings(endpoint=stub.url)) as later:
        monkeypatch.delenv("http_proxy")
        later.call(STOP)
    assert (len(proxy.seen), len(stub.seen)) == (1, 1)
    client.close()


def test_a_proxy_that_is_away_is_unreachable_and_its_login_stays_hidden(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://bob:hunter2secret@127.0.0.1:{closed_port()}")
    with pytest.raises(Unreachable) as caught:
        call(settings, endpoint="http://dts.cloud.example")
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_an_unusable_proxy_is_a_setting(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://:3128")
    with pytest.raises(ConfigError, match="proxy"):
        call(settings, endpoint="http://dts.cloud.example")
