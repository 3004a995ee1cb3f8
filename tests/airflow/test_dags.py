"""Real DAGs in real Airflow against the emulator, which moves real rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow.providers.common.compat.sdk import DAG, task
from airflow_dts.operators.configure import DtsConfigureJobOperator
from airflow_dts.operators.instances import DtsCreateInstanceOperator
from airflow_dts.operators.jobs import (
    DtsReleaseJobOperator,
    DtsStartJobOperator,
    DtsStopJobOperator,
    DtsSuspendJobOperator,
)
from airflow_dts.sensors.dts import DtsDelaySensor, DtsFullLoadSensor, DtsPrecheckSensor

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
            dts_job_name="shop-{{ ds_nodash if ds_nodash is defined else 'x' }}",
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
