"""Runs a job's precheck against the real databases."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_dts.emulator import twoway
from airflow_dts.emulator.dataplane import CheckItem, precheck
from airflow_dts.emulator.jobs import Check, Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.options import Options
from airflow_dts.emulator.specs import Unbound, spec_of, url_of

_OF_A_SUBSCRIPTION = frozenset({"CHECK_CONN_SRC", "CHECK_SRC"})
"""It only reads, so nothing else about either end matters."""
_MIRROR = "Swap the ends of the other direction, and bind all names of a database to the same URL."


def inspect(
    job: Job, other: Job | None, bindings: Mapping[str, str], options: Options, now: float
) -> list[Check]:
    """Look at both ends. Takes as long as the databases take.

    :param other: the other half of a two-way job.
    :param now: Unix seconds, the time the items carry.
    """
    unbound = _unbound(job, bindings, now)
    if unbound:
        return unbound
    if astray := twoway.mirror_problems(job, other, bindings):
        return [Check("CHECK_TOPOLOGY", "Failed", "; ".join(astray), _MIRROR, at=now)]
    items = precheck.check(spec_of(job, bindings, options))
    if job.type is JobType.SUBSCRIBE:
        items = [item for item in items if item.item in _OF_A_SUBSCRIPTION]
    return [_check(item, now) for item in items]


def blocking(checks: list[Check], skipped: list[str]) -> list[Check]:
    """The items that keep the job from starting."""
    return [check for check in checks if check.state == "Failed" and check.item not in skipped]


def _unbound(job: Job, bindings: Mapping[str, str], now: float) -> list[Check]:
    ends = [("CHECK_CONN_SRC", "source", job.source)]
    if job.type is not JobType.SUBSCRIBE:
        ends.append(("CHECK_CONN_DEST", "destination", job.target))
    found = []
    for item, side, end in ends:
        try:
            url_of(side, end, bindings)
        except Unbound as missing:
            found.append(Check(item, "Failed", missing.reason, missing.repair, at=now))
    return found


def _check(item: CheckItem, now: float) -> Check:
    return Check(item.item, item.state, item.reason, item.repair, item.can_skip, now)
