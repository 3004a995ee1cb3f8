"""Tags on instances of either generation (seed 6.5.7)."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_dts.api._base import Reply
from airflow_dts.api.legacy.tags import (
    ListTagResources,
    ListTagResourcesReply,
    TagResource,
    TagResources,
    UntagResources,
)
from airflow_dts.emulator import tags
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType


def _instances(desk: Desk, ids: Iterable[str]) -> list[Job]:
    """Each once. Raises Refusal: one is not there."""
    return [desk.instance(None, instance_id) for instance_id in dict.fromkeys(ids)]


@handles(TagResources)
def tag(desk: Desk, action: TagResources) -> Reply:
    """All instances or, when one refuses, none. Seed 6.5.7.1."""
    for job in _instances(desk, action.resource_ids):
        tags.bind(job, action.tags)
        desk.store.save(job)
    return Reply()


@handles(UntagResources)
def untag(desk: Desk, action: UntagResources) -> Reply:
    """Beside keys, All says nothing; and false takes nothing off. Seed 6.5.7.3."""
    for job in _instances(desk, action.resource_ids):
        if action.tag_keys or action.all:
            tags.unbind(job, action.tag_keys)
            desk.store.save(job)
    return Reply()


@handles(ListTagResources)
def list_tags(desk: Desk, action: ListTagResources) -> ListTagResourcesReply:
    """Seed 6.5.7.2."""
    shown, token = tags.page(_asked(desk, action), action.tags, action.next_token)
    return ListTagResourcesReply(
        tag_resources=[
            TagResource(
                resource_id=bound.instance_id,
                resource_type=action.resource_type,
                tag_key=bound.key,
                tag_value=bound.value,
            )
            for bound in shown
        ],
        **({"next_token": token} if token else {}),
    )


def _asked(desk: Desk, action: ListTagResources) -> list[Job]:
    if action.resource_ids is not None:
        return _instances(desk, action.resource_ids)
    return [job for kind in JobType for job in desk.listed(desk.region, kind) if not job.released]
