"""Every action the emulator answers: those of DTS, and the one that temporary keys come from."""

from __future__ import annotations

from typing import Any

from airflow_dts.api._base import Action
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.sts import AssumeRole

SERVED: dict[str, type[Action[Any]]] = {**ACTIONS, AssumeRole.action_name(): AssumeRole}
"""By wire name."""
