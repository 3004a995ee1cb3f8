"""Replies and errors in XML: what they say, and what is none of the service's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
from airflow_dts.api.xml import to_xml
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import ApiError, AuthError, BadReply, JobNotFound, PaymentRequired, Throttled
from tests.catalog.reading import ENTRIES

STOP = StopDtsJob(dts_job_id="job1")
READ = DescribeDtsJobDetail(dts_job_id="job1")
LIST = DescribeDtsJobs(region="cn-hangzhou")


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, **changes: Any) -> DtsClient:
        given = settings(**{"endpoint": stub.url, "attempts": 1, **changes})
        return DtsClient(given, sleep=lambda _: None)

    return make


SAMPLES = [entry for entry in ENTRIES.values() if entry["sample_response_json"]]


@pytest.mark.parametrize("entry", SAMPLES, ids=lambda entry: entry["action"])
def test_every_sample_arrives_as_well_in_xml(entry: Any, serve: Any, client_of: Any, say: Any) -> None:
    action = ACTIONS[entry["action"]]
    wanted = action.parse_reply(entry["sample_response_json"])
    stub = serve(say(to_xml(wanted, f"{entry['action']}Response").encode()))
    reply = client_of(stub, format="XML").call(action.model_construct())
    assert reply == wanted
    assert stub.seen[0].form["Format"] == "XML"
    assert stub.seen[0].headers["accept"] == "application/xml"


@pytest.mark.parametrize("asked", ["JSON", "XML"])
@pytest.mark.parametrize("lead", ["", "\ufeff", '<?xml version="1.0" encoding="UTF-8"?>\n', "  \n"])
def test_a_reply_is_read_as_what_it_is(asked: str, lead: str, serve: Any, client_of: Any, say: Any) -> None:
    body = f"{lead}<X><requestId>R</requestId><Success>true</Success><Status>Migrating</Status></X>"
    if not lead.strip("\ufeff") or lead.startswith("<"):
        assert client_of(serve(say(body.encode())), format=asked).call(READ).status == "Migrating"
    said = {"RequestId": "R", "Success": True, "Status": "Migrating"}
    assert client_of(serve(say(said)), format=asked).call(READ).status == "Migrating"


ID = "<RequestId>R-9</RequestId>"


@pytest.mark.parametrize(
    ("kind", "status", "body", "code", "message"),
    [
        (
            Throttled,
            400,
            f"<Error>{ID}<HostId>h</HostId><Code>Throttling.User</Code><Message>a &lt; b</Message></Error>",
            "Throttling.User",
            "a < b",
        ),
        (
            AuthError,
            200,
            f"<Error>{ID}<Code>Forbidden.RAM</Code><Message>m</Message></Error>",
            "Forbidden.RAM",
            "m",
        ),
        (
            JobNotFound,
            200,
            f"<R>{ID}<Success>false</Success><ErrCode>InvalidJobId</ErrCode><ErrMessage>job %s</ErrMessage>"
            "<DynamicMessage>j1</DynamicMessage></R>",
            "InvalidJobId",
            "job j1",
        ),
        (
            PaymentRequired,
            400,
            f'<!DOCTYPE x [<!ENTITY a "b">]><Error>{ID}<Code>LXBuyError</Code><Message>&a;</Message>',
            "LXBuyError",
            "&a;",
        ),
        (Throttled, 503, f"<Error>{ID}<Code>Throttling</Code><Message>m</Message>", "Throttling", "m"),
    ],
)
def test_errors_in_xml(
    kind: type[ApiError],
    status: int,
    body: str,
    code: str,
    message: str,
    serve: Any,
    client_of: Any,
    say: Any,
) -> None:
    with pytest.raises(ApiError) as caught:
        client_of(serve(say(body.encode(), status)), format="XML").call(STOP)
    error = caught.value
    assert (type(error), error.code, error.message, error.request_id) == (kind, code, message, "R-9")


def test_a_code_deep_inside_a_reply_is_no_error(serve: Any, client_of: Any, say: Any) -> None:
    body = (
        b"<R><RequestId>R</RequestId><Item><Code>InternalError</Code><Message>of a table</Message></Item></R>"
    )
    assert client_of(serve(say(body)), format="XML").call(READ).request_id == "R"


@pytest.mark.parametrize(
    "body",
    [
        b"<",
        b"<a><b></a>",
        b"<a/>trailing",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a><RequestId>&b;</RequestId></a>',
        b'<?xml version="1.0" encoding="no-such"?><a><RequestId>R</RequestId></a>',
        b'<?xml version="1.0" encoding="gb2312"?><a><RequestId>R</RequestId></a>',
        b"<a>" * 100_000,
        b"<R><RequestId>R</RequestId>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</R>",
        b"<a><RequestId>\xff</RequestId></a>",
        b"<a/>",
        b"<a>R</a>",
        b"<a><Success>perhaps</Success></a>",
        b"<html><head><title>Please log in</title></head></html>",
    ],
    ids=range(13),
)
def test_what_is_no_xml_of_the_service_is_a_bad_reply(
    body: bytes, serve: Any, client_of: Any, say: Any
) -> None:
    with pytest.raises(BadReply) as caught:
        client_of(serve(say(body)), format="XML").call(LIST)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_any_bytes_are_a_reply_or_an_error(serve: Any, client_of: Any, say: Any) -> None:
    stub = serve(say())
    client = client_of(stub)
    pieces = st.sampled_from(
        ["<a>", "</a>", "<RequestId>R</RequestId>", "&b;", "{", '"Success": 1', "}", "]]>", "<!--"]
    )

    @given(st.one_of(st.binary(max_size=60), st.lists(pieces, max_size=8).map("".join).map(str.encode)))
    @hypothesis_settings(max_examples=150, suppress_health_check=list(HealthCheck))
    def check(body: bytes) -> None:
        stub.answers[:] = [say(body)]
        try:
            reply = client.call(READ)
        except (BadReply, ApiError):
            return
        assert reply.request_id or "success" in reply.model_fields_set

    check()
