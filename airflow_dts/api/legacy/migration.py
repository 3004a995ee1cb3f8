"""Older migration actions (seed 6.5.1)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from airflow_dts.api._base import Items, Part, Reply, Struct, Wrapped, unsaid
from airflow_dts.api._fields import Flag, Instant, IntText, Name, Spelled, Text, UnixSeconds
from airflow_dts.api._numbered import Gathers, NumberedTags
from airflow_dts.api._parts import OTHER_ACCOUNT
from airflow_dts.api._rules import Rule, needs
from airflow_dts.api.legacy._parts import (
    CheckItem,
    CopiedTable,
    DefinedObject,
    Endpoint,
    FromSource,
    Increments,
    LegacyAction,
    OfAccount,
    Paged,
    PageReply,
    PrecheckResult,
    Repeatable,
    SynchronousObject,
    TableDetail,
    Tag,
    ToDestination,
    oracle_sid,
)
from airflow_dts.api.legacy.objects import MigrationObjectText, MigrationReservedText
from airflow_dts.api.readings import Phase

# --- buy, configure, start, suspend, stop, release --------------------------------------------------------

MigrationClass = Annotated[Literal["small", "medium", "large", "xlarge", "2xlarge"], Spelled()]
"""Size of an instance; ``2xlarge`` is what the newer API calls ``xxlarge``."""


class CreateMigrationJobReply(Reply):
    """What was bought."""

    migration_job_id: Text = ""


class CreateMigrationJob(LegacyAction[CreateMigrationJobReply], OfAccount, Repeatable):
    """Buy a migration instance. Seed 6.5.1.1."""

    section = "6.5.1.1"

    migration_job_class: MigrationClass
    region: Name
    """Region of the target and of the instance; ``region_id`` is to be withdrawn from this action."""


SourceType = Annotated[
    Literal["RDS", "ECS", "LocalInstance", "Express", "dg", "cen", "MongoDB", "POLARDB", "PolarDB_o"],
    Spelled(),
]
SourceEngine = Annotated[
    Literal[
        "MySQL", "TiDB", "SQLServer", "PostgreSQL", "Oracle", "MongoDB", "Redis", "POLARDB", "polardb_pg",
    ],
    Spelled(),
]  # fmt: skip
DestinationType = Annotated[
    Literal[
        "ECS", "LocalInstance", "RDS", "DRDS", "MongoDB", "Redis", "PetaData", "POLARDB", "PolarDB_o",
        "AnalyticDB", "Greenplum",
        # Conditions of the page name them, its list does not.
        "OceanBase", "Express",
    ],
    Spelled(),
]  # fmt: skip
DestinationEngine = Annotated[
    Literal[
        "MySQL", "DRDS", "SQLServer", "PostgreSQL", "PPAS", "MongoDB", "Redis", "POLARDB", "polardb_pg",
        # The condition of DestinationEndpoint.OracleSID names it, the list does not.
        "Oracle",
    ],
    Spelled(),
]  # fmt: skip

_WITH_ENGINE = ("RDS", "POLARDB", "ECS", "LocalInstance", "Express")
_BY_ADDRESS = ("LocalInstance", "Express")
_BY_PORT = ("ECS", "LocalInstance", "Express")
_SOURCES_WITH_ID = ("RDS", "ECS", "Express", "MongoDB", "POLARDB", "PolarDB_o")
_TARGETS_WITH_ID = (
    "RDS", "ECS", "MongoDB", "Redis", "DRDS", "PetaData", "OceanBase", "POLARDB", "PolarDB_o", "AnalyticDB",
    "Greenplum",
)  # fmt: skip


class ConfigureMigrationJob(LegacyAction[Reply], OfAccount, FromSource, ToDestination):
    """Say what a bought migration moves, from where to where; it then starts by itself. Seed 6.5.1.2."""

    section = "6.5.1.2"

    migration_job_id: Name
    migration_job_name: Annotated[str, Field(min_length=1, max_length=32)]
    """At most 32 characters; need not be unique."""
    migration_object: MigrationObjectText
    """The objects; see ``MigrationObject``."""
    # The service spells two of the three wrong, in this action only.
    structure_initialization: Annotated[bool, Field(alias="MigrationMode.StructureIntialization")]
    data_initialization: Annotated[bool, Field(alias="MigrationMode.DataIntialization")]
    """Run the full load."""
    data_synchronization: Annotated[bool, Field(alias="MigrationMode.DataSynchronization")]
    """Run the incremental phase."""
    source_endpoint_instance_type: Annotated[SourceType, Field(alias="SourceEndpoint.InstanceType")]
    """LocalInstance is a database with a public address, Express one behind a leased line."""
    source_endpoint_instance_id: Annotated[Name | None, Field(alias="SourceEndpoint.InstanceID")] = None
    """The cloud database; for ECS the machine, for Express the VPC."""
    source_endpoint_engine_name: Annotated[SourceEngine | None, Field(alias="SourceEndpoint.EngineName")] = (
        None
    )
    source_endpoint_region: Annotated[Name | None, Field(alias="SourceEndpoint.Region")] = None
    """For LocalInstance ``cn-hangzhou`` or the nearest region."""
    source_endpoint_oracle_sid: Annotated[Name | None, Field(alias="SourceEndpoint.OracleSID")] = None
    """Oracle without RAC only."""
    destination_endpoint_instance_type: Annotated[
        DestinationType, Field(alias="DestinationEndpoint.InstanceType")
    ]
    destination_endpoint_instance_id: Annotated[
        Name | None, Field(alias="DestinationEndpoint.InstanceID")
    ] = None
    """The cloud database; for ECS the machine."""
    destination_endpoint_engine_name: Annotated[
        DestinationEngine | None, Field(alias="DestinationEndpoint.EngineName")
    ] = None
    destination_endpoint_region: Annotated[Name | None, Field(alias="DestinationEndpoint.Region")] = None
    """For LocalInstance ``cn-hangzhou`` or the nearest region."""
    destination_endpoint_oracle_sid: Annotated[Name | None, Field(alias="DestinationEndpoint.OracleSID")] = (
        None
    )
    """Oracle without RAC only."""
    migration_reserved: MigrationReservedText | None = None
    """Further settings; see ``MigrationReserved``."""
    checkpoint: UnixSeconds | None = None
    """Where the incremental phase starts, in Unix seconds."""

    rules = (
        # The page gives no condition for the id and names the target's type in that of the source's engine.
        # The vendor's SDK has the first; the second can only mean the source's own type.
        needs(
            "source_endpoint_instance_id",
            when={"source_endpoint_instance_type": _SOURCES_WITH_ID},
            hint="the cloud database, ECS machine or VPC",
        ),
        needs("source_endpoint_engine_name", when={"source_endpoint_instance_type": _WITH_ENGINE}),
        needs("source_endpoint_ip", when={"source_endpoint_instance_type": _BY_ADDRESS}),
        needs("source_endpoint_port", when={"source_endpoint_instance_type": _BY_PORT}),
        needs(
            "source_endpoint_database_name",
            when={"source_endpoint_engine_name": ("PostgreSQL", "MongoDB")},
        ),
        oracle_sid("source"),
        OTHER_ACCOUNT,
        needs(
            "destination_endpoint_instance_id",
            when={"destination_endpoint_instance_type": _TARGETS_WITH_ID},
            hint="the cloud database or ECS machine",
        ),
        needs("destination_endpoint_engine_name", when={"destination_endpoint_instance_type": _WITH_ENGINE}),
        needs("destination_endpoint_ip", when={"destination_endpoint_instance_type": _BY_ADDRESS}),
        needs("destination_endpoint_port", when={"destination_endpoint_instance_type": _BY_PORT}),
        needs(
            "destination_endpoint_database_name",
            when={"destination_endpoint_engine_name": ("PostgreSQL", "DRDS", "MongoDB")},
        ),
        oracle_sid("destination"),
        Rule(
            "name the schema of every object for a SQL Server or PostgreSQL source",
            lambda action: action.migration_object.check_source(action.source_endpoint_engine_name),
        ),
        Rule(
            "give the keys of every listed table for an AnalyticDB target",
            lambda action: action.migration_object.check_target(action.destination_endpoint_instance_type),
        ),
    )


class _OneJob(LegacyAction[Reply], OfAccount):
    migration_job_id: Name


class StartMigrationJob(_OneJob):
    """Start a migration, or let it go on. Seed 6.5.1.3."""

    section = "6.5.1.3"


class SuspendMigrationJob(_OneJob, Repeatable):
    """Pause a migration, at most 6 hours once the incremental phase has begun. Seed 6.5.1.4."""

    section = "6.5.1.4"


class StopMigrationJob(_OneJob, Repeatable):
    """End a migration for good; suspend it if it should go on. Seed 6.5.1.8."""

    section = "6.5.1.8"


class DeleteMigrationJob(_OneJob):
    """Release a migration instance for good. Seed 6.5.1.9."""

    section = "6.5.1.9"


# --- read -------------------------------------------------------------------------------------------------


class ListedEndpoint(Endpoint):
    """One side of a migration in a listing."""

    instance_id: Annotated[Text, Field(alias="InstanceID")] = ""
    database_name: Text = ""
    oracle_sid: Annotated[Text, Field(alias="OracleSID")] = ""
    """Only for Oracle."""


class ListedPhase(Phase):
    """How far one phase has come; its status begins with a small letter in this action only."""

    status: Annotated[Text, Field(alias="status")] = ""


class ListedIncrements(Increments):
    """The incremental phase; ``Catched`` when nothing is left to apply."""

    status: Annotated[Text, Field(alias="status")] = ""


class MigrationMode(Struct):
    """Which phases a migration runs."""

    structure_initialization: Flag = None
    data_initialization: Flag = None
    """The full load."""
    data_synchronization: Flag = None
    """The incremental phase."""


class MigrationJob(Struct):
    """One migration in a listing."""

    migration_job_id: Annotated[Text, Field(alias="MigrationJobID")] = ""
    migration_job_name: Text = ""
    migration_job_class: Text = ""
    migration_job_status: Text = ""
    """``NotStarted``, ``Prechecking``, ``PrecheckFailed``, ``Migrating``, ``Suspending`` or
    ``MigrationFailed``; ``Finished`` is the vendor SDK's."""
    pay_type: Text = ""
    """``PostPaid``."""
    migration_mode: Part[MigrationMode] = unsaid()
    migration_object: Annotated[Items[SynchronousObject], Wrapped("SynchronousObject")] = ()
    precheck: Part[PrecheckResult] = unsaid()
    structure_initialization: Part[ListedPhase] = unsaid()
    data_initialization: Part[ListedPhase] = unsaid()
    """The full load."""
    data_synchronization: Part[ListedIncrements] = unsaid()
    source_endpoint: Part[ListedEndpoint] = unsaid()
    destination_endpoint: Part[ListedEndpoint] = unsaid()
    instance_create_time: Instant = None
    job_create_time: Instant = None
    tags: Annotated[Items[Tag], Wrapped("Tag")] = ()


class DescribeMigrationJobsReply(PageReply):
    """One page of migrations."""

    migration_jobs: Annotated[Items[MigrationJob], Wrapped("MigrationJob")] = ()


class DescribeMigrationJobs(LegacyAction[DescribeMigrationJobsReply], OfAccount, Paged, Gathers):
    """List migrations with their phases. Seed 6.5.1.5."""

    section = "6.5.1.5"
    changes_state = False

    migration_job_name: Name | None = None
    """Only names that contain this."""
    tags: Annotated[NumberedTags | None, Field(alias="Tag")] = None
    """Only migrations with these tags (vendor's SDK)."""


class MigratedTable(CopiedTable):
    """A table in the full load."""

    migration_time: Text = ""
    """What it took; the unit is not stated."""


class MigratedObject(DefinedObject):
    """A table, index, view or the like in the structure phase."""

    constraint_list: Annotated[Items[DefinedObject], Wrapped("StructureInitializationDetail")] = ()
    """Indexes, foreign keys and the like; only of tables."""


class DescribeMigrationJobDetailReply(PageReply):
    """One page of objects, by phase."""

    structure_initialization_detail_list: Annotated[
        Items[MigratedObject], Wrapped("StructureInitializationDetail")
    ] = ()
    data_initialization_detail_list: Annotated[Items[MigratedTable], Wrapped("DataInitializationDetail")] = ()
    data_synchronization_detail_list: Annotated[Items[TableDetail], Wrapped("DataSynchronizationDetail")] = ()


class DescribeMigrationJobDetail(LegacyAction[DescribeMigrationJobDetailReply], OfAccount, Repeatable, Paged):
    """Tell how far each object of a migration has come, in the phases asked for. Seed 6.5.1.6."""

    section = "6.5.1.6"
    changes_state = False

    migration_job_id: Name
    structure_initialization: Annotated[bool | None, Field(alias="MigrationMode.StructureInitialization")] = (
        None
    )
    """Tell of the structure; false when left out, as with the other two: then nothing is told."""
    data_initialization: Annotated[bool | None, Field(alias="MigrationMode.DataInitialization")] = None
    """Tell of the full load."""
    data_synchronization: Annotated[bool | None, Field(alias="MigrationMode.DataSynchronization")] = None
    """Tell of the incremental phase."""


class ChosenPhases(MigrationMode):
    """Which phases a migration runs; these keys begin with a small letter in this action only."""

    model_config = ConfigDict(alias_generator=to_camel)


class StatusEndpoint(Endpoint):
    """One side of a migration."""

    database_name: Text = ""
    oracle_sid: Annotated[Text, Field(alias="oracleSID")] = ""
    """Only for Oracle."""


class CheckpointedIncrements(Increments):
    """The incremental phase; ``Catched`` when nothing is left to apply."""

    checkpoint: IntText = None
    """Newest change that was moved, in Unix seconds."""


class Precheck(PrecheckResult):
    """How far the precheck has come, and its items."""

    detail: Annotated[Items[CheckItem], Wrapped("CheckItem")] = ()


class DescribeMigrationJobStatusReply(Reply):
    """One migration and its phases."""

    task_id: Text = ""
    """The instance id without ``dts``."""
    migration_job_id: Text = ""
    migration_job_name: Text = ""
    migration_job_class: Text = ""
    migration_job_status: Text = ""
    """As in ``MigrationJob``."""
    pay_type: Text = ""
    """``PostPaid``."""
    migration_mode: Part[ChosenPhases] = unsaid()
    migration_object: Text = ""
    """The objects as JSON text; ``MigrationObject.parse`` reads it."""
    precheck_status: Part[Precheck] = unsaid()
    structure_initialization_status: Part[Phase] = unsaid()
    data_initialization_status: Part[Phase] = unsaid()
    """The full load."""
    data_synchronization_status: Part[CheckpointedIncrements] = unsaid()
    source_endpoint: Part[StatusEndpoint] = unsaid()
    destination_endpoint: Part[StatusEndpoint] = unsaid()


class DescribeMigrationJobStatus(LegacyAction[DescribeMigrationJobStatusReply], OfAccount, Repeatable):
    """Tell how far a migration has come, and what its precheck found. Seed 6.5.1.7."""

    section = "6.5.1.7"
    changes_state = False

    migration_job_id: Name
