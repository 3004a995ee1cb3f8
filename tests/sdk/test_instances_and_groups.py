"""The vendor's client on what surrounds a job: consumer groups, billing, classes, tags, ETL and addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sdk.strict import StrictClient, models
from tests.sdk.test_vendor_sdk import REGION, buy, config, configure, row, until

pytestmark = pytest.mark.sdk


@pytest.fixture
def client(shop: Any) -> Any:
    return StrictClient(config(shop))


def subscribed(client: Any, **changed: Any) -> Any:
    bought = buy(client, "SUBSCRIBE")
    client.configure_subscription(
        models.ConfigureSubscriptionRequest(
            dts_job_id=bought.job_id,
            dts_job_name="changes",
            region_id=REGION,
            db_list=json.dumps({"shop": {"name": "shop", "all": True}}),
            subscription_instance_network_type="classic",
            source_endpoint_instance_type="DRDS",
            source_endpoint_instance_id="rm-source",
            source_endpoint_region=REGION,
            source_endpoint_user_name="reader",
            source_endpoint_password="secret",
            checkpoint="1700000000",
            **changed,
        )
    )
    return bought


def test_consumer_groups(client: Any) -> None:
    bought = subscribed(client)
    where = {"dts_job_id": bought.job_id, "region_id": REGION}
    made = client.create_consumer_channel(
        models.CreateConsumerChannelRequest(
            **where,
            consumer_group_name="订阅组A",
            consumer_group_user_name="dtstest",
            consumer_group_password="Test123456",
        )
    ).body
    assert made.success
    group = {**where, "consumer_group_id": made.consumer_group_id}
    renamed = models.ModifyConsumerChannelRequest(**group, consumer_group_name="B")
    assert client.modify_consumer_channel(renamed).body.success
    page = client.describe_consumer_channel(models.DescribeConsumerChannelRequest(**where)).body
    (found,) = page.consumer_channels
    assert (found.consumer_group_id, found.consumer_group_name) == (made.consumer_group_id, "B")
    assert (found.message_delay, found.unconsumed_data, page.total_record_count) == (-1, -1, 1)

    detail = client.describe_dts_job_detail(models.DescribeDtsJobDetailRequest(**where)).body
    meta = client.describe_subscription_meta(
        models.DescribeSubscriptionMetaRequest(
            sid=made.consumer_group_id,
            dts_instance_id=bought.instance_id,
            region_id=REGION,
            topics=[detail.subscribe_topic],
        )
    ).body
    (part,) = meta.subscription_meta_list
    assert (part.sid, part.topic, part.checkpoint) == (
        made.consumer_group_id,
        detail.subscribe_topic,
        1700000000,
    )
    assert client.delete_consumer_channel(models.DeleteConsumerChannelRequest(**group)).body.success


def test_billing_and_class(client: Any) -> None:
    bought = buy(client, "SYNC")
    configure(client, bought.job_id, "SYNC")
    where = {"dts_job_id": bought.job_id, "region_id": REGION}
    larger = client.transfer_instance_class(
        models.TransferInstanceClassRequest(**where, instance_class="large", order_type="UPGRADE")
    ).body
    assert (larger.success, larger.charge_type, larger.end_time) == (True, "POSTPAY", None)
    assert row(client, "SYNC", bought.instance_id).dts_job_class == "large"
    until(lambda: row(client, "SYNC", bought.instance_id).status == "NotStarted")
    prepaid = client.transfer_pay_type(
        models.TransferPayTypeRequest(**where, charge_type="PrePaid", period="Month", buy_count="2")
    ).body
    assert (prepaid.charge_type, prepaid.instance_id) == ("PrePaid", bought.instance_id)
    renewed = client.renew_instance(
        models.RenewInstanceRequest(**where, charge_type="PREPAY", period="Year", buy_count="1")
    ).body
    assert renewed.charge_type == "PREPAY"
    assert renewed.end_time.endswith("+00:00")
    assert row(client, "SYNC", bought.instance_id).expire_time[:16] == renewed.end_time[:16]
    refused = client.upgrade_two_way(
        models.UpgradeTwoWayRequest(instance_id=bought.instance_id, instance_class="large", region_id=REGION)
    ).body
    assert (refused.success, refused.err_code) == (False, "OperationDenied")


def test_a_job_becomes_two_way_and_its_tables_are_counted(client: Any, shop: Any) -> None:
    bought = buy(client, "SYNC")
    configure(client, bought.job_id, "SYNC")
    where = {"dts_job_id": bought.job_id, "region_id": REGION}
    client.start_dts_job(models.StartDtsJobRequest(**where))
    until(lambda: row(client, "SYNC", bought.instance_id).status == "Synchronizing")
    asked = models.SummaryJobDetailRequest(**where, job_code="02", synchronization_direction="Forward")
    (counted,) = client.summary_job_detail(asked).body.progress_summary_details
    assert (counted.key, counted.state, counted.total_count) == ("Table", 0, 1)
    upgrade = models.UpgradeTwoWayRequest(
        instance_id=bought.instance_id, instance_class="medium", region_id=REGION
    )
    assert client.upgrade_two_way(upgrade).body.success
    assert row(client, "SYNC", bought.instance_id).dts_job_class == "medium"


def test_an_etl_job(client: Any) -> None:
    bought = buy(client, "SYNC")
    etl = client.create_dts_instance(
        models.CreateDtsInstanceRequest(
            type="SYNC",
            pay_type="PostPaid",
            compute_unit=2,
            source_region=REGION,
            destination_region=REGION,
            source_endpoint_engine_name="MySQL",
            destination_endpoint_engine_name="MySQL",
            region_id=REGION,
        )
    ).body
    for job in (bought, etl):
        configure(client, job.job_id, "SYNC")
    versions = [
        client.describe_dts_etl_job_version_info(
            models.DescribeDtsEtlJobVersionInfoRequest(dts_instance_id=job.instance_id, region_id=REGION)
        ).body
        for job in (bought, etl)
    ]
    assert [page.total_record_count for page in versions] == [0, 1]
    details = [
        client.describe_dts_job_detail(
            models.DescribeDtsJobDetailRequest(dts_job_id=job.job_id, region_id=REGION)
        ).body
        for job in (bought, etl)
    ]
    assert [detail.migration_mode.data_extract_transform_load for detail in details] == [False, True]
    (version,) = versions[1].dts_etl_job_version_infos
    assert (version.dts_job_id, version.version, version.status) == (etl.job_id, 1, "INFO")
    log = client.describe_etl_job_logs(
        models.DescribeEtlJobLogsRequest(dts_job_id=etl.job_id, region_id=REGION)
    ).body
    assert [line.content for line in log.etl_running_logs] == ["NotConfigured", "NotStarted"]


def test_the_addresses_of_the_service(client: Any) -> None:
    asked = models.WhiteIpListRequest(region=REGION, destination_region=REGION, type="vpc", region_id=REGION)
    assert client.white_ip_list(asked).body.ip_list == "127.0.0.1/32"
