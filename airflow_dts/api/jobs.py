"""Configure, start, suspend, stop, reset, release and change jobs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from airflow_dts.api._base import Action, CodedReply, Reply
from airflow_dts.api._fields import ClientToken, Direction, Ids, JsonText, Name, Spelled, Text
from airflow_dts.api._parts import (
    ALARMS,
    OTHER_ACCOUNT,
    Configured,
    ConfigureReply,
    FromSource,
    ToDestination,
    oracle_sid,
)
from airflow_dts.api._rules import Rule, at_least_one, needs
from airflow_dts.api.objects import DbListText, Reserve

# Below, names after a comment come from the vendor's SDK; the seed does not list them.
SourceInstanceType = Annotated[
    Literal[
        "RDS", "PolarDB", "POLARDBX20", "MONGODB", "DISTRIBUTED_DMSLOGICDB", "REDIS",
        "OTHER", "ECS", "EXPRESS", "CEN", "DG",
        # SDK
        "DISTRIBUTED_POLARDBX10", "ADS", "LINDORM",
    ],
    Spelled(),
]  # fmt: skip
DestinationInstanceType = Annotated[
    Literal[
        "RDS", "PolarDB", "POLARDBX20", "ADS", "MONGODB", "GREENPLUM", "DATAHUB", "REDIS",
        "OTHER", "ECS", "EXPRESS", "CEN", "DG",
        # SDK
        "DISTRIBUTED_POLARDBX10", "ROCKETMQ", "ELK", "Tablestore", "ODPS", "LINDORM",
    ],
    Spelled(),
]  # fmt: skip
SourceEngine = Annotated[
    Literal[
        "MYSQL", "POLARDB", "POLARDB_O", "POLARDBX20", "ORACLE", "POSTGRESQL", "MSSQL", "MONGODB", "DB2",
        "AS400", "DMSPOLARDB", "HBASE", "TERADATA", "REDIS",
        # SDK
        "MARIADB", "POLARDBX10", "TiDB", "LINDORM",
    ],
    Spelled(),
]  # fmt: skip
DestinationEngine = Annotated[
    Literal[
        "MYSQL", "PolarDB", "POLARDB_O", "POLARDBX20", "ORACLE", "PostgreSQL", "MSSQL", "ADS", "ADB30",
        "MONGODB", "GREENPLUM", "KAFKA", "DATAHUB", "DB2", "AS400", "REDIS",
        # SDK
        "MARIADB", "POLARDBX10", "TiDB", "LINDORM", "ROCKETMQ", "ODPS", "Tablestore", "ELK",
    ],
    Spelled(),
]  # fmt: skip

_SELF_MANAGED = ("OTHER", "ECS", "EXPRESS", "CEN", "DG")
_BY_ADDRESS = ("OTHER", "EXPRESS", "DG", "CEN")
_CLOUD_SOURCES = (
    "RDS", "PolarDB", "POLARDBX20", "MONGODB", "DISTRIBUTED_DMSLOGICDB", "REDIS",
    "DISTRIBUTED_POLARDBX10", "ADS", "LINDORM",
)  # fmt: skip
_CLOUD_TARGETS = (
    "RDS", "PolarDB", "POLARDBX20", "ADS", "MONGODB", "GREENPLUM", "DATAHUB", "REDIS",
    "DISTRIBUTED_POLARDBX10", "ROCKETMQ", "ELK", "Tablestore", "ODPS", "LINDORM",
)  # fmt: skip
_WITH_ID = ("ECS", "DG", "EXPRESS", "CEN")


def _reserve_faults(action: ConfigureDtsJob) -> Collection[str]:
    return (action.reserve or Reserve()).check(
        action.source_endpoint_instance_type,
        action.source_endpoint_engine_name,
        action.destination_endpoint_instance_type,
        action.destination_endpoint_engine_name,
    )


class ConfigureDtsJob(Action[ConfigureReply], Configured, FromSource, ToDestination):
    """Say what a bought migration or synchronization moves, from where to where. Seed 6.4.2."""

    section = "6.4.2"

    job_type: Annotated[Literal["MIGRATION", "SYNC", "CHECK"], Spelled()]
    """CHECK, a comparison of data alone, is the vendor SDK's."""
    structure_initialization: bool
    data_initialization: bool
    """Run the full load."""
    data_synchronization: bool
    """Run the incremental phase."""
    source_endpoint_instance_type: SourceInstanceType
    """OTHER is a database with a public address, EXPRESS one behind a leased line."""
    source_endpoint_engine_name: SourceEngine | None = None
    """MYSQL when left out."""
    destination_endpoint_instance_type: DestinationInstanceType
    destination_endpoint_engine_name: DestinationEngine | None = None
    """MYSQL when left out."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""

    rules = (
        at_least_one("dts_job_id", "dts_instance_id"),
        needs(
            "source_endpoint_instance_id",
            when={"source_endpoint_instance_type": _CLOUD_SOURCES + _WITH_ID},
            hint="the cloud database, ECS machine, gateway or VPC",
        ),
        needs("source_endpoint_region", when={"source_endpoint_instance_type": _CLOUD_SOURCES}),
        needs("source_endpoint_ip", when={"source_endpoint_instance_type": _BY_ADDRESS}),
        needs("source_endpoint_port", when={"source_endpoint_instance_type": _SELF_MANAGED}),
        needs(
            "source_endpoint_database_name",
            when={
                "source_endpoint_engine_name": ("POLARDB_O", "POSTGRESQL", "MONGODB"),
                "source_endpoint_instance_type": "MONGODB",
            },
        ),
        oracle_sid("source", "ORACLE"),
        OTHER_ACCOUNT,
        needs(
            "destination_endpoint_instance_id",
            when={"destination_endpoint_instance_type": _CLOUD_TARGETS + _WITH_ID},
            hint="the cloud database, ECS machine, gateway or VPC",
        ),
        needs("destination_endpoint_region", when={"destination_endpoint_instance_type": _CLOUD_TARGETS}),
        needs("destination_endpoint_ip", when={"destination_endpoint_instance_type": _BY_ADDRESS}),
        needs("destination_endpoint_port", when={"destination_endpoint_instance_type": _SELF_MANAGED}),
        needs(
            "destination_endpoint_database_name",
            when={
                "destination_endpoint_engine_name": ("POLARDB_O", "GREENPLUM", "PostgreSQL", "MONGODB"),
                "destination_endpoint_instance_type": ("GREENPLUM", "MONGODB"),
            },
        ),
        oracle_sid("destination", "ORACLE"),
        ALARMS,
        Rule("give the keys of reserve that the endpoints need", _reserve_faults),
        Rule(
            "list every table with its keys for an AnalyticDB target",
            lambda action: action.db_list.check_target(action.destination_endpoint_engine_name),
        ),
    )


class _OneJob(Action[Reply]):
    dts_job_id: Name
    dts_instance_id: Name | None = None
    """The job's instance; the job id alone is enough."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""


class _ManyJobs(Action[Reply]):
    dts_job_ids: Ids


class StartDtsJob(_OneJob):
    """Start a job, or let it go on. Seed 6.4.4."""

    section = "6.4.4"


class StartDtsJobs(_ManyJobs):
    """Start migrations or synchronizations. Seed 6.4.5."""

    section = "6.4.5"


class SuspendDtsJob(_OneJob):
    """Pause a job; starting it lets it go on. Seed 6.4.11."""

    section = "6.4.11"


class SuspendDtsJobs(_ManyJobs):
    """Pause migrations or synchronizations. Seed 6.4.12."""

    section = "6.4.12"


class StopDtsJob(_OneJob):
    """End a job for good; suspend it if it should go on. Seed 6.4.13."""

    section = "6.4.13"


class StopDtsJobs(_ManyJobs):
    """End migrations or synchronizations for good. Seed 6.4.14."""

    section = "6.4.14"


class ResetDtsJob(_OneJob):
    """Forget the configuration of a synchronization or subscription; it is still paid for. Seed 6.4.10."""

    section = "6.4.10"


class DeleteDtsJob(_OneJob):
    """Release a job's instance. Seed 6.4.15."""

    section = "6.4.15"


class DeleteDtsJobs(_ManyJobs):
    """Release the instances of jobs. Seed 6.4.16."""

    section = "6.4.16"

    dts_job_ids: Annotated[Ids, Field(max_length=10)]
    """At most 10 (vendor's SDK)."""


class ModifyDtsJobReply(Reply):
    """The job that was changed."""

    dts_job_id: Text = ""
    status: Text = ""
    """Status code such as 200, which other replies call HttpStatusCode."""


class ModifyDtsJob(Action[ModifyDtsJobReply]):
    """Replace the objects of a synchronization. Seed 6.4.9.1."""

    section = "6.4.9.1"

    dts_instance_id: Name
    db_list: DbListText | None = None
    """All objects from now on, old ones included."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""
    client_token: ClientToken | None = None
    etl_operator_column_reference: JsonText | None = None
    """Operator columns, for the T+1 business only."""


class ModifyDtsJobName(Action[CodedReply]):
    """Rename a job; names need not be unique. Seed 6.4.9.4."""

    section = "6.4.9.4"

    dts_job_id: Name
    dts_job_name: Name


class ModifyDtsJobPassword(Action[CodedReply]):
    """Tell a job the new password of an endpoint's account. Seed 6.4.9.3."""

    section = "6.4.9.3"

    dts_job_id: Name
    endpoint: Annotated[Literal["src", "dest"], Spelled()]
    """Which side."""
    user_name: Name
    password: SecretStr
    """Must differ from the present one."""
