"""Buy, resize and renew DTS instances. These actions spend money."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from airflow_dts.api._base import Action, CodedReply, Reply
from airflow_dts.api._fields import (
    InstanceClass,
    InstantMillis,
    IntText,
    JobKind,
    Name,
    PayType,
    Period,
    Spelled,
    Text,
)
from airflow_dts.api._rules import Rule, needs, rule

SourceEngine = Annotated[
    Literal[
        "MySQL", "PolarDB", "polardb_o", "polardb_pg", "Redis", "DRDS", "PostgreSQL", "odps", "oracle",
        "mongodb", "tidb", "ADS", "ADB30", "Greenplum", "MSSQL", "kafka", "DataHub", "clickhouse", "DB2",
        "as400", "Tablestore",
    ],
    Spelled(),
]  # fmt: skip
"""``ADS`` and ``ADB30`` are AnalyticDB for MySQL; ``polardb_o`` and ``Greenplum`` are the vendor SDK's."""
DestinationEngine = SourceEngine


class CreateDtsInstanceReply(Reply):
    """What was bought."""

    instance_id: Text = ""
    job_id: Text = ""


class CreateDtsInstance(Action[CreateDtsInstanceReply]):
    """Buy an instance. Repeating the call buys another one. Seed 6.4.1."""

    section = "6.4.1"

    pay_type: PayType
    type: JobKind | None = None
    instance_class: InstanceClass | None = None
    """A migration has no micro; a synchronization has micro to large."""
    source_region: Name | None = None
    destination_region: Name | None = None
    source_endpoint_engine_name: SourceEngine | None = None
    destination_endpoint_engine_name: DestinationEngine | None = None
    period: Period | None = None
    """Unit of ``used_time``."""
    used_time: Annotated[int, Field(ge=1, le=9)] | None = None
    """Length in periods: 1 to 9 months; 1, 2, 3 or 5 years."""
    quantity: Annotated[int, Field(ge=1, le=1)] | None = None
    """Only 1 can be bought at a time."""
    sync_architecture: Annotated[Literal["oneway", "bidirectional"], Spelled()] | None = None
    """oneway when left out."""
    auto_start: bool | None = None
    """Start the job once bought; takes effect together with ``job_id`` only."""
    auto_pay: bool | None = None
    """Renew when it expires, in spite of the name."""
    job_id: Name | None = None
    """An existing job to buy the instance for; it then decides type, regions and engines."""
    database_count: Annotated[int, Field(ge=1)] | None = None
    """RDS instances under a PolarDB-X source; 1 when left out."""
    compute_unit: Annotated[int, Field(ge=2)] | None = None
    """Size of an ETL job in compute units of 1 vCPU and 4 GB."""

    rules = (
        needs("period", "used_time", when={"pay_type": "PrePaid"}),
        rule(
            "used_time must be 1, 2, 3 or 5 when period is Year",
            lambda action: action.period != "Year" or action.used_time in (None, 1, 2, 3, 5),
        ),
    )


class UpgradeTwoWay(Action[Reply]):
    """Make a one-way synchronization two-way: hourly billing, MySQL to MySQL, running. Seed 6.4.9.5."""

    section = "6.4.9.5"

    instance_id: Name
    """The DTS instance; named InstanceId in this action."""
    instance_class: Annotated[Literal["large", "medium", "small", "micro"], Spelled()]


class BillingReply(CodedReply):
    """An instance after a change of its bill."""

    dts_job_id: Text = ""
    instance_id: Text = ""
    charge_type: Text = ""
    """``PREPAY`` or ``POSTPAY``; TransferPayType says ``PrePaid`` or ``PostPaid``."""
    end_time: InstantMillis = None
    """When a prepaid instance expires."""


class TransferPayTypeReply(BillingReply):
    """An instance after a change of billing."""

    end_time: IntText = None  # type: ignore[assignment]  # this action says it in Unix seconds
    """When a prepaid instance expires, in Unix seconds."""


def _longest(*, years: int, months: int) -> Rule:
    def holds(action: Any) -> bool:
        return (action.buy_count or 1) <= (years if action.period == "Year" else months)

    return rule(f"buy_count must be 1 to {years} years or 1 to {months} months", holds)


class TransferPayType(Action[TransferPayTypeReply]):
    """Change an instance's billing; prepaid cannot go back to hourly. Seed 6.4.9.6."""

    section = "6.4.9.6"

    dts_job_id: Name
    charge_type: PayType
    period: Period | None = None
    """Unit of ``buy_count``."""
    buy_count: Annotated[int, Field(ge=1)] | None = None
    """Length in periods: 1 to 5 years or 1 to 60 months."""

    rules = (
        needs("period", "buy_count", when={"charge_type": "PrePaid"}),
        _longest(years=5, months=60),
    )


class TransferInstanceClass(Action[BillingReply]):
    """Make an instance larger or smaller. Seed 6.4.9.7."""

    section = "6.4.9.7"

    dts_job_id: Name
    instance_class: InstanceClass
    """A migration has no micro; a synchronization has micro to large."""
    order_type: Annotated[Literal["UPGRADE", "DOWNGRADE"], Spelled()]


class RenewInstance(Action[BillingReply]):
    """Prolong a prepaid synchronization or subscription. Seed 6.4.9.8."""

    section = "6.4.9.8"

    dts_job_id: Name
    charge_type: Annotated[Literal["PREPAY"], Spelled()]
    period: Period | None = None
    """Unit of ``buy_count``; Month when left out."""
    buy_count: Annotated[int, Field(ge=1)] | None = None
    """Length in periods: 1 to 5 years or 1 to 60 months; 1 when left out."""

    rules = (_longest(years=5, months=60),)
