"""Finding jobs, and what purchases and small changes leave in the readings."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from ipaddress import ip_network
from typing import Any
from xml.etree import ElementTree

import pytest

REGION = "cn-hangzhou"


def listed(bench: Any, **wanted: str) -> list[str]:
    answer = bench.call("DescribeDtsJobs", **{"Region": REGION, **wanted})
    assert answer.code == "OK", answer.text
    return [row["DtsJobId"] for row in answer.body["DtsJobList"]]


def test_a_purchase_is_one_job_one_instance_and_one_line(bench: Any, kit: Any) -> None:
    answers = [bench.call("CreateDtsInstance", **kit.purchase()) for _ in range(3)]
    ids = [answer.body["JobId"] for answer in answers]
    assert len(set(ids)) == 3
    for answer in answers:
        assert answer.body["InstanceId"] == f"dts{answer.body['JobId']}"
        assert "HttpStatusCode" not in answer.body
    assert [event.job for event in bench.store.events("purchase")] == ids
    assert listed(bench) == ids


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"InstanceClass": "gigantic"}, "InvalidParameter"),
        ({"Type": "TELEPORT"}, "InvalidParameter"),
        ({"Quantity": "2"}, "InvalidParameter"),
        ({"PayType": "PrePaid"}, "InvalidParameter"),
        ({"PayType": "PrePaid", "Period": "Month", "UsedTime": "1"}, "InvalidParameter"),
        ({"SyncArchitecture": "bidirectional"}, "InvalidParameter"),
        ({"JobId": "nosuchjob"}, "InvalidJobId"),
    ],
)
def test_what_cannot_be_bought_is_not_bought(
    bench: Any, kit: Any, changed: dict[str, str], code: str
) -> None:
    assert bench.call("CreateDtsInstance", **kit.purchase(**changed)).code == code
    assert bench.store.events("purchase") == []
    assert bench.store.every_job() == []


def test_a_job_is_not_bought_a_second_instance(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench)
    assert bench.call("CreateDtsInstance", **kit.purchase(JobId=job_id)).code == "OperationDenied"


def test_a_type_is_needed(bench: Any, kit: Any) -> None:
    wanted = kit.purchase()
    del wanted["Type"]
    answer = bench.call("CreateDtsInstance", **wanted)
    assert (answer.code, "Type" in answer.body["Message"]) == ("MissingParameter", True)


def test_jobs_are_found_by_kind_region_name_instance_and_status(bench: Any, kit: Any) -> None:
    one = kit.configured(bench, DtsJobName="Shop one")
    two = kit.configured(bench, DtsJobName="shop TWO", SourceEndpointInstanceID="rm-other")
    sync = kit.configured(bench, "SYNC")
    bare = bench.call("CreateDtsInstance", **kit.purchase(RegionId="cn-beijing")).body["JobId"]
    assert listed(bench) == listed(bench, JobType="MIGRATION") == [one, two]
    assert listed(bench, JobType="SYNC") == [sync]
    assert listed(bench, Region="cn-beijing") == [bare]
    assert listed(bench, Type="name", Params="SHOP") == [one, two]
    assert listed(bench, Type="name", Params="two") == [two]
    assert listed(bench, Type="instance", Params=f"dts{two}") == [two]
    assert listed(bench, Type="srcRds", Params="rm-other") == [two]
    assert listed(bench, Type="rds", Params="rm-target") == [one, two]
    assert listed(bench, Status="NotStarted") == [one, two]
    assert listed(bench, Status="Migrating") == []
    assert listed(bench, GroupId=one) == [one]
    assert listed(bench, Tags='[{"key":"a","value":"b"}]') == []
    assert bench.call("DescribeDtsJobDetail", DtsJobId=bare).code == "InvalidJobId"
    assert bench.call("DescribeDtsJobDetail", DtsJobId=bare, RegionId="cn-beijing").code == "OK"


def test_the_listing_is_paged_and_ordered(bench: Any, kit: Any) -> None:
    ids = []
    for _ in range(25):
        ids.append(bench.call("CreateDtsInstance", **kit.purchase()).body["JobId"])
        bench.clock.advance(1)
    assert listed(bench, PageSize="10") == ids[:10]
    assert listed(bench, PageSize="10", PageNumber="3") == ids[20:]
    assert listed(bench, PageSize="10", PageNumber="4") == []
    assert listed(bench, OrderColumn="CreateTime", OrderDirection="DESC", PageSize="10") == ids[::-1][:10]
    bench.arrange(ids[7], finished=bench.clock.now())
    assert listed(bench, OrderColumn="FinishTime")[0] == ids[7]
    assert bench.call("DescribeDtsJobs", Region=REGION, PageSize="15").code == "InvalidParameter"
    page = bench.call("DescribeDtsJobs", Region=REGION, PageSize="20", PageNumber="2").body
    assert (page["TotalRecordCount"], page["PageRecordCount"], page["PageNumber"]) == (25, 5, 2)


def test_instance_and_job_have_to_belong_together(bench: Any, kit: Any) -> None:
    one, two = kit.configured(bench), kit.configured(bench)
    ask = "DescribeDtsJobDetail"
    assert bench.call(ask, DtsJobId=one, DtsInstanceID=f"dts{one}").code == "OK"
    answer = bench.call(ask, DtsJobId=one, DtsInstanceID=f"dts{two}")
    assert (answer.status, answer.code) == (403, "Forbidden.InstanceNotFound")
    answer = bench.call(ask, DtsJobId="other")
    assert (answer.status, answer.code, answer.body["DynamicMessage"]) == (200, "InvalidJobId", "DtsJobId")
    configured = {**kit.configuration(one), "DtsInstanceId": f"dts{one}"}
    del configured["DtsJobId"]
    assert bench.call("ConfigureDtsJob", **configured).body["DtsJobId"] == one


def test_many_jobs_are_treated_together_or_not_at_all(bench: Any, kit: Any) -> None:
    one, two = kit.configured(bench), kit.configured(bench)
    for bad in (
        f"{one},{two},nosuchjob",
        f"{one},{bench.call('CreateDtsInstance', **kit.purchase()).body['JobId']}",
    ):
        assert bench.call("StartDtsJobs", DtsJobIds=bad).code in ("InvalidJobId", "OperationDenied")
        assert {bench.job(one).status, bench.job(two).status} == {"NotStarted"}
    assert bench.call("StartDtsJobs", DtsJobIds=f"{one},{two},{one}").code == "OK"
    assert {bench.job(one).status, bench.job(two).status} == {"Prechecking"}
    assert bench.call("StopDtsJobs", DtsJobIds=f"{one},{two}").code == "OK"
    for job_id in (one, two):
        kit.reaches(bench, job_id, "Finished")


def test_a_job_is_renamed_in_any_state(bench: Any, kit: Any) -> None:
    job_id = bench.call("CreateDtsInstance", **kit.purchase()).body["JobId"]
    assert bench.call("ModifyDtsJobName", DtsJobId=job_id, DtsJobName="数据 & <more>").code == "OK"
    assert kit.row(bench, job_id)["DtsJobName"] == "数据 & <more>"
    every = kit.signed("DescribeDtsJobDetail", {"DtsJobId": job_id}, form="XML")
    root = ElementTree.fromstring(bench.send(every).text)
    assert (root.tag, root.findtext("DtsJobName")) == ("DescribeDtsJobDetailResponse", "数据 & <more>")


def test_a_password_is_only_taken_for_the_account_that_was_configured(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench)
    change = {"DtsJobId": job_id, "Endpoint": "dest", "Password": "new"}
    answer = bench.call("ModifyDtsJobPassword", UserName="root", **change)
    assert (answer.code, answer.body["DynamicMessage"]) == ("InvalidParameter", "UserName")
    assert bench.call("ModifyDtsJobPassword", UserName="writer", **change).code == "OK"


def test_an_instance_runs_the_kind_it_was_bought_for(bench: Any, kit: Any) -> None:
    job_id = bench.call("CreateDtsInstance", **kit.purchase("SYNC")).body["JobId"]
    assert bench.call("ConfigureDtsJob", **kit.configuration(job_id, "MIGRATION")).code == "InvalidParameter"
    assert bench.call("ConfigureSubscription", **kit.subscription(job_id)).code == "InvalidParameter"
    idle = dict.fromkeys(("StructureInitialization", "DataInitialization", "DataSynchronization"), "false")
    assert (
        bench.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC", **idle)).code == "InvalidParameter"
    )
    assert (
        bench.call("StartDtsJob", DtsJobId=job_id, SynchronizationDirection="Reverse").code
        == "InvalidParameter"
    )


def test_the_detail_says_what_was_configured(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SYNC")
    detail = bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert detail["MigrationMode"] == {
        "StructureInitialization": True, "DataInitialization": True, "DataSynchronization": True,
        "DataExtractTransformLoad": False,
    }  # fmt: skip
    assert detail["SourceEndpoint"]["InstanceID"] == "rm-source"
    assert detail["DestinationEndpoint"]["UserName"] == "writer"
    assert detail["Delay"] == -1
    assert detail["DbObject"] == '{"shop":{"name":"shop","all":true,"state":"normal"}}'


def test_the_shape_of_an_answer_does_not_depend_on_what_there_is(bench: Any) -> None:
    page = bench.call("DescribeDtsJobs", Region=REGION, JobType="SUBSCRIBE").body
    assert (page["DtsJobList"], page["TotalRecordCount"], page["JobType"]) == ([], 0, "SUBSCRIBE")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"Type": "name"}, "InvalidParameter"),
        ({"Params": "shop"}, "InvalidParameter"),
        ({"Type": "colour", "Params": "red"}, "InvalidParameter"),
        ({"Status": "Suspended"}, "InvalidParameter"),
        ({"JobType": "CHECK"}, "InvalidParameter"),
        ({"OrderColumn": "Name"}, "InvalidParameter"),
        ({"OrderDirection": "UP"}, "InvalidParameter"),
        ({"PageNumber": "0"}, "InvalidParameter"),
        ({"Tags": "team"}, "InvalidParameter"),
        ({"Status": "suspending", "Type": "SRCRDS", "Params": "rm", "OrderDirection": "desc"}, "OK"),
    ],
)
def test_filters_that_mean_nothing_are_refused(bench: Any, wanted: dict[str, str], code: str) -> None:
    assert bench.call("DescribeDtsJobs", Region=REGION, **wanted).code == code


def test_a_job_is_found_by_its_id_among_those_of_its_kind(bench: Any, kit: Any) -> None:
    sync, other = kit.configured(bench, "SYNC"), kit.configured(bench, "SYNC")
    assert listed(bench, JobType="SYNC", GroupId=sync) == [sync]
    assert listed(bench, GroupId=sync) == []
    bench.arrange(other, finished=bench.clock.now())
    latest = {"JobType": "SYNC", "OrderColumn": "FinishTime"}
    assert listed(bench, **latest) == [other, sync]  # what has not finished comes last
    assert listed(bench, **latest, OrderDirection="DESC") == [sync, other]


def test_comparing_without_moving_is_no_job_here(bench: Any, kit: Any) -> None:
    job_id = bench.call("CreateDtsInstance", **kit.purchase("SYNC")).body["JobId"]
    answer = bench.call("ConfigureDtsJob", **kit.configuration(job_id, "CHECK"))
    assert answer.code == "InvalidParameter"
    assert "JobType" in answer.body["ErrMessage"]
    assert bench.job(job_id).status == "NotConfigured"


def test_auto_start_alone_starts_nothing(bench: Any, kit: Any) -> None:
    bought = bench.call("CreateDtsInstance", **kit.purchase("SYNC", AutoStart="true"))
    for _ in range(3):
        bench.supervisor.tick()
    assert bench.job(bought.body["JobId"]).status == "NotConfigured"


@pytest.mark.parametrize("way", ["internet", "vpc"])
def test_the_addresses_the_service_calls_from(bench: Any, way: str) -> None:
    answer = bench.call("WhiteIpList", Region=REGION, Type=way, DestinationRegion="cn-beijing")
    assert answer.code == "OK"
    assert all(ip_network(block).is_loopback for block in answer.body["IpList"].split(","))
    assert bench.call("WhiteIpList", Region=REGION, Type="pigeon").code == "InvalidParameter"


class TestSummary:
    """Objects of a job, counted."""

    def summary(self, bench: Any, code: str, **job: str) -> Any:
        answer = bench.call("SummaryJobDetail", JobCode=code, SynchronizationDirection="Forward", **job)
        assert answer.code == "OK", answer.text
        return [
            (row["Key"], row["State"], row["TotalCount"])
            for row in answer.body.get("ProgressSummaryDetails", [])
        ]

    def test_a_job_that_has_not_begun_has_made_nothing(self, bench: Any, kit: Any) -> None:
        job_id = kit.configured(bench, "SYNC")
        assert self.summary(bench, "02", DtsJobId=job_id) == []
        assert self.summary(bench, "03", DtsInstanceId=f"dts{job_id}") == []

    def test_tables_and_indexes_are_counted(self, moving: Any, kit: Any, databases: Any) -> None:
        databases.fill("items", 3)
        with closing(sqlite3.connect(databases.source / "shop.db")) as db, db:
            db.execute("CREATE UNIQUE INDEX by_v ON items (v)")
        job_id = kit.configured(moving, "SYNC")
        moving.call("StartDtsJob", DtsJobId=job_id)
        kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("items"))
        kit.reaches(moving, job_id, "Synchronizing")
        kit.until(lambda: self.summary(moving, "03", DtsJobId=job_id) == [("Table", 1, 2)])
        assert self.summary(moving, "02", DtsJobId=job_id) == [("Index", 0, 1), ("Table", 0, 2)]

    def test_a_job_without_increments_follows_no_table(self, moving: Any, kit: Any) -> None:
        job_id = kit.configured(moving, "MIGRATION", DataSynchronization="false")
        moving.call("StartDtsJob", DtsJobId=job_id)
        kit.reaches(moving, job_id, "Finished")
        assert self.summary(moving, "02", DtsJobId=job_id) == [("Table", 0, 1)]
        assert self.summary(moving, "03", DtsJobId=job_id) == []

    def test_what_cannot_be_counted(self, bench: Any, kit: Any) -> None:
        ask = {"JobCode": "02", "SynchronizationDirection": "Forward"}
        assert bench.call("SummaryJobDetail", **ask, DtsJobId="nosuchjob").code == "InvalidJobId"
        assert bench.call("SummaryJobDetail", **ask).code == "InvalidParameter"
        job_id = kit.configured(bench, "SYNC")
        for changed in ({"JobCode": "01"}, {"SynchronizationDirection": "Reverse"}):
            answer = bench.call("SummaryJobDetail", **{**ask, **changed}, DtsJobId=job_id)
            assert answer.code == "InvalidParameter", answer.text
        subscription = kit.configured(bench, "SUBSCRIBE")
        answer = bench.call("SummaryJobDetail", **ask, DtsJobId=subscription)
        assert (answer.code, "DtsJobId" in answer.text) == ("InvalidParameter", True)
