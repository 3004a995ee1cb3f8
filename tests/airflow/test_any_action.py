"""Actions this package does not know: which names go out, which are taken for typos, and what comes back."""

from __future__ import annotations

import inspect
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_dts._compat import AirflowFailException
from airflow_dts.api.actions import ACTIONS
from airflow_dts.errors import BadReply, BadRequest, ConfigError
from airflow_dts.operators.action import DtsActionOperator, plain

pytestmark = pytest.mark.airflow


def task(**given: Any) -> DtsActionOperator:
    return DtsActionOperator(task_id="t", **given)


def test_an_action_nobody_described_goes_out_as_it_is(cloud: Any, finish: Any) -> None:
    with pytest.raises(BadRequest, match=r"DescribeJobMonitorRule: InvalidAction\.NotFound"):
        finish(task(action="DescribeJobMonitorRule", parameters={"DtsJobId": "j"}))


@pytest.mark.parametrize("parameters", [{"RegionId": "cn-hangzhou", "PageSize": 30}, '{"PageSize": 30}'])
def test_its_reply_is_a_mapping(cloud: Any, finish: Any, parameters: Any) -> None:
    """The older version of an action is not the one this package describes."""
    known = finish(task(action="DescribeMigrationJobs", parameters=parameters))
    reply = finish(task(action="DescribeMigrationJobs", version="2018-08-01", parameters=parameters))
    assert {**known, **reply, "RequestId": ""} == {**known, "RequestId": ""}
    assert json.loads(json.dumps(reply)) == reply


def slips(name: str) -> set[str]:
    """What a tired hand makes of a name."""
    places = range(len(name))
    swapped = {name[:i] + name[i + 1 : i + 2] + name[i] + name[i + 2 :] for i in places}
    dropped = {name[:i] + name[i + 1 :] for i in places}
    doubled = {name[:i] + name[i] + name[i:] for i in places}
    replaced = {name[:i] + "x" + name[i + 1 :] for i in places}
    return (swapped | dropped | doubled | replaced | {name.lower(), f"{name}s"}) - ACTIONS.keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_a_slip_of_the_hand_is_not_sent(name: str) -> None:
    for wrong in slips(name):
        with pytest.raises(ConfigError, match="did you mean"):
            task(action=wrong).kind()


def test_the_name_meant_is_suggested() -> None:
    with pytest.raises(ConfigError) as refusal:
        task(action="StopDtsJbo").kind()
    assert str(refusal.value) == (
        "action: 'StopDtsJbo' is no action of DTS; did you mean StopDtsJob? "
        "To send it as it is, give allow_unknown=True"
    )
    assert task(action="StopDtsJbo", allow_unknown=True).kind() is None


def test_every_other_action_of_the_vendors_sdk_goes_out_without_ceremony() -> None:
    client = pytest.importorskip("alibabacloud_dts20200101.client").Client
    newer = set(re.findall(r"action\s*=\s*'(\w+)'", inspect.getsource(client))) - ACTIONS.keys()
    assert len(newer) > 40
    assert "DescribeJobMonitorRule" in newer
    assert [name for name in newer if task(action=name).kind() is not None] == []


@pytest.mark.parametrize("name", ["zzz", "", "stop job", "Stop-Job", "{{ x }}"])
def test_what_is_no_name_of_an_action_lists_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"use one of .*StopDtsJob"):
        task(action=name).kind()


def test_a_known_action_is_checked_unless_it_is_of_another_product() -> None:
    assert task(action="TagResources").kind() is ACTIONS["TagResources"]
    assert task(action="TagResources", product="Ecs", version="2014-05-26").kind() is None
    assert task(action="TagResource", product="Ecs").kind() is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"parameters": {"Password": "hunter2"}}, ["parameters.Password", "call_common"]),
        ({"parameters": {"Endpoint": [{"UserToken": "hunter2"}]}}, ["parameters.Endpoint.1.UserToken"]),
        ({"parameters": {"Signature": "hunter2"}}, ["parameters.Signature", "client's"]),
        ({"parameters": "no json"}, ["parameters", "mapping"]),
        ({"password_conn_id": "db"}, ["password_conn_id", "call_common"]),
        ({"version": "latest"}, ["version", "2020-01-01"]),
        ({"product": "Ecs 2"}, ["product", "Dts"]),
    ],
)
def test_what_is_refused_before_it_is_sent(
    cloud: Any, finish: Any, given: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(task(action="ModifyJobMonitorRule", **given))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert cloud.calls == []


def test_a_retry_of_a_purchase_with_a_token_buys_nothing(cloud: Any, finish: Any) -> None:
    def order(**parameters: Any) -> DtsActionOperator:
        given = {"Region": "cn-hangzhou", "MigrationJobClass": "small", **parameters}
        return task(action="CreateMigrationJob", parameters=given)

    instance = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1)
    said: list[dict[str, Any]] = [{}, {}, {"client_token": None}]
    bought = [finish(order(**each), {"ti": instance})["MigrationJobId"] for each in said]
    assert len(set(bought)) == 1
    for name in ("ClientToken", "client_token"):
        assert finish(order(**{name: f"another-{name}"}))["MigrationJobId"] not in bought
    assert cloud.calls.count("CreateMigrationJob") == 5


def test_a_purchase_whose_reply_is_lost_is_not_retried(cloud: Any, thief: Any, finish: Any) -> None:
    order = {
        "Type": "MIGRATION",
        "PayType": "PostPaid",
        "SourceRegion": "cn-hangzhou",
        "DestinationRegion": "cn-hangzhou",
        "SourceEndpointEngineName": "MySQL",
        "DestinationEndpointEngineName": "MySQL",
    }
    with pytest.raises(AirflowFailException, match=r"unknown, so look .*CreateDtsInstance"):
        finish(task(action="CreateDtsInstance", parameters=order))
    assert cloud.calls.count("CreateDtsInstance") == 1


def test_a_reply_that_is_nonsense_deep_inside_is_a_bad_reply() -> None:
    nonsense = {"RequestId": "R", "DtsJobList": [{"PrecheckStatus": {"Detail": ["hunter2"]}}]}
    reply = ACTIONS["DescribeDtsJobs"].parse_reply(nonsense)
    with pytest.raises(BadReply, match=r"DescribeDtsJobs: .* PrecheckStatus\.Detail: .*list") as refusal:
        plain("DescribeDtsJobs", reply)
    assert "hunter2" not in str(refusal.value)


def test_a_client_token_is_no_secret(cloud: Any, finish: Any) -> None:
    with pytest.raises(BadRequest, match="InvalidAction"):
        finish(task(action="ModifyJobMonitorRule", parameters={"ClientToken": "once"}))


def test_a_secret_in_the_reply_of_an_unknown_action_is_not_pushed(cloud: Any, finish: Any) -> None:
    """The emulator answers every product at one address, as the gateway of a private cloud does."""
    role = {"RoleArn": "acs:ram::123456789012:role/mover", "RoleSessionName": "airflow"}
    reply = finish(task(action="AssumeRole", version="2015-04-01", product="Sts", parameters=role))
    given = reply["Credentials"]
    assert (given["AccessKeySecret"], given["SecurityToken"]) == ("***", "***")
    assert given["AccessKeyId"].startswith("STS.")


def test_a_page_marker_is_no_secret(cloud: Any, finish: Any) -> None:
    with pytest.raises(BadRequest, match=r"InvalidAction\.NotFound"):
        finish(task(action="ListSomethingNew", parameters={"NextToken": "2"}))
