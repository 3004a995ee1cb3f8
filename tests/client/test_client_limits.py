"""How fast calls follow each other, on a clock that only moves when somebody sleeps."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
from airflow_dts.client import limits
from airflow_dts.client.client import DtsClient
from airflow_dts.client.credentials import AssumedRole
from airflow_dts.client.limits import Bucket, Limits, is_detail, is_listing
from airflow_dts.errors import ConfigError, Throttled


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds

    def bucket(self, rate: float) -> Bucket:
        return Bucket(rate, clock=lambda: self.now, sleep=self.sleep)

    def limits(self) -> Limits:
        return Limits(clock=lambda: self.now, sleep=self.sleep)


def test_which_calls_are_limited() -> None:
    assert [name for name in ACTIONS if is_listing(name)] == [
        "DescribeDtsJobs",
        "DescribeMigrationJobs",
        "DescribeSynchronizationJobs",
        "DescribeSubscriptionInstances",
    ]
    detail = {name for name in ACTIONS if is_detail(name)}
    assert {"DescribeDtsJobDetail", "DescribePreCheckStatus", "DescribeMigrationJobStatus"} <= detail
    assert not any(ACTIONS[name].changes_state for name in detail)


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_second_has_more_calls_than_the_rate_and_a_short_burst(rate: float, gaps: list[float]) -> None:
    clock = Clock()
    bucket, sent = clock.bucket(rate), []
    for gap in gaps:
        clock.now += gap / rate
        bucket.take("DescribeDtsJobs", float("inf"))
        sent.append(clock.now)
    for first in sent:
        assert sum(first <= at < first + 1 for at in sent) <= rate * 1.25 + 1.001


def test_unhindered_calls_do_not_sleep() -> None:
    clock = Clock()
    bucket = clock.bucket(20)
    for _ in range(100):
        bucket.take("DescribeDtsJobs", 1)
        clock.now += 0.051
    assert clock.slept == []


def test_throttled_calls_halve_the_rate_once_a_second_and_it_comes_back_slowly() -> None:
    clock = Clock()
    bucket = clock.bucket(40)
    for _ in range(10):
        bucket.throttled("DescribeDtsJobDetail", None)
    assert bucket.rate == 20
    clock.now += 1
    bucket.throttled("DescribeDtsJobDetail", None)
    assert 10 <= bucket.rate < 10.5
    rates = []
    for _ in range(10):
        clock.now += 10
        rates.append(bucket.rate)
    assert rates == sorted(rates)
    assert rates[0] < 14
    assert rates[-1] == 40


def test_however_often_the_service_throttles_something_is_left() -> None:
    clock = Clock()
    bucket = clock.bucket(40)
    for _ in range(100):
        clock.now += 1
        bucket.throttled("DescribeDtsJobDetail", None)
    assert 0.5 <= bucket.rate < 1


def test_a_pause_the_service_asks_for_closes_the_bucket_to_those_who_wait_too() -> None:
    clock = Clock()
    bucket = clock.bucket(1)
    bucket.take("DescribeDtsJobs", 1)
    told: list[float] = []

    def sleep(seconds: float) -> None:
        if not told:  # while this caller sleeps, the call before it is throttled
            bucket.throttled("DescribeDtsJobs", 7)
        told.append(seconds)
        clock.now += seconds

    bucket._sleep = sleep
    started = clock.now
    bucket.take("DescribeDtsJobs", 10)
    assert clock.now - started == pytest.approx(7)
    bucket.take("DescribeDtsJobs", 10)
    bucket.take("DescribeDtsJobs", 10)
    assert 8 < clock.now - started <= 9  # the rate is half of what it was, and recovers


def test_who_would_wait_too_long_is_turned_away_and_takes_no_turn() -> None:
    clock = Clock()
    bucket = clock.bucket(2)
    bucket.throttled("DescribeDtsJobs", 600)
    for _ in range(50):
        with pytest.raises(Throttled, match="not sent") as told:
            bucket.take("DescribeDtsJobs", 90)
    assert told.value.retry_after == pytest.approx(600)
    assert clock.slept == []
    clock.now += 600
    bucket.take("DescribeDtsJobs", 0)


def test_no_reply_closes_a_bucket_for_days() -> None:
    clock = Clock()
    bucket = clock.bucket(20)
    bucket.throttled("DescribeDtsJobs", 999_999)
    bucket.take("DescribeDtsJobs", 601)
    assert sum(clock.slept) == pytest.approx(600, abs=1)


def test_threads_share_a_bucket() -> None:
    bucket, sent, lock = Bucket(200), [], threading.Lock()

    def work() -> None:
        for _ in range(20):
            bucket.take("DescribeDtsJobs", 60)
            with lock:
                sent.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(5)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 100
    assert max(sent) - started >= 100 / 200 - 0.25 - 0.02


def test_one_bucket_for_each_endpoint_account_and_region(settings: Any) -> None:
    here = Limits()
    role = {"sign_in": AssumedRole("acs:ram::123456789012:role/adminrole")}
    different = [
        settings(endpoint="dts.example.com"),
        settings(endpoint="dts.example.org"),
        settings(endpoint="dts.example.com", region_id="cn-beijing"),
        settings(endpoint="dts.example.com", access_key_id="another"),
        settings(endpoint="dts.aliyuncs.com", **role),
    ]
    buckets = [bucket for each in different for bucket in (here.pace(each).listing, here.pace(each).detail)]
    assert len({id(bucket) for bucket in buckets}) == 10
    again = here.pace(settings(endpoint="dts.example.com", list_rate=3))
    assert again.listing is buckets[0]
    assert again.listing.rate == 3
    assert again.detail.rate == 40


@pytest.mark.parametrize("rate", [0, -1, 0.01, 5000, float("nan"), float("inf"), "20", True, None])
@pytest.mark.parametrize("name", ["detail_rate", "list_rate"])
def test_rates_that_make_no_sense_are_refused(name: str, rate: object, settings: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        settings(**{name: rate})


def test_two_clients_share_it_and_resendings_count(
    serve: Any, say: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(limits, "SHARED", clock.limits())
    throttled = say({"Code": "Throttling.User", "Message": "m"}, 400)
    stub = serve(throttled, say())
    given_ = settings(endpoint=stub.url, list_rate=1, detail_rate=1)
    page = DescribeDtsJobs(region="cn-hangzhou")
    with DtsClient(given_, sleep=lambda _: None) as one, DtsClient(given_, sleep=lambda _: None) as other:
        one.call(page)  # throttled and sent again, at half the rate
        other.call(page)
    assert len(stub.seen) == 3
    assert clock.now - 1000 == pytest.approx(1 + 2, abs=0.3)  # less the burst
    before = clock.now
    with DtsClient(given_) as client:
        client.call(DescribeDtsJobDetail(dts_job_id="j"))  # a bucket of its own
        for _ in range(20):
            client.call(StopDtsJob(dts_job_id="j"))
    assert clock.now == before


def test_a_call_is_dated_when_its_turn_has_come(
    serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is signed before it waits would be too old for the service."""
    from datetime import UTC, datetime, timedelta

    clock = Clock()
    monkeypatch.setattr(limits, "SHARED", clock.limits())
    stub = serve()
    start = datetime(2024, 5, 1, tzinfo=UTC)
    with DtsClient(
        settings(endpoint=stub.url, list_rate=0.1),
        clock=lambda: start + timedelta(seconds=clock.now - 1000),
    ) as client:
        for _ in range(2):
            client.call(DescribeDtsJobs(region="cn-hangzhou"))
    assert [seen.form["Timestamp"] for seen in stub.seen] == ["2024-05-01T00:00:00Z", "2024-05-01T00:00:09Z"]
