"""Sensors in their three modes: what meets them, what fails them, and what they say on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_dts._compat import AirflowSensorTimeout, AirflowSkipException
from airflow_dts.errors import BadRequest, ConfigError, DtsError, JobFailed, Throttled
from airflow_dts.operators.configure import DtsConfigureJobOperator
from airflow_dts.operators.jobs import DtsStartJobOperator
from airflow_dts.sensors.dts import (
    DtsCheckpointSensor,
    DtsDelaySensor,
    DtsFullLoadSensor,
    DtsJobStatusSensor,
    DtsPrecheckSensor,
)
from airflow_dts.triggers.dts import DtsJobTrigger

pytestmark = pytest.mark.airflow

Finish = Callable[..., Any]
QUICK = {"poke_interval": 0.1, "timeout": 60}

deferrable = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


def started(cloud: Any, finish: Finish, job_type: str = "MIGRATION", rows: int = 20) -> str:
    cloud.seed(rows)
    job_id: str = cloud.buy(job_type)
    finish(
        DtsConfigureJobOperator(
            task_id="c",
            dts_job_id=job_id,
            dts_job_name="shop",
            job_type=job_type,
            source_conn_id="shop_source",
            destination_conn_id="shop_target",
            db_list={"shop": ["orders"]},
            poll_interval=0.1,
            settle_time=0.5,
        )
    )
    finish(DtsStartJobOperator(task_id="s", dts_job_id=job_id, poll_interval=0.1))
    return job_id


def blocked(cloud: Any, finish: Finish) -> str:
    """A job whose precheck fails on one item that can be skipped: the target has the table already."""
    cloud.run_sql("target", "CREATE TABLE orders (id INTEGER PRIMARY KEY, total TEXT NOT NULL)")
    return started(cloud, finish)


@deferrable
def test_a_failed_precheck_names_items_reason_and_repair(
    cloud: Any, finish: Finish, deferrable: bool
) -> None:
    job_id = blocked(cloud, finish)
    with pytest.raises(JobFailed) as failure:
        finish(DtsPrecheckSensor(task_id="p", dts_job_id=job_id, deferrable=deferrable, **QUICK))
    (item,) = failure.value.items
    assert item.startswith("CHECK_SAME_OBJ: ")
    assert "Repair:" in item
    assert item in str(failure.value)


@deferrable
def test_an_allowed_item_is_skipped_for_real(cloud: Any, finish: Finish, deferrable: bool) -> None:
    job_id = blocked(cloud, finish)
    finish(
        DtsPrecheckSensor(
            task_id="p",
            dts_job_id=job_id,
            skip_items="CHECK_SRC, check_same_obj",
            deferrable=deferrable,
            **QUICK,
        )
    )
    finish(DtsFullLoadSensor(task_id="f", dts_job_id=job_id, deferrable=deferrable, **QUICK))
    sent = cloud.calls
    assert (sent.count("SkipPreCheck"), sent.count("StartDtsJob")) == (1, 2)
    assert cloud.run_sql("target", "SELECT count(*) FROM orders") == [(20,)]


@deferrable
def test_an_item_not_on_the_list_is_not_skipped(cloud: Any, finish: Finish, deferrable: bool) -> None:
    job_id = blocked(cloud, finish)
    sensor = DtsPrecheckSensor(
        task_id="p", dts_job_id=job_id, skip_items=["CHECK_SERVER_ID"], deferrable=deferrable, **QUICK
    )
    with pytest.raises(JobFailed, match="CHECK_SAME_OBJ"):
        finish(sensor)
    assert "SkipPreCheck" not in cloud.calls


@deferrable
def test_a_checkpoint_in_every_form(cloud: Any, finish: Finish, deferrable: bool) -> None:
    job_id = started(cloud, finish)
    past = datetime.now(UTC) - timedelta(seconds=1)
    for instant in (past, past.isoformat(), past.timestamp(), str(int(past.timestamp()))):
        how = {"deferrable": deferrable, **QUICK}
        finish(DtsCheckpointSensor(task_id="c", dts_job_id=job_id, instant=instant, **how))


@deferrable
def test_a_hold_is_observed(cloud: Any, finish: Finish, deferrable: bool) -> None:
    job_id = started(cloud, finish)
    finish(DtsDelaySensor(task_id="d", dts_job_id=job_id, max_delay=30, deferrable=deferrable, **QUICK))
    before = datetime.now(UTC)
    finish(
        DtsDelaySensor(
            task_id="d", dts_job_id=job_id, max_delay="30", held_for="1.5", deferrable=deferrable, **QUICK
        )
    )
    assert datetime.now(UTC) - before >= timedelta(seconds=1.5)


@deferrable
def test_a_job_that_is_gone_fails_the_wait(cloud: Any, finish: Finish, deferrable: bool) -> None:
    with pytest.raises(JobFailed, match="no longer exists"):
        finish(DtsFullLoadSensor(task_id="f", dts_job_id="nobodysjob", deferrable=deferrable, **QUICK))


@deferrable
def test_time_is_up_as_airflow_says_it(cloud: Any, finish: Finish, deferrable: bool) -> None:
    job_id = cloud.buy()
    short = {"poke_interval": 0.1, "timeout": 0.3, "deferrable": deferrable}
    with pytest.raises(AirflowSensorTimeout):
        finish(DtsPrecheckSensor(task_id="f", dts_job_id=job_id, **short))
    with pytest.raises(AirflowSkipException):
        finish(DtsPrecheckSensor(task_id="f", dts_job_id=job_id, soft_fail=True, **short))


@deferrable
def test_never_fail_skips(cloud: Any, finish: Finish, deferrable: bool) -> None:
    gone = {"dts_job_id": "nobodysjob", "deferrable": deferrable, **QUICK}
    with pytest.raises(AirflowSkipException):
        finish(DtsFullLoadSensor(task_id="f", never_fail=True, **gone))


def test_each_reading_logs_one_line_a_person_can_follow(
    cloud: Any, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = started(cloud, finish)
    finish(DtsFullLoadSensor(task_id="f", dts_job_id=job_id, **QUICK))
    finish(DtsDelaySensor(task_id="d", dts_job_id=job_id, max_delay=60, **QUICK))
    sensor = DtsJobStatusSensor(task_id="s", dts_job_id=job_id, statuses=["Finished"], **QUICK)
    sensor.poke({})
    lines: list[str] = []
    monkeypatch.setattr(sensor.log, "info", lambda text, *values: lines.append(text % values))
    before = cloud.calls
    assert sensor.poke({}) is False
    (line,) = lines
    assert line.startswith(f"{job_id}: Migrating, ")
    assert "incremental" in line
    assert "delay" in line
    assert cloud.count(before) == {"DescribeDtsJobs": 1}


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (DtsDelaySensor, {"max_delay": -1}, "max_delay"),
        (DtsDelaySensor, {"max_delay": "soon"}, "max_delay"),
        (DtsDelaySensor, {"max_delay": "nan"}, "max_delay"),
        (DtsDelaySensor, {"held_for": -5}, "held_for"),
        (DtsCheckpointSensor, {"instant": "2024-05-01T02:00:00"}, "instant"),
        (DtsCheckpointSensor, {"instant": "None"}, "instant"),
        (DtsCheckpointSensor, {"instant": 1714500000000}, "instant"),
        (DtsCheckpointSensor, {"instant": datetime(2024, 5, 1)}, "instant"),  # noqa: DTZ001 - what is refused
        (DtsJobStatusSensor, {"statuses": []}, "statuses"),
        (DtsJobStatusSensor, {"statuses": ["Syncronizing"]}, "statuses"),
        (DtsPrecheckSensor, {"skip_items": 7}, "skip_items"),
        (DtsFullLoadSensor, {"dts_job_id": ""}, "dts_job_id"),
        (DtsFullLoadSensor, {"synchronization_direction": "Up"}, "synchronization_direction"),
    ],
)
@deferrable
def test_bad_input_is_refused_before_any_call(
    finish: Finish, kind: Any, given: dict[str, Any], field: str, deferrable: bool
) -> None:
    """There is not even a connection here."""
    with pytest.raises(ConfigError) as refusal:
        finish(kind(task_id="t", **{"dts_job_id": "j", **given}, deferrable=deferrable))
    assert str(refusal.value).startswith(field)


def event(**changes: Any) -> dict[str, Any]:
    return {"job_id": "j", "outcome": "met", "reason": "r", "deadline": 1.0, "carry": None, **changes}


@pytest.mark.parametrize(
    "told",
    [None, [], "met", {}, {"outcome": "met"}, event(outcome="fine"), event(deadline="x"), event(error="x")],
)
def test_an_event_that_is_not_ours_fails_the_task(told: Any) -> None:
    with pytest.raises(DtsError):
        DtsFullLoadSensor(task_id="t", dts_job_id="j").resume({}, told)


def test_only_our_errors_are_made_from_an_event() -> None:
    sensor = DtsFullLoadSensor(task_id="t", dts_job_id="j")
    arguments = ["DescribeDtsJobs", "Throttling", "too many", "R", 429]
    with pytest.raises(Throttled, match="too many"):
        sensor.resume({}, event(outcome="failed", error={"type": "Throttled", "arguments": arguments}))
    with pytest.raises(DtsError, match="the trigger met SystemExit: bye"):
        sensor.resume({}, event(outcome="failed", error={"type": "SystemExit", "arguments": ["bye"]}))
    assert issubclass(BadRequest, DtsError)


def test_a_missing_connection_fails_the_task_with_its_name(finish: Finish) -> None:
    sensor = DtsFullLoadSensor(task_id="t", dts_job_id="j", dts_conn_id="nowhere", deferrable=True, **QUICK)
    with pytest.raises(DtsError, match="nowhere"):
        finish(sensor)


def test_a_trigger_holds_no_secret(cloud: Any) -> None:
    trigger = DtsJobTrigger(job_id="j", wait={}, every=1, deadline=1, hook={"dts_conn_id": "dts_default"})
    assert cloud.server.secret not in json.dumps(trigger.serialize())
