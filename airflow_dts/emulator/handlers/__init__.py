"""What the service does for each action: one function an action."""

from __future__ import annotations

from airflow_dts.emulator.handlers import (
    billing,
    configuring,
    consuming,
    etl,
    legacy,
    listing,
    modifying,
    network,
    prechecks,
    purchases,
    sts,
    verbs,
)
from airflow_dts.emulator.handlers._registry import HANDLERS, Desk, Handler

__all__ = [
    "HANDLERS",
    "Desk",
    "Handler",
    "billing",
    "configuring",
    "consuming",
    "etl",
    "legacy",
    "listing",
    "modifying",
    "network",
    "prechecks",
    "purchases",
    "sts",
    "verbs",
]
