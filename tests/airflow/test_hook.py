"""The hook: its form on both Airflows, its test of the connection, its way of waiting."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

from airflow_dts.conditions import Outcome, status_is
from airflow_dts.errors import Busy, WaitTimedOut, WrongState
from airflow_dts.hooks.acting import judge, needing, persist
from airflow_dts.hooks.connection import EXTRAS
from airflow_dts.hooks.dts import DtsHook
from airflow_dts.job import JobSnapshot
from airflow_dts.states import State, Verb

pytestmark = pytest.mark.airflow


@pytest.mark.skipif(AIRFLOW_V_3_0_PLUS, reason="Airflow 3 reads the form from the provider info")
def test_the_form_of_airflow_2() -> None:
    from flask import Flask
    from flask_babel import Babel

    app = Flask("form")
    Babel(app)
    with app.test_request_context():
        fields = DtsHook.get_connection_form_widgets()
    assert set(fields) == set(EXTRAS)
    assert fields["security_token"].field_class.__name__ == "PasswordField"
    assert DtsHook.get_ui_field_behaviour()["relabeling"]["login"] == "AccessKey ID"


def test_both_airflows_know_the_connection_type() -> None:
    from airflow.providers_manager import ProvidersManager

    hook = ProvidersManager().hooks["alibaba_dts"]
    assert hook is not None
    assert hook.hook_name == "Alibaba Cloud DTS"
    assert hook.connection_id_attribute_name == "dts_conn_id"


def test_a_connection_that_works(cloud: Any) -> None:
    cloud.buy()
    assert cloud.hook.test_connection() == (True, "cn-hangzhou answers; migration jobs there: 1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "a-wrong-secret"}, "Signature"),
        ({"extra": {}}, "region_id"),
        ({"host": "http://127.0.0.1:9"}, "DescribeDtsJobs"),
    ],
)
def test_a_connection_that_does_not(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], words: str
) -> None:
    fields = {**json.loads(os.environ["AIRFLOW_CONN_DTS_DEFAULT"]), **changes}
    monkeypatch.setenv("AIRFLOW_CONN_DTS_DEFAULT", json.dumps(fields))
    works, text = DtsHook().test_connection()
    assert not works
    assert words in text
    assert fields["password"] not in text


def test_waiting_does_not_block_the_loop(cloud: Any) -> None:
    job_id = cloud.buy()

    async def both() -> tuple[Any, float]:
        worst, last = 0.0, time.monotonic()
        waiting = asyncio.create_task(
            cloud.hook.await_(
                job_id, status_is(statuses=["Finished"]), every=0.05, deadline=time.time() + 1.0
            )
        )
        while not waiting.done():
            await asyncio.sleep(0.01)
            now = time.monotonic()
            worst, last = max(worst, now - last), now
        return await waiting, worst

    cloud.hook.job(job_id)  # what is imported at first use is imported
    verdict, worst = asyncio.run(both())
    assert verdict.outcome is Outcome.TIMED_OUT
    assert worst < 0.25


def test_a_closed_hook_opens_again(cloud: Any) -> None:
    hook = cloud.hook
    job_id = cloud.buy()
    hook.job(job_id)
    hook.close()
    assert hook.job(job_id).job_id == job_id
    hook.close()
    hook.close()


def busy() -> Busy:
    return Busy("StopDtsJob", "InvalidJobStatus", "busy")


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_busy_job_is_looked_at_again_until_the_time_is_up() -> None:
    clock, tries = Time(), []

    def step() -> str:
        tries.append(clock.now)
        if len(tries) < 3:
            raise busy()
        return "done"

    how: dict[str, Any] = {"every": 10.0, "about": "j", "clock": lambda: clock.now, "sleep": clock.sleep}
    assert persist(step, deadline=60.0, **how) == "done"
    assert tries == [0.0, 10.0, 20.0]

    def never() -> str:
        raise busy()

    clock.now = 0.0
    clock.slept.clear()
    with pytest.raises(WaitTimedOut, match="still busy"):
        persist(never, deadline=25.0, **how)
    assert clock.slept == [10.0, 10.0, 5.0]


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("verb", list(Verb))
def test_a_job_is_acted_on_only_in_a_state_that_allows_it(verb: Verb, state: State) -> None:
    job = JobSnapshot("j", state.value, job_type="SYNC")
    if job.already(verb):
        assert not judge(job, verb, "Action")
    elif job.refusal(verb):
        with pytest.raises(Exception, match="j") as refusal:
            judge(job, verb, "Action")
        assert isinstance(refusal.value, Busy) == (state in {State.MODIFYING, State.UPGRADE, State.DOWNGRADE})
    else:
        assert judge(job, verb, "Action")


def test_all_that_refuse_are_named() -> None:
    jobs = [JobSnapshot(f"job{n}", status) for n, status in enumerate(["NotConfigured", "Migrating", "Odd"])]
    with pytest.raises(WrongState) as refusal:
        needing(jobs, Verb.SUSPEND, "SuspendDtsJobs")
    assert "job0" in str(refusal.value)
    assert "job2" in str(refusal.value)
    assert "job1" not in str(refusal.value)
