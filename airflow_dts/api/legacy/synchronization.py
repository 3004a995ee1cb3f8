"""Older synchronization actions (seed 6.5.2)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from airflow_dts.api._base import Reply, Wire
from airflow_dts.api._fields import Direction, Name, PayType, Period, Port, Spelled, Text, UnixSeconds
from airflow_dts.api._parts import OTHER_ACCOUNT
from airflow_dts.api._rules import Rule, needs, rule
from airflow_dts.api.legacy._parts import (
    FromSource,
    LegacyAction,
    OfAccount,
    OfSynchronization,
    Repeatable,
    ToDestination,
    Unwrapping,
)
from airflow_dts.api.legacy.objects import MigrationReservedText, SynchronizationObjectsText


class CreateSynchronizationJobReply(Reply):
    """What was bought."""

    synchronization_job_id: Text = ""


class CreateSynchronizationJob(LegacyAction[CreateSynchronizationJobReply], OfAccount, Repeatable):
    """Buy a synchronization instance. Seed 6.5.2.1."""

    section = "6.5.2.1"

    source_region: Name
    dest_region: Name
    """The same as ``source_region`` when that is Hong Kong or outside China."""
    synchronization_job_class: Annotated[Literal["micro", "small", "medium", "large"], Spelled()]
    pay_type: PayType
    period: Period | None = None
    """Unit of ``used_time``."""
    used_time: Annotated[int, Field(ge=1, le=60)] | None = None
    """Length in periods: 1 to 5 years or 1 to 60 months."""
    topology: Annotated[Literal["oneway", "bidirectional"], Spelled()] | None = None
    """oneway when left out."""
    source_endpoint_instance_type: Annotated[
        Annotated[Literal["MySQL", "PolarDB", "Redis", "DRDS"], Spelled()] | None,
        Field(alias="SourceEndpoint.InstanceType"),
    ] = None
    """MySQL when left out."""
    destination_endpoint_instance_type: Annotated[
        Annotated[Literal["MySQL", "PolarDB", "Redis", "MaxCompute"], Spelled()] | None,
        Field(alias="DestinationEndpoint.InstanceType"),
    ] = None
    """MySQL when left out."""
    network_type: Annotated[Annotated[Literal["Intranet"], Spelled()] | None, Field(alias="networkType")] = (
        None
    )
    """The leased line; there is no other."""
    db_instance_count: Annotated[Annotated[int, Field(ge=1)] | None, Field(alias="DBInstanceCount")] = None
    """RDS instances under a PolarDB-X source."""

    rules = (
        needs("period", "used_time", when={"pay_type": "PrePaid"}),
        rule(
            "used_time must be 1 to 5 when period is Year",
            lambda action: action.period != "Year" or (action.used_time or 1) <= 5,
        ),
        # The page gives a default of 1 all the same, which would buy too little for any larger source.
        needs("db_instance_count", when={"source_endpoint_instance_type": "DRDS"}),
        rule(
            "topology can be bidirectional between MySQL, PolarDB and Redis only",
            lambda action: (
                action.topology != "bidirectional"
                or (
                    action.source_endpoint_instance_type != "DRDS"
                    and action.destination_endpoint_instance_type != "MaxCompute"
                )
            ),
        ),
    )


SourceType = Annotated[Literal["RDS", "Redis", "PolarDB", "ECS", "Express", "dg", "cen"], Spelled()]
DestinationType = Annotated[
    Literal[
        "Redis", "RDS", "PolarDB", "ECS", "Express", "DataHub", "MaxCompute", "AnalyticDB", "Greenplum",
        # Conditions of the page name them, its list does not.
        "dg", "cen",
    ],
    Spelled(),
]  # fmt: skip

_SELF_MANAGED = ("ECS", "Express", "dg", "cen")
_PARTITIONS = ("year", "month", "day", "hour", "minute")


class _Partitions(Wire):
    """By which parts of the time of a change MaxCompute splits its log table."""

    partition_key_modify_time_year: Annotated[bool | None, Field(alias="PartitionKey.ModifyTime_Year")] = None
    partition_key_modify_time_month: Annotated[bool | None, Field(alias="PartitionKey.ModifyTime_Month")] = (
        None
    )
    partition_key_modify_time_day: Annotated[bool | None, Field(alias="PartitionKey.ModifyTime_Day")] = None
    partition_key_modify_time_hour: Annotated[bool | None, Field(alias="PartitionKey.ModifyTime_Hour")] = None
    partition_key_modify_time_minute: Annotated[
        bool | None, Field(alias="PartitionKey.ModifyTime_Minute")
    ] = None


def _partitions_fit(action: Any) -> bool:
    return action.destination_endpoint_instance_type == "MaxCompute" or not any(
        getattr(action, f"partition_key_modify_time_{part}") is not None for part in _PARTITIONS
    )


class ConfigureSynchronizationJob(LegacyAction[Reply], OfAccount, FromSource, ToDestination, _Partitions):
    """Say what a bought synchronization moves, from where to where; it then starts. Seed 6.5.2.2."""

    section = "6.5.2.2"

    synchronization_job_id: Name
    synchronization_job_name: Name | None = None
    """Need not be unique."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""
    synchronization_objects: SynchronizationObjectsText
    """The objects; see ``SynchronizationObjects``."""
    structure_initialization: bool
    data_initialization: bool
    """Run the full load."""
    source_endpoint_instance_type: Annotated[
        SourceType | None, Field(alias="SourceEndpoint.InstanceType")
    ] = None
    """RDS when left out."""
    source_endpoint_instance_id: Annotated[Name | None, Field(alias="SourceEndpoint.InstanceId")] = None
    destination_endpoint_instance_type: Annotated[
        DestinationType | None, Field(alias="DestinationEndpoint.InstanceType")
    ] = None
    """RDS when left out (vendor's SDK)."""
    destination_endpoint_instance_id: Annotated[
        Name | None, Field(alias="DestinationEndpoint.InstanceId")
    ] = None
    """For MaxCompute and DataHub the project, for AnalyticDB MySQL the cluster."""
    migration_reserved: MigrationReservedText | None = None
    """Further settings; see ``MigrationReserved``. Needed between two Redis of the enterprise edition."""
    checkpoint: UnixSeconds | None = None
    """Where the incremental phase starts, in Unix seconds."""

    rules = (
        needs(
            "source_endpoint_ip",
            "source_endpoint_port",
            "source_endpoint_user_name",
            "source_endpoint_password",
            when={"source_endpoint_instance_type": _SELF_MANAGED},
        ),
        OTHER_ACCOUNT,
        # The page leaves ECS out here: the machine's id tells its address.
        needs(
            "destination_endpoint_ip", when={"destination_endpoint_instance_type": ("Express", "dg", "cen")}
        ),
        needs(
            "destination_endpoint_port",
            "destination_endpoint_user_name",
            "destination_endpoint_password",
            when={"destination_endpoint_instance_type": _SELF_MANAGED},
        ),
        rule("leave partition_key_modify_time_... out unless the target is MaxCompute", _partitions_fit),
        Rule(
            "give the keys of every listed table for an AnalyticDB target",
            lambda action: action.synchronization_objects.check_target(
                action.destination_endpoint_instance_type
            ),
        ),
    )


class StartSynchronizationJob(LegacyAction[Reply], OfAccount, OfSynchronization):
    """Start a synchronization, or let it go on. Seed 6.5.2.3."""

    section = "6.5.2.3"


class SuspendSynchronizationJob(LegacyAction[Reply], OfAccount, OfSynchronization):
    """Pause a synchronization, at most 6 hours. Seed 6.5.2.4."""

    section = "6.5.2.4"


class ResetSynchronizationJob(LegacyAction[Reply], OfAccount, OfSynchronization):
    """Forget the configuration of a synchronization; it is still paid for. Seed 6.5.2.5."""

    section = "6.5.2.5"


class ChangeReply(Reply):
    """What carries the change out."""

    task_id: Text = ""
    """The change, for the action that tells how it goes."""


class ModifySynchronizationObject(LegacyAction[ChangeReply], OfAccount, OfSynchronization):
    """Replace the objects of a synchronization. Seed 6.5.2.6."""

    section = "6.5.2.6"

    synchronization_objects: SynchronizationObjectsText
    """All objects from now on, old ones included."""


class SwitchSynchronizationEndpointReply(Unwrapping, ChangeReply):
    """What carries the switch out."""


class SwitchSynchronizationEndpoint(
    LegacyAction[SwitchSynchronizationEndpointReply], OfAccount, OfSynchronization
):
    """Give the new address of a self-managed MySQL that failed over; moving goes on. Seed 6.5.2.8."""

    # A two-way synchronization takes two calls: Forward with Destination, then Reverse with Source.
    section = "6.5.2.8"

    endpoint_type: Annotated[
        Annotated[Literal["Source", "Destination"], Spelled()], Field(alias="Endpoint.Type")
    ]
    """Which side."""
    endpoint_instance_type: Annotated[
        Annotated[Literal["LocalInstance", "ECS", "Express"], Spelled()], Field(alias="Endpoint.InstanceType")
    ]
    endpoint_instance_id: Annotated[Name, Field(alias="Endpoint.InstanceId")]
    """For ECS the machine, for Express the VPC."""
    endpoint_ip: Annotated[Name | None, Field(alias="Endpoint.IP")] = None
    endpoint_port: Annotated[Port, Field(alias="Endpoint.Port")]
    source_endpoint_owner_id: Annotated[Name | None, Field(alias="SourceEndpoint.OwnerID")] = None
    """The account that owns the source, when it is another one."""
    source_endpoint_role: Annotated[Name | None, Field(alias="SourceEndpoint.Role")] = None
    """The role in that account that lets DTS read the source."""

    rules = (needs("endpoint_ip", when={"endpoint_instance_type": "Express"}), OTHER_ACCOUNT)


class ConfigureSynchronizationJobReplicatorCompare(
    LegacyAction[Reply], OfAccount, Repeatable, OfSynchronization
):
    """Match changes by whole rows, for a target that others write to as well. Seed 6.5.2.10."""

    section = "6.5.2.10"

    synchronization_replicator_compare_enable: bool | None = None
    """On or off; the page names no default."""


class DeleteSynchronizationJob(LegacyAction[Reply], OfAccount):
    """Release a synchronization instance for good. Seed 6.5.2.16."""

    section = "6.5.2.16"

    synchronization_job_id: Name
