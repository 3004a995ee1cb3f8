"""Calls that the seed's tables and conditions allow, and where we knowingly leave them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from airflow_dts.api._base import Action
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.form import from_parameters

# A target over every kind of engine is satisfied by these two.
RICH_RESERVE = json.dumps(
    {
        "destTopic": "t",
        "destVersion": "1.0",
        "destSSL": "0",
        "kafkaRecordFormat": "canal_json",
        "destKafkaPartitionKey": "none",
        "srcEngineArchType": "1",
        "destEngineArchType": "1",
        "srcInstanceId": "cen-1",
        "destInstanceId": "cen-1",
    }
)
RICH_DB_LIST = json.dumps(
    {
        "shop": {
            "name": "shop",
            "all": False,
            "Table": {"orders": {"name": "orders", "all": True, "primary_key": "id", "type": "dimension"}},
        }
    }
)
# Satisfies a PostgreSQL source and an AnalyticDB target.
RICH_OBJECTS = (
    '[{"DBName":"shop","SchemaName":"public",'
    '"TableIncludes":[{"TableName":"orders","PrimaryKey":"id","PartKey":"id"}]}]'
)

# --- where we knowingly leave the table, and why ----------------------------------------------------------

OPTIONAL_IN_SPITE_OF_TABLE = {
    ("SummaryJobDetail", "DtsJobId"),  # the table says required, its note says DtsInstanceId will do
    # The table says required, their own notes say "only for Oracle"; the vendor's SDK does not require them.
    ("DescribeConnectionStatus", "SourceEndpointArchitecture"),
    ("DescribeConnectionStatus", "DestinationEndpointArchitecture"),
    ("DescribeConnectionStatus", "DestinationEndpointOracleSID"),
}
BEYOND_THE_TABLE = {
    ("DescribeMigrationJobs", "Tag"),  # the vendor's SDK has it here as in the two other listings
}
NO_ENUM_IN_SPITE_OF_TABLE = {
    # The table copies the values of the architecture; name, example and condition mean the SID itself.
    ("DescribeConnectionStatus", "DestinationEndpointOracleSID"),
}
REQUIRED_WHEN_ONLY_IN_PROSE = {
    # No parameter says whether the job behind the call is a subscription.
    ("WhiteIpList", "DestinationRegion"),
    # "In most cases": the service knows which engines do without an account.
    ("ConfigureDtsJob", "SourceEndpointUserName"),
    ("ConfigureDtsJob", "DestinationEndpointUserName"),
    # Sending it is what makes the job cross-account; SourceEndpointRole then has the rule.
    ("ConfigureDtsJob", "SourceEndpointOwnerID"),
    ("ConfigureSubscription", "SourceEndpointOwnerID"),
    ("ConfigureMigrationJob", "SourceEndpoint.OwnerID"),
    ("SwitchSynchronizationEndpoint", "SourceEndpoint.OwnerID"),
    ("ConfigureSubscriptionInstance", "SourceEndpoint.OwnerID"),
    # Which keys of it are needed is tested with the builder.
    ("ConfigureDtsJob", "Reserve"),
    # Whether the synchronization is two-way was said when it was bought.
    ("ModifySynchronizationObject", "SynchronizationDirection"),
    ("ConfigureSynchronizationJobReplicatorCompare", "SynchronizationDirection"),
    ("DescribeSynchronizationJobReplicatorCompare", "SynchronizationDirection"),
    # The engine was said when the instance was bought.
    ("ConfigureSubscriptionInstance", "SourceEndpoint.OracleSID"),
}
SAMPLE_REPAIRS: dict[str, dict[str, str | None]] = {
    # The sample sends a JobType that neither table nor vendor knows and leaves out the required RegionId.
    "ConfigureSubscription": {"JobType": None, "RegionId": "cn-hangzhou"},
    "SkipPreCheck": {"Skip": "true"},  # required by a note
    # camelCase names, and page 0; the catalog gives the repaired sample.
    "DescribeDtsEtlJobVersionInfo": {
        "pageSize": None,
        "pageNumber": None,
        "dtsInstanceId": None,
        "PageSize": "20",
        "PageNumber": "0",
        "DtsInstanceId": "dtsggk12iwya1a****",
    },
    # The sample gives what the table marks required and not what RDS then asks for.
    "ConfigureMigrationJob": {
        "SourceEndpoint.InstanceID": "rm-bp1i99e8l7913****",
        "SourceEndpoint.EngineName": "MySQL",
        "DestinationEndpoint.InstanceID": "rm-bp1r46452ai50****",
        "DestinationEndpoint.EngineName": "MySQL",
    },
    # Copied from the synchronization's page.
    "SuspendMigrationJob": {"SynchronizationJobId": None, "MigrationJobId": "dtsj1x11y51g3b****"},
    # We send JSON without blanks.
    "ModifySynchronizationObject": {"SynchronizationObjects": '[{"DBName":"dtstestdata"}]'},
    # Neither keys nor All, one of which the page itself asks for.
    "UntagResources": {"TagKey.1": "testkey1"},
}
SAMPLE_SAYS_NOTHING = {"CreateDtsInstance"}  # only Action; PayType is required


def parameters(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table's rows; of a numbered list its first element."""
    return [row | {"name": row["name"].replace(".N", ".1")} for row in entry["request"]]


def root(wire_name: str) -> str:
    """``ResourceId`` of ``ResourceId.1``, ``Tag`` of ``Tag.1.Key``."""
    return re.split(r"\.1\b", wire_name)[0]


def holds(condition: Mapping[str, Any] | None, call: Mapping[str, str]) -> bool:
    if condition is None:
        return False
    if "any" in condition:
        return any(holds(inner, call) for inner in condition["any"])
    given_value = call.get(condition["param"])
    return given_value is not None if condition.get("present") else given_value in condition["in"]


def example(action: str, parameter: Mapping[str, Any]) -> str:
    match parameter["name"]:
        case "DbList":
            return RICH_DB_LIST
        case "Reserve":
            return RICH_RESERVE
        case "DestinationEndpointEngineName":
            return "MYSQL" if action == "ConfigureDtsJob" else "MySQL"
        case "SourceEndpointEngineName" if action == "CreateDtsInstance":
            return "MySQL"
        case "EtlOperatorColumnReference":
            return "{}"
        case "MigrationObject" | "SynchronizationObjects":
            return RICH_OBJECTS
        case "DestinationEndpointArchitecture":
            return "SID"  # the table's example is a SID, not the word
    return str(parameter["example"])


def complete(entry: Mapping[str, Any], **given_values: str) -> dict[str, str]:
    """The fewest parameters that make a valid call around the given ones."""
    call = dict(given_values)
    rows = parameters(entry)
    fill = {row["name"]: example(entry["action"], row) for row in rows}
    groups = {row["name"]: row["one_of_group"] for row in rows}
    served = {groups[name] for name in call if name in groups}
    for row in rows:
        name, group = row["name"], row["one_of_group"]
        if (required(entry, row) and not group) or (group and group not in served):
            call.setdefault(name, fill[name])
            served.add(group)
    for parameter in rows * 2:  # twice: one condition may bring in another
        if holds(parameter.get("required_when"), call):
            call.setdefault(parameter["name"], fill[parameter["name"]])
    return {**call, **also_needed(entry["action"], call, given_values)}


def required(entry: Mapping[str, Any], parameter: Mapping[str, Any]) -> bool:
    marked: bool = parameter["required"]
    return marked and (entry["action"], parameter["name"]) not in OPTIONAL_IN_SPITE_OF_TABLE


def also_needed(action: str, call: Mapping[str, str], given_values: Mapping[str, str]) -> dict[str, str]:
    """What only the prose of the seed asks for."""
    if action == "ConfigureDtsJob":
        more = {"Reserve": RICH_RESERVE}
        if call["SourceEndpointInstanceType"] == "MONGODB":
            more["SourceEndpointDatabaseName"] = "admin"
        return more | dict(given_values)
    if action == "SkipPreCheck":  # the two lists go in pairs
        item = given_values.get("SkipPreCheckNames", call["SkipPreCheckItems"]).removesuffix("_DETAIL")
        return {"SkipPreCheckItems": item, "SkipPreCheckNames": f"{item}_DETAIL"}
    if "Tag.1.Value" in call:
        return {"Tag.1.Key": call.get("Tag.1.Key", "testkey1")}
    if any(name.startswith("PartitionKey.") for name in call):
        return {"DestinationEndpoint.InstanceType": "MaxCompute"} | dict(given_values)
    return {}


def parse(entry: Mapping[str, Any], call: Mapping[str, str]) -> Action[Any]:
    return from_parameters(ACTIONS[entry["action"]], call)


def accepted(entry: Mapping[str, Any], call: Mapping[str, str]) -> bool:
    try:
        parse(entry, call)
    except ValidationError:
        return False
    return True


def field_of(action: str, wire_name: str) -> str:
    fields = ACTIONS[action].model_fields.items()
    return next(name for name, field in fields if (field.alias or name) == root(wire_name))
