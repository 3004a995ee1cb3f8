"""Snapshots from the older API: what its samples come to, and what a service that misbehaves can do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_dts.api.actions import ACTIONS
from airflow_dts.conditions import (
    Outcome,
    Wait,
    checkpoint_past,
    delay_below,
    finished,
    full_load_finished,
    precheck_passed,
    released,
    status_is,
)
from airflow_dts.errors import BadReply, BadRequest, ConfigError, JobNotFound
from airflow_dts.hooks.legacy_acting import is_older, older_action
from airflow_dts.hooks.legacy_reading import LegacyReader
from airflow_dts.job import JobSnapshot, Phase
from airflow_dts.states import State, Verb

ROWS = json.loads((Path(__file__).parent / "catalog" / "legacy.json").read_text())["actions"]
SAMPLES = {row["action"]: row["sample_response_json"] for row in ROWS}
MIGRATION, SYNC, SUBSCRIPTION = (
    "DescribeMigrationJobStatus",
    "DescribeSynchronizationJobStatus",
    "DescribeSubscriptionInstanceStatus",
)
IDS = {"Migration": "MigrationJobId", "Synchronization": "SynchronizationJobId"}
NOWHERE = JobNotFound("D", "Forbidden.InstanceNotFound", "no such instance")
OTHER_KIND = BadRequest("D", "InvalidParameter", "it names an instance of another kind")


class Service:
    """Answers each reading with what it is given: a reply's fields, or an error."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {MIGRATION: OTHER_KIND, SYNC: OTHER_KIND, SUBSCRIPTION: OTHER_KIND, **answers}
        self.asked: list[str] = []

    def __call__(self, action: Any) -> Any:
        name = action.action_name()
        self.asked.append(name)
        if isinstance(answer := self.answers[name], Exception):
            raise answer
        return action.parse_reply(json.dumps(answer))


def sample(action: str, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SAMPLES[action]), **changes}


def id_of(said: dict[str, Any]) -> str:
    return next(said[key] for key in (*IDS.values(), "SubscriptionInstanceID") if key in said)


def read(
    action: str, said: dict[str, Any] | None = None, direction: str = "Forward", **changes: Any
) -> JobSnapshot:
    said = sample(action, **changes) if said is None else said
    return LegacyReader(Service(**{action: said})).read(id_of(sample(action)), direction)


# --- samples ----------------------------------------------------------------------------------------------


def test_a_migration() -> None:
    job = read(MIGRATION)
    assert (job.job_id, job.instance_id) == (SAMPLES[MIGRATION]["MigrationJobId"],) * 2
    assert (job.job_type, job.state, job.name) == ("MIGRATION", State.MIGRATING, "MySQL迁移")
    assert (job.pay_type, job.instance_class, job.engines) == ("PostPaid", "2xlarge", ("MySQL", "MySQL"))
    assert (job.full_load.status, job.full_load.percent, job.full_load.done) == ("Finished", 100, 200001)
    assert (job.delay, job.checkpoint) == (timedelta(0), datetime.fromtimestamp(1612507847, UTC))
    assert job.planned == frozenset(Phase)
    assert not job.retrying
    assert full_load_finished().judge(job).outcome is Outcome.MET
    assert delay_below(seconds=1).judge(job).outcome is Outcome.MET


def test_a_synchronization() -> None:
    job = read(SYNC)
    assert (job.job_type, job.status, job.state) == ("SYNC", "synchronizing", State.SYNCHRONIZING)
    assert job.delay == timedelta(milliseconds=SAMPLES[SYNC]["DelayMillis"])
    assert job.checkpoint == datetime.fromtimestamp(1610616144, UTC)
    assert (job.rows_per_second, job.expires) == (0, None)
    assert (job.direction, job.two_way) == ("Forward", False)
    assert precheck_passed().judge(job).outcome is Outcome.MET


def test_a_subscription() -> None:
    job = read(SUBSCRIPTION)
    assert (job.job_type, job.state, job.delay) == ("SUBSCRIBE", State.NORMAL, None)
    assert job.checkpoint == datetime(2021, 3, 26, 14, 3, 21, tzinfo=UTC)
    assert job.prepaid
    assert checkpoint_past(instant="2021-03-26T14:00:00+00:00").judge(job).outcome is Outcome.MET
    assert delay_below(seconds=5).judge(job).outcome is Outcome.WAITING


def test_every_state_of_the_catalog_is_known() -> None:
    def states(fields: list[dict[str, Any]]) -> Iterator[str]:
        for field in fields:
            if field["name"] in ("Status", "MigrationJobStatus"):
                yield from (value["value"] for value in field["enum"] or ())

    actions = [row for row in ROWS if row["action"] in (MIGRATION, SYNC, SUBSCRIPTION)]
    said = [state for row in actions for state in states(row["response"])]
    assert len(said) == 22
    assert "initializating" in said
    assert [state for state in said if State.of(state) is State.UNKNOWN] == []


def test_a_state_is_awaited_in_any_spelling() -> None:
    job = read(SYNC, Status="initializating")
    assert status_is(statuses=["Initializing"]).judge(job).outcome is Outcome.MET
    assert status_is(statuses=["initializating"]).judge(job).outcome is Outcome.MET


# --- what the older API has no words for ------------------------------------------------------------------

BARE = {
    MIGRATION: {"MigrationJobStatus": "NotStarted", "MigrationObject": "[]", "MigrationMode": {}},
    SYNC: {"Status": "notStarted", "SynchronizationObjects": []},
    SUBSCRIPTION: {"Status": "NotStarted", "SubscriptionObject": {"SynchronousObject": []}},
}


@pytest.mark.parametrize("action", BARE)
def test_not_started_without_objects_and_source_is_not_configured(action: str) -> None:
    nothing = {"SourceEndpoint": {}, "DestinationEndpoint": {}}
    assert read(action, **BARE[action], **nothing).state is State.NOT_CONFIGURED
    assert read(action, **{**BARE[action], "SourceEndpoint": {"EngineName": "MySQL"}}).state is (
        State.NOT_CONFIGURED
    )
    assert read(action, **BARE[action]).state is State.NOT_STARTED  # a source was told
    objects = {
        "MigrationObject": '[{"DBName":"shop"}]',
        "SynchronizationObjects": [{"SchemaName": "shop"}],
        "SubscriptionObject": {"SynchronousObject": [{"DatabaseName": "shop"}]},
    }
    assert read(action, **{**BARE[action], **nothing, **objects}).state is State.NOT_STARTED


def test_a_running_job_that_reports_an_error_retries() -> None:
    job = read(SYNC, ErrorMessage="DTS-070211: connection lost")
    assert job.retrying
    verdict = delay_below(seconds=5).judge(job)
    assert (verdict.outcome, "connection lost" in verdict.reason) == (Outcome.WAITING, True)
    increments = {"Status": "Catched", "Delay": "0", "ErrorMessage": "duplicate key"}
    assert read(MIGRATION, DataSynchronizationStatus=increments).retrying
    failed = read(MIGRATION, MigrationJobStatus="MigrationFailed", DataSynchronizationStatus=increments)
    assert not failed.retrying


def test_broken_is_judged_before_met() -> None:
    increments = {"Status": "Failed", "Delay": "0", "ErrorMessage": "duplicate key"}
    job = read(MIGRATION, MigrationJobStatus="MigrationFailed", DataSynchronizationStatus=increments)
    for wait in (delay_below(seconds=5), full_load_finished(), precheck_passed()):
        verdict = wait.judge(job)
        assert (verdict.outcome, "duplicate key" in verdict.reason) == (Outcome.FAILED, True)


@pytest.mark.parametrize("action", [MIGRATION, SYNC])
def test_a_failed_precheck_names_its_items(action: str) -> None:
    rows = [
        {"ItemName": "CHECK_SAME_OBJ", "CheckStatus": "Failed", "ErrorMessage": "there", "RepairMethod": "R"},
        {"ItemName": "CHECK_CONN_SRC", "CheckStatus": "Success"},
        {"ItemName": "CHECK_AUTH_SRC", "CheckStatus": "failed", "ErrorMessage": "denied"},
    ]  # fmt: skip
    precheck = {"Status": "Failed", "Detail": {"CheckItem": rows} if action == MIGRATION else rows}
    name = "MigrationJobStatus" if action == MIGRATION else "Status"
    said = sample(action, PrecheckStatus=precheck, **{name: "precheckFailed"})
    reader = LegacyReader(Service(**{action: said}))
    job = reader.read(id_of(said))
    assert job.failed_items == ("CHECK_SAME_OBJ: there Repair: R", "CHECK_AUTH_SRC: denied")
    assert precheck_passed().judge(job).outcome is Outcome.FAILED
    items = reader.items(id_of(said))
    assert [(item.item, item.blocks, item.can_skip) for item in items] == [
        ("CHECK_SAME_OBJ", True, True),
        ("CHECK_CONN_SRC", False, False),
        ("CHECK_AUTH_SRC", True, False),
    ]


# --- delay ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("millis", "seconds", "delay"),
    [
        (506, "0", 0.506),
        (506, "1", 0.506),  # rounded up
        (0, "30", 30),  # they contradict each other
        (90000, "0", 90),
        (None, "7", 7),
        (10**15, "7", 7),
        ("nonsense", "7", 7),
        (506, None, 0.506),
        (-1, "0", None),
        (-1, "-1", None),
        (None, "-1", None),
    ],
)
def test_the_delay_of_a_synchronization(millis: Any, seconds: Any, delay: float | None) -> None:
    job = read(SYNC, Delay=seconds, DelayMillis=millis, DataSynchronizationStatus={"Status": "Migrating"})
    assert job.delay == (None if delay is None else timedelta(seconds=delay))


def test_a_delay_told_of_the_phase_alone_counts() -> None:
    increments = {"Status": "Migrating", "DelayMillis": 856, "Delay": "0", "Checkpoint": "1610709865"}
    said = sample(SYNC, DataSynchronizationStatus=increments)
    for name in ("Delay", "DelayMillis", "Checkpoint"):
        said.pop(name, None)
    job = read(SYNC, said)
    assert (job.delay, job.checkpoint) == (
        timedelta(milliseconds=856),
        datetime.fromtimestamp(1610709865, UTC),
    )


@pytest.mark.parametrize("delay", ["-1", "", None, "soon", "1e300", "nan"])
def test_an_unknown_delay_waits(delay: Any) -> None:
    job = read(MIGRATION, DataSynchronizationStatus={"Status": "Catched", "Delay": delay})
    assert job.delay is None
    assert delay_below(seconds=5).judge(job).outcome is Outcome.WAITING


def test_what_was_not_chosen_is_not_awaited() -> None:
    mode = {"structureInitialization": True, "dataInitialization": "false", "dataSynchronization": False}
    job = read(MIGRATION, MigrationMode=mode)
    assert job.planned == {Phase.PRECHECK, Phase.STRUCTURE}
    assert full_load_finished().judge(job).outcome is Outcome.FAILED
    assert delay_below(seconds=5).judge(job).outcome is Outcome.FAILED
    assert read(SYNC, DataInitialization="false").planned == frozenset(Phase) - {Phase.FULL_LOAD}


def test_a_released_synchronization_is_still_listed_as_finished() -> None:
    assert released().judge(read(SYNC, Status="finished")).outcome is Outcome.MET
    assert released().judge(read(MIGRATION, MigrationJobStatus="Finished")).outcome is Outcome.WAITING
    assert finished().judge(read(MIGRATION, MigrationJobStatus="Finished")).outcome is Outcome.MET


# --- reading ----------------------------------------------------------------------------------------------


def test_the_kind_is_found_once() -> None:
    service = Service(**{SUBSCRIPTION: sample(SUBSCRIPTION)})
    reader = LegacyReader(service)
    instance = id_of(SAMPLES[SUBSCRIPTION])
    reader.read(instance)
    assert service.asked == [MIGRATION, SYNC, SUBSCRIPTION]
    reader.read(instance)
    reader.items(instance)
    assert service.asked[3:] == [SUBSCRIPTION] * 2
    service.answers[SUBSCRIPTION] = NOWHERE
    with pytest.raises(JobNotFound):
        reader.read(instance)
    assert len(service.asked) == 6


def test_only_what_no_reading_finds_is_gone() -> None:
    with pytest.raises(JobNotFound):
        LegacyReader(Service(**dict.fromkeys((MIGRATION, SYNC, SUBSCRIPTION), NOWHERE))).read("dts1")
    with pytest.raises(BadRequest):  # a release must not take it for released
        LegacyReader(Service(**{MIGRATION: NOWHERE, SUBSCRIPTION: NOWHERE})).read("dts1")


@pytest.mark.parametrize("changes", [{"MigrationJobId": "dts000000000000000"}, {"MigrationJobStatus": ""}])
def test_an_answer_about_something_else_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadReply, match="when asked about"):
        read(MIGRATION, **changes)


def test_a_way_back_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="synchronization_direction"):
        read(SYNC, direction="Reverse", SynchronizationDirection="Forward")
    job = read(SYNC, direction="Reverse", SynchronizationDirection="reverse")
    assert (job.direction, job.two_way) == ("Reverse", True)


PLACES: list[tuple[str, tuple[Any, ...]]] = [
    (action, path)
    for action in (MIGRATION, SYNC, SUBSCRIPTION)
    for path in [
        *((key,) for key in SAMPLES[action]),
        *(
            (key, inner)
            for key, value in SAMPLES[action].items()
            if isinstance(value, dict)
            for inner in value
        ),
    ]
]
WAITS: list[Callable[[], Wait]] = [
    precheck_passed,
    full_load_finished,
    lambda: delay_below(seconds=5),
    lambda: checkpoint_past(instant="2026-01-01T00:00:00+00:00"),
    finished,
    released,
]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(PLACES), junk)
def test_nonsense_is_a_bad_reply_or_a_snapshot_that_can_be_judged(
    place: tuple[str, tuple[Any, ...]], nonsense: Any
) -> None:
    action, path = place
    said = sample(action)
    holder = said
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = nonsense
    try:
        job = read(action, said)
    except (BadReply, ValidationError):  # the latter is the client's to report as a bad reply
        return
    for wait in WAITS:
        assert wait().judge(job).reason
    assert job.describe()
    assert isinstance(job.engines[0], str)


# --- acting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job_id", "generation", "older"),
    [
        ("dtsz2v12jfo309abcd", None, True),
        ("z2v12jfo309abcd", None, False),
        ("dtsv12jfo309abc", None, False),  # a job whose ID begins so
        ("z2v12jfo309abcd", "legacy", True),
        ("dtsz2v12jfo309abcd", "current", False),
        ("dtsz2v12jfo309abcd", "None", True),
    ],
)
def test_which_api_an_id_is_for(job_id: str, generation: str | None, older: bool) -> None:
    assert is_older(job_id, generation) is older


def test_an_unknown_generation_is_refused() -> None:
    with pytest.raises(ConfigError, match="generation: 'older' is unknown; use legacy or current"):
        is_older("j", "older")


KINDS = ("MIGRATION", "SYNC", "SUBSCRIBE")
SENT = {
    Verb.START: ("StartMigrationJob", "StartSynchronizationJob", "StartSubscriptionInstance"),
    Verb.SUSPEND: ("SuspendMigrationJob", "SuspendSynchronizationJob", None),
    Verb.STOP: ("StopMigrationJob", None, None),
    Verb.RESET: (None, "ResetSynchronizationJob", None),
    Verb.RELEASE: ("DeleteMigrationJob", "DeleteSynchronizationJob", "DeleteSubscriptionInstance"),
    Verb.MODIFY: (None, None, None),
}


@pytest.mark.parametrize(
    ("verb", "kind", "name"),
    [(verb, kind, name) for verb, names in SENT.items() for kind, name in zip(KINDS, names, strict=True)],
)
def test_what_a_verb_sends(verb: Verb, kind: str, name: str | None) -> None:
    from airflow_dts.api.jobs import StartDtsJob

    job = JobSnapshot("dtsz2v12jfo309abcd", "Migrating", job_type=kind)
    said = StartDtsJob(dts_job_id=job.job_id)
    if name is None:
        with pytest.raises(ConfigError, match=r"release it|its job, which is z2v12jfo309abcd,"):
            older_action(said, verb, job, "Forward")
        return
    sent = older_action(said, verb, job, "Forward")
    assert type(sent) is ACTIONS[name]
    assert job.job_id in sent.model_dump().values()


def test_a_way_back_is_started_as_such_and_not_released_by_itself() -> None:
    job = JobSnapshot("dtsz2v12jfo309abcd", "synchronizing", job_type="SYNC")
    start = older_action(ACTIONS["StartDtsJob"](dts_job_id="j"), Verb.START, job, "Reverse")
    assert start.synchronization_direction == "Reverse"
    with pytest.raises(ConfigError, match="synchronization_direction"):
        older_action(ACTIONS["DeleteDtsJob"](dts_job_id="j"), Verb.RELEASE, job, "Reverse")
