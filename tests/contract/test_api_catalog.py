"""Every request against the seed as data: names, ranges and samples, all 82 of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.form import PUBLIC_PARAMETERS, from_parameters, to_parameters
from tests.catalog.calls import (
    BEYOND_THE_TABLE,
    NO_ENUM_IN_SPITE_OF_TABLE,
    RICH_DB_LIST,
    RICH_OBJECTS,
    RICH_RESERVE,
    SAMPLE_REPAIRS,
    SAMPLE_SAYS_NOTHING,
    accepted,
    complete,
    example,
    field_of,
    parameters,
    parse,
    required,
    root,
)
from tests.catalog.reading import ENTRIES, LEGACY, every_action


def test_every_action_of_the_catalog_is_a_class() -> None:
    assert set(ACTIONS) == set(ENTRIES)
    print(f"\n{len(ACTIONS)} of {len(ENTRIES)} actions")
    assert len(ENTRIES) == 82
    assert {name for name, action in ACTIONS.items() if action.generation == "legacy"} == set(LEGACY)


@every_action
def test_section_version_and_docstring(entry: dict[str, Any]) -> None:
    action = ACTIONS[entry["action"]]
    assert action.action_name() == entry["action"]
    assert (action.section, action.version) == (entry["section"], entry["version"])
    assert (action.__doc__ or "").endswith(f"Seed {entry['section']}.")
    reads = entry["action"].startswith(("Describe", "List", "Summary", "WhiteIp"))
    assert action.changes_state is not reads


@every_action
def test_parameters_and_which_of_them_are_required(entry: dict[str, Any]) -> None:
    ours = {field.alias: field.is_required() for field in ACTIONS[entry["action"]].model_fields.values()}
    theirs = {name: False for action, name in BEYOND_THE_TABLE if action == entry["action"]}
    for parameter in parameters(entry):
        name = root(parameter["name"])
        theirs[name] = required(entry, parameter) or theirs.get(name, False)
    assert ours == theirs
    assert not ours.keys() & PUBLIC_PARAMETERS


@every_action
def test_the_fewest_parameters_are_enough_and_each_is_needed(entry: dict[str, Any]) -> None:
    fewest = complete(entry)
    parse(entry, fewest)
    for parameter in parameters(entry):
        name = parameter["name"]
        if required(entry, parameter):
            with pytest.raises(ValidationError, match=f"{root(name)}|{field_of(entry['action'], name)}"):
                parse(entry, {key: value for key, value in fewest.items() if key != name})


@every_action
def test_unknown_parameters_are_refused_by_name(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="NoSuchThing"):
        parse(entry, {**complete(entry), "NoSuchThing": "1"})


@every_action
def test_one_of_groups(entry: dict[str, Any]) -> None:
    groups: dict[str, dict[str, str]] = {}
    for parameter in parameters(entry):
        if group := parameter["one_of_group"]:
            groups.setdefault(group, {})[parameter["name"]] = example(entry["action"], parameter)
    for members in groups.values():
        bare = {key: value for key, value in complete(entry).items() if key not in members}
        with pytest.raises(ValidationError, match=field_of(entry["action"], next(iter(members)))):
            parse(entry, bare)
        for member, value in members.items():
            alone = complete(entry, **{member: value})
            assert not alone.keys() & members.keys() - {member}
            assert accepted(entry, alone)


@every_action
def test_enums_take_every_documented_value_in_any_case_and_nothing_else(entry: dict[str, Any]) -> None:
    for parameter in parameters(entry):
        if not parameter["enum"] or (entry["action"], parameter["name"]) in NO_ENUM_IN_SPITE_OF_TABLE:
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
    for parameter in parameters(entry):
        if parameter["default"] is not None:
            assert accepted(entry, complete(entry, **{parameter["name"]: parameter["default"]}))
            field = ACTIONS[entry["action"]].model_fields[field_of(entry["action"], parameter["name"])]
            assert parameter["required"] or field.default is None


PHONES = ",".join(f"1361234{n:04}" for n in range(11))
MAXCOMPUTE_ONLY = "usable only when DestinationEndpoint.InstanceType is MaxCompute (printed Maxcompute here)"
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
    # The older pages.
    "ASCII only, at most 64 characters": (("t" * 64, "0c593ea1-3bea"), ("t" * 65, "é", "", "a\nb")),
    "at most 32 characters": (("j" * 32, "迁移"), ("j" * 33, "")),
    "30, 50 or 100": (("30", "50", "100", "10", "20"), ("0", "31", "101", "thirty")),
    "1..2147483647": (("1", "2147483647"), ("0", "-1", "2147483648", "1.5")),
    "Period=Year: 1..5; Period=Month: 1..60": (("1", "5"), ("0", "6", "-1", "many")),
    "8..32 characters from at least two of: upper case, lower case, digits, special": (
        ("Test1234", "abcdefg!", "A" * 31 + "1"),
        ("Test123", "a" * 8, "1" * 20, "A1" * 17),
    ),
    "letters, digits, underscore; at most 16 characters": (
        ("dts_Test1", "a" * 16),
        ("a" * 17, "with-dash", "with blank", ""),
    ),
    "yyyy-MM-ddTHH:mm:ssZ": (
        ("2019-10-15T17:20:03Z",),
        ("2019-10-15", "2019-10-15 17:20:03", "2019-10-15T17:20:03", "2019-13-15T17:20:03Z", "1571160003"),
    ),
    "10 or more is advised": (("10", "3600"), ("0", "-1", "1.5", "soon")),
    "China site only, mainland China numbers, at most 10, comma-separated": (
        ("13612340000", PHONES[: PHONES.rindex(",")]),
        (PHONES,),
    ),
    # How many there may be is tested below.
    "N 1..50": (("dtsntk10k6r12v",), ("",)),
    "N 1..20; not empty": (("team",), ("",)),
    "N 1..20; may be empty": (("shop", ""), ()),
    "not empty; at most 20 tags per instance": (("team",), ("",)),
    "may be empty": (("shop", ""), ()),
    # Only the service knows whether the job is two-way, and what was bought.
    "Reverse only for two-way topology": (("Forward", "Reverse"), ("Sideways",)),
    "self-built sources may be MySQL or Oracle, chosen earlier in CreateSubscriptionInstance": (
        ("RDS", "LocalInstance", "dg"),
        ("Cloud",),
    ),
    # What these exclude takes two parameters; see test_api_rules.
    "bidirectional only when SourceEndpoint.InstanceType and DestinationEndpoint.InstanceType are MySQL, "
    "PolarDB or Redis": (("oneway", "bidirectional"), ("ring",)),
    MAXCOMPUTE_ONLY: (("true", "false"), ("maybe",)),
}
BESIDE = {
    "1..5 with Period=Year; 1..60 with Period=Month": {"Period": "Year"},
    "Period=Year: 1..5; Period=Month: 1..60": {"Period": "Year"},
}


@every_action
def test_ranges(entry: dict[str, Any]) -> None:
    for parameter in parameters(entry):
        if text := parameter["range_en"]:
            good, bad = RANGES[text]
            for value in good:
                assert accepted(
                    entry, complete(entry, **BESIDE.get(text, {}), **{parameter["name"]: value})
                ), value
            for value in bad:
                call = complete(entry, **BESIDE.get(text, {})) | {parameter["name"]: value}
                assert not accepted(entry, call), (parameter["name"], value)


@pytest.mark.parametrize(
    ("action", "name", "most"),
    [
        ("TagResources", "ResourceId.{}", 50),
        ("TagResources", "Tag.{}.Key", 20),
        ("ListTagResources", "ResourceId.{}", 50),
        ("ListTagResources", "Tag.{}.Key", 20),
        ("UntagResources", "ResourceId.{}", 50),
        ("UntagResources", "TagKey.{}", 20),
    ],
)
def test_how_many_a_numbered_list_takes(action: str, name: str, most: int) -> None:
    def call(count: int) -> dict[str, str]:
        many = {name.format(n): f"x{n}" for n in range(1, count + 1)}
        values = {f"Tag.{n}.Value": "v" for n in range(1, count + 1)} if "Tag." in name else {}
        return complete(ENTRIES[action]) | many | values

    assert accepted(ENTRIES[action], call(most))
    with pytest.raises(ValidationError, match=name.split(".")[0]):
        parse(ENTRIES[action], call(most + 1))


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
        why = [*entry.get("samples_lost_in_ocr", ()), *entry.get("sample_notes_en", ())]
        assert entry["action"] in SAMPLE_SAYS_NOTHING or any("request sample" in each for each in why)
        return
    assert to_parameters(parse(entry, sample)) == sample


@every_action
def test_secrets_are_hidden_and_sent(entry: dict[str, Any]) -> None:
    for name in (parameter["name"] for parameter in parameters(entry) if parameter.get("secret")):
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
    "MigrationObject": st.sampled_from([RICH_OBJECTS, '[{"SchemaName":"crm","AllTable":true}]']),
    "SynchronizationObjects": st.sampled_from([RICH_OBJECTS, '[{"DBName":"a"},{"DBName":"b.*"}]']),
    "SubscriptionObject": st.just('[{"DBName":"shop","TableExcludes":[{"TableName":"tmp.*"}]}]'),
    "MigrationReserved": st.just('{"targetTableMode":2,"srcRedisType":"enterprise","x":true}'),
    "SynchronizationJobIdListJsonStr": st.lists(st.text(min_size=1), min_size=1).map(json.dumps),
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
    drawn = st.fixed_dictionaries({}, optional={p["name"]: values_of(p) for p in parameters(entry)})

    @settings(deadline=None, max_examples=40)
    @given(drawn)
    def check(some: dict[str, str]) -> None:
        call = complete(entry, **some)
        assume(accepted(entry, call))
        action = parse(entry, call)
        again = from_parameters(type(action), to_parameters(action))
        assert again == action
        assert to_parameters(again) == to_parameters(action)

    check()
