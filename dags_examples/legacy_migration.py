"""Move the shop database with the older API: buy, configure, check, load, catch up, stop, release.

For environments that only have the older actions. What they buy is named by its instance ID; the sensors, and
the operators that start, stop and release, are the same as for the newer API.

Connections it needs:

* ``dts_default``: AccessKey pair, and ``region_id`` in the extras;
* ``shop_source``, ``shop_target``: the two databases. Their login, password and extras (``instance_type``,
  ``instance_id``, ``region_id``) tell DTS where they are, and the SQL task below uses the source as well.

``airflow-dts rehearse dags_examples/legacy_migration.py`` runs it against an emulated DTS that really moves
rows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, BaseHook, task

from airflow_dts.operators.jobs import DtsReleaseJobOperator, DtsStartJobOperator, DtsStopJobOperator
from airflow_dts.operators.legacy import DtsConfigureMigrationJobOperator, DtsCreateMigrationJobOperator
from airflow_dts.sensors.dts import DtsDelaySensor, DtsFullLoadSensor, DtsPrecheckSensor

TABLES = ("customers", "orders", "order_items")
INSTANCE = "{{ ti.xcom_pull(task_ids='buy_instance', key='dts_instance_id') }}"

with DAG(
    dag_id="legacy_migration",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={"deferrable": True, "poke_interval": 2, "poll_interval": 2, "timeout": 6 * 3600},
    doc_md=__doc__,
) as dag:
    buy_instance = DtsCreateMigrationJobOperator(task_id="buy_instance", instance_class="small", retries=2)
    configure = DtsConfigureMigrationJobOperator(
        task_id="configure",
        dts_job_id=INSTANCE,
        dts_job_name="shop",  # at most 32 characters in this API
        source_conn_id="shop_source",
        destination_conn_id="shop_target",
        db_list={"shop": list(TABLES)},
    )
    start = DtsStartJobOperator(task_id="start", dts_job_id=INSTANCE)
    precheck = DtsPrecheckSensor(task_id="precheck", dts_job_id=INSTANCE)
    full_load = DtsFullLoadSensor(task_id="full_load", dts_job_id=INSTANCE)
    caught_up = DtsDelaySensor(task_id="caught_up", dts_job_id=INSTANCE, max_delay=5)

    @task
    def freeze_writes() -> None:
        """Make the application read-only. On a real server: revoke writes, then end its sessions."""
        BaseHook.get_connection("shop_source").get_hook().run("UPDATE app_control SET writable = 0")

    # The hold matters: a delay of zero once may be a moment between two writes.
    drained = DtsDelaySensor(task_id="drained", dts_job_id=INSTANCE, max_delay=1, held_for=10)
    stop = DtsStopJobOperator(task_id="stop", dts_job_id=INSTANCE)
    release = DtsReleaseJobOperator(task_id="release", dts_job_id=INSTANCE)

    buy_instance >> configure >> start >> precheck >> full_load >> caught_up
    caught_up >> freeze_writes() >> drained >> stop >> release
