"""Say what a bought job moves, from where to where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts._task import required, unix_seconds
from airflow_dts.conditions import Wait, status_is
from airflow_dts.errors import ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.hooks.endpoints import endpoint_fields, endpoint_words
from airflow_dts.operators._base import DtsJobOperator
from airflow_dts.states import BROKEN, State, Verb

if TYPE_CHECKING:
    from airflow_dts.api._base import Action
    from airflow_dts.api.objects import DbList, Reserve

CONFIGURED = sorted(set(State) - BROKEN - {State.NOT_CONFIGURED, State.FINISHED, State.UNKNOWN})


class DtsConfiguringOperator(DtsJobOperator):
    """Base: give a job its name, source, objects and alarms. Returns the job ID.

    :param dts_job_name: name to give the job; need not be unique (templated)
    :param source_conn_id: Airflow connection of the source database (templated)
    :param source: facts about the source that win over its connection's: ``instance_type``, ``engine``,
        ``instance_id``, ``region_id``, ``host``, ``port``, ``database``, ``oracle_sid``, ``user``,
        ``owner_id``, ``role``; never a password (templated)
    :param db_list: the objects, as ``api.objects.DbList.of`` reads them, such as
        ``{"shop": ["orders", "customers"]}`` (templated)
    :param checkpoint: where the incremental phase or the subscription starts: ISO 8601 with offset, an aware
        datetime or Unix seconds (templated)
    :param reserve: further settings as a mapping or JSON text; wins over parameters of its own (templated)
    :param delay_notice: raise an alarm when the job lags
    :param delay_rule_time: seconds of delay that raise it (templated)
    :param delay_phone: mobile numbers to alarm; China site only (templated)
    :param error_notice: raise an alarm when the job fails
    :param error_phone: mobile numbers to alarm; China site only (templated)
    """

    verb = Verb.CONFIGURE
    template_fields: Sequence[str] = (
        *DtsJobOperator.template_fields,
        "dts_job_name",
        "source_conn_id",
        "source",
        "db_list",
        "checkpoint",
        "reserve",
        "delay_rule_time",
        "delay_phone",
        "error_phone",
    )
    template_fields_renderers = {"source": "json", "db_list": "json", "reserve": "json"}

    def __init__(
        self,
        *,
        dts_job_name: str,
        db_list: Any,
        source_conn_id: str | None = None,
        source: Mapping[str, Any] | None = None,
        checkpoint: Any = None,
        reserve: Mapping[str, Any] | str | None = None,
        delay_notice: bool | None = None,
        delay_rule_time: int | str | None = None,
        delay_phone: Sequence[str] | str | None = None,
        error_notice: bool | None = None,
        error_phone: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dts_job_name = dts_job_name
        self.db_list = db_list
        self.source_conn_id = source_conn_id
        self.source = source
        self.checkpoint = checkpoint
        self.reserve = reserve
        self.delay_notice = delay_notice
        self.delay_rule_time = delay_rule_time
        self.delay_phone = delay_phone
        self.error_notice = error_notice
        self.error_phone = error_phone

    def check(self) -> None:
        super().check()
        required("dts_job_name", self.dts_job_name)

    def goal(self) -> Wait | None:
        return status_is(statuses=[state.value for state in CONFIGURED]) if self.wait else None

    def common_fields(self) -> dict[str, Any]:
        return {
            "dts_job_id": self.dts_job_id,
            "dts_job_name": self.dts_job_name,
            "db_list": self.objects(),
            "checkpoint": None
            if self.checkpoint in (None, "")
            else unix_seconds("checkpoint", self.checkpoint),
            "delay_notice": self.delay_notice,
            "delay_rule_time": self.delay_rule_time,
            "delay_phone": self.delay_phone,
            "error_notice": self.error_notice,
            "error_phone": self.error_phone,
            **self.endpoint("source", self.source_conn_id, self.source),
        }

    def objects(self) -> DbList:
        from airflow_dts.api.objects import DbList

        objects: DbList = understood("db_list", DbList.of, self.db_list)
        return objects

    def settings(self, **defaults: str | None) -> Reserve | None:
        """``reserve`` over ``defaults``; keys of both count by either of their names."""
        from airflow_dts.api.objects import Reserve

        return reserve_over(Reserve, self.reserve, defaults)

    def endpoint(self, side: str, conn_id: str | None, explicit: Mapping[str, Any] | None) -> dict[str, Any]:
        connection = self.hook.get_connection(conn_id) if conn_id else None
        return endpoint_fields(side, connection, explicit)

    def configuring(self, action: type[Action[Any]], fields: Mapping[str, Any], *sides: str) -> Action[Any]:
        words = {
            "subscription_instance_network_type": "network_type",
            "subscription_instance_vpc_id": "vpc_id",
            "subscription_instance_v_switch_id": "vswitch_id",
        }
        return between(action, fields, words, *sides)


class DtsConfigureJobOperator(DtsConfiguringOperator):
    """Configure a bought migration or synchronization. Returns the job ID. Seed 6.4.2.

    :param job_type: ``MIGRATION`` or ``SYNC`` (templated)
    :param destination_conn_id: Airflow connection of the target database (templated)
    :param destination: facts about the target, as for ``source``; a target has no ``owner_id`` or ``role``
        (templated)
    :param structure_initialization: create tables and other objects on the target
    :param data_initialization: run the full load
    :param data_synchronization: follow changes afterwards
    :param target_table_mode: ``0`` makes the precheck fail on tables that exist on the target, ``2`` goes on
        with them (templated)
    :param auto_start: what starts by itself once configured: ``none``, or ``all`` (templated)
    """

    template_fields: Sequence[str] = (
        *DtsConfiguringOperator.template_fields,
        "job_type",
        "destination_conn_id",
        "destination",
        "target_table_mode",
        "auto_start",
    )
    template_fields_renderers = {**DtsConfiguringOperator.template_fields_renderers, "destination": "json"}

    def __init__(
        self,
        *,
        job_type: str = "MIGRATION",
        destination_conn_id: str | None = None,
        destination: Mapping[str, Any] | None = None,
        structure_initialization: bool = True,
        data_initialization: bool = True,
        data_synchronization: bool = True,
        target_table_mode: str | int | None = None,
        auto_start: str = "none",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_type = job_type
        self.destination_conn_id = destination_conn_id
        self.destination = destination
        self.structure_initialization = structure_initialization
        self.data_initialization = data_initialization
        self.data_synchronization = data_synchronization
        self.target_table_mode = target_table_mode
        self.auto_start = auto_start

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import ConfigureDtsJob

        mode = None if self.target_table_mode in (None, "") else str(self.target_table_mode)
        fields = {
            **self.common_fields(),
            **self.endpoint("destination", self.destination_conn_id, self.destination),
            "job_type": self.job_type,
            "structure_initialization": self.structure_initialization,
            "data_initialization": self.data_initialization,
            "data_synchronization": self.data_synchronization,
            # Said always: left out, the service takes "all" and starts to move rows by itself
            "reserve": self.settings(autoStartModulesAfterConfig=self.auto_start, targetTableMode=mode),
            "synchronization_direction": self.synchronization_direction if self.reverse else None,
        }
        return self.configuring(ConfigureDtsJob, fields, "source", "destination")


class DtsConfigureSubscriptionOperator(DtsConfiguringOperator):
    """Configure a bought subscription (change tracking). Returns the job ID. Seed 6.4.3.

    :param network_type: network the client reads from: ``classic`` or ``vpc`` (templated)
    :param vpc_id: with ``vpc`` (templated)
    :param vswitch_id: with ``vpc`` (templated)
    :param ddl: carry table changes
    :param dml: carry row changes
    """

    template_fields: Sequence[str] = (
        *DtsConfiguringOperator.template_fields,
        "network_type",
        "vpc_id",
        "vswitch_id",
    )

    def __init__(
        self,
        *,
        network_type: str = "vpc",
        vpc_id: str | None = None,
        vswitch_id: str | None = None,
        ddl: bool = True,
        dml: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network_type = network_type
        self.vpc_id = vpc_id
        self.vswitch_id = vswitch_id
        self.ddl = ddl
        self.dml = dml

    def action(self) -> Action[Any]:
        from airflow_dts.api.subscriptions import ConfigureSubscription

        fields = {
            **self.common_fields(),
            "region_id": self.hook.settings().region_id,  # this action wants it among its own parameters
            "subscription_instance_network_type": self.network_type,
            "subscription_instance_vpc_id": self.vpc_id,
            "subscription_instance_v_switch_id": self.vswitch_id,
            "subscription_data_type_ddl": self.ddl,
            "subscription_data_type_dml": self.dml,
            "reserve": self.settings(),
        }
        kind = fields.get("source_endpoint_instance_type")
        if str(kind).upper() == "OTHER":  # what this action calls a database with a public address
            fields["source_endpoint_instance_type"] = "LocalInstance"
        return self.configuring(ConfigureSubscription, fields, "source")


def between(
    action: type[Action[Any]], fields: Mapping[str, Any], words: Mapping[str, str], *sides: str
) -> Action[Any]:
    """``action``, checked; what is wrong with an endpoint is said with the places it can be put right."""
    try:
        return build(action, fields, words=endpoint_words(*sides) | dict(words))
    except ConfigError as error:
        places = [
            f"{side}.* comes from the mapping `{side}` or the connection in {side}_conn_id (host, port, "
            "login, password, schema; instance_type, engine, instance_id, region_id and others as extras)"
            for side in sides
            if f"{side}." in str(error)
        ]
        raise ConfigError(str(error), remedy="; ".join(places)) from None


def reserve_over(
    kind: type[Reserve], own: Mapping[str, Any] | str | None, defaults: Mapping[str, str | None]
) -> Reserve | None:
    """``own`` over ``defaults``; keys of both count by either of their names."""
    given = {name: value for name, value in defaults.items() if value is not None}
    mine = understood("reserve", kind.parse, own).to_dict() if own else {}
    merged = understood("reserve", kind.parse, given).to_dict() | mine
    return kind.parse(merged) if merged else None


def understood(field: str, read: Any, value: object) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(str(error), field=field) from None
