"""Say what a bought job moves, from where to where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_dts._task import instant, required
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
        from airflow_dts._task import unix_seconds

        return {
            "dts_job_id": self.dts_job_id,
            "dts_job_name": self.dts_job_name,
            "db_list": self.objects(),
            "checkpoint": None if self.checkpoint in (None, "") else unix_seconds("checkpoint", self.checkpoint),
            "delay_notice": self.delay_notice,
            "delay_rule_time": self.delay_rule_time,
            "delay_phone": self.delay_phone,
            "error_notice": self.error_notice,
            "error_phone": self.error_phone,
            **self.endpoint("source", self.source_conn_id, self.source),
        }

    def objects(self) -> DbList:
        from airflow_dts.api.objects import DbList

        return understood("db_list", DbList.of, self.db_list)

    def settings(self, **defaults: str | None) -> Reserve | None:
        """``reserve`` over ``defaults``; keys of both count by either of their names."""
        from airflow_dts.api.objects import Reserve

        own = understood("reserve", Reserve.parse, self.reserve) if self.reserve else Reserve()
        given = {name: value for name, value in defaults.items() if value is not None}
        merged = understood("reserve", Reserve.parse, given).to_dict() | own.to_dict()
        return Reserve.parse(merged) if merged else None

    def endpoint(
        self, side: str, conn_id: str | None, explicit: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        connection = self.hook.get_connection(conn_id) if conn_id else None
        return endpoint_fields(side, connection, explicit)


def understood(field: str, read: Any, value: object) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(str(error), field=field) from None
