"""Every condition, judged over every kind of snapshot."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.conditions import (
    CONDITIONS,
    Outcome,
    Wait,
    checkpoint_past,
    delay_below,
    finished,
    full_load_finished,
    precheck_passed,
    released,
    status_is,
    structure_finished,
)
from airflow_dts.errors import ConfigError
from airflow_dts.job import JobSnapshot, Phase, PhaseReading
from airflow_dts.states import BROKEN, State

EXAMPLES = {
    "precheck_passed": precheck_passed(),
    "structure_finished": structure_finished(),
    "full_load_finished": full_load_finished(),
    "delay_below": delay_below(seconds=5),
    "checkpoint_past": checkpoint_past(instant="2026-01-01T00:00:00+08:00"),
    "status_is": status_is(statuses=["Synchronizing"]),
    "finished": finished(),
    "released": released(),
}

phase = st.builds(
    PhaseReading,
    status=st.sampled_from(
        ["", "NotStarted", "Migrating", "Catched", "Failed", "Finished", "Success", "New"]
    ),
    percent=st.none() | st.integers(0, 100),
    done=st.none() | st.integers(0),
)
snapshots = st.builds(
    JobSnapshot,
    job_id=st.just("j"),
    status=st.sampled_from([*State, "migrating", "SYNCHRONIZING", "SomethingNew", ""]),
    job_type=st.sampled_from(["MIGRATION", "SYNC", "SUBSCRIBE"]),
    precheck=phase,
    structure=phase,
    full_load=phase,
    incremental=phase,
    planned=st.sets(st.sampled_from(list(Phase))).map(frozenset),
    delay=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
    checkpoint=st.none() | st.datetimes(timezones=st.just(UTC)),
    retrying=st.booleans(),
    failed_items=st.just(()) | st.just(("CHECK_SRC: gone",)),
    error=st.text(max_size=5),
)


def running(**changes: object) -> JobSnapshot:
    given_fields = {
        "status": "Migrating",
        "precheck": PhaseReading("Finished"),
        "full_load": PhaseReading("Finished", 100, 10),
        "incremental": PhaseReading("Catched"),
        "delay": timedelta(0),
        "checkpoint": datetime(2026, 1, 2, tzinfo=UTC),
        **changes,
    }
    return JobSnapshot(job_id="j", **given_fields)


def test_every_condition_has_an_example() -> None:
    assert set(EXAMPLES) == set(CONDITIONS)


@pytest.mark.parametrize("wait", EXAMPLES.values(), ids=EXAMPLES)
def test_a_wait_is_plain_data(wait: Wait) -> None:
    assert Wait(**json.loads(json.dumps(asdict(wait)))) == wait


@settings(deadline=None)
@given(st.sampled_from(list(EXAMPLES.values())), snapshots)
def test_every_snapshot_gets_a_verdict_with_a_reason(wait: Wait, job: JobSnapshot) -> None:
    verdict = wait.judge(job)
    assert verdict.reason
    assert verdict.outcome is not Outcome.TIMED_OUT


@settings(deadline=None)
@given(st.sampled_from([n for n in EXAMPLES if CONDITIONS[n].breakable]), snapshots)
def test_broken_is_judged_before_met(name: str, job: JobSnapshot) -> None:
    assert (EXAMPLES[name].judge(job).outcome is Outcome.FAILED) or job.state not in BROKEN


@settings(deadline=None)
@given(
    st.sampled_from(["precheck_passed", "full_load_finished", "delay_below", "finished", "status_is"]),
    snapshots,
)
def test_an_unknown_status_never_counts_as_reached_by_itself(name: str, job: JobSnapshot) -> None:
    bare = JobSnapshot(job_id=job.job_id, status="SomethingNew", delay=job.delay)
    assert EXAMPLES[name].judge(bare).outcome is Outcome.WAITING


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        (running(), Outcome.MET),
        (running(delay=timedelta(seconds=4.9)), Outcome.MET),
        (running(delay=timedelta(seconds=5)), Outcome.WAITING),
        (running(delay=None), Outcome.WAITING),
        (running(retrying=True), Outcome.WAITING),
        (running(status="Suspending"), Outcome.WAITING),
        (running(status="Retrying"), Outcome.WAITING),
        (running(incremental=PhaseReading("NotStarted")), Outcome.WAITING),
        (running(incremental=PhaseReading("Failed", error="gone")), Outcome.FAILED),
        (running(status="synchronizing", incremental=PhaseReading()), Outcome.MET),
        (running(status="synchronizing", incremental=PhaseReading("NotStarted")), Outcome.WAITING),
        (running(status="Finished"), Outcome.FAILED),
        (running(status="MigrationFailed"), Outcome.FAILED),
        (running(planned=frozenset({Phase.FULL_LOAD})), Outcome.FAILED),
    ],
)
def test_delay_below(job: JobSnapshot, outcome: Outcome) -> None:
    assert delay_below(seconds=5).judge(job).outcome is outcome


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        (running(), Outcome.MET),
        (running(checkpoint=datetime(2025, 1, 1, tzinfo=UTC)), Outcome.WAITING),
        (running(checkpoint=None), Outcome.WAITING),
        (running(status="NotStarted"), Outcome.WAITING),  # there it says where the job will start
        (running(incremental=PhaseReading("NotStarted")), Outcome.WAITING),
        (running(status="Suspending", incremental=PhaseReading("Suspending")), Outcome.MET),
        (running(status="Finished", checkpoint=None), Outcome.FAILED),
    ],
)
def test_checkpoint_past(job: JobSnapshot, outcome: Outcome) -> None:
    assert checkpoint_past(instant="2026-01-01T00:00:00+00:00").judge(job).outcome is outcome


def test_a_failed_structure_is_not_finished_however_far_the_load_is() -> None:
    job = running(structure=PhaseReading("Failed", error="no space"), full_load=PhaseReading("Migrating"))
    assert structure_finished().judge(job).outcome is Outcome.FAILED


@pytest.mark.parametrize("status", ["Frobnicating", ""])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_status_nobody_knows_waits_whatever_the_phases_say(name: str, status: str) -> None:
    assert EXAMPLES[name].judge(running(status=status)).outcome is Outcome.WAITING


def test_no_delay_at_all_is_below_any_bound() -> None:
    assert delay_below(seconds=0).judge(running()).outcome is Outcome.MET
    assert delay_below(seconds=0).judge(running(delay=timedelta(milliseconds=1))).outcome is Outcome.WAITING


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        (
            running(incremental=PhaseReading("NotStarted"), full_load=PhaseReading("Migrating", 99)),
            Outcome.WAITING,
        ),
        (running(incremental=PhaseReading("NotStarted")), Outcome.MET),
        (running(full_load=PhaseReading("Failed")), Outcome.FAILED),
        (running(full_load=PhaseReading("Migrating", 40)), Outcome.WAITING),
        (running(full_load=PhaseReading()), Outcome.MET),
        (running(status="Synchronizing", full_load=PhaseReading(), incremental=PhaseReading()), Outcome.MET),
        (running(status="Prechecking"), Outcome.WAITING),  # what the phases say is left from an earlier life
        (
            running(status="Finished", full_load=PhaseReading("Migrating"), incremental=PhaseReading()),
            Outcome.FAILED,
        ),
        (running(planned=frozenset({Phase.INCREMENTAL})), Outcome.FAILED),
    ],
)
def test_full_load_finished(job: JobSnapshot, outcome: Outcome) -> None:
    assert full_load_finished().judge(job).outcome is outcome


@pytest.mark.parametrize(
    "name", ["structure_finished", "full_load_finished", "delay_below", "checkpoint_past"]
)
def test_a_job_that_is_yet_to_be_configured_is_waited_for(name: str) -> None:
    job = JobSnapshot("j", "NotConfigured", planned=frozenset({Phase.PRECHECK}))
    assert EXAMPLES[name].judge(job).outcome is Outcome.WAITING


def test_precheck_names_what_failed() -> None:
    job = JobSnapshot("j", "PrecheckFailed", failed_items=("CHECK_SRC: no table. Repair: make one",))
    verdict = precheck_passed().judge(job)
    assert verdict.outcome is Outcome.FAILED
    assert "CHECK_SRC: no table. Repair: make one" in verdict.reason


def test_the_state_before_the_action_proves_nothing() -> None:
    job = JobSnapshot("j", "PrecheckFailed")
    wait = precheck_passed().after("PrecheckFailed", until=100)
    assert wait.judge(job, now=99).outcome is Outcome.WAITING
    assert wait.judge(job, now=100).outcome is Outcome.FAILED


def test_a_status_can_be_waited_for_even_if_it_is_a_broken_one() -> None:
    assert (
        status_is(statuses=["precheckfailed"]).judge(JobSnapshot("j", "PrecheckFailed")).outcome
        is Outcome.MET
    )
    assert (
        status_is(statuses=["Normal"]).judge(JobSnapshot("j", "Failed", error="x")).outcome is Outcome.FAILED
    )


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: delay_below(seconds=-1), "seconds"),
        (lambda: delay_below(seconds=float("nan")), "seconds"),
        (lambda: checkpoint_past(instant="2026-01-01"), "instant"),
        (lambda: checkpoint_past(instant="soon"), "instant"),
        (lambda: status_is(statuses=[]), "statuses"),
        (lambda: status_is(statuses=["Suspended"]), "statuses"),
        (lambda: Wait("nothing"), "condition"),
        (lambda: Wait("finished", held_for=-1), "held_for"),
    ],
)
def test_bad_arguments_are_named_before_any_call(make, field: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{field}: "):
        make()
