"""What the repository promises."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.emulator import state
from airflow_dts.emulator.clock import ManualClock
from airflow_dts.emulator.jobs import Check, Job, Precheck, Retry, Side
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.passwords import digest, same
from airflow_dts.emulator.state import Event, StateError, Store
from airflow_dts.emulator.tokens import new_token

JOB = Job("j", "dtsj", "cn-hangzhou", JobType.SYNC, 1.0)
FULL = Job(
    "k",
    "dtsk",
    "cn-hangzhou",
    JobType.MIGRATION,
    2.0,
    status=Status.RETRYING,
    goal=Status.SUSPENDED,
    resume=Status.MIGRATING,
    source=Side(instance_id="rm-a", user="u"),
    objects={"库": {"name": "库", "all": True}},
    precheck=Precheck("p", 1.0, 2.0, [Check("CHECK_PK", "Failed", "why", "how", True, 2.0)]),
    retry=Retry(1.0, 2, 3.0, error="gone"),
    stale_status=Status.PRECHECK_FAILED,
)


@pytest.mark.parametrize("job", [JOB, FULL])
def test_a_job_survives(tmp_path: Path, job: Job) -> None:
    with Store(tmp_path) as store:
        store.save(job)
    with Store(tmp_path) as store:
        assert store.job(job.id) == store.job_of_instance(job.instance_id) == job
        assert store.jobs("cn-hangzhou", job.type) == store.every_job() == [job]
        assert store.jobs("elsewhere", job.type) == []
        store.drop(job)
        assert store.job(job.id) is None


def test_an_older_record_gets_the_newer_fields(tmp_path: Path) -> None:
    assert Job.from_json(JOB.to_json().replace('"lapsed":false', '"forgotten":1')) == JOB


def test_a_failed_transaction_leaves_nothing_and_an_inner_one_only_its_own(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(ZeroDivisionError):
            _save_and_fail(store)
        assert store.every_job() == []
        with store.transaction():
            store.save(FULL)
            with pytest.raises(ZeroDivisionError):
                _save_and_fail(store)
        assert store.every_job() == [FULL]


def _save_and_fail(store: Store) -> None:
    with store.transaction():
        store.save(JOB)
        raise ZeroDivisionError


def test_only_one_emulator_uses_a_directory(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(StateError, match="another emulator"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_a_state_of_another_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="version 99"):
        Store(tmp_path)


def test_a_state_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as db:
        db.executescript(f"{state._SCHEMA} PRAGMA user_version=1;")
        db.execute(
            "INSERT INTO job (id, instance_id, region, type, active, created, doc) VALUES (?,?,?,?,?,?,?)",
            (FULL.id, FULL.instance_id, FULL.region, FULL.type, 1, FULL.created, FULL.to_json()),
        )
        db.execute("INSERT INTO binding VALUES ('rm-a', 'sqlite:///srv/a')")
    token = new_token("acs:ram::1:role/etl", "run", "", 1.0, 3.0)
    for again in (False, True):
        with Store(tmp_path) as store:
            assert (store.every_job(), store.bindings()) == ([FULL], {"rm-a": "sqlite:///srv/a"})
            assert store.token(token.key_id) == (token if again else None)
            assert again or store.save_token(token, 1.0)


@pytest.mark.parametrize("text", ["garbage" * 20, "x"])
def test_what_is_no_database_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.db").write_text(text)
    with pytest.raises(StateError, match="move it away"):
        Store(tmp_path)
    assert (tmp_path / "state.db").read_text() == text


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "state.db").touch(0o644)
    with Store(tmp_path) as store:
        store.save(JOB)
        assert {
            path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()
        } == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm", "lock"), "0o600")


def test_what_happens_by_itself_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.save(JOB)
        assert store.active_jobs() == []
        store.save(FULL)
        assert store.active_jobs() == [FULL]


def test_calls_are_forgotten_before_purchases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "CALLS_KEPT", 3)
    with Store(tmp_path) as store:
        store.record(Event(1.0, "purchase", "CreateDtsInstance", "OK", "j"))
        for n in range(10):
            store.record(Event(float(n), "call", "DescribeDtsJobs", "OK"))
        store.sweep(1000.0)
        assert [event.at for event in store.events("call")] == [7.0, 8.0, 9.0]
        assert len(store.events("purchase")) == 1


@settings(deadline=None, max_examples=10)
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_kept_password_knows_its_like(one: str, other: str) -> None:
    kept = digest(one)
    assert same(one, kept)
    assert same(other, kept) == (one == other)
    assert not same(one, "")


def test_the_clock_of_a_test_only_goes_forward() -> None:
    clock = ManualClock(10.0)
    clock.advance(2.5)
    assert clock.now() == 12.5
    with pytest.raises(ValueError, match="seconds from 0"):
        clock.advance(-1)
