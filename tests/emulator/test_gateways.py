"""The two gateways (seed 7.1), the headers of a private cloud, and the format of what comes back."""

from __future__ import annotations

import urllib.parse
import urllib.request
from typing import Any

import pytest

from airflow_dts.emulator.app import LARGEST_QUERY
from airflow_dts.emulator.knock import Knock

LISTING = {"Region": "cn-hangzhou", "RegionId": "cn-hangzhou"}
WHO = {"RoleArn": "acs:ram::1234567890123456:role/etl", "RoleSessionName": "run"}


@pytest.mark.parametrize("path", ["/asapi/v3", "/asapi/v3/"])
@pytest.mark.parametrize("where", ["query", "body"])
@pytest.mark.parametrize("product", ["Dts", "dts"])
def test_asapi_takes_the_product_from_the_parameters(
    caller: Any, kit: Any, path: str, where: str, product: str
) -> None:
    asapi = kit.caller(caller.url + path)
    text = urllib.parse.urlencode(kit.signed("DescribeDtsJobs", {**LISTING, "Product": product}))
    url, data = (f"{asapi.url}?{text}", None) if where == "query" else (asapi.url, text.encode())
    headers = {"x-acs-organizationid": "3", "x-acs-resourcegroupid": "4", "x-acs-caller-sdk-source": "test"}
    assert asapi.raw(urllib.request.Request(url, data, headers, method="POST")).code == "OK"


def test_asapi_gives_temporary_keys(caller: Any, kit: Any) -> None:
    asapi = kit.caller(f"{caller.url}/asapi/v3")
    said = asapi.send(kit.signed("AssumeRole", {**WHO, "Product": "Sts"}, Version="2015-04-01"))
    assert said.status == 200
    assert said.body["Credentials"]["AccessKeyId"].startswith("STS.")


@pytest.mark.parametrize(
    ("action", "version", "product", "status", "code"),
    [
        ("DescribeDtsJobs", "2020-01-01", None, 400, "MissingParameter"),
        ("DescribeDtsJobs", "2020-01-01", "Ecs", 404, "InvalidProduct.NotFound"),
        ("DescribeDtsJobs", "2020-01-01", "Sts", 404, "InvalidAction.NotFound"),
        ("AssumeRole", "2015-04-01", "Dts", 404, "InvalidAction.NotFound"),
        ("RunInstances", "2014-05-26", "Ecs", 404, "InvalidProduct.NotFound"),
        ("RunInstances", "2014-05-26", "Dts", 404, "InvalidAction.NotFound"),
    ],
)
def test_asapi_refuses_another_product(
    bench: Any, kit: Any, action: str, version: str, product: str | None, status: int, code: str
) -> None:
    given = {**LISTING, **({"Product": product} if product else {})}
    answer = bench.service.answer(
        Knock("POST", kit.signed(action, given, Version=version), "/asapi/v3"), "dts.test"
    )
    assert (answer.status, f'"Code":"{code}"' in answer.body.decode()) == (status, True)


def test_the_other_gateway_knows_no_product(caller: Any, kit: Any) -> None:
    for path in ("", "/", "/asapi", "/dts/"):
        pop = kit.caller(caller.url + path)
        assert pop.send(kit.signed("DescribeDtsJobs", LISTING)).code == "OK"
        refused = pop.send(kit.signed("DescribeDtsJobs", {**LISTING, "Product": "Dts"}))
        assert (refused.code, "Product" in refused.body["Message"]) == ("InvalidParameter", True)


def test_the_secret_itself_has_no_place_on_the_wire(caller: Any, kit: Any) -> None:
    given = {**LISTING, "Product": "Dts", "AccessKeySecret": kit.account.secret}
    refused = kit.caller(f"{caller.url}/asapi/v3").send(kit.signed("DescribeDtsJobs", given))
    assert (refused.code, "AccessKeySecret" in refused.body["Message"]) == ("InvalidParameter", True)
    assert kit.account.secret not in refused.text


def test_a_resource_set_needs_its_organization(bench: Any, kit: Any) -> None:
    def code(**headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = bench.service.answer(
            Knock("POST", kit.signed("DescribeDtsJobs", LISTING), headers=named), "dts.test"
        )
        return "MissingParameter" if b"x-acs-organizationid" in answer.body else str(answer.status)

    assert code(x_acs_resourcegroupid="4") == code(x_acs_resourcegroupid="4", x_acs_organizationid="")
    assert code(x_acs_resourcegroupid="4") == "MissingParameter"
    assert (
        code(x_acs_organizationid="3") == code(x_acs_organizationid="3", x_acs_resourcegroupid="4") == "200"
    )


@pytest.mark.parametrize(
    ("query", "headers", "json"),
    [
        ("", {}, False),
        ("Format=JSON", {}, True),
        ("Format=xml", {"Authorization": "ACS3-HMAC-SHA256 x"}, False),
        ("", {"Authorization": "ACS3-HMAC-SHA256 x"}, True),
        ("", {"Authorization": "ACS3-HMAC-SHA256 x", "Accept": "application/xml"}, False),
        ("", {"Authorization": "ACS3-HMAC-SHA256 x", "Accept": "application/json, text/xml"}, True),
        ("", {"x-acs-action": "DescribeDtsJobs"}, True),
        ("Action=DescribeDtsJobs", {"x-acs-action": "DescribeDtsJobs", "Accept": "application/json"}, False),
    ],
)
def test_refusals_come_in_the_format_that_was_asked_for(
    caller: Any, query: str, headers: dict[str, str], json: bool
) -> None:
    too_long = f"{query}&x={'x' * LARGEST_QUERY}"
    for text, method in ((query, "POST"), (query, "PUT"), (f"{query}&y=1&y=2", "GET"), (too_long, "GET")):
        request = urllib.request.Request(f"{caller.url}/?{text}", headers=headers, method=method)
        refused = caller.raw(request)
        assert refused.status in (400, 405, 414)
        assert refused.text.startswith("{") is json, (method, refused.text)
        assert refused.body["RequestId"]
