"""One task, one purchase, also when the reply is lost: in the task runner of Airflow 3.3, over cut lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

from airflow_dts._compat import AirflowFailException
from airflow_dts.api.jobs import DeleteDtsJob
from airflow_dts.operators.billing import RENEWAL, DtsRenewInstanceOperator
from airflow_dts.operators.instances import PURCHASE, DtsCreateInstanceOperator
from airflow_dts.sensors.dts import DtsJobStatusSensor

pytestmark = pytest.mark.airflow
with_store = pytest.mark.skipif(not AIRFLOW_V_3_3_PLUS, reason="needs the state of a task, of Airflow 3.3")


class Supervisor:
    """What stands behind a task of Airflow 3.3, without its database."""

    def __init__(self) -> None:
        self.store: dict[str, Any] = {}
        self.xcom: dict[str, Any] = {}

    def send(self, msg: Any) -> Any:
        from airflow.sdk.execution_time import comms

        match msg:
            case comms.SetXCom():
                self.xcom[msg.key] = msg.value
            case comms.GetXCom():
                return comms.XComResult(key=msg.key, value=self.xcom.get(msg.key))
            case comms.SetTaskStateStore():
                self.store[msg.key] = msg.value
            case comms.GetTaskStateStore():
                if msg.key in self.store:
                    return comms.TaskStateStoreResult(value=self.store[msg.key])
                return comms.ErrorResponse(error=comms.ErrorType.TASK_STORE_NOT_FOUND)
            case comms.DeleteTaskStateStore():
                self.store.pop(msg.key, None)
        return comms.OKResponse(ok=True)

    async def asend(self, msg: Any) -> Any:
        return self.send(msg)


def run_task(
    task: Any, supervisor: Supervisor, *, try_number: int = 1, event: dict[str, Any] | None = None
) -> tuple[str, Any, Any]:
    """One try in the real task runner: state, last message to the supervisor, error."""
    import structlog
    from airflow.sdk import DAG
    from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType, TIRunContext
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from uuid6 import uuid7

    if not task.has_dag():
        with DAG("unit", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            dag.add_task(task)
    now = datetime.now(UTC)
    dag_run = DagRun(
        dag_id=task.dag_id,
        run_id="run",
        logical_date=now,
        data_interval_start=now,
        data_interval_end=now,
        run_after=now,
        start_date=now,
        end_date=None,
        run_type=DagRunType.MANUAL,
        state=DagRunState.RUNNING,
        conf={},
        consumed_asset_events=[],
        partition_key=None,
    )
    served = TIRunContext(
        dag_run=dag_run,
        max_tries=task.retries,
        should_retry=try_number <= task.retries,
        next_method="resume" if event else None,
        next_kwargs={"event": event} if event else None,
    )
    instance = RuntimeTaskInstance.model_construct(
        id=uuid7(),
        task_id=task.task_id,
        dag_id=task.dag_id,
        run_id="run",
        try_number=try_number,
        map_index=-1,
        dag_version_id=uuid7(),
        task=task,
        bundle_instance=None,
        _ti_context_from_server=served,
        max_tries=task.retries,
        start_date=now,
        state=None,
        is_mapped=False,
    )
    log = structlog.get_logger("task")
    with mock.patch.object(task_runner, "SUPERVISOR_COMMS", supervisor, create=True):
        context = instance.get_template_context()
        task.render_template_fields(context)
        state, message, error = task_runner.run(instance, context, log)
        task_runner.finalize(instance, state, context, log, error)
    return str(state.value), message, error


def buying() -> DtsCreateInstanceOperator:
    return DtsCreateInstanceOperator(
        task_id="buy", source_engine="MySQL", destination_engine="MySQL", retries=3
    )


def test_a_lost_reply_is_no_reason_to_buy_again(cloud: Any, thief: Any, finish: Callable[..., Any]) -> None:
    with pytest.raises(AirflowFailException, match="unknown") as unknown:
        finish(buying())
    assert "console" in str(unknown.value)
    assert cloud.server.secret not in str(unknown.value)
    assert cloud.calls.count("CreateDtsInstance") == 1


@with_store
def test_a_lost_reply_fails_without_retry_and_stays_so(cloud: Any, thief: Callable[[], None]) -> None:
    supervisor = Supervisor()
    state, _, error = run_task(buying(), supervisor)
    assert (state, type(error)) == ("failed", AirflowFailException)
    assert set(supervisor.store[PURCHASE]) == {"intent"}
    thief()
    state, _, error = run_task(buying(), supervisor)  # somebody clears the task without looking
    assert state == "failed"
    assert PURCHASE in str(error)
    assert cloud.calls.count("CreateDtsInstance") == 1
    del supervisor.store[PURCHASE]  # ... and now has looked
    assert run_task(buying(), supervisor)[0] == "success"


@with_store
def test_a_retry_returns_what_was_bought(cloud: Any) -> None:
    supervisor = Supervisor()
    assert run_task(buying(), supervisor)[0] == "success"
    bought = supervisor.xcom.pop("return_value")
    assert supervisor.xcom == {name: bought[name] for name in ("dts_job_id", "dts_instance_id")}
    supervisor.xcom.clear()  # a retry does not see the XComs of the try before
    assert run_task(buying(), supervisor, try_number=2)[0] == "success"
    assert supervisor.xcom["return_value"] == bought
    assert cloud.calls.count("CreateDtsInstance") == 1


@with_store
def test_what_was_bought_and_has_ended_is_replaced_only_when_told(cloud: Any) -> None:
    supervisor = Supervisor()
    assert run_task(buying(), supervisor)[0] == "success"
    first = supervisor.xcom["dts_job_id"]
    cloud.hook.call(DeleteDtsJob(dts_job_id=first))
    state, _, error = run_task(buying(), supervisor, try_number=2)
    assert (state, type(error)) == ("failed", AirflowFailException)
    assert first in str(error)
    assert "force_new" in str(error)
    again = buying()
    again.force_new = True
    assert run_task(again, supervisor, try_number=3)[0] == "success"
    assert supervisor.xcom["dts_job_id"] != first
    assert cloud.calls.count("CreateDtsInstance") == 2


@with_store
def test_a_lost_renewal_fails_without_retry_and_is_found_done(cloud: Any, thief: Any) -> None:
    thief()
    terms = {"pay_type": "PrePaid", "period": "Month", "used_time": 1}
    bought, supervisor = Supervisor(), Supervisor()
    buy = DtsCreateInstanceOperator(task_id="buy", job_type="SUBSCRIBE", source_engine="MySQL", **terms)
    assert run_task(buy, bought)[0] == "success"
    thief.keeps = {"RenewInstance"}

    def renewing() -> DtsRenewInstanceOperator:
        return DtsRenewInstanceOperator(task_id="renew", dts_job_id=bought.xcom["dts_job_id"], retries=3)

    state, _, error = run_task(renewing(), supervisor)
    assert (state, type(error)) == ("failed", AirflowFailException)
    assert run_task(renewing(), supervisor, try_number=2)[0] == "success"
    assert run_task(renewing(), supervisor, try_number=3)[0] == "success"
    assert supervisor.store[RENEWAL]["after"] == supervisor.xcom["return_value"]
    assert cloud.calls.count("RenewInstance") == 1


class Run:
    """The parts of a DAG run and a task instance that a purchase looks at when Airflow keeps no state."""

    def __init__(self, try_number: int) -> None:
        self.try_number, self.xcom = try_number, {}
        self.logical_date = self.start_date = datetime.now(UTC)

    def xcom_push(self, key: str, value: str) -> None:
        self.xcom[key] = value

    def context(self) -> dict[str, Any]:
        return {"ti": self, "dag_run": self}


def test_without_a_task_state_a_retry_does_not_buy_beside_an_orphan(cloud: Any) -> None:
    first = Run(1)
    buying().execute(first.context())
    with pytest.raises(AirflowFailException, match=first.xcom["dts_job_id"]):
        buying().execute(Run(2).context())
    told = buying()
    told.force_new = True
    told.execute(Run(2).context())
    assert cloud.calls.count("CreateDtsInstance") == 2


@with_store
def test_an_error_of_the_trigger_can_be_retried(cloud: Any) -> None:
    sensor = DtsJobStatusSensor(
        task_id="s", dts_job_id=cloud.buy(), statuses=["Finished"], deferrable=True, retries=1
    )
    supervisor = Supervisor()
    state, message, _ = run_task(sensor, supervisor)
    assert (state, message.classpath) == ("deferred", "airflow_dts.triggers.dts.DtsJobTrigger")
    told = {
        "job_id": "j",
        "outcome": "failed",
        "reason": "x",
        "deadline": 1.0,
        "carry": None,
        "error": {
            "type": "ServiceFault",
            "arguments": ["DescribeDtsJobs", "InternalError", "oops", "R", 500],
        },
    }
    state, _, error = run_task(sensor, supervisor, event=told)
    assert state == "up_for_retry"
    assert "InternalError: oops" in str(error)
