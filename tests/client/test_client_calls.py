"""What goes out and what comes back, over a real socket."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from airflow_dts import __version__
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.instances import CreateDtsInstance
from airflow_dts.api.jobs import ModifyDtsJobName, StopDtsJob
from airflow_dts.api.prechecks import DescribePreCheckStatus
from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
from airflow_dts.client.client import CallRecord, DtsClient
from airflow_dts.client.credentials import EnvironmentKey
from airflow_dts.errors import (
    ApiError,
    AuthError,
    BadReply,
    BadRequest,
    ConfigError,
    JobNotFound,
    PaymentRequired,
    ServiceFault,
    Throttled,
    WrongState,
)
from tests.client.issuing import signature_by_the_vendor

DETAIL = DescribeDtsJobDetail(dts_job_id="job1")
STOP = StopDtsJob(dts_job_id="job1")
CATALOG = json.loads((Path(__file__).parents[1] / "catalog" / "current.json").read_text())


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, *, sleep: Callable[[float], None] = lambda _: None, **changes: Any) -> DtsClient:
        options = {name: changes.pop(name) for name in ("on_call", "clock") if name in changes}
        return DtsClient(settings(endpoint=stub.url, **{"attempts": 1, **changes}), sleep=sleep, **options)

    return make


def test_a_call_is_one_signed_form(serve: Any, client_of: Any) -> None:
    stub = serve()
    noon = datetime(2024, 5, 1, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    reply = client_of(stub, clock=lambda: noon, security_token="token-0123").call(STOP)
    (seen,) = stub.seen
    assert (seen.method, seen.path) == ("POST", "/")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    form = dict(seen.form)
    assert len(form.pop("SignatureNonce")) == 32
    assert form.pop("Signature") == signature_by_the_vendor(seen.form, "testsecret-0123")
    assert form == {
        "Action": "StopDtsJob",
        "Version": "2020-01-01",
        "DtsJobId": "job1",
        "Format": "JSON",
        "RegionId": "cn-hangzhou",
        "AccessKeyId": "testid",
        "SecurityToken": "token-0123",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "Timestamp": "2024-05-01T12:00:00Z",
    }
    assert (reply.request_id, reply.success) == ("R-1", True)


def test_the_region_of_the_action_goes_first(serve: Any, client_of: Any) -> None:
    stub = serve()
    client_of(stub).call(StopDtsJob(dts_job_id="job1", region_id="cn-beijing"))
    assert stub.seen[0].form["RegionId"] == "cn-beijing"


def test_headers_say_who_calls_and_where(serve: Any, client_of: Any) -> None:
    stub = serve()
    client_of(stub, organization_id="o-1", resource_group_id="rg-1", instance_id="i-1").call(STOP)
    client_of(stub).call(STOP)
    full, bare = ({n: v for n, v in seen.headers.items() if n.startswith("x-acs")} for seen in stub.seen)
    always = {"x-acs-regionid": "cn-hangzhou", "x-acs-caller-sdk-source": f"airflow-dts/{__version__}"}
    assert bare == always
    assert full == always | {
        "x-acs-organizationid": "o-1",
        "x-acs-resourcegroupid": "rg-1",
        "x-acs-instanceid": "i-1",
    }
    assert stub.seen[0].headers["user-agent"] == f"airflow-dts/{__version__}"
    assert "cookie" not in stub.seen[1].headers


def test_the_vendor_signs_any_text_alike(serve: Any, client_of: Any) -> None:
    stub = serve()
    client = client_of(stub)
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)

    @given(text)
    @hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    def check(name: str) -> None:
        client.call(ModifyDtsJobName(dts_job_id="job1", dts_job_name=name))
        form = stub.seen[-1].form
        assert form["DtsJobName"] == name
        assert form["Signature"] == signature_by_the_vendor(form, "testsecret-0123")

    check()


def test_half_a_character_is_refused_before_the_call(serve: Any, client_of: Any) -> None:
    stub = serve()
    action = StopDtsJob.model_construct(dts_job_id="job\ud800")
    with pytest.raises(ConfigError, match="DtsJobId"):
        client_of(stub).call(action)
    assert stub.seen == []


def test_one_connection_serves_many_calls(serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say(headers={"Set-Cookie": "a=b"}))
    with client_of(stub) as client:
        for _ in range(5):
            client.call(STOP)
    assert len({seen.peer for seen in stub.seen}) == 1
    assert "cookie" not in stub.seen[-1].headers
    client.call(STOP)
    assert len({seen.peer for seen in stub.seen}) == 2


@pytest.mark.parametrize(
    "row", [row for row in CATALOG["actions"] if row["sample_response_json"]], ids=lambda row: row["action"]
)
def test_every_sample_reply_arrives_typed(row: Any, serve: Any, client_of: Any, say: Any) -> None:
    action = ACTIONS[row["action"]]
    stub = serve(say(row["sample_response_json"]))
    reply = client_of(stub).call(action.model_construct())
    assert type(reply) is action.reply
    assert reply.request_id


def test_a_compressed_reply_is_read(serve: Any, client_of: Any, say: Any) -> None:
    body = json.dumps({"RequestId": "R", "Success": True, "Status": "Synchronizing"}).encode()
    stub = serve(say(gzip.compress(body), headers={"Content-Encoding": "gzip"}))
    assert client_of(stub).call(DETAIL).status == "Synchronizing"
    assert "gzip" in stub.seen[0].headers["accept-encoding"]


FAILED = {"RequestId": "R-9", "Success": False, "HttpStatusCode": 400}


@pytest.mark.parametrize(
    ("kind", "status", "body", "code", "message"),
    [
        (
            JobNotFound,
            200,
            {**FAILED, "ErrCode": "InvalidJobId", "ErrMessage": "gone"},
            "InvalidJobId",
            "gone",
        ),
        (
            JobNotFound,
            200,
            {
                **FAILED,
                "Success": "false",
                "ErrCode": "InvalidJobId",
                "ErrMessage": "The specified dts job id %s is not exists.",
                "DynamicMessage": "job1",
            },
            "InvalidJobId",
            "The specified dts job id job1 is not exists.",
        ),
        (ApiError, 200, {**FAILED}, "Failed", "no reason given"),
        (ApiError, 200, {**FAILED, "Success": 0}, "Failed", "no reason given"),
        (ServiceFault, 200, {**FAILED, "HttpStatusCode": 500, "ErrCode": "New"}, "New", "no reason given"),
        (
            WrongState,
            200,
            {"success": False, "errCode": "OperationDenied", "errMessage": "m", "requestId": "R-9"},
            "OperationDenied",
            "m",
        ),
        (
            Throttled,
            200,
            {"RequestId": "R-9", "Code": "Throttling.User", "Message": "slow down"},
            "Throttling.User",
            "slow down",
        ),
        (
            AuthError,
            404,
            {
                "RequestId": "R-9",
                "HostId": "h",
                "Code": "InvalidAccessKeyId.NotFound",
                "Message": "not found",
            },
            "InvalidAccessKeyId.NotFound",
            "not found",
        ),
        (
            BadRequest,
            400,
            b'<?xml version="1.0"?><Error><RequestId>R-9</RequestId><HostId>h</HostId>'
            b"<Code>InvalidParameter.X</Code><Message>a &lt; b</Message></Error>",
            "InvalidParameter.X",
            "a < b",
        ),
        (
            PaymentRequired,
            200,
            b"<X><RequestId>R-9</RequestId><Success>false</Success><ErrCode>LXBuyError</ErrCode>"
            b"<ErrMessage>Buy instance error.ARREARAGE</ErrMessage></X>",
            "LXBuyError",
            "Buy instance error.ARREARAGE",
        ),
        (
            ServiceFault,
            502,
            b"<html><head><title>502 Bad&nbsp;Gateway</title>",
            "HTTP 502",
            "502 Bad Gateway",
        ),
        (ServiceFault, 503, b"", "HTTP 503", "no reason given"),
        (AuthError, 403, b"<b>Blocked</b> by policy", "HTTP 403", "Blocked by policy"),
        (ApiError, 404, b"<title>Not Found</title>", "HTTP 404", "Not Found"),
        (ApiError, 407, b"[1]", "HTTP 407", "[1]"),
        (Throttled, 429, b"\xff\xfe", "HTTP 429", "\ufffd\ufffd"),
    ],
)
def test_every_shape_of_error_is_understood(
    kind: type[ApiError],
    status: int,
    body: Any,
    code: str,
    message: str,
    serve: Any,
    client_of: Any,
    say: Any,
) -> None:
    stub = serve(say(body, status))
    with pytest.raises(ApiError) as caught:
        client_of(stub).call(STOP)
    error = caught.value
    assert type(error) is kind
    assert (error.action, error.code, " ".join(error.message.split())) == ("StopDtsJob", code, message)
    assert error.request_id == ("R-9" if b"R-9" in json.dumps(str(body)).encode() else "")
    assert error.http_status == (
        body.get("HttpStatusCode", status) if isinstance(body, dict) and status == 200 else status
    )


def test_a_code_in_a_reply_that_succeeded_is_no_error(serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say({"RequestId": "R", "Success": True, "Code": "01", "ErrCode": "InternalError"}))
    assert client_of(stub).call(DescribePreCheckStatus.model_construct(dts_job_id="j")).success


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><title>Please log in</title></html>",
        b'{"RequestId": "R", "Success": tr',
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"error": "denied by proxy"}',
        b'{"RequestId": "R", "Success": "perhaps"}',
        b"\x00\x01\x02",
        b"[" * 100_000,
        b'{"RequestId": "R", "Success": true, "DtsJobList": 7}',
    ],
)
def test_what_is_no_reply_is_no_success(body: bytes, serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say(body))
    with pytest.raises(BadReply) as caught:
        client_of(stub).call(DescribeDtsJobs(region="cn-hangzhou"))
    assert caught.value.action == "DescribeDtsJobs"
    assert caught.value.http_status == 200
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_a_login_page_is_named_by_its_title(serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say(b"<html><title>Please log in</title></html>"))
    with pytest.raises(BadReply, match="Please log in"):
        client_of(stub).call(DETAIL)


def test_the_counter_is_told_of_every_sending(serve: Any, client_of: Any, say: Any) -> None:
    records: list[CallRecord] = []
    stub = serve(
        say({"Code": "Throttling", "Message": "m"}, 400), say(), say({"Code": "X", "Message": "m"}, 400)
    )
    client = client_of(stub, attempts=3, on_call=records.append)
    client.call(STOP)
    with pytest.raises(ApiError):
        client.call(DETAIL)
    assert [(r.action, r.attempt, r.outcome) for r in records] == [
        ("StopDtsJob", 1, "Throttling"),
        ("StopDtsJob", 2, "OK"),
        ("DescribeDtsJobDetail", 1, "X"),
    ]
    assert all(0 <= r.seconds < 5 for r in records)


def test_a_counter_that_fails_does_not_lose_a_purchase(
    serve: Any, client_of: Any, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: CallRecord) -> None:
        raise RuntimeError("no metrics today")

    stub = serve(say({"RequestId": "R", "Success": True, "InstanceId": "dts1", "JobId": "j"}))
    reply = client_of(stub, on_call=fail).call(CreateDtsInstance.model_construct())
    assert reply.instance_id == "dts1"
    assert "the counter of calls failed" in caplog.text


def test_times_are_in_utc_whatever_the_clock(serve: Any, client_of: Any) -> None:
    stub = serve()
    client_of(stub).call(STOP)
    said = datetime.strptime(stub.seen[0].form["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - said) < timedelta(seconds=30)


VARIABLES = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")


def test_the_key_of_the_environment(serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stub, told = serve(), list[str]()
    for name in VARIABLES:
        monkeypatch.setenv(f"ALIBABA_CLOUD_{name}", f"{name.lower()}-0123")
    given = settings(endpoint=stub.url, access_key_id="", access_key_secret="", sign_in=EnvironmentKey())
    with DtsClient(given, on_secret=told.append) as client:
        client.call(STOP)
    form = stub.seen[0].form
    assert (form["AccessKeyId"], form["SecurityToken"]) == ("access_key_id-0123", "security_token-0123")
    assert form["Signature"] == signature_by_the_vendor(form, "access_key_secret-0123")
    assert told == ["access_key_secret-0123", "security_token-0123"]
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    with pytest.raises(ConfigError, match="ALIBABA_CLOUD_ACCESS_KEY_SECRET is not in the environment"):
        DtsClient(given)
