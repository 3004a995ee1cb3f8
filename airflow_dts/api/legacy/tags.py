"""Tags on instances of either generation (seed 6.5.7)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airflow_dts.api import readings
from airflow_dts.api._base import Items, Reply, Wire, Wrapped
from airflow_dts.api._fields import Name, Spelled, Text
from airflow_dts.api._numbered import Gathers, Numbered, NumberedTags
from airflow_dts.api._rules import at_least_one, rule
from airflow_dts.api.legacy._parts import LegacyAction

ResourceIds = Annotated[Numbered, Field(max_length=50)]
"""Instances, at most 50 a call."""
TagPairs = Annotated[NumberedTags, Field(max_length=20)]
"""At most 20 tags, ``{"team": "shop"}``."""
TagKeys = Annotated[Numbered, Field(max_length=20)]


class _OfResources(Wire):
    """Of which kind."""

    resource_type: Annotated[Literal["ALIYUN::DTS::INSTANCE"], Spelled()]
    """There is only this one."""


class TagResources(LegacyAction[Reply], _OfResources, Gathers):
    """Add tags to instances, in place of those with the same keys. Seed 6.5.7.1."""

    section = "6.5.7.1"

    region_id: Name
    resource_ids: Annotated[ResourceIds, Field(alias="ResourceId")]
    tags: Annotated[TagPairs, Field(alias="Tag")]
    """An instance holds at most 20; a value may be empty."""

    rules = (
        rule(
            "give every tag in tags a value; it may be empty",
            lambda action: None not in action.tags.values(),
        ),
    )


class TagResource(readings.Tag):
    """A tag of an instance."""

    resource_id: Text = ""
    """The instance."""
    resource_type: Text = ""


class ListTagResourcesReply(Reply):
    """Some of the tags."""

    tag_resources: Annotated[Items[TagResource], Wrapped("TagResource")] = ()
    next_token: Text = ""
    """Given while more is left; say it in the next call."""


class ListTagResources(LegacyAction[ListTagResourcesReply], _OfResources, Gathers):
    """List tags by instance, by tag or by both. Seed 6.5.7.2."""

    section = "6.5.7.2"
    changes_state = False

    region_id: Name
    resource_ids: Annotated[ResourceIds | None, Field(alias="ResourceId")] = None
    tags: Annotated[TagPairs | None, Field(alias="Tag")] = None
    """Only these tags; a key whose value is None stands for any value."""
    next_token: Name | None = None
    """What the last reply gave; the first call has none."""

    rules = (at_least_one("resource_ids", "tags"),)


class UntagResources(LegacyAction[Reply], _OfResources, Gathers):
    """Take tags off instances; a tag on no instance is gone. Seed 6.5.7.3."""

    section = "6.5.7.3"

    region_id: Name
    resource_ids: Annotated[ResourceIds, Field(alias="ResourceId")]
    tag_keys: Annotated[TagKeys | None, Field(alias="TagKey")] = None
    all: bool | None = None
    """All tags; says nothing beside ``tag_keys``."""

    rules = (at_least_one("tag_keys", "all"),)
