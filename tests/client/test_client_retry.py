"""What is sent again, when, and what never is."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.jobs import ModifyDtsJob, StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import (
    ApiError,
    BadReply,
    Busy,
    CallError,
    NoReply,
    Redirected,
    ServiceFault,
    Throttled,
    Unreachable,
    Untrusted,
)

READ = DescribeDtsJobDetail(dts_job_id="job1")
WRITE = StopDtsJob(dts_job_id="job1")
WITH_TOKEN = ModifyDtsJob(dts_instance_id="dts1", client_token="once-and-for-all")
TOKEN_LEFT_OUT = ModifyDtsJob(dts_instance_id="dts1")


@pytest.fixture
def sending(serve: Any, settings: Any) -> Any:
    """Run a call against scripted answers; returns outcome, sendings and pauses."""

    def run(
        action: Any, *answers: Any, tls: Any = None, **changes: Any
    ) -> tuple[Any, list[Any], list[float]]:
        stub, pauses = serve(*answers, tls=tls), list[float]()
        with DtsClient(settings(endpoint=stub.url, **changes), sleep=pauses.append) as client:
            try:
                outcome: Any = client.call(action)
            except CallError as error:
                outcome = error
        return outcome, stub.seen, pauses

    return run


@pytest.fixture
def answers(say: Any, lost: Any) -> dict[str, Any]:
    return {
        "throttled": say({"Code": "Throttling.User", "Message": "m"}, 400),
        "fault": say({"Code": "InternalError", "Message": "m"}, 500),
        "gateway": say(b"<title>502 Bad Gateway</title>", 502),
        "lost": lost,
        "page": say(b"<title>Log in</title>"),
        "busy": say({"Code": "InvalidJobStatus", "Message": "m"}, 400),
        "denied": say({"Code": "Forbidden.RAM", "Message": "m"}, 403),
        "moved": say(b"", 302, {"Location": "http://127.0.0.1:1/"}),
        "fine": say(),
    }


TABLE = [
    # answer, class, sendings of: a reading, a change, a change with a token, a change that gets one
    ("throttled", Throttled, 2, 2, 2, 2),
    ("lost", NoReply, 2, 1, 2, 2),
    ("fault", ServiceFault, 2, 1, 2, 2),
    ("gateway", ServiceFault, 2, 1, 2, 2),
    ("page", BadReply, 2, 1, 2, 2),
    ("busy", Busy, 1, 1, 1, 1),
    ("denied", ApiError, 1, 1, 1, 1),
    ("moved", Redirected, 1, 1, 1, 1),
]


@pytest.mark.parametrize(
    ("answer", "kind", "action", "sendings"),
    [
        (row[0], row[1], action, row[2 + column])
        for row in TABLE
        for column, action in enumerate((READ, WRITE, WITH_TOKEN, TOKEN_LEFT_OUT))
    ],
)
def test_what_is_sent_again(
    answer: str, kind: type[CallError], action: Any, sendings: int, sending: Any, answers: Any
) -> None:
    outcome, seen, pauses = sending(action, answers[answer], answers["fine"])
    assert len(seen) == sendings
    assert len(pauses) == sendings - 1
    if sendings == 1:
        assert isinstance(outcome, kind)
        looks = kind.maybe_acted and action is WRITE
        assert bool(getattr(outcome, "__notes__", [])) == looks
    else:
        assert outcome.success


def test_unreachable_is_sent_again_even_if_it_changes_something(serve: Any, settings: Any) -> None:
    stub = serve()
    stub.close()
    pauses: list[float] = []
    client = DtsClient(settings(endpoint=stub.url, attempts=4), sleep=pauses.append)
    with client, pytest.raises(Unreachable):
        client.call(WRITE)
    assert len(pauses) == 3


def test_a_certificate_does_not_get_better(sending: Any, tls: Any) -> None:
    outcome, _, pauses = sending(READ, tls=tls)
    assert isinstance(outcome, Untrusted)
    assert pauses == []


def test_every_sending_has_its_own_nonce_and_one_token(sending: Any, answers: Any) -> None:
    _, seen, _ = sending(WITH_TOKEN, answers["lost"], answers["fault"], answers["throttled"], answers["fine"])
    assert len({request.form["SignatureNonce"] for request in seen}) == 4
    assert len({request.form["Signature"] for request in seen}) == 4
    assert {request.form["ClientToken"] for request in seen} == {"once-and-for-all"}


def test_a_token_left_out_is_one_for_all_sendings_of_one_call(sending: Any, answers: Any) -> None:
    _, first, _ = sending(TOKEN_LEFT_OUT, answers["lost"], answers["fault"], answers["fine"])
    _, second, _ = sending(TOKEN_LEFT_OUT, answers["throttled"], answers["fine"])
    tokens = [{request.form["ClientToken"] for request in seen} for seen in (first, second)]
    assert [len(found) for found in tokens] == [1, 1]
    assert tokens[0] != tokens[1]
    assert all(len(token) <= 64 and token.isascii() for found in tokens for token in found)


def test_a_reading_call_needs_no_token(sending: Any, answers: Any) -> None:
    """Twelve actions of the older API that only read take one all the same (seed 6.5)."""
    takes = [a for a in ACTIONS.values() if "client_token" in a.model_fields and not a.changes_state]
    assert len(takes) == 12
    _, seen, _ = sending(takes[0].model_construct(), answers["lost"], answers["fine"])
    assert [request.form.get("ClientToken") for request in seen] == [None, None]


def test_every_sending_has_its_own_time(serve: Any, settings: Any, answers: Any) -> None:
    stub = serve(answers["throttled"], answers["fine"])
    hours = iter(range(24))
    with DtsClient(
        settings(endpoint=stub.url),
        sleep=lambda _: None,
        clock=lambda: datetime(2024, 5, 1, next(hours), tzinfo=UTC),
    ) as client:
        client.call(READ)
    times = [seen.form["Timestamp"] for seen in stub.seen]
    assert times[0] < times[1]


def test_attempts_are_bounded_and_pauses_grow_within_limits(sending: Any, answers: Any) -> None:
    outcome, seen, pauses = sending(READ, answers["throttled"], attempts=8, retry_for=1000)
    assert isinstance(outcome, Throttled)
    assert len(seen) == 8
    assert all(0 <= pause <= limit for pause, limit in zip(pauses, (0.5, 1, 2, 4, 8, 16, 20), strict=True)), (
        pauses
    )
    assert len(set(pauses)) == len(pauses)


def test_the_time_is_bounded(sending: Any, answers: Any) -> None:
    outcome, _, pauses = sending(READ, answers["fault"], attempts=1000, retry_for=30)
    assert isinstance(outcome, ServiceFault)
    assert sum(pauses) <= 30
    assert len(pauses) >= 3


@pytest.mark.parametrize("asked", ["7", "7.0", "Wed, 01 May 2024 12:00:07 GMT"])
def test_the_pause_the_service_asks_for_is_kept(asked: str, serve: Any, settings: Any, say: Any) -> None:
    stub = serve(say({"Code": "Throttling", "Message": "m"}, 429, {"Retry-After": asked}), say())
    pauses: list[float] = []
    with DtsClient(
        settings(endpoint=stub.url),
        sleep=pauses.append,
        clock=lambda: datetime(2024, 5, 1, 12, tzinfo=UTC),
    ) as client:
        assert client.call(WRITE).success
    (pause,) = pauses
    assert 7 <= pause <= 8


@pytest.mark.parametrize("asked", ["600", "Wed, 01 May 2099 12:00:07 GMT"])
def test_a_pause_beyond_patience_is_not_begun(asked: str, sending: Any, say: Any) -> None:
    busy = say({"Code": "Throttling", "Message": "m"}, 429, {"Retry-After": asked})
    outcome, seen, pauses = sending(READ, busy, say(), attempts=2)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after
    assert (len(seen), pauses) == (1, [])


@pytest.mark.parametrize("asked", ["soon", "", "-5", "1e9", "99999999999999", "nan", "Wed, 99 May 2024"])
def test_a_pause_nobody_understands_is_ours_to_choose(asked: str, sending: Any, say: Any) -> None:
    outcome, _, pauses = sending(
        READ, say({"Code": "Throttling", "Message": "m"}, 429, {"Retry-After": asked}), say()
    )
    assert outcome.success
    assert pauses[0] <= 0.5


def test_each_resending_is_one_line_without_parameters(
    sending: Any, answers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="airflow_dts"):
        sending(READ, answers["throttled"], answers["lost"], answers["fine"])
    lines = [record.getMessage() for record in caplog.records if record.name == "airflow_dts.client.retry"]
    assert len(lines) == 2
    assert lines[0].startswith("DescribeDtsJobDetail: Throttling.User in attempt 1; sent again in 0.")
    assert lines[1].startswith("DescribeDtsJobDetail: NoReply in attempt 2; sent again in ")
    assert all(
        record.levelno == logging.WARNING for record in caplog.records if record.name[:11] == "airflow_dts"
    )
    assert "job1" not in caplog.text


def test_a_job_is_stopped_once_whatever_gets_lost(sending: Any, answers: Any) -> None:
    """The reply of a change that got lost after a resending that was safe ends the matter."""
    outcome, seen, _ = sending(WRITE, answers["throttled"], answers["lost"], answers["fine"])
    assert isinstance(outcome, NoReply)
    assert len(seen) == 2
