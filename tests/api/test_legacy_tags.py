"""Limits of the tag actions (seed 6.5.7), which the table of parameters gives as prose."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from airflow_dts.api.form import from_parameters, to_parameters
from airflow_dts.api.legacy.tags import ListTagResources, TagResources, UntagResources

KIND = "ALIYUN::DTS::INSTANCE"
WHERE = {"RegionId": "cn-hangzhou", "ResourceType": KIND}


def ids(count: int) -> dict[str, str]:
    return {f"ResourceId.{n}": f"dts{n}" for n in range(1, count + 1)}


def tags(count: int) -> dict[str, str]:
    return {f"Tag.{n}.{part}": f"{part}{n}" for n in range(1, count + 1) for part in ("Key", "Value")}


def keys(count: int) -> dict[str, str]:
    return {f"TagKey.{n}": f"k{n}" for n in range(1, count + 1)}


@pytest.mark.parametrize(
    ("action", "most", "too_many", "named"),
    [
        (TagResources, ids(50) | tags(20), ids(51) | tags(1), "ResourceId"),
        (TagResources, ids(1) | tags(20), ids(1) | tags(21), "Tag"),
        (ListTagResources, ids(50), ids(51), "ResourceId"),
        (ListTagResources, tags(20), tags(21), "Tag"),
        (UntagResources, ids(50) | keys(20), ids(51) | keys(1), "ResourceId"),
        (UntagResources, ids(1) | keys(20), ids(1) | keys(21), "TagKey"),
    ],
)
def test_fifty_instances_and_twenty_tags_a_call(
    action: type[TagResources | ListTagResources | UntagResources],
    most: dict[str, str],
    too_many: dict[str, str],
    named: str,
) -> None:
    assert to_parameters(from_parameters(action, WHERE | most)) == WHERE | most
    with pytest.raises(ValidationError, match=rf"(?m)^{named}$"):
        from_parameters(action, WHERE | too_many)


def test_a_tag_is_set_with_a_value_that_may_be_empty() -> None:
    bare = WHERE | ids(1) | {"Tag.1.Key": "team"}
    tagging = from_parameters(TagResources, bare | {"Tag.1.Value": ""})
    assert tagging.tags == {"team": ""}
    assert to_parameters(tagging)["Tag.1.Value"] == ""
    with pytest.raises(ValidationError, match="give every tag in tags a value"):
        from_parameters(TagResources, bare)


def test_a_tag_is_looked_for_with_any_value() -> None:
    listing = from_parameters(ListTagResources, WHERE | {"Tag.1.Key": "team"})
    assert listing.tags == {"team": None}
    assert to_parameters(listing) == WHERE | {"Tag.1.Key": "team"}


def test_a_tag_without_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="Tag"):
        from_parameters(TagResources, WHERE | ids(1) | {"Tag.1.Key": "", "Tag.1.Value": "shop"})
    with pytest.raises(ValidationError, match="TagKey"):
        from_parameters(UntagResources, WHERE | ids(1) | {"TagKey.1": ""})


def test_all_tags_are_taken_off_only_by_saying_so() -> None:
    with pytest.raises(ValidationError, match="give tag_keys or all"):
        UntagResources(region_id="cn-hangzhou", resource_type=KIND, resource_ids=["dts1"])
    untagging = UntagResources(region_id="cn-hangzhou", resource_type=KIND, resource_ids=["dts1"], all=True)
    assert to_parameters(untagging) == WHERE | ids(1) | {"All": "true"}
