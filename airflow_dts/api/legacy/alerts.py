"""Alerts of the older API (seed 6.5.5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airflow_dts.api._base import Reply, Wire
from airflow_dts.api._fields import Direction, IntText, Name, Phones, Spelled, Text
from airflow_dts.api._rules import at_least_one, needs
from airflow_dts.api.legacy._parts import LegacyAction, OfAccount, Repeatable

Watched = Annotated[Literal["enable", "disable"], Spelled()]


class Alerting(Wire):
    """What to watch and whom to alarm."""

    delay_alert_status: Watched | None = None
    """Watch the delay; the service takes enable when it is left out."""
    delay_over_seconds: Annotated[int, Field(ge=1)] | None = None
    """Seconds of delay that raise the alarm; 10 or more are advised."""
    delay_alert_phone: Phones | None = None
    error_alert_status: Watched | None = None
    """Watch for failures; the service takes enable when it is left out."""
    error_alert_phone: Phones | None = None


ALERTING = (
    at_least_one("delay_alert_status", "error_alert_status"),
    needs(
        "delay_over_seconds",
        when={"delay_alert_status": "enable"},
        hint="the seconds that raise the alarm",
    ),
)


class Alerts(Reply):
    """What is watched, and who is alarmed."""

    delay_alert_status: Text = ""
    """``enable`` or ``disable``."""
    delay_over_seconds: IntText = None
    delay_alert_phone: Text = ""
    """Mobile numbers, comma-separated."""
    error_alert_status: Text = ""
    """``enable`` or ``disable``."""
    error_alert_phone: Text = ""
    """Mobile numbers, comma-separated."""


class ConfigureMigrationJobAlert(LegacyAction[Reply], Alerting, OfAccount):
    """Set the alerts of a migration. Seed 6.5.5.1."""

    section = "6.5.5.1"

    migration_job_id: Name
    """Its instance."""

    rules = ALERTING


class MigrationJobAlert(Alerts):
    """The alerts of a migration."""

    migration_job_id: Text = ""
    """The job: the instance's id without ``dts``."""
    migration_job_name: Text = ""


class DescribeMigrationJobAlert(LegacyAction[MigrationJobAlert], OfAccount, Repeatable):
    """Read the alerts of a migration. Seed 6.5.5.2."""

    section = "6.5.5.2"
    changes_state = False

    migration_job_id: Name
    """Its instance."""


class ConfigureSubscriptionInstanceAlert(LegacyAction[Reply], Alerting, OfAccount):
    """Set the alerts of a subscription. Seed 6.5.5.3."""

    section = "6.5.5.3"

    subscription_instance_id: Name

    rules = ALERTING


class SubscriptionInstanceAlert(Alerts):
    """The alerts of a subscription."""

    subscription_instance_id: Annotated[Text, Field(alias="SubscriptionInstanceID")] = ""
    """Spelled with a capital D here, and with ``dts`` in front."""
    subscription_instance_name: Text = ""


class DescribeSubscriptionInstanceAlert(LegacyAction[SubscriptionInstanceAlert], OfAccount, Repeatable):
    """Read the alerts of a subscription. Seed 6.5.5.4."""

    section = "6.5.5.4"
    changes_state = False

    subscription_instance_id: Name


class ConfigureSynchronizationJobAlert(LegacyAction[Reply], Alerting, OfAccount):
    """Set the alerts of one direction of a synchronization. Seed 6.5.5.5."""

    section = "6.5.5.5"

    synchronization_job_id: Name
    """Its instance."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""

    rules = ALERTING


class SynchronizationJobAlert(Alerts):
    """The alerts of one direction of a synchronization."""

    synchronization_job_id: Text = ""
    """The job: the instance's id without ``dts``."""
    synchronization_job_name: Text = ""
    synchronization_direction: Text = ""
    """``Forward`` or ``Reverse``; only for two-way synchronization."""


class DescribeSynchronizationJobAlert(LegacyAction[SynchronizationJobAlert], OfAccount, Repeatable):
    """Read the alerts of one direction of a synchronization. Seed 6.5.5.6."""

    section = "6.5.5.6"
    changes_state = False

    synchronization_job_id: Name
    """Its instance."""
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""
