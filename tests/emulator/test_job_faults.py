"""Jobs that go wrong on purpose, by the supervisor's own steps and a real mover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.emulator.faults import (
    Delay,
    Faults,
    FullLoadFails,
    Locked,
    PrecheckFails,
    Retrying,
    StaleAfterReset,
)
from airflow_dts.emulator.supervisor import Supervisor


def ticks(bench: Any, kit: Any, true: Callable[[], bool]) -> None:
    kit.until(lambda: bool(bench.supervisor.tick()) or true())


def started(bench: Any, kit: Any, kind: str = "MIGRATION", **changed: str) -> str:
    job_id: str = kit.configured(bench, kind, **changed)
    assert bench.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    return job_id


def struck(bench: Any) -> list[tuple[str, str]]:
    """Lines of the ledger on jobs."""
    return [(event.code, event.job) for event in bench.store.events("fault")]


def items(bench: Any, job_id: str, phase: str = "01") -> dict[str, Any]:
    """The items of a phase, the precheck if none is given, by name."""
    answer = bench.call("DescribePreCheckStatus", DtsJobId=job_id, JobCode=phase, StructType="before")
    return {item["Item"]: item for item in answer.body["JobProgress"]}


# --- prechecks --------------------------------------------------------------------------------------------


def test_a_precheck_fails_so_often(moving: Any, kit: Any) -> None:
    moving.faults.add(
        PrecheckFails(item="CHECK_BINLOG_ON", reason="The log is off.", repair="Switch it on.", times=2)
    )
    job_id = started(moving, kit)
    kit.reaches(moving, job_id, "PrecheckFailed")
    item = items(moving, job_id)["CHECK_BINLOG_ON"]
    assert (item["State"], item["ErrMsg"], item["RepairMethod"]) == (
        "Failed",
        "The log is off.",
        "Switch it on.",
    )
    assert not item["CanSkip"]
    assert "CHECK_BINLOG_ON: The log is off." in kit.row(moving, job_id)["ErrorMessage"]
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "PrecheckFailed")
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Migrating")
    assert "CHECK_BINLOG_ON" not in items(moving, job_id)
    assert struck(moving) == [("precheck_fails", job_id)] * 2


def test_an_item_that_can_be_skipped(moving: Any, kit: Any) -> None:
    moving.faults.add(PrecheckFails(item="CHECK_SERVER_ID", can_skip=True, times="always"))
    job_id = started(moving, kit)
    kit.reaches(moving, job_id, "PrecheckFailed")
    skipped = moving.call(
        "SkipPreCheck",
        DtsJobId=job_id,
        JobId=moving.job(job_id).precheck.job_id,
        SkipPreCheckItems="CHECK_SERVER_ID",
        SkipPreCheckNames="CHECK_SERVER_ID_DETAIL",
        Skip="true",
    )
    assert skipped.code == "OK", skipped.text
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Migrating")


def test_counts_outlive_a_reset_and_the_emulator(moving: Any, kit: Any) -> None:
    rule = PrecheckFails(name="once", item="CHECK_SRC")
    moving.faults.add(rule)
    job_id = started(moving, kit, "SYNC")
    kit.reaches(moving, job_id, "PrecheckFailed")
    assert moving.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "NotConfigured")
    moving.supervisor.close()
    moving.supervisor = Supervisor(moving.store, moving.clock, moving.options, faults=Faults([rule]))
    assert moving.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC")).code == "OK"
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Synchronizing")


def test_a_reset_job_shows_its_past_for_a_while(moving: Any, kit: Any) -> None:
    moving.faults.add(PrecheckFails(item="CHECK_SRC"), StaleAfterReset(seconds=40))
    job_id = started(moving, kit, "SYNC")
    kit.reaches(moving, job_id, "PrecheckFailed")
    assert moving.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "NotConfigured")
    assert kit.row(moving, job_id)["Status"] == "PrecheckFailed"
    moving.clock.advance(40)
    assert kit.row(moving, job_id)["Status"] == "NotConfigured"
    assert [code for code, _ in struck(moving)] == ["precheck_fails", "stale_after_reset"]


# --- the full load ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "failed", "goes_on"),
    [("MIGRATION", "MigrationFailed", "Migrating"), ("SYNC", "InitializeFailed", "Synchronizing")],
)
def test_a_full_load_fails_half_way(
    moving: Any, kit: Any, databases: Any, kind: str, failed: str, goes_on: str
) -> None:
    """Also a load that is over before anybody looks: no reader sees it come any further."""
    moving.faults.add(FullLoadFails(percent=50, reason="Disk full."))
    job_id = started(moving, kit, kind)
    seen: set[tuple[str, str, int, int]] = set()

    def look() -> bool:
        row = kit.row(moving, job_id)
        load = row["DataInitializationStatus"]
        seen.add((row["Status"], load["Status"], int(load["Percent"]), row["Delay"]))
        return bool(row["Status"] == failed)

    ticks(moving, kit, look)
    assert all(percent <= 50 and delay == -1 for *_, percent, delay in seen), seen
    assert "Finished" not in {load for _, load, *_ in seen}
    assert "Synchronizing" not in {status for status, *_ in seen}
    row = kit.row(moving, job_id)
    load = row["DataInitializationStatus"]
    assert (row["ErrorMessage"], load["Status"], load["ErrorMessage"]) == (
        "Disk full.",
        "Failed",
        "Disk full.",
    )
    assert moving.supervisor.movers.get(job_id) is None
    (table,) = items(moving, job_id, "03").values()
    assert (table["State"], table["ErrMsg"]) == ("Failed", "Disk full.")
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    ticks(moving, kit, lambda: kit.row(moving, job_id)["Delay"] == 0)
    kit.reaches(moving, job_id, goes_on)
    assert databases.equal("orders")
    assert struck(moving) == [("full_load_fails", job_id)]


def test_a_mover_that_overtakes_the_supervisor_is_not_seen_to(moving: Any, kit: Any) -> None:
    moving.faults.add(FullLoadFails(percent=30))
    job_id = started(moving, kit)
    ticks(moving, kit, lambda: moving.supervisor.movers.get(job_id) is not None)
    kit.until(lambda: moving.supervisor.movers.book.read(job_id).delay_ms >= 0)
    row = kit.row(moving, job_id)
    load = row["DataInitializationStatus"]
    assert (row["Delay"], load["Status"], int(load["Percent"])) == (-1, "Migrating", 30)
    assert int(load["Progress"]) == 150
    kit.reaches(moving, job_id, "MigrationFailed")


def test_a_load_without_increments_does_not_slip_through(moving: Any, kit: Any, databases: Any) -> None:
    moving.faults.add(FullLoadFails(percent=100))
    job_id = started(moving, kit, DataSynchronization="false")
    kit.reaches(moving, job_id, "MigrationFailed")
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(moving, job_id, "Finished")
    assert databases.equal("orders")


def test_a_load_that_is_over_does_not_fail(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.faults.add(FullLoadFails(percent=1))
    for _ in range(5):
        moving.supervisor.tick()
    assert moving.job(job_id).status == "Synchronizing"
    assert struck(moving) == []


# --- retries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_a_job_retries_for_so_long(moving: Any, kit: Any, databases: Any, kind: str) -> None:
    job_id = kit.running(moving, kind)
    status = moving.job(job_id).status
    moving.faults.add(Retrying(seconds=300, target="destDB", reason="Gone away.", after=20))
    moving.supervisor.tick()
    assert moving.job(job_id).status == status, "not before its time"
    moving.clock.advance(20)
    ticks(moving, kit, lambda: moving.supervisor.movers.get(job_id) is None)
    moving.clock.advance(299)
    databases.fill("orders", 10)
    for _ in range(3):
        moving.supervisor.tick()
    row = kit.row(moving, job_id)
    assert (row["Status"], row["ErrorMessage"]) == ("Retrying", "Gone away.")
    state = row["RetryState"]
    assert (state["RetryTarget"], state["RetryTime"], state["ErrMessage"]) == ("destDB", 299, "Gone away.")
    assert not databases.equal("orders"), "it stands still"
    moving.clock.advance(1)
    kit.reaches(moving, job_id, status)
    ticks(moving, kit, lambda: databases.equal("orders"))
    moving.clock.advance(1000)
    moving.supervisor.tick()
    assert moving.job(job_id).status == status, "once only"
    assert struck(moving) == [("retrying", job_id)]


def test_a_job_loses_its_patience(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.arrange(job_id, reserve={"maxRetryTime": 60})
    moving.faults.add(Retrying(seconds=3600, reason="Gone away."))
    kit.reaches(moving, job_id, "Retrying")
    moving.clock.advance(60)
    kit.reaches(moving, job_id, "Failed")
    assert kit.row(moving, job_id)["ErrorMessage"] == "Gone away."
    assert moving.call("StartDtsJob", DtsJobId=job_id).code == "OK"
    ticks(moving, kit, lambda: moving.supervisor.movers.get(job_id) is not None)
    assert moving.job(job_id).status == "Synchronizing"


def test_a_job_retries_in_its_full_load(moving: Any, kit: Any) -> None:
    moving.faults.add(Retrying(stage="full_load", seconds=30))
    job_id = started(moving, kit)
    kit.reaches(moving, job_id, "Retrying")
    assert kit.row(moving, job_id)["DataInitializationStatus"]["Status"] != "Finished"
    moving.clock.advance(30)
    ticks(moving, kit, lambda: kit.row(moving, job_id)["Delay"] == 0)
    kit.reaches(moving, job_id, "Migrating")


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_a_full_load_that_was_missed(moving: Any, kit: Any, kind: str) -> None:
    moving.faults.add(Retrying(stage="full_load", seconds=30, after=500))
    job_id = kit.running(moving, kind)
    status = moving.job(job_id).status
    moving.clock.advance(500)
    for _ in range(5):
        moving.supervisor.tick()
    assert moving.job(job_id).status == status


def test_it_strikes_again_after_as_long(moving: Any, kit: Any) -> None:
    moving.faults.add(Retrying(seconds=10, after=100, times=2))
    job_id = kit.running(moving)
    moving.supervisor.tick()
    for _ in range(2):
        moving.clock.advance(100)
        kit.reaches(moving, job_id, "Retrying")
        moving.clock.advance(10)
        kit.reaches(moving, job_id, "Synchronizing")
    moving.clock.advance(200)
    moving.supervisor.tick()
    assert moving.job(job_id).status == "Synchronizing"


# --- delay ------------------------------------------------------------------------------------------------


def test_a_constant_delay(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.faults.add(Delay(name="lag", seconds=42.5))
    row = kit.row(moving, job_id)
    assert (row["Delay"], row["DataSynchronizationStatus"]["Status"]) == (43, "Migrating")
    assert int(row["Checkpoint"]) <= moving.clock.now() - 42
    detail = moving.call("DescribeDtsJobDetail", DtsJobId=job_id)
    assert (detail.body["Delay"], moving.job(job_id).status) == (43, "Synchronizing")
    moving.faults.remove("lag")
    assert kit.row(moving, job_id)["Delay"] == 0


def test_a_delay_in_milliseconds_before_the_increments_begin(moving: Any, kit: Any) -> None:
    moving.faults.add(Delay(seconds=42))
    job_id = started(moving, kit)
    assert kit.row(moving, job_id)["Delay"] == -1, "nothing lags yet"
    seen = set()

    def look() -> bool:
        seen.add(kit.row(moving, job_id)["Delay"])
        return 42_000 in seen

    ticks(moving, kit, look)
    assert seen == {-1, 42_000}, "no reader ever sees the true one, which is below"


def test_a_curve(moving: Any, kit: Any) -> None:
    moving.faults.add(Delay(curve=((0, 30), (60, 90), (100, 10))))
    job_id = started(moving, kit, "SYNC")
    ticks(moving, kit, lambda: kit.row(moving, job_id)["Delay"] == 30)
    moving.supervisor.tick()
    shown = []
    for _ in range(6):
        moving.supervisor.tick()
        kit.until(lambda: moving.supervisor.movers.book.silence(job_id) < 5 or not kit.row(moving, job_id))
        shown.append(kit.row(moving, job_id)["Delay"])
        moving.clock.advance(20)
    assert shown == [30, 50, 70, 90, 50, 10]


def test_a_curve_begins_with_its_first_reader(moving: Any, kit: Any) -> None:
    moving.faults.add(Delay(curve=((0, 500), (1000, 0))))
    job_id = started(moving, kit)
    ticks(moving, kit, lambda: moving.supervisor.movers.get(job_id) is not None)
    kit.until(lambda: kit.row(moving, job_id)["Delay"] == 500_000)
    moving.clock.advance(100)
    shown = moving.supervisor.movers.book.shown
    assert shown(job_id).delay_ms == 450_000
    moving.supervisor.tick()
    assert shown(job_id).delay_ms == 450_000


def test_a_curve_goes_on_after_a_restart(moving: Any, kit: Any) -> None:
    rule = Delay(name="lag", curve=((0, 500), (1000, 0)))
    moving.faults.add(rule)
    job_id = started(moving, kit, "SYNC")
    ticks(moving, kit, lambda: kit.row(moving, job_id)["Delay"] == 500)
    ticks(moving, kit, lambda: moving.job(job_id).watched.get("lag"))
    moving.supervisor.close()
    moving.clock.advance(400)
    again = Supervisor(moving.store, moving.clock, moving.options, faults=Faults([rule]))
    try:
        assert again.movers.book.shown(job_id).delay_ms == 300_000
    finally:
        again.close()


@pytest.mark.parametrize(
    ("since", "delay"), [(0, 5), (10, 5), (15, 10), (20, 15), (24.9, 19.9), (25, 20), (1e6, 20)]
)
def test_a_point_of_a_curve(since: float, delay: float) -> None:
    assert Delay(curve=[(10, 5), (25, 20)]).at(since) == pytest.approx(delay)


# --- arrears ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_an_instance_is_locked_until_the_account_is_settled(
    moving: Any, kit: Any, databases: Any, kind: str
) -> None:
    job_id = kit.running(moving, kind)
    status = moving.job(job_id).status
    moving.faults.add(Locked(seconds=600))
    kit.reaches(moving, job_id, "Locked")
    assert moving.supervisor.movers.get(job_id) is None
    assert moving.call("SuspendDtsJob", DtsJobId=job_id).code == "OperationDenied"
    databases.fill("orders", 10)
    moving.clock.advance(599)
    moving.supervisor.tick()
    assert kit.row(moving, job_id)["Status"] == "Locked"
    moving.clock.advance(1)
    kit.reaches(moving, job_id, status)
    ticks(moving, kit, lambda: databases.equal("orders"))
    assert struck(moving) == [("locked", job_id)]


def test_a_lock_ends_with_its_rule(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    (name,) = moving.faults.add(Locked())
    kit.reaches(moving, job_id, "Locked")
    moving.clock.advance(86_400)
    moving.supervisor.tick()
    assert moving.job(job_id).status == "Locked"
    moving.faults.remove(name)
    kit.reaches(moving, job_id, "Synchronizing")


def test_a_lock_ends_with_an_emulator_that_does_not_know_the_rule(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.faults.add(Locked())
    kit.reaches(moving, job_id, "Locked")
    moving.supervisor.close()
    moving.supervisor = Supervisor(moving.store, moving.clock, moving.options)
    kit.reaches(moving, job_id, "Synchronizing")


def test_what_was_paid_for_is_not_locked(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.arrange(job_id, pay_type="PrePaid", expires=moving.clock.now() + 1e6)
    moving.faults.add(Locked())
    for _ in range(3):
        moving.supervisor.tick()
    assert moving.job(job_id).status == "Synchronizing"


def test_a_rule_for_another_job(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    moving.faults.add(
        Locked(job="other-*"), Retrying(job="other-*", seconds=9), Delay(job="other-*", seconds=9)
    )
    for _ in range(3):
        moving.supervisor.tick()
    assert (moving.job(job_id).status, kit.row(moving, job_id)["Delay"]) == ("Synchronizing", 0)
