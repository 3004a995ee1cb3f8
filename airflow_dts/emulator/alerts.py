"""Alarms on delay and failure (seed 6.4.2; 6.5.5 for the older actions). They are kept; nobody is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts.emulator.jobs import Alerts

if TYPE_CHECKING:
    from airflow_dts.api._parts import Configured
    from airflow_dts.api.legacy.alerts import Alerting


def configure(alerts: Alerts, said: Configured) -> None:
    """Take over what a configuration says; what it leaves out stays as it was."""
    alerts.delay = alerts.delay if said.delay_notice is None else said.delay_notice
    alerts.error = alerts.error if said.error_notice is None else said.error_notice
    _take(alerts, said.delay_rule_time, said.delay_phone, said.error_phone)


def configure_older(alerts: Alerts, said: Alerting) -> None:
    """The same from the older actions, where a status left out is ``enable`` (seed 6.5.5.1).

    A delay cannot be watched without its limit: with neither of the two it stays as it was.
    """
    if said.delay_alert_status or said.delay_over_seconds:
        alerts.delay = said.delay_alert_status != "disable"
    alerts.error = said.error_alert_status != "disable"
    _take(alerts, said.delay_over_seconds, said.delay_alert_phone, said.error_alert_phone)


def _take(
    alerts: Alerts,
    seconds: int | None,
    delay_phones: Sequence[str] | None,
    error_phones: Sequence[str] | None,
) -> None:
    if seconds is not None:
        alerts.delay_seconds = seconds
    if delay_phones is not None:
        alerts.delay_phones = list(delay_phones)
    if error_phones is not None:
        alerts.error_phones = list(error_phones)


def words(alerts: Alerts) -> dict[str, Any]:
    """The fields of the older readings (`api.legacy.alerts.Alerts`)."""
    return {
        "delay_alert_status": _status(alerts.delay),
        "delay_over_seconds": alerts.delay_seconds or None,
        "delay_alert_phone": ",".join(alerts.delay_phones),
        "error_alert_status": _status(alerts.error),
        "error_alert_phone": ",".join(alerts.error_phones),
    }


def _status(on: bool) -> str:
    return "enable" if on else "disable"
