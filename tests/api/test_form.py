from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from airflow_dts.api.form import from_parameters, to_parameters
from airflow_dts.api.instances import CreateDtsInstance, TransferPayType
from airflow_dts.api.jobs import ConfigureDtsJob, DeleteDtsJobs, ModifyDtsJob, StopDtsJob, StopDtsJobs
from airflow_dts.api.objects import DbList, Reserve
from airflow_dts.api.prechecks import SkipPreCheck
from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
from airflow_dts.api.subscriptions import DescribeSubscriptionMeta


def configure(**changes: object) -> ConfigureDtsJob:
    given: dict[str, object] = {
        "dts_job_id": "j1",
        "dts_job_name": "cutover",
        "job_type": "migration",
        "structure_initialization": True,
        "data_initialization": True,
        "data_synchronization": False,
        "db_list": {"shop": ["orders", "customers"]},
        "source_endpoint_instance_type": "RDS",
        "source_endpoint_instance_id": "rm-source",
        "source_endpoint_region": "cn-hangzhou",
        "destination_endpoint_instance_type": "RDS",
        "destination_endpoint_instance_id": "rm-target",
        "destination_endpoint_region": "cn-hangzhou",
    }
    return ConfigureDtsJob(**(given | changes))


def test_absent_parameters_stay_away_and_the_rest_is_text() -> None:
    action = configure(source_endpoint_password="s3cret", destination_endpoint_port=3306)
    assert to_parameters(action) == {
        "DtsJobId": "j1",
        "DtsJobName": "cutover",
        "JobType": "MIGRATION",
        "StructureInitialization": "true",
        "DataInitialization": "true",
        "DataSynchronization": "false",
        "DbList": '{"shop":{"name":"shop","all":false,"Table":{"orders":{"name":"orders","all":true},'
        '"customers":{"name":"customers","all":true}}}}',
        "SourceEndpointInstanceType": "RDS",
        "SourceEndpointInstanceID": "rm-source",
        "SourceEndpointRegion": "cn-hangzhou",
        "SourceEndpointPassword": "s3cret",
        "DestinationEndpointInstanceType": "RDS",
        "DestinationEndpointInstanceID": "rm-target",
        "DestinationEndpointRegion": "cn-hangzhou",
        "DestinationEndpointPort": "3306",
    }


@pytest.mark.parametrize("objects", ["shop", '{"shop":{"name":"shop","all":true}}', DbList.of(["shop"])])
def test_objects_in_any_shape(objects: object) -> None:
    assert to_parameters(configure(db_list=objects))["DbList"] == '{"shop":{"name":"shop","all":true}}'


@pytest.mark.parametrize(
    "reserve", [{"targetTableMode": 2}, {"target_table_mode": "2"}, Reserve(target_table_mode="2")]
)
def test_reserve_in_any_shape(reserve: object) -> None:
    assert to_parameters(configure(reserve=reserve))["Reserve"] == '{"targetTableMode":"2"}'


@pytest.mark.parametrize("ids", [["a", "b"], "a, b", '["a","b"]', ("a", "b")])
def test_lists_of_ids(ids: object) -> None:
    assert to_parameters(StopDtsJobs(dts_job_ids=ids)) == {"DtsJobIds": "a,b"}


@pytest.mark.parametrize("ids", [[], "", ",", ["a,b"], [" a"], '["a"', [""], 5])
def test_lists_that_are_none(ids: object) -> None:
    with pytest.raises(ValidationError, match="dts_job_ids"):
        StopDtsJobs(dts_job_ids=ids)


def test_at_most_ten_jobs_are_released_at_once() -> None:
    DeleteDtsJobs(dts_job_ids=[f"j{n}" for n in range(10)])
    with pytest.raises(ValidationError, match="dts_job_ids"):
        DeleteDtsJobs(dts_job_ids=[f"j{n}" for n in range(11)])


def test_the_vendors_json_lists_are_understood() -> None:
    skip = from_parameters(
        SkipPreCheck,
        {
            "JobId": "p1",
            "Skip": "true",
            "SkipPreCheckItems": '["CHECK_SRC","CHECK_SAME_OBJ"]',
            "SkipPreCheckNames": '["CHECK_SRC_DETAIL","CHECK_SAME_OBJ_DETAIL"]',
        },
    )
    assert skip.skip_pre_check_items == ["CHECK_SRC", "CHECK_SAME_OBJ"]
    meta = from_parameters(DescribeSubscriptionMeta, {"Sid": "s", "Topics": '["a","b"]'})
    assert to_parameters(meta) == {"Sid": "s", "Topics": "a,b"}


def test_precheck_names_follow_the_items() -> None:
    with pytest.raises(ValidationError, match="skip_pre_check_names as the items with _DETAIL"):
        SkipPreCheck(
            job_id="p1",
            skip=True,
            skip_pre_check_items="CHECK_SRC",
            skip_pre_check_names="CHECK_SAME_OBJ_DETAIL",
        )


def test_python_names_are_not_wire_names() -> None:
    with pytest.raises(ValidationError, match="dts_job_id"):
        from_parameters(StopDtsJob, {"dts_job_id": "j"})


def test_a_checkpoint_may_be_an_instant() -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert to_parameters(configure(checkpoint=at))["Checkpoint"] == "1714564800"
    assert configure(checkpoint="1714564800").checkpoint == 1714564800
    with pytest.raises(ValidationError, match="time zone"):
        configure(checkpoint=at.replace(tzinfo=None))
    with pytest.raises(ValidationError, match="checkpoint"):
        configure(checkpoint=datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=1))


def test_names_that_differ_from_their_siblings() -> None:
    assert to_parameters(DescribeDtsJobDetail(dts_job_id="j", dts_instance_id="i"))["DtsInstanceID"] == "i"
    assert to_parameters(StopDtsJob(dts_job_id="j", dts_instance_id="i"))["DtsInstanceId"] == "i"
    named = configure(source_endpoint_database_name="a", destination_endpoint_database_name="b")
    assert to_parameters(named).keys() >= {"SourceEndpointDatabaseName", "DestinationEndpointDataBaseName"}


def test_tags() -> None:
    action = DescribeDtsJobs(region="cn-hangzhou", tags={"team": "shop"})
    assert to_parameters(action)["Tags"] == '[{"key":"team","value":"shop"}]'
    assert from_parameters(DescribeDtsJobs, to_parameters(action)) == action


def test_every_broken_rule_is_told_with_its_remedy() -> None:
    with pytest.raises(ValidationError) as refused:
        configure(
            dts_job_id=None,
            source_endpoint_instance_type="OTHER",
            destination_endpoint_engine_name="kafka",
            source_endpoint_engine_name="oracle",
        )
    text = str(refused.value)
    for part in (
        "give dts_job_id or dts_instance_id",
        "give source_endpoint_ip when source_endpoint_instance_type is OTHER, EXPRESS, DG or CEN",
        "give source_endpoint_port",
        "give source_endpoint_oracle_sid",
        "a KAFKA target needs dest_topic, dest_version, dest_ssl, kafka_record_format",
    ):
        assert part in text


def test_a_rac_oracle_has_no_sid() -> None:
    configure(source_endpoint_engine_name="ORACLE", reserve={"srcOracleType": "serviceName"})
    with pytest.raises(ValidationError, match="source_endpoint_oracle_sid"):
        configure(source_endpoint_engine_name="ORACLE", reserve={"srcOracleType": "sid"})


def test_analyticdb_wants_every_table_with_keys() -> None:
    with pytest.raises(ValidationError, match=r"shop\.Table\.orders: an AnalyticDB target needs primary_key"):
        configure(destination_endpoint_engine_name="adb30", db_list={"shop": ["orders"]})


def test_too_many_objects() -> None:
    with pytest.raises(ValidationError, match="1048576: use whole databases or patterns"):
        configure(db_list={"shop": [f"table_{n:040}" for n in range(12_000)]})


@pytest.mark.parametrize(
    ("period", "count", "fine"), [("Year", 5, True), ("Year", 6, False), ("Month", 60, True)]
)
def test_how_long_one_can_buy(period: str, count: int, fine: bool) -> None:
    def change() -> None:
        TransferPayType(dts_job_id="j", charge_type="PrePaid", period=period, buy_count=count)

    if fine:
        change()
    else:
        with pytest.raises(ValidationError, match="buy_count must be 1 to 5 years or 1 to 60 months"):
            change()


def test_used_time_of_years() -> None:
    with pytest.raises(ValidationError, match="1, 2, 3 or 5 when period is Year"):
        CreateDtsInstance(pay_type="prepaid", period="year", used_time=4)


def test_a_client_token_is_one_word() -> None:
    with pytest.raises(ValidationError, match="client_token"):
        ModifyDtsJob(dts_instance_id="i", client_token="two words")
