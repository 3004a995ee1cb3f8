"""Say to an instance of the older API, in that API's actions, what is said to a job in the newer one's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_dts.errors import ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.states import PARTICIPLE, Verb

if TYPE_CHECKING:
    from airflow_dts.api._base import Action
    from airflow_dts.job import JobSnapshot

LEGACY = "legacy"
_INSTANCE_ID = re.compile(r"dts[0-9A-Za-z]{15}")
"""A job's ID is shorter: the older API names an instance by ``dts`` and the ID of its job."""

ID_FIELDS = {
    "MIGRATION": "migration_job_id",
    "SYNC": "synchronization_job_id",
    "SUBSCRIBE": "subscription_instance_id",
}
"""What each kind calls its instance's ID, in requests and in replies."""

_KINDS = {"MIGRATION": "migration", "SYNC": "synchronization", "SUBSCRIBE": "subscription"}

OLDER_ACTIONS = {
    ("MIGRATION", Verb.START): "StartMigrationJob",
    ("MIGRATION", Verb.SUSPEND): "SuspendMigrationJob",
    ("MIGRATION", Verb.STOP): "StopMigrationJob",
    ("MIGRATION", Verb.RELEASE): "DeleteMigrationJob",
    ("SYNC", Verb.START): "StartSynchronizationJob",
    ("SYNC", Verb.SUSPEND): "SuspendSynchronizationJob",
    ("SYNC", Verb.RESET): "ResetSynchronizationJob",
    ("SYNC", Verb.RELEASE): "DeleteSynchronizationJob",
    ("SUBSCRIBE", Verb.START): "StartSubscriptionInstance",
    ("SUBSCRIBE", Verb.RELEASE): "DeleteSubscriptionInstance",
}
"""What a verb sends to each kind of instance."""

_NEVER = {
    ("MIGRATION", Verb.RESET): "release it, and buy another",
    ("SUBSCRIBE", Verb.STOP): "release it",
}
"""What neither API can do, and what to do instead."""


def is_older(job_id: str, generation: str | None = None) -> bool:
    """Whether an ID is meant for the older API: as ``generation`` says, else by the form of the ID.

    :raises ConfigError: for a generation that is unknown
    """
    match generation:
        case None | "" | "None":  # the last is what a template makes of nothing
            return bool(_INSTANCE_ID.fullmatch(job_id))
        case "legacy" | "current":
            return generation == LEGACY
    raise ConfigError(
        f"{generation!r} is unknown",
        field="generation",
        remedy="use legacy or current, or leave it out: the form of the ID tells",
    )


def addressed(name: str, kind: str, instance_id: str, direction: str = "Forward") -> Action[Any]:
    """The older action ``name`` for one instance.

    :param kind: ``MIGRATION``, ``SYNC`` or ``SUBSCRIBE``
    :raises ConfigError: for a way back, if the action knows none
    """
    from airflow_dts.api.actions import ACTIONS

    id_field = ID_FIELDS[kind]
    way = direction if direction == "Reverse" else None
    return build(
        ACTIONS[name],
        {id_field: instance_id, "synchronization_direction": way},
        words={id_field: "dts_job_id"},
    )


def older_action(action: Action[Any], verb: Verb, job: JobSnapshot, direction: str) -> Action[Any]:
    """What says ``verb`` to an instance of the older API; an older ``action`` is that already.

    :param action: what says it to a job
    :raises ConfigError: the older API cannot do that; names what can
    """
    if action.generation == LEGACY:
        return action
    if name := OLDER_ACTIONS.get((job.job_type, verb)):
        return addressed(name, job.job_type, job.job_id, direction)
    newer = (
        f"give the ID of its job, which is {job.job_id.removeprefix('dts')}, so that the newer API does it"
    )
    raise ConfigError(
        f"a {_KINDS.get(job.job_type, 'job')} of the older API cannot be {PARTICIPLE[verb]} this way",
        field="dts_job_id",
        remedy=f"{_NEVER.get((job.job_type, verb), newer)}; nothing was sent",
    )
