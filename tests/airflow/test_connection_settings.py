from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts._compat import Connection
from airflow_dts.errors import ConfigError
from airflow_dts.hooks.connection import EXTRAS, PREFIX, settings_of
from airflow_dts.hooks.sign_in import KINDS
from airflow_dts.provider_info import CONN_FIELDS

pytestmark = pytest.mark.airflow

SECRET = "the-secret-of-the-key"


def connection(extra: Any = None, **fields: Any) -> Connection:
    given = {"login": "AK", "password": SECRET, "conn_id": "c", "conn_type": "alibaba_dts", **fields}
    text = extra if isinstance(extra, str) else json.dumps(extra or {"region_id": "cn-hangzhou"})
    return Connection(**given, extra=text)


def test_plain() -> None:
    settings = settings_of(connection())
    assert (settings.access_key_id, settings.access_key_secret) == ("AK", SECRET)
    assert settings.region_id == "cn-hangzhou"
    assert settings.endpoint is None
    assert settings.verify


def test_region_of_the_task_wins() -> None:
    assert settings_of(connection(), "cn-beijing").region_id == "cn-beijing"


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_every_extra(prefix: str, tmp_path: Any) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    extra = {
        "region_id": "cn-hangzhou",
        "credentials": "STS",
        "security_token": "token-of-sts",
        "organization_id": "org",
        "resource_group_id": "rg",
        "instance_id": "inst",
        "protocol": "HTTP",
        "ca_bundle": str(bundle),
        "verify": "true",
        "connect_timeout": "3",
        "read_timeout": 7,
        "detail_rate": "12.5",
        "list_rate": 6,
        "gateway": "ASAPI",
        "internet_domain": "inter.example.com",
        "format": "xml",
    }
    of_roles = {name for kind in KINDS.values() for name in (*kind.needs, *kind.takes)} - {
        "login",
        "password",
    }
    assert set(extra) | of_roles == set(EXTRAS) == set(CONN_FIELDS)
    settings = settings_of(connection({prefix + name: value for name, value in extra.items()}))
    assert settings.security_token == "token-of-sts"
    assert (settings.organization_id, settings.resource_group_id, settings.instance_id) == (
        "org",
        "rg",
        "inst",
    )
    assert settings.url == "http://public.asapi.cn-hangzhou.inter.example.com/asapi/v3"
    assert settings.format == "XML"
    assert str(settings.ca_bundle) == str(bundle)
    assert (settings.connect_timeout, settings.read_timeout) == (3.0, 7.0)
    assert (settings.detail_rate, settings.list_rate) == (12.5, 6.0)


def test_a_form_sends_empty_fields() -> None:
    empty: dict[str, Any] = dict.fromkeys(EXTRAS, "") | {"region_id": "cn-hangzhou", "verify": None}
    assert settings_of(connection(empty)).read_timeout == settings_of(connection()).read_timeout


@pytest.mark.parametrize(
    ("host", "port", "endpoint"),
    [
        (None, None, None),
        ("dts.example.com", None, "dts.example.com"),
        ("dts.example.com", 8443, "dts.example.com:8443"),
        ("http://127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", None, "http://127.0.0.1:8080"),
        ("127.0.0.1:8080", 8080, "127.0.0.1:8080"),
        ("https://gate.example.com/asapi/v3", 8443, "https://gate.example.com:8443/asapi/v3"),
        ("gate.example.com/asapi/v3/", 8443, "gate.example.com:8443/asapi/v3"),
    ],
)
def test_endpoint(host: str | None, port: int | None, endpoint: str | None) -> None:
    assert settings_of(connection(host=host, port=port)).endpoint == endpoint


@pytest.mark.parametrize(
    ("fields", "extra", "words"),
    [
        ({}, {"regionid": "x"}, ["extra.regionid", "did you mean region_id?"]),
        ({}, {"zzz": "x"}, ["extra.zzz", "remove it", "region_id"]),
        ({}, {"verify": "perhaps", "region_id": "r"}, ["verify", "perhaps", "true or false"]),
        ({}, {"read_timeout": "soon", "region_id": "r"}, ["read_timeout", "seconds"]),
        ({}, {"list_rate": "fast", "region_id": "r"}, ["extra.list_rate", "0.1 to 1000"]),
        ({}, {"detail_rate": 0, "region_id": "r"}, ["extra.detail_rate", "calls a second"]),
        ({}, {"connect_timeout": 0, "region_id": "r"}, ["connect_timeout", "above 0"]),
        ({}, {"protocol": "ftp", "region_id": "r"}, ["protocol", "https or http"]),
        ({}, {"gateway": "asap", "region_id": "r"}, ["extra.gateway", "pop or asapi"]),
        ({}, {"gateway": "asapi", "region_id": "r"}, ["endpoint", "public.asapi", "internet_domain"]),
        ({}, {"format": "YAML", "region_id": "r"}, ["extra.format", "JSON or XML"]),
        ({}, {"internet_domain": "inter.c.example", "region_id": "r"}, ["endpoint", "dts.openapi.endpoint"]),
        ({"host": "https://h/asapi/v3"}, {"gateway": "pop", "region_id": "r"}, ["gateway", "asapi"]),
        ({}, {"resource_group_id": "7", "region_id": "r"}, ["resource_group_id", "organization_id"]),
        ({}, {"organization_id": "o"}, ["region_id", "cn-hangzhou", "extra of the connection"]),
        ({"login": None}, {"region_id": "r"}, ["login", "AccessKey ID"]),
        ({"password": None}, {"region_id": "r"}, ["password", "AccessKey secret"]),
        ({"port": 8080}, {"region_id": "r"}, ["port", "host"]),
        ({"host": "h", "port": 65536}, {"region_id": "r"}, ["port", "1 to 65535"]),
        ({"host": "h:1", "port": 2}, {"region_id": "r"}, ["port", "leave one"]),
        ({"host": "h:99999"}, {"region_id": "r"}, ["host", "1 to 65535"]),
        ({"host": f"AK:{SECRET}@h:99999"}, {"region_id": "r"}, ["host", "bad port"]),
        ({"host": f"AK:{SECRET}@h"}, {"region_id": "r"}, ["endpoint", "login"]),
        ({"host": "::1", "port": 8089}, {"region_id": "r"}, ["host", "[::1]"]),
        ({"host": "dts.example\n.com"}, {"region_id": "r"}, ["endpoint", "no host"]),
        ({}, "[1, 2]", ["extra", "JSON object"]),
    ],
)
def test_refused_with_field_and_remedy(fields: dict[str, Any], extra: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        settings_of(connection(extra, **fields))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert SECRET not in str(refusal.value)
