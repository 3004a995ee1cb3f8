"""Consumer groups: who may make them, what they are called, and when they can be changed."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_dts.emulator import consumers, passwords
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import STATES, JobType, Status
from airflow_dts.emulator.refusals import Refusal

REGION = "cn-hangzhou"
CHANGEABLE = {"NotStarted", "PrecheckFailed", "PreCheckPass", "Normal", "Abnormal"}


def group(job_id: str, name: str = "readers", **changed: str) -> dict[str, str]:
    return {
        "RegionId": REGION,
        "DtsJobId": job_id,
        "ConsumerGroupName": name,
        "ConsumerGroupUserName": "reader",
        "ConsumerGroupPassword": "Test123456",
        **changed,
    }


def complaint(answer: Any) -> str:
    """The parameter a refusal names; these replies have no field for it."""
    assert answer.code == "InvalidParameter", answer.text
    return str(answer.body["ErrMessage"]).split("Parameter ", 1)[1].split()[0]


def groups(bench: Any, job_id: str, **page: str) -> Any:
    answer = bench.call("DescribeConsumerChannel", RegionId=REGION, DtsJobId=job_id, **page)
    assert answer.code == "OK", answer.text
    return answer.body


def test_a_group_is_made_read_changed_and_removed(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE")
    made = bench.call("CreateConsumerChannel", **group(job_id, "订阅组A"))
    group_id = made.body["ConsumerGroupID"]
    assert group_id.startswith("dts")
    assert made.body["HttpStatusCode"] == 200
    page = groups(bench, job_id)
    assert page["ConsumerChannels"] == [
        {
            "ConsumerGroupId": group_id,
            "ConsumerGroupName": "订阅组A",
            "ConsumerGroupUserName": "reader",
            "MessageDelay": -1,
            "UnconsumedData": -1,
        }
    ]
    assert (page["PageNumber"], page["PageRecordCount"], page["TotalRecordCount"]) == (1, 20, 1)

    address = {"RegionId": REGION, "DtsInstanceId": f"dts{job_id}", "ConsumerGroupId": group_id}
    before = bench.job(job_id).groups[0].password_hash
    assert bench.call("ModifyConsumerChannel", **address, ConsumerGroupName="B").code == "OK"
    (found,) = bench.job(job_id).groups
    assert (found.name, found.user, found.password_hash) == ("B", "reader", before)
    secret = "N3w-secret"
    wanted = {"ConsumerGroupUserName": "other", "ConsumerGroupPassword": secret}
    assert bench.call("ModifyConsumerChannel", **address, **wanted).code == "OK"
    (found,) = bench.job(job_id).groups
    assert (found.name, found.user) == ("B", "other")
    assert passwords.same(secret, found.password_hash)
    assert secret not in bench.job(job_id).to_json()

    assert bench.call("DeleteConsumerChannel", **address).code == "OK"
    assert groups(bench, job_id)["ConsumerChannels"] == []
    answer = bench.call("DeleteConsumerChannel", **address)
    assert complaint(answer) == "ConsumerGroupId"


def test_names_are_told_apart_within_a_subscription_only(bench: Any, kit: Any) -> None:
    one, two = kit.configured(bench, "SUBSCRIBE"), kit.configured(bench, "SUBSCRIBE")
    first = bench.call("CreateConsumerChannel", **group(one)).body["ConsumerGroupID"]
    taken = bench.call("CreateConsumerChannel", **group(one))
    assert complaint(taken) == "ConsumerGroupName"
    assert bench.call("CreateConsumerChannel", **group(two)).code == "OK"
    second = bench.call("CreateConsumerChannel", **group(one, "more")).body["ConsumerGroupID"]
    address = {"RegionId": REGION, "DtsJobId": one}
    rename = {**address, "ConsumerGroupId": second, "ConsumerGroupName": "readers"}
    assert bench.call("ModifyConsumerChannel", **rename).code == "InvalidParameter"
    assert bench.call("ModifyConsumerChannel", **{**rename, "ConsumerGroupId": first}).code == "OK"
    foreign = {**address, "ConsumerGroupId": bench.job(two).groups[0].id}
    assert bench.call("DeleteConsumerChannel", **foreign).code == "InvalidParameter"
    assert [each.name for each in bench.job(one).groups] == ["readers", "more"]


@pytest.mark.parametrize(
    "changed",
    [
        {"ConsumerGroupName": ""},
        {"ConsumerGroupName": "n" * 129},
        {"ConsumerGroupUserName": "u" * 17},
        {"ConsumerGroupUserName": "no-dash"},
        {"ConsumerGroupPassword": "Short1"},
        {"ConsumerGroupPassword": "alllowercase"},
        {"ConsumerGroupPassword": "L0ng" + "x" * 29},
    ],
)
def test_the_rules_of_names_and_passwords(bench: Any, kit: Any, changed: dict[str, str]) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE")
    answer = bench.call("CreateConsumerChannel", **{**group(job_id), **changed})
    assert answer.code in {"InvalidParameter", "MissingParameter"}
    password = changed.get("ConsumerGroupPassword")
    assert password is None or password not in answer.text
    assert bench.job(job_id).groups == []


def test_there_are_only_so_many_groups_and_they_come_in_pages(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE")
    for number in range(consumers.MOST_GROUPS):
        assert bench.call("CreateConsumerChannel", **group(job_id, f"g{number}")).code == "OK"
    assert bench.call("CreateConsumerChannel", **group(job_id, "one more")).code == "OperationDenied"
    page = groups(bench, job_id, PageSize="7", PageNumber="3")
    assert [each["ConsumerGroupName"] for each in page["ConsumerChannels"]] == [
        f"g{n}" for n in range(14, 20)
    ]
    assert (page["PageRecordCount"], page["TotalRecordCount"]) == (7, 20)
    assert groups(bench, job_id, PageNumber="2")["ConsumerChannels"] == []


@pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
def test_only_subscriptions_have_groups(bench: Any, kit: Any, kind: str) -> None:
    job_id = kit.configured(bench, kind)
    answer = bench.call("CreateConsumerChannel", **group(job_id))
    assert complaint(answer) == "DtsJobId"
    answer = bench.call("DescribeConsumerChannel", RegionId=REGION, DtsInstanceId=f"dts{job_id}")
    assert complaint(answer) == "DtsInstanceId"


def test_a_subscription_has_to_be_named_and_to_be_there(bench: Any, kit: Any) -> None:
    assert bench.call("CreateConsumerChannel", **group("nosuchjob")).code == "InvalidJobId"
    nameless = group("x")
    del nameless["DtsJobId"]
    assert bench.call("CreateConsumerChannel", **nameless).code == "InvalidParameter"
    job_id = kit.configured(bench, "SUBSCRIBE")
    assert bench.call("CreateConsumerChannel", **group(job_id, RegionId="cn-beijing")).code == "InvalidJobId"
    ask = {"RegionId": REGION, "DtsJobId": job_id}
    assert bench.call("DescribeConsumerChannel", **ask, ParentChannelId=f"dts{job_id}").code == "OK"
    answer = bench.call("DescribeConsumerChannel", **ask, ParentChannelId="dtsother")
    assert complaint(answer) == "ParentChannelId"


@pytest.mark.parametrize("status", STATES[JobType.SUBSCRIBE])
def test_groups_change_while_the_subscription_rests_or_runs_well(
    bench: Any, kit: Any, status: Status
) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE")
    made = bench.call("CreateConsumerChannel", **group(job_id)).body["ConsumerGroupID"]
    bench.arrange(job_id, status=status)
    address = {"RegionId": REGION, "DtsJobId": job_id, "ConsumerGroupId": made}
    answers = [
        bench.call("CreateConsumerChannel", **group(job_id, "more")),
        bench.call("ModifyConsumerChannel", **address, ConsumerGroupName="new"),
        bench.call("DeleteConsumerChannel", **address),
    ]
    wanted = "OK" if status in CHANGEABLE else "OperationDenied.JobStatus"
    assert [answer.code for answer in answers] == [wanted] * 3
    assert groups(bench, job_id)["TotalRecordCount"] == 1  # reading is always possible


def test_groups_give_the_subscription_its_topic_and_end_with_a_reset(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE")
    detail = bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert detail["AppName"] == "new"
    assert "SubscribeTopic" not in detail
    bench.call("CreateConsumerChannel", **group(job_id))
    detail = bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert detail["SubscribeTopic"] == "cn_hangzhou_rm_source_reader_version2"
    assert bench.call("ResetDtsJob", DtsJobId=job_id).code == "OK"
    kit.reaches(bench, job_id, "NotConfigured")
    assert groups(bench, job_id)["ConsumerChannels"] == []


def test_the_parts_of_a_distributed_subscription(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SUBSCRIBE", SourceEndpointInstanceType="DRDS")
    plain = kit.configured(bench, "SUBSCRIBE")
    sid = bench.call("CreateConsumerChannel", **group(job_id)).body["ConsumerGroupID"]
    other = bench.call("CreateConsumerChannel", **group(plain)).body["ConsumerGroupID"]
    topic = bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body["SubscribeTopic"]

    def parts(**asked: str) -> Any:
        answer = bench.call("DescribeSubscriptionMeta", **asked)
        return answer.body.get("SubscriptionMetaList", answer.code)

    (part,) = parts(Sid=sid, SubMigrationJobIds=job_id)
    assert (part["Sid"], part["Topic"]) == (sid, topic)
    assert part["DBList"] == '{"shop":{"name":"shop","all":true}}'
    assert parts(Sid=sid, DtsInstanceId=f"dts{job_id}", Topics=f"{topic},another") == [part]
    assert parts(Sid=sid, SubMigrationJobIds="another") == []
    assert parts(Sid=other, SubMigrationJobIds=plain) == []  # its source is no PolarDB-X
    assert parts(Sid="dtsnosuch", SubMigrationJobIds=job_id) == "InvalidParameter"
    assert parts(Sid=other, DtsInstanceId=f"dts{job_id}", Topics=topic) == "InvalidParameter"
    assert parts(Sid=sid, DtsInstanceId="dtsnosuch", Topics=topic) == "Forbidden.InstanceNotFound"
    assert parts(Sid=sid) == "InvalidParameter"


class TestForTheOlderActions:
    """What only they can do."""

    @pytest.fixture
    def job(self) -> Job:
        return Job("j", "dtsj", REGION, JobType.SUBSCRIBE, 0.0, Status.NORMAL, network="vpc")

    def test_a_password_is_changed_by_whoever_knows_the_present_one(self, job: Job) -> None:
        made = consumers.create(job, name="g", user="u", password="Test123456", now=1.0)
        with pytest.raises(Refusal) as refused:
            consumers.change_password(job, made, "guess", "Test654321")
        assert refused.value.dynamic == "ConsumerGroupPassword"
        consumers.change_password(job, made, "Test123456", "Test654321")
        assert passwords.same("Test654321", made.password_hash)
        job.network = ""
        with pytest.raises(Refusal, match="OperationDenied"):
            consumers.change_password(job, made, "Test654321", "Test123456")

    def test_only_a_normal_subscription_of_the_older_kind_is_moved(self, job: Job) -> None:
        with pytest.raises(Refusal, match="OperationDenied"):
            consumers.move(job, 5.0)
        job.network = ""
        consumers.move(job, 5.0)
        assert Job.from_json(job.to_json()).position == 5.0
        job.status = Status.STARTING
        with pytest.raises(Refusal, match=r"OperationDenied\.JobStatus"):
            consumers.move(job, 6.0)
