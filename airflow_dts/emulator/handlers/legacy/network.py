"""From where the service calls databases, and whether it reaches them (seed 6.5.4)."""

from __future__ import annotations

from airflow_dts.api.legacy.network import (
    ConnectionStatus,
    ConnectionTest,
    DescribeConnectionStatus,
    DescribeConnectionStatusReply,
    DescribeDTSIP,
    DescribeDTSIPReply,
)
from airflow_dts.emulator import connecting
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.handlers.legacy._ends import newer_type, side
from airflow_dts.emulator.network import ADDRESSES


@handles(DescribeDTSIP)
def list_addresses(_desk: Desk, _action: DescribeDTSIP) -> DescribeDTSIPReply:
    """The same as WhiteIpList tells, whatever the regions. Seed 6.5.4.1."""
    return DescribeDTSIPReply(dynamic_message=ADDRESSES)


@handles(DescribeConnectionStatus)
def test_connections(desk: Desk, action: DescribeConnectionStatus) -> DescribeConnectionStatusReply:
    """The name has to be bound (Ping), lead to a server (Telnet), and its databases open. Seed 6.5.4.2."""
    return DescribeConnectionStatusReply(
        source_connection_status=_tested(
            desk, action, "source", action.source_endpoint_instance_type, action.source_endpoint_engine_name
        ),
        destination_connection_status=_tested(
            desk,
            action,
            "destination",
            action.destination_endpoint_instance_type,
            action.destination_endpoint_engine_name,
        ),
    )


def _tested(
    desk: Desk, action: DescribeConnectionStatus, which: str, kind: str, engine: str | None
) -> ConnectionStatus:
    end = side(action, which, instance_type=newer_type(kind), engine="")
    # For MongoDB it is the database that knows the account.
    database = end.database if which == "source" and engine != "MongoDB" else ""
    verdict = connecting.attempt(which, end, desk.store.bindings(), database)
    tests = {
        f"{engine or kind} JDBC Connect": verdict.opens,
        "Ping": verdict.known,
        "Telnet": verdict.answers,
    }
    return ConnectionStatus(
        connect_detail=[ConnectionTest(test_name=name, test_success=ok) for name, ok in tests.items()],
        connect_res=verdict.opens,
        connect_advice=verdict.advice,
    )
