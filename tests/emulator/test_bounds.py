"""What callers without a key can use up: little."""

from __future__ import annotations

import asyncio
import http.client
import logging
import resource
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import connections
from airflow_dts.emulator.connections import AcceptErrors, most_connections, raise_file_limit
from airflow_dts.emulator.server import EmulatorServer
from airflow_dts.emulator.service import Service


def connect(server: EmulatorServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=20)


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True


def still_open(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_beyond_the_limit_the_longest_idle_connection_is_closed(
    make_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    server = make_emulator()
    with ExitStack() as stack:
        idle = [stack.enter_context(closing(connect(server))) for _ in range(3)]
        idle[0].sendall(b"GET /?Action=")  # half a request does not make it any younger
        idle.append(stack.enter_context(closing(connect(server))))
        assert closed(idle[0])
        idle.append(stack.enter_context(closing(connect(server))))
        assert closed(idle[1])
        assert [still_open(connection) for connection in idle[2:]] == [True] * 3


def test_a_caller_between_two_calls_stays_longer_than_one_that_never_called(
    make_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    server = make_emulator()
    with ExitStack() as stack:
        used = http.client.HTTPConnection(server.host, server.port, timeout=20)
        stack.callback(used.close)
        used.request("GET", "/")
        assert used.getresponse().read()
        sock = used.sock
        silent = [stack.enter_context(closing(connect(server))) for _ in range(6)]
        assert all(closed(connection) for connection in silent[:4])
        used.request("GET", "/")
        assert used.getresponse().read()
        assert used.sock is sock


def test_while_all_are_served_a_new_connection_is_closed(
    make_emulator: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    go_on, waiting = threading.Event(), threading.Semaphore(0)
    answer = Service.answer

    def held(service: Service, *given: Any) -> Any:
        waiting.release()
        assert go_on.wait(20)
        return answer(service, *given)

    monkeypatch.setattr(Service, "answer", held)
    server = make_emulator()
    with ThreadPoolExecutor(3) as pool, ExitStack() as stack:
        stack.callback(go_on.set)
        calls = [pool.submit(kit.caller(server.url).call, "DescribeDtsJobs", Region="r") for _ in range(3)]
        assert all(waiting.acquire(timeout=20) for _ in calls)
        assert closed(stack.enter_context(closing(connect(server))))
        go_on.set()
        assert [call.result().code for call in calls] == ["OK"] * 3


def test_idle_connections_shut_no_caller_out(make_emulator: Any, kit: Any) -> None:
    server = make_emulator()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_file_limit()
    try:
        with ExitStack() as stack:
            idle = [
                stack.enter_context(closing(connect(server))) for _ in range(connections.MOST_CONNECTIONS)
            ]
            callers = [kit.caller(server.url) for _ in range(25)]
            start = time.monotonic()
            assert [caller.call("DescribeDtsJobs", Region="r").code for caller in callers] == ["OK"] * 25
            assert time.monotonic() - start < connections.PATIENCE / 2
            assert still_open(idle[-1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /?Action=", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nAct"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_connection_without_a_whole_request_is_closed(
    make_emulator: Any,
    kit: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    start: bytes,
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    server = make_emulator()
    with closing(connect(server)) as connection:
        connection.sendall(start)
        assert closed(connection)
    assert kit.caller(server.url).call("DescribeDtsJobs", Region="r").code == "OK"
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_connection_that_is_used_stays(make_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    server = make_emulator()
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=20)) as connection:
        connection.connect()
        sock = connection.sock
        for _ in range(12):
            connection.request("GET", "/")
            assert connection.getresponse().read()
            asyncio.run(asyncio.sleep(0.1))
        assert connection.sock is sock


def test_the_limits_follow_what_the_system_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(200, 1000)]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, new: limits.append(new))
    assert most_connections() == 100
    raise_file_limit()
    assert (limits[-1], most_connections()) == ((1000, 1000), 500)
    raise_file_limit()
    assert len(limits) == 2
    limits.append((1024, resource.RLIM_INFINITY))
    raise_file_limit()
    assert limits[-1] == (65_536, resource.RLIM_INFINITY)


def test_running_out_of_files_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    handler, loop = AcceptErrors(), asyncio.new_event_loop()
    try:
        for _ in range(50):
            handler(
                loop, {"message": "socket.accept() out of system resource", "exception": OSError(24, "files")}
            )
        handler(loop, {"message": "something else"})
    finally:
        loop.close()
    assert [record.name for record in caplog.records] == [connections.__name__, "asyncio"]
    assert caplog.records[0].levelno == logging.ERROR


def test_what_the_gate_turns_away_leaves_no_line_and_wakes_nobody(
    bench: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(bench.service, "_wake", lambda: woken.append(1))
    every = kit.signed("StartDtsJob", {"DtsJobId": "j"})
    for wrong in ({}, {"Action": "StartDtsJob"}, {**every, "Signature": "wrong"}):
        assert bench.send(wrong).status in (400, 404)
    assert (bench.store.events("call"), woken) == ([], [])
    assert bench.send(every).code == "InvalidJobId"
    assert ([event.code for event in bench.store.events("call")], woken) == (["InvalidJobId"], [1])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_in_the_services_own_shape(caller: Any, method: str) -> None:
    answer = caller.raw(urllib.request.Request(f"{caller.url}/", method=method))
    assert (answer.status, answer.code, answer.body["(root)"]) == (405, "UnsupportedHTTPMethod", "Error")
    assert answer.body["RequestId"]


def test_an_empty_admin_token_is_made_anew(tmp_path: Path, make_emulator: Any) -> None:
    (tmp_path / "served0").mkdir()
    file = tmp_path / "served0" / "admin-token"
    file.touch(0o644)
    server = make_emulator()
    assert len(server.admin_token) > 30
    assert (file.read_text(), oct(file.stat().st_mode & 0o777)) == (server.admin_token, "0o600")
