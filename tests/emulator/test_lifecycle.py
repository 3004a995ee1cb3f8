"""Every verb in every state: the documented next state or the documented refusal, never anything else."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import (
    EVENTS,
    MOVER_RUNS,
    STATES,
    VERBS,
    Event,
    JobType,
    Resume,
    Status,
    Verb,
    after_event,
    after_verb,
)
from airflow_dts.emulator.refusals import Refusal

S = Status
EVERY = [(kind, status) for kind in JobType for status in STATES[kind]]
CODES = {
    "OperationDenied", "InvalidJobStatus", "UpdateJob.OperationDenied.InitStatus",
    "DTS.Msg.OperationDenied.JobStatusModifying", "DTS.Msg.ModifyDenied.JobStatusNotRunning",
}  # fmt: skip
ACTIONS = {
    Verb.START: "StartDtsJob",
    Verb.SUSPEND: "SuspendDtsJob",
    Verb.STOP: "StopDtsJob",
    Verb.RESET: "ResetDtsJob",
    Verb.DELETE: "DeleteDtsJob",
}


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_every_verb_has_an_answer(kind: JobType, status: Status) -> None:
    for verb in Verb:
        for resume in (None, *STATES[kind]):
            try:
                to = after_verb(kind, verb, status, resume)
            except Refusal as no:
                assert no.code in CODES
            else:
                assert to in (*STATES[kind], S.GONE)


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_every_event_leads_to_a_state_of_the_kind(kind: JobType, status: Status) -> None:
    for event in Event:
        for resume in (None, *STATES[kind]):
            assert after_event(kind, event, status, resume) in STATES[kind]


@pytest.mark.parametrize("kind", JobType)
def test_the_tables_speak_of_states_the_kind_has(kind: JobType) -> None:
    for moves in (*VERBS[kind].values(), *EVENTS[kind].values()):
        for origin, to in moves.items():
            assert origin in STATES[kind]
            assert to in (*STATES[kind], S.GONE, *Resume)


@pytest.mark.parametrize("kind", JobType)
def test_every_state_can_be_left_by_release_and_no_passing_state_is_a_trap(kind: JobType) -> None:
    assert set(VERBS[kind][Verb.DELETE]) == set(STATES[kind])
    by_itself = {origin for moves in EVENTS[kind].values() for origin in moves}
    assert by_itself >= (MOVER_RUNS | {S.PRECHECKING, S.PRECHECK_PASSED}) & set(STATES[kind]) - (
        {S.RETRYING} if kind is JobType.SUBSCRIBE else set()
    )


DOCUMENTED = [
    ("MIGRATION", Verb.CONFIGURE, S.NOT_CONFIGURED, S.NOT_STARTED),
    ("MIGRATION", Verb.START, S.NOT_CONFIGURED, "OperationDenied"),
    ("MIGRATION", Verb.START, S.NOT_STARTED, S.PRECHECKING),
    ("MIGRATION", Verb.START, S.PRECHECK_FAILED, S.PRECHECKING),
    ("MIGRATION", Verb.START, S.MIGRATING, "UpdateJob.OperationDenied.InitStatus"),
    ("MIGRATION", Verb.START, S.SUSPENDED, S.MIGRATING),
    ("MIGRATION", Verb.START, S.FINISHED, "OperationDenied"),
    ("MIGRATION", Verb.START, S.LOCKED, "OperationDenied"),
    ("MIGRATION", Verb.SUSPEND, S.MIGRATING, S.SUSPENDED),
    ("MIGRATION", Verb.SUSPEND, S.SUSPENDED, "OperationDenied"),
    ("MIGRATION", Verb.STOP, S.SUSPENDED, S.FINISHED),
    ("MIGRATION", Verb.STOP, S.FINISHED, "OperationDenied"),
    ("MIGRATION", Verb.RESET, S.MIGRATION_FAILED, "OperationDenied"),
    ("MIGRATION", Verb.DELETE, S.MIGRATING, S.GONE),
    ("SYNC", Verb.CONFIGURE, S.SYNCHRONIZING, "OperationDenied"),
    ("SYNC", Verb.START, S.MODIFYING, "DTS.Msg.OperationDenied.JobStatusModifying"),
    ("SYNC", Verb.MODIFY, S.SYNCHRONIZING, S.MODIFYING),
    ("SYNC", Verb.START, S.MODIFY_FAILED, S.MODIFYING),
    ("SYNC", Verb.MODIFY, S.INITIALIZING, "DTS.Msg.ModifyDenied.JobStatusNotRunning"),
    ("SYNC", Verb.SUSPEND, S.MODIFYING, "DTS.Msg.OperationDenied.JobStatusModifying"),
    ("SYNC", Verb.RESET, S.SYNCHRONIZING, S.NOT_CONFIGURED),
    ("SYNC", Verb.RESET, S.PRECHECKING, "InvalidJobStatus"),
    ("SYNC", Verb.RESET, S.LOCKED, "OperationDenied"),
    ("SUBSCRIBE", Verb.SUSPEND, S.NORMAL, S.ABNORMAL),
    ("SUBSCRIBE", Verb.START, S.ABNORMAL, S.STARTING),
    ("SUBSCRIBE", Verb.STOP, S.NORMAL, "OperationDenied"),
    ("SUBSCRIBE", Verb.RESET, S.STARTING, "InvalidJobStatus"),
    ("SUBSCRIBE", Verb.RESET, S.NORMAL, S.NOT_CONFIGURED),
]


@pytest.mark.parametrize(("kind", "verb", "status", "expected"), DOCUMENTED)
def test_what_is_documented(kind: str, verb: Verb, status: Status, expected: str) -> None:
    try:
        found: str = after_verb(JobType(kind), verb, status, S.MIGRATING)
    except Refusal as no:
        found = no.code
    assert found == expected


@pytest.mark.parametrize(
    ("resume", "failed"), [(S.INITIALIZING, S.INITIALIZE_FAILED), (S.SYNCHRONIZING, S.FAILED)]
)
def test_a_synchronization_fails_by_the_phase_it_was_in(resume: Status, failed: Status) -> None:
    assert after_event(JobType.SYNC, Event.GAVE_UP, S.RETRYING, resume) is failed


def test_every_verb_in_every_state_through_the_api(bench: Any, kit: Any) -> None:
    """The reply, and the state once it has taken effect, are those of the table."""
    for kind in JobType:
        job_id = kit.configured(bench, kind)
        pristine = bench.job(job_id).to_json()
        for status in STATES[kind]:
            for verb, action in ACTIONS.items():
                bench.store.save(Job.from_json(pristine))
                bench.arrange(job_id, status=status, resume=S.PRECHECKING, suspended=bench.clock.now())
                answer = bench.call(action, DtsJobId=job_id)
                try:
                    to = after_verb(kind, verb, status, S.PRECHECKING)
                except Refusal as no:
                    assert answer.code == no.code, (kind, status, verb)
                    assert answer.status == no.status
                    assert bench.job(job_id).status is status
                else:
                    assert answer.code == "OK", (kind, status, verb, answer.text)
                    _check_arrival(bench, job_id, kind, verb, to)


def _check_arrival(bench: Any, job_id: str, kind: JobType, verb: Verb, to: Status) -> None:
    if verb is Verb.START:
        assert bench.job(job_id).status is to
        return
    while (job := bench.store.job(job_id)) is not None and job.goal is not None:
        bench.supervisor.tick()
    if to is not S.GONE:
        assert job is not None
        assert job.status is to
    elif kind is JobType.SYNC:
        assert job is not None
        assert (job.status, job.released) == (S.FINISHED, bench.clock.now())
    else:
        assert job is None
        assert bench.call("DescribeDtsJobDetail", DtsJobId=job_id).code == "InvalidJobId"


KINDS = st.sampled_from(JobType)
NUMBERS = st.sampled_from(range(60))  # which job, which state: ids differ from run to run


class Machine(RuleBasedStateMachine):
    """Calls, ticks, jumps of the clock and situations, in any order; no endpoint is bound.

    :cvar make_bench: and `kit`, the fixtures.
    """

    make_bench: ClassVar[Any]
    kit: ClassVar[Any]
    seen: ClassVar[set[str]] = set()

    @initialize()
    def begin(self) -> None:
        self.bench = type(self).make_bench(first_backoff=1.0, max_retry=100.0, released_shown=50.0)
        self.kinds: dict[str, JobType] = {}

    @rule(kind=KINDS)
    def buy(self, kind: JobType) -> None:
        if len(self.kinds) < 4:
            answer = self.bench.call("CreateDtsInstance", **self.kit.purchase(kind))
            self.kinds[str(answer.body["JobId"])] = kind

    @rule(number=NUMBERS)
    def configure(self, number: int) -> None:
        job_id = self.chosen(number)
        kind = self.kinds.get(job_id)
        if kind is JobType.SUBSCRIBE:
            self.answered(self.bench.call("ConfigureSubscription", **self.kit.subscription(job_id)))
        elif kind:
            self.answered(self.bench.call("ConfigureDtsJob", **self.kit.configuration(job_id, kind)))

    @rule(number=NUMBERS, verb=st.sampled_from(sorted(ACTIONS)), many=st.booleans())
    def act(self, number: int, verb: Verb, many: bool) -> None:
        job_id = self.chosen(number)
        if many and verb is not Verb.RESET:
            self.answered(self.bench.call(f"{ACTIONS[verb]}s", DtsJobIds=job_id))
        else:
            self.answered(self.bench.call(ACTIONS[verb], DtsJobId=job_id))

    @rule(number=NUMBERS, place=NUMBERS)
    def situation(self, number: int, place: int) -> None:
        job = self.bench.store.job(self.chosen(number))
        if job is not None and not job.released:
            states = STATES[job.type]
            job.status, job.suspended = states[place % len(states)], self.bench.clock.now()
            self.bench.store.save(job)

    def chosen(self, number: int) -> str:
        ids = [*self.kinds, "nosuchjob"]
        return ids[number % len(ids)]

    @rule(seconds=st.sampled_from([0.5, 30, 700_000]))
    def time_passes(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule()
    def tick(self) -> None:
        self.bench.supervisor.tick()

    @invariant()
    def jobs_are_in_states_they_know(self) -> None:
        if hasattr(self, "bench"):
            for job in self.bench.store.every_job():
                self.seen.add(job.status)
                assert job.status in STATES[job.type]
                assert self.bench.supervisor.movers.get(job.id) is None
            assert len(self.bench.store.events("call")) == self.bench.calls

    def answered(self, answer: Any) -> None:
        assert answer.code in CODES | {"OK", "InvalidJobId"}, answer.text


def test_no_sequence_of_calls_takes_a_job_out_of_its_machine(make_bench: Any, kit: Any) -> None:
    bound = type("Bound", (Machine,), {"make_bench": staticmethod(make_bench), "kit": kit})
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=30, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert len(Machine.seen) > 8
