"""Temporary keys: given by AssumeRole, good for as long as they live."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest

from airflow_dts.api.sts import AssumeRole
from airflow_dts.emulator import state
from airflow_dts.emulator.accounts import Accounts
from airflow_dts.emulator.gate import Gate
from airflow_dts.emulator.options import Account, Role
from airflow_dts.emulator.state import Store

ARN = "acs:ram::1234567890123456:role/etl"
READER = "acs:ram::1234567890123456:role/reader"
WHO = {"RoleArn": ARN, "RoleSessionName": "nightly-run"}
LISTING = {"Region": "cn-hangzhou"}
START = 1_800_000_000.75


def assume(bench: Any, kit: Any, *, account: Account | None = None, form: str = "JSON", **given: str) -> Any:
    account = account or kit.account
    token = {"SecurityToken": account.security_token} if account.security_token else {}
    return bench.send(
        kit.signed(
            "AssumeRole", {**WHO, **given, **token}, account=account, form=form, Version="2015-04-01",
            at=bench.clock.now(),
        )
    )  # fmt: skip


def temporary(bench: Any, kit: Any, **given: str) -> Account:
    said = assume(bench, kit, **given)
    assert said.status == 200, said.text
    key = said.body["Credentials"]
    return Account(key["AccessKeyId"], key["AccessKeySecret"], key["SecurityToken"])


def call(bench: Any, kit: Any, account: Account, action: str = "DescribeDtsJobs", **given: str) -> str:
    parameters = given or (LISTING if action == "DescribeDtsJobs" else {})
    token = {} if account.security_token is None else {"SecurityToken": account.security_token}
    return str(
        bench.send(
            kit.signed(action, {**parameters, **token}, account=account, at=bench.clock.now())
        ).code
    )  # fmt: skip


@pytest.fixture
def early(make_bench: Any) -> Any:
    return make_bench(start=START)


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_the_reply_reads_as_the_documented_one(early: Any, kit: Any, form: str) -> None:
    said = assume(early, kit, form=form)
    assert said.status == 200
    assert set(said.body) - {"(root)"} == {"RequestId", "Credentials", "AssumedRoleUser"}
    reply = AssumeRole.parse_reply(said.body) if form == "JSON" else AssumeRole.parse_xml(said.text)
    key, user = reply.credentials, reply.assumed_role_user
    assert key.access_key_id.startswith("STS.")
    assert key.expiration is not None
    assert key.expiration.timestamp() == START + 3600 + 0.25
    assert user.arn == f"{ARN}/nightly-run"
    assert user.assumed_role_id.endswith(":nightly-run")
    assert key.access_key_secret.get_secret_value() in said.text
    again = AssumeRole.parse_reply(assume(early, kit).body)
    assert again.credentials.access_key_id != key.access_key_id
    assert again.assumed_role_user == user


def test_a_token_works_until_the_second_it_expires(early: Any, kit: Any) -> None:
    key = temporary(early, kit, DurationSeconds="900")
    assert call(early, kit, key) == "OK"
    early.clock.advance(900)
    assert call(early, kit, key) == "OK"  # it was given in the middle of a second
    early.clock.advance(0.25)
    assert call(early, kit, key) == "InvalidSecurityToken.Expired"
    early.clock.advance(3600)
    early.supervisor.tick()
    assert call(early, kit, key) == "InvalidSecurityToken.Expired"
    early.clock.advance(2 * 86_400)
    early.supervisor.tick()
    assert call(early, kit, key) == "InvalidAccessKeyId.NotFound"


def test_the_token_has_to_be_the_keys_own(early: Any, kit: Any) -> None:
    key, other = temporary(early, kit), temporary(early, kit)

    def code(token: str | None) -> str:
        return call(early, kit, Account(key.access_key_id, key.secret, token))

    assert code(None) == "MissingSecurityToken"
    assert code("CAIS") == code("a token") == "InvalidSecurityToken.Malformed"
    assert code(other.security_token) == "InvalidSecurityToken.MismatchWithAccessKey"
    assert (
        call(early, kit, Account(key.access_key_id, "wrong", key.security_token)) == "SignatureDoesNotMatch"
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RoleArn": "etl"}, "InvalidParameter.RoleArn"),
        ({"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "two words"}, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": "899"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "3601"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "soon"}, "InvalidParameter.DurationSeconds"),
        ({"Policy": "{"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": "{}"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": json.dumps({"Statement": "x" * 1100})}, "InvalidParameter.PolicySize"),
        ({"RoleArn": ""}, "InvalidParameter.RoleArn"),
        ({"Colour": "blue"}, "InvalidParameter.Colour"),
    ],
)
def test_a_wrong_request_is_refused_as_documented(
    early: Any, kit: Any, given: dict[str, str], code: str
) -> None:
    said = assume(early, kit, **given)
    assert (said.status, said.body["Code"]) == (400, code)


def test_what_is_missing_is_named(early: Any, kit: Any) -> None:
    said = early.send(kit.signed("AssumeRole", {}, Version="2015-04-01", at=early.clock.now()))
    assert (said.status, said.body["Code"], "RoleArn" in said.text) == (400, "MissingParameter", True)


def test_only_known_roles_when_any_are_named(make_bench: Any, kit: Any) -> None:
    bench = make_bench(roles=(Role(READER, ("Describe*",), longest=7200),))
    said = assume(bench, kit)
    assert (said.status, said.body["Code"]) == (404, "EntityNotExist.Role")
    key = temporary(bench, kit, RoleArn=READER, DurationSeconds="7200")
    assert call(bench, kit, key) == "OK"
    assert call(bench, kit, key, "StartDtsJob", DtsJobId="j") == "Forbidden.RAM"


def test_a_short_life_is_what_every_token_gets(make_bench: Any, kit: Any) -> None:
    bench = make_bench(start=START, token_life=3.0)
    for given in ({}, {"DurationSeconds": "1800"}):
        expiration = assume(bench, kit, **given).body["Credentials"]["Expiration"]
        assert datetime.fromisoformat(expiration).timestamp() == START + 3.25
    assert assume(bench, kit, DurationSeconds="3").body["Code"] == "InvalidParameter.DurationSeconds"


def test_tokens_survive_a_restart_and_no_longer_than_they_live(early: Any, kit: Any) -> None:
    narrow = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "dts:Describe*", "Resource": "*"}]}
    key = temporary(early, kit, Policy=json.dumps(narrow))
    early.store.close()
    early.store = Store(early.directory)
    early.service._store = early.store
    early.service._gate = Gate(Accounts([kit.account], early.options, early.store), early.store)
    assert call(early, kit, key) == "OK"
    assert call(early, kit, key, "StopDtsJob", DtsJobId="j") == "Forbidden.RAM"
    early.clock.advance(3601)
    assert call(early, kit, key) == "InvalidSecurityToken.Expired"


def test_tokens_are_bounded_and_only_dead_ones_make_room(
    early: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "TOKENS_KEPT", 2)
    keys = [temporary(early, kit, DurationSeconds=life) for life in ("900", "3600")]
    assert assume(early, kit).body["Code"] == "Throttling.User"
    assert [call(early, kit, key) for key in keys] == ["OK", "OK"]
    early.clock.advance(901)
    keys.append(temporary(early, kit))
    assert [call(early, kit, key) for key in keys[1:]] == ["OK", "OK"]


def test_a_temporary_key_may_assume_another_role(early: Any, kit: Any) -> None:
    first = temporary(early, kit)
    said = assume(early, kit, account=first, RoleArn=READER)
    assert said.status == 200
    assert said.body["AssumedRoleUser"]["Arn"] == f"{READER}/nightly-run"


def test_secrets_of_tokens_are_in_no_repr_and_no_ledger(early: Any, kit: Any) -> None:
    key = temporary(early, kit)
    token = early.store.token(key.access_key_id)
    ledger = repr(early.store.events("call"))
    for secret in (key.secret, key.security_token):
        assert secret not in repr(token) + repr(key) + ledger
    (event,) = early.store.events("call")
    assert (event.action, event.code) == ("AssumeRole", "OK")


def test_the_vendors_sdk_takes_and_uses_a_token(make_emulator: Any) -> None:
    """The SDK's own AssumeRole provider, over its generic call, and the key it gets."""
    openapi = pytest.importorskip("alibabacloud_tea_openapi.client")
    utils = pytest.importorskip("alibabacloud_tea_openapi.utils_models")
    runtime = pytest.importorskip("darabonba.runtime").RuntimeOptions()
    server = make_emulator()

    def caller(**key: str) -> Any:
        endpoint = f"{server.host}:{server.port}"
        return openapi.Client(utils.Config(endpoint=endpoint, protocol="http", **key))

    def send(client: Any, action: str, version: str, **query: str) -> dict[str, Any]:
        params = utils.Params(
            action=action, version=version, protocol="HTTP", pathname="/", method="POST", auth_type="AK",
            body_type="json", req_body_type="formData", style="RPC",
        )  # fmt: skip
        answer = client.call_api(params, utils.OpenApiRequest(query=query), runtime)
        body: dict[str, Any] = answer["body"]
        return body

    own = caller(access_key_id=server.access_key_id, access_key_secret=server.secret)
    key = send(own, "AssumeRole", "2015-04-01", **WHO)["Credentials"]
    assert datetime.fromisoformat(key["Expiration"]).timestamp() > time.time() + 3000
    temporary_client = caller(
        access_key_id=key["AccessKeyId"], access_key_secret=key["AccessKeySecret"],
        security_token=key["SecurityToken"],
    )  # fmt: skip
    assert send(temporary_client, "DescribeDtsJobs", "2020-01-01", **LISTING)["Success"] is True
