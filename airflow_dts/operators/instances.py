"""Buy instances. One task, one purchase, whatever crashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import AirflowFailException
from airflow_dts.errors import ApiError, BadReply, CallError, DtsError, Throttled
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator
from airflow_dts.states import State

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action

PURCHASE = "dts_purchase"
"""Key of the task's own state (Airflow 3.3) under which intent and outcome of the purchase are kept."""

WORDS = {
    "type": "job_type",
    "source_endpoint_engine_name": "source_engine",
    "destination_endpoint_engine_name": "destination_engine",
    "job_id": "dts_job_id",
}


class DtsCreateInstanceOperator(DtsOperator):
    """Buy an instance (this spends money) and return ``dts_job_id``, ``dts_instance_id`` and ``job_type``.

    The two IDs are also pushed to XCom under these names, before anything else is done.

    On Airflow 3.3 the purchase is kept in the task's state: a retry, or a clear, returns the bought instance
    instead of buying another, and fails if that has ended. Older Airflows keep no such state: there a retry
    buys only while the region lists no unconfigured job that the run may have bought. A purchase whose reply
    was lost fails without retry on any Airflow: look into the console before clearing the task.

    :param job_type: ``MIGRATION``, ``SYNC`` or ``SUBSCRIBE`` (templated)
    :param source_engine: such as ``MySQL``, ``PostgreSQL``, ``mongodb`` (templated)
    :param destination_engine: the same for the target; not for a subscription (templated)
    :param instance_class: ``small`` to ``xxlarge``; a synchronization: ``micro`` to ``large`` (templated)
    :param source_region: region of the source; that of the connection when left out (templated)
    :param destination_region: region of the target; that of the connection when left out (templated)
    :param pay_type: ``PostPaid``, by the hour, or ``PrePaid``, which the API cannot release (templated)
    :param period: ``Month`` or ``Year``, when prepaid (templated)
    :param used_time: how many of them (templated)
    :param sync_architecture: ``oneway`` or ``bidirectional`` (templated)
    :param database_count: RDS instances under a PolarDB-X source (templated)
    :param compute_unit: size of an ETL job in compute units (templated)
    :param auto_pay: renew when it expires, in spite of the API's name for it
    :param dts_job_id: an existing job to buy the instance for, which then decides the rest (templated)
    :param auto_start: start that job once the instance is bought
    :param force_new: buy although an earlier try may have bought, or what it bought has ended
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "job_type",
        "source_engine",
        "destination_engine",
        "instance_class",
        "source_region",
        "destination_region",
        "pay_type",
        "period",
        "used_time",
        "sync_architecture",
        "database_count",
        "compute_unit",
        "dts_job_id",
    )

    def __init__(
        self,
        *,
        job_type: str = "MIGRATION",
        source_engine: str | None = None,
        destination_engine: str | None = None,
        instance_class: str | None = None,
        source_region: str | None = None,
        destination_region: str | None = None,
        pay_type: str = "PostPaid",
        period: str | None = None,
        used_time: int | str | None = None,
        sync_architecture: str | None = None,
        database_count: int | str | None = None,
        compute_unit: int | str | None = None,
        auto_pay: bool | None = None,
        dts_job_id: str | None = None,
        auto_start: bool | None = None,
        force_new: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_type = job_type
        self.source_engine = source_engine
        self.destination_engine = destination_engine
        self.instance_class = instance_class
        self.source_region = source_region
        self.destination_region = destination_region
        self.pay_type = pay_type
        self.period = period
        self.used_time = used_time
        self.sync_architecture = sync_architecture
        self.database_count = database_count
        self.compute_unit = compute_unit
        self.auto_pay = auto_pay
        self.dts_job_id = dts_job_id
        self.auto_start = auto_start
        self.force_new = force_new

    def action(self) -> Action[Any]:
        from airflow_dts.api.instances import CreateDtsInstance

        here = None if self.dts_job_id else self.hook.settings().region_id
        target = None if self.job_type == "SUBSCRIBE" else here
        fields = {
            "type": None if self.dts_job_id else self.job_type,
            "source_endpoint_engine_name": self.source_engine,
            "destination_endpoint_engine_name": self.destination_engine,
            "instance_class": self.instance_class,
            "source_region": self.source_region or here,
            "destination_region": self.destination_region or target,
            "pay_type": self.pay_type,
            "period": self.period,
            "used_time": self.used_time,
            "sync_architecture": self.sync_architecture,
            "database_count": self.database_count,
            "compute_unit": self.compute_unit,
            "auto_pay": self.auto_pay,
            "job_id": self.dts_job_id,
            "auto_start": self.auto_start,
        }
        return build(CreateDtsInstance, fields, words=WORDS)

    def execute(self, context: Context) -> dict[str, str]:
        action = self.action()
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        record: dict[str, str] = (store.get(PURCHASE) if store is not None else None) or {}
        if record.get("dts_job_id") and self.usable(record["dts_job_id"]):
            self.log.info("job %s was bought by an earlier try of this task", record["dts_job_id"])
            return self.hand_over(context, record)
        if record.get("intent") and not record.get("dts_job_id") and not self.force_new:
            raise AirflowFailException(
                self.unknown(record["intent"], "a try that ended before its reply came")
            )
        if store is None and context["ti"].try_number > 1 and not self.force_new:
            self.refuse_orphans(context)
        return self.buy(context, action, store)

    def refuse_orphans(self, context: Context) -> None:
        """Without a state of the task, what an earlier try bought shows only in the listing.

        :raises AirflowFailException: naming unconfigured jobs that are not older than this run
        """
        run = context["dag_run"]
        since = run.logical_date or run.start_date
        orphans = self.hook.reader.unconfigured(self.job_type, since)
        if orphans:
            raise AirflowFailException(
                f"an earlier try of this task may have bought one of {', '.join(orphans)}: these "
                f"{self.job_type} jobs are not configured and not older than this run. Use the right one in "
                "this task's place, or release it; or set force_new=True to buy another."
            )

    def buy(self, context: Context, action: Action[Any], store: Any) -> dict[str, str]:
        intent = datetime.now(UTC).isoformat(timespec="seconds")
        if store is not None:
            store.set(PURCHASE, {"intent": intent})
        try:
            reply = self.hook.call(action)
            if not reply.job_id or not reply.instance_id:
                raise BadReply(action.action_name(), "the reply names no instance")
        except DtsError as error:
            if isinstance(error, CallError) and not is_a_no(error):
                raise AirflowFailException(self.unknown(intent, str(error))) from error
            if store is not None and is_a_no(error):
                store.delete(PURCHASE)
            raise
        bought = {
            "dts_job_id": reply.job_id,
            "dts_instance_id": reply.instance_id,
            "job_type": self.job_type,
        }
        self.log.info("bought instance %(dts_instance_id)s, job %(dts_job_id)s", bought)
        if store is not None:
            store.set(PURCHASE, {"intent": intent, **bought})
        return self.hand_over(context, bought)

    def hand_over(self, context: Context, record: dict[str, str]) -> dict[str, str]:
        bought = {name: record[name] for name in ("dts_job_id", "dts_instance_id", "job_type")}
        for name in ("dts_job_id", "dts_instance_id"):
            context["ti"].xcom_push(key=name, value=bought[name])
        return bought

    def usable(self, job_id: str) -> bool:
        """Whether the recorded job still lives; one that does not is no reason to buy without being told."""
        state = self.hook.read(job_id).state
        if state not in {State.GONE, State.FINISHED}:
            return True
        if self.force_new:
            return False
        raise AirflowFailException(
            f"job {job_id}, bought by an earlier try of this task, is {state} in region "
            f"{self.hook.settings().region_id}. If another is to be bought, set force_new=True."
        )

    def unknown(self, since: str, cause: str) -> str:
        return (
            f"whether an instance was bought is unknown: {cause}. Look in the console, region "
            f"{self.hook.settings().region_id}, for a {self.job_type} instance made at {since} or later that "
            "nobody has configured. If there is one, use its ID in this task's place, or release it. Then "
            f"delete the key {PURCHASE!r} from this task's state, or set force_new=True, and clear the task."
        )


def is_a_no(error: DtsError) -> bool:
    """Whether the service surely has not acted. A refusal without request ID may be a gateway's."""
    if not isinstance(error, CallError):
        return True
    said = not isinstance(error, ApiError) or bool(error.request_id) or isinstance(error, Throttled)
    return said and not error.maybe_acted
