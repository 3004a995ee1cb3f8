"""Every way to be turned away at the door, by both methods, in both places, in both formats."""

from __future__ import annotations

import itertools
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import state
from airflow_dts.emulator.app import LARGEST_BODY, LARGEST_QUERY
from airflow_dts.emulator.gate import SKEW
from airflow_dts.emulator.handlers import HANDLERS
from airflow_dts.emulator.options import Account

LISTING = {"Region": "cn-hangzhou"}
WAYS = [("GET", "query"), ("POST", "query"), ("POST", "body")]


@pytest.mark.parametrize(("method", "where"), WAYS)
@pytest.mark.parametrize("form", ["JSON", "XML", "json", None])
def test_a_signed_call_is_answered(caller: Any, kit: Any, method: str, where: str, form: str | None) -> None:
    answer = caller.send(kit.signed("DescribeDtsJobs", LISTING, method=method, Format=form), method, where)
    assert (answer.status, answer.code) == (200, "OK")
    assert answer.text.startswith("{" if form and form.lower() == "json" else "<?xml")


def test_a_call_may_be_split_between_query_and_body(caller: Any, kit: Any) -> None:
    every = kit.signed("DescribeDtsJobs", LISTING)
    query = urllib.parse.urlencode({name: every.pop(name) for name in list(every)[::2]})
    body = urllib.parse.urlencode(every).encode()
    answer = caller.raw(urllib.request.Request(f"{caller.url}/?{query}", body, method="POST"))
    assert answer.code == "OK"


NEEDED = [
    "Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
    "Signature",
]  # fmt: skip
REFUSALS = [
    *(({name: None}, 400, "MissingParameter", name) for name in NEEDED),
    ({"Format": "YAML"}, 400, "InvalidParameter", "Format"),
    ({"Action": "MakeCoffee"}, 404, "InvalidAction.NotFound", ""),
    ({"Version": "2018-08-01"}, 400, "InvalidVersion", "2020-01-01"),
    ({"AccessKeyId": "LTAIsomebody"}, 404, "InvalidAccessKeyId.NotFound", ""),
    ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format", ""),
    ({"Timestamp": "2024-02-31T00:00:00Z"}, 400, "InvalidTimeStamp.Format", ""),
    ({"Timestamp": "2024-02-01T00:00:00+00:00"}, 400, "InvalidTimeStamp.Format", ""),
    ({"Timestamp": "2020-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired", ""),
    ({"Timestamp": "2999-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired", ""),
    ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod", ""),
    ({"SignatureVersion": "2.0"}, 400, "InvalidSignatureVersion", ""),
    ({"Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, 400, "SignatureDoesNotMatch", ""),
    ({"Signature": "höchst ungültig"}, 400, "SignatureDoesNotMatch", ""),
    ({"SignatureNonce": "n" * 300}, 400, "InvalidParameter", "SignatureNonce"),
]


@pytest.mark.parametrize(("changed", "status", "code", "named"), REFUSALS)
def test_a_wrong_call_is_refused(
    bench: Any, kit: Any, changed: dict[str, str | None], status: int, code: str, named: str
) -> None:
    for form in ("JSON", "XML"):
        every = kit.signed("DescribeDtsJobs", LISTING, **{"Format": form, **changed})
        for name, value in changed.items():
            if value is None:
                every.pop(name, None)
        answer = bench.send(every)
        assert (answer.status, answer.code) == (status, code)
        assert named in answer.body["Message"]
        assert answer.body["HostId"] == "dts.test"
        assert len(answer.body["RequestId"]) == 36
        assert answer.body.get("(root)", "Error") == "Error"


def test_missing_is_said_before_anything_else_is_looked_at(bench: Any, kit: Any) -> None:
    every = kit.signed("MakeCoffee", {}, Version="1999-01-01", AccessKeyId="nobody", Timestamp=None)
    assert bench.send(every).code == "MissingParameter"


def test_a_call_signed_for_the_other_method_is_refused(bench: Any, kit: Any) -> None:
    assert (
        bench.send(kit.signed("DescribeDtsJobs", LISTING, method="GET"), "POST").code
        == "SignatureDoesNotMatch"
    )


def test_a_parameter_changed_on_the_way_is_noticed(bench: Any, kit: Any) -> None:
    every = kit.signed("StopDtsJob", {"DtsJobId": "mine"})
    assert bench.send({**every, "DtsJobId": "yours"}).code == "SignatureDoesNotMatch"
    assert bench.send({**every, "DtsInstanceId": "more"}).code == "SignatureDoesNotMatch"


def test_a_wrong_signature_does_not_quote_what_was_signed(bench: Any, kit: Any) -> None:
    every = kit.signed("ConfigureDtsJob", kit.configuration("j"), Signature="wrong")
    answer = bench.send(every)
    assert answer.code == "SignatureDoesNotMatch"
    assert "Password" not in answer.text


@pytest.mark.parametrize(("off", "code"), [(-SKEW, "OK"), (SKEW, "OK"), (-SKEW - 1, None), (SKEW + 1, None)])
def test_the_clock_may_be_a_quarter_of_an_hour_off(
    make_bench: Any, kit: Any, off: int, code: str | None
) -> None:
    bench = make_bench(start=1_800_000_000)
    every = kit.signed("DescribeDtsJobs", LISTING, at=bench.clock.now() + off)
    assert bench.send(every).code == (code or "InvalidTimeStamp.Expired")


def test_a_replay_is_refused_for_as_long_as_its_timestamp_would_pass(make_bench: Any, kit: Any) -> None:
    bench = make_bench(start=1_800_000_000)
    every = kit.signed("DescribeDtsJobs", LISTING, at=bench.clock.now() + SKEW)
    codes = []
    for _ in range(32):
        codes.append(bench.send(every).code)
        bench.clock.advance(60)
        bench.supervisor.tick()
    seen = [code for code, _ in itertools.groupby(codes)]
    assert seen == ["OK", "SignatureNonceUsed", "InvalidTimeStamp.Expired"]


def test_a_refused_signature_does_not_burn_the_nonce(bench: Any, kit: Any) -> None:
    every = kit.signed("DescribeDtsJobs", LISTING)
    assert bench.send({**every, "Signature": "wrong"}).code == "SignatureDoesNotMatch"
    assert bench.send(every).code == "OK"


def test_a_nonce_is_not_forgotten_by_a_new_process(bench: Any, kit: Any) -> None:
    assert bench.store.claim_nonce("key", "n", bench.clock.now() + 1)
    bench.store.close()
    bench.store = state.Store(bench.directory)
    assert not bench.store.claim_nonce("key", "n", bench.clock.now() + 1)
    assert bench.store.claim_nonce("another key", "n", bench.clock.now() + 1)


def test_nonces_are_bounded(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "NONCES_KEPT", 2)
    assert [bench.call("DescribeDtsJobs", **LISTING).code for _ in range(3)] == [
        "OK",
        "OK",
        "Throttling.User",
    ]
    bench.clock.advance(2 * SKEW + 1)
    bench.supervisor.tick()
    assert bench.call("DescribeDtsJobs", **LISTING).code == "OK"


def test_the_ledger_keeps_no_more_of_a_name_than_it_needs(bench: Any) -> None:
    ids = ",".join(["job"] * 100_000)
    bench.call("StopDtsJobs", DtsJobIds=ids, RegionId="r" * 100_000)
    (line,) = bench.store.events("call")
    assert ids.startswith(line.job)
    assert (len(line.job), len(line.region)) == (1000, 1000)


def test_a_temporary_key_needs_its_token(make_bench: Any, kit: Any) -> None:
    account = Account("STS.key", "secret", "the token")
    bench = make_bench(account=account)

    def code(**changed: str) -> str:
        every = kit.signed("DescribeDtsJobs", LISTING, account=account, **changed)
        return str(bench.send(every).code)

    assert code() == "MissingSecurityToken"
    assert code(SecurityToken="another") == "InvalidSecurityToken.MismatchWithAccessKey"
    assert code(SecurityToken="the token") == "OK"


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_wrong_parameters_are_named_and_not_quoted(bench: Any, kit: Any, form: str) -> None:
    def answer(action: str, **parameters: str) -> Any:
        return bench.send(kit.signed(action, parameters, form=form))

    missing = answer("DescribeDtsJobs")
    assert (missing.status, missing.code) == (400, "MissingParameter")
    assert "Region " in missing.body["Message"]
    unknown = answer("DescribeDtsJobs", Region="r", Colour="blue")
    assert (unknown.status, unknown.code) == (400, "InvalidParameter")
    assert "Colour" in unknown.body["Message"]
    wrong = answer(
        "ConfigureDtsJob", **kit.configuration("j", SourceEndpointPort="hunter2", JobType="hunter2")
    )
    assert wrong.code == "InvalidParameter"
    assert "SourceEndpointPort" in wrong.body["Message"]
    assert "hunter2" not in wrong.text
    assert "Password-" not in wrong.text


def test_a_name_given_twice_is_refused(caller: Any, kit: Any) -> None:
    every = kit.signed("DescribeDtsJobs", LISTING)
    body = urllib.parse.urlencode(every).encode()
    answer = caller.raw(urllib.request.Request(f"{caller.url}/?Region=elsewhere", body, method="POST"))
    assert answer.code == "InvalidParameter"
    assert "Region" in answer.body["Message"]


@pytest.mark.parametrize("body", [b"Action=%ff%fe", b"&".join(b"p%d=1" % n for n in range(600))])
def test_what_is_no_form_is_refused(caller: Any, body: bytes) -> None:
    assert caller.raw(urllib.request.Request(caller.url, body, method="POST")).code == "InvalidParameter"


def test_requests_are_bounded(caller: Any) -> None:
    answer = caller.raw(urllib.request.Request(f"{caller.url}/?x={'x' * LARGEST_QUERY}"))
    assert (answer.status, answer.code) == (414, "RequestTooLarge")
    answer = caller.raw(urllib.request.Request(caller.url, b"x=" + b"x" * LARGEST_BODY, method="POST"))
    assert (answer.status, answer.code) == (413, "RequestTooLarge")


def test_a_megabyte_of_objects_passes(caller: Any, kit: Any) -> None:
    job_id = caller.call("CreateDtsInstance", **kit.purchase()).body["JobId"]
    objects = {f"数据库{n:05}": {"name": f"数据库{n:05}", "all": True} for n in range(15_000)}
    assert caller.call("ConfigureDtsJob", **kit.configuration(job_id, objects=objects)).code == "OK"


def test_an_action_that_nothing_serves_says_so(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(HANDLERS, "DescribeDtsJobs")
    answer = bench.call("DescribeDtsJobs", **LISTING)
    assert (answer.status, answer.code) == (400, "UnsupportedOperation")


def test_a_key_that_is_not_temporary_has_no_token(bench: Any, kit: Any) -> None:
    every = kit.signed("DescribeDtsJobs", LISTING, SecurityToken="left over")
    assert bench.send(every).code == "InvalidSecurityToken.MismatchWithAccessKey"
    assert bench.send(kit.signed("DescribeDtsJobs", LISTING, SecurityToken="")).code == "OK"


@pytest.mark.parametrize(
    "name", ["OwnerAccount", "OwnerId", "ResourceGroupId", "ResourceOwnerAccount", "ResourceOwnerId"]
)
def test_what_only_the_sdks_send_is_accepted(bench: Any, name: str) -> None:
    assert bench.call("DescribeDtsJobs", **LISTING, **{name: "1"}).code == "OK"


def test_the_sdks_filter_by_job_is_understood_or_refused(bench: Any, kit: Any) -> None:
    jobs = [bench.call("CreateDtsInstance", **kit.purchase("SYNC")).body["JobId"] for _ in range(3)]
    found = bench.call("DescribeDtsJobs", **LISTING, JobType="SYNC", DtsJobId=jobs[1])
    assert [row["DtsJobId"] for row in found.body["DtsJobList"]] == [jobs[1]]
    refused = bench.call("DescribeDtsJobs", **LISTING, JobType="SYNC", DtsJobId=",".join(jobs[:2]))
    assert (refused.code, "DtsJobId" in refused.body["Message"]) == ("InvalidParameter", True)


def versions() -> list[tuple[str, str]]:
    path = Path(__file__).parents[1] / "catalog" / "legacy.json"
    return [
        (action["action"], version)
        for action in json.loads(path.read_text())["actions"]
        for version in action["sdk_check"]["sdk_versions"]
    ]


def test_every_version_that_an_sdk_says_is_understood(bench: Any, kit: Any) -> None:
    codes = {
        (action, version): bench.send(kit.signed(action, {}, Version=version)).code
        for action, version in versions()
    }
    assert len(codes) > 100
    assert [call for call, code in codes.items() if code == "InvalidVersion"] == []


@pytest.mark.parametrize(
    ("action", "version"),
    [
        ("ConfigureDtsJob", "2018-08-01"),
        ("TagResources", "2018-08-01"),
        ("DescribeDTSIP", "2016-08-01"),
        ("StartMigrationJob", "2015-04-01"),
        ("AssumeRole", "2020-01-01"),
    ],
)
def test_other_versions_are_refused(bench: Any, kit: Any, action: str, version: str) -> None:
    assert bench.send(kit.signed(action, {}, Version=version)).code == "InvalidVersion"
