"""ETL jobs: operators, versions and log; and that other jobs have neither."""

from __future__ import annotations

import json
from typing import Any

OPERATORS = {"etlOperatorColumnReference": {"MODIFY_TIME": [{"shop.orders": "changed_at"}]}}


def versions(bench: Any, job_id: str, **page: str) -> Any:
    answer = bench.call("DescribeDtsEtlJobVersionInfo", DtsInstanceId=f"dts{job_id}", **page)
    assert answer.code == "OK", answer.text
    return answer.body


def log(bench: Any, job_id: str) -> list[tuple[str, str]]:
    answer = bench.call("DescribeEtlJobLogs", DtsJobId=job_id)
    assert answer.code == "OK", answer.text
    return [(line["Status"], line["Content"]) for line in answer.body.get("EtlRunningLogs", [])]


def bought_as_etl(bench: Any, kit: Any) -> str:
    return str(bench.call("CreateDtsInstance", **kit.purchase("SYNC", ComputeUnit="2")).body["JobId"])


def test_each_configuration_of_an_etl_job_is_a_version(bench: Any, kit: Any) -> None:
    job_id = bought_as_etl(bench, kit)
    assert versions(bench, job_id)["TotalRecordCount"] == 0
    created = bench.clock.now()
    times = []
    for name in ("first", "second", "third"):
        bench.clock.advance(60)
        times.append(bench.clock.now())
        wanted = kit.configuration(job_id, "SYNC", DtsJobName=name)
        assert bench.call("ConfigureDtsJob", **wanted).code == "OK"
    page = versions(bench, job_id)
    assert (page["PageNumber"], page["PageRecordCount"], page["TotalRecordCount"]) == (1, 3, 3)
    rows = page["DtsEtlJobVersionInfos"]
    assert [row["Version"] for row in rows] == [1, 2, 3]
    assert [row["ModifyTime"] for row in rows] == [str(int(at * 1000)) for at in times]
    assert {
        (row["DtsJobId"], row["DtsInstanceId"], row["DtsJobName"], row["CreateTime"]) for row in rows
    } == {(job_id, f"dts{job_id}", "third", str(int(created * 1000)))}
    assert [
        row["Version"]
        for row in versions(bench, job_id, PageSize="2", PageNumber="2")["DtsEtlJobVersionInfos"]
    ] == [3]
    assert versions(bench, job_id, PageNumber="0")["PageRecordCount"] == 3  # as the seed's sample asks


def test_the_log_tells_what_became_of_the_job(bench: Any, kit: Any) -> None:
    job_id = bought_as_etl(bench, kit)
    bench.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC"))
    bench.call("StartDtsJob", DtsJobId=job_id)
    kit.reaches(bench, job_id, "PrecheckFailed")
    told = log(bench, job_id)
    assert told[:3] == [("INFO", "NotConfigured"), ("INFO", "NotStarted"), ("INFO", "Prechecking")]
    level, text = told[3]
    assert level == "ERROR"
    assert text.startswith("PrecheckFailed: CHECK_CONN_SRC")
    assert versions(bench, job_id)["DtsEtlJobVersionInfos"][-1]["Status"] == "ERROR"


def test_operators_make_a_running_job_an_etl_job(moving: Any, kit: Any) -> None:
    job_id = kit.running(moving)
    assert versions(moving, job_id)["TotalRecordCount"] == 0
    assert log(moving, job_id) == []
    assert "EtlCalculator" not in moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    revision = moving.job(job_id).revision
    wanted = {"DtsInstanceId": f"dts{job_id}", "EtlOperatorColumnReference": json.dumps(OPERATORS)}
    assert moving.call("ModifyDtsJob", **wanted, ClientToken="t1").code == "OK"
    assert moving.call("ModifyDtsJob", **wanted, ClientToken="t1").code == "OK"
    job = moving.job(job_id)
    assert (job.operators, job.status, job.revision) == (OPERATORS, "Synchronizing", revision)
    detail = moving.call("DescribeDtsJobDetail", DtsJobId=job_id).body
    assert json.loads(detail["EtlCalculator"]) == OPERATORS
    newest = versions(moving, job_id)["DtsEtlJobVersionInfos"][-1]
    assert (newest["Version"], newest["Status"]) == (2, "INFO")
    assert log(moving, job_id)[-1] == ("INFO", "Synchronizing")
    # The same token for other operators is a mistake of the caller's.
    other = {**wanted, "EtlOperatorColumnReference": "{}"}
    assert moving.call("ModifyDtsJob", **other, ClientToken="t1").code == "InvalidParameter"
    assert moving.call("ModifyDtsJob", DtsInstanceId=f"dts{job_id}").code == "MissingParameter"


def test_operators_are_for_running_jobs(bench: Any, kit: Any) -> None:
    job_id = kit.configured(bench, "SYNC")
    wanted = {"DtsInstanceId": f"dts{job_id}", "EtlOperatorColumnReference": json.dumps(OPERATORS)}
    answer = bench.call("ModifyDtsJob", **wanted)
    assert answer.code == "DTS.Msg.ModifyDenied.JobStatusNotRunning"
    assert bench.job(job_id).operators == {}


def test_a_job_has_to_be_there(bench: Any) -> None:
    assert bench.call("DescribeEtlJobLogs", DtsJobId="nosuchjob").code == "InvalidJobId"
    assert bench.call("DescribeDtsEtlJobVersionInfo", DtsJobId="nosuchjob").code == "InvalidJobId"
    answer = bench.call("DescribeDtsEtlJobVersionInfo", DtsInstanceId="dtsnosuch")
    assert answer.code == "Forbidden.InstanceNotFound"
    assert bench.call("DescribeDtsEtlJobVersionInfo").code == "MissingParameter"
