from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts._compat import Connection
from airflow_dts.errors import ConfigError
from airflow_dts.hooks.endpoints import ENGINES, endpoint_fields

pytestmark = pytest.mark.airflow


def database(extra: dict[str, Any], **fields: Any) -> Connection:
    given = {
        "conn_id": "shop",
        "conn_type": "mysql",
        "host": "db.example.com",
        "port": 3306,
        "login": "dts",
        "password": "of-the-database",
        "schema": "shop",
        **fields,
    }
    return Connection(**given, extra=json.dumps({"charset": "utf8", **extra}))


def test_self_managed() -> None:
    assert endpoint_fields("source", database({"instance_type": "OTHER"}), None) == {
        "source_endpoint_engine_name": "MYSQL",
        "source_endpoint_ip": "db.example.com",
        "source_endpoint_port": 3306,
        "source_endpoint_user_name": "dts",
        "source_endpoint_password": "of-the-database",
        "source_endpoint_instance_type": "OTHER",
    }


def test_a_cloud_database_is_reached_by_its_id() -> None:
    facts = endpoint_fields(
        "destination",
        database(
            {"instance_type": "RDS", "instance_id": "rm-1", "region_id": "cn-hangzhou"}, conn_type="postgres"
        ),
        None,
    )
    assert "destination_endpoint_ip" not in facts
    assert "destination_endpoint_port" not in facts
    assert facts["destination_endpoint_instance_id"] == "rm-1"
    assert facts["destination_endpoint_database_name"] == "shop"
    assert facts["destination_endpoint_engine_name"] == "POSTGRESQL"


def test_explicit_facts_win() -> None:
    facts = endpoint_fields(
        "source",
        database({"instance_type": "RDS"}),
        {"instance_type": "ECS", "port": "3307", "engine": "ORACLE"},
    )
    assert facts["source_endpoint_instance_type"] == "ECS"
    assert facts["source_endpoint_port"] == "3307"
    assert facts["source_endpoint_engine_name"] == "ORACLE"
    assert "source_endpoint_ip" not in facts


@pytest.mark.parametrize("conn_type", ENGINES)
def test_engine_by_type_of_connection(conn_type: str) -> None:
    facts = endpoint_fields("source", database({"instance_type": "OTHER"}, conn_type=conn_type), None)
    assert facts["source_endpoint_engine_name"] == ENGINES[conn_type]


@pytest.mark.parametrize(
    ("explicit", "words"),
    [
        ({"password": "hunter2"}, ["source.password", "templated field", "source_conn_id"]),
        ({"Password": "hunter2"}, ["source.Password", "source_conn_id"]),
        ({"instance_typ": "RDS"}, ["source.instance_typ", "did you mean instance_type?"]),
        ({"zzz": "RDS"}, ["source.zzz", "oracle_sid"]),
        ("RDS", ["source", "mapping"]),
    ],
)
def test_refused_with_field_and_remedy(explicit: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        endpoint_fields("source", None, explicit)
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert "hunter2" not in str(refusal.value)
