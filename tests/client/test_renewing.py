"""Keys that expire: one refresh for many threads, none that fails a call it need not fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.client.credentials import Key, Lease
from airflow_dts.client.renewing import Renewing
from airflow_dts.errors import AuthError, CallError, ConfigError, Throttled, Unreachable


class Giver:
    """Gives numbered keys, as slowly and as often as told."""

    def __init__(self, life: float = 3600.0) -> None:
        self.life, self.now = life, 1000.0
        self.asked = 0
        self.fault: BaseException | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.refused: list[Key | None] = []

    def __call__(self, refused: Key | None) -> Lease:
        self.asked += 1
        self.refused.append(refused)
        number = self.asked
        assert self.gate.wait(10)
        if self.fault:
            raise self.fault
        return Lease(Key(f"id{number}", f"secret{number}", f"token{number}"), self.life)

    def source(self) -> Renewing:
        return Renewing(self, clock=lambda: self.now)


def in_threads(
    count: int, work: Callable[[], Any], meanwhile: Callable[[], None] = lambda: None
) -> list[Any]:
    """What each thread came to: a result or an error."""
    results: list[Any] = []
    start = threading.Barrier(count + 1)

    def run() -> None:
        start.wait()
        try:
            results.append(work())
        except CallError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    start.wait()
    meanwhile()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    return results


@pytest.mark.parametrize(
    ("life", "margin"), [(3.0, 0.3), (900.0, 90.0), (3600.0, 300.0), (43200.0, 300.0), (1.0, 0.1)]
)
def test_a_key_is_used_until_shortly_before_its_end(life: float, margin: float) -> None:
    giver = Giver(life)
    source = giver.source()
    assert source.current().access_key_id == "id1"
    giver.now += life - margin - life / 1000
    assert source.current().access_key_id == "id1"
    giver.now += life / 500
    assert source.current().access_key_id == "id2"
    assert giver.refused == [None, None]


def test_life_counts_from_the_moment_a_key_is_asked_for() -> None:
    giver = Giver(10.0)

    def slowly(refused: Key | None) -> Lease:
        giver.now += 8
        return giver(refused)

    source = Renewing(slowly, clock=lambda: giver.now)
    source.current()
    giver.now += 1.5
    source.current()
    assert giver.asked == 2


def test_many_threads_without_a_key_ask_once() -> None:
    giver = Giver()
    giver.gate.clear()
    keys = in_threads(50, giver.source().current, giver.gate.set)
    assert giver.asked == 1
    assert {key.access_key_id for key in keys} == {"id1"}


def test_many_threads_whose_key_has_ended_ask_once() -> None:
    giver = Giver(3.0)
    source = giver.source()
    source.current()
    giver.now += 3.1
    giver.gate.clear()
    keys = in_threads(50, source.current, giver.gate.set)
    assert giver.asked == 2
    assert {key.access_key_id for key in keys} == {"id2"}


def test_while_one_replaces_the_key_the_others_go_on_with_it() -> None:
    giver = Giver(3600.0)
    source = giver.source()
    source.current()
    giver.now += 3400
    giver.gate.clear()
    slow = threading.Thread(target=source.current)
    slow.start()
    while giver.asked < 2:  # until it asks
        time.sleep(0.001)
    keys = in_threads(20, source.current)  # and returns although the gate is closed
    assert {key.access_key_id for key in keys} == {"id1"}
    giver.gate.set()
    slow.join(10)
    assert source.current().access_key_id == "id2"
    assert giver.asked == 2


def test_a_replacement_that_fails_does_not_matter_while_the_key_is_good() -> None:
    giver = Giver(3600.0)
    source = giver.source()
    source.current()
    giver.fault = AuthError("AssumeRole", "NoPermission", "m")
    giver.now += 3300
    for _ in range(290):
        giver.now += 1
        assert source.current().access_key_id == "id1"
    assert 4 <= giver.asked - 1 <= 5  # tried again now and then, not by every call
    giver.now += 11
    with pytest.raises(AuthError):
        source.current()
    giver.fault = None
    assert source.current().secret.startswith("secret")


def test_whatever_we_say_is_wrong_fails_no_call_while_the_key_is_good() -> None:
    """The file with a cluster's token may be gone for a moment."""
    giver = Giver(3600.0)
    source = giver.source()
    source.current()
    giver.fault = ConfigError("does not exist", field="oidc_token_file")
    giver.now += 3400
    assert source.current().access_key_id == "id1"
    giver.now += 200
    with pytest.raises(ConfigError):
        source.current()


def test_a_refused_key_is_never_the_answer_to_its_refusal() -> None:
    """Not even while another thread fails to replace it early."""
    giver = Giver(3600.0)
    source = giver.source()
    key = source.current()
    giver.now += 3400
    giver.fault = Unreachable("AssumeRole", "no connection")
    giver.gate.clear()
    early = threading.Thread(target=source.current)
    early.start()
    while giver.asked < 2:  # until it asks, and so holds the lock
        time.sleep(0.001)

    def meanwhile() -> None:
        time.sleep(0.1)  # until the other waits for the lock
        giver.gate.set()

    (answer,) = in_threads(1, lambda: source.renew(key), meanwhile)
    early.join(10)
    assert isinstance(answer, Unreachable)


def test_many_threads_share_a_failure() -> None:
    giver = Giver()
    giver.fault = Throttled("AssumeRole", "Throttling", "m", "R", 400)
    giver.fault.retry_after = 7.0
    giver.gate.clear()
    source, begun = giver.source(), []

    def work() -> Key:
        begun.append(1)
        return source.current()

    def meanwhile() -> None:
        while len(begun) < 50:
            time.sleep(0.01)
        time.sleep(0.2)  # from there to the lock
        giver.gate.set()

    errors = in_threads(50, work, meanwhile)
    assert giver.asked <= 3  # one, but for a thread that stopped between the two
    assert all(type(error) is Throttled and error.retry_after == 7.0 for error in errors)
    assert len({id(error) for error in errors}) == 50  # a traceback each
    giver.fault = None
    assert source.current().secret.startswith("secret")


def test_many_threads_whose_key_was_refused_ask_once() -> None:
    giver = Giver()
    source = giver.source()
    refused = source.current()
    giver.gate.clear()
    keys = in_threads(50, lambda: source.renew(refused), giver.gate.set)
    assert {key.access_key_id for key in keys} == {"id2"}
    assert source.renew(refused).access_key_id == "id2"  # one that comes late
    assert giver.refused == [None, refused]


def test_a_key_that_was_replaced_meanwhile_is_taken_as_it_is() -> None:
    giver = Giver()
    source = giver.source()
    first = source.current()
    second = source.renew(first)
    assert source.renew(first) is second
    assert giver.asked == 2


def test_a_failure_is_no_answer_to_those_who_come_later() -> None:
    giver = Giver()
    source = giver.source()
    key = source.current()
    giver.fault = Unreachable("AssumeRole", "no connection")
    for _ in range(3):
        with pytest.raises(Unreachable):
            source.renew(key)
    assert giver.asked == 4
    giver.fault = None
    assert source.renew(key).access_key_id == "id5"


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_whatever_interrupts_it_leaves_no_lock_behind(fault: BaseException) -> None:
    giver = Giver()
    source = giver.source()
    giver.fault = fault
    with pytest.raises(type(fault)):
        source.current()
    giver.fault = None
    assert source.current().access_key_id == "id2"
    giver.now += 3400
    giver.fault = fault
    with pytest.raises(type(fault)):
        source.current()
    giver.fault = None
    assert source.current().access_key_id == "id4"


def test_a_key_shows_no_secret() -> None:
    key = Giver()(None).key
    assert "secret1" not in repr(key)
    assert "token1" not in repr(key)
    assert key.secrets == ("secret1", "token1")
    assert "secret1" not in repr(Lease(key, 1.0))
