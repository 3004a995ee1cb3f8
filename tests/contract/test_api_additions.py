"""What the classes take or read beyond the seed's tables: each of it is listed here, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from airflow_dts.api._base import Reply, Struct
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.actions import ACTIONS
from tests.catalog.calls import NO_ENUM_IN_SPITE_OF_TABLE, parameters
from tests.catalog.reading import ENTRIES, every_action

# From the conditions and notes of the pages, and from the vendor's SDKs.
_ENGINES = {"LINDORM", "MARIADB", "POLARDBX10", "TiDB"}
_TARGET_ENGINES = {"ELK", "ODPS", "ROCKETMQ", "Tablestore"}
_ITEMS = {"CHECK_DEST_TABLE_EMPTY", "CHECK_SUPER_AUTH_DEST"}
VALUES: dict[tuple[str, str], set[str]] = {
    ("CreateDtsInstance", "SourceEndpointEngineName"): {"Greenplum", "polardb_o"},
    ("CreateDtsInstance", "DestinationEndpointEngineName"): {"Greenplum"},
    ("ConfigureDtsJob", "JobType"): {"CHECK"},
    ("ConfigureDtsJob", "SourceEndpointInstanceType"): {"ADS", "DISTRIBUTED_POLARDBX10", "LINDORM"},
    ("ConfigureDtsJob", "DestinationEndpointInstanceType"): {
        "DISTRIBUTED_POLARDBX10",
        "LINDORM",
        *_TARGET_ENGINES,
    },
    ("ConfigureDtsJob", "SourceEndpointEngineName"): _ENGINES,
    ("ConfigureDtsJob", "DestinationEndpointEngineName"): _ENGINES | _TARGET_ENGINES,
    ("ConfigureSubscription", "SourceEndpointEngineName"): {"PostgreSQL"},
    ("SkipPreCheck", "SkipPreCheckItems"): _ITEMS,
    ("SkipPreCheck", "SkipPreCheckNames"): {f"{item}_DETAIL" for item in _ITEMS},
    ("ShieldPrecheck", "PrecheckItems"): _ITEMS,
    ("DescribeDtsJobs", "Status"): {"ModifyFailed"},
    ("ConfigureMigrationJob", "DestinationEndpoint.InstanceType"): {"Express", "OceanBase"},
    ("ConfigureMigrationJob", "DestinationEndpoint.EngineName"): {"Oracle"},
    ("ConfigureSynchronizationJob", "DestinationEndpoint.InstanceType"): {"cen", "dg"},
    ("ConfigureSubscriptionInstance", "SourceEndpoint.InstanceType"): {"DRDS"},
    ("DescribeConnectionStatus", "DestinationEndpointInstanceType"): {"Express"},
    ("DescribeConnectionStatus", "DestinationEndpointEngineName"): {"Oracle"},
}
_MODE_AND_OWNER = (
    "MigrationMode.DataExtractTransformLoad",
    "SourceEndpoint.AliyunUid",
    "SourceEndpoint.RoleName",
)
FIELDS: dict[str, set[str]] = {
    "DescribeDtsJobs": {
        "DtsJobList.JobType",
        *(f"DtsJobList.{place}{name}" for place in ("", "ReverseJob.") for name in _MODE_AND_OWNER),
    },
}


def literals(annotation: Any) -> Iterator[str]:
    for inner in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield str(inner)
        else:
            yield from literals(inner)


@every_action
def test_no_value_is_taken_that_is_neither_documented_nor_listed_here(entry: dict[str, Any]) -> None:
    fields = {field.alias or name: field for name, field in ACTIONS[entry["action"]].model_fields.items()}
    for parameter in parameters(entry):
        place = (entry["action"], parameter["name"])
        if parameter["enum"] and place not in NO_ENUM_IN_SPITE_OF_TABLE and parameter["name"] in fields:
            taken = set(literals(fields[parameter["name"]].annotation))
            documented = {str(choice["value"]) for choice in parameter["enum"]}
            assert taken - documented == VALUES.get(place, set()), place


def undocumented(model: type[Struct], table: list[dict[str, Any]], place: str = "") -> Iterator[str]:
    known = {item["name"].casefold(): item for item in table}
    for key, field in wire_fields(model).items():
        item = known.get(key)
        if item is None:
            yield f"{place}{field.name}"
        elif field.inside:
            if item.get("wrapped_list"):
                (item,) = item["fields"]
            yield from undocumented(field.inside, item.get("fields") or [], f"{place}{field.name}.")


@every_action
def test_no_reply_has_a_field_that_is_neither_documented_nor_listed_here(entry: dict[str, Any]) -> None:
    envelope = {field.name for field in wire_fields(Reply).values()}
    found = set(undocumented(ACTIONS[entry["action"]].reply, entry["response"])) - envelope
    assert found == FIELDS.get(entry["action"], set())


def test_what_is_listed_here_belongs_to_an_action() -> None:
    assert {action for action, _ in VALUES} | FIELDS.keys() <= ENTRIES.keys()
