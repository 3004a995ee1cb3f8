"""Two-way synchronization: one instance with two jobs, each of which leads to where the other comes from.

Each half is configured, started, paused, stopped and reset by itself, has its own mover and its own precheck,
and is called by its own id, or by the forward half's with SynchronizationDirection ``Reverse`` (seed 6.4.2).
What belongs to the instance, its class and its bill, is the forward half's and shared; a release ends both.

The seed is silent about the order of the halves. Here:

* the forward half is configured first, since it says what is moved between which two databases;
* the precheck of the reverse half waits while the forward one is on its way to following changes, for until
  then the forward half may still be making the tables;
* the reverse half leads from the forward half's target to its source and nowhere else.

How the halves keep out of each other's way, and what becomes of a row that both sides change at once, is told
in `dataplane.pairing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_dts.emulator.ids import new_id
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import MOVER_RUNS, Event, JobType, Status, after_event
from airflow_dts.emulator.refusals import business, unfit
from airflow_dts.emulator.specs import Unbound, url_of

if TYPE_CHECKING:
    from airflow_dts.emulator.handlers import Desk
    from airflow_dts.emulator.movers import Mover
    from airflow_dts.emulator.state import Store

TWO_WAY = "bidirectional"
_ARRIVING = frozenset({Status.PRECHECKING, Status.PRECHECK_PASSED, Status.INITIALIZING})


def check_type(kind: JobType, name: str) -> None:
    """Raise Refusal unless jobs of this kind can be two-way.

    :param name: the wire parameter that asks for it.
    """
    if kind is not JobType.SYNC:
        raise unfit(name, f"a {kind} job has one direction only; use oneway, or buy a SYNC instance.")


def add_reverse(desk: Desk, forward: Job) -> Job:
    """Give the instance its reverse half, which is yet to be configured, and save both."""
    reverse = Job(
        id=new_id(),
        instance_id=forward.instance_id,
        region=forward.region,
        type=forward.type,
        created=desk.clock.now(),
        partner=forward.id,
        reverse=True,
        source=Side(engine=forward.target.engine, region=forward.target.region),
        target=Side(engine=forward.source.engine, region=forward.source.region),
    )
    forward.partner, forward.architecture = reverse.id, TWO_WAY
    share(forward, reverse)
    reverse.note(desk.clock.now())
    for half in (forward, reverse):
        desk.store.save(half)
    return reverse


def upgrade(desk: Desk, job: Job, instance_class: str) -> Job:
    """Make a one-way job two-way, also while it runs; its mover is replaced by one that knows. Seed 6.4.9.5.

    :return: the reverse half, which is yet to be configured.
    :raises Refusal: it is two-way already.
    """
    if job.partner:
        raise business("OperationDenied", "The instance %s is two-way already.", job.instance_id)
    check_type(job.type, "InstanceId")
    job.job_class = instance_class
    # The changes of the source are logged by triggers, which from now on have to pass over some.
    job.revision += 1
    return add_reverse(desk, job)


def share(forward: Job, reverse: Job) -> None:
    """What is the instance's own, and so the same for both halves."""
    reverse.architecture = forward.architecture
    reverse.job_class, reverse.pay_type = forward.job_class, forward.pay_type
    reverse.expires, reverse.database_count = forward.expires, forward.database_count


def check_forward_first(forward: Job | None) -> None:
    """Raise Refusal while the reverse half cannot be configured."""
    if forward is None or Status.NOT_CONFIGURED in (forward.status, forward.goal):
        raise business(
            "OperationDenied",
            "The Forward direction of the instance is %s: configure it before the Reverse one.",
            Status.NOT_CONFIGURED,
        )


def follow_forward(store: Store, reverse: Job) -> None:
    """What the clock does to the instance, for its reverse half: as the forward one is locked, it is too."""
    forward = store.job(reverse.partner)
    if forward is None or reverse.goal is not None or reverse.released:
        return
    share(forward, reverse)
    locked = Status.LOCKED in (forward.status, forward.goal)
    if locked and reverse.status is not Status.LOCKED:
        reverse.before = reverse.status
        reverse.goal = after_event(reverse.type, Event.EXPIRED, reverse.status)
    elif not locked and reverse.status is Status.LOCKED and reverse.before is not None:
        reverse.status = after_event(reverse.type, Event.RENEWED, reverse.status, reverse.before)
        reverse.before = None


def is_arriving(forward: Job | None) -> bool:
    """Whether the forward half is about to follow changes, but does not yet."""
    if forward is None or forward.goal is not None:
        return False
    status = forward.before or forward.status
    return (forward.resume if status is Status.RETRYING else status) in _ARRIVING


def is_taking_notice(forward: Job | None, mover: Mover | None) -> bool:
    """Whether the forward half's log already passes over what the reverse half will write.

    It does not while a mover from before the upgrade is being replaced. The reverse half's mover looks for
    itself and refuses to begin; here that is spared.
    """
    if forward is None or forward.status not in MOVER_RUNS or forward.retry is not None:
        return True
    return mover is not None and mover.revision == forward.revision and mover.healthy > 1


def mirror_problems(job: Job, other: Job | None, bindings: Mapping[str, str]) -> list[str]:
    """Why the two halves do not lead to and fro between the same two databases; empty when they do.

    Raises Unbound.
    """
    if other is None or other.status is Status.NOT_CONFIGURED:
        return []
    ends = (
        ("source", job.source, "destination", other.target),
        ("destination", job.target, "source", other.source),
    )
    return [
        f"the {side} {_name(end)} is not the {their_side} of the other direction, {_name(their_end)}"
        for side, end, their_side, their_end in ends
        if not _same(url_of(side, end, bindings), their_side, their_end, bindings)
    ]


def _same(url: str, their_side: str, their_end: Side, bindings: Mapping[str, str]) -> bool:
    try:
        return url.rstrip("/") == url_of(their_side, their_end, bindings).rstrip("/")
    except Unbound:
        return False


def _name(end: Side) -> str:
    return next(iter(end.names), "(unnamed)")
