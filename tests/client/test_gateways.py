"""Which address is called, and what it is told: POP, ASAPI and the Security Token Service."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.client import client as client_module
from airflow_dts.client.client import DtsClient
from airflow_dts.client.credentials import AssumedRole
from tests.client.issuing import OWN_SECRET, ROLE, Issuer, signature_by_the_vendor

STOP = StopDtsJob(dts_job_id="job1")


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, **changes: Any) -> DtsClient:
        given = settings(**{"endpoint": stub.url, "attempts": 1, **changes})
        return DtsClient(given, sleep=lambda _: None)

    return make


@pytest.mark.parametrize("as_path", [True, False])
def test_one_gateway_serves_all_products(as_path: bool, serve: Any, client_of: Any, settings: Any) -> None:
    """The secret signs and stays at home, whatever the gateway's own SDK takes as parameter (seed 7.1)."""
    stub = serve()
    how = {"endpoint": f"{stub.url}/asapi/v3"} if as_path else {"gateway": "asapi"}
    client_of(stub, organization_id="3", resource_group_id="7", **how).call(STOP)
    (seen,) = stub.seen
    assert (seen.method, seen.path) == ("POST", "/asapi/v3")
    form = seen.form
    assert (form["Product"], form["Action"], form["Version"]) == ("Dts", "StopDtsJob", "2020-01-01")
    assert (form["RegionId"], form["AccessKeyId"]) == ("cn-hangzhou", "testid")
    assert form["Signature"] == signature_by_the_vendor(form, OWN_SECRET)
    assert "AccessKeySecret" not in form
    assert OWN_SECRET not in str(seen)
    assert (seen.headers["x-acs-organizationid"], seen.headers["x-acs-resourcegroupid"]) == ("3", "7")


def test_the_pop_gateway_is_told_no_product(serve: Any, client_of: Any) -> None:
    stub = serve()
    client_of(stub, gateway="pop").call(STOP)
    assert "Product" not in stub.seen[0].form
    assert stub.seen[0].path == "/"


def test_keys_of_roles_come_from_the_same_gateway(serve: Any, client_of: Any) -> None:
    stub, issuer = serve(issuer := Issuer()), issuer
    client = client_of(stub, endpoint=f"{stub.url}/asapi/v3", sign_in=AssumedRole(ROLE))
    client.call(STOP)
    said = [(seen.path, seen.form["Product"], seen.form["Version"]) for seen in stub.seen]
    assert said == [("/asapi/v3", "Sts", "2015-04-01"), ("/asapi/v3", "Dts", "2020-01-01")]
    assert issuer.served == ["StopDtsJob"]
    client.close()


ROLE_KEY = AssumedRole("acs:ram::1:role/a")


@pytest.mark.parametrize(
    ("changes", "url", "sts"),
    [
        ({}, "https://dts.aliyuncs.com/", "https://sts.aliyuncs.com/"),
        ({"protocol": "http"}, "http://dts.aliyuncs.com/", "https://sts.aliyuncs.com/"),
        ({"endpoint": "dts.c.example", "sts_endpoint": "sts.c.example"}, "https://dts.c.example/", "https://sts.c.example/"),
        ({"endpoint": "dts.c.example", "sts_endpoint": "http://s:8080"}, "https://dts.c.example/", "http://s:8080/"),
        (
            {"endpoint": "dts.c.example", "internet_domain": "inter.c.example"},
            "https://dts.c.example/",
            "https://sts-vpc.cn-hangzhou.inter.c.example/",
        ),
        (
            {"gateway": "asapi", "internet_domain": "inter.c.example"},
            "https://public.asapi.cn-hangzhou.inter.c.example/asapi/v3",
            "https://public.asapi.cn-hangzhou.inter.c.example/asapi/v3",
        ),
        (
            {"endpoint": "http://server.asapi.cn-hangzhou.intra.c.example/asapi/v3/"},
            "http://server.asapi.cn-hangzhou.intra.c.example/asapi/v3",
            "http://server.asapi.cn-hangzhou.intra.c.example/asapi/v3",
        ),
        (
            {"endpoint": "gate.c.example:8443/asapi/v3", "sts_endpoint": "sts.c.example"},
            "https://gate.c.example:8443/asapi/v3",
            "https://sts.c.example/",
        ),
    ],
)  # fmt: skip
def test_addresses(changes: dict[str, Any], url: str, sts: str, settings: Any) -> None:
    made = settings(**changes, sign_in=ROLE_KEY)
    assert made.url == url
    assert made.for_sts().url == sts


@pytest.mark.parametrize(
    "endpoint",
    ["http://server.asapi.r.intra.example/asapi/v3", "http://dts.c.example"],
)
def test_calls_in_the_clear_are_warned_of_once(
    endpoint: str, settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_warned_of", set())
    for _ in range(2):
        DtsClient(settings(endpoint=endpoint)).close()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert endpoint in record.getMessage()
    assert "not encrypted" in record.getMessage()


@pytest.mark.parametrize(
    "endpoint", ["https://dts.c.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"]
)
def test_nobody_is_warned_of_what_is_safe(
    endpoint: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    DtsClient(settings(endpoint=endpoint)).close()
    assert caplog.records == []
