"""The wait loop with a clock that the test moves."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.conditions import Outcome, Verdict, Wait, delay_below, finished
from airflow_dts.errors import AuthError, DtsError, NoReply, Throttled
from airflow_dts.job import JobSnapshot, PhaseReading
from airflow_dts.waiting import drive, drive_async, watch


def lag(seconds: float | None) -> JobSnapshot:
    delay = None if seconds is None else timedelta(seconds=seconds)
    return JobSnapshot("j", "Migrating", incremental=PhaseReading("Migrating"), delay=delay)


class World:
    """Readings by second: what a reader sees at which instant of the clock."""

    def __init__(self, *readings: JobSnapshot | DtsError) -> None:
        self.now, self.readings, self.pauses, self.told = 0.0, list(readings), [], []

    def read(self) -> JobSnapshot:
        reading = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        if isinstance(reading, DtsError):
            raise reading
        return reading

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def wait(self, wait: Wait, *, every: float = 10, deadline: float = 1000) -> Verdict:
        loop = watch(wait, every=every, deadline=deadline, clock=lambda: self.now)
        return drive(loop, self.read, tell=self.told.append, sleep=self.sleep)


def test_looks_at_once_and_then_every_interval() -> None:
    world = World(lag(9), lag(9), lag(1))
    assert world.wait(delay_below(seconds=5)).outcome is Outcome.MET
    assert world.pauses == [0, 10, 10]
    assert len(world.told) == 3
    assert world.told[0].startswith("delay is 9 s")


def test_gives_up_at_the_deadline_and_says_what_it_saw() -> None:
    world = World(lag(9))
    verdict = world.wait(delay_below(seconds=5), deadline=25)
    assert verdict.outcome is Outcome.TIMED_OUT
    assert "delay is 9 s" in verdict.reason
    assert world.now == 25


def test_holds_and_looks_more_often_meanwhile() -> None:
    world = World(lag(0))
    assert world.wait(Wait("delay_below", {"seconds": 5}, held_for=60), every=30).outcome is Outcome.MET
    assert world.now == 60
    assert len(world.pauses) >= 6


@pytest.mark.parametrize("spoiler", [lag(7), lag(None), NoReply("DescribeDtsJobs", "lost")])
def test_one_bad_reading_starts_the_hold_again(spoiler: JobSnapshot | DtsError) -> None:
    world = World(lag(0), lag(0), spoiler, lag(0))
    assert world.wait(Wait("delay_below", {"seconds": 5}, held_for=12), every=2).outcome is Outcome.MET
    assert world.now == 2 * 3 + 12


def test_a_hold_is_not_met_by_two_readings_with_an_outage_between_them() -> None:
    world = World(lag(0))
    read = world.read

    def slow() -> JobSnapshot:
        if world.now == 2:
            world.now += 100  # what the client needed to get through
        return read()

    world.read = slow
    assert world.wait(Wait("delay_below", {"seconds": 5}, held_for=12), every=2).outcome is Outcome.MET
    assert world.now == 2 + 100 + 12


def test_a_hold_that_the_deadline_cuts_is_a_timeout() -> None:
    assert (
        World(lag(0)).wait(Wait("delay_below", {"seconds": 5}, held_for=60), deadline=30).outcome
        is Outcome.TIMED_OUT
    )


def test_transient_errors_are_waited_out() -> None:
    world = World(Throttled("DescribeDtsJobs", "Throttling.User", "slow down"), lag(0))
    assert world.wait(delay_below(seconds=5)).outcome is Outcome.MET
    assert "Throttling.User" in world.told[0]


def test_other_errors_are_raised() -> None:
    with pytest.raises(AuthError):
        World(AuthError("DescribeDtsJobs", "Forbidden.RAM", "no")).wait(finished())


def test_a_broken_job_ends_the_wait() -> None:
    verdict = World(lag(9), JobSnapshot("j", "MigrationFailed", error="disk full")).wait(
        delay_below(seconds=5)
    )
    assert (verdict.outcome, "disk full" in verdict.reason) == (Outcome.FAILED, True)


def test_both_drivers_agree() -> None:
    readings = [lag(9), Throttled("A", "Throttling", "x"), lag(None), lag(0), lag(8), lag(0)]
    wait = Wait("delay_below", {"seconds": 5}, held_for=20)
    one, other = World(*readings), World(*readings)
    verdict = one.wait(wait)

    async def read() -> JobSnapshot:
        return other.read()

    async def sleep(seconds: float) -> None:
        other.sleep(seconds)

    loop = watch(wait, every=10, deadline=1000, clock=lambda: other.now)
    assert asyncio.run(drive_async(loop, read, tell=other.told.append, sleep=sleep)) == verdict
    assert (other.pauses, other.told) == (one.pauses, one.told)


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(0, 20), min_size=1, max_size=40), st.floats(0, 30), st.floats(1, 40))
def test_met_means_every_reading_of_the_hold_was_below(
    lags: list[float | None], held: float, every: float
) -> None:
    world = World(*map(lag, lags))
    seen: list[tuple[float, float | None]] = []
    read = world.read

    def record() -> JobSnapshot:
        job = read()
        seen.append((world.now, job.delay.total_seconds() if job.delay is not None else None))
        return job

    world.read = record
    if world.wait(Wait("delay_below", {"seconds": 5}, held_for=held), every=every).outcome is Outcome.MET:
        last = seen[-1][0]
        tail = [value for at, value in seen if at > last - held]
        assert all(value is not None and (value < 5 or value == 0) for value in tail)
        assert last - next(at for at, value in seen if at >= last - held - 1e-6) <= held + every
