"""What the page of DescribeConnectionStatus says in prose, and where we leave it (seed 6.5.4.2)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from airflow_dts.api.form import from_parameters
from airflow_dts.api.legacy.network import DescribeConnectionStatus

RDS = {
    "SourceEndpointInstanceType": "RDS",
    "DestinationEndpointInstanceType": "RDS",
    "DestinationEndpointEngineName": "MySQL",
}
TARGET_AT = {
    "DestinationEndpointInstanceType": "LocalInstance",
    "DestinationEndpointIP": "10.0.0.1",
    "DestinationEndpointPort": "1521",
    "DestinationEndpointEngineName": "Oracle",
}


def refused(*, given: dict[str, str]) -> str:
    with pytest.raises(ValidationError) as error:
        from_parameters(DescribeConnectionStatus, given)
    return str(error.value)


def test_an_oracle_moves_to_another_engine_without_the_targets_architecture() -> None:
    oracle = {
        "SourceEndpointInstanceType": "LocalInstance",
        "SourceEndpointEngineName": "Oracle",
        "SourceEndpointIP": "10.0.0.1",
        "SourceEndpointPort": "1521",
        "SourceEndpointArchitecture": "SID",
        "SourceEndpointOracleSID": "orcl",
        "DestinationEndpointInstanceType": "PolarDB_o",
        "DestinationEndpointDatabaseName": "shop",
    }
    test = from_parameters(DescribeConnectionStatus, oracle)
    assert (test.source_endpoint_port, test.destination_endpoint_port) == (1521, None)


@pytest.mark.parametrize("side", ["Source", "Destination"])
def test_an_oracle_needs_its_sid_unless_it_is_a_cluster(side: str) -> None:
    oracle = RDS | {f"{side}EndpointEngineName": "Oracle"}
    field = side.lower()
    assert f"give {field}_endpoint_architecture" in refused(given=oracle)
    alone = oracle | {f"{side}EndpointArchitecture": "sid"}
    assert f"give {field}_endpoint_oracle_sid" in refused(given=alone)
    from_parameters(DescribeConnectionStatus, alone | {f"{side}EndpointOracleSID": "orcl"})
    from_parameters(DescribeConnectionStatus, oracle | {f"{side}EndpointArchitecture": "RAC"})


def test_the_targets_port_follows_the_target() -> None:
    at = RDS | TARGET_AT | {"DestinationEndpointArchitecture": "RAC"}
    from_parameters(DescribeConnectionStatus, at)
    del at["DestinationEndpointPort"]
    assert "give destination_endpoint_port" in refused(given=at)


def test_the_small_names_of_a_reply_match_in_any_case() -> None:
    said = {"CONNECTDETAIL": [{"TestName": "Ping ", "testsuccess": "false"}], "ConnectRes": "true"}
    reply = DescribeConnectionStatus.parse_reply({"SourceConnectionStatus": said, "Success": "true"})
    status = reply.source_connection_status
    assert (status.connect_res, status.connect_detail[0].test_name) == (True, "Ping ")
    assert status.connect_detail[0].test_success is False
    assert not reply.destination_connection_status
