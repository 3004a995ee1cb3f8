"""Connections: what is trusted, what is followed, how much is read, and whether anything was sent."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail
from airflow_dts.client import transport
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import (
    ApiError,
    BadReply,
    CallError,
    ConfigError,
    NoReply,
    Redirected,
    Unreachable,
    Untrusted,
)

STOP = StopDtsJob(dts_job_id="job1")


def call(settings: Any, **changes: Any) -> Any:
    with DtsClient(settings(attempts=1, **changes)) as client:
        return client.call(STOP)


def test_an_unknown_certificate_is_refused(serve: Any, settings: Any, tls: ssl.SSLContext) -> None:
    stub = serve(tls=tls)
    with pytest.raises(Untrusted, match="certificate"):
        call(settings, endpoint=stub.url)
    assert stub.seen == []


def test_a_ca_bundle_of_ones_own_is_accepted(
    serve: Any, settings: Any, tls: ssl.SSLContext, certificate: Path
) -> None:
    stub = serve(tls=tls)
    assert call(settings, endpoint=stub.url, ca_bundle=certificate).success
    with pytest.raises(Untrusted):  # right authority, wrong host
        call(settings, endpoint=f"https://localhost:{stub.port}", ca_bundle=certificate)
    assert len(stub.seen) == 1


def test_the_bundle_of_the_environment_is_honoured(
    serve: Any, settings: Any, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = serve(tls=tls)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert call(settings, endpoint=stub.url).success
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE"):
        DtsClient(settings(endpoint=stub.url))
    assert call(settings, endpoint=stub.url, ca_bundle=certificate).success


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_can_be_switched_off(
    serve: Any, settings: Any, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    assert call(settings, endpoint=serve(tls=tls).url, verify=False).success


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_refused_is_unreachable(settings: Any) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(Unreachable, match="nothing was sent") as caught:
            call(settings, endpoint=f"{scheme}://127.0.0.1:{closed_port()}")
        assert type(caught.value) is Unreachable


def test_no_such_host_is_unreachable(settings: Any) -> None:
    with pytest.raises(Unreachable):
        call(settings, endpoint="http://no-such-host.invalid")


def test_a_server_without_tls_is_unreachable(serve: Any, settings: Any) -> None:
    stub = serve()
    with pytest.raises(Unreachable):
        call(settings, endpoint=f"https://127.0.0.1:{stub.port}")
    assert stub.seen == []


def test_a_handshake_that_never_ends_is_unreachable(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        call(
            settings,
            endpoint=f"https://127.0.0.1:{silent.getsockname()[1]}",
            connect_timeout=0.2,
            read_timeout=0.2,
        )


def test_what_the_caller_was_handling_does_not_matter(serve: Any, settings: Any, lost: Any) -> None:
    try:
        call(settings, endpoint=f"http://127.0.0.1:{closed_port()}")
    except Unreachable:
        with pytest.raises(NoReply):
            call(settings, endpoint=serve(lost).url)


def test_a_connection_cut_before_the_reply_is_a_lost_reply(
    serve: Any, settings: Any, lost: Any, tls: ssl.SSLContext, certificate: Path
) -> None:
    for stub, more in ((serve(lost), {}), (serve(lost, tls=tls), {"ca_bundle": certificate})):
        with pytest.raises(NoReply, match="unknown") as caught:
            call(settings, endpoint=stub.url, **more)
        assert caught.value.action == "StopDtsJob"
        assert len(stub.seen) == 1


def test_a_reply_cut_short_is_a_lost_reply(serve: Any, settings: Any, say: Any) -> None:
    stub = serve(say(b'{"RequestId": "R", "Succ', headers={"Content-Length": "500", "Connection": "close"}))
    with pytest.raises(NoReply):
        call(settings, endpoint=stub.url)


def test_a_reply_that_does_not_come_in_time_is_lost(serve: Any, settings: Any) -> None:
    done = threading.Event()
    stub = serve(lambda handler, seen: done.wait(5))
    with pytest.raises(NoReply, match="timed out"):
        call(settings, endpoint=stub.url, read_timeout=0.1)
    done.set()


def test_a_reply_that_trickles_is_given_up(serve: Any, settings: Any) -> None:
    def trickle(handler: Any, seen: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b" ")
            time.sleep(0.02)

    started = time.monotonic()
    with pytest.raises(NoReply, match="trickles"):
        call(settings, endpoint=serve(trickle).url, read_timeout=0.1)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("stage", ["status", "headers", "proxy"])
def test_headers_that_trickle_are_given_up(
    stage: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, so that no read ever times out."""
    lead = {"status": b"", "headers": b"HTTP/1.1 200 OK\r\nX: ", "proxy": b"HTTP/1.1 200 OK\r\nX: "}[stage]
    stopped = threading.Event()

    def trickle(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(2**16)
            peer.sendall(lead)
            while not stopped.wait(0.02):
                try:
                    peer.sendall(b"a")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=(server,)).start()
        url, kind = f"http://127.0.0.1:{server.getsockname()[1]}", NoReply
        if stage == "proxy":
            monkeypatch.setenv("HTTPS_PROXY", url)
            url, kind = "https://dts.cloud.example", Unreachable
        started = time.monotonic()
        with pytest.raises(kind, match="trickles"):
            call(settings, endpoint=url, read_timeout=0.1, connect_timeout=0.1)
        assert time.monotonic() - started < 3
        stopped.set()


def test_a_reply_that_is_no_http_is_lost(serve: Any, settings: Any) -> None:
    def babble(handler: Any, seen: Any) -> None:
        handler.wfile.write(b"220 smtp.example.com ready\r\n\r\n")
        handler.close_connection = True

    with pytest.raises(NoReply):
        call(settings, endpoint=serve(babble).url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, serve: Any, settings: Any, say: Any) -> None:
    elsewhere = serve()
    stub = serve(say(b"", status, {"Location": f"{elsewhere.url}/there?Signature=abc"}))
    with pytest.raises(Redirected, match=f"127.0.0.1:{elsewhere.port}") as caught:
        call(settings, endpoint=stub.url)
    assert elsewhere.seen == []
    assert "Signature" not in str(caught.value)


@pytest.mark.parametrize("location", ["", "/other", "http://[broken", "https://bob:hunter2@h/"])
def test_any_location_is_read(location: str, serve: Any, settings: Any, say: Any) -> None:
    with pytest.raises(Redirected) as caught:
        call(settings, endpoint=serve(say(b"", 302, {"Location": location})).url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 302, 500])
def test_a_reply_without_end_is_given_up(
    status: int, serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_REPLY", 2**20)
    sent = 0

    def flood(handler: Any, seen: Any) -> None:
        nonlocal sent
        handler.send_response(status)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(1000):
            sent += handler.wfile.write(b"x" * 2**16)

    with pytest.raises(BadReply, match="longer than"):
        call(settings, endpoint=serve(flood).url)
    assert sent < 20 * 2**20


def test_a_bomb_does_not_go_off(serve: Any, settings: Any, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_REPLY", 2**20)
    bomb = gzip.compress(b" " * 2**26)
    with pytest.raises(BadReply, match="longer than"):
        call(settings, endpoint=serve(say(bomb, headers={"Content-Encoding": "gzip"})).url)


def test_a_reply_that_is_not_compressed_as_it_says(serve: Any, settings: Any, say: Any) -> None:
    with pytest.raises(BadReply):
        call(settings, endpoint=serve(say(b"plain", headers={"Content-Encoding": "gzip"})).url)


def test_a_reply_in_chunks_is_read(serve: Any, settings: Any) -> None:
    def chunked(handler: Any, seen: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (b'{"RequestId": "R", ', b'"Success": true}', b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    assert call(settings, endpoint=serve(chunked).url).request_id == "R"


def test_netrc_is_never_used(
    serve: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login bob password hunter2secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    stub = serve()
    call(settings, endpoint=stub.url)
    assert "authorization" not in stub.seen[0].headers


def test_many_threads_share_one_client(serve: Any, settings: Any) -> None:
    """Each reply quotes its request, so that a crossed one shows."""

    def quote(handler: Any, seen: Any) -> None:
        body = b'{"RequestId":"R","Success":true,"DtsJobId":"%s"}' % seen.form["DtsJobId"].encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    stub = serve(quote)
    got: dict[str, str] = {}
    faults: list[BaseException] = []
    with DtsClient(settings(endpoint=stub.url, attempts=1, read_timeout=30)) as client:
        start = threading.Barrier(32)

        def work(thread: int) -> None:
            start.wait()
            try:
                for turn in range(25):
                    job = f"job-{thread}-{turn}"
                    got[job] = client.call(DescribeDtsJobDetail(dts_job_id=job)).dts_job_id
            except CallError as fault:
                faults.append(fault)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
    assert len(got) == 800
    assert all(asked == answered for asked, answered in got.items())
    nonces = [seen.form["SignatureNonce"] for seen in stub.seen]
    assert len(nonces) == len(set(nonces)) == 800
    assert len({seen.peer for seen in stub.seen}) < 200


def test_a_forked_child_opens_connections_of_its_own(serve: Any, settings: Any) -> None:
    stub = serve()
    client = DtsClient(settings(endpoint=stub.url))
    client.call(STOP)
    child = os.fork()
    if not child:
        try:
            client.call(STOP)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    client.call(STOP)
    first, in_child, again = (seen.peer for seen in stub.seen)
    assert first == again != in_child
    client.close()


def test_urllib_agrees_on_what_is_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare environment of these tests is bare indeed."""
    assert not {"http", "https", "all"} & set(urllib.request.getproxies())


def test_an_answer_with_an_error_is_no_lost_reply(serve: Any, settings: Any, say: Any) -> None:
    stub: Any = serve(say({"Code": "X", "Message": "m"}, 400))
    with pytest.raises(ApiError):
        call(settings, endpoint=stub.url)
