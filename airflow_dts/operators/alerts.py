"""Say who is alarmed when a job lags or fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts._task import required
from airflow_dts.errors import ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action

WORDS = {
    "delay_alert_status": "delay_notice",
    "delay_over_seconds": "delay_rule_time",
    "delay_alert_phone": "delay_phone",
    "error_alert_status": "error_notice",
    "error_alert_phone": "error_phone",
}
"""The older API's words for what a configuration calls the same (seed 6.4.2)."""
SIDES = {
    "MIGRATION": "migration_job_id",
    "SYNC": "synchronization_job_id",
    "SUBSCRIBE": "subscription_instance_id",
}


class DtsConfigureAlertOperator(DtsOperator):
    """Set the alerts of a configured job. Returns the instance ID. Seed 6.5.5.1, 6.5.5.3, 6.5.5.5.

    Safe to repeat. The alarm comes by phone, on the China site only. The service may take a notice that is
    left out for one that is on, so give both.

    :param job_type: ``MIGRATION``, ``SYNC`` or ``SUBSCRIBE`` (templated)
    :param dts_instance_id: the job's instance (templated)
    :param delay_notice: raise an alarm when the job lags
    :param delay_rule_time: seconds of delay that raise it, best 10 or more (templated)
    :param delay_phone: mobile numbers to alarm, at most 10 (templated)
    :param error_notice: raise an alarm when the job fails
    :param error_phone: mobile numbers to alarm, at most 10 (templated)
    :param synchronization_direction: ``Reverse`` for the way back of a two-way synchronization (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "job_type",
        "dts_instance_id",
        "delay_rule_time",
        "delay_phone",
        "error_phone",
        "synchronization_direction",
    )

    def __init__(
        self,
        *,
        job_type: str,
        dts_instance_id: str,
        delay_notice: bool | None = None,
        delay_rule_time: int | str | None = None,
        delay_phone: Sequence[str] | str | None = None,
        error_notice: bool | None = None,
        error_phone: Sequence[str] | str | None = None,
        synchronization_direction: str = "Forward",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_type = job_type
        self.dts_instance_id = dts_instance_id
        self.delay_notice = delay_notice
        self.delay_rule_time = delay_rule_time
        self.delay_phone = delay_phone
        self.error_notice = error_notice
        self.error_phone = error_phone
        self.synchronization_direction = synchronization_direction

    def action(self) -> Action[Any]:
        kind = str(self.job_type).upper()
        if kind not in SIDES:
            raise ConfigError(
                f"{self.job_type!r} is unknown", field="job_type", remedy=f"use {', '.join(SIDES)}"
            )
        direction = self.synchronization_direction
        fields = {
            SIDES[kind]: required("dts_instance_id", self.dts_instance_id),
            "delay_alert_status": _switch(self.delay_notice),
            "delay_over_seconds": self.delay_rule_time,
            "delay_alert_phone": self.delay_phone,
            "error_alert_status": _switch(self.error_notice),
            "error_alert_phone": self.error_phone,
            "synchronization_direction": None if direction == "Forward" else direction,
        }
        return build(_action_of(kind), fields, words=WORDS)

    def execute(self, context: Context) -> str:
        self.hook.call(self.action())
        return self.dts_instance_id


def _switch(on: bool | None) -> str | None:
    return None if on is None else "enable" if on else "disable"


def _action_of(kind: str) -> type[Action[Any]]:
    from airflow_dts.api.legacy import alerts

    actions: dict[str, type[Action[Any]]] = {
        "MIGRATION": alerts.ConfigureMigrationJobAlert,
        "SYNC": alerts.ConfigureSynchronizationJobAlert,
        "SUBSCRIBE": alerts.ConfigureSubscriptionInstanceAlert,
    }
    return actions[kind]
