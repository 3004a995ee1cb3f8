"""What spends money is judged first, and spent once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from airflow_dts._compat import AirflowFailException
from airflow_dts.api.instances import CreateDtsInstance
from airflow_dts.api.readings import DtsJobStatus
from airflow_dts.errors import Busy, ConfigError, JobNotFound, NoReply, WrongState
from airflow_dts.job import JobSnapshot
from airflow_dts.operators.billing import (
    RENEWAL,
    DtsBillingOperator,
    DtsChangeBillingOperator,
    DtsChangeInstanceClassOperator,
    DtsRenewInstanceOperator,
    DtsUpgradeTwoWayOperator,
)
from airflow_dts.operators.configure import DtsConfigureJobOperator
from airflow_dts.operators.jobs import DtsReleaseJobOperator, DtsStartJobOperator

pytestmark = pytest.mark.airflow

Finish = Callable[..., Any]
READS = {"DescribeDtsJobs", "DescribeDtsJobDetail"}
QUICK = {"poll_interval": 0.1, "settle_time": 0.5, "wait_timeout": 60}


class Store(dict[str, Any]):
    """Airflow 3.3's state of a task."""

    set = dict.__setitem__
    delete = dict.__delitem__


class Retry:
    """A task instance in its second try."""

    try_number = 2


def buy(cloud: Any, job_type: str = "SYNC", size: str | None = "small", *, prepaid: bool = False) -> str:
    fields = {
        "type": job_type,
        "pay_type": "PrePaid" if prepaid else "PostPaid",
        "source_region": "cn-hangzhou",
        "destination_region": "cn-hangzhou",
        "source_endpoint_engine_name": "MySQL",
        "destination_endpoint_engine_name": None if job_type == "SUBSCRIBE" else "MySQL",
        "instance_class": size,
        **({"period": "Month", "used_time": 1} if prepaid else {}),
    }
    job_id: str = cloud.hook.call(CreateDtsInstance(**fields)).job_id
    return job_id


def renewing(job_id: str, **changes: Any) -> DtsRenewInstanceOperator:
    return DtsRenewInstanceOperator(task_id="t", dts_job_id=job_id, **changes)


def resizing(job_id: str, size: str, **changes: Any) -> DtsChangeInstanceClassOperator:
    return DtsChangeInstanceClassOperator(task_id="t", dts_job_id=job_id, instance_class=size, **changes)


def paying(job_id: str, **changes: Any) -> DtsChangeBillingOperator:
    given = {"period": "Month", "used_time": 3, **changes}
    return DtsChangeBillingOperator(task_id="t", dts_job_id=job_id, **given)


def doubling(job_id: str, size: str = "medium") -> DtsUpgradeTwoWayOperator:
    return DtsUpgradeTwoWayOperator(task_id="t", dts_job_id=job_id, instance_class=size)


def settled(cloud: Any, job_id: str) -> JobSnapshot:
    return cloud.reach(job_id, "NotConfigured", "Synchronizing")


def test_up_and_down_and_no_further(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud)
    before = cloud.calls
    assert finish(resizing(job_id, "large")) == job_id
    assert settled(cloud, job_id).instance_class == "large"
    assert finish(resizing(job_id, "LARGE", order_type="UPGRADE")) == job_id  # a retry, say
    assert cloud.count(before)["TransferInstanceClass"] == 1
    assert finish(resizing(job_id, "micro", order_type="downgrade")) == job_id
    assert settled(cloud, job_id).instance_class == "micro"


@pytest.mark.parametrize(
    ("size", "order", "words"),
    [("micro", "UPGRADE", "small to micro"), ("large", "DOWNGRADE", "small to large")],
)
def test_a_change_that_goes_the_other_way(
    cloud: Any, finish: Finish, size: str, order: str, words: str
) -> None:
    job_id = buy(cloud)
    with pytest.raises(WrongState, match=f"{words} is no {order}"):
        finish(resizing(job_id, size, order_type=order))
    assert "TransferInstanceClass" not in cloud.calls


def test_a_class_nobody_knows(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud, "MIGRATION", None)
    with pytest.raises(WrongState, match="say order_type"):
        finish(resizing(job_id, "large"))
    assert "TransferInstanceClass" not in cloud.calls
    assert finish(resizing(job_id, "large", order_type="UPGRADE")) == job_id


def test_classes_as_either_api_writes_them(cloud: Any) -> None:
    job = JobSnapshot("j", "Migrating", instance_class="2xlarge")
    assert resizing("j", "xxlarge").already(job)
    assert resizing("j", "xlarge").order(job) == "DOWNGRADE"


def test_nothing_is_sent_in_the_middle_of_a_change(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud)
    finish(resizing(job_id, "medium"))
    with pytest.raises(Busy, match="Upgrade"):
        finish(resizing(job_id, "large"))
    assert cloud.calls.count("TransferInstanceClass") == 1


def test_billing_goes_one_way(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud)
    assert finish(paying(job_id, pay_type="PostPaid", period=None, used_time=None)) == job_id
    assert set(cloud.calls) <= {"CreateDtsInstance", *READS}
    assert finish(paying(job_id)) == job_id
    job = cloud.hook.job(job_id)
    assert job.prepaid
    assert job.expires is not None
    assert finish(paying(job_id)) == job_id  # a retry, say
    with pytest.raises(WrongState, match="cannot go back"):
        finish(paying(job_id, pay_type="PostPaid", period=None, used_time=None))
    assert cloud.calls.count("TransferPayType") == 1
    assert cloud.hook.job(job_id).expires == job.expires


def test_a_lost_reply_is_found_done_by_the_retry(cloud: Any, thief: Any, finish: Finish) -> None:
    thief.keeps = {"TransferPayType"}
    job_id = buy(cloud)
    with pytest.raises(NoReply):
        finish(paying(job_id))
    assert finish(paying(job_id), {"ti": Retry()}) == job_id
    assert cloud.calls.count("TransferPayType") == 1


def test_a_migration_is_never_prepaid(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud, "MIGRATION")
    for task in (paying(job_id), renewing(job_id)):
        with pytest.raises(WrongState, match="billed by the hour only"):
            finish(task)
    assert set(cloud.calls) <= {"CreateDtsInstance", *READS}


def test_one_renewal_a_task(cloud: Any, finish: Finish) -> None:
    job_id, store = buy(cloud, "SUBSCRIBE", None, prepaid=True), Store()
    before = cloud.hook.job(job_id).expires
    end = finish(renewing(job_id, used_time=2), {"task_state_store": store})
    assert datetime.fromisoformat(end).replace(microsecond=0) == cloud.hook.job(job_id).expires
    assert (datetime.fromisoformat(end) - before).days == 60
    again = {"task_state_store": store, "ti": Retry()}
    assert finish(renewing(job_id, force=True), again) == end
    assert cloud.calls.count("RenewInstance") == 1
    other = buy(cloud, prepaid=True)  # the record is about another job
    assert finish(renewing(other), again) != end
    assert cloud.calls.count("RenewInstance") == 2


def test_a_lost_reply_is_no_reason_to_renew_again(cloud: Any, thief: Any, finish: Finish) -> None:
    thief.keeps = {"RenewInstance"}
    job_id, store = buy(cloud, prepaid=True), Store()
    with pytest.raises(AirflowFailException, match="unknown") as unknown:
        finish(renewing(job_id), {"task_state_store": store})
    assert store[RENEWAL]["before"] in str(unknown.value)
    end = finish(renewing(job_id), {"task_state_store": store, "ti": Retry()})
    assert datetime.fromisoformat(end) == cloud.hook.job(job_id).expires
    assert store[RENEWAL]["after"] == end
    assert cloud.calls.count("RenewInstance") == 1
    with pytest.raises(AirflowFailException, match="unknown"):  # an Airflow that keeps no state
        finish(renewing(job_id))


def test_an_intent_that_came_to_nothing_needs_a_person(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud, prepaid=True)
    end = cloud.hook.job(job_id).expires.isoformat()
    intent = {"dts_job_id": job_id, "intent": "2026-11-24T21:00:00+00:00", "before": end}
    store = Store({RENEWAL: intent})
    with pytest.raises(AirflowFailException) as unknown:
        finish(renewing(job_id), {"task_state_store": store})
    assert all(word in str(unknown.value) for word in (job_id, "2026-11-24T21:00:00", end, "force=True"))
    assert "RenewInstance" not in cloud.calls
    assert finish(renewing(job_id, force=True), {"task_state_store": store}) > end
    assert cloud.calls.count("RenewInstance") == 1


def test_without_a_task_state_a_retry_does_not_renew(cloud: Any, finish: Finish) -> None:
    job_id = buy(cloud, prepaid=True)
    with pytest.raises(AirflowFailException, match="force=True"):
        finish(renewing(job_id), {"ti": Retry()})
    assert "RenewInstance" not in cloud.calls
    finish(renewing(job_id, force=True), {"ti": Retry()})
    assert cloud.calls.count("RenewInstance") == 1


def test_a_refused_renewal_may_be_tried_again(cloud: Any, finish: Finish) -> None:
    class Brave(DtsRenewInstanceOperator):
        """As if the job had read as prepaid."""

        def refusal(self, job: JobSnapshot) -> str:
            return ""

    job_id, store = buy(cloud), Store()
    with pytest.raises(Exception, match="prepaid"):
        finish(Brave(task_id="t", dts_job_id=job_id), {"task_state_store": store})
    assert not store
    assert cloud.calls.count("RenewInstance") == 1
    with pytest.raises(WrongState, match="only a prepaid instance"):
        finish(renewing(job_id), {"task_state_store": store})
    assert cloud.calls.count("RenewInstance") == 1
    assert not store


def test_from_one_way_to_two(cloud: Any, finish: Finish) -> None:
    cloud.seed(20)
    job_id = buy(cloud)
    with pytest.raises(WrongState, match="must be Synchronizing, not NotConfigured"):
        finish(doubling(job_id))
    configure = DtsConfigureJobOperator(
        task_id="c",
        dts_job_id=job_id,
        dts_job_name="shop",
        job_type="SYNC",
        source_conn_id="shop_source",
        destination_conn_id="shop_target",
        db_list={"shop": ["orders"]},
        **QUICK,
    )
    finish(configure)
    finish(DtsStartJobOperator(task_id="s", dts_job_id=job_id, wait="running", **QUICK))
    assert finish(doubling(job_id)) == job_id
    job = cloud.hook.job(job_id)
    assert (job.two_way, job.instance_class) == (True, "medium")
    assert cloud.hook.job(job_id, "Reverse").status == "NotConfigured"
    assert finish(doubling(job_id)) == job_id  # a retry, say
    assert cloud.calls.count("UpgradeTwoWay") == 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"JobType": "MIGRATION"}, "only a synchronization"),
        ({"JobType": ""}, "only a synchronization"),
        ({"DestinationEndpoint": {"EngineName": "PostgreSQL"}}, "not PostgreSQL"),
        ({"PayType": "PrePaid"}, "prepaid synchronization"),
        ({"PayType": ""}, "does not tell"),
        ({"Status": "Suspending"}, "must be Synchronizing"),
        ({"DtsInstanceID": ""}, "instance"),
        ({}, ""),
    ],
)
def test_what_can_be_made_two_way(facts: dict[str, Any], words: str) -> None:
    said = {
        "DtsJobId": "j",
        "DtsInstanceID": "dtsj",
        "JobType": "SYNC",
        "Status": "synchronizing",
        "PayType": "PostPaid",
        "SourceEndpoint": {"EngineName": "MySQL"},
        "DestinationEndpoint": {"EngineName": "MYSQL"},
        **facts,
    }
    reason = doubling("j").refusal(JobSnapshot.from_listing(DtsJobStatus.read(said), said["JobType"]))
    assert words in reason if words else not reason


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (renewing("j", used_time=61), ["used_time", "60 months"]),
        (renewing("j", period="Week"), ["period", "Month"]),
        (renewing(" "), ["dts_job_id"]),
        (renewing("None"), ["dts_job_id", "template"]),
        (resizing("j", "huge"), ["instance_class", "xxlarge"]),
        (resizing("j", "large", order_type="SIDEWAYS"), ["order_type", "DOWNGRADE"]),
        (paying("j", used_time=None), ["used_time"]),
        (paying("j", pay_type="Free"), ["pay_type", "PrePaid"]),
        (doubling("j", "xlarge"), ["instance_class", "large"]),
    ],
)
def test_bad_parameters_cost_no_call(
    cloud: Any, finish: Finish, task: DtsBillingOperator, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        finish(task)
    assert all(word in str(refusal.value) for word in words), str(refusal.value)
    assert not cloud.calls


@pytest.mark.parametrize(
    "task", [renewing, paying, doubling, lambda job_id: resizing(job_id, "large")], ids=["r", "p", "d", "c"]
)
def test_nothing_is_spent_on_a_job_that_is_not_there(cloud: Any, finish: Finish, task: Any) -> None:
    for nobody in ("nobodysjob", f"dts{cloud.buy()}"):  # an instance's ID is no job's
        with pytest.raises(JobNotFound):
            finish(task(nobody))
    ended = buy(cloud)
    finish(DtsReleaseJobOperator(task_id="t", dts_job_id=ended, **QUICK))
    with pytest.raises(WrongState, match="nothing is spent on a job in state Finished"):
        finish(task(ended))
    assert set(cloud.calls) <= {"CreateDtsInstance", "DeleteDtsJob", *READS}
