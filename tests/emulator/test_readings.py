"""Finding jobs, and what purchases and small changes leave in the readings."""

from __future__ import annotations

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
        ({"SyncArchitecture": "bidirectional", "Type": "SYNC"}, "NotEmulated"),
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
        bench.call("StartDtsJob", DtsJobId=job_id, SynchronizationDirection="Reverse").code == "NotEmulated"
    )


def test_the_detail_says_what_was_configured(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SYNC")
    detail = bench.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert detail["MigrationMode"] == {
        "StructureInitialization": True, "DataInitialization": True, "DataSynchronization": True,
    }  # fmt: skip
    assert detail["SourceEndpoint"]["InstanceID"] == "rm-source"
    assert detail["DestinationEndpoint"]["UserName"] == "writer"
    assert detail["Delay"] == -1
    assert detail["DbObject"] == '{"shop":{"name":"shop","all":true,"state":"normal"}}'
