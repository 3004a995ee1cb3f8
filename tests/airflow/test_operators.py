"""What operators make of the states they find, and what they send."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from airflow_dts._compat import AirflowFailException
from airflow_dts.api.jobs import DeleteDtsJob
from airflow_dts.errors import (
    ApiError,
    AuthError,
    ConfigError,
    JobFailed,
    JobNotFound,
    WaitTimedOut,
    WrongState,
)
from airflow_dts.operators.action import DtsActionOperator
from airflow_dts.operators.bulk import (
    DtsReleaseJobsOperator,
    DtsStartJobsOperator,
    DtsStopJobsOperator,
    DtsSuspendJobsOperator,
)
from airflow_dts.operators.configure import DtsConfigureJobOperator, DtsConfigureSubscriptionOperator
from airflow_dts.operators.instances import PURCHASE, DtsCreateInstanceOperator
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
from airflow_dts.sensors.dts import DtsCheckpointSensor, DtsJobStatusSensor
from airflow_dts.states import State

pytestmark = pytest.mark.airflow

QUICK = {"poll_interval": 0.1, "settle_time": 0.5, "wait_timeout": 60}
Finish = Callable[..., Any]

deferrable = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


def configure(job_id: str, **changes: Any) -> DtsConfigureJobOperator:
    given = {
        "task_id": "configure",
        "dts_job_id": job_id,
        "dts_job_name": "shop",
        "source_conn_id": "shop_source",
        "destination_conn_id": "shop_target",
        "db_list": {"shop": ["orders"]},
        **QUICK,
        **changes,
    }
    return DtsConfigureJobOperator(**given)


def running(cloud: Any, finish: Finish, job_type: str) -> str:
    cloud.seed(20)
    job_id = cloud.buy(job_type)
    finish(configure(job_id, job_type=job_type))
    finish(DtsStartJobOperator(task_id="start", dts_job_id=job_id, wait="running", **QUICK))
    return job_id


@deferrable
def test_a_synchronization_and_its_changes(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how = {**QUICK, "deferrable": deferrable}
    job_id = running(cloud, finish, "SYNC")
    cloud.run_sql("source", "CREATE TABLE more (id INTEGER PRIMARY KEY)")
    cloud.run_sql("source", "INSERT INTO more VALUES (7)")
    modify = DtsModifyObjectsOperator(
        task_id="m", dts_job_id=job_id, db_list={"shop": ["orders", "more"]}, client_token="once", **how
    )
    assert finish(modify) == job_id
    rename = DtsRenameJobOperator(task_id="n", dts_job_id=job_id, dts_job_name="shop-2")
    assert finish(rename) == job_id
    assert cloud.hook.job(job_id).name == "shop-2"
    now = cloud.hook.job(job_id).checkpoint
    sensing = {"deferrable": deferrable, "poke_interval": 0.1, "timeout": 60}
    finish(DtsCheckpointSensor(task_id="c", dts_job_id=job_id, instant=now, **sensing))
    finish(DtsJobStatusSensor(task_id="s", dts_job_id=job_id, statuses="synchronizing", **sensing))
    assert cloud.run_sql("target", "SELECT id FROM more") == [(7,)]
    assert finish(DtsResetJobOperator(task_id="r", dts_job_id=job_id, **how)) == job_id
    assert cloud.hook.job(job_id).status == "NotConfigured"
    assert finish(DtsReleaseJobOperator(task_id="d", dts_job_id=job_id, **how)) == job_id


@deferrable
def test_a_subscription(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how = {**QUICK, "deferrable": deferrable}
    cloud.seed(5)
    job_id = cloud.buy("SUBSCRIBE")
    finish(
        DtsConfigureSubscriptionOperator(
            task_id="configure",
            dts_job_id=job_id,
            dts_job_name="changes",
            source_conn_id="shop_source",
            db_list="shop",
            network_type="classic",
            **how,
        )
    )
    finish(DtsStartJobOperator(task_id="start", dts_job_id=job_id, wait="running", **how))
    assert cloud.hook.job(job_id).status == "Normal"
    finish(DtsSuspendJobOperator(task_id="suspend", dts_job_id=job_id, **how))
    with pytest.raises(WrongState, match="subscription job cannot be stopped"):
        finish(DtsStopJobOperator(task_id="stop", dts_job_id=job_id, **how))
    finish(DtsResetJobOperator(task_id="reset", dts_job_id=job_id, **how))
    finish(DtsReleaseJobOperator(task_id="release", dts_job_id=job_id, **how))


@deferrable
def test_many_jobs_with_one_call(cloud: Any, finish: Finish, deferrable: bool) -> None:
    how = {**QUICK, "deferrable": deferrable}
    first, second = running(cloud, finish, "MIGRATION"), cloud.buy("SYNC")
    finish(configure(second, job_type="SYNC", db_list={"shop": {"orders": "orders_too"}}))
    both = [first, second]
    before = cloud.calls
    assert finish(DtsStartJobsOperator(task_id="a", dts_job_ids=both, wait="running", **how)) == both
    assert finish(DtsSuspendJobsOperator(task_id="b", dts_job_ids=f"{first}, {second}", **how)) == both
    assert finish(DtsStopJobsOperator(task_id="c", dts_job_ids=both, **how)) == both
    assert finish(DtsStopJobsOperator(task_id="d", dts_job_ids=both, **how)) == both
    assert finish(DtsReleaseJobsOperator(task_id="e", dts_job_ids=[*both, "gonejob"], **how)) == [
        *both,
        "gonejob",
    ]
    sent = cloud.count(before)
    assert [sent[f"{verb}DtsJobs"] for verb in ("Start", "Suspend", "Stop", "Delete")] == [1, 1, 1, 1]


def test_one_job_that_refuses_leaves_all_untouched(cloud: Any, finish: Finish) -> None:
    first, second = running(cloud, finish, "MIGRATION"), cloud.buy("SYNC")
    before = cloud.calls
    with pytest.raises(WrongState) as refusal:
        finish(DtsSuspendJobsOperator(task_id="t", dts_job_ids=[first, second], **QUICK))
    assert second in str(refusal.value)
    assert "NotConfigured" in str(refusal.value)
    assert not cloud.count(before)["SuspendDtsJobs"]


def test_already_there_is_success_without_a_call(cloud: Any, finish: Finish) -> None:
    job_id = running(cloud, finish, "MIGRATION")
    for kind in (DtsStartJobOperator, DtsSuspendJobOperator, DtsStopJobOperator, DtsReleaseJobOperator):
        finish(kind(task_id="once", dts_job_id=job_id, **QUICK))
        before = cloud.calls
        assert finish(kind(task_id="twice", dts_job_id=job_id, **QUICK)) == job_id
        assert set(cloud.count(before)) <= {"DescribeDtsJobs", "DescribeDtsJobDetail"}


def test_a_wrong_state_names_state_action_and_job(cloud: Any, finish: Finish) -> None:
    job_id = cloud.buy()
    before = cloud.calls
    for kind in (DtsSuspendJobOperator, DtsStopJobOperator, DtsStartJobOperator):
        with pytest.raises(WrongState) as refusal:
            finish(kind(task_id="t", dts_job_id=job_id, **QUICK))
        text = str(refusal.value)
        assert "NotConfigured" in text
        assert job_id in text
        assert kind.__name__.removeprefix("Dts").removesuffix("JobOperator") + "DtsJob" in text
    assert set(cloud.count(before)) == {"DescribeDtsJobs", "DescribeDtsJobDetail"}


def test_a_migration_cannot_be_reset(cloud: Any, finish: Finish) -> None:
    job_id = running(cloud, finish, "MIGRATION")
    with pytest.raises(WrongState, match="release the migration job instead"):
        finish(DtsResetJobOperator(task_id="t", dts_job_id=job_id, **QUICK))


def test_a_job_nobody_knows(cloud: Any, finish: Finish) -> None:
    assert finish(DtsReleaseJobOperator(task_id="t", dts_job_id="nobodysjob", **QUICK)) == "nobodysjob"
    with pytest.raises(JobNotFound, match="nobodysjob"):
        finish(DtsStopJobOperator(task_id="t", dts_job_id="nobodysjob", **QUICK))


def test_a_wait_that_is_over_fails(cloud: Any, finish: Finish) -> None:
    cloud.seed(5)
    job_id = cloud.buy("SYNC")
    finish(configure(job_id, job_type="SYNC"))
    slow = {**QUICK, "wait_timeout": 0, "deferrable": True}
    with pytest.raises(WaitTimedOut, match=job_id):
        finish(DtsStartJobOperator(task_id="t", dts_job_id=job_id, wait="running", **slow))


@deferrable
def test_a_failed_precheck_names_every_item(cloud: Any, finish: Finish, deferrable: bool) -> None:
    cloud.seed(5)
    cloud.run_sql("target", "CREATE TABLE orders (id INTEGER PRIMARY KEY, total TEXT NOT NULL)")
    job_id = cloud.buy()
    finish(configure(job_id))
    start = DtsStartJobOperator(
        task_id="t", dts_job_id=job_id, wait="precheck", deferrable=deferrable, **QUICK
    )
    with pytest.raises(JobFailed) as failure:
        finish(start)
    assert len(failure.value.items) == 1
    assert "CHECK_SAME_OBJ" in str(failure.value)
    assert "Repair:" in str(failure.value)
    skip = DtsSkipPrecheckOperator(task_id="s", dts_job_id=job_id, items="CHECK_SAME_OBJ")
    assert finish(skip) == ["CHECK_SAME_OBJ"]
    before = cloud.calls
    assert finish(skip) == []
    assert not cloud.count(before)["SkipPreCheck"]
    finish(
        DtsStartJobOperator(task_id="t", dts_job_id=job_id, wait="running", deferrable=deferrable, **QUICK)
    )


def test_skipping_what_is_not_there(cloud: Any, finish: Finish) -> None:
    cloud.seed(5)
    job_id = cloud.buy()
    finish(configure(job_id))
    with pytest.raises(ConfigError, match="has no CHECK_NONSENSE"):
        finish(DtsSkipPrecheckOperator(task_id="s", dts_job_id=job_id, items=["CHECK_NONSENSE"]))


def test_auto_start_is_said_outright(cloud: Any, finish: Finish) -> None:
    cloud.seed(5)
    quiet, eager = cloud.buy(), cloud.buy()
    finish(configure(quiet))
    finish(configure(eager, auto_start="all", db_list={"shop": {"orders": "orders_too"}}))
    cloud.reach(eager, "Migrating")
    assert cloud.hook.job(quiet).status == "NotStarted"


def test_a_new_password(cloud: Any, finish: Finish, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = running(cloud, finish, "SYNC")
    monkeypatch.setenv(
        "AIRFLOW_CONN_NEW", '{"conn_type": "mysql", "login": "dts", "password": "another-secret"}'
    )
    change = DtsChangePasswordOperator(
        task_id="t", dts_job_id=job_id, endpoint="source", password_conn_id="new"
    )
    assert finish(change) == job_id
    assert cloud.calls[-1] == "ModifyDtsJobPassword"


def test_any_action_by_name(cloud: Any, finish: Finish) -> None:
    job_id = cloud.buy()
    wire = {"Region": "cn-hangzhou", "JobType": "MIGRATION"}
    reply = finish(DtsActionOperator(task_id="t", action="DescribeDtsJobs", parameters=wire))
    assert [row["DtsJobId"] for row in reply["DtsJobList"]] == [job_id]
    reply = finish(
        DtsActionOperator(task_id="t", action="DescribeDtsJobDetail", parameters={"dts_job_id": job_id})
    )
    assert reply["Status"] == "NotConfigured"


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        ("DescribeDtsJob", {}, ["action", "did you mean DescribeDtsJobs?"]),
        ("describedtsjobs", {}, ["did you mean DescribeDtsJobs?"]),
        ("zzz", {}, ["StopDtsJob"]),
        ("StopDtsJob", {"DtsJobID": "j"}, ["DtsJobID", "did you mean"]),
        ("StopDtsJob", {}, ["dts_job_id", "missing"]),
        ("StopDtsJob", "no json", ["parameters", "mapping"]),
        ("ModifyDtsJobPassword", {"Password": "hunter2"}, ["parameters.Password", "connection"]),
        ("ModifyDtsJobPassword", {"password": "hunter2"}, ["parameters.password", "connection"]),
        ("ConfigureDtsJob", {"SourceEndpointPassword": "hunter2"}, ["SourceEndpointPassword", "connection"]),
    ],
)
def test_any_action_refused(
    cloud: Any, finish: Finish, action: str, parameters: Any, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(DtsActionOperator(task_id="t", action=action, parameters=parameters))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert not cloud.calls


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_conn_id": None}, ["source.instance_type", "source_conn_id"]),
        ({"source": {"instance_type": "OTHER", "host": ""}}, ["source.host", "source_conn_id"]),
        ({"source": {"instance_type": "CASTLE"}}, ["source.instance_type", "OTHER"]),
        ({"source": {"instance_type": "ECS", "port": 99999}}, ["source.port", "65535"]),
        ({"destination": {"region_id": ""}}, ["destination.region_id"]),
        ({"destination": {"password": "hunter2"}}, ["destination.password", "destination_conn_id"]),
        ({"source": {"engine": "ORACLE"}}, ["source.oracle_sid"]),
        ({"destination": {"owner_id": "1"}}, ["destination.owner_id"]),
        ({"db_list": {}}, ["db_list", "names nothing"]),
        ({"db_list": {"shop": []}}, ["db_list"]),
        ({"dts_job_name": " "}, ["dts_job_name"]),
        ({"dts_job_id": "None"}, ["dts_job_id", "template"]),
        ({"checkpoint": "yesterday"}, ["checkpoint", "2024-05-01"]),
        ({"checkpoint": 1714500000000}, ["checkpoint"]),
        ({"target_table_mode": 1}, ["reserve", "targetTableMode"]),
        ({"reserve": "no json"}, ["reserve"]),
        ({"delay_notice": True}, ["delay_rule_time"]),
        ({"job_type": "MOVE"}, ["job_type"]),
        ({"poll_interval": 0}, ["poll_interval", "above 0"]),
        ({"wait_timeout": "soon"}, ["wait_timeout"]),
        ({"synchronization_direction": "Back"}, ["synchronization_direction", "Reverse"]),
    ],
)
def test_a_configuration_refused(
    cloud: Any, finish: Finish, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(configure("somejob", **changes))
    text = str(refusal.value)
    assert all(word in text for word in words), text
    assert "password-of-the-database" not in text
    assert "hunter2" not in text
    assert not cloud.calls


def test_a_purchase_needs_what_the_service_needs(cloud: Any, finish: Finish) -> None:
    with pytest.raises(ConfigError, match="source_engine"):
        finish(DtsCreateInstanceOperator(task_id="t", source_engine="Excel"))
    with pytest.raises(ConfigError, match="used_time"):
        finish(DtsCreateInstanceOperator(task_id="t", pay_type="PrePaid"))
    assert not cloud.calls


class Store(dict[str, Any]):
    """Airflow 3.3's state of a task."""

    set = dict.__setitem__
    delete = dict.__delitem__


def buying(**changes: Any) -> DtsCreateInstanceOperator:
    return DtsCreateInstanceOperator(
        task_id="buy", source_engine="MySQL", destination_engine="MySQL", **changes
    )


def test_one_task_one_purchase(cloud: Any, finish: Finish) -> None:
    store = Store()
    bought = finish(buying(), {"task_state_store": store})
    assert store[PURCHASE]["dts_job_id"] == bought["dts_job_id"]
    assert finish(buying(), {"task_state_store": store}) == bought
    assert cloud.calls.count("CreateDtsInstance") == 1
    finish(DtsReleaseJobOperator(task_id="t", dts_job_id=bought["dts_job_id"], **QUICK))
    with pytest.raises(AirflowFailException, match="force_new"):
        finish(buying(), {"task_state_store": store})
    assert finish(buying(force_new=True), {"task_state_store": store}) != bought
    assert cloud.calls.count("CreateDtsInstance") == 2


def test_an_intent_without_an_id_is_not_bought_again(cloud: Any, finish: Finish) -> None:
    store = Store({PURCHASE: {"intent": "2026-11-24T21:00:00+00:00"}})
    with pytest.raises(AirflowFailException, match="2026-11-24T21:00:00") as unknown:
        finish(buying(), {"task_state_store": store})
    assert "clear the task" in str(unknown.value)
    assert not cloud.calls


def test_a_refused_purchase_may_be_tried_again(cloud: Any, finish: Finish) -> None:
    store = Store()
    with pytest.raises(Exception, match="PayType"):
        finish(buying(pay_type="PrePaid", period="Month", used_time=1), {"task_state_store": store})
    assert not store


@deferrable
def test_a_wrong_key(cloud: Any, finish: Finish, monkeypatch: pytest.MonkeyPatch, deferrable: bool) -> None:
    job_id = cloud.buy()
    right = json.loads(os.environ["AIRFLOW_CONN_DTS_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps({**right, "password": "not-the-secret-of-this-key"}))
    sensor = DtsJobStatusSensor(
        task_id="s", dts_job_id=job_id, dts_conn_id="wrong", statuses=["Finished"], deferrable=deferrable
    )
    with pytest.raises(AuthError) as refusal:
        finish(sensor)
    assert refusal.value.code
    assert "not-the-secret" not in str(refusal.value)


def test_a_password_of_any_action_comes_from_a_connection(
    cloud: Any, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps({"conn_type": "mysql", "password": "sesame-0pen"}))
    group = {
        "RegionId": "cn-hangzhou",
        "DtsJobId": cloud.buy(),
        "ConsumerGroupName": "readers",
        "ConsumerGroupUserName": "reader",
    }
    secret = {**group, "ConsumerGroupPassword": "x"}
    with pytest.raises(ConfigError, match=r"parameters\.ConsumerGroupPassword.*password_conn_id"):
        finish(DtsActionOperator(task_id="t", action="CreateConsumerChannel", parameters=secret))
    task = DtsActionOperator(
        task_id="t", action="CreateConsumerChannel", parameters=group, password_conn_id="db"
    )
    with pytest.raises(ApiError, match="InvalidParameter") as refused:  # it was sent, password and all
        finish(task)
    assert "sesame" not in str(refused.value)
    with pytest.raises(ConfigError, match="takes no passwords"):
        finish(DtsActionOperator(task_id="t", action="DescribeDtsJobs", password_conn_id="db"))


def test_one_job_gone_does_not_keep_the_others(cloud: Any, finish: Finish) -> None:
    living, gone = cloud.buy("SYNC"), cloud.buy("SYNC")
    cloud.hook.call(DeleteDtsJob(dts_job_id=gone))
    cloud.reach(gone, "Finished")  # as a released synchronization goes on being listed
    finish(DtsReleaseJobsOperator(task_id="t", dts_job_ids=[gone, living], **QUICK))
    assert cloud.hook.read(living).state in {State.FINISHED, State.GONE}


@pytest.mark.parametrize("status", [404, 408, 499])
def test_a_refusal_that_is_not_the_services_own_leaves_the_purchase_open(
    finish: Finish, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "15")
            self.end_headers()
            self.wfile.write(b"<h1>Gateway</h1"[:15])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    where = f"http://127.0.0.1:{server.server_port}"
    fields = {"conn_type": "alibaba_dts", "host": where, "login": "ak", "password": "sk-sk-sk"}
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps({**fields, "extra": {"region_id": "r"}}))
    store = Store()
    try:
        with pytest.raises(AirflowFailException, match="unknown"):
            finish(buying(), {"task_state_store": store})
    finally:
        server.shutdown()
        server.server_close()
    assert set(store[PURCHASE]) == {"intent"}
