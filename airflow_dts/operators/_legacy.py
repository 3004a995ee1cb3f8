"""Bases of the operators that buy and configure instances with the older API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_dts._compat import AirflowFailException
from airflow_dts._task import required, unix_seconds
from airflow_dts.conditions import Wait, status_is
from airflow_dts.errors import BadReply
from airflow_dts.hooks.building import build
from airflow_dts.hooks.endpoints import endpoint_fields
from airflow_dts.hooks.legacy_acting import ID_FIELDS, LEGACY
from airflow_dts.operators._base import DtsJobOperator, DtsOperator
from airflow_dts.operators.configure import CONFIGURED, between, reserve_over, understood
from airflow_dts.operators.instances import PURCHASE, WORDS
from airflow_dts.states import State, Verb

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.api.legacy.objects import MigrationObject
    from airflow_dts.api.objects import Reserve

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "airflow-provider-alibaba-dts:purchase")
_OLDER_WORDS = {"OTHER": "LocalInstance", "MSSQL": "SQLServer"}
"""Kinds and engines of endpoints that the older API calls by another word."""


class DtsOlderPurchaseOperator(DtsOperator):
    """Base: buy an instance, which spends money. Returns ``dts_instance_id`` and ``job_type``.

    The ID is also pushed to XCom under its name. A token stands for the purchase: a retry sends the same one,
    and the service then answers with the instance it has sold already. How long it remembers a token is not
    documented. Airflow 3.3 also keeps the ID in the task's state, so that a later clear needs no call.

    :param client_token: at most 64 ASCII characters; another one buys another instance. Made of the DAG, the
        run, the task and its map index when left out: where two Airflows run the same DAG for one account,
        give each its own (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "client_token")
    job_type: ClassVar[str]

    def __init__(self, *, client_token: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.client_token = client_token

    def action(self, client_token: str) -> Action[Any]:
        """The purchase, checked; building it calls nothing."""
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, str]:
        token = self.client_token or token_of(context["ti"])
        action = self.action(token)
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        record: dict[str, str] = (store.get(PURCHASE) if store is not None else None) or {}
        instance_id = record.get("dts_instance_id", "") if record.get("client_token") == token else ""
        if instance_id:
            self.check_alive(instance_id)
            self.log.info("instance %s was bought by an earlier try of this task", instance_id)
        else:
            instance_id = self.buy(action)
            if store is not None:
                store.set(PURCHASE, {"client_token": token, "dts_instance_id": instance_id})
        context["ti"].xcom_push(key="dts_instance_id", value=instance_id)
        return {"dts_instance_id": instance_id, "job_type": self.job_type}

    def buy(self, action: Action[Any]) -> str:
        instance_id: str = getattr(self.hook.call(action), ID_FIELDS[self.job_type])
        if not instance_id:
            raise BadReply(action.action_name(), "the reply names no instance")
        self.log.info("bought instance %s", instance_id)
        return instance_id

    def check_alive(self, instance_id: str) -> None:
        state = self.hook.read(instance_id, generation=LEGACY).state
        if state in {State.GONE, State.FINISHED}:
            raise AirflowFailException(
                f"instance {instance_id}, bought by an earlier try of this task, is {state} in region "
                f"{self.hook.settings().region_id}. If another is to be bought, give another client_token."
            )


def token_of(ti: Any) -> str:
    """The same for every try of one task instance."""
    index = -1 if ti.map_index is None else ti.map_index
    return str(uuid.uuid5(_NAMESPACE, "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(index)))))


class DtsOlderTermPurchaseOperator(DtsOlderPurchaseOperator):
    """Base: buy an instance by the hour or in advance.

    :param source_engine: such as ``MySQL``, which it is when left out (templated)
    :param pay_type: ``PostPaid``, by the hour, or ``PrePaid``, which the API cannot release (templated)
    :param period: ``Month`` or ``Year``, when prepaid (templated)
    :param used_time: how many of them (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOlderPurchaseOperator.template_fields,
        "source_engine",
        "pay_type",
        "period",
        "used_time",
    )

    def __init__(
        self,
        *,
        source_engine: str | None = None,
        pay_type: str = "PostPaid",
        period: str | None = None,
        used_time: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_engine = source_engine
        self.pay_type = pay_type
        self.period = period
        self.used_time = used_time

    def ordered(self, action: type[Action[Any]], fields: dict[str, Any]) -> Action[Any]:
        common = {
            "source_endpoint_instance_type": self.source_engine,
            "pay_type": self.pay_type,
            "period": self.period,
            "used_time": self.used_time,
        }
        words = WORDS | {
            "source_endpoint_instance_type": "source_engine",
            "destination_endpoint_instance_type": "destination_engine",
            "synchronization_job_class": "instance_class",
            "dest_region": "destination_region",
            "topology": "sync_architecture",
            "db_instance_count": "database_count",
        }
        return build(action, common | fields, words=words)


class DtsOlderConfiguringOperator(DtsJobOperator):
    """Base: give an instance of the older API its name, source and objects. Returns the instance ID.

    :param dts_job_id: the instance, by its instance ID (templated)
    :param dts_job_name: name to give it; need not be unique (templated)
    :param source_conn_id: Airflow connection of the source database (templated)
    :param source: facts about the source that win over its connection's: ``instance_type``, ``engine``,
        ``instance_id``, ``region_id``, ``host``, ``port``, ``database``, ``oracle_sid``, ``user``,
        ``owner_id``, ``role``; never a password (templated)
    :param db_list: the objects, such as ``{"shop": ["orders", "customers"]}``, as the newer API's operators
        take them, or the older API's own list, such as ``[{"DBName": "shop"}]`` (templated)
    """

    verb = Verb.CONFIGURE
    generation = LEGACY
    template_fields: Sequence[str] = (
        *DtsJobOperator.template_fields,
        "dts_job_name",
        "source_conn_id",
        "source",
        "db_list",
    )
    template_fields_renderers: ClassVar = {"source": "json", "db_list": "json"}

    def __init__(
        self,
        *,
        dts_job_name: str,
        db_list: Any,
        source_conn_id: str | None = None,
        source: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dts_job_name = dts_job_name
        self.db_list = db_list
        self.source_conn_id = source_conn_id
        self.source = source

    def check(self) -> None:
        super().check()
        required("dts_job_name", self.dts_job_name)

    def goal(self) -> Wait | None:
        return status_is(statuses=[state.value for state in CONFIGURED]) if self.wait else None

    def endpoint(
        self, action: type[Action[Any]], side: str, conn_id: str | None, explicit: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The fields of one side; what a connection says beyond what the action takes is left out."""
        connection = self.hook.get_connection(conn_id) if conn_id else None
        own = endpoint_fields(side, None, explicit)
        told = endpoint_fields(side, connection, explicit)
        fields = {name: value for name, value in told.items() if name in own or name in action.model_fields}
        for name in (f"{side}_endpoint_instance_type", f"{side}_endpoint_engine_name"):
            if older := _OLDER_WORDS.get(str(fields.get(name)).upper()):
                fields[name] = older
        return fields


class DtsOlderMovingOperator(DtsOlderConfiguringOperator):
    """Base: configure what moves rows to a target.

    :param destination_conn_id: Airflow connection of the target database (templated)
    :param destination: facts about the target, as for ``source``; a target has no ``owner_id`` or ``role``
        (templated)
    :param structure_initialization: create tables and other objects on the target
    :param data_initialization: run the full load
    :param checkpoint: where the incremental phase starts: ISO 8601 with offset, an aware datetime or Unix
        seconds (templated)
    :param target_table_mode: ``0`` makes the precheck fail on tables that exist on the target, ``2`` goes on
        with them (templated)
    :param auto_start: what starts by itself once configured: ``none``, or ``all`` (templated)
    :param reserve: further settings as a mapping or JSON text; wins over parameters of its own (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOlderConfiguringOperator.template_fields,
        "destination_conn_id",
        "destination",
        "checkpoint",
        "target_table_mode",
        "auto_start",
        "reserve",
    )
    template_fields_renderers: ClassVar = {
        **DtsOlderConfiguringOperator.template_fields_renderers,
        "destination": "json",
        "reserve": "json",
    }

    def __init__(
        self,
        *,
        destination_conn_id: str | None = None,
        destination: Mapping[str, Any] | None = None,
        structure_initialization: bool = True,
        data_initialization: bool = True,
        checkpoint: Any = None,
        target_table_mode: str | int | None = None,
        auto_start: str = "none",
        reserve: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.destination_conn_id = destination_conn_id
        self.destination = destination
        self.structure_initialization = structure_initialization
        self.data_initialization = data_initialization
        self.checkpoint = checkpoint
        self.target_table_mode = target_table_mode
        self.auto_start = auto_start
        self.reserve = reserve

    def moving(self, action: type[Action[Any]], kind: str, fields: Mapping[str, Any]) -> Action[Any]:
        """``action``, checked.

        :param kind: ``migration`` or ``synchronization``, as the fields begin
        """
        start = None if self.checkpoint in (None, "") else unix_seconds("checkpoint", self.checkpoint)
        common = {
            f"{kind}_job_id": self.dts_job_id,
            f"{kind}_job_name": self.dts_job_name,
            "structure_initialization": self.structure_initialization,
            "data_initialization": self.data_initialization,
            "checkpoint": start,
            "migration_reserved": self.settings(),
            "synchronization_direction": self.synchronization_direction if self.reverse else None,
            **self.endpoint(action, "source", self.source_conn_id, self.source),
            **self.endpoint(action, "destination", self.destination_conn_id, self.destination),
        }
        words = {
            f"{kind}_job_id": "dts_job_id",
            f"{kind}_job_name": "dts_job_name",
            "migration_object": "db_list",
            "synchronization_objects": "db_list",
            "migration_reserved": "reserve",
        }
        return between(action, common | dict(fields), words, "source", "destination")

    def settings(self) -> Reserve | None:
        from airflow_dts.api.legacy.objects import MigrationReserved

        mode = None if self.target_table_mode in (None, "") else str(self.target_table_mode)
        # Said always: left out, the service starts to move rows by itself
        defaults = {"autoStartModulesAfterConfig": self.auto_start, "targetTableMode": mode}
        return reserve_over(MigrationReserved, self.reserve, defaults)


def older_objects(kind: type[MigrationObject], said: Any) -> MigrationObject:
    """Objects in the older form; a mapping without the older form's keys is in the newer one.

    :raises ConfigError: naming every fault
    """
    from airflow_dts.api.objects import DbList, from_text

    def read(value: Any) -> MigrationObject:
        value = from_text(value) if isinstance(value, str) else value
        older = isinstance(value, Mapping) and {str(key).casefold() for key in value} & {
            "dbname",
            "schemaname",
        }
        if isinstance(value, Mapping) and not older:
            return kind.from_db_list(DbList.of(value))
        return kind.of(value)

    objects: MigrationObject = understood("db_list", read, said)
    return objects
