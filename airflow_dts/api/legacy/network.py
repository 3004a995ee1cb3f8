"""Addresses of DTS and connection tests (seed 6.5.4)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airflow_dts.api._base import Items, Part, Reply, Struct, unsaid
from airflow_dts.api._fields import Flag, Name, Spelled, Text
from airflow_dts.api._parts import AtSource, ToDestination
from airflow_dts.api._rules import Rule, needs, rule
from airflow_dts.api.legacy._parts import LegacyAction


class DescribeDTSIPReply(Reply):
    """Addresses to let in."""

    dynamic_message: Text = ""
    """CIDR blocks, comma-separated; here it is no error text."""


class DescribeDTSIP(LegacyAction[DescribeDTSIPReply]):
    """List the addresses DTS calls from, to let them into a self-managed database. Seed 6.5.4.1."""

    section = "6.5.4.1"
    changes_state = False

    source_endpoint_region: Name
    """For a database on the internet cn-hangzhou or the nearest one."""
    destination_endpoint_region: Name | None = None


class ConnectionTest(Struct):
    """One test of one side; names in small initials."""

    test_name: Annotated[Text, Field(alias="testName")] = ""
    """Such as ``Ping`` or ``Telnet``; a blank may follow."""
    test_success: Annotated[Flag, Field(alias="testSuccess")] = None


class ConnectionStatus(Struct):
    """Whether one side can be reached; names in small initials."""

    connect_detail: Annotated[Items[ConnectionTest], Field(alias="connectDetail")] = ()
    connect_res: Annotated[Flag, Field(alias="connectRes")] = None
    """The verdict; true although a ping fails when the database itself answers."""
    connect_advice: Annotated[Text, Field(alias="connectAdvice")] = ""


class DescribeConnectionStatusReply(Reply):
    """Whether both sides can be reached."""

    source_connection_status: Part[ConnectionStatus] = unsaid()
    destination_connection_status: Part[ConnectionStatus] = unsaid()


Architecture = Annotated[Literal["SID", "RAC"], Spelled()]
"""An Oracle without (SID) or with cluster (RAC)."""


def _sid(side: str) -> Rule:
    return rule(
        f"give {side}_endpoint_oracle_sid when {side}_endpoint_engine_name is Oracle; with a cluster give"
        f" {side}_endpoint_architecture as RAC instead",
        lambda action: (
            getattr(action, f"{side}_endpoint_engine_name") != "Oracle"
            or getattr(action, f"{side}_endpoint_architecture") == "RAC"
            or getattr(action, f"{side}_endpoint_oracle_sid")
        ),
    )


class DescribeConnectionStatus(LegacyAction[DescribeConnectionStatusReply], AtSource, ToDestination):
    """Test whether DTS reaches source and target, before anything is bought. Seed 6.5.4.2."""

    # The table calls both architectures and the target's SID required, its notes call them optional, to be
    # given for an Oracle; so do the vendor's SDKs. The notes on the target's architecture and port are
    # copies that still name the source: its own engine and kind decide, or no Oracle could be moved to
    # another engine. The target's lists lack Oracle and Express, but its notes name them.

    section = "6.5.4.2"
    changes_state = False

    source_endpoint_instance_type: Annotated[
        Literal["RDS", "LocalInstance", "ECS", "Express", "dg", "MongoDB", "POLARDB", "PolarDB_o"], Spelled()
    ]
    """LocalInstance is a database with a public address."""
    source_endpoint_engine_name: (
        Annotated[
            Literal["MySQL", "TiDB", "SQLServer", "PostgreSQL", "Oracle", "MongoDB", "Redis"], Spelled()
        ]
        | None
    ) = None
    """MySQL when left out."""
    source_endpoint_architecture: Architecture | None = None
    destination_endpoint_instance_type: Annotated[
        Literal[
            "ECS", "LocalInstance", "Express", "RDS", "DRDS", "MongoDB", "Redis", "PetaData", "POLARDB",
            "PolarDB_o", "AnalyticDB", "Greenplum",
        ],
        Spelled(),
    ]  # fmt: skip
    """LocalInstance is a database with a public address."""
    destination_endpoint_engine_name: (
        Annotated[
            Literal["MySQL", "DRDS", "SQLServer", "PostgreSQL", "PPAS", "Oracle", "MongoDB", "Redis"],
            Spelled(),
        ]
        | None
    ) = None
    destination_endpoint_architecture: Architecture | None = None
    destination_endpoint_database_name: Name | None = None
    """The database that receives the objects; spelled with a small b in this action."""

    rules = (
        needs("source_endpoint_ip", when={"source_endpoint_instance_type": ("LocalInstance", "Express")}),
        needs(
            "source_endpoint_port",
            when={"source_endpoint_instance_type": ("ECS", "LocalInstance", "Express")},
        ),
        needs("source_endpoint_architecture", when={"source_endpoint_engine_name": "Oracle"}),
        _sid("source"),
        needs(
            "source_endpoint_database_name",
            when={
                "source_endpoint_engine_name": ("PostgreSQL", "MongoDB"),
                "source_endpoint_instance_type": "PolarDB_o",
            },
        ),
        needs(
            "destination_endpoint_engine_name",
            when={"destination_endpoint_instance_type": ("RDS", "DRDS", "ECS", "LocalInstance", "Express")},
        ),
        needs(
            "destination_endpoint_ip",
            when={"destination_endpoint_instance_type": ("LocalInstance", "Express")},
        ),
        needs(
            "destination_endpoint_port",
            when={"destination_endpoint_instance_type": ("ECS", "LocalInstance", "Express")},
        ),
        needs("destination_endpoint_architecture", when={"destination_endpoint_engine_name": "Oracle"}),
        _sid("destination"),
        needs(
            "destination_endpoint_database_name",
            when={
                "destination_endpoint_engine_name": ("PostgreSQL", "DRDS", "MongoDB"),
                "destination_endpoint_instance_type": "PolarDB_o",
            },
        ),
    )
