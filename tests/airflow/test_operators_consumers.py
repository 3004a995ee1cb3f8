"""Consumer groups of a subscription, made and changed more than once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_dts.errors import BadReply, ConfigError, JobNotFound, WrongState
from airflow_dts.operators.configure import DtsConfigureSubscriptionOperator
from airflow_dts.operators.consumers import (
    MOST_PAGES,
    DtsCreateConsumerGroupOperator,
    DtsDeleteConsumerGroupOperator,
    DtsDescribeConsumerGroupsOperator,
    DtsGroupOperator,
    DtsModifyConsumerGroupOperator,
)
from airflow_dts.operators.jobs import DtsReleaseJobOperator, DtsStartJobOperator
from airflow_dts.operators.objects import DtsModifySubscriptionOperator

pytestmark = pytest.mark.airflow

Finish = Callable[..., Any]
SECRET = "Sesame-0pen"
QUICK = {"poll_interval": 0.1, "settle_time": 0.5, "wait_timeout": 60}


@pytest.fixture(autouse=True)
def logins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, fields in {
        "READER": {"login": "reader", "password": SECRET},
        "OTHER": {"login": "other", "password": SECRET},
        "NAMELESS": {"password": SECRET},
        "WEAK": {"login": "reader", "password": "alllowercase"},
        "ODD": {"login": "no-dashes", "password": SECRET},
    }.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({"conn_type": "generic", **fields}))


@pytest.fixture
def job_id(cloud: Any, finish: Finish) -> str:
    """A subscription that runs."""
    cloud.seed(5)
    job_id: str = cloud.buy("SUBSCRIBE")
    finish(
        DtsConfigureSubscriptionOperator(
            task_id="configure",
            dts_job_id=job_id,
            dts_job_name="changes",
            source_conn_id="shop_source",
            db_list="shop",
            network_type="classic",
            ddl=False,
            **QUICK,
        )
    )
    finish(DtsStartJobOperator(task_id="start", dts_job_id=job_id, wait="running", **QUICK))
    return job_id


def creating(job_id: str, conn_id: str = "reader", **changes: Any) -> DtsCreateConsumerGroupOperator:
    given = {"group_name": "readers", "poll_interval": 0.1, "wait_timeout": 1, **changes}
    return DtsCreateConsumerGroupOperator(task_id="c", dts_job_id=job_id, password_conn_id=conn_id, **given)


def described(job_id: str) -> DtsDescribeConsumerGroupsOperator:
    return DtsDescribeConsumerGroupsOperator(task_id="d", dts_job_id=job_id)


def test_a_group_from_its_making_to_its_end(cloud: Any, finish: Finish, job_id: str) -> None:
    group_id = finish(creating(job_id))
    assert finish(creating(job_id)) == group_id
    with pytest.raises(WrongState, match="'reader', not 'other'"):
        finish(creating(job_id, "other"))
    assert cloud.calls.count("CreateConsumerChannel") == 1
    (group,) = finish(described(job_id))
    assert group == {
        "consumer_group_id": group_id,
        "consumer_group_name": "readers",
        "consumer_group_user_name": "reader",
        "consumption_checkpoint": None,
        "message_delay": -1,
        "unconsumed_data": -1,
    }
    how = {"task_id": "t", "dts_job_id": job_id, "consumer_group_id": group_id}
    assert finish(DtsModifyConsumerGroupOperator(group_name="watchers", **how)) == group_id
    assert finish(DtsModifyConsumerGroupOperator(password_conn_id="nameless", **how)) == group_id
    assert finish(described(job_id))[0]["consumer_group_user_name"] == "reader"
    assert finish(DtsModifyConsumerGroupOperator(password_conn_id="other", **how)) == group_id
    (group,) = finish(described(job_id))
    assert (group["consumer_group_name"], group["consumer_group_user_name"]) == ("watchers", "other")
    assert finish(DtsDeleteConsumerGroupOperator(**how)) == group_id
    assert finish(described(job_id)) == []
    assert finish(DtsDeleteConsumerGroupOperator(**how)) == group_id
    assert cloud.calls.count("DeleteConsumerChannel") == 1
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=job_id, **QUICK))
    assert finish(DtsDeleteConsumerGroupOperator(**how)) == group_id
    with pytest.raises(JobNotFound):
        finish(described(job_id))


def test_a_busy_subscription_is_waited_out(cloud: Any, finish: Finish) -> None:
    from airflow_dts.errors import WaitTimedOut

    job_id = cloud.buy("SUBSCRIBE")
    with pytest.raises(WaitTimedOut, match="still busy"):
        finish(creating(job_id, wait_timeout=0.5))
    assert cloud.calls.count("CreateConsumerChannel") > 1


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (creating("j", "nameless"), ["password_conn_id, login", "missing"]),
        (creating("j", "weak"), ["password_conn_id, password", "two of"]),
        (creating("j", "odd"), ["password_conn_id, login"]),
        (creating("j", ""), ["password_conn_id"]),
        (creating("j", group_name=" "), ["group_name"]),
        (creating("j", group_name="x" * 129), ["group_name", "128"]),
        (creating("None"), ["dts_job_id", "template"]),
        (creating("j", poll_interval=0), ["poll_interval", "above 0"]),
        (
            DtsModifyConsumerGroupOperator(task_id="t", dts_job_id="j", consumer_group_id="g"),
            ["group_name", "password_conn_id"],
        ),
        (
            DtsDeleteConsumerGroupOperator(task_id="t", dts_job_id="j", consumer_group_id="None"),
            ["consumer_group_id"],
        ),
    ],
)
def test_refused_before_any_call(
    cloud: Any, finish: Finish, task: DtsGroupOperator, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(task)
    text = str(refusal.value)
    assert all(word in text for word in words), text
    assert SECRET not in text
    assert "alllowercase" not in text
    assert not cloud.calls


def page(*numbers: int, total: int | None) -> dict[str, Any]:
    channels = [{"ConsumerGroupId": f"g{n}", "Password": "leaked", "MessageDelay": "7"} for n in numbers]
    return {"ConsumerChannels": channels, "TotalRecordCount": total}


def test_groups_come_in_pages(parrot: Any, finish: Finish) -> None:
    parrot.says(page(*range(100), total=150), page(*range(100, 150), total=150))
    groups = finish(described("j"))
    assert [group["consumer_group_id"] for group in groups] == [f"g{n}" for n in range(150)]
    assert groups[0]["message_delay"] == 7
    assert "leaked" not in json.dumps(groups)
    assert [asked["PageNumber"] for asked in parrot.asked] == ["1", "2"]
    assert {asked["RegionId"] for asked in parrot.asked} == {"cn-hangzhou"}


def test_pages_that_never_end(parrot: Any, finish: Finish) -> None:
    parrot.says(page(1, 2, total=10**6))
    assert len(finish(described("j"))) == 2
    assert len(parrot.asked) == 2
    parrot.says(*(page(n, total=10**6) for n in range(2 * MOST_PAGES)))
    assert len(finish(described("j"))) == MOST_PAGES


def test_nonsense_for_groups(parrot: Any, finish: Finish) -> None:
    parrot.says({"ConsumerChannels": [{"ConsumerGroupId": {"a": [1]}, "MessageDelay": []}]})
    assert len(finish(described("j"))) == 1
    parrot.says({"TotalRecordCount": 0})
    with pytest.raises(BadReply, match="names no group"):
        finish(creating("j"))


def test_what_a_subscription_reads(cloud: Any, finish: Finish, job_id: str) -> None:
    def modifying(**changes: Any) -> str:
        given = {"db_list": {"shop": ["orders"]}, **QUICK, **changes}
        task = DtsModifySubscriptionOperator(task_id="m", dts_job_id=job_id, **given)
        told: str = finish(task)
        return told

    def kinds() -> tuple[bool | None, bool | None]:
        from airflow_dts.api.readings import DescribeDtsJobDetail

        said = cloud.hook.call(DescribeDtsJobDetail(dts_job_id=job_id)).subscription_data_type
        return said.ddl, said.dml

    assert modifying() == job_id
    assert kinds() == (False, True)
    assert modifying(ddl=True, dml=False, deferrable=True) == job_id
    assert kinds() == (True, False)
    assert cloud.calls.count("ModifySubscription") == 2
    with pytest.raises(ConfigError, match="db_list"):
        modifying(db_list={})
    finish(DtsReleaseJobOperator(task_id="r", dts_job_id=job_id, **QUICK))
    with pytest.raises((JobNotFound, WrongState)):
        modifying(dts_instance_id=f"dts{job_id}", ddl=True, dml=True)
    assert cloud.calls.count("ModifySubscription") == 2
