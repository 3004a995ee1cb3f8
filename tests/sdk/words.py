"""What a scenario says again and again, by wire name."""

from __future__ import annotations

from typing import Any

from tests.sdk.callers import REGION
from tests.sdk.run import Run
from tests.sdk.stage import SOURCE, End

PASSWORD = "p ä$s+&=%~*'/?"
WAITS = {"autoStartModulesAfterConfig": "none"}
"""What a job is told that is not to start by itself."""
TABLE = "CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT);"
VIEW = "CREATE VIEW orders AS SELECT 1 AS id, 'v' AS v;"
"""Stands in the way of the table."""
REFUSES = "CREATE TRIGGER refuses BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'not here'); END;"
"""Keeps rows out of it."""
TAG = {"Key": "team", "Value": "shop"}
INSTANCES = {"RegionId": REGION, "ResourceType": "ALIYUN::DTS::INSTANCE"}
ANOTHER_ACCOUNT = {"OwnerID": "1234567890123456", "Role": "dts-role"}
"""Whose a source is, and the role that lets DTS read it."""
ALARMS = {
    "DelayNotice": True,
    "DelayRuleTime": 30,
    "DelayPhone": "13800000000",
    "ErrorNotice": True,
    "ErrorPhone": "13800000001,13800000002",
}
OLDER_ALARMS = {
    "DelayAlertStatus": "enable",
    "DelayOverSeconds": "30",
    "DelayAlertPhone": "13800000000",
    "ErrorAlertStatus": "enable",
    "ErrorAlertPhone": "13800000001,13800000002",
}


def objects(*tables: str) -> dict[str, Any]:
    """A DbList."""
    chosen = {table: {"name": table, "all": True} for table in tables}
    return {"shop": {"name": "shop", "all": False, "Table": chosen}}


def older_objects(*tables: str, **more: Any) -> list[dict[str, Any]]:
    """The same of the older API."""
    return [{"DBName": "shop", "TableIncludes": [{"TableName": table} for table in tables], **more}]


def source(end: End = SOURCE, **changed: str) -> dict[str, str]:
    """A source by everything that can be said of it."""
    another = {f"SourceEndpoint{name}": value for name, value in ANOTHER_ACCOUNT.items()}
    return {**_end("Source", end, "DatabaseName"), **another, **changed}


def target(end: End, **changed: str) -> dict[str, str]:
    return {**_end("Destination", end, "DataBaseName"), **changed}


def _end(side: str, end: End, database: str) -> dict[str, str]:
    said = {
        "InstanceType": "OTHER",
        "InstanceID": end.instance_id,
        "EngineName": "MYSQL",
        "Region": REGION,
        "IP": end.ip,
        "Port": end.port,
        "OracleSID": "orcl",
        database: "shop",
        "UserName": "dts",
        "Password": PASSWORD,
    }
    return {f"{side}Endpoint{name}": value for name, value in said.items()}


def older_end(side: str, end: End, kind: str, *, letters: str = "ID", **more: str) -> dict[str, str]:
    """An end for the older API; synchronizations spell ``InstanceId``."""
    said = {
        "InstanceType": kind,
        f"Instance{letters}": end.instance_id,
        "IP": end.ip,
        "Port": end.port,
        "UserName": "dts",
        "Password": PASSWORD,
        **more,
    }
    return {f"{side}Endpoint.{name}": value for name, value in said.items()}


def bought(run: Run, kind: str, **more: Any) -> dict[str, Any]:
    """JobId and InstanceId of a new instance."""
    return run(
        "CreateDtsInstance",
        {
            "Type": kind,
            "PayType": "PostPaid",
            "InstanceClass": "small",
            "SourceRegion": REGION,
            "DestinationRegion": REGION,
            "SourceEndpointEngineName": "MySQL",
            "DestinationEndpointEngineName": "MySQL",
            "Quantity": 1,
            "AutoStart": False,
            **more,
        },
    )


def configured(run: Run, kind: str, job_id: str, **said: Any) -> None:
    """Say what the job moves; it does not start yet."""
    run(
        "ConfigureDtsJob",
        {
            "DtsJobId": job_id,
            "DtsJobName": "the shop, 搬家 ~ 100% + more",
            "JobType": kind,
            "StructureInitialization": True,
            "DataInitialization": True,
            "DataSynchronization": True,
            "DbList": objects("orders", "customers"),
            "Reserve": WAITS,
            **ALARMS,
            **said,
        },
    )
