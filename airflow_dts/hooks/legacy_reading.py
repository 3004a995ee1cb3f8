"""From an instance's ID to a snapshot by the older API: one call per reading, once its kind is known.

The older API has one reading for each kind of instance, and no way to ask which kind one is of. So the kind
is found once, by trying, and remembered. What comes back is not trusted to be what was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_args

from airflow_dts.errors import ApiError, BadReply, BadRequest, ConfigError, JobNotFound
from airflow_dts.hooks.legacy_acting import ID_FIELDS, addressed
from airflow_dts.job_legacy import items_of, of_migration, of_subscription, of_synchronization

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dts.job import JobSnapshot, PrecheckItem

T = TypeVar("T")

_READINGS = {
    "MIGRATION": "DescribeMigrationJobStatus",
    "SYNC": "DescribeSynchronizationJobStatus",
    "SUBSCRIBE": "DescribeSubscriptionInstanceStatus",
}


class LegacyReader:
    """Reads instances of the older API and remembers of which kind each is.

    :param call: sends an action and returns its reply
    """

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self._call = call
        self._kinds: dict[str, str] = {}

    def read(self, instance_id: str, direction: str = "Forward") -> JobSnapshot:
        """Read an instance.

        :raises JobNotFound: when the service says so of every kind, or of the one it is known to be of
        :raises BadReply: for a reply that cannot be read
        """
        return self._reading(instance_id, direction, _snapshot)

    def items(self, instance_id: str, direction: str = "Forward") -> tuple[PrecheckItem, ...]:
        """Every item of the precheck; none of a subscription, of which the older API tells none."""
        return self._reading(instance_id, direction, _items)

    def _reading(self, instance_id: str, direction: str, read: Callable[[str, Any, str, str], T]) -> T:
        from airflow_dts.api._base import Unreadable

        kind, reply = self._ask(instance_id, direction)
        try:
            _check(kind, reply, instance_id, direction)
            return read(kind, reply, instance_id, direction)
        except Unreadable as fault:  # replies are typed where they are touched, after the call has returned
            raise BadReply(_READINGS[kind], str(fault)) from None

    def _ask(self, instance_id: str, direction: str) -> tuple[str, Any]:
        """The kind and the reply. Only a two-way synchronization has a way back, so nothing else is tried."""
        known = "SYNC" if direction == "Reverse" else self._kinds.get(instance_id)
        if known:
            return known, self._call(addressed(_READINGS[known], known, instance_id, direction))
        refusals: list[ApiError] = []
        for kind, name in _READINGS.items():
            try:
                reply = self._call(addressed(name, kind, instance_id))
            except (JobNotFound, BadRequest) as no:  # what is said of an instance of another kind
                refusals.append(no)
            else:
                self._kinds[instance_id] = kind
                return kind, reply
        # One that is merely refused may well exist, so it must not be taken for released
        raise next((no for no in refusals if not isinstance(no, JobNotFound)), refusals[0])


def _check(kind: str, reply: Any, instance_id: str, direction: str) -> None:
    said = getattr(reply, ID_FIELDS[kind])
    status = reply.migration_job_status if kind == "MIGRATION" else reply.status
    if said not in ("", instance_id) or not status:
        raise BadReply(
            _READINGS[kind],
            f"answered about {said or 'no instance'}, state {status or 'not given'}, "
            f"when asked about {instance_id}",
        )
    if direction == "Reverse" and reply.synchronization_direction.casefold() == "forward":
        raise ConfigError(
            f"instance {instance_id} has no way back",
            field="synchronization_direction",
            remedy="use Forward, or make the synchronization two-way first",
        )


def _snapshot(kind: str, reply: Any, instance_id: str, direction: str) -> JobSnapshot:
    match kind:
        case "MIGRATION":
            return of_migration(reply, instance_id)
        case "SYNC":
            return of_synchronization(reply, instance_id, direction)
    return of_subscription(reply, instance_id)


def _items(kind: str, reply: Any, instance_id: str, direction: str) -> tuple[PrecheckItem, ...]:
    from airflow_dts.api.prechecks import SkippableItem

    if kind == "SUBSCRIBE":
        return ()
    (codes, *_) = get_args(SkippableItem)  # what ShieldPrecheck takes; the reply does not tell
    return items_of(reply, get_args(codes))
