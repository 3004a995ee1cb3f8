"""The older actions (seed 6.5), over the same jobs as the current ones."""

from __future__ import annotations

from airflow_dts.emulator.handlers.legacy import (
    alerts,
    migration,
    migration_readings,
    network,
    prechecks,
    subscription,
    subscription_readings,
    switching,
    synchronization,
    synchronization_readings,
    tags,
)

__all__ = [
    "alerts",
    "migration",
    "migration_readings",
    "network",
    "prechecks",
    "subscription",
    "subscription_readings",
    "switching",
    "synchronization",
    "synchronization_readings",
    "tags",
]
