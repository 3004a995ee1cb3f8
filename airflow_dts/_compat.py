"""The one door to Airflow 2 and 3; nothing else in the package imports Airflow."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseHook,
    BaseOperator,
    BaseSensorOperator,
    Connection,
    Context,
    TaskDeferred,
    conf,
    mask_secret,
)
from airflow.triggers.base import BaseTrigger, TriggerEvent  # the same path on 2.11 and 3; compat has none

__all__ = [
    "AirflowFailException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "BaseHook",
    "BaseOperator",
    "BaseSensorOperator",
    "BaseTrigger",
    "Connection",
    "Context",
    "TaskDeferred",
    "TriggerEvent",
    "conf",
    "mask_secret",
]
