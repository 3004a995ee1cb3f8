"""Where a job is found, how many calls that costs, and what a service that misbehaves can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.api.readings import (
    DescribeDtsJobDetail,
    DescribeDtsJobDetailReply,
    DescribeDtsJobs,
    DescribeDtsJobsReply,
)
from airflow_dts.errors import BadReply, BadRequest, ConfigError, JobNotFound
from airflow_dts.hooks.reading import MOST_PAGES, JobReader
from airflow_dts.states import State

pytestmark = pytest.mark.airflow


class Service:
    """Jobs by type, and a record of what was asked. ``page`` says what a listing shows."""

    def __init__(self, **jobs: list[dict[str, Any]]) -> None:
        self.jobs = {"MIGRATION": [], "SYNC": [], "SUBSCRIBE": [], **jobs}
        self.asked: list[Any] = []
        self.filtering = "works"
        self.page: Callable[[DescribeDtsJobs, list[dict[str, Any]]], dict[str, Any]] = self.pages

    def __call__(self, action: Any) -> Any:
        self.asked.append(action)
        if isinstance(action, DescribeDtsJobDetail):
            for row in (row for rows in self.jobs.values() for row in rows):
                if row["DtsJobId"] == action.dts_job_id:
                    return DescribeDtsJobDetailReply.model_validate(row)
            raise JobNotFound("DescribeDtsJobDetail", "InvalidJobId", f"no {action.dts_job_id}")
        rows = self.jobs[action.job_type]
        if action.type and self.filtering == "refused":
            raise BadRequest("DescribeDtsJobs", "InvalidParameter", "Type")
        if action.type and self.filtering == "works":
            rows = [row for row in rows if row["DtsInstanceID"] == action.params]
        return DescribeDtsJobsReply.model_validate(self.page(action, rows))

    @staticmethod
    def pages(action: DescribeDtsJobs, rows: list[dict[str, Any]]) -> dict[str, Any]:
        start = (action.page_number - 1) * action.page_size
        return {"DtsJobList": rows[start : start + action.page_size], "TotalRecordCount": len(rows)}


def job(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "DtsJobId": f"job{number}",
        "DtsInstanceID": f"dtsjob{number}",
        "Status": "Migrating",
        "DtsJobName": f"name{number}",
        **fields,
    }


def test_one_call_for_each_reading_after_the_first() -> None:
    service = Service(SYNC=[job(1), job(2)])
    reader = JobReader(service, "cn-hangzhou")
    assert reader.read("job2").job_type == "SYNC"
    assert [type(action).__name__ for action in service.asked] == [
        "DescribeDtsJobDetail",
        "DescribeDtsJobs",
        "DescribeDtsJobs",
    ]
    service.asked.clear()
    service.jobs["SYNC"][1]["Status"] = "Suspending"
    assert reader.read("job2").status == "Suspending"
    assert reader.read("job2").name == "name2"
    assert [(a.region, a.job_type, a.type, a.params) for a in service.asked] == [
        ("cn-hangzhou", "SYNC", "instance", "dtsjob2")
    ] * 2


@pytest.mark.parametrize("filtering", ["refused", "ignored"])
def test_pages_when_the_filter_does_not_filter(filtering: str) -> None:
    service = Service(MIGRATION=[job(number) for number in range(65)])
    service.filtering = filtering
    assert JobReader(service, "r").read("job64").name == "name64"
    assert max(a.page_number for a in service.asked if isinstance(a, DescribeDtsJobs)) == 3


def test_a_refused_filter_is_not_tried_twice() -> None:
    service = Service(MIGRATION=[job(1)])
    service.filtering = "refused"
    reader = JobReader(service, "r")
    reader.read("job1")
    service.asked.clear()
    reader.read("job1")
    assert [a.type for a in service.asked] == [None]


def test_another_job_is_never_taken_for_the_one_asked_for() -> None:
    service = Service(MIGRATION=[job(1), job(2)])
    service.filtering = "ignored"
    service.page = lambda action, rows: {"DtsJobList": rows[1:], "TotalRecordCount": 1}
    snapshot = JobReader(service, "r").read("job1")
    assert (snapshot.job_id, snapshot.status) == ("job1", "Migrating")  # the detail alone
    assert (snapshot.delay, snapshot.job_type) == (None, "")


@pytest.mark.parametrize(
    "page",
    [
        lambda action, rows: {"DtsJobList": rows[:1], "TotalRecordCount": 10**9, "PageNumber": 1},
        lambda action, rows: {"DtsJobList": rows[:1], "PageNumber": -7},
        lambda action, rows: {
            "DtsJobList": [job(1000 + action.page_number)],
            "TotalRecordCount": 10**9,
            "PageNumber": 10**9,
        },
    ],
)
def test_hostile_pages_end(page: Any) -> None:
    service = Service(MIGRATION=[job(1), job(2)])
    service.filtering = "ignored"
    service.page = page
    assert JobReader(service, "r").read("job2").job_type == ""
    assert len(service.asked) <= 1 + 3 * MOST_PAGES


def test_pages_without_a_total_go_on_until_nothing_new_comes() -> None:
    service = Service(MIGRATION=[job(number) for number in range(65)])
    service.filtering = "ignored"
    service.page = lambda action, rows: {"DtsJobList": Service.pages(action, rows)["DtsJobList"]}
    assert JobReader(service, "r").read("job64").job_type == "MIGRATION"


def test_a_job_that_vanishes_is_not_found() -> None:
    service = Service(MIGRATION=[job(1)])
    reader = JobReader(service, "r")
    reader.read("job1")
    service.jobs["MIGRATION"].clear()
    with pytest.raises(JobNotFound):
        reader.read("job1")


def test_a_detail_about_another_job_is_refused() -> None:
    service = Service(MIGRATION=[job(1, Status="")])
    service.page = lambda action, rows: {"DtsJobList": []}
    with pytest.raises(BadReply, match="state not given"):
        JobReader(service, "r").read("job1")


def test_a_reset_job_is_followed_only_on_request() -> None:
    service = Service(SYNC=[job(1)])
    reader = JobReader(service, "r")
    instance = reader.read("job1").instance_id
    service.jobs["SYNC"] = [job(9, DtsInstanceID=instance, Status="NotConfigured")]
    with pytest.raises(JobNotFound):
        reader.read("job1")
    heir = reader.read("job1", instance_id=instance)
    assert (heir.job_id, heir.state) == ("job9", State.NOT_CONFIGURED)
    assert reader.current("job1") == "job9"
    service.asked.clear()
    assert reader.read("job1", instance_id=instance).job_id == "job9"
    assert len(service.asked) == 1


def test_the_way_back_of_a_two_way_synchronization() -> None:
    back = {"DtsJobId": "back1", "Status": "Suspending", "Delay": 3}
    service = Service(SYNC=[job(1, ReverseJob=back), job(2)])
    reader = JobReader(service, "r")
    assert reader.read("job1").status == "Migrating"
    assert reader.read("job1", "Reverse").status == "Suspending"
    with pytest.raises(ConfigError, match="no reverse half"):
        reader.read("job2", "Reverse")


def test_a_reply_that_cannot_be_read_is_a_bad_reply() -> None:
    service = Service(MIGRATION=[job(1, PrecheckStatus={"Detail": 7})])
    with pytest.raises(BadReply, match="Detail"):
        JobReader(service, "r").read("job1")


def test_a_row_of_another_type_is_not_taken_for_one_of_this() -> None:
    service = Service(SYNC=[job(1, JobType="sync", Status="Synchronizing", Delay=900)])
    service.page = lambda action, rows: {"DtsJobList": service.jobs["SYNC"]}  # shows it whatever is asked for
    snapshot = JobReader(service, "r").read("job1")
    assert snapshot.job_type == "SYNC"
    assert snapshot.delay is not None
    assert snapshot.delay.total_seconds() == 900


@pytest.mark.parametrize("absurd", [10**18, "1714521600000", "inf", "nan", 1e300, -5])
def test_absurd_numbers_are_unknown(absurd: object) -> None:
    service = Service(MIGRATION=[job(1, Delay=absurd, Checkpoint=absurd)])
    try:
        snapshot = JobReader(service, "r").read("job1")
    except BadReply:
        return
    assert snapshot.checkpoint is None
    assert snapshot.delay is None or snapshot.delay.days < 10**6


def test_a_retrying_reverse_half_is_seen() -> None:
    back = {"DtsJobId": "back1", "Status": "Synchronizing", "RetryState": {"retrying": "true"}}
    service = Service(SYNC=[job(1, ReverseJob=back)])
    assert JobReader(service, "r").read("job1", "Reverse").retrying
    assert not JobReader(service, "r").read("job1").retrying
