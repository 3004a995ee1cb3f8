"""Every reply against the seed as data: its tree, its samples in JSON and XML, all 82 of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from airflow_dts.api._base import Reply, Struct
from airflow_dts.api._struct import WireField, wire_fields
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.xml import from_xml, to_xml
from tests.catalog.reading import every_action


def python_types(annotation: Any) -> set[Any]:
    return {annotation} | {inner for arg in get_args(annotation) for inner in python_types(arg)}


NUMBERS_READ_AS_TEXT = {
    ("DescribeDtsJobDetail", "Code")  # Integer here, String in every other reply
}


def compare_tree(action: str, model: type[Struct], documented: list[dict[str, Any]]) -> Iterator[str]:
    for item in documented:
        place = f"{model.__name__}.{item['name']}"
        if item["name"] not in {field.name for field in wire_fields(model).values()}:
            yield f"{place} is missing"
        elif item["type"] in ("Array", "Struct", "Map"):
            yield from compare_shape(action, place, wire_fields(model)[item["name"].casefold()], item)
        elif (action, item["name"]) not in NUMBERS_READ_AS_TEXT:
            yield from compare_leaf(place, model, item)


def compare_shape(action: str, place: str, field: WireField, item: dict[str, Any]) -> Iterator[str]:
    wrapper = ""
    if item.get("wrapped_list"):
        (item,) = item["fields"]
        wrapper = item["name"]
    if field.wrapped != wrapper:
        yield f"{place} should be wrapped in {wrapper or 'nothing'}"
    if field.many is not (item["type"] == "Array"):
        yield f"{place} should be {item['type']}"
    elif item.get("item") == "String":
        if field.inside:
            yield f"{place} should hold text"
    elif field.inside is None:
        yield f"{place} should hold structs"
    else:
        yield from compare_tree(action, field.inside, item["fields"])


WANTED: dict[str, set[Any]] = {"Boolean": {bool}, "Integer": {int, float}, "Long": {int, float}}


def compare_leaf(place: str, model: type[Struct], item: dict[str, Any]) -> Iterator[str]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    wanted = WANTED.get(item["type"])
    if wanted and not wanted & python_types(fields[item["name"]].annotation):
        yield f"{place} should be {item['type']}"


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


EMPTY: tuple[Any, ...] = (None, "", [])


def loosely(said: object) -> object:
    """Keys without case, leaves as text, empty ones left out: what a lenient reader may not lose."""
    match said:
        case dict():
            full = {key.casefold(): loosely(value) for key, value in said.items() if value not in EMPTY}
            return {key: value for key, value in full.items() if value != {}}
        case list():
            return [loosely(value) for value in said]
    return str(said).casefold().replace("0.00mb/s", "0")  # the unit is known, so we give the number


SYNTHESIZED = ("sample_response_json", "sample_response_synthesized_json", "sample_response_synth")


def sample_reply(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The page's JSON sample; where that is lost, one made of its XML sample or of its table."""
    found: dict[str, Any] = next(entry[key] for key in SYNTHESIZED if entry.get(key))
    return found


def unrooted(sample: dict[str, Any]) -> dict[str, Any]:
    """Two samples stand under the name of their XML root."""
    inside: dict[str, Any] = sample.get("SwitchSynchronizationEndpointResponse", sample)
    return inside


@every_action
def test_the_sample_reply_lands_in_declared_fields(entry: dict[str, Any]) -> None:
    sample = sample_reply(entry)
    reply: Reply = ACTIONS[entry["action"]].parse_reply(json.dumps(sample).encode())
    assert [(type(s).__name__, s.model_extra) for s in structs(reply) if s.model_extra] == []
    assert loosely(reply.model_dump(mode="json", exclude_unset=True)) == loosely(unrooted(sample))
    assert reply == ACTIONS[entry["action"]].parse_reply(sample)
    assert reply == ACTIONS[entry["action"]].parse_reply(json.dumps(sample))
    assert reply.success is True


Change = Callable[[str], str]


def respelled(said: object, key: Change, leaf: Callable[[Any], Any]) -> Any:
    match said:
        case dict():
            return {key(name): respelled(value, key, leaf) for name, value in said.items()}
        case list():
            return [respelled(value, key, leaf) for value in said]
    return leaf(said)


def as_number(leaf: object) -> object:
    """``"95"`` -> 95, where nothing is lost."""
    return int(leaf) if isinstance(leaf, str) and leaf.isdigit() and str(int(leaf)) == leaf else leaf


def as_text(leaf: object) -> object:
    """true -> ``"true"``, 200 -> ``"200"``."""
    return json.dumps(leaf) if isinstance(leaf, (bool, int)) else leaf


def unwrapped(said: Any, model: type[Struct] | None) -> Any:
    """``{"Jobs": {"Job": [...]}}`` -> ``{"Jobs": [...]}``."""
    if isinstance(said, list):
        return [unwrapped(each, model) for each in said]
    if not isinstance(said, dict) or model is None:
        return said
    found = {}
    for name, value in said.items():
        field = wire_fields(model)[name.casefold()]
        found[name] = unwrapped(value[field.wrapped] if field.wrapped else value, field.inside)
    return found


@every_action
def test_every_spelling_is_read_as_the_same_objects(entry: dict[str, Any]) -> None:
    action, sample = ACTIONS[entry["action"]], unrooted(sample_reply(entry))
    documented = action.parse_reply(sample)
    spellings = {
        "lower case": respelled(sample, str.lower, lambda leaf: leaf),
        "camelCase": respelled(sample, lambda key: key[0].lower() + key[1:], lambda leaf: leaf),
        "PascalCase": respelled(sample, lambda key: key[0].upper() + key[1:], lambda leaf: leaf),
        "text": respelled(sample, str, as_text),
        "numbers": respelled(sample, str, as_number),
        "plain lists": unwrapped(sample, action.reply),
        "XML's root": {f"{entry['action']}Response": sample} if sample != sample_reply(entry) else sample,
    }
    for spelling, said in spellings.items():
        read = action.parse_reply(json.dumps(said))
        assert read == documented, spelling
        list(structs(read))  # and none of it is unreadable


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
