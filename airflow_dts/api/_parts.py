"""Fields that several configuring actions share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field, SecretStr

from airflow_dts.api._base import Reply, Wire
from airflow_dts.api._fields import Name, Phones, Port, Text, UnixSeconds
from airflow_dts.api._rules import Rule, accompanies, needs
from airflow_dts.api.objects import DbListText, Reserve, ReserveText


class ConfigureReply(Reply):
    """The job that was configured."""

    dts_job_id: Text = ""
    dts_instance_id: Text = ""


class Configured(Wire):
    """What every configuration says: the objects, where to start and whom to alarm."""

    dts_job_name: Name
    """Need not be unique."""
    db_list: DbListText
    """The objects; see ``DbList``."""
    dts_job_id: Name | None = None
    dts_instance_id: Name | None = None
    checkpoint: UnixSeconds | None = None
    """Where the incremental phase or the subscription starts, in Unix seconds."""
    reserve: ReserveText | None = None
    """Further settings; see ``Reserve``."""
    delay_notice: bool | None = None
    """Watch the delay."""
    delay_rule_time: Annotated[int, Field(ge=1)] | None = None
    """Seconds of delay that raise the alarm; 10 or more are advised."""
    delay_phone: Phones | None = None
    error_notice: bool | None = None
    """Watch for failures."""
    error_phone: Phones | None = None


class AtSource(Wire):
    """Where the source is and who enters it."""

    source_endpoint_instance_id: Annotated[Name | None, Field(alias="SourceEndpointInstanceID")] = None
    """The cloud database; for ECS the machine, for DG the gateway, for EXPRESS and CEN the VPC."""
    source_endpoint_region: Name | None = None
    source_endpoint_ip: Annotated[Name | None, Field(alias="SourceEndpointIP")] = None
    source_endpoint_port: Port | None = None
    source_endpoint_oracle_sid: Annotated[Name | None, Field(alias="SourceEndpointOracleSID")] = None
    """Oracle without RAC only."""
    source_endpoint_database_name: Name | None = None
    """The database that holds the objects, for engines whose accounts enter one database."""
    source_endpoint_user_name: Name | None = None
    source_endpoint_password: SecretStr | None = None


class FromSource(AtSource):
    """How the source is reached, also in another account."""

    source_endpoint_owner_id: Annotated[Name | None, Field(alias="SourceEndpointOwnerID")] = None
    """The account that owns the source, when it is another one."""
    source_endpoint_role: Name | None = None
    """The role in that account that lets DTS read the source."""


class ToDestination(Wire):
    """How the target is reached. Mind DataBase: the source's parameter says Database."""

    destination_endpoint_instance_id: Annotated[Name | None, Field(alias="DestinationEndpointInstanceID")] = (
        None
    )
    """The cloud database; for ECS the machine, for DG the gateway, for EXPRESS and CEN the VPC."""
    destination_endpoint_region: Name | None = None
    destination_endpoint_ip: Annotated[Name | None, Field(alias="DestinationEndpointIP")] = None
    destination_endpoint_port: Port | None = None
    destination_endpoint_oracle_sid: Annotated[Name | None, Field(alias="DestinationEndpointOracleSID")] = (
        None
    )
    """Oracle without RAC only."""
    destination_endpoint_database_name: Annotated[
        Name | None, Field(alias="DestinationEndpointDataBaseName")
    ] = None
    """The database that receives the objects, for engines whose accounts enter one database."""
    destination_endpoint_user_name: Name | None = None
    destination_endpoint_password: SecretStr | None = None


ALARMS = needs("delay_rule_time", when={"delay_notice": True}, hint="the seconds that raise the alarm")
OTHER_ACCOUNT = accompanies("source_endpoint_role", of="source_endpoint_owner_id")


def oracle_sid(side: str, engine: str, *, reserve: str = "reserve") -> Rule:
    """An Oracle without RAC needs its SID; ``Reserve`` says when there is RAC.

    :param side: ``source`` or ``destination``.
    :param reserve: the field that holds the ``Reserve``.
    """
    field, kind = f"{side}_endpoint_oracle_sid", "src_oracle_type" if side == "source" else "dest_oracle_type"
    text = (
        f"give {field} when {side}_endpoint_engine_name is {engine}; "
        f"with RAC give {kind} in {reserve} instead"
    )

    def broken(action: Any) -> Collection[str]:
        oracle = getattr(action, f"{side}_endpoint_engine_name") == engine
        rac = getattr(getattr(action, reserve) or Reserve(), kind) not in (None, "sid")
        return (text,) if oracle and not rac and not getattr(action, field) else ()

    return Rule(text, broken)
