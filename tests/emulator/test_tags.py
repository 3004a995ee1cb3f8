"""Tags: what may be one, who carries them, and finding jobs by them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_dts.emulator import tags
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.refusals import Refusal

REGION = "cn-hangzhou"


@pytest.fixture
def job() -> Job:
    return Job("j", "dtsj", REGION, JobType.SYNC, 0.0)


def job_of(number: int, **given: str) -> Job:
    return Job(f"j{number:03}", f"dtsj{number:03}", REGION, JobType.SYNC, 0.0, tags=given)


def found(bench: Any, wanted: Any, **more: str) -> list[str]:
    answer = bench.call("DescribeDtsJobs", Region=REGION, JobType="SYNC", Tags=json.dumps(wanted), **more)
    assert answer.code == "OK", answer.text
    return [row["DtsJobId"] for row in answer.body["DtsJobList"]]


def test_jobs_are_found_by_all_tags_asked_for(bench: Any, kit: Any) -> None:
    one, two, bare = (kit.configured(bench, "SYNC") for _ in range(3))
    bench.arrange(one, tags={"team": "shop", "stage": "test"})
    bench.arrange(two, tags={"team": "shop", "stage": ""})
    team, test = {"key": "team", "value": "shop"}, {"key": "stage", "value": "test"}
    assert found(bench, [team]) == [one, two]
    assert found(bench, [team, test]) == [one]
    assert found(bench, [{"key": "stage", "value": ""}]) == [two]
    assert found(bench, [{"key": "team", "value": "Shop"}]) == []
    assert found(bench, [team], Type="instance", Params=f"dts{two}") == [two]
    assert kit.row(bench, one)["TagList"] == [
        {"TagKey": "team", "TagValue": "shop"}, {"TagKey": "stage", "TagValue": "test"},
    ]  # fmt: skip
    assert "TagList" not in kit.row(bench, bare)


def test_tags_outlive_a_reset_and_a_restart(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SYNC")
    bench.arrange(job_id, tags={"team": "shop"})
    assert bench.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(bench, job_id, "NotConfigured")
    assert bench.job(job_id).tags == {"team": "shop"}


def test_a_tag_replaces_one_with_its_key(job: Job) -> None:
    tags.bind(job, {"a": "1", "b": None})
    tags.bind(job, {"a": "2"})
    assert job.tags == {"a": "2", "b": ""}
    tags.unbind(job, ["b", "never was"])
    assert job.tags == {"a": "2"}
    tags.unbind(job, None)
    assert job.tags == {}


def test_an_instance_carries_twenty_tags(job: Job) -> None:
    tags.bind(job, {f"k{n}": "v" for n in range(tags.MOST_TAGS)})
    tags.bind(job, {"k3": "another"})
    with pytest.raises(Refusal) as refused:
        tags.bind(job, {"k4": "changed", "one more": ""})
    assert refused.value.code == "OperationDenied"
    assert (len(job.tags), job.tags["k4"]) == (20, "v")


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("", "v", "Tag.Key"),
        ("k" * 129, "v", "Tag.Key"),
        ("Aliyun-owner", "v", "Tag.Key"),
        ("acs:owner", "v", "Tag.Key"),
        ("see http://x", "v", "Tag.Key"),
        ("k", "v" * 129, "Tag.Value"),
        ("k", "HTTPS://x", "Tag.Value"),
    ],
)
def test_what_is_no_tag(job: Job, key: str, value: str, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        tags.bind(job, {"fine": "v", key: value})
    assert name in refused.value.message
    assert job.tags == {}


def test_tags_are_listed_by_instance_by_tag_or_both() -> None:
    jobs = [job_of(2, team="shop", stage="test"), job_of(1, team="shop"), job_of(3, other="x")]

    def listed(wanted: Any) -> list[tuple[str, ...]]:
        return [(bound.instance_id, bound.key, bound.value) for bound in tags.page(jobs, wanted, None)[0]]

    assert listed(None) == [
        ("dtsj001", "team", "shop"),
        ("dtsj002", "stage", "test"),
        ("dtsj002", "team", "shop"),
        ("dtsj003", "other", "x"),
    ]
    assert listed({"team": None}) == [("dtsj001", "team", "shop"), ("dtsj002", "team", "shop")]
    assert listed({"team": "shop", "stage": "test"}) == [
        ("dtsj002", "stage", "test"),
        ("dtsj002", "team", "shop"),
    ]
    assert listed({"team": ""}) == []


def test_long_lists_of_tags_come_in_pages() -> None:
    jobs = [job_of(number, **{f"k{n}": "v" for n in range(7)}) for number in range(40)]
    every, token, pages = [], "", 0
    while token or not pages:
        shown, token = tags.page(jobs, None, token)
        every += shown
        pages += 1
        jobs[0].tags["zz"] = "came meanwhile"
    assert pages == 3
    assert [(bound.instance_id, bound.key) for bound in every] == [
        (job.instance_id, f"k{n}") for job in jobs for n in range(7)
    ]


@pytest.mark.parametrize("token", ["nonsense", "ff", "6b", "00" * 3])
def test_a_token_of_nobody_is_refused(token: str) -> None:
    with pytest.raises(Refusal, match="InvalidParameter"):
        tags.page([], None, token)
