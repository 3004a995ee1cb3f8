"""What the service does for each action: one function an action."""

from __future__ import annotations

from airflow_dts.emulator.handlers import configuring, listing, modifying, prechecks, purchases, verbs
from airflow_dts.emulator.handlers._registry import HANDLERS, Desk, Handler, not_emulated

__all__ = [
    "HANDLERS",
    "Desk",
    "Handler",
    "configuring",
    "listing",
    "modifying",
    "not_emulated",
    "prechecks",
    "purchases",
    "verbs",
]
