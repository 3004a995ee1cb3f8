"""Read synchronizations by the older API (seed 6.5.2)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated

from pydantic import AwareDatetime, Field, PlainSerializer

from airflow_dts.api._base import Items, Part, Reply, Struct, unsaid
from airflow_dts.api._fields import (
    Flag,
    Flow,
    Instant,
    Int,
    IntText,
    JsonIds,
    Name,
    Number,
    Otherwise,
    PageNumber,
    PageSize,
    Text,
)
from airflow_dts.api._numbered import Gathers, NumberedTags
from airflow_dts.api.legacy._parts import (
    CheckItem,
    CopiedTable,
    DefinedObject,
    Endpoint,
    Increments,
    LegacyAction,
    OfAccount,
    OfSynchronization,
    Paged,
    PageReply,
    PrecheckResult,
    Repeatable,
    TableDetail,
    Tag,
    Unwrapping,
)
from airflow_dts.api.readings import Phase


class Precheck(PrecheckResult):
    """How far the precheck has come, and its items."""

    detail: Items[CheckItem] = ()


class DescribeSynchronizationObjectModifyStatusReply(Reply):
    """A change of objects and its phases."""

    status: Text = ""
    """``NotStarted``, ``Prechecking``, ``PrecheckFailed``, ``Migrating``, ``Failed`` or ``Finished``."""
    error_message: Text = ""
    """Why the change failed; ``err_message`` is why the call did."""
    precheck_status: Part[Precheck] = unsaid()
    structure_initialization_status: Part[Phase] = unsaid()
    data_initialization_status: Part[Phase] = unsaid()
    """The full load."""
    data_synchronization_status: Part[Increments] = unsaid()
    """Announced for removal."""


class DescribeSynchronizationObjectModifyStatus(
    LegacyAction[DescribeSynchronizationObjectModifyStatusReply], OfAccount, Repeatable
):
    """Tell how far a change of objects has come. Seed 6.5.2.7."""

    section = "6.5.2.7"
    changes_state = False

    task_id: Name
    """What ModifySynchronizationObject answered."""


class DescribeEndpointSwitchStatusReply(Unwrapping):
    """A change of address."""

    status: Text = ""
    """``NotStarted``, ``Initializing``, ``Switching``, ``Failed`` or ``Finished``."""
    error_message: Text = ""
    """Withdrawn."""


class DescribeEndpointSwitchStatus(LegacyAction[DescribeEndpointSwitchStatusReply], OfAccount, Repeatable):
    """Tell how far a change of address has come. Seed 6.5.2.9."""

    section = "6.5.2.9"
    changes_state = False

    task_id: Name
    """What SwitchSynchronizationEndpoint answered."""


class DescribeSynchronizationJobReplicatorCompareReply(Reply):
    """Whether changes are matched by whole rows."""

    synchronization_replicator_compare_enable: Flag = None


class DescribeSynchronizationJobReplicatorCompare(
    LegacyAction[DescribeSynchronizationJobReplicatorCompareReply], OfAccount, Repeatable, OfSynchronization
):
    """Tell whether changes are matched by whole rows. Seed 6.5.2.11."""

    section = "6.5.2.11"
    changes_state = False


class SelectedTable(Struct):
    """A table that is moved, or left out."""

    table_name: Text = ""


class SelectedDatabase(Struct):
    """A database and its chosen tables, as the service gives them back."""

    schema_name: Text = ""
    new_schema_name: Text = ""
    """Its name on the target."""
    table_includes: Items[SelectedTable] = ()
    """None means all."""
    table_excludes: Items[SelectedTable] = ()


class Performance(Struct):
    """Throughput."""

    rps: Annotated[Number, Field(alias="RPS")] = None
    """SQL statements per second: BEGIN, COMMIT, DML and DDL."""
    flow: Annotated[Flow, Field(alias="FLOW")] = None
    """Traffic in MB/s."""


class SynchronizationFacts(Struct):
    """What every reading of a synchronization tells."""

    synchronization_job_id: Text = ""
    synchronization_job_name: Text = ""
    synchronization_job_class: Text = ""
    synchronization_direction: Text = ""
    """``Forward`` or ``Reverse``."""
    status: Text = ""
    """``NotStarted``, ``Prechecking``, ``PrecheckFailed``, ``Initializing`` (also written
    ``Initializating``), ``InitializeFailed``, ``Synchronizing``, ``Failed``, ``Suspending``, ``Modifying``
    or ``Finished``; compare without case."""
    error_message: Text = ""
    """Why the synchronization failed; ``err_message`` is why the call did."""
    pay_type: Text = ""
    """``PrePaid`` or ``PostPaid``."""
    expire_time: Instant = None
    """Only when prepaid."""
    delay: IntText = None
    """Seconds."""
    structure_initialization: Flag = None
    data_initialization: Flag = None
    """Run the full load."""
    synchronization_objects: Items[SelectedDatabase] = ()
    source_endpoint: Part[Endpoint] = unsaid()
    destination_endpoint: Part[Endpoint] = unsaid()
    performance: Part[Performance] = unsaid()
    precheck_status: Part[Precheck] = unsaid()
    structure_initialization_status: Part[Phase] = unsaid()
    data_initialization_status: Part[Phase] = unsaid()
    """The full load."""


_BEIJING = timezone(timedelta(hours=8))


def _beijing(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=_BEIJING)
    except ValueError:
        return None


def _in_beijing(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S.0")


BeijingTime = Annotated[AwareDatetime | None, Otherwise(_beijing), PlainSerializer(_in_beijing)]
"""An aware datetime, written as ``2021-06-28 17:34:53.0``, eight hours ahead of UTC."""


class SynchronizationInstance(SynchronizationFacts):
    """One synchronization in a listing."""

    create_time: BeijingTime = None
    instance_create_time: Instant = None
    job_create_time: Instant = None
    data_synchronization_status: Part[Increments] = unsaid()
    """Withdrawn; ``delay`` tells the lag."""
    tags: Items[Tag] = ()


class DescribeSynchronizationJobsReply(PageReply):
    """One page of synchronizations."""

    synchronization_instances: Items[SynchronizationInstance] = ()


class DescribeSynchronizationJobs(
    LegacyAction[DescribeSynchronizationJobsReply], OfAccount, Repeatable, Paged, Gathers
):
    """List synchronizations with their phases. Seed 6.5.2.12."""

    section = "6.5.2.12"
    changes_state = False

    synchronization_job_name: Name | None = None
    """Only names that contain this."""
    tags: Annotated[NumberedTags | None, Field(alias="Tag")] = None
    """Only synchronizations with these tags; the sample shows a key alone."""


class InitializedTable(CopiedTable):
    """A table in the full load."""

    used_time: Text = ""
    """What it took; the unit is not stated."""


class InitializedObject(DefinedObject):
    """A table, index, view or the like in the structure phase."""

    constraints: Items[DefinedObject] = ()
    """Indexes, foreign keys and the like; only of tables."""


class DescribeInitializationStatusReply(Reply):
    """Objects, by phase."""

    structure_initialization_details: Items[InitializedObject] = ()
    data_initialization_details: Items[InitializedTable] = ()
    data_synchronization_details: Items[TableDetail] = ()
    """Announced for removal."""


class DescribeInitializationStatus(LegacyAction[DescribeInitializationStatusReply], OfAccount):
    """Tell how far each object of a synchronization has come. Seed 6.5.2.13."""

    section = "6.5.2.13"
    changes_state = False

    synchronization_job_id: Name
    page_num: PageNumber | None = None
    """From 1."""
    page_size: PageSize | None = None
    """Objects per page, 1 to 100; 30 when left out."""


class DirectionInfo(Struct):
    """One direction of a synchronization."""

    synchronization_direction: Text = ""
    """``Forward`` or ``Reverse``."""
    status: Text = ""
    """As in ``SynchronizationFacts``."""
    checkpoint: IntText = None
    """Newest change that was moved, in Unix seconds."""


class SynchronizationStatus(Struct):
    """The directions of one synchronization."""

    synchronization_job_id: Text = ""
    synchronization_direction_info_list: Items[DirectionInfo] = ()


class DescribeSynchronizationJobStatusListReply(PageReply):
    """The synchronizations asked for; here the page counts what is on it."""

    synchronization_job_list_status_list: Items[SynchronizationStatus] = ()


class DescribeSynchronizationJobStatusList(
    LegacyAction[DescribeSynchronizationJobStatusListReply], OfAccount, Repeatable
):
    """Tell the states of several synchronizations. Seed 6.5.2.14."""

    section = "6.5.2.14"
    changes_state = False

    synchronization_job_id_list_json_str: JsonIds


class TimedIncrements(Increments):
    """The incremental phase."""

    checkpoint: IntText = None
    """Newest change that was moved, in Unix seconds."""
    delay_millis: Int = None
    """Milliseconds."""


class DescribeSynchronizationJobStatusReply(SynchronizationFacts, Reply):
    """One synchronization and its phases."""

    task_id: Text = ""
    """The instance id without ``dts``."""
    checkpoint: IntText = None
    """Newest change that was moved, in Unix seconds."""
    delay_millis: Int = None
    """Milliseconds."""
    data_synchronization_status: Part[TimedIncrements] = unsaid()


class DescribeSynchronizationJobStatus(
    LegacyAction[DescribeSynchronizationJobStatusReply], OfAccount, Repeatable, OfSynchronization
):
    """Tell how far a synchronization has come, and what its precheck found. Seed 6.5.2.15."""

    section = "6.5.2.15"
    changes_state = False
