"""Buying with the older actions, where a ClientToken keeps a call that is sent again from buying twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from airflow_dts.api._base import Action
from airflow_dts.emulator import idempotency
from airflow_dts.emulator.handlers._registry import Desk
from airflow_dts.emulator.handlers.purchases import buy, offered
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import invalid


def bought(
    desk: Desk,
    action: Action[Any],
    token: str | None,
    kind: JobType,
    region: str,
    order: Callable[[Job], None],
    *,
    two_way: bool = False,
) -> str:
    """The id of the instance that the call buys, or has bought.

    :param region: where the instance is.
    :param order: says the rest about it.
    :raises Refusal: RegionId names another region, or the token served another request.
    """
    if action.region_id not in (None, region):
        raise invalid("RegionId", f"the instance will be in {region}: leave it out, or give the same.")
    request = idempotency.whole(action)
    known = idempotency.bought(desk.store, token, request)
    if known:
        return known
    desk = replace(desk, region=region)
    job = offered(desk, kind)
    order(job)
    buy(desk, job, two_way=two_way)
    idempotency.remember(desk.store, token, request, job.instance_id)
    return job.instance_id
