from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from airflow_dts.client.credentials import AssumedRole, DefaultChain, EcsRole, EnvironmentKey, OidcRole
from airflow_dts.client.endpoints import CENTRAL, OWN, endpoint_for
from airflow_dts.client.settings import Settings
from airflow_dts.errors import ConfigError

ROLE = AssumedRole("acs:ram::123456789012:role/adminrole")
NO_KEY = {"access_key_id": "", "access_key_secret": ""}
KEYS = {"access_key_id": "testid", "access_key_secret": "testsecret-0123", "region_id": "cn-hangzhou"}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("access_key_id", {"access_key_id": ""}),
        ("access_key_id", {"access_key_id": None}),
        ("access_key_id", {"access_key_id": "test id"}),
        ("access_key_secret", {"access_key_secret": ""}),
        ("access_key_secret", {"access_key_secret": "hunter2secret\n"}),
        ("region_id", {"region_id": ""}),
        ("region_id", {"region_id": "cn hangzhou"}),
        ("region_id", {"region_id": "cn-hangzhou/"}),
        ("region_id", {"region_id": "-cn"}),
        ("region_id", {"region_id": "evil.example.com"}),
        ("region_id", {"region_id": 7}),
        ("security_token", {"security_token": "to ken"}),
        ("security_token", {"security_token": ""}),
        ("organization_id", {"organization_id": "1\r\nx-acs-regionid: other"}),
        ("resource_group_id", {"resource_group_id": "ü"}),
        ("instance_id", {"instance_id": ""}),
        ("protocol", {"protocol": "ftp"}),
        ("protocol", {"protocol": "HTTPS"}),
        ("protocol", {"protocol": ""}),
        ("endpoint", {"endpoint": "ftp://dts.example.com"}),
        ("endpoint", {"endpoint": "https://"}),
        ("endpoint", {"endpoint": "dts example.com"}),
        ("endpoint", {"endpoint": "dts..example.com"}),
        ("endpoint", {"endpoint": "dts.example.com:port"}),
        ("endpoint", {"endpoint": "dts.example.com:70000"}),
        ("endpoint", {"endpoint": "dts.example.com:0"}),
        ("endpoint", {"endpoint": "https://dts.example.com/api"}),
        ("endpoint", {"endpoint": "https://dts.example.com/?a=b"}),
        ("endpoint", {"endpoint": "https://bob:hunter2secret@dts.example.com"}),
        ("endpoint", {"endpoint": "[::1"}),
        ("endpoint", {"endpoint": "a" * 300}),
        ("gateway", {"gateway": "POP"}),
        ("gateway", {"gateway": "pop", "endpoint": "https://gate.example.com/asapi/v3"}),
        ("endpoint", {"gateway": "asapi"}),
        ("endpoint", {"internet_domain": "inter.example.com"}),
        ("internet_domain", {"internet_domain": "https://inter.example.com"}),
        ("internet_domain", {"internet_domain": ""}),
        ("format", {"format": "yaml"}),
        ("resource_group_id", {"resource_group_id": "7"}),
        ("sign_in", {"sign_in": "acs:ram::1:role/a"}),
        ("access_key_id", {"access_key_id": "", "sign_in": ROLE}),
        ("access_key_secret", {"access_key_secret": "", "sign_in": ROLE}),
        ("access_key_id", {"sign_in": EcsRole()}),
        ("access_key_secret", {"access_key_id": "", "sign_in": DefaultChain()}),
        ("security_token", {**NO_KEY, "security_token": "hunter2secret", "sign_in": EnvironmentKey()}),
        ("sts_endpoint", {"endpoint": "dts.private.example", "sign_in": ROLE}),
        ("sts_endpoint", {"sts_endpoint": "https://sts.example.com/path", "sign_in": ROLE}),
        ("sts_endpoint", {**NO_KEY, "sts_endpoint": "http://sts.example.com", "sign_in": OidcRole()}),
        ("role_duration", {"sign_in": replace(ROLE, role_duration=899)}),
        ("role_duration", {**NO_KEY, "sign_in": OidcRole(role_duration=60)}),
        ("verify", {"verify": "false"}),
        ("ca_bundle", {"ca_bundle": "/no/such/bundle.pem"}),
        ("ca_bundle", {"ca_bundle": ""}),
        ("ca_bundle", {"ca_bundle": __file__, "verify": False}),
        ("connect_timeout", {"connect_timeout": 0}),
        ("connect_timeout", {"connect_timeout": float("inf")}),
        ("read_timeout", {"read_timeout": -1}),
        ("read_timeout", {"read_timeout": float("nan")}),
        ("read_timeout", {"read_timeout": "10"}),
        ("retry_for", {"retry_for": 0}),
        ("attempts", {"attempts": 0}),
        ("attempts", {"attempts": True}),
        ("attempts", {"attempts": 2.5}),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(**{**KEYS, **changes})
    assert caught.value.field == field
    assert caught.value.remedy
    assert str(caught.value).startswith(f"{field}: ")
    assert "hunter2" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://dts.aliyuncs.com/"),
        ({"region_id": "cn-beijing"}, "https://dts.cn-beijing.aliyuncs.com/"),
        ({"protocol": "http"}, "http://dts.aliyuncs.com/"),
        ({"endpoint": "dts.cloud.example"}, "https://dts.cloud.example/"),
        ({"endpoint": "dts.cloud.example:8443"}, "https://dts.cloud.example:8443/"),
        ({"endpoint": "dts_1:80", "protocol": "http"}, "http://dts_1:80/"),
        ({"endpoint": "http://dts.cloud.example"}, "http://dts.cloud.example/"),
        ({"endpoint": "HTTPS://dts.cloud.example/", "protocol": "http"}, "https://dts.cloud.example/"),
        ({"endpoint": "10.0.0.1:9000"}, "https://10.0.0.1:9000/"),
        ({"endpoint": "[::1]:9000"}, "https://[::1]:9000/"),
    ],
)
def test_the_address_comes_from_the_endpoint_or_the_region(changes: dict[str, str], url: str) -> None:
    assert Settings(**{**KEYS, **changes}).url == url


def test_secrets_stay_out_of_the_repr_and_survive_pickling() -> None:
    settings = Settings(**KEYS, security_token="token-0123")
    assert "secret-0123" not in repr(settings)
    assert "token-0123" not in repr(settings)
    assert settings.secrets == ("testsecret-0123", "token-0123")
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_server_of_ones_own_gives_keys_as_short_lived_as_one_likes() -> None:
    short = replace(ROLE, role_duration=3)
    assert Settings(**KEYS, sts_endpoint="http://127.0.0.1:8080", sign_in=short).sign_in == short


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("role_arn", {"role_arn": "adminrole"}),
        ("role_arn", {"role_arn": ""}),
        ("role_session_name", {"role_session_name": "a"}),
        ("role_session_name", {"role_session_name": "a b"}),
        ("role_session_name", {"role_session_name": "a" * 65}),
        ("role_policy", {"role_policy": "hunter2"}),
        ("role_policy", {"role_policy": "[]"}),
        ("role_policy", {"role_policy": json.dumps({"hunter2": "a" * 1024})}),
        ("role_duration", {"role_duration": 43201}),
        ("role_duration", {"role_duration": "soon"}),
        ("external_id", {"external_id": "a"}),
        ("external_id", {"external_id": "hunter2 "}),
    ],
)
def test_what_the_token_service_would_refuse_is_named(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(ROLE, **changes)
    assert caught.value.field == field
    assert caught.value.remedy
    assert "hunter2" not in str(caught.value)


def test_the_table_of_endpoints_is_the_documented_one() -> None:
    common = json.loads((Path(__file__).parents[1] / "catalog" / "current.json").read_text())["common"]
    assert set(OWN.values()) == {row["endpoint"] for row in common["endpoints"]}
    assert common["endpoint_default"] == CENTRAL


def test_every_documented_region_has_an_endpoint() -> None:
    common = json.loads((Path(__file__).parents[1] / "catalog" / "current.json").read_text())["common"]
    own_address = {"ap-northeast-1", "cn-qingdao-finance"}  # in no SDK's table
    for region in (row["region_id"] for row in common["regions"]):
        host = endpoint_for(region)
        assert host in {*OWN.values(), CENTRAL} or (
            region in own_address and host == f"dts.{region}.aliyuncs.com"
        ), region
    assert endpoint_for("cn-zhangbei") == endpoint_for("cn-zhangjiakou")


def test_central_regions_are_those_of_the_vendors_sdk() -> None:
    from airflow_dts.client import endpoints

    sdk = pytest.importorskip("alibabacloud_dts20200101.client")
    utils = pytest.importorskip("alibabacloud_tea_openapi.utils_models")
    config = utils.Config(access_key_id="testid", access_key_secret="testsecret", endpoint="localhost")
    known = sdk.Client(config)._endpoint_map
    unknown_to_it = {"cn-shanghai-finance", "cn-shenzhen-finance"}  # the guide's spelling, which lacks the -1
    assert {region for region in endpoints._CENTRAL_REGIONS if known.get(region) != CENTRAL} == unknown_to_it
