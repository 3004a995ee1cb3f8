"""The consumer groups of a subscription (seed 6.4.6, and 6.5.3.5 for the older actions).

Nobody reads from a subscription of this emulator, so no group ever has a client: its delay and what it has
not read are both -1, as the service says of such a group.
"""

from __future__ import annotations

from typing import Final

from airflow_dts.emulator import passwords
from airflow_dts.emulator.ids import new_id
from airflow_dts.emulator.jobs import ConsumerGroup, Job
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.refusals import business, gateway, unfit

NOBODY: Final = -1
"""Delay in seconds, and messages not read, while no client is attached."""
MOST_GROUPS = 20
"""Groups of one subscription (the vendor's manual)."""
_MANAGED = frozenset(
    {Status.NOT_STARTED, Status.PRECHECK_FAILED, Status.PRECHECK_PASSED, Status.NORMAL, Status.ABNORMAL}
)
"""Not started, failed to start, normal or abnormal (seed 6.5.3.5.3)."""


def check_subscription(job: Job, name: str = "DtsJobId") -> Job:
    """The job, or a Refusal when it is no subscription.

    :param name: the wire parameter that names it.
    """
    if job.type is not JobType.SUBSCRIBE:
        raise unfit(name, f"it names a {job.type} job, not a subscription.")
    return job


def _check_state(job: Job) -> None:
    if job.goal is not None or job.status not in _MANAGED:
        raise gateway(
            "OperationDenied.JobStatus",
            f"The subscription is {job.status}: its groups cannot be changed now.",
        )


def _check_name(job: Job, name: str, but: ConsumerGroup | None = None) -> None:
    if any(group.name == name for group in job.groups if group is not but):
        raise unfit("ConsumerGroupName", "the subscription has a group of this name.")


def create(job: Job, *, name: str, user: str, password: str, now: float) -> ConsumerGroup:
    """Add a group. Raises Refusal."""
    _check_state(job)
    _check_name(job, name)
    if len(job.groups) >= MOST_GROUPS:
        raise business("OperationDenied", f"A subscription has {MOST_GROUPS} consumer groups at most.")
    group = ConsumerGroup(f"dts{new_id()}", name, user, passwords.digest(password), now)
    job.groups.append(group)
    return group


def find(job: Job, group_id: str, name: str = "ConsumerGroupId") -> ConsumerGroup:
    """The group. Raises Refusal.

    :param name: how the wire parameter is spelled.
    """
    for group in job.groups:
        if group.id == group_id:
            return group
    raise unfit(name, "the subscription has no such group.")


def modify(
    job: Job,
    group: ConsumerGroup,
    *,
    name: str | None = None,
    user: str | None = None,
    password: str | None = None,
) -> None:
    """Change what is given. Raises Refusal."""
    _check_state(job)
    if name is not None:
        _check_name(job, name, group)
        group.name = name
    if user is not None:
        group.user = user
    if password is not None:
        group.password_hash = passwords.digest(password)


def change_password(job: Job, group: ConsumerGroup, present: str, new: str) -> None:
    """For callers who have to know the present password (seed 6.5.3.5.3). Raises Refusal."""
    check_newer(job)
    if not passwords.same(present, group.password_hash):
        raise unfit("ConsumerGroupPassword", "it is not the group's present password.")
    modify(job, group, password=new)


def delete(job: Job, group: ConsumerGroup) -> None:
    """Raises Refusal."""
    _check_state(job)
    job.groups.remove(group)


def check_newer(job: Job) -> None:
    """Raise Refusal for a subscription configured without SubscriptionInstanceNetworkType."""
    if not job.network:
        raise business("OperationDenied", "Only a subscription of the newer kind has consumer groups.")


def move(job: Job, to: float) -> None:
    """Let the client of a subscription of the older kind go on at another time (seed 6.5.3.5.5).

    :param to: Unix seconds.
    :raises Refusal: the newer kind leaves that to its clients, or the subscription is not `Normal`.
    """
    if job.network:
        raise business(
            "OperationDenied", "A client of a subscription of the newer kind says itself where it begins."
        )
    if job.goal is not None or job.status is not Status.NORMAL:
        raise gateway("OperationDenied.JobStatus", f"The subscription is {job.status}, not Normal.")
    job.position = to


def topic(job: Job) -> str:
    """Where a subscription of the newer kind is read, as the service names it."""
    source = job.source.names[0] if job.source.names else ""
    parts = (job.region, source, job.source.user, "version2")
    return "_".join(part for part in parts if part).replace("-", "_").replace(":", "_")
