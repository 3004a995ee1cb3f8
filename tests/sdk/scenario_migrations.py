"""Migrations, bought and driven by both generations, and read by both."""

from __future__ import annotations

from typing import Final

from tests.sdk import readings
from tests.sdk.callers import REGION
from tests.sdk.excuses import (
    HOURLY,
    NO_ETL,
    NO_SUBSCRIPTION,
    NOTHING_MADE,
    ONE_WAY,
    PRECHECK_FAILED,
    UNFINISHED,
    WELL,
    Fields,
    ill,
)
from tests.sdk.readings import PATIENCE, phase, row, shows
from tests.sdk.run import Run
from tests.sdk.stage import MIGRATED, MOVED, SOURCE, Stage
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
    older_end,
    older_objects,
    source,
    target,
)

_KIND: Final = "MIGRATION"
_MIGRATES: Final = ONE_WAY | HOURLY | NO_SUBSCRIPTION | NO_ETL | UNFINISHED
_ORACLE: Final = {"EngineName": "Oracle", "Region": REGION, "OracleSID": "orcl"}


def newer(run: Run, stage: Stage) -> None:
    """A migration in which everything goes wrong, one thing after the other."""
    new = bought(run, _KIND)
    job_id, instance_id = new["JobId"], new["InstanceId"]
    one = {"DtsJobId": job_id}
    oracle = {"SourceEndpointEngineName": "ORACLE", "DestinationEndpointEngineName": "ORACLE"}
    configured(run, _KIND, job_id, **{**source(), **target(MIGRATED), **oracle})
    run("ModifyDtsJobName", {**one, "DtsJobName": "a migration"})
    password = {"Endpoint": "src", "UserName": "dts", "Password": "another-1"}
    run("ModifyDtsJobPassword", {**one, **password})
    tagged = {**INSTANCES, "ResourceId": [instance_id]}
    run("TagResources", {**tagged, "Tag": [TAG]})
    run("ListTagResources", tagged)

    stage.sql(MIGRATED.name, TABLE)
    run("StartDtsJob", one)
    row(run, _KIND, instance_id, _MIGRATES | PRECHECK_FAILED, shows("PrecheckFailed"))
    checks = phase(run, job_id, "01", failed=True)
    skipped = {"SkipPreCheckItems": ["CHECK_SAME_OBJ"], "SkipPreCheckNames": ["CHECK_SAME_OBJ_DETAIL"]}
    run("SkipPreCheck", {**one, "JobId": checks["JobId"], "Skip": True, **skipped})

    stage.sql(MIGRATED.name, f"DROP TABLE orders; {VIEW}")
    run("StartDtsJobs", {"DtsJobIds": job_id})
    _read_ill(run, instance_id, "StructureInitialization", NOTHING_MADE)
    stage.sql(MIGRATED.name, f"DROP VIEW orders; {TABLE} {REFUSES}")
    _read_ill(run, instance_id, "DataInitialization")
    phase(run, job_id, "03", failed=True)
    stage.sql(MIGRATED.name, "DROP TRIGGER refuses")
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Migrating", Delay="0"))
    stage.sql(MIGRATED.name, REFUSES)
    stage.sql(SOURCE.name, "INSERT INTO orders (v) VALUES ('d')")
    _read_ill(run, instance_id, "DataSynchronization")
    stage.sql(MIGRATED.name, "DROP TRIGGER refuses")
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Migrating", Delay="0"))
    readings.phases(run, job_id)

    run("SuspendDtsJob", one)
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Suspending"))
    run("StartDtsJob", one)
    run("SuspendDtsJobs", {"DtsJobIds": job_id})
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Suspending"))
    run("StopDtsJob", one)
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Finished"))
    run("DescribeDtsJobDetail", one, (_MIGRATES - UNFINISHED) | WELL)
    run("UntagResources", {**tagged, "TagKey": [TAG["Key"]]})
    run("DeleteDtsJob", one)


def _read_ill(run: Run, instance_id: str, failing: str, objects_lack: Fields = frozenset()) -> None:
    lacks = _MIGRATES | ill(failing)
    row(run, _KIND, instance_id, lacks, shows("Retrying"))
    readings.migration(run, "a migration", instance_id, lacks, objects_lack)


def older(run: Run, stage: Stage) -> None:
    """A migration of the older API from its purchase to its release."""
    new = run("CreateMigrationJob", {"Region": REGION, "MigrationJobClass": "2xlarge"})
    instance_id = new["MigrationJobId"]
    one = {"MigrationJobId": instance_id}
    run(
        "ConfigureMigrationJob",
        {
            **one,
            "MigrationJobName": "another migration",
            "MigrationMode.StructureIntialization": True,
            "MigrationMode.DataIntialization": True,
            "MigrationMode.DataSynchronization": True,
            "MigrationObject": older_objects("orders", "customers", "late.*"),
            "MigrationReserved": WAITS,
            **older_end("Source", SOURCE, "LocalInstance", DatabaseName="shop", **_ORACLE, **ANOTHER_ACCOUNT),
            **older_end("Destination", MOVED, "LocalInstance", DataBaseName="shop", **_ORACLE),
        },
    )
    run("TagResources", {**INSTANCES, "ResourceId": [instance_id], "Tag": [TAG]})
    run("ConfigureMigrationJobAlert", {**one, **OLDER_ALARMS})
    run("DescribeMigrationJobAlert", one)
    run("StartMigrationJob", one)
    row(run, _KIND, instance_id, _MIGRATES | WELL, shows("Migrating", Delay="0"))
    readings.migration(run, "another migration", instance_id, _MIGRATES | WELL)
    stage.sql(SOURCE.name, "CREATE TABLE late (v TEXT)")  # no key, so it cannot be moved
    structure = {**one, "MigrationMode.StructureInitialization": True}
    run(
        "DescribeMigrationJobDetail", structure, {"Data*", "*ConstraintList*.ErrorMessage"}, patience=PATIENCE
    )
    run("SuspendMigrationJob", one)
    suspended = {"until": lambda reply: reply["MigrationJobStatus"] == "Suspending"}
    run("DescribeMigrationJobStatus", one, WELL, **suspended)
    run("StopMigrationJob", one)
    finished = {"until": lambda reply: reply["MigrationJobStatus"] == "Finished"}
    run("DescribeMigrationJobStatus", one, WELL, **finished)
    run("DeleteMigrationJob", one)
