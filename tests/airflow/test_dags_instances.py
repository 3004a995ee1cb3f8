"""Instances and consumer groups in real DAGs: IDs come from XCom, results go there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, chain

from airflow_dts.api.readings import DescribeDtsJobs
from airflow_dts.operators.alerts import DtsConfigureAlertOperator
from airflow_dts.operators.billing import (
    DtsChangeBillingOperator,
    DtsChangeInstanceClassOperator,
    DtsRenewInstanceOperator,
)
from airflow_dts.operators.configure import DtsConfigureSubscriptionOperator
from airflow_dts.operators.consumers import (
    DtsCreateConsumerGroupOperator,
    DtsDeleteConsumerGroupOperator,
    DtsDescribeConsumerGroupsOperator,
    DtsModifyConsumerGroupOperator,
)
from airflow_dts.operators.instances import DtsCreateInstanceOperator
from airflow_dts.operators.jobs import DtsReleaseJobOperator, DtsStartJobOperator
from airflow_dts.operators.network import DtsConnectionTestOperator, DtsDescribeWhiteListOperator
from airflow_dts.operators.objects import DtsModifySubscriptionOperator
from airflow_dts.operators.tags import (
    DtsListTagsOperator,
    DtsTagResourcesOperator,
    DtsUntagResourcesOperator,
)
from airflow_dts.sensors.dts import DtsJobStatusSensor

pytestmark = pytest.mark.airflow

START = datetime(2026, 1, 1, tzinfo=UTC)
Run = Callable[[Any], dict[str, str]]
WAITS = {"poll_interval": 0.2, "settle_time": 1.0, "wait_timeout": 60}
JOB = "{{ ti.xcom_pull('buy')['dts_job_id'] }}"
INSTANCE = "{{ ti.xcom_pull('buy')['dts_instance_id'] }}"


def test_an_instance_that_is_tested_tagged_and_paid_for(cloud: Any, run_dag: Run) -> None:
    with DAG("instance", schedule=None, start_date=START) as dag:
        tasks = [
            DtsDescribeWhiteListOperator(task_id="addresses"),
            DtsConnectionTestOperator(
                task_id="reach", source_conn_id="shop_source", destination_conn_id="shop_target"
            ),
            DtsCreateInstanceOperator(
                task_id="buy",
                job_type="SYNC",
                source_engine="MySQL",
                destination_engine="MySQL",
                instance_class="small",
            ),
            DtsTagResourcesOperator(
                task_id="tag", dts_instance_ids=INSTANCE, tags={"run": "{{ run_id }}", "team": "shop"}
            ),
            DtsUntagResourcesOperator(
                task_id="untag", dts_instance_ids="{{ ti.xcom_pull('tag') }}", tag_keys=["team"]
            ),
            DtsListTagsOperator(task_id="tags", dts_instance_ids=INSTANCE),
            DtsConfigureAlertOperator(
                task_id="alert",
                job_type="{{ ti.xcom_pull('buy')['job_type'] }}",
                dts_instance_id=INSTANCE,
                error_notice=True,
                error_phone="{{ ['13612345678'] | join(',') }}",
            ),
            DtsChangeInstanceClassOperator(task_id="grow", dts_job_id=JOB, instance_class="medium"),
            DtsJobStatusSensor(
                task_id="grown", dts_job_id=JOB, statuses=["NotConfigured"], poke_interval=0.2, timeout=60
            ),
            DtsChangeBillingOperator(task_id="pay", dts_job_id=JOB, period="Month", used_time="1"),
            DtsRenewInstanceOperator(task_id="renew", dts_job_id=JOB, used_time="{{ 1 + 1 }}"),
        ]
        chain(*tasks)
    assert set(run_dag(dag).values()) == {"success"}
    (row,) = cloud.hook.call(DescribeDtsJobs(region="cn-hangzhou", job_type="SYNC")).dts_job_list
    job = cloud.hook.job(row.dts_job_id)
    assert (job.instance_class, job.prepaid) == ("medium", True)
    assert [tag.tag_key for tag in row.tag_list] == ["run"]
    assert 89 <= (job.expires - datetime.now(UTC)).days <= 90
    assert cloud.calls.count("RenewInstance") == 1


def test_a_subscription_and_its_readers(cloud: Any, run_dag: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"conn_type": "generic", "login": "reader", "password": "Sesame-0pen"}
    monkeypatch.setenv("AIRFLOW_CONN_READER", json.dumps(login))
    cloud.seed(5)
    with DAG("readers", schedule=None, start_date=START) as dag:
        group = {"dts_job_id": JOB, "consumer_group_id": "{{ ti.xcom_pull('group') }}"}
        tasks = [
            DtsCreateInstanceOperator(task_id="buy", job_type="SUBSCRIBE", source_engine="MySQL"),
            DtsConfigureSubscriptionOperator(
                task_id="configure",
                dts_job_id=JOB,
                dts_job_name="changes",
                source_conn_id="shop_source",
                db_list="shop",
                network_type="classic",
                **WAITS,
            ),
            DtsStartJobOperator(task_id="start", dts_job_id=JOB, wait="running", **WAITS),
            DtsCreateConsumerGroupOperator(
                task_id="group", dts_job_id=JOB, group_name="readers", password_conn_id="reader"
            ),
            DtsModifyConsumerGroupOperator(task_id="rename", group_name="watchers", **group),
            DtsDescribeConsumerGroupsOperator(task_id="groups", dts_job_id=JOB),
            DtsModifySubscriptionOperator(
                task_id="modify", dts_job_id=JOB, db_list={"shop": ["orders"]}, **WAITS
            ),
            DtsDeleteConsumerGroupOperator(task_id="delete", **group),
            DtsReleaseJobOperator(task_id="release", dts_job_id=JOB, **WAITS),
        ]
        chain(*tasks)
    assert set(run_dag(dag).values()) == {"success"}
    assert cloud.calls.count("DeleteConsumerChannel") == 1
