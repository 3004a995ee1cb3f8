"""Real DAGs in real Airflow against the emulator, which moves real rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, chain

from airflow_dts.operators.action import DtsActionOperator
from airflow_dts.operators.bulk import (
    DtsReleaseJobsOperator,
    DtsStartJobsOperator,
    DtsStopJobsOperator,
    DtsSuspendJobsOperator,
)
from airflow_dts.operators.configure import DtsConfigureJobOperator, DtsConfigureSubscriptionOperator
from airflow_dts.operators.instances import DtsCreateInstanceOperator
from airflow_dts.operators.jobs import (
    DtsReleaseJobOperator,
    DtsResetJobOperator,
    DtsStartJobOperator,
    DtsStopJobOperator,
    DtsSuspendJobOperator,
)
from airflow_dts.operators.objects import (
    DtsChangePasswordOperator,
    DtsModifyObjectsOperator,
    DtsRenameJobOperator,
    DtsSkipPrecheckOperator,
)
from airflow_dts.sensors.dts import (
    DtsCheckpointSensor,
    DtsDelaySensor,
    DtsFullLoadSensor,
    DtsJobStatusSensor,
    DtsPrecheckSensor,
)

pytestmark = pytest.mark.airflow

START = datetime(2026, 1, 1, tzinfo=UTC)
Run = Callable[[Any], dict[str, str]]


@contextmanager
def a_dag(name: str) -> Iterator[Any]:
    with DAG(name, schedule=None, start_date=START, catchup=False) as dag:
        yield dag


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_a_migration_from_purchase_to_release(cloud: Any, run_dag: Run, deferrable: bool) -> None:
    cloud.seed(500)
    waits = {"deferrable": deferrable, "poll_interval": 0.2, "settle_time": 1.0, "wait_timeout": 120}
    pokes = {"deferrable": deferrable, "poke_interval": 0.2, "timeout": 120}
    with a_dag(f"migration_{deferrable}") as dag:
        buy = DtsCreateInstanceOperator(
            task_id="buy", source_engine="MySQL", destination_engine="MySQL", instance_class="large"
        )
        job = "{{ ti.xcom_pull('buy')['dts_job_id'] }}"
        configure = DtsConfigureJobOperator(
            task_id="configure",
            dts_job_id=job,
            dts_job_name="shop {{ run_id }}",
            source_conn_id="shop_source",
            destination_conn_id="shop_target",
            db_list={"shop": ["orders"]},
            **waits,
        )
        start = DtsStartJobOperator(task_id="start", dts_job_id=job, wait="precheck", **waits)
        checked = DtsPrecheckSensor(task_id="checked", dts_job_id=job, **pokes)
        loaded = DtsFullLoadSensor(task_id="loaded", dts_job_id=job, **pokes)
        level = DtsDelaySensor(task_id="level", dts_job_id=job, max_delay=5, held_for=1, **pokes)
        suspend = DtsSuspendJobOperator(task_id="suspend", dts_job_id=job, **waits)
        again = DtsStartJobOperator(task_id="again", dts_job_id=job, wait="running", **waits)
        stop = DtsStopJobOperator(task_id="stop", dts_job_id=job, **waits)
        release = DtsReleaseJobOperator(task_id="release", dts_job_id=job, **waits)
        buy >> configure >> start >> checked >> loaded >> level >> suspend >> again >> stop >> release
    states = run_dag(dag)
    assert set(states.values()) == {"success"}, states
    assert cloud.run_sql("target", "SELECT count(*) FROM orders") == [(500,)]
    sent = cloud.calls
    for once in ("CreateDtsInstance", "ConfigureDtsJob", "SuspendDtsJob", "StopDtsJob", "DeleteDtsJob"):
        assert sent.count(once) == 1, once
    assert sent.count("StartDtsJob") == 2


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_a_synchronization_and_everything_one_does_to_it(
    cloud: Any, run_dag: Run, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    cloud.seed(50)
    cloud.run_sql("source", "CREATE TABLE more (id INTEGER PRIMARY KEY)")
    monkeypatch.setenv("AIRFLOW_CONN_NEW", '{"conn_type": "mysql", "login": "dts", "password": "another"}')
    waits = {"deferrable": deferrable, "poll_interval": 0.2, "settle_time": 1.0, "wait_timeout": 120}
    pokes = {"deferrable": deferrable, "poke_interval": 0.2, "timeout": 120}
    with a_dag(f"synchronization_{deferrable}") as dag:
        buy = DtsCreateInstanceOperator(
            task_id="buy", job_type="SYNC", source_engine="MySQL", destination_engine="MySQL"
        )
        one = {"dts_job_id": "{{ ti.xcom_pull('buy')['dts_job_id'] }}"}
        many = {"dts_job_ids": ["{{ ti.xcom_pull('buy', key='dts_job_id') }}"]}
        chain(
            buy,
            DtsConfigureJobOperator(
                task_id="configure",
                job_type="SYNC",
                dts_job_name="shop",
                source_conn_id="shop_source",
                destination_conn_id="shop_target",
                db_list='{"shop": ["orders"]}',
                **one,
                **waits,
            ),
            DtsRenameJobOperator(task_id="rename", dts_job_name="shop {{ run_id }}", **one),
            DtsStartJobsOperator(task_id="start", wait="running", **many, **waits),
            DtsModifyObjectsOperator(task_id="modify", db_list={"shop": ["orders", "more"]}, **one, **waits),
            DtsJobStatusSensor(task_id="running", statuses=["Synchronizing"], **one, **pokes),
            DtsCheckpointSensor(
                task_id="passed", instant="{{ dag_run.start_date.isoformat() }}", **one, **pokes
            ),
            DtsChangePasswordOperator(
                task_id="password", endpoint="destination", password_conn_id="new", **one
            ),
            DtsActionOperator(
                task_id="list",
                action="DescribeDtsJobs",
                parameters={"Region": "cn-hangzhou", "JobType": "{{ 'SYNC' }}"},
            ),
            DtsSuspendJobsOperator(task_id="suspend", **many, **waits),
            DtsStopJobsOperator(task_id="stop", **many, **waits),
            DtsResetJobOperator(task_id="reset", **one, **waits),
            DtsReleaseJobsOperator(task_id="release", **many, **waits),
        )
    states = run_dag(dag)
    assert set(states.values()) == {"success"}, states
    assert cloud.run_sql("target", "SELECT count(*) FROM more") == [(0,)]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_a_subscription(cloud: Any, run_dag: Run, deferrable: bool) -> None:
    cloud.seed(5)
    waits = {"deferrable": deferrable, "poll_interval": 0.2, "settle_time": 1.0, "wait_timeout": 120}
    with a_dag(f"subscription_{deferrable}") as dag:
        buy = DtsCreateInstanceOperator(task_id="buy", job_type="SUBSCRIBE", source_engine="MySQL")
        one = {"dts_job_id": "{{ ti.xcom_pull('buy')['dts_job_id'] }}", **waits}
        chain(
            buy,
            DtsConfigureSubscriptionOperator(
                task_id="configure",
                dts_job_name="changes",
                source_conn_id="shop_source",
                db_list=["shop"],
                network_type="classic",
                **one,
            ),
            DtsStartJobOperator(task_id="start", wait="running", **one),
            DtsSuspendJobOperator(task_id="suspend", **one),
            DtsResetJobOperator(task_id="reset", **one),
            DtsReleaseJobOperator(task_id="release", **one),
        )
    states = run_dag(dag)
    assert set(states.values()) == {"success"}, states


@pytest.mark.parametrize(
    "how",
    [{"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}],
    ids=["poke", "reschedule", "triggerer"],
)
def test_a_precheck_that_fails_first(cloud: Any, run_dag: Run, how: dict[str, Any]) -> None:
    cloud.seed(5)
    cloud.run_sql("target", "CREATE TABLE orders (id INTEGER PRIMARY KEY, total TEXT NOT NULL)")
    waits = {"poll_interval": 0.2, "settle_time": 1.0, "wait_timeout": 120}
    pokes = {"poke_interval": 0.2, "timeout": 120, **how}
    with a_dag("precheck_" + "_".join(map(str, how.values()))) as dag:
        buy = DtsCreateInstanceOperator(task_id="buy", source_engine="MySQL", destination_engine="MySQL")
        one = {"dts_job_id": "{{ ti.xcom_pull('buy')['dts_job_id'] }}"}
        chain(
            buy,
            DtsConfigureJobOperator(
                task_id="configure",
                dts_job_name="shop",
                source_conn_id="shop_source",
                destination_conn_id="shop_target",
                db_list=["shop"],
                **one,
                **waits,
            ),
            DtsStartJobOperator(task_id="start", **one, **waits),
            DtsPrecheckSensor(task_id="checked", skip_items=["{{ 'CHECK_SAME_OBJ' }}"], **one, **pokes),
            DtsSkipPrecheckOperator(task_id="skip", items="CHECK_SAME_OBJ", **one),
            DtsDelaySensor(task_id="level", max_delay="{{ 20 + 10 }}", held_for=1, **one, **pokes),
        )
    states = run_dag(dag)
    assert set(states.values()) == {"success"}, states
    assert cloud.calls.count("SkipPreCheck") == 1


def test_secrets_stay_out_of_what_airflow_keeps(cloud: Any, run_dag: Run, caplog: Any) -> None:
    """XComs, rendered fields, logs and the DAG itself."""
    cloud.seed(5)
    with a_dag("secrets") as dag:
        buy = DtsCreateInstanceOperator(task_id="buy", source_engine="MySQL", destination_engine="MySQL")
        configure = DtsConfigureJobOperator(
            task_id="configure",
            dts_job_id="{{ ti.xcom_pull('buy')['dts_job_id'] }}",
            dts_job_name="shop",
            source_conn_id="shop_source",
            destination_conn_id="shop_target",
            db_list=["shop"],
            poll_interval=0.2,
            deferrable=True,
        )
        failing = DtsConfigureJobOperator(
            task_id="failing",
            dts_job_id="{{ ti.xcom_pull('buy')['dts_job_id'] }}",
            dts_job_name="shop",
            source_conn_id="shop_source",
            source={"instance_id": ""},
            destination_conn_id="shop_target",
            db_list=["shop"],
        )
        buy >> configure >> failing
    states = run_dag(dag)
    assert states == {"buy": "success", "configure": "success", "failing": "failed"}
    from airflow.settings import engine
    from sqlalchemy import inspect, text

    kept = caplog.text
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"'))
            kept += "".join(map(repr, rows))
    assert "dts_instance_id" in kept
    for secret in (cloud.server.secret, "password-of-the-database"):
        assert secret not in kept
