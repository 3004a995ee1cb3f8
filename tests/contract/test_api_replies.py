"""Every reply against the seed as data: its tree, its samples in JSON and XML, all 33 of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from airflow_dts.api._base import Reply, Struct
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.xml import from_xml, to_xml
from tests.catalog.reading import every_action


def python_types(annotation: Any) -> set[Any]:
    return {annotation} | {inner for arg in get_args(annotation) for inner in python_types(arg)}


NUMBERS_READ_AS_TEXT = {
    ("DescribeDtsJobDetail", "Code")  # Integer here, String in every other reply
}


def compare_tree(action: str, model: type[Struct], documented: list[dict[str, Any]]) -> Iterator[str]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for item in documented:
        name, place = item["name"], f"{model.__name__}.{item['name']}"
        if name not in fields:
            yield f"{place} is missing"
            continue
        _, inside, many = wire_fields(model)[name.casefold()]
        types = python_types(fields[name].annotation)
        if item["type"] in ("Array", "Struct"):
            if inside is None or many is not (item["type"] == "Array"):
                yield f"{place} should be {item['type']}"
            else:
                yield from compare_tree(action, inside, item["fields"])
        elif item["type"] == "Boolean" and bool not in types:
            yield f"{place} should be true or false"
        elif (
            item["type"] in ("Integer", "Long")
            and not types & {int, float}
            and (action, name) not in NUMBERS_READ_AS_TEXT
        ):
            yield f"{place} should be a number"


@every_action
def test_the_reply_has_every_documented_field(entry: dict[str, Any]) -> None:
    assert list(compare_tree(entry["action"], ACTIONS[entry["action"]].reply, entry["response"])) == []


def structs(found: object) -> Iterator[Struct]:
    if isinstance(found, Struct):
        yield found
        for name in type(found).model_fields:
            yield from structs(getattr(found, name))
    elif not isinstance(found, str) and hasattr(found, "__iter__"):
        for inner in found:
            yield from structs(inner)


def loosely(said: object) -> object:
    """Keys without case, leaves as text, empty ones left out: what a lenient reader may not lose."""
    match said:
        case dict():
            full = {key: value for key, value in said.items() if value not in (None, "", [])}
            return {key.casefold(): loosely(value) for key, value in full.items()}
        case list():
            return [loosely(value) for value in said]
    return str(said).casefold()


def sample_reply(entry: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry["sample_response_json"] or entry["sample_response_synthesized_json"]
    return found


@every_action
def test_the_sample_reply_lands_in_declared_fields(entry: dict[str, Any]) -> None:
    sample = sample_reply(entry)
    reply: Reply = ACTIONS[entry["action"]].parse_reply(json.dumps(sample).encode())
    assert [(type(s).__name__, s.model_extra) for s in structs(reply) if s.model_extra] == []
    assert loosely(reply.model_dump(mode="json", exclude_unset=True)) == loosely(sample)
    assert reply == ACTIONS[entry["action"]].parse_reply(sample)
    assert reply == ACTIONS[entry["action"]].parse_reply(json.dumps(sample))
    assert reply.success is True


@every_action
def test_keys_are_matched_without_case(entry: dict[str, Any]) -> None:
    def lowered(said: object) -> object:
        match said:
            case dict():
                return {key.lower(): lowered(value) for key, value in said.items()}
            case list():
                return [lowered(value) for value in said]
        return said

    sample, action = sample_reply(entry), ACTIONS[entry["action"]]
    assert action.parse_reply(json.dumps(lowered(sample))) == action.parse_reply(sample)


@every_action
def test_xml_and_json_samples_say_the_same(entry: dict[str, Any]) -> None:
    reply = ACTIONS[entry["action"]].parse_reply(sample_reply(entry))
    if entry["sample_response_xml"]:
        assert from_xml(type(reply), entry["sample_response_xml"]).model_dump(exclude_defaults=True) == (
            reply.model_dump(exclude_defaults=True)
        )
    again = from_xml(type(reply), to_xml(reply, f"{entry['action']}Response"))
    assert again.model_dump(exclude_defaults=True) == reply.model_dump(exclude_defaults=True)


def test_unknown_statuses_and_fields_are_kept() -> None:
    action = ACTIONS["DescribeDtsJobs"]
    reply: Any = action.parse_reply('{"DtsJobList":[{"Status":"Dreaming","Moon":{"Phase":3}}],"Sun":1}')
    (job,) = reply.dts_job_list
    assert job.status == "Dreaming"
    assert job.model_extra == {"Moon": {"Phase": 3}}
    assert reply.model_extra == {"Sun": 1}
