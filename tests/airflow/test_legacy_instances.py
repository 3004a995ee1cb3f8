"""Instances of the older API: bought and configured by it, awaited and steered like any other job."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_dts._compat import AirflowFailException
from airflow_dts.api.legacy.migration import DescribeMigrationJobs
from airflow_dts.errors import ConfigError, JobFailed, JobNotFound, WrongState
from airflow_dts.operators.bulk import DtsReleaseJobsOperator, DtsStartJobsOperator, DtsSuspendJobsOperator
from airflow_dts.operators.configure import DtsConfigureJobOperator
from airflow_dts.operators.jobs import (
    DtsReleaseJobOperator,
    DtsResetJobOperator,
    DtsStartJobOperator,
    DtsStopJobOperator,
    DtsSuspendJobOperator,
)
from airflow_dts.operators.legacy import (
    DtsConfigureMigrationJobOperator,
    DtsConfigureSubscriptionInstanceOperator,
    DtsConfigureSynchronizationJobOperator,
    DtsCreateMigrationJobOperator,
    DtsCreateSubscriptionInstanceOperator,
    DtsCreateSynchronizationJobOperator,
)
from airflow_dts.operators.objects import DtsModifyObjectsOperator, DtsSkipPrecheckOperator
from airflow_dts.sensors.dts import (
    DtsCheckpointSensor,
    DtsDelaySensor,
    DtsFullLoadSensor,
    DtsJobStatusSensor,
    DtsPrecheckSensor,
)
from airflow_dts.states import State
from airflow_dts.triggers.dts import DtsJobTrigger

pytestmark = pytest.mark.airflow

QUICK = {"poll_interval": 0.1, "settle_time": 0.5, "wait_timeout": 60}
POKES = {"poke_interval": 0.1, "timeout": 60}
DATABASES = {"source_conn_id": "shop_source", "destination_conn_id": "shop_target"}
Finish = Callable[..., Any]

deferrable = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


def instance_of(task: str, **changes: Any) -> dict[str, Any]:
    """The context of one try of one task."""
    facts = {"dag_id": "d", "run_id": "r", "task_id": task, "map_index": -1, "try_number": 1, **changes}
    return {"ti": SimpleNamespace(**facts, xcom_push=lambda key, value: None)}


def bought(finish: Finish, kind: str, **changes: Any) -> str:
    task = {
        "MIGRATION": lambda: DtsCreateMigrationJobOperator(task_id="b", instance_class="small", **changes),
        "SYNC": lambda: DtsCreateSynchronizationJobOperator(task_id="b", instance_class="micro", **changes),
        "SUBSCRIBE": lambda: DtsCreateSubscriptionInstanceOperator(task_id="b", **changes),
    }[kind]()
    said = finish(task, instance_of(kind))
    assert said["job_type"] == kind
    instance_id: str = said["dts_instance_id"]
    return instance_id


def configured(finish: Finish, kind: str, instance_id: str, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "task_id": "c",
        "dts_job_id": instance_id,
        "dts_job_name": "shop",
        "db_list": {"shop": ["orders"]},
        **QUICK,
        **changes,
    }
    task = {
        "MIGRATION": lambda: DtsConfigureMigrationJobOperator(**{**DATABASES, **given}),
        "SYNC": lambda: DtsConfigureSynchronizationJobOperator(**{**DATABASES, **given}),
        "SUBSCRIBE": lambda: DtsConfigureSubscriptionInstanceOperator(source_conn_id="shop_source", **given),
    }[kind]()
    return finish(task)


def running(cloud: Any, finish: Finish, kind: str, **how: Any) -> str:
    cloud.seed(20)
    instance_id = bought(finish, kind)
    assert configured(finish, kind, instance_id, **how) == instance_id
    finish(DtsStartJobOperator(task_id="s", dts_job_id=instance_id, wait="running", **{**QUICK, **how}))
    return instance_id


@deferrable
def test_a_migration_from_purchase_to_release(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how, pokes = {**QUICK, "deferrable": deferrable}, {**POKES, "deferrable": deferrable}
    cloud.seed(200)
    instance_id = bought(finish, "MIGRATION")
    assert cloud.hook.job(instance_id).state is State.NOT_CONFIGURED
    configured(finish, "MIGRATION", instance_id, deferrable=deferrable)
    assert cloud.hook.job(instance_id).state is State.NOT_STARTED
    finish(DtsStartJobOperator(task_id="s", dts_job_id=instance_id, wait="precheck", **how))
    finish(DtsPrecheckSensor(task_id="p", dts_job_id=instance_id, **pokes))
    finish(DtsFullLoadSensor(task_id="f", dts_job_id=instance_id, **pokes))
    cloud.run_sql("source", "INSERT INTO orders VALUES (1000, '7.00')")
    moment = cloud.hook.job(instance_id).checkpoint
    finish(DtsCheckpointSensor(task_id="c", dts_job_id=instance_id, instant=moment, **pokes))
    finish(DtsDelaySensor(task_id="d", dts_job_id=instance_id, max_delay=1, held_for=3, **pokes))
    assert cloud.run_sql("target", "SELECT COUNT(*) FROM orders") == [(201,)]
    finish(DtsSuspendJobOperator(task_id="u", dts_job_id=instance_id, **how))
    finish(DtsStartJobOperator(task_id="a", dts_job_id=instance_id, wait="running", **how))
    finish(DtsStopJobOperator(task_id="t", dts_job_id=instance_id, **how))
    finish(DtsJobStatusSensor(task_id="j", dts_job_id=instance_id, statuses="finished", **pokes))
    assert finish(DtsReleaseJobOperator(task_id="r", dts_job_id=instance_id, **how)) == instance_id
    assert cloud.hook.read(instance_id).state is State.GONE
    sent = set(cloud.calls)
    older = {"StartMigrationJob", "SuspendMigrationJob", "StopMigrationJob", "DeleteMigrationJob"}
    assert older < sent
    assert not [name for name in sent if "Dts" in name]


@deferrable
def test_a_synchronization(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how, pokes = {**QUICK, "deferrable": deferrable}, {**POKES, "deferrable": deferrable}
    instance_id = running(cloud, finish, "SYNC", deferrable=deferrable)
    finish(DtsFullLoadSensor(task_id="f", dts_job_id=instance_id, **pokes))
    finish(DtsDelaySensor(task_id="d", dts_job_id=instance_id, max_delay=1, **pokes))
    assert cloud.run_sql("target", "SELECT COUNT(*) FROM orders") == [(20,)]
    before = cloud.calls
    with pytest.raises(ConfigError, match=f"cannot be stopped.*{instance_id.removeprefix('dts')}"):
        finish(DtsStopJobOperator(task_id="t", dts_job_id=instance_id, **how))
    with pytest.raises(ConfigError, match="cannot be modified"):
        finish(DtsModifyObjectsOperator(task_id="m", dts_job_id=instance_id, db_list="shop", **how))
    assert {name for name in cloud.count(before) if not name.startswith("Describe")} == set()
    finish(DtsSuspendJobOperator(task_id="u", dts_job_id=instance_id, **how))
    assert finish(DtsResetJobOperator(task_id="x", dts_job_id=instance_id, **how)) == instance_id
    assert cloud.hook.job(instance_id).state is State.NOT_CONFIGURED
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=instance_id, **how))


@deferrable
def test_a_subscription(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how = {**QUICK, "deferrable": deferrable}
    instance_id = running(cloud, finish, "SUBSCRIBE", deferrable=deferrable)
    assert cloud.hook.job(instance_id).state is State.NORMAL
    job_id = instance_id.removeprefix("dts")
    for verb in (DtsSuspendJobOperator, DtsResetJobOperator):
        with pytest.raises(ConfigError, match=f"dts_job_id: a subscription .* {job_id}, so that"):
            finish(verb(task_id="v", dts_job_id=instance_id, **how))
        finish(verb(task_id="w", dts_job_id=job_id, **how))  # as the error says
    with pytest.raises(ConfigError, match="stopped this way; release it"):
        finish(DtsStopJobOperator(task_id="t", dts_job_id=instance_id, **how))
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=instance_id, **how))


def test_a_job_of_the_newer_api_answers_to_its_instance_too(cloud: Any, finish: Finish) -> None:
    cloud.seed(5)
    job_id = cloud.buy("SYNC")
    given = {"dts_job_id": job_id, "dts_job_name": "n", "job_type": "SYNC", "db_list": "shop"}
    finish(DtsConfigureJobOperator(task_id="c", **given, **DATABASES, **QUICK))
    instance_id = cloud.hook.job(job_id).instance_id
    finish(DtsStartJobOperator(task_id="s", dts_job_id=instance_id, wait="running", **QUICK))
    newer, older = cloud.hook.job(job_id), cloud.hook.job(instance_id)
    assert (newer.job_id, older.job_id) == (job_id, instance_id)
    assert (newer.state, newer.job_type, newer.name) == (older.state, older.job_type, older.name)
    assert newer.planned == older.planned
    assert newer.full_load.finished
    assert older.full_load.finished
    assert older.engines == newer.engines == ("MySQL", "MySQL")


def test_a_generation_is_as_told(cloud: Any, finish: Finish) -> None:
    instance_id = bought(finish, "MIGRATION")
    before = cloud.calls
    with pytest.raises(JobNotFound):
        cloud.hook.job(instance_id, generation="current")
    with pytest.raises(JobNotFound):
        cloud.hook.job(instance_id.removeprefix("dts"), generation="legacy")
    assert [name for name in cloud.calls[len(before) :] if "MigrationJob" in name] == [
        "DescribeMigrationJobStatus"
    ]
    for task in (
        DtsFullLoadSensor(task_id="f", dts_job_id=instance_id, generation="older"),
        DtsStopJobOperator(task_id="t", dts_job_id=instance_id, generation="older"),
    ):
        with pytest.raises(ConfigError, match="generation: 'older' is unknown"):
            finish(task)


@deferrable
def test_a_generation_reaches_every_reading(cloud: Any, finish: Finish, deferrable: bool) -> None:
    """No job has the ID of an instance, so what is told to look for a job finds none."""
    instance_id = bought(finish, "MIGRATION")
    sensor = {"dts_job_id": instance_id, "statuses": "NotConfigured", "deferrable": deferrable, **POKES}
    finish(DtsJobStatusSensor(task_id="j", **sensor))
    with pytest.raises(JobFailed, match="no longer exists"):
        finish(DtsJobStatusSensor(task_id="j", generation="current", **sensor))
    how = {**QUICK, "wait_timeout": 2, "deferrable": deferrable}
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=instance_id, generation="current", **how))
    assert cloud.hook.job(instance_id).state is State.NOT_CONFIGURED  # it was not touched
    assert "DeleteDtsJob" not in cloud.calls


def test_each_reading_is_one_call(cloud: Any, finish: Finish) -> None:
    instance_id = bought(finish, "SUBSCRIBE")
    hook, before = cloud.hook, cloud.calls
    for _ in range(4):
        hook.read(instance_id)
    assert cloud.count(before) == {
        "DescribeMigrationJobStatus": 1,
        "DescribeSynchronizationJobStatus": 1,
        "DescribeSubscriptionInstanceStatus": 4,
    }


def test_a_trigger_stored_before_it_knew_generations_still_loads(cloud: Any, finish: Finish) -> None:
    trigger = DtsJobTrigger(
        job_id="j", wait={}, every=1.0, deadline=1.0, hook={"dts_conn_id": "c", "region_id": None}
    )
    path, stored = trigger.serialize()
    del stored["generation"]
    assert DtsJobTrigger(**stored).serialize() == (path, {**stored, "generation": None})


# --- precheck ---------------------------------------------------------------------------------------------


def blocked(cloud: Any, finish: Finish, kind: str) -> str:
    """The target has the table already, which can be skipped."""
    cloud.run_sql("target", "CREATE TABLE orders (id INTEGER PRIMARY KEY, total TEXT NOT NULL)")
    cloud.seed(20)
    instance_id = bought(finish, kind)
    configured(finish, kind, instance_id)
    finish(DtsStartJobOperator(task_id="s", dts_job_id=instance_id, **QUICK))
    return instance_id


@deferrable
@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_an_allowed_item_is_shielded(cloud: Any, finish: Finish, deferrable: bool, kind: str) -> None:
    instance_id = blocked(cloud, finish, kind)
    pokes = {**POKES, "deferrable": deferrable}
    with pytest.raises(JobFailed) as failure:
        finish(DtsPrecheckSensor(task_id="p", dts_job_id=instance_id, skip_items="CHECK_SRC", **pokes))
    (item,) = failure.value.items
    assert item.startswith("CHECK_SAME_OBJ: ")
    assert "Repair:" in item
    finish(DtsPrecheckSensor(task_id="p", dts_job_id=instance_id, skip_items="check_same_obj", **pokes))
    assert "ShieldPrecheck" in cloud.calls
    assert "SkipPreCheck" not in cloud.calls
    cloud.reach(instance_id, "Migrating", "Synchronizing")


def test_the_operator_that_skips_shields_too(cloud: Any, finish: Finish) -> None:
    instance_id = blocked(cloud, finish, "MIGRATION")
    cloud.reach(instance_id, "PrecheckFailed")
    skip = DtsSkipPrecheckOperator(task_id="k", dts_job_id=instance_id, items="CHECK_SAME_OBJ")
    assert finish(skip) == ["CHECK_SAME_OBJ"]
    finish(DtsStartJobOperator(task_id="s", dts_job_id=instance_id, wait="running", **QUICK))


# --- many -------------------------------------------------------------------------------------------------


def test_instances_and_jobs_together(cloud: Any, finish: Finish) -> None:
    migration = running(cloud, finish, "MIGRATION")
    sync = bought(finish, "SYNC")
    configured(finish, "SYNC", sync, db_list={"shop": {"orders": "orders_too"}})
    newer = cloud.buy()
    with pytest.raises(WrongState, match=newer):  # judged first, so nothing was sent to the others
        finish(DtsStartJobsOperator(task_id="a", dts_job_ids=[newer, sync], **QUICK))
    assert cloud.hook.job(sync).state is State.NOT_STARTED
    both = [migration, sync]
    assert finish(DtsStartJobsOperator(task_id="b", dts_job_ids=both, wait="running", **QUICK)) == both
    assert finish(DtsSuspendJobsOperator(task_id="c", dts_job_ids=both, **QUICK)) == both
    everything = [newer, *both, "dts000000000000000"]
    assert finish(DtsReleaseJobsOperator(task_id="d", dts_job_ids=everything, **QUICK)) == everything
    assert {cloud.hook.read(each).state for each in (newer, migration)} == {State.GONE}


# --- purchases --------------------------------------------------------------------------------------------


class Store(dict[str, Any]):
    """The state of a task, as far as a purchase uses it."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


def migrations(cloud: Any) -> int:
    return len(cloud.hook.call(DescribeMigrationJobs()).migration_jobs)


def buying(**changes: Any) -> DtsCreateMigrationJobOperator:
    return DtsCreateMigrationJobOperator(task_id="b", instance_class="small", **changes)


def test_a_task_instance_buys_once(cloud: Any, finish: Finish) -> None:
    first = finish(buying(), instance_of("b"))
    assert finish(buying(), instance_of("b", try_number=2)) == first
    assert migrations(cloud) == 1
    others = [
        finish(buying(), instance_of("b", map_index=0)),
        finish(buying(), instance_of("b", run_id="r2")),
        finish(buying(client_token="mine"), instance_of("b")),
    ]
    assert len({each["dts_instance_id"] for each in [first, *others]}) == 4
    assert migrations(cloud) == 4


def test_a_lost_reply_buys_once(cloud: Any, thief: Any, finish: Finish) -> None:
    class Once(set[str]):
        def __contains__(self, name: object) -> bool:
            if found := super().__contains__(name):
                self.discard(str(name))
            return found

    thief.keeps = Once({"CreateMigrationJob"})
    finish(buying(), instance_of("b"))
    assert cloud.calls.count("CreateMigrationJob") == 2
    assert migrations(cloud) == 1


def test_what_is_recorded_is_not_bought_again(cloud: Any, finish: Finish) -> None:
    context = instance_of("b") | {"task_state_store": Store()}
    first = finish(buying(), context)
    before = cloud.calls
    assert finish(buying(), context) == first
    assert "CreateMigrationJob" not in cloud.count(before)
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=first["dts_instance_id"], **QUICK))
    with pytest.raises(AirflowFailException, match=r"Gone .* give another client_token"):
        finish(buying(), context)
    assert finish(buying(client_token="again"), context) != first


# --- parameters -------------------------------------------------------------------------------------------

CONFIGURE = {"task_id": "c", "dts_job_id": "dtsz2v12jfo309abcd", "dts_job_name": "shop", "db_list": "shop"}


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (DtsConfigureMigrationJobOperator, {"source": {"password": "x"}}, "source.password"),
        (DtsConfigureMigrationJobOperator, {"source": {"engine": "DB2"}}, "source.engine"),
        (DtsConfigureMigrationJobOperator, {"db_list": {"shop": {"dml_op": "insert"}}}, "db_list.*dml_op"),
        (DtsConfigureMigrationJobOperator, {"db_list": [{"Name": "shop"}]}, "db_list.*DBName"),
        (DtsConfigureMigrationJobOperator, {"dts_job_name": "x" * 33}, "dts_job_name"),
        (DtsConfigureMigrationJobOperator, {"dts_job_name": ""}, "dts_job_name"),
        (DtsConfigureMigrationJobOperator, {"reserve": "{"}, "reserve"),
        (DtsConfigureMigrationJobOperator, {"checkpoint": "yesterday"}, "checkpoint"),
        (DtsConfigureMigrationJobOperator, {"synchronization_direction": "Reverse"}, "synchronization_dir"),
        (DtsConfigureSynchronizationJobOperator, {"destination": {"instance_type": "OTHER"}}, "destination."),
        (DtsConfigureSynchronizationJobOperator, {"source": {"engine": "MySQL"}}, "source.engine"),
    ],
)
def test_bad_parameters_are_named_before_any_call(
    cloud: Any, finish: Finish, kind: type, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        finish(kind(**{**CONFIGURE, **DATABASES, **changes}))
    assert cloud.calls == []


@pytest.mark.parametrize(
    "objects",
    [
        {"shop": ["orders"]},
        '{"shop": ["orders"]}',
        [{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}],
        '[{"DBName":"shop","TableIncludes":[{"TableName":"orders"}]}]',
        {"dbname": "shop", "TableIncludes": [{"TableName": "orders"}]},
    ],
)
def test_objects_in_either_form(cloud: Any, objects: Any) -> None:
    action = DtsConfigureMigrationJobOperator(**{**CONFIGURE, **DATABASES, "db_list": objects}).action()
    assert action.migration_object.to_list() == [
        {"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}
    ]
    assert action.migration_reserved.to_dict() == {"autoStartModulesAfterConfig": "none"}


def test_a_connection_tells_an_endpoint_in_older_words(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = {
        "conn_type": "mssql",
        "host": "db.example.com",
        "port": 1433,
        "login": "other",
        "password": "OTHER",  # a word that is translated elsewhere
        "extra": {"instance_type": "OTHER"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SERVER", json.dumps(server))
    objects = [{"DBName": "shop", "SchemaName": "dbo"}]
    given = {**CONFIGURE, **DATABASES, "source_conn_id": "server", "db_list": objects}
    action = DtsConfigureMigrationJobOperator(**given).action()
    assert action.source_endpoint_instance_type == "LocalInstance"
    assert action.source_endpoint_engine_name == "SQLServer"
    assert (action.source_endpoint_ip, action.source_endpoint_user_name) == ("db.example.com", "other")
    assert action.source_endpoint_password.get_secret_value() == "OTHER"
    synchronization = DtsConfigureSynchronizationJobOperator(**CONFIGURE, **DATABASES).action()
    assert synchronization.source_endpoint_instance_id == "rm-source"  # its engine was said at the purchase
