"""Every action by its wire name."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from airflow_dts.api import etl, instances, jobs, prechecks, readings, subscriptions
from airflow_dts.api._base import Action
from airflow_dts.api.legacy import (
    alerts,
    migration,
    network,
    subscription,
    synchronization,
    synchronization_readings,
    tags,
)
from airflow_dts.api.legacy import prechecks as shielding


def _defined_in(module: ModuleType) -> list[type[Action[Any]]]:
    """Its actions; bases have no section, and pydantic's parametrized ones belong to no module."""
    return [
        found
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, Action)
        and found.__module__ == module.__name__
        and "section" in vars(found)
    ]


_CURRENT = (jobs, readings, prechecks, instances, subscriptions, etl)
_LEGACY = (
    migration,
    synchronization,
    synchronization_readings,
    subscription,
    network,
    alerts,
    shielding,
    tags,
)

ACTIONS: dict[str, type[Action[Any]]] = {
    action.action_name(): action for module in (*_CURRENT, *_LEGACY) for action in _defined_in(module)
}
