"""Every request against the seed as data: names, rules, ranges and samples, all 33 of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_dts.api._base import Action
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.form import PUBLIC_PARAMETERS, from_parameters, to_parameters
from tests.catalog.reading import ENTRIES, every_action

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

# --- where we knowingly leave the table, and why ----------------------------------------------------------

OPTIONAL_IN_SPITE_OF_TABLE = {
    ("SummaryJobDetail", "DtsJobId"),  # the table says required, its note says DtsInstanceId will do
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
    # Which keys of it are needed is tested with the builder.
    ("ConfigureDtsJob", "Reserve"),
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
}
SAMPLE_SAYS_NOTHING = {"CreateDtsInstance"}  # only Action; PayType is required


def holds(condition: Mapping[str, Any] | None, parameters: Mapping[str, str]) -> bool:
    if condition is None:
        return False
    if "any" in condition:
        return any(holds(inner, parameters) for inner in condition["any"])
    given_value = parameters.get(condition["param"])
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
    return str(parameter["example"])


def complete(entry: Mapping[str, Any], **given_values: str) -> dict[str, str]:
    """The fewest parameters that make a valid call around the given ones."""
    call = dict(given_values)
    fill = {p["name"]: example(entry["action"], p) for p in entry["request"]}
    groups = {p["name"]: p["one_of_group"] for p in entry["request"]}
    served = {groups[name] for name in call}
    for parameter in entry["request"]:
        name, group = parameter["name"], parameter["one_of_group"]
        if (parameter["required"] and not group) or (group and group not in served):
            call.setdefault(name, fill[name])
            served.add(group)
    for parameter in entry["request"] * 2:  # twice: one condition may bring in another
        if holds(parameter.get("required_when"), call):
            call.setdefault(parameter["name"], fill[parameter["name"]])
    return {**call, **also_needed(entry["action"], call, given_values)}


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
    return {}


def parse(entry: Mapping[str, Any], parameters: Mapping[str, str]) -> Action[Any]:
    return from_parameters(ACTIONS[entry["action"]], parameters)


def accepted(entry: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    try:
        parse(entry, parameters)
    except ValidationError:
        return False
    return True


def field_of(action: str, wire_name: str) -> str:
    return next(
        name for name, field in ACTIONS[action].model_fields.items() if (field.alias or name) == wire_name
    )


def test_every_action_of_the_catalog_is_a_class() -> None:
    assert set(ACTIONS) == set(ENTRIES)
    print(f"\n{len(ACTIONS)} of {len(ENTRIES)} actions")
    assert len(ENTRIES) == 33


@every_action
def test_section_version_and_docstring(entry: dict[str, Any]) -> None:
    action = ACTIONS[entry["action"]]
    assert action.action_name() == entry["action"]
    assert (action.section, action.version) == (entry["section"], entry["version"])
    assert (action.__doc__ or "").endswith(f"Seed {entry['section']}.")
    reads = entry["action"].startswith(("Describe", "Summary", "WhiteIp"))
    assert action.changes_state is not reads


@every_action
def test_parameters_and_which_of_them_are_required(entry: dict[str, Any]) -> None:
    ours = {field.alias: field.is_required() for field in ACTIONS[entry["action"]].model_fields.values()}
    theirs = {
        p["name"]: p["required"] and (entry["action"], p["name"]) not in OPTIONAL_IN_SPITE_OF_TABLE
        for p in entry["request"]
    }
    assert ours == theirs
    assert not ours.keys() & PUBLIC_PARAMETERS


@every_action
def test_the_fewest_parameters_are_enough_and_each_is_needed(entry: dict[str, Any]) -> None:
    fewest = complete(entry)
    parse(entry, fewest)
    for parameter in entry["request"]:
        name = parameter["name"]
        if parameter["required"] and (entry["action"], name) not in OPTIONAL_IN_SPITE_OF_TABLE:
            with pytest.raises(ValidationError, match=name):
                parse(entry, {key: value for key, value in fewest.items() if key != name})


@every_action
def test_unknown_parameters_are_refused_by_name(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="NoSuchThing"):
        parse(entry, {**complete(entry), "NoSuchThing": "1"})


@every_action
def test_one_of_groups(entry: dict[str, Any]) -> None:
    groups: dict[str, list[str]] = {}
    for parameter in entry["request"]:
        if group := parameter["one_of_group"]:
            groups.setdefault(group, []).append(parameter["name"])
    for members in groups.values():
        bare = {key: value for key, value in complete(entry).items() if key not in members}
        with pytest.raises(ValidationError, match=field_of(entry["action"], members[0])):
            parse(entry, bare)
        for member in members:
            assert accepted(entry, {**bare, member: "x1"})


def conditional() -> Iterator[Any]:
    for action, entry in ENTRIES.items():
        for parameter in entry["request"]:
            if condition := parameter.get("required_when"):
                for case in condition.get("any", [condition]):
                    yield pytest.param(
                        entry, parameter, case, id=f"{action}-{parameter['name']}-{case['param']}"
                    )


def test_no_condition_of_the_catalog_goes_unlooked_at() -> None:
    prose = {
        (action, parameter["name"])
        for action, entry in ENTRIES.items()
        for parameter in entry["request"]
        if parameter["required_when_en"]
        and not parameter.get("required_when")
        and not parameter["one_of_group"]
    }
    assert prose == REQUIRED_WHEN_ONLY_IN_PROSE


@pytest.mark.parametrize(("entry", "parameter", "condition"), list(conditional()))
def test_conditional_requirement(
    entry: dict[str, Any], parameter: dict[str, Any], condition: dict[str, Any]
) -> None:
    name, field = parameter["name"], field_of(entry["action"], parameter["name"])
    examples = {p["name"]: p["example"] for p in entry["request"]}
    for trigger in condition.get("in") or [examples[condition["param"]]]:
        obeying = complete(entry, **{condition["param"]: trigger})
        assert name in obeying
        parse(entry, obeying)
        with pytest.raises(ValidationError) as refused:
            parse(entry, {key: value for key, value in obeying.items() if key != name})
        assert field in str(refused.value)


@every_action
def test_enums_take_every_documented_value_in_any_case_and_nothing_else(entry: dict[str, Any]) -> None:
    for parameter in entry["request"]:
        if not parameter["enum"]:
            continue
        name = parameter["name"]
        for value in (choice["value"] for choice in parameter["enum"]):
            assert to_parameters(parse(entry, complete(entry, **{name: value})))[name] == value
            if parameter["type"] == "String":
                other_case = complete(entry, **{name: value}) | {name: value.swapcase()}
                assert to_parameters(parse(entry, other_case))[name] == value
        assert not accepted(entry, complete(entry) | {name: "nonsense"}), name


@every_action
def test_documented_defaults_are_left_to_the_service_and_may_be_said(entry: dict[str, Any]) -> None:
    for parameter in entry["request"]:
        if parameter["default"] is not None:
            assert accepted(entry, complete(entry, **{parameter["name"]: parameter["default"]}))
            field = ACTIONS[entry["action"]].model_fields[field_of(entry["action"], parameter["name"])]
            assert parameter["required"] or field.default is None


PHONES = ",".join(f"1361234{n:04}" for n in range(11))
RANGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "only 1 supported": (("1",), ("0", "2")),
    "integer >= 2": (("2", "99"), ("1", "-2", "2.5", "two")),
    "comma-separated mainland-China mobile numbers, at most 10; China site only": (
        ("13612340000", PHONES[: PHONES.rindex(",")]),
        (PHONES,),
    ),
    "integer seconds; 10 or more advised": (("10", "3600"), ("0", "-1", "1.5", "soon")),
    "at most 128 characters": (("g" * 128, "订阅组"), ("g" * 129, "")),
    "8..32 characters, at least two of: upper case, lower case, digits, special characters": (
        ("Test1234", "abcdefg!", "A" * 31 + "1"),
        ("Test123", "a" * 8, "1" * 20, "A1" * 17),
    ),
    "at most 16 characters out of upper case, lower case, digits, underscore": (
        ("dts_Test1", "a" * 16),
        ("a" * 17, "with-dash", "with blank", ""),
    ),
    "1..100": (("1", "100"), ("0", "101", "-1", "x")),
    "> 0, up to Integer max": (("1", "2147483647"), ("0", "-1", "2147483648", "1.5")),
    "one of 30, 50, 100": (("30", "50", "100", "10", "20"), ("0", "31", "101", "thirty")),
    "ASCII, at most 64 characters": (("t" * 64, "0c593ea1-3bea"), ("t" * 65, "é", "", "a\nb")),
    # Only the service knows the present password.
    "must differ from the current password": (("Test123456",), ()),
    "1..5 with Period=Year; 1..60 with Period=Month": (("1", "5"), ("0", "6", "-1", "many")),
}


@every_action
def test_ranges(entry: dict[str, Any]) -> None:
    for parameter in entry["request"]:
        if parameter["range_en"]:
            good, bad = RANGES[parameter["range_en"]]
            more = {"Period": "Year"} if parameter["name"] == "BuyCount" else {}
            for value in good:
                assert accepted(entry, complete(entry) | more | {parameter["name"]: value}), value
            for value in bad:
                assert not accepted(entry, complete(entry) | more | {parameter["name"]: value}), value


@pytest.mark.parametrize("port", ["0", "65536", "-1", "3306x"])
@pytest.mark.parametrize("side", ["Source", "Destination"])
def test_ports(side: str, port: str) -> None:
    entry = ENTRIES["ConfigureDtsJob"]
    call = complete(entry, **{f"{side}EndpointInstanceType": "OTHER"})
    assert accepted(entry, call | {f"{side}EndpointPort": "65535"})
    with pytest.raises(ValidationError, match=f"{side}EndpointPort"):
        parse(entry, call | {f"{side}EndpointPort": port})


@every_action
def test_the_sample_request_comes_out_as_it_went_in(entry: dict[str, Any]) -> None:
    sample = {key: value for key, value in (entry["sample_request"] or {}).items() if key != "Action"}
    for key, value in SAMPLE_REPAIRS.get(entry["action"], {}).items():
        if value is None:
            del sample[key]
        else:
            sample[key] = value
    if not sample:
        assert entry["action"] in SAMPLE_SAYS_NOTHING or "request sample" in entry["samples_lost_in_ocr"]
        return
    assert to_parameters(parse(entry, sample)) == sample


@every_action
def test_secrets_are_hidden_and_sent(entry: dict[str, Any]) -> None:
    for name in (parameter["name"] for parameter in entry["request"] if parameter.get("secret")):
        action = parse(entry, complete(entry, **{name: "Tell-Nobody-9"}))
        assert to_parameters(action)[name] == "Tell-Nobody-9"
        assert "Nobody" not in f"{action!r} {action} {action.model_dump()} {action.model_dump_json()}"
        with pytest.raises(ValidationError) as refused:
            parse(entry, {name: "Tell-Nobody-9", "Nonsense": "1"})
        assert "Nobody" not in str(refused.value)


BY_NAME: dict[str, st.SearchStrategy[str]] = {
    "DbList": st.sampled_from([RICH_DB_LIST, '{"a[0-9]*":{"name":"b","all":true,"dml_op":"d,i"}}']),
    "Reserve": st.sampled_from([RICH_RESERVE, '{"targetTableMode":2,"maxRetryTime":7200,"x":true}']),
    "Tags": st.dictionaries(st.text(min_size=1), st.text(), min_size=1).map(
        lambda tags: json.dumps([{"key": key, "value": value} for key, value in tags.items()])
    ),
    "EtlOperatorColumnReference": st.dictionaries(st.text(), st.text() | st.integers()).map(json.dumps),
}
NUMBERS = ("Checkpoint", "Port", "PageNo", "PageSize")


def values_of(parameter: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if parameter["enum"]:
        return st.sampled_from([choice["value"] for choice in parameter["enum"]])
    if parameter.get("range_en"):
        return st.sampled_from(RANGES[parameter["range_en"]][0])
    if parameter["name"] in BY_NAME:
        return BY_NAME[parameter["name"]]
    if parameter.get("format") == "csv":
        return st.lists(st.text("abc-0189_", min_size=1), min_size=1, max_size=10).map(",".join)
    if parameter["type"] in ("Integer", "Long") or parameter["name"].endswith(NUMBERS):
        return st.integers(2, 5).map(str)
    return st.text(min_size=1)


@every_action
def test_every_action_survives_the_wire(entry: dict[str, Any]) -> None:
    drawn = st.fixed_dictionaries({}, optional={p["name"]: values_of(p) for p in entry["request"]})

    @settings(deadline=None, max_examples=40)
    @given(drawn)
    def check(parameters: dict[str, str]) -> None:
        call = complete(entry, **parameters)
        assume(accepted(entry, call))
        action = parse(entry, call)
        again = from_parameters(type(action), to_parameters(action))
        assert again == action
        assert to_parameters(again) == to_parameters(action)

    check()
