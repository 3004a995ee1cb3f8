"""Alarms: what configurations and the older actions leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_dts.api.legacy.alerts import ConfigureMigrationJobAlert
from airflow_dts.emulator import alerts
from airflow_dts.emulator.jobs import Alerts

PHONES = "13612340000,13712340000"


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC", "SUBSCRIBE"])
def test_a_configuration_sets_the_alarms(bench: Any, kit: Any, kind: str) -> None:
    wanted = {"DelayNotice": "true", "DelayRuleTime": "30", "DelayPhone": PHONES, "ErrorNotice": "false"}
    job_id = kit.configured(bench, kind, **wanted)
    assert bench.job(job_id).alerts == Alerts(
        delay=True, delay_seconds=30, delay_phones=PHONES.split(","), error=False
    )
    assert alerts.words(bench.job(job_id).alerts) == {
        "delay_alert_status": "enable",
        "delay_over_seconds": 30,
        "delay_alert_phone": PHONES,
        "error_alert_status": "disable",
        "error_alert_phone": "",
    }


def test_what_a_later_configuration_leaves_out_stays(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SYNC", ErrorNotice="true", ErrorPhone=PHONES)
    again = kit.configuration(job_id, "SYNC", DelayNotice="true", DelayRuleTime="10")
    assert bench.call("ConfigureDtsJob", **again).code == "OK"
    assert bench.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(bench, job_id, "NotConfigured")
    kept = bench.job(job_id).alerts
    assert (kept.delay, kept.delay_seconds, kept.error, kept.error_phones) == (
        True,
        10,
        True,
        PHONES.split(","),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"delay_alert_status": "enable", "delay_over_seconds": 10}, (True, 10, True)),
        ({"delay_alert_status": "disable"}, (False, 0, True)),
        ({"error_alert_status": "disable"}, (False, 0, False)),
        ({"error_alert_status": "disable", "delay_over_seconds": 20}, (True, 20, False)),
        ({"delay_alert_status": "disable", "error_alert_status": "disable"}, (False, 0, False)),
    ],
)
def test_the_older_actions_take_a_status_left_out_for_enable(
    said: dict[str, Any], expected: tuple[bool, int, bool]
) -> None:
    kept = Alerts()
    alerts.configure_older(kept, ConfigureMigrationJobAlert(migration_job_id="dtsj", **said))
    assert (kept.delay, kept.delay_seconds, kept.error) == expected


def test_a_delay_that_is_watched_goes_on_being_watched() -> None:
    kept = Alerts(delay=True, delay_seconds=10)
    said = ConfigureMigrationJobAlert(migration_job_id="dtsj", error_alert_status="enable")
    alerts.configure_older(kept, said)
    assert (kept.delay, kept.delay_seconds, kept.error) == (True, 10, True)
