"""Synchronizations: a newer one that becomes two-way and prepaid, and an older one with its troubles."""

from __future__ import annotations

from typing import Final

from tests.sdk import readings
from tests.sdk.callers import REGION
from tests.sdk.excuses import (
    HOURLY,
    NO_ETL,
    NO_ORACLE,
    NO_SUBSCRIPTION,
    NONE_LEFT_OUT,
    NOTHING_MADE,
    ONE_WAY,
    PRECHECK_FAILED,
    RESET,
    UNFINISHED,
    WELL,
    Fields,
    ill,
)
from tests.sdk.readings import PATIENCE, row, shows
from tests.sdk.run import Run
from tests.sdk.stage import COPY, COPY_ELSEWHERE, MIRROR, SOURCE, Stage
from tests.sdk.words import (
    ANOTHER_ACCOUNT,
    INSTANCES,
    OLDER_ALARMS,
    REFUSES,
    TABLE,
    TAG,
    VIEW,
    WAITS,
    bought,
    configured,
    objects,
    older_end,
    older_objects,
    source,
    target,
)

_KIND: Final = "SYNC"
_OPERATORS: Final = {"operators": [{"type": "source"}, {"type": "sink"}]}
_LEAVING_OUT: Final = {"TableExcludes": [{"TableName": "secrets"}]}
_ALWAYS: Final = NO_SUBSCRIPTION | UNFINISHED
_PLAIN: Final = _ALWAYS | ONE_WAY | HOURLY
_OLDER: Final = _PLAIN | NO_ORACLE | NO_ETL


def newer(run: Run, stage: Stage) -> None:
    """An ETL job that becomes two-way and prepaid."""
    new = bought(run, _KIND, ComputeUnit=2)
    job_id, instance_id = new["JobId"], new["InstanceId"]
    one, back = {"DtsJobId": job_id}, {"SynchronizationDirection": "Reverse"}
    configured(run, _KIND, job_id, **{**source(), **target(MIRROR), "DtsJobName": "a synchronization"})
    run("TagResources", {**INSTANCES, "ResourceId": [instance_id], "Tag": [TAG]})
    run("StartDtsJob", one)
    running = shows("Synchronizing", Delay="0")
    row(run, _KIND, instance_id, _PLAIN | WELL, running)
    changed = {"DbList": objects("orders", "customers"), "EtlOperatorColumnReference": _OPERATORS}
    run("ModifyDtsJob", {"DtsInstanceId": instance_id, **changed})
    row(run, _KIND, instance_id, _PLAIN | WELL, running)
    run("DescribeDtsEtlJobVersionInfo", {"DtsInstanceId": instance_id})
    run("DescribeEtlJobLogs", one)
    readings.phases(run, job_id)

    larger = {"InstanceClass": "medium", "OrderType": "UPGRADE"}
    run("TransferInstanceClass", {**one, **larger}, HOURLY)
    row(run, _KIND, instance_id, _PLAIN | WELL, running)
    run("UpgradeTwoWay", {"InstanceId": instance_id, "InstanceClass": "large"})
    same = {"Reserve": {**WAITS, "targetTableMode": "2"}}
    configured(
        run,
        _KIND,
        job_id,
        **{**source(MIRROR), **target(SOURCE), **back, **same, "DtsJobName": "the way back"},
    )
    run("StartDtsJob", {**one, **back})
    row(
        run,
        _KIND,
        instance_id,
        _ALWAYS | HOURLY | WELL,
        until=lambda reply: reply["DtsJobList"][0]["ReverseJob"]["Status"] == "Synchronizing",
    )
    run("TransferPayType", {**one, "ChargeType": "PrePaid", "Period": "Month", "BuyCount": "1"})
    run("RenewInstance", {**one, "ChargeType": "PREPAY", "Period": "Year", "BuyCount": "1"})
    row(run, _KIND, instance_id, _ALWAYS | WELL)
    readings.synchronization(run, "a synchronization", instance_id, _ALWAYS | WELL | NONE_LEFT_OUT)
    run("DescribeDtsJobDetail", {**one, **back}, _ALWAYS | WELL | NO_ETL)


def older(run: Run, stage: Stage) -> None:
    """One in which everything goes wrong, one thing after the other, and that changes while it runs."""
    new = run(
        "CreateSynchronizationJob",
        {
            "SourceRegion": REGION,
            "DestRegion": REGION,
            "SynchronizationJobClass": "small",
            "PayType": "PostPaid",
        },
    )
    instance_id = new["SynchronizationJobId"]
    one = {"SynchronizationJobId": instance_id}
    run(
        "ConfigureSynchronizationJob",
        {
            **one,
            "SynchronizationJobName": "another synchronization",
            "StructureInitialization": True,
            "DataInitialization": True,
            "SynchronizationObjects": older_objects("orders", "customers", **_LEAVING_OUT),
            "MigrationReserved": WAITS,
            **older_end("Source", SOURCE, "Express", letters="Id", DatabaseName="shop", **ANOTHER_ACCOUNT),
            **older_end("Destination", COPY, "Express", letters="Id", DataBaseName="shop"),
        },
    )
    run("TagResources", {**INSTANCES, "ResourceId": [instance_id], "Tag": [TAG]})
    run("ConfigureSynchronizationJobAlert", {**one, **OLDER_ALARMS})
    run("DescribeSynchronizationJobAlert", one, {"SynchronizationDirection"})
    run(
        "ConfigureSynchronizationJobReplicatorCompare",
        {**one, "SynchronizationReplicatorCompareEnable": True},
    )
    run("DescribeSynchronizationJobReplicatorCompare", one)

    stage.sql(COPY.name, TABLE)
    run("StartSynchronizationJob", one)
    lacks = _OLDER | PRECHECK_FAILED
    row(run, _KIND, instance_id, lacks, shows("PrecheckFailed"))
    run("DescribeSynchronizationJobStatus", one, lacks)
    run("ShieldPrecheck", {"DtsInstanceId": instance_id, "PrecheckItems": ["CHECK_SAME_OBJ"]})

    stage.sql(COPY.name, f"DROP TABLE orders; {VIEW}")
    run("StartSynchronizationJob", one)
    _read_ill(run, instance_id, "StructureInitialization", NOTHING_MADE)
    stage.sql(COPY.name, f"DROP VIEW orders; {TABLE} {REFUSES}")
    _read_ill(run, instance_id, "DataInitialization")
    stage.sql(COPY.name, "DROP TRIGGER refuses")
    row(run, _KIND, instance_id, _OLDER | WELL, shows("Synchronizing", Delay="0"))
    stage.sql(COPY.name, REFUSES)
    stage.sql(SOURCE.name, "INSERT INTO orders (v) VALUES ('e')")
    _read_ill(run, instance_id, "DataSynchronization")
    stage.sql(COPY.name, "DROP TRIGGER refuses")
    row(run, _KIND, instance_id, _OLDER | WELL, shows("Synchronizing", Delay="0"))

    stage.sql(COPY.name, "CREATE VIEW goods AS SELECT 1 AS id, 'v' AS v")
    changed = run(
        "ModifySynchronizationObject",
        {**one, "SynchronizationObjects": older_objects("orders", "customers", "goods", **_LEAVING_OUT)},
    )
    change = {"TaskId": changed["TaskId"]}
    run("DescribeSynchronizationObjectModifyStatus", change, ill("DataSynchronization"), patience=PATIENCE)
    stage.sql(COPY.name, "DROP VIEW goods")
    run(
        "DescribeSynchronizationObjectModifyStatus",
        change,
        WELL,
        until=lambda reply: reply["Status"] == "Finished",
    )
    row(run, _KIND, instance_id, _OLDER | WELL, shows("Synchronizing", Delay="0"))
    readings.synchronization(run, "another", instance_id, _OLDER | WELL)

    moved = {
        "Endpoint.Type": "Destination",
        "Endpoint.InstanceType": "Express",
        "Endpoint.InstanceId": COPY_ELSEWHERE.instance_id,
        "Endpoint.IP": COPY_ELSEWHERE.ip,
        "Endpoint.Port": COPY_ELSEWHERE.port,
    }
    switched = run("SwitchSynchronizationEndpoint", {**one, **moved})
    run(
        "DescribeEndpointSwitchStatus",
        {"TaskId": switched["TaskId"]},
        WELL,
        until=lambda reply: reply["Status"] == "Finished",
    )
    run("SuspendSynchronizationJob", one)
    row(run, _KIND, instance_id, _OLDER | WELL, shows("Suspending"))
    run("StopDtsJobs", {"DtsJobIds": instance_id.removeprefix("dts")})
    row(run, _KIND, instance_id, _OLDER | WELL, shows("Finished"))
    run("ResetSynchronizationJob", one)
    row(run, _KIND, instance_id, _OLDER | RESET, shows("NotConfigured"))
    run("DeleteSynchronizationJob", one)


def _read_ill(run: Run, instance_id: str, failing: str, objects_lack: Fields = frozenset()) -> None:
    lacks = _OLDER | ill(failing)
    row(run, _KIND, instance_id, lacks, shows("Retrying"))
    readings.synchronization(run, "another", instance_id, lacks, objects_lack)
