"""Read jobs: one in detail, many with their progress, and the addresses DTS calls from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airflow_dts.api._base import Action, CodedReply, Items, Part, Reply, Struct, unsaid
from airflow_dts.api._fields import (
    Direction,
    Flag,
    Instant,
    Int,
    IntText,
    JobKind,
    ListingSize,
    Name,
    Number,
    PageNumber,
    Spelled,
    Tags,
    Text,
)
from airflow_dts.api._rules import at_least_one, together


class Endpoint(Struct):
    """One side of a job as the service knows it; passwords never come back."""

    instance_type: Text = ""
    """Kind of instance, such as ``RDS`` or ``OTHER``."""
    instance_id: Annotated[Text, Field(alias="InstanceID")] = ""
    engine_name: Text = ""
    """Engine such as ``MySQL``; its case differs from what was configured."""
    region: Text = ""
    ip: Text = ""
    port: IntText = None
    database_name: Text = ""
    user_name: Text = ""
    oracle_sid: Annotated[Text, Field(alias="OracleSID")] = ""
    """Only for Oracle without RAC."""
    ssl_solution_enum: Text = ""
    """``DISABLE``, ``ENABLE_WITH_CERTIFICATE``, ``ENABLE_ONLY_4_MONGODB_ALTAS`` or
    ``ENABLE_ONLY_4_KAFKA_SCRAM_SHA_256``."""


class SourceEndpoint(Endpoint):
    """The source, which may belong to another account."""

    aliyun_uid: Text = ""
    """Account that owns the source."""
    role_name: Text = ""
    """Role that lets us read it."""


class MigrationMode(Struct):
    """Which phases a job runs."""

    structure_initialization: Flag = None
    data_initialization: Flag = None
    """The full load."""
    data_synchronization: Flag = None
    """The incremental phase."""
    data_extract_transform_load: Flag = None


class Phase(Struct):
    """How far one phase has come."""

    status: Text = ""
    """``NotStarted``, ``Migrating``, ``Failed``, ``Finished``; the incremental phase and ETL also
    ``Catched`` when nothing is left to apply."""
    percent: Number = None
    """0 to 100."""
    progress: Text = ""
    """Tables of the structure, else rows; ``0/0`` where the service does not count."""
    error_message: Text = ""


class IncrementalPhase(Phase):
    """The incremental phase."""

    need_upgrade: Flag = None
    """Whether the instance class is too small for the changes that arrive."""


class PrecheckDetail(Struct):
    """One item of a precheck."""

    check_item: Text = ""
    """Item code, such as ``CHECK_CONN_SRC``."""
    check_item_description: Text = ""
    """Item code plus ``_DETAIL``."""
    check_result: Text = ""
    """``Success`` or ``Failed``."""
    failed_reason: Text = ""
    repair_method: Text = ""


class PrecheckStatus(Struct):
    """How far the precheck has come, and its items."""

    status: Text = ""
    """``Success`` or ``Failed``; ``Finished`` has been seen."""
    percent: Number = None
    """0 to 100."""
    error_message: Text = ""
    detail: Items[PrecheckDetail] = ()


class Performance(Struct):
    """Throughput of a job."""

    rps: Number = None
    """SQL statements per second: BEGIN, COMMIT, DML and DDL."""
    flow: Number = None
    """Traffic in MB/s."""


class RetryState(Struct):
    """What the service says while it retries after a fault; false when it does not."""

    err_message: Text = ""
    max_retry_time: Int = None
    """Limit in seconds."""
    retry_count: Int = None
    retry_target: Text = ""
    """``srcDB``, ``destDB`` or ``inner_module``."""
    retry_time: Int = None
    """Seconds spent on retrying so far."""


class Tag(Struct):
    """A tag of a job."""

    tag_key: Text = ""
    tag_value: Text = ""


class JobFacts(Struct):
    """What every reading of a job tells."""

    dts_job_id: Text = ""
    dts_instance_id: Annotated[Text, Field(alias="DtsInstanceID")] = ""
    dts_job_name: Text = ""
    dts_job_class: Text = ""
    """Instance class, such as ``large``."""
    dts_job_direction: Text = ""
    """``Forward`` or ``Reverse``; only for two-way synchronization."""
    status: Text = ""
    """State of the job, mixed case; compare without case."""
    error_message: Text = ""
    delay: Int = None
    """How far the target lags: milliseconds for a migration, seconds for a synchronization and inside
    ``reverse_job``; -1 before the incremental phase."""
    checkpoint: IntText = None
    """Position of the incremental phase in Unix seconds."""
    create_time: Instant = None
    expire_time: Instant = None
    """Only when prepaid."""
    pay_type: Text = ""
    """``PrePaid`` or ``PostPaid``."""
    db_object: Text = ""
    """The objects as JSON text; ``DbList.parse`` reads it."""
    reserved: Text = ""
    """Further settings as JSON text; ``Reserve.parse`` reads it."""
    migration_mode: Part[MigrationMode] = unsaid()
    destination_endpoint: Part[Endpoint] = unsaid()
    source_endpoint: Part[SourceEndpoint] = unsaid()


class Consumption(Struct):
    """What a subscription keeps, and how far its client has read."""

    begin_timestamp: Instant = None
    """Oldest data still kept."""
    end_timestamp: Instant = None
    """Newest data kept."""
    consumption_checkpoint: Instant = None
    """How far the client has read."""
    consumption_client: Text = ""
    """Address of the client and a random token."""


class SubscriptionFacts(Consumption):
    """What the readings of a subscription tell besides."""

    app_name: Text = ""
    """``new`` marks a subscription of the newer kind."""


class JobProgress(JobFacts):
    """A job and its phases."""

    precheck_status: Part[PrecheckStatus] = unsaid()
    structure_initialization_status: Part[Phase] = unsaid()
    data_initialization_status: Part[Phase] = unsaid()
    """The full load."""
    data_synchronization_status: Part[IncrementalPhase] = unsaid()
    performance: Part[Performance] = unsaid()


class ReverseJob(JobProgress):
    """The way back of a two-way synchronization."""


class DtsJobStatus(JobProgress, SubscriptionFacts):
    """One job in a listing."""

    job_type: Text = ""
    """Where the service says it: ``online`` (a migration), ``sync`` or ``subscribe``."""
    origin_type: Text = ""
    """Where the job came from: ``DTS任务``, ``PTS任务`` or ``DMS任务``."""
    data_etl_status: Part[Phase] = unsaid()
    retry_state: Part[RetryState] = unsaid()
    reverse_job: Part[ReverseJob] = unsaid()
    tag_list: Items[Tag] = ()


class DescribeDtsJobsReply(Reply):
    """One page of jobs."""

    dts_job_list: Items[DtsJobStatus] = ()
    job_type: Text = ""
    page_number: Int = None
    page_record_count: Int = None
    """Most jobs a page can hold; the sample gives the jobs on it."""
    total_record_count: Int = None


JobStatus = Annotated[
    Literal[
        "NotStarted", "Prechecking", "PrecheckFailed", "PreCheckPass", "NotConfigured", "Migrating",
        "Suspending", "MigrationFailed", "Finished", "Retrying", "Upgrade", "Locked", "Downgrade",
        "Initializing", "InitializeFailed", "Synchronizing", "Failed", "Modifying", "ModifyFailed",
        "Starting", "Normal", "Abnormal",
    ],
    Spelled(),
]  # fmt: skip


class DescribeDtsJobs(Action[DescribeDtsJobsReply]):
    """List the jobs of one kind with their phases. Seed 6.4.8.2."""

    section = "6.4.8.2"
    changes_state = False

    region: Name
    """Region to list."""
    job_type: JobKind | None = None
    """Kind of job; the service takes MIGRATION when it is left out, so other jobs seem to be missing."""
    status: JobStatus | None = None
    """Only jobs in this state."""
    type: Annotated[Literal["instance", "name", "srcRds", "rds"], Spelled()] | None = None
    """Field to search: instance id, name (fuzzy), source RDS or target RDS."""
    params: Name | None = None
    """Value to search for."""
    tags: Tags | None = None
    """Only jobs with these tags, ``{"team": "shop"}``."""
    group_id: Name | None = None
    """Job id; normally left out."""
    order_column: Annotated[Literal["CreateTime", "FinishTime"], Spelled()] | None = None
    order_direction: Annotated[Literal["ASC", "DESC"], Spelled()] | None = None
    """ASC when left out."""
    page_number: PageNumber | None = None
    """From 1."""
    page_size: ListingSize | None = None

    rules = (together("type", "params"),)


class SubscriptionDataType(Struct):
    """Kinds of change a subscription carries."""

    ddl: Flag = None
    dml: Flag = None


class SubscriptionHost(Struct):
    """Where a subscription is read, each as ``host:port``."""

    private_host: Text = ""
    public_host: Text = ""
    vpc_host: Text = ""


class DescribeDtsJobDetailReply(JobFacts, SubscriptionFacts, CodedReply):
    """One job; its phases are in DescribeDtsJobs."""

    finish_time: Instant = None
    group_id: Text = ""
    """Job id."""
    synchronization_direction: Text = ""
    database_count: Int = None
    """RDS MySQL instances under a PolarDB-X 1.0 source."""
    etl_calculator: Text = ""
    """Operators of an ETL job, as JSON text."""
    dest_net_type: Text = ""
    """Network of the subscription's client: ``CLASSIC`` or ``VPC``."""
    subscribe_topic: Text = ""
    """Only for a newer subscription that has a consumer group."""
    subscription_data_type: Part[SubscriptionDataType] = unsaid()
    subscription_host: Part[SubscriptionHost] = unsaid()


class DescribeDtsJobDetail(Action[DescribeDtsJobDetailReply]):
    """Read configuration and state of one job. Seed 6.4.8.1."""

    section = "6.4.8.1"
    changes_state = False

    dts_job_id: Name
    dts_instance_id: Annotated[Name | None, Field(alias="DtsInstanceID")] = None
    """Its instance; spelled with a capital D in this action."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""


class ProgressSummaryDetail(Struct):
    """How many objects of one kind are in one state."""

    key: Text = ""
    """Kind of object: Table, Constraint, Index, View, Trigger, Function, Procedure and so on."""
    state: Int = None
    """0 finished, 1 caught up, 2 not begun, 3 running, 4 warning, 5 failed."""
    total_count: Int = None


class SummaryJobDetailReply(CodedReply):
    """Counts per kind of object and state."""

    job_id: Text = ""
    progress_summary_details: Items[ProgressSummaryDetail] = ()


class SummaryJobDetail(Action[SummaryJobDetailReply]):
    """Count a job's objects per kind and state. Seed 6.4.17."""

    section = "6.4.17"
    changes_state = False

    dts_job_id: Name | None = None
    dts_instance_id: Name | None = None
    job_code: Literal["02", "03"]
    """02 structure, 03 incremental (in DescribePreCheckStatus 03 is the full load)."""
    synchronization_direction: Direction
    """Forward, except for the way back of a two-way synchronization."""

    rules = (at_least_one("dts_job_id", "dts_instance_id"),)


class WhiteIpListReply(Reply):
    """Addresses to let in."""

    ip_list: Text = ""
    """CIDR blocks, comma-separated."""


class WhiteIpList(Action[WhiteIpListReply]):
    """List the addresses DTS calls from, to let them into a self-managed database. Seed 6.4.8.4."""

    section = "6.4.8.4"
    changes_state = False

    region: Name
    """Region of the source; for a database on the internet the nearest one."""
    type: Annotated[Literal["internet", "vpc"], Spelled()]
    """How DTS reaches the database."""
    destination_region: Name | None = None
    """Region of the target; needed for migration and synchronization, not for a subscription."""
