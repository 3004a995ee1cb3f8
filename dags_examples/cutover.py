"""Move the shop database and cut over: buy, load, catch up, freeze writes, compare, switch, release.

Connections it needs:

* ``dts_default``: AccessKey pair, and ``region_id`` in the extras;
* ``shop_source``, ``shop_target``: the two databases. Their login, password and extras (``instance_type``,
  ``instance_id``, ``region_id``) tell DTS where they are, and the SQL tasks below use them as well.

``airflow-dts rehearse dags_examples/cutover.py`` runs it against an emulated DTS that really moves rows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, BaseHook, Variable, task

from airflow_dts.operators.configure import DtsConfigureJobOperator
from airflow_dts.operators.instances import DtsCreateInstanceOperator
from airflow_dts.operators.jobs import DtsReleaseJobOperator, DtsStartJobOperator, DtsStopJobOperator
from airflow_dts.sensors.dts import DtsDelaySensor, DtsFullLoadSensor, DtsPrecheckSensor

TABLES = ("customers", "orders", "order_items")
JOB = "{{ ti.xcom_pull(task_ids='buy_instance', key='dts_job_id') }}"


def first_value(conn_id: str, sql: str) -> int:
    return int(BaseHook.get_connection(conn_id).get_hook().get_first(sql)[0])


with DAG(
    dag_id="cutover",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={"region": "cn-hangzhou"},
    default_args={"deferrable": True, "poke_interval": 2, "poll_interval": 2, "timeout": 6 * 3600},
    doc_md=__doc__,
) as dag:
    buy_instance = DtsCreateInstanceOperator(
        task_id="buy_instance",
        job_type="MIGRATION",
        instance_class="small",
        pay_type="PostPaid",
        source_region="{{ params.region }}",
        destination_region="{{ params.region }}",
        source_engine="MySQL",
        destination_engine="MySQL",
    )
    configure = DtsConfigureJobOperator(
        task_id="configure",
        dts_job_id=JOB,
        dts_job_name="shop-{{ run_id }}",
        job_type="MIGRATION",
        source_conn_id="shop_source",
        destination_conn_id="shop_target",
        db_list={"shop": list(TABLES)},
        structure_initialization=True,
        data_initialization=True,
        data_synchronization=True,
    )
    start = DtsStartJobOperator(task_id="start", dts_job_id=JOB)
    precheck = DtsPrecheckSensor(task_id="precheck", dts_job_id=JOB)
    full_load = DtsFullLoadSensor(task_id="full_load", dts_job_id=JOB)
    caught_up = DtsDelaySensor(task_id="caught_up", dts_job_id=JOB, max_delay=5)

    @task
    def freeze_writes() -> None:
        """Make the application read-only. On a real server: revoke writes, then end its sessions."""
        BaseHook.get_connection("shop_source").get_hook().run("UPDATE app_control SET writable = 0")

    # The hold matters: a delay of zero once may be a moment between two writes.
    drained = DtsDelaySensor(task_id="drained", dts_job_id=JOB, max_delay=1, held_for=10)

    @task(retries=2, retry_delay=timedelta(seconds=5))
    def compare_row_counts() -> dict[str, int]:
        counts = {}
        for table in TABLES:
            sql = f"SELECT COUNT(*) FROM {table}"  # noqa: S608 - the names above, not input
            source, target = first_value("shop_source", sql), first_value("shop_target", sql)
            if source != target:
                raise ValueError(f"{table}: {source} rows in the source, {target} in the target")
            counts[table] = source
        return counts

    @task(trigger_rule="one_failed")
    def thaw_writes() -> None:
        """The cutover has failed before the switch: let the application write again where it did."""
        BaseHook.get_connection("shop_source").get_hook().run("UPDATE app_control SET writable = 1")

    stop = DtsStopJobOperator(task_id="stop", dts_job_id=JOB)

    @task
    def switch() -> None:
        """Point the application at the target: a DNS record, a config service, or as here a Variable."""
        Variable.set("shop_database", "shop_target")

    release = DtsReleaseJobOperator(task_id="release", dts_job_id=JOB)

    frozen, compared = freeze_writes(), compare_row_counts()
    buy_instance >> configure >> start >> precheck >> full_load >> caught_up
    caught_up >> frozen >> drained >> compared >> stop >> switch() >> release
    # On failure the job keeps running, and is paid for, so that the cutover can be tried again.
    [frozen, drained, compared, stop] >> thaw_writes()
