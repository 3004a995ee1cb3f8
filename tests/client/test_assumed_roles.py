"""Calls signed with temporary keys of a role, at a server that checks with the vendor's own signature."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail
from airflow_dts.client.client import CallRecord, DtsClient
from airflow_dts.client.credentials import AssumedRole
from airflow_dts.errors import (
    AuthError,
    BadReply,
    CallError,
    CredentialsExpired,
    DtsError,
    NoReply,
    Throttled,
    Unreachable,
)
from tests.client.issuing import OWN_SECRET, ROLE, Issuer, signature_by_the_vendor

READ = DescribeDtsJobDetail(dts_job_id="job1")
STOP = StopDtsJob(dts_job_id="job1")
POLICY = '{"Version":"1","Statement":[{"Action":["dts:*"],"Effect":"Allow","Resource":["*"]}]}'


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, role: AssumedRole | None = None, **changes: Any) -> DtsClient:
        options = {
            name: changes.pop(name) for name in ("on_call", "on_secret", "clock", "ticks") if name in changes
        }
        given = settings(
            **{
                "endpoint": stub.url,
                "sts_endpoint": stub.url,
                "sign_in": role or AssumedRole(ROLE, "alice"),
                **changes,
            }
        )
        return DtsClient(given, sleep=lambda _: None, **options)

    return make


def test_a_key_of_the_role_signs_the_calls(serve: Any, client_of: Any, issuer: Issuer) -> None:
    stub = serve(issuer)
    role = AssumedRole(ROLE, "alice", role_policy=POLICY, role_duration=900, external_id="agreed")
    with client_of(stub, role, organization_id="o-1") as client:
        for _ in range(3):
            client.call(STOP)
    first, *calls = stub.seen
    form = dict(first.form)
    assert form.pop("Signature") == signature_by_the_vendor(first.form, OWN_SECRET)
    assert len(form.pop("SignatureNonce")) == 32
    assert form.pop("Timestamp").endswith("Z")
    assert form == {
        "Action": "AssumeRole",
        "Version": "2015-04-01",
        "Format": "JSON",
        "RegionId": "cn-hangzhou",
        "AccessKeyId": "testid",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "RoleArn": ROLE,
        "RoleSessionName": "alice",
        "Policy": POLICY,
        "DurationSeconds": "900",
        "ExternalId": "agreed",
    }
    assert first.headers["x-acs-organizationid"] == "o-1"
    assert [seen.form["AccessKeyId"] for seen in calls] == ["STS.0"] * 3
    assert [seen.form["SecurityToken"] for seen in calls] == ["token-of-STS.0"] * 3


def test_a_role_can_be_assumed_with_a_temporary_key(serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say({"Code": "NoPermission", "Message": "no", "RequestId": "R"}, 403))
    with client_of(stub, security_token="token-0123") as client, pytest.raises(AuthError):
        client.call(STOP)
    assert stub.seen[0].form["SecurityToken"] == "token-0123"


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_off_costs_no_calls(hours: int, serve: Any, client_of: Any, issuer: Issuer) -> None:
    """The life of a key is what lies between two instants of the service's clock."""
    issuer.life = 900
    now = [0.0]
    client = client_of(
        serve(issuer), clock=lambda: datetime.now(UTC) + timedelta(hours=hours), ticks=lambda: now[0]
    )
    for _ in range(8):
        client.call(READ)
        now[0] += 100
    assert len(issuer.asked) == 1
    now[0] += 15
    client.call(READ)
    assert len(issuer.asked) == 2
    client.close()


@pytest.mark.parametrize("action", [READ, STOP])
def test_a_call_refused_for_an_expired_key_is_sent_once_more(
    action: Any, serve: Any, client_of: Any, issuer: Issuer
) -> None:
    records: list[CallRecord] = []
    client = client_of(serve(issuer), on_call=records.append)
    client.call(READ)
    issuer.revoke()
    client.call(action)
    name = action.action_name()
    assert issuer.refused == [name]
    assert issuer.served == ["DescribeDtsJobDetail", name]
    assert [(record.action, record.outcome) for record in records] == [
        ("AssumeRole", "OK"),
        ("DescribeDtsJobDetail", "OK"),
        (name, "InvalidSecurityToken.Expired"),
        ("AssumeRole", "OK"),
        (name, "OK"),
    ]
    client.close()


def test_it_is_sent_once_more_and_no_oftener(serve: Any, client_of: Any, issuer: Issuer) -> None:
    issuer.life = -10
    stub = serve(issuer)
    with client_of(stub) as client, pytest.raises(CredentialsExpired):
        client.call(STOP)
    assert issuer.refused == ["StopDtsJob", "StopDtsJob"]
    assert len(issuer.asked) == 2


def test_a_fixed_key_that_expired_is_not_sent_again(serve: Any, settings: Any, say: Any) -> None:
    stub = serve(say({"Code": "InvalidSecurityToken.Expired", "Message": "m", "RequestId": "R"}, 400))
    with (
        DtsClient(settings(endpoint=stub.url, security_token="token-0123")) as client,
        pytest.raises(CredentialsExpired),
    ):
        client.call(READ)
    assert len(stub.seen) == 1


def test_fifty_threads_with_a_refused_key_ask_for_one(serve: Any, client_of: Any, issuer: Issuer) -> None:
    client = client_of(serve(issuer))
    client.call(READ)
    issuer.revoke()
    errors = threads(50, lambda: client.call(STOP))
    assert errors == []
    assert len(issuer.asked) == 2
    assert issuer.served.count("StopDtsJob") == 50
    client.close()


def threads(count: int, work: Callable[[], Any]) -> list[BaseException]:
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        try:
            work()
        except CallError as error:
            errors.append(error)

    started = [threading.Thread(target=run) for _ in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return errors


def test_thirty_seconds_of_calls_with_keys_of_three_seconds(
    serve: Any, client_of: Any, issuer: Issuer
) -> None:
    """The server, the client and 50 threads on one clock, which moves when all have called."""
    now = [1_700_000_000.0]
    issuer.life, issuer.clock = 3.0, lambda: now[0]
    client = client_of(serve(issuer), clock=lambda: datetime.fromtimestamp(now[0], UTC), ticks=lambda: now[0])
    for _ in range(40):
        errors = threads(50, lambda: client.call(STOP))
        assert errors == []
        now[0] += 0.75
    assert issuer.refused == []
    assert len(issuer.served) == 2000
    assert len(issuer.asked) <= 30 / 2.25 + 1
    client.close()


@pytest.mark.slow
def test_the_same_in_real_time_against_the_emulator(tmp_path: Any) -> None:
    from airflow_dts.api.readings import DescribeDtsJobs
    from airflow_dts.client.settings import Settings
    from airflow_dts.emulator.options import Options
    from airflow_dts.emulator.server import EmulatorServer

    records: list[CallRecord] = []
    with EmulatorServer(tmp_path / "state", options=Options(token_life=3.0)) as server:
        settings = Settings(
            server.access_key_id,
            server.secret,
            "cn-hangzhou",
            endpoint=server.url,
            sts_endpoint=server.url,
            sign_in=AssumedRole(ROLE),
        )
        action = DescribeDtsJobs(region="cn-hangzhou", job_type="MIGRATION")
        with DtsClient(settings, on_call=records.append) as client:
            until = time.monotonic() + 30

            def call_on() -> None:
                while time.monotonic() < until:
                    client.call(action)

            errors = threads(50, call_on)
    assert errors == []
    outcomes = [record.outcome for record in records if record.action == "DescribeDtsJobs"]
    issued = sum(record.action == "AssumeRole" for record in records)
    again = len(outcomes) - outcomes.count("OK")
    print(f"{len(outcomes)} calls, {issued} keys, refused and sent again: {again}")
    assert outcomes.count("OK") >= 500
    assert issued <= 30 / 2.7 + 2


def test_a_lost_reply_of_the_token_service_loses_no_call(
    serve: Any, client_of: Any, issuer: Issuer, lost: Any
) -> None:
    """Whether a key was issued is unknown; that the job was not stopped is known, so it is tried again."""
    stub = serve(lost, lost, issuer)
    assert client_of(stub).call(STOP).success
    assert [seen.form["Action"] for seen in stub.seen] == ["AssumeRole"] * 3 + ["StopDtsJob"]


def test_without_a_key_nothing_is_sent(serve: Any, client_of: Any, lost: Any, say: Any) -> None:
    with pytest.raises(
        Unreachable, match="StopDtsJob: nothing was sent, as signing in failed: AssumeRole"
    ) as told:
        client_of(serve(lost), attempts=1).call(STOP)
    assert not getattr(told.value, "__notes__", [])
    stub = serve(say({"Code": "EntityNotExist.Role", "Message": "The specified Role not exists."}, 404))
    with pytest.raises(AuthError, match=r"AssumeRole: EntityNotExist\.Role"):
        client_of(stub).call(STOP)
    assert len(stub.seen) == 1
    stub = serve(say({"Code": "Throttling", "Message": "m"}, 400))
    with pytest.raises(Throttled, match="AssumeRole"):
        client_of(stub, attempts=2).call(STOP)
    assert {seen.form["Action"] for seen in stub.seen} == {"AssumeRole"}


KEY = {
    "AccessKeyId": "STS.0",
    "AccessKeySecret": "hunter2-the-secret",
    "SecurityToken": "hunter2-the-token",
    "Expiration": "2099-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "body",
    [
        {"Credentials": KEY},  # no RequestId
        {"RequestId": "R", "Credentials": {**KEY, "SecurityToken": None}},
        {"RequestId": "R", "Credentials": {**KEY, "AccessKeySecret": ""}},
        {"RequestId": "R", "Credentials": {"AccessKeySecret": "hunter2-the-secret"}},
        {"RequestId": "R", "Credentials": [KEY]},
        {"RequestId": "R"},
        b'{"RequestId": "R", "Credentials": {"AccessKeySecret": "hunter2-the-secret", ',
        b"<AssumeRoleResponse><Credentials><AccessKeySecret>hunter2-the-secret</AccessKeySecret>",
        b"hunter2-the-secret",
    ],
    ids=range(9),
)
@pytest.mark.parametrize("status", [200, 500])
def test_a_key_in_a_broken_reply_is_not_shown(
    body: Any, status: int, serve: Any, client_of: Any, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(DtsError) as caught:
        client_of(serve(say(body, status)), attempts=2).call(STOP)
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    assert "hunter2" not in shown
    assert "AssumeRole" in shown


@pytest.mark.parametrize("life", [None, "", "soon", "1999-01-01T00:00:00Z"])
def test_a_key_whose_end_is_not_told_is_used_as_long_as_asked_for(
    life: Any, serve: Any, client_of: Any, say: Any
) -> None:
    stub = serve(say({"RequestId": "R", "Credentials": {**KEY, "Expiration": life}}), say())
    now = [0.0]
    client = client_of(stub, AssumedRole(ROLE, role_duration=1800), ticks=lambda: now[0])
    for _ in range(16):
        client.call(READ)
        now[0] += 100
    assert [seen.form["Action"] for seen in stub.seen].count("AssumeRole") == 1
    client.close()


def test_secrets_are_told_before_they_sign(serve: Any, client_of: Any, issuer: Issuer) -> None:
    stub = serve(issuer)
    told: list[tuple[str, int]] = []
    with client_of(stub, on_secret=lambda secret: told.append((secret, len(stub.seen)))) as client:
        client.call(STOP)
        issuer.revoke()
        client.call(STOP)
    assert told == [
        (OWN_SECRET, 0),
        ("secret-of-STS.0", 1),
        ("token-of-STS.0", 1),
        ("secret-of-STS.1", 4),
        ("token-of-STS.1", 4),
    ]


def test_a_mask_that_fails_loses_no_call(
    serve: Any, client_of: Any, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(secret: str) -> None:
        raise RuntimeError(secret)

    assert client_of(serve(issuer), on_secret=fail).call(STOP).success
    assert "RuntimeError" in caplog.text
    assert "secret-of" not in caplog.text
    assert OWN_SECRET not in caplog.text


def test_an_echo_shows_no_temporary_secret(serve: Any, client_of: Any, issuer: Issuer) -> None:
    def echo(handler: Any, seen: Any) -> None:
        if seen.form["Action"] == "AssumeRole":
            issuer(handler, seen)
            return
        body = json.dumps(
            {"Code": "Echo", "Message": f"secret-of-STS.0 {seen.form['SecurityToken']}"}
        ).encode()
        handler.send_response(400)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with pytest.raises(CallError, match=r"Echo: \*\*\* \*\*\*"):
        client_of(serve(echo)).call(STOP)


def test_a_forked_child_asks_for_a_key_of_its_own(serve: Any, client_of: Any, issuer: Issuer) -> None:
    """A lock that another thread held in the parent would never be released in the child."""
    client = client_of(serve(issuer))
    client.call(READ)
    client._source._lock.acquire()
    child = os.fork()
    if not child:
        try:
            client.call(STOP)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    client._source._lock.release()
    assert len(issuer.asked) == 2
    assert issuer.served == ["DescribeDtsJobDetail", "StopDtsJob"]
    client.close()


def test_a_reply_that_is_lost_is_still_a_lost_reply(
    serve: Any, client_of: Any, issuer: Issuer, lost: Any
) -> None:
    def answer(handler: Any, seen: Any) -> None:
        (issuer if seen.form["Action"] == "AssumeRole" else lost)(handler, seen)

    with pytest.raises(NoReply) as caught:
        client_of(serve(answer)).call(STOP)
    assert caught.value.__notes__


def test_a_broken_reply_to_a_call_is_quoted(serve: Any, client_of: Any, issuer: Issuer, say: Any) -> None:
    def answer(handler: Any, seen: Any) -> None:
        (issuer if seen.form["Action"] == "AssumeRole" else say(b"<title>Log in</title>"))(handler, seen)

    with pytest.raises(BadReply, match="Log in"):
        client_of(serve(answer)).call(STOP)
