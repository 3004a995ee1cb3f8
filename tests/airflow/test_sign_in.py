"""Ways to sign in, from the fields of a connection to a call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts._compat import Connection
from airflow_dts.client.credentials import (
    AssumedRole,
    DefaultChain,
    EcsRole,
    EnvironmentKey,
    OidcRole,
)
from airflow_dts.errors import ConfigError
from airflow_dts.hooks.connection import settings_of
from airflow_dts.hooks.dts import DtsHook
from airflow_dts.hooks.sign_in import KINDS
from airflow_dts.provider_info import CONN_FIELDS

pytestmark = pytest.mark.airflow

ROLE = "acs:ram::123456789012:role/adminrole"
POLICY = {"Version": "1", "Statement": []}
KEY = {"login": "AK", "password": "secret-of-AK"}


def connection(extra: dict[str, Any], **fields: Any) -> Connection:
    given = {"conn_id": "c", "conn_type": "alibaba_dts", **fields}
    return Connection(**given, extra=json.dumps({"region_id": "cn-hangzhou", **extra}))


@pytest.mark.parametrize(
    ("fields", "extra", "sign_in"),
    [
        (KEY, {}, None),
        (KEY, {"credentials": "access_key"}, None),
        (KEY, {"security_token": "token-of-AK"}, None),
        (KEY, {"credentials": "sts", "security_token": "token-of-AK"}, None),
        (KEY, {"credentials": "assume_role", "role_arn": ROLE}, AssumedRole(ROLE)),
        (
            KEY,
            {
                "credentials": "assume_role",
                "security_token": "token-of-AK",
                "role_arn": ROLE,
                "role_session_name": "alice",
                "role_policy": POLICY,
                "role_duration": 900.0,
                "external_id": "agreed",
                "sts_endpoint": "sts.example.com",
            },
            AssumedRole(ROLE, "alice", json.dumps(POLICY), 900, "agreed"),
        ),
        ({}, {"credentials": "environment"}, EnvironmentKey()),
        ({}, {"credentials": "ecs_ram_role"}, EcsRole()),
        ({}, {"credentials": "ECS_RAM_ROLE", "ram_role_name": "dts"}, EcsRole("dts")),
        ({}, {"credentials": "oidc"}, OidcRole()),
        (
            {},
            {
                "credentials": "oidc",
                "role_arn": ROLE,
                "oidc_provider_arn": "acs:ram::1:oidc-provider/ack",
                "oidc_token_file": "/var/run/token",
                "role_session_name": "bob",
                "role_policy": json.dumps(POLICY),
                "role_duration": "3600",
                "sts_endpoint": "sts.example.com",
            },
            OidcRole(ROLE, "acs:ram::1:oidc-provider/ack", "/var/run/token", "bob", json.dumps(POLICY), 3600),
        ),
        ({}, {"credentials": "default"}, DefaultChain()),
    ],
)
def test_every_kind_of_credentials(fields: dict[str, str], extra: dict[str, Any], sign_in: Any) -> None:
    settings = settings_of(connection(extra, **fields))
    assert settings.sign_in == sign_in
    assert settings.access_key_id == fields.get("login", "")
    assert settings.security_token == extra.get("security_token")
    assert settings.sts_endpoint == extra.get("sts_endpoint")
    assert "secret-of-AK" not in repr(settings)


@pytest.mark.parametrize(
    ("fields", "extra", "words"),
    [
        (KEY, {"credentials": "assumerole"}, ["extra.credentials", "did you mean assume_role?"]),
        (KEY, {"credentials": "magic"}, ["extra.credentials", "access_key", "ecs_ram_role"]),
        (KEY, {"credentials": "secret-of-AK"}, ["extra.credentials", "access_key"]),
        (KEY, {"credentials": {"access_key_secret": "secret-of-AK"}}, ["extra.credentials"]),
        (KEY, {"credentials": "sts"}, ["extra.security_token", "is missing"]),
        (KEY, {"credentials": "assume_role"}, ["extra.role_arn", "is missing"]),
        ({"login": "AK"}, {"credentials": "assume_role", "role_arn": ROLE}, ["password", "AccessKey secret"]),
        ({}, {"credentials": "assume_role", "role_arn": ROLE}, ["login", "AccessKey ID"]),
        (KEY, {"role_arn": ROLE}, ["extra.role_arn", "set credentials to assume_role or oidc"]),
        (KEY, {"sts_endpoint": "sts.example.com"}, ["extra.sts_endpoint", "assume_role"]),
        (KEY, {"credentials": "environment"}, ["login", "access_key"]),
        ({"password": "x"}, {"credentials": "default"}, ["password", "leave it out"]),
        ({}, {"credentials": "ecs_ram_role", "security_token": "t"}, ["extra.security_token", "sts"]),
        ({}, {"credentials": "ecs_ram_role", "oidc_token_file": "/t"}, ["extra.oidc_token_file", "oidc"]),
        ({}, {"credentials": "oidc", "external_id": "xx"}, ["extra.external_id", "assume_role"]),
        (KEY, {"credentials": "assume_role", "role_arn": "adminrole"}, ["role_arn", "acs:ram::"]),
        (
            KEY,
            {"credentials": "assume_role", "role_arn": ROLE, "role_duration": "an hour"},
            ["extra.role_duration", "whole seconds"],
        ),
        (
            KEY,
            {"credentials": "assume_role", "role_arn": ROLE, "role_duration": "9" * 5000},
            ["extra.role_duration", "whole seconds"],
        ),
        (
            KEY,
            {"credentials": "assume_role", "role_arn": ROLE, "role_duration": 60},
            ["role_duration", "900", "43200"],
        ),
        (
            KEY,
            {"credentials": "assume_role", "role_arn": ROLE, "role_policy": "[]"},
            ["role_policy", "JSON object"],
        ),
        (
            KEY,
            {"credentials": "assume_role", "role_arn": ROLE, "role_session_name": "a b"},
            ["role_session_name", "letters"],
        ),
        (
            {**KEY, "host": "dts.private.example"},
            {"credentials": "assume_role", "role_arn": ROLE},
            ["sts_endpoint", "internet_domain"],
        ),
        (
            {**KEY, "host": "dts.private.example"},
            {"credentials": "assume_role", "role_arn": ROLE, "sts_endpoint": "ftp://x"},
            ["sts_endpoint", "host"],
        ),
        (
            {"host": "https://gate.example.com/asapi/v3"},
            {"credentials": "oidc", "role_arn": ROLE},
            ["sts_endpoint", "https"],
        ),
    ],
)
def test_a_wrong_combination_names_field_and_remedy(
    fields: dict[str, str], extra: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        settings_of(connection(extra, **fields))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert "secret-of-ak" not in str(refusal.value).casefold()


def test_the_form_offers_every_kind() -> None:
    assert CONN_FIELDS["credentials"]["schema"]["enum"] == [*KINDS, None]


def conn_of(cloud: Any, **changes: Any) -> dict[str, Any]:
    return {
        "conn_type": "alibaba_dts",
        "host": cloud.server.url,
        "login": cloud.server.access_key_id,
        "password": cloud.server.secret,
        "extra": {"region_id": "cn-hangzhou", **changes},
    }


@pytest.mark.parametrize(
    "how",
    [
        {"credentials": "assume_role", "role_arn": ROLE, "role_duration": 900},
        {"credentials": "assume_role", "role_arn": ROLE, "gateway": "asapi", "format": "XML"},
    ],
)
def test_a_job_is_read_as_a_role(cloud: Any, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]) -> None:
    job_id = cloud.buy()
    if how.get("gateway") != "asapi":
        how = {**how, "sts_endpoint": cloud.server.url}
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(conn_of(cloud, **how)))
    before = cloud.calls
    hook = DtsHook()
    assert hook.job(job_id).job_id == job_id
    assert hook.test_connection() == (True, "cn-hangzhou answers; migration jobs there: 1")
    assert cloud.count(before)["AssumeRole"] == 2  # the form's test has a client of its own


def test_the_key_of_a_role_is_masked_in_logs(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr("airflow_dts.hooks.dts.mask_secret", masked.append)
    how = {"credentials": "assume_role", "role_arn": ROLE, "sts_endpoint": cloud.server.url}
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(conn_of(cloud, **how)))
    hook = DtsHook()
    hook.call_common("DescribeDtsJobs", "2020-01-01", {"Region": "cn-hangzhou", "JobType": "SYNC"})
    key = hook.client._source.current()
    assert set(key.secrets) <= set(masked)
    assert cloud.server.secret in masked


def test_a_key_in_the_environment_of_the_worker(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = conn_of(cloud, credentials="environment")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", fields.pop("login"))
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", fields.pop("password"))
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(fields))
    assert DtsHook().test_connection()[0]
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    works, text = DtsHook().test_connection()
    assert not works
    assert "ALIBABA_CLOUD_ACCESS_KEY_SECRET" in text


def test_a_role_that_does_not_exist_is_said_in_the_form(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    how = {"credentials": "assume_role", "role_arn": ROLE, "sts_endpoint": "http://127.0.0.1:9"}
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(conn_of(cloud, **how)))
    works, text = DtsHook().test_connection()
    assert not works
    assert "AssumeRole" in text
    assert cloud.server.secret not in text
