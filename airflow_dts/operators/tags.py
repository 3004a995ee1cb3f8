"""Tag instances, and read their tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts.errors import ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator, names_in, reading

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.api.legacy.tags import ListTagResourcesReply

KIND = "ALIYUN::DTS::INSTANCE"
AT_ONCE = 50
"""Instances per call, as many as the service takes (seed 6.5.7)."""
MOST_PAGES = 200
"""Where to stop paging, whatever the service says about what is left."""
WORDS = {"resource_ids": "dts_instance_ids", "all": "all_tags"}


class DtsTagsOperator(DtsOperator):
    """Base: work on the tags of instances, as many calls as it takes.

    :param dts_instance_ids: instances of any kind and either generation of the API, as a list or as text with
        commas (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "dts_instance_ids")

    def __init__(self, *, dts_instance_ids: Sequence[str] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_instance_ids = dts_instance_ids

    def actions(self, action: type[Action[Any]], fields: Mapping[str, Any]) -> list[Action[Any]]:
        """One for every fifty instances, all checked before any is sent."""
        ids = names_in("dts_instance_ids", self.dts_instance_ids)
        common = {"region_id": self.hook.settings().region_id, "resource_type": KIND, **fields}
        return [
            build(action, {**common, "resource_ids": ids[start : start + AT_ONCE]}, words=WORDS)
            for start in range(0, len(ids), AT_ONCE)
        ]


class DtsTagResourcesOperator(DtsTagsOperator):
    """Put tags on instances, in place of those with the same keys. Returns the instance IDs. Seed 6.5.7.1.

    An instance holds at most 20 tags.

    :param tags: such as ``{"team": "shop"}``; a value may be empty (templated)
    """

    template_fields: Sequence[str] = (*DtsTagsOperator.template_fields, "tags")
    template_fields_renderers = {"tags": "json"}

    def __init__(self, *, tags: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tags = tags

    def execute(self, context: Context) -> list[str]:
        from airflow_dts.api.legacy.tags import TagResources

        for action in self.actions(TagResources, {"tags": self.tags}):
            self.hook.call(action)
        return names_in("dts_instance_ids", self.dts_instance_ids)


class DtsUntagResourcesOperator(DtsTagsOperator):
    """Take tags off instances; one that an instance does not have is no error. Seed 6.5.7.3.

    Returns the instance IDs.

    :param tag_keys: keys of the tags, as a list or as text with commas (templated)
    :param all_tags: take off every tag instead
    """

    template_fields: Sequence[str] = (*DtsTagsOperator.template_fields, "tag_keys")

    def __init__(
        self, *, tag_keys: Sequence[str] | str | None = None, all_tags: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.tag_keys = tag_keys
        self.all_tags = all_tags

    def execute(self, context: Context) -> list[str]:
        from airflow_dts.api.legacy.tags import UntagResources

        if self.all_tags and self.tag_keys:
            raise ConfigError("says the opposite of tag_keys", field="all_tags", remedy="give one of them")
        keys = None if self.all_tags else names_in("tag_keys", self.tag_keys or ())
        for action in self.actions(UntagResources, {"tag_keys": keys, "all": self.all_tags or None}):
            self.hook.call(action)
        return names_in("dts_instance_ids", self.dts_instance_ids)


class DtsListTagsOperator(DtsTagsOperator):
    """Return the tags of every instance, such as ``{"dtsabc": {"team": "shop"}}``. Seed 6.5.7.2."""

    def execute(self, context: Context) -> dict[str, dict[str, str]]:
        from airflow_dts.api.legacy.tags import ListTagResources

        found: dict[str, dict[str, str]] = {
            name: {} for name in names_in("dts_instance_ids", self.dts_instance_ids)
        }
        for action in self.actions(ListTagResources, {}):
            for reply in self.pages(action):
                with reading(action.action_name()):
                    for tag in reply.tag_resources:
                        if tag.resource_id in found:
                            found[tag.resource_id][tag.tag_key] = tag.tag_value
        return found

    def pages(self, action: Action[Any]) -> Iterator[ListTagResourcesReply]:
        """Until the service names no page to come, or one it has named before."""
        seen = {""}
        for _ in range(MOST_PAGES):
            reply: ListTagResourcesReply = self.hook.call(action)
            yield reply
            if reply.next_token in seen:
                return
            seen.add(reply.next_token)
            action = action.model_copy(update={"next_token": reply.next_token})
