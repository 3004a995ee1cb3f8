from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_dts.api._base import Reply, Struct, Unreadable
from airflow_dts.api._struct import wire_fields
from airflow_dts.api.actions import ACTIONS
from airflow_dts.api.jobs import StartDtsJob
from airflow_dts.api.readings import (
    DescribeDtsJobDetail,
    DescribeDtsJobs,
    DescribeDtsJobsReply,
    DtsJobStatus,
    Performance,
    Phase,
    PrecheckDetail,
    PrecheckStatus,
    RetryState,
)

PAGE = {
    "DtsJobList": [
        {
            "DtsJobId": "j1",
            "DtsInstanceID": "dtsj1",
            "Delay": "250",
            "Checkpoint": "1616902385",
            "CreateTime": "2021-03-16T08:01:19Z",
            "ExpireTime": "",
            "ReverseJob": {"PrecheckStatus": {}},
            "RetryState": None,
            "PrecheckStatus": {
                "Status": "Finished",
                "Percent": "100",
                "Detail": [{"CheckItem": "CHECK_SRC"}],
            },
            "DataSynchronizationStatus": {"Percent": "95.5", "NeedUpgrade": "false"},
            "TagList": None,
        }
    ],
    "Success": "true",
    "HttpStatusCode": "200",
}


def page(**changes: object) -> DescribeDtsJobsReply:
    return DescribeDtsJobs.parse_reply(json.dumps(PAGE | changes))


def test_a_job_is_what_a_person_wants() -> None:
    reply = page()
    (job,) = reply.dts_job_list
    assert (reply.success, reply.http_status_code) == (True, 200)
    assert (job.dts_job_id, job.dts_instance_id, job.delay, job.checkpoint) == (
        "j1",
        "dtsj1",
        250,
        1616902385,
    )
    assert job.create_time == datetime(2021, 3, 16, 8, 1, 19, tzinfo=UTC)
    assert job.expire_time is None
    assert job.data_synchronization_status.percent == 95.5
    assert job.data_synchronization_status.need_upgrade is False
    assert [item.check_item for item in job.precheck_status.detail] == ["CHECK_SRC"]
    assert list(job.tag_list) == []


def test_a_struct_the_service_leaves_out_is_false() -> None:
    job = page().dts_job_list[0]
    assert not job.retry_state
    assert not job.data_initialization_status
    assert job.data_initialization_status.status == ""
    assert job.precheck_status
    assert not job.reverse_job.precheck_status


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (5, 5),
        ("5", 5),
        ("", None),
        (None, None),
        ("5.0", 5),
        ("5.7", 5),
        ("soon", None),
        ("NaN", None),
        (-1, -1),
        ([], None),
    ],
)
def test_numbers(said: object, read: int | None) -> None:
    assert DescribeDtsJobDetail.parse_reply({"Delay": said}).delay == read
    assert DescribeDtsJobDetail.parse_reply(json.dumps({"Delay": said})).delay == read


@pytest.mark.parametrize(
    ("said", "read"), [("x", "x"), (5, "5"), (None, ""), (True, "true"), ([], ""), ({"a": 1}, '{"a":1}')]
)
def test_texts(said: object, read: str) -> None:
    assert DescribeDtsJobDetail.parse_reply(json.dumps({"ErrMessage": said})).err_message == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2021-03-16T08:01:19Z", datetime(2021, 3, 16, 8, 1, 19, tzinfo=UTC)),
        ("2021-03-16T16:01:19+08:00", datetime(2021, 3, 16, 8, 1, 19, tzinfo=UTC)),
        ("2021-03-16 08:01:19", datetime(2021, 3, 16, 8, 1, 19, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_instants(said: object, read: datetime | None) -> None:
    assert DescribeDtsJobDetail.parse_reply({"CreateTime": said}).create_time == read


@pytest.mark.parametrize(("said", "read"), [(True, True), ("true", True), ("false", False), (False, False)])
def test_success(said: object, read: bool) -> None:
    assert StartDtsJob.parse_reply({"Success": said}).success is read


def test_success_that_is_neither_is_no_success() -> None:
    with pytest.raises(ValidationError, match="Success"):
        StartDtsJob.parse_reply({"Success": "perhaps"})


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", "null", b'{"DtsJobList":"none"}', b'{"DtsJobList":[1]}']
)
def test_what_is_no_reply_is_refused_at_once(body: bytes | str) -> None:
    with pytest.raises(ValidationError):
        DescribeDtsJobs.parse_reply(body)


def test_a_key_in_another_case_is_ours_unless_the_documented_one_is_there_too() -> None:
    reply = DescribeDtsJobDetail.parse_reply(
        {"dtsinstanceid": "x", "STATUS": "Migrating", "sourceEndpoint": {"ip": "h"}}
    )
    assert (reply.dts_instance_id, reply.status, reply.source_endpoint.ip) == ("x", "Migrating", "h")
    both = DescribeDtsJobDetail.parse_reply({"dtsInstanceId": "other", "DtsInstanceID": "ours"})
    assert both.dts_instance_id == "ours"


def test_lists_in_their_singular_wrapper() -> None:
    reply = DescribeDtsJobs.parse_reply({"DtsJobList": {"DtsJob": [{"DtsJobId": "a"}, {"DtsJobId": "b"}]}})
    assert [job.dts_job_id for job in reply.dts_job_list] == ["a", "b"]


def test_a_list_behaves_as_one() -> None:
    jobs = page(DtsJobList=[{"DtsJobId": f"j{n}"} for n in range(5)]).dts_job_list
    assert (len(jobs), jobs[-1].dts_job_id, [j.dts_job_id for j in jobs[1:3]]) == (5, "j4", ["j1", "j2"])
    assert jobs[0] is jobs[0]
    assert jobs[2] in jobs
    assert jobs == list(jobs)
    assert jobs != list(jobs)[1:]
    assert hash(jobs) == hash(jobs)
    assert repr(jobs) == repr(list(jobs))
    with pytest.raises(IndexError):
        jobs[5]


@pytest.mark.parametrize(
    "copied", [lambda reply: pickle.loads(pickle.dumps(reply)), copy.deepcopy, copy.copy]
)
def test_replies_can_be_copied(copied: Any) -> None:
    untouched, touched = page(), page()
    list(touched.dts_job_list)
    assert copied(untouched) == copied(touched) == page()


def test_replies_are_built_in_python_and_written_as_the_service_writes() -> None:
    job = DtsJobStatus(
        dts_job_id="j",
        checkpoint=1616902385,
        create_time=datetime(2021, 3, 16, 8, 1, 19, tzinfo=UTC),
        data_initialization_status=Phase(status="Migrating", percent=12.5, progress="7"),
    )
    reply = DescribeDtsJobsReply(request_id="r", dts_job_list=[job], total_record_count=1)
    assert reply.model_dump(mode="json", exclude_unset=True) == {
        "RequestId": "r",
        "DtsJobList": [
            {
                "DtsJobId": "j",
                "Checkpoint": "1616902385",
                "CreateTime": "2021-03-16T08:01:19Z",
                "DataInitializationStatus": {"Status": "Migrating", "Percent": "12.5", "Progress": "7"},
            }
        ],
        "TotalRecordCount": 1,
    }
    assert DescribeDtsJobs.parse_reply(reply.model_dump_json()).dts_job_list == [job]


def test_elements_of_the_wrong_kind_are_refused() -> None:
    reply = DescribeDtsJobsReply(dts_job_list=[PrecheckDetail()])
    with pytest.raises(Unreadable, match="DtsJobStatus: "):
        list(reply.dts_job_list)


def job(**said: object) -> DtsJobStatus:
    return DescribeDtsJobs.parse_reply(json.dumps({"DtsJobList": [said]})).dts_job_list[0]


def test_a_part_is_typed_once() -> None:
    row = job(ReverseJob={"PrecheckStatus": {"Status": "Finished"}})
    assert row.reverse_job is row.reverse_job
    assert isinstance(row.reverse_job.precheck_status, PrecheckStatus)
    assert row.retry_state is row.retry_state
    assert isinstance(row.retry_state, RetryState)


def test_a_part_matches_keys_without_case_and_keeps_unknown_ones() -> None:
    row = job(RETRYSTATE={"retrycount": "3", "Retrying": "true"})
    assert row.retry_state.retry_count == 3
    assert row.retry_state.model_extra == {"Retrying": "true"}


@pytest.mark.parametrize("empty", [{}, None, "", RetryState()])
def test_a_part_that_says_nothing_is_like_an_absent_one(empty: object) -> None:
    row = DtsJobStatus.read({"RetryState": empty})
    assert not row.retry_state
    assert row == DtsJobStatus()
    assert row.model_dump(exclude_defaults=True) == {}
    assert row.model_dump(exclude_unset=True) == {"RetryState": {}}


@pytest.mark.parametrize("touched", [False, True])
def test_an_untouched_part_counts_as_what_it_will_be(touched: bool) -> None:
    def read() -> DtsJobStatus:
        return DtsJobStatus.read({"DtsJobId": "j", "Performance": {"Rps": "1.5"}, "keys": 1})

    row = read()
    if touched:
        assert row.performance.rps == 1.5
    built = DtsJobStatus(dts_job_id="j", performance=Performance(rps=1.5), keys=1)
    assert row == built == read() == pickle.loads(pickle.dumps(row)) == row.model_copy(deep=True)
    assert hash(row) == hash(built)
    assert repr(row) == repr(built)
    assert "performance=Performance(rps=1.5, flow=None)" in repr(row)
    assert dict(iter(row))["performance"] == Performance(rps=1.5)
    assert row.model_dump(exclude_unset=True) == built.model_dump(exclude_unset=True)
    assert row != read().model_copy(update={"performance": Performance(rps=2)})
    assert row != row.performance
    assert row != 1


def test_a_part_may_be_any_mapping() -> None:
    row = DtsJobStatus.read({"Performance": MappingProxyType({"Flow": 2})})
    assert row.performance.flow == 2


def test_a_part_is_as_frozen_as_the_rest_and_no_attribute_of_its_class() -> None:
    row = job(Performance={"Rps": 1})
    with pytest.raises(ValidationError, match="frozen"):
        row.performance = Performance()  # type: ignore[misc]  # what the test is about
    assert not hasattr(DtsJobStatus, "performance")
    assert not hasattr(DtsJobStatus.__new__(DtsJobStatus), "performance")


@pytest.mark.parametrize("said", ["5555", 5, ["x"], True])
def test_a_part_that_is_no_struct_is_refused_before_it_is_touched(said: object) -> None:
    with pytest.raises(ValidationError, match=r"RetryState\n  must be a struct"):
        DtsJobStatus.read({"RetryState": said})
    with pytest.raises(Unreadable, match=r"^DtsJobStatus\.RetryState: must be a struct$"):
        job(RetryState=said)


def test_nonsense_inside_a_part_is_told_when_it_is_touched() -> None:
    row = job(PrecheckStatus={"Detail": "secret"})
    for _ in range(2):
        with pytest.raises(Unreadable, match=r"^PrecheckStatus\.Detail: .*must be a list$") as told:
            _ = row.precheck_status
        assert "secret" not in str(told.value)
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)
    with pytest.raises(ValueError, match="must be a list"):
        row.model_dump()


def test_an_action_knows_its_reply() -> None:
    assert DescribeDtsJobs.reply is DescribeDtsJobsReply
    assert StartDtsJob.reply is Reply


def test_no_struct_is_typed_before_it_is_touched() -> None:
    seen: set[type[Struct]] = set()

    def look(model: type[Struct]) -> None:
        for name, (_, inside, many, _) in zip(model.model_fields, wire_fields(model).values(), strict=True):
            if inside and inside not in seen:
                seen.add(inside)
                look(inside)
            if inside and not many:
                held = vars(model.read({model.model_fields[name].alias: {"New": 1}}))
                assert held[name] == {"New": 1}, f"{model.__name__}.{name} is no Part"

    for action in ACTIONS.values():
        look(action.reply)
    assert DtsJobStatus in seen
