"""What is asked before anything is bought."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.errors import BadReply, BadRequest, ConfigError
from airflow_dts.operators._base import DtsOperator
from airflow_dts.operators.etl import DtsDescribeEtlLogOperator
from airflow_dts.operators.network import DtsConnectionTestOperator, DtsDescribeWhiteListOperator
from tests.catalog.reading import LEGACY

pytestmark = pytest.mark.airflow

Finish = Callable[..., Any]
SAMPLE = LEGACY["DescribeConnectionStatus"]["sample_response_json"]


class Ear:
    """A task's log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str, *values: object) -> None:
        self.lines.append(text % values)

    warning = info


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tasks log; where Airflow sends that differs from one generation to the next."""
    ear = Ear()
    monkeypatch.setattr(DtsOperator, "log", ear)
    return ear.lines


def trying(**changes: Any) -> DtsConnectionTestOperator:
    given = {"source_conn_id": "shop_source", "destination_conn_id": "shop_target", **changes}
    return DtsConnectionTestOperator(task_id="t", **given)


def side(passed: bool | None, advice: str = "", **tests: bool | None) -> dict[str, Any]:
    details = [{"testName": f"{name} ", "testSuccess": said} for name, said in tests.items()]
    return {"connectDetail": details, "connectRes": passed, "connectAdvice": advice}


def test_the_sample_passes_though_a_ping_fails(parrot: Any, finish: Finish, heard: list[str]) -> None:
    parrot.says(SAMPLE)
    found = finish(trying())
    assert found["source"] == {
        "passed": True,
        "advice": "",
        "tests": [
            {"name": "Oracle JDBC Connect", "passed": True},
            {"name": "Ping", "passed": False},
            {"name": "Telnet", "passed": True},
        ],
    }
    assert found["destination"]["passed"]
    assert "passed all the same: source: Ping failed" in heard
    assert "password-of-the-database" not in json.dumps(found)
    (asked,) = parrot.asked
    assert asked["SourceEndpointInstanceType"] == "RDS"
    assert asked["SourceEndpointInstanceID"] == "rm-source"
    assert asked["SourceEndpointUserName"] == "dts"
    assert asked["DestinationEndpointPassword"] == "password-of-the-database"


def test_every_failed_test_is_named(parrot: Any, finish: Finish) -> None:
    parrot.says(
        {
            "SourceConnectionStatus": side(False, "open the firewall", Telnet=False, JDBC=None, Ping=True),
            "DestinationConnectionStatus": side(True, Telnet=False),
        }
    )
    with pytest.raises(BadRequest) as refusal:
        finish(trying())
    text = str(refusal.value)
    for words in (
        "source and destination",
        "source: Telnet failed (advice: open the firewall)",
        "source: JDBC failed (advice: open the firewall)",
        "destination: Telnet failed",
    ):
        assert words in text
    assert "Ping" not in text


@pytest.mark.parametrize("said", [{}, side(None), side(False)])
def test_a_side_nobody_vouches_for_fails(parrot: Any, finish: Finish, said: dict[str, Any]) -> None:
    parrot.says({"SourceConnectionStatus": side(True), "DestinationConnectionStatus": said})
    with pytest.raises(BadRequest, match="destination: the test as a whole failed"):
        finish(trying())


def test_a_result_that_cannot_be_read(parrot: Any, finish: Finish) -> None:
    parrot.says({"SourceConnectionStatus": {"connectDetail": "yes"}})
    with pytest.raises(BadReply, match="ConnectionStatus"):
        finish(trying())


def test_words_of_the_configuration_are_understood(parrot: Any, finish: Finish) -> None:
    parrot.says({"SourceConnectionStatus": side(True), "DestinationConnectionStatus": side(True)})
    finish(trying(source={"instance_type": "OTHER"}, destination={"instance_type": "ECS", "engine": "MSSQL"}))
    finish(trying(source={"engine": "ORACLE", "oracle_sid": "orcl"}))
    finish(trying(source={"engine": "oracle"}))
    first, second, third = parrot.asked
    assert first["SourceEndpointInstanceType"] == "LocalInstance"
    assert first["SourceEndpointIP"] == "db.example.com"
    assert first["DestinationEndpointEngineName"] == "SQLServer"
    assert second["SourceEndpointArchitecture"] == "SID"
    assert third["SourceEndpointArchitecture"] == "RAC"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_conn_id": None}, ["source.instance_type"]),
        ({"source": {"password": "hunter2"}}, ["source.password", "source_conn_id"]),
        ({"source": {"instance_type": "OTHER", "host": ""}}, ["source.host"]),
        ({"source": {"instance_type": "CEN"}}, ["source.instance_type", "Express"]),
        ({"source": {"owner_id": "1"}}, ["source.owner_id"]),
        ({"destination": {"instance_type": "ECS", "port": 0}}, ["destination.port"]),
        ({"destination": {"engine": "EXCEL"}}, ["destination.engine"]),
    ],
)
def test_a_test_refused(cloud: Any, finish: Finish, changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(trying(**changes))
    text = str(refusal.value)
    assert all(word in text for word in words), text
    assert "hunter2" not in text
    assert "password-of-the-database" not in text
    assert not cloud.calls


def test_the_emulator_is_reached(cloud: Any, finish: Finish) -> None:
    found = finish(trying())
    assert found["source"]["passed"]
    assert found["destination"]["passed"]
    with pytest.raises(BadRequest, match="destination: "):
        finish(trying(destination={"instance_id": "rm-nowhere"}))


def listing(**changes: Any) -> DtsDescribeWhiteListOperator:
    return DtsDescribeWhiteListOperator(task_id="t", **changes)


def test_addresses_to_let_in(cloud: Any, finish: Finish) -> None:
    assert finish(listing()) == ["127.0.0.1/32"]
    assert cloud.calls == ["WhiteIpList"]


def test_addresses_by_region(parrot: Any, finish: Finish) -> None:
    parrot.says({"IpList": "10.151.12.0/24, 47.102.181.0/24,2001:db8::/32"})
    assert finish(listing()) == ["10.151.12.0/24", "47.102.181.0/24", "2001:db8::/32"]
    finish(listing(job_type="SUBSCRIBE", network="vpc", source_region="cn-beijing"))
    both, one = parrot.asked
    assert (both["Region"], both["DestinationRegion"], both["Type"]) == (
        "cn-hangzhou",
        "cn-hangzhou",
        "internet",
    )
    assert (one["Region"], one.get("DestinationRegion"), one["Type"]) == ("cn-beijing", None, "vpc")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("0.0.0.0/0", "everybody"),
        ("10.0.0.0/8,::/0", "everybody"),
        ("10.0.0.0/8; rm -rf", "no address range"),
        ("10.0.0.0/40", "no address range"),
        ("", "no address"),
    ],
)
def test_what_must_not_go_into_a_firewall(parrot: Any, finish: Finish, said: str, words: str) -> None:
    parrot.says({"IpList": said})
    with pytest.raises(BadReply, match=words):
        finish(listing())


@pytest.mark.parametrize(
    ("changes", "word"), [({"network": "pigeon"}, "network"), ({"job_type": "MOVE"}, "job_type")]
)
def test_a_question_refused(cloud: Any, finish: Finish, changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        finish(listing(**changes))
    assert not cloud.calls


def test_the_log_of_an_etl_job(parrot: Any, finish: Finish, heard: list[str]) -> None:
    line = {
        "LogDatetime": "1637306503000",
        "Status": "INFO",
        "ContentKey": "DTS-ETL",
        "Content": "Starting\n2",
    }
    parrot.says({"etlRunningLogs": [line, {"LogDatetime": "9" * 30, "Content": None}]})
    first, second = finish(DtsDescribeEtlLogOperator(task_id="t", dts_job_id="j"))
    assert first == {
        "instant": "2021-11-19T07:21:43+00:00",
        "level": "INFO",
        "module": "DTS-ETL",
        "text": "Starting\n2",
    }
    assert second == {"instant": "", "level": "", "module": "", "text": ""}
    assert "2021-11-19T07:21:43+00:00 INFO DTS-ETL: Starting 2" in heard
    with pytest.raises(ConfigError, match="dts_job_id"):
        finish(DtsDescribeEtlLogOperator(task_id="t", dts_job_id="None"))


def test_the_log_of_a_job_without_etl(cloud: Any, finish: Finish) -> None:
    assert finish(DtsDescribeEtlLogOperator(task_id="t", dts_job_id=cloud.buy())) == []
