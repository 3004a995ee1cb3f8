"""Any action by its name: what is sent, how often, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dts.api.jobs import ModifyDtsJobPassword
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import ApiError, CallError, ConfigError
from tests.client.issuing import OWN_SECRET, signature_by_the_vendor


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, **changes: Any) -> DtsClient:
        given = settings(**{"endpoint": stub.url, "attempts": 1, **changes})
        return DtsClient(given, sleep=lambda _: None)

    return make


def test_any_action_goes_out_by_its_name(serve: Any, client_of: Any, say: Any) -> None:
    said = {"RequestId": "R", "Rules": {"Rule": [{"Id": 7, "On": True}]}, "HttpStatusCode": "200"}
    stub = serve(say(said))
    parameters = {
        "DtsJobId": "job1",
        "PageSize": 30,
        "Ratio": 0.5,
        "Deep": True,
        "Flat": False,
        "None": None,
        "Names": ["a", "b"],
        "Tag": [{"Key": "team", "Value": "shop"}, {"Key": "x"}],
        "SourceEndpoint": {"InstanceID": "rm-1", "Ports": (1, 2)},
        "Json": '{"a":1}',
        "Empty": "",
        "Nothing": [],
    }
    reply = client_of(stub).call_common("DescribeJobMonitorRule", "2020-01-01", parameters)
    assert reply == {"RequestId": "R", "Rules": {"Rule": [{"Id": 7, "On": True}]}, "HttpStatusCode": 200}
    form = dict(stub.seen[0].form)
    assert form.pop("Signature") == signature_by_the_vendor(stub.seen[0].form, OWN_SECRET)
    for public in (
        "SignatureNonce",
        "Timestamp",
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "Format",
    ):
        del form[public]
    assert form == {
        "Action": "DescribeJobMonitorRule",
        "Version": "2020-01-01",
        "RegionId": "cn-hangzhou",
        "DtsJobId": "job1",
        "PageSize": "30",
        "Ratio": "0.5",
        "Deep": "true",
        "Flat": "false",
        "Names.1": "a",
        "Names.2": "b",
        "Tag.1.Key": "team",
        "Tag.1.Value": "shop",
        "Tag.2.Key": "x",
        "SourceEndpoint.InstanceID": "rm-1",
        "SourceEndpoint.Ports.1": "1",
        "SourceEndpoint.Ports.2": "2",
        "Json": '{"a":1}',
        "Empty": "",
    }


def test_the_vendor_flattens_alike(serve: Any, client_of: Any) -> None:
    from airflow_dts.client.orders import flattened

    utils = pytest.importorskip("alibabacloud_tea_openapi.utils").Utils
    names = st.text("ABCab1", min_size=1, max_size=3)
    values = st.recursive(
        st.one_of(st.none(), st.text(max_size=3), st.integers()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=8,
    )

    @given(st.dictionaries(names, values, max_size=4))
    def check(parameters: dict[str, Any]) -> None:
        assert flattened(parameters) == utils.query(parameters)

    check()


def test_a_reply_in_xml_is_the_same_mapping_of_texts(serve: Any, client_of: Any, say: Any) -> None:
    body = (
        b"<R><RequestId>R</RequestId><Success>true</Success><Count>3</Count>"
        b"<Rules><Rule><Id>7</Id></Rule><Rule><Id>8</Id></Rule></Rules></R>"
    )
    reply = client_of(serve(say(body)), format="XML").call_common("DescribeRules", "2020-01-01")
    assert reply == {
        "RequestId": "R",
        "Success": True,
        "Count": "3",
        "Rules": {"Rule": [{"Id": "7"}, {"Id": "8"}]},
    }


@pytest.mark.parametrize(
    ("action", "changes", "parameters", "sendings"),
    [
        ("DescribeRules", None, {}, 2),
        ("ListRules", None, {}, 2),
        ("GetRule", None, {}, 2),
        ("QueryRules", None, {}, 2),
        ("ModifyRule", None, {}, 1),
        ("Listen", None, {}, 1),
        ("DescribedRule", None, {}, 1),
        ("ModifyRule", False, {}, 2),
        ("DescribeRules", True, {}, 1),
        ("ModifyRule", None, {"ClientToken": "once"}, 2),
    ],
)
def test_only_what_reads_is_sent_again_blindly(
    action: str, changes: bool | None, parameters: Any, sendings: int,
    serve: Any, client_of: Any, lost: Any, say: Any,
) -> None:  # fmt: skip
    stub = serve(lost, say())
    client = client_of(stub, attempts=2)
    if sendings == 2:
        client.call_common(action, "2020-01-01", parameters, changes_state=changes)
    else:
        with pytest.raises(Exception, match="no reply") as caught:
            client.call_common(action, "2020-01-01", parameters, changes_state=changes)
        assert caught.value.__notes__
    assert len(stub.seen) == sendings


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"action": "Stop Job"}, "action"),
        ({"action": ""}, "action"),
        ({"action": None}, "action"),
        ({"version": "latest"}, "version"),
        ({"product": "D/t/s"}, "product"),
        ({"parameters": ["a"]}, "parameters"),
        ({"parameters": {"": "x"}}, "parameters"),
        ({"parameters": {1: "x"}}, "parameters"),
        ({"parameters": {"A": {2: "x"}}}, "parameters"),
        ({"parameters": {"A": object()}}, "parameters.A"),
        ({"parameters": {"A": [b"bytes"]}}, "parameters.A.1"),
        ({"parameters": {"A": float("nan")}}, "parameters.A"),
        ({"parameters": {"A": 10**5000}}, "parameters.A"),
        ({"parameters": {"A": [1], "A.1": 2}}, "parameters.A.1"),
        ({"parameters": {"Signature": "x"}}, "parameters.Signature"),
        ({"parameters": {"accesskeyid": "x"}}, "parameters.accesskeyid"),
        ({"parameters": {"AccessKeySecret": "hunter2"}}, "parameters.AccessKeySecret"),
        ({"parameters": {"Product": "x"}}, "parameters.Product"),
        ({"parameters": {"Action": "x"}}, "parameters.Action"),
    ],
)
def test_what_cannot_be_sent_is_named(
    arguments: dict[str, Any], field: str, serve: Any, client_of: Any
) -> None:
    stub = serve()
    with pytest.raises(ConfigError) as caught:
        client_of(stub).call_common(**{"action": "StopJob", "version": "2020-01-01", **arguments})
    assert caught.value.field == field
    assert caught.value.remedy
    assert "hunter2" not in str(caught.value)
    assert stub.seen == []


def test_a_nest_without_end_is_refused(client_of: Any, serve: Any) -> None:
    nest: list[Any] = []
    nest.append(nest)
    with pytest.raises(ConfigError, match="deep"):
        client_of(serve()).call_common("StopJob", "2020-01-01", {"A": nest})


def test_secrets_among_the_parameters_are_masked(serve: Any, client_of: Any) -> None:
    from pydantic import SecretStr

    def echo(handler: Any, seen: Any) -> None:
        body = json.dumps(
            {"Code": "Echo", "Message": " ".join(seen.form.values()), "RequestId": "R"}
        ).encode()
        handler.send_response(400)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    stub = serve(echo)
    parameters = {
        "Endpoint": {"Password": "hunter2-a"},
        "consumerGroupNewPassword": "hunter2-b",
        "Keys": [{"SecretText": "hunter2-c"}, {"DBPwd": "hunter2-e"}, {"PrivateKey": "hunter2-f"}],
        "Other": SecretStr("hunter2-d"),
        "Name": "plain",
    }
    with pytest.raises(ApiError) as caught:
        client_of(stub).call_common("ModifyThing", "2020-01-01", parameters)
    assert {f"hunter2-{letter}" for letter in "abcdef"} <= set(stub.seen[0].form.values())
    assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert "plain" in str(caught.value)


@pytest.mark.parametrize("product", ["Ram", "sts", "Sts"])
def test_a_broken_reply_of_another_product_is_not_quoted(
    product: str, serve: Any, client_of: Any, say: Any
) -> None:
    """No mask knows the keys in it."""
    torn = b'{"RequestId": "R", "AccessKey": {"AccessKeySecret": "hunter2", '
    for status in (200, 500):
        with pytest.raises(CallError) as caught:
            client_of(serve(say(torn, status))).call_common("CreateAccessKey", "2015-05-01", product=product)
        assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_another_product_needs_another_address(serve: Any, client_of: Any, settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"product: Ecs does not listen at dts\.aliyuncs\.com"):
        DtsClient(settings()).call_common("DescribeInstances", "2014-05-26", product="Ecs")
    stub = serve()
    client_of(stub).call_common("DescribeInstances", "2014-05-26", product="Ecs")
    client_of(stub, gateway="asapi").call_common("DescribeInstances", "2014-05-26", product="Ecs")
    assert [seen.form.get("Product") for seen in stub.seen] == [None, "Ecs"]


def test_a_typed_call_and_the_same_by_name_are_one(serve: Any, client_of: Any) -> None:
    stub = serve()
    client = client_of(stub)
    client.call(ModifyDtsJobPassword(dts_job_id="j", endpoint="src", user_name="dts", password="hunter2"))
    client.call_common(
        "ModifyDtsJobPassword",
        "2020-01-01",
        {"DtsJobId": "j", "Endpoint": "src", "UserName": "dts", "Password": "hunter2"},
    )
    own = {"SignatureNonce", "Timestamp", "Signature"}
    first, second = ({n: v for n, v in seen.form.items() if n not in own} for seen in stub.seen)
    assert first == second
