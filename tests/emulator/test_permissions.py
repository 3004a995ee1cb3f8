"""What a key may call, and that a call beyond it does nothing but leave a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts.api.jobs import StartDtsJob
from airflow_dts.api.readings import DescribeDtsJobs
from airflow_dts.api.sts import AssumeRole
from airflow_dts.emulator.options import Account, Role
from airflow_dts.emulator.permissions import check_pattern, covered, policy
from airflow_dts.emulator.server import EmulatorServer

LISTING = {"Region": "cn-hangzhou"}


@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        ("*", {DescribeDtsJobs, StartDtsJob, AssumeRole}),
        ("Describe*", {DescribeDtsJobs}),
        ("dts:*", {DescribeDtsJobs, StartDtsJob}),
        ("DTS:describe*", {DescribeDtsJobs}),
        ("sts:AssumeRole", {AssumeRole}),
        ("*:*", {DescribeDtsJobs, StartDtsJob, AssumeRole}),
        ("?ts:*", {DescribeDtsJobs, StartDtsJob, AssumeRole}),
        ("*DtsJob", {StartDtsJob}),
        ("StartDtsJobs", set()),
        ("ecs:*", set()),
    ],
)
def test_patterns(pattern: str, covers: set[Any]) -> None:
    assert {
        action for action in (DescribeDtsJobs, StartDtsJob, AssumeRole) if covered(action, [pattern])
    } == covers


@pytest.mark.parametrize("pattern", ["", "Describe[A-Z]*", "dts:", "a b", "dts:a:b", "Describe*\n"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"Describe\*"):
        check_pattern(pattern)


def statement(effect: Any = "Allow", action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Any, version: Any = "1") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def test_a_denial_wins_and_what_is_not_allowed_is_denied() -> None:
    mixed = policy(document(statement(action=["dts:*"]), statement("Deny", ["dts:Start*", "dts:Stop*"])))
    assert mixed.permits(DescribeDtsJobs)
    assert not mixed.permits(StartDtsJob)
    assert not mixed.permits(AssumeRole)
    assert not policy(document(statement("Deny", "dts:Stop*"))).permits(DescribeDtsJobs)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "Version and Statement"),
        (json.dumps({"Version": "1", "Statement": [statement()], "Id": 1}), "nothing else"),
        (document(statement(), version="2012-10-17"), 'Version has to be "1"'),
        (document(), "list of statements"),
        (document("x"), "Effect, Action and Resource"),
        (document(statement(Condition={})), "Condition"),
        (document({"Effect": "Allow", "NotAction": "*", "Resource": "*"}), "NotAction"),
        (document(statement("allow")), "Allow or Deny"),
        (document(statement([])), "Allow or Deny"),
        (document(statement(action=[])), "Action has to be"),
        (document(statement(action=[1])), "Action has to be"),
        (document(statement(action="dts:[a]")), "patterns"),
        (document(statement(resource="acs:dts:*:*:instance/a")), 'only Resource "\\*"'),
    ],
)
def test_a_policy_that_is_not_understood_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        policy(text)


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_a_call_beyond_the_account_is_refused_and_recorded(make_bench: Any, kit: Any, form: str) -> None:
    bench = make_bench(account=Account("LTAIreader", "secret", allowed=("Describe*",)))
    assert bench.call("DescribeDtsJobs", **LISTING).code == "OK"
    every = kit.signed("CreateDtsInstance", kit.purchase(), account=bench.account, form=form)
    said = bench.send(every)
    assert (said.status, said.code) == (403, "Forbidden.RAM")
    assert (bench.store.every_job(), bench.store.events("purchase")) == ([], [])
    assert [(event.action, event.code) for event in bench.store.events("call")] == [
        ("DescribeDtsJobs", "OK"),
        ("CreateDtsInstance", "Forbidden.RAM"),
    ]
    assert bench.send(every).code == "SignatureNonceUsed"


def test_assuming_a_role_is_an_action_too(make_bench: Any, kit: Any) -> None:
    bench = make_bench(account=Account("LTAIreader", "secret", allowed=("dts:*",)))
    given = {"RoleArn": "acs:ram::1:role/etl", "RoleSessionName": "run"}
    said = bench.send(kit.signed("AssumeRole", given, account=bench.account, Version="2015-04-01"))
    assert (said.status, said.body["Code"]) == (403, "NoPermission")


@pytest.mark.parametrize(
    "given",
    [
        {"accounts": [Account("k", "s", allowed=("[a]",))]},
        {"accounts": [Account("k", "s")], "roles": (Role("etl"),)},
        {"accounts": [Account("k", "s")], "roles": (Role("acs:ram::1:role/a", ("a b",)),)},
    ],
)
def test_what_makes_no_sense_is_refused_before_the_state_is_opened(tmp_path: Any, given: Any) -> None:
    from airflow_dts.emulator.options import Options

    options = Options(roles=given.pop("roles", ()))
    with pytest.raises(ValueError, match="give"):
        EmulatorServer(tmp_path / "s", options=options, **given)
    assert not (tmp_path / "s").exists()
