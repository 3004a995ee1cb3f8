"""The vendor's clients drive the emulator: oracles for names, signatures and replies that are not ours."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.strict import StrictClient, models, sdk

pytestmark = pytest.mark.sdk

REGION = "cn-hangzhou"


def config(shop: Any, **changed: Any) -> Any:
    from alibabacloud_tea_openapi.utils_models import Config

    wanted = {
        "access_key_id": shop.emulator.access_key_id,
        "access_key_secret": shop.emulator.secret,
        "endpoint": shop.endpoint,
        "protocol": "http",
        "region_id": REGION,
        "signature_algorithm": "v2",
    }
    return Config(**{**wanted, **changed})


@pytest.fixture
def client(shop: Any) -> Any:
    return StrictClient(config(shop))


def until(true: Callable[[], bool], limit: float = 40.0) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def buy(client: Any, kind: str) -> Any:
    return client.create_dts_instance(
        models.CreateDtsInstanceRequest(
            type=kind,
            pay_type="PostPaid",
            instance_class="small",
            source_region=REGION,
            destination_region=REGION,
            source_endpoint_engine_name="MySQL",
            destination_endpoint_engine_name="MySQL",
            region_id=REGION,
            quantity=1,
            auto_start=True,
        )
    ).body


def configure(client: Any, job_id: str, kind: str, **changed: Any) -> Any:
    wanted = {
        "dts_job_id": job_id,
        "dts_job_name": "the shop, 搬家",
        "job_type": kind,
        "region_id": REGION,
        "db_list": json.dumps({"shop": {"name": "shop", "all": True}}),
        "reserve": json.dumps({"autoStartModulesAfterConfig": "none"}),
        "structure_initialization": True,
        "data_initialization": True,
        "data_synchronization": True,
        "source_endpoint_instance_type": "RDS",
        "source_endpoint_instance_id": "rm-source",
        "source_endpoint_region": REGION,
        "source_endpoint_engine_name": "MYSQL",
        "source_endpoint_user_name": "reader",
        "source_endpoint_password": "p ä$s+&=%~*'",
        "destination_endpoint_instance_type": "RDS",
        "destination_endpoint_instance_id": "rm-target",
        "destination_endpoint_region": REGION,
        "destination_endpoint_engine_name": "MYSQL",
        "destination_endpoint_user_name": "writer",
        "destination_endpoint_password": "secret",
        **changed,
    }
    return client.configure_dts_job(models.ConfigureDtsJobRequest(**wanted)).body


def row(client: Any, kind: str, instance_id: str) -> Any:
    request = models.DescribeDtsJobsRequest(
        region=REGION,
        region_id=REGION,
        job_type=kind,
        type="instance",
        params=instance_id,
        page_size=10,
        page_number=1,
    )
    (found,) = client.describe_dts_jobs(request).body.dts_job_list
    return found


def phase(client: Any, job_id: str, code: str) -> Any:
    return client.describe_pre_check_status(
        models.DescribePreCheckStatusRequest(
            dts_job_id=job_id, job_code=code, struct_type="before", region_id=REGION
        )
    ).body


@pytest.mark.parametrize(("kind", "running"), [("SYNC", "Synchronizing"), ("MIGRATION", "Migrating")])
def test_a_whole_job(client: Any, shop: Any, kind: str, running: str) -> None:
    bought = buy(client, kind)
    job_id = bought.job_id
    configured = configure(client, job_id, kind)
    assert (configured.dts_job_id, configured.dts_instance_id) == (job_id, bought.instance_id)
    assert row(client, kind, bought.instance_id).status == "NotStarted"

    assert client.start_dts_job(models.StartDtsJobRequest(dts_job_id=job_id, region_id=REGION)).body.success
    until(lambda: phase(client, job_id, "01").state == "Finished")
    assert {item.state for item in phase(client, job_id, "01").job_progress} <= {"Success", "Warning"}
    until(lambda: row(client, kind, bought.instance_id).status == running)
    until(lambda: row(client, kind, bought.instance_id).delay == 0)
    seen = row(client, kind, bought.instance_id)
    assert (seen.data_initialization_status.status, seen.data_initialization_status.percent) == (
        "Finished",
        "100",
    )
    assert shop.equal

    shop.sell(100)
    until(lambda: shop.equal)
    for code in ("02", "03", "04"):
        assert phase(client, job_id, code).job_progress

    client.suspend_dts_job(models.SuspendDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    until(lambda: row(client, kind, bought.instance_id).status == "Suspending")
    shop.sell(10)
    assert not shop.equal
    client.start_dts_job(models.StartDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    until(lambda: shop.equal)

    client.stop_dts_job(models.StopDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    detail = models.DescribeDtsJobDetailRequest(dts_job_id=job_id, region_id=REGION)
    until(lambda: client.describe_dts_job_detail(detail).body.status == "Finished")
    client.delete_dts_job(models.DeleteDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    if kind == "MIGRATION":
        gone = client.describe_dts_job_detail(detail).body
        assert (gone.success, gone.err_code) == (False, "InvalidJobId")
    else:
        until(lambda: row(client, kind, bought.instance_id).status == "Finished")


def test_the_smaller_calls(client: Any, shop: Any) -> None:
    bought = buy(client, "SYNC")
    job_id = bought.job_id
    configure(client, job_id, "SYNC", destination_endpoint_instance_id="rm-nowhere")
    client.start_dts_jobs(models.StartDtsJobsRequest(dts_job_ids=job_id, region_id=REGION))
    until(lambda: phase(client, job_id, "01").state == "Failed")
    failed = phase(client, job_id, "01")
    assert [item.item for item in failed.job_progress] == ["CHECK_CONN_DEST"]
    assert failed.error_item == 1

    client.modify_dts_job_name(
        models.ModifyDtsJobNameRequest(dts_job_id=job_id, dts_job_name="another", region_id=REGION)
    )
    assert row(client, "SYNC", bought.instance_id).dts_job_name == "another"
    change = {"dts_job_id": job_id, "endpoint": "src", "user_name": "reader", "region_id": REGION}
    same = client.modify_dts_job_password(
        models.ModifyDtsJobPasswordRequest(**change, password="p ä$s+&=%~*'")
    )
    assert (same.body.success, same.body.dynamic_message) == (False, "Password")
    assert client.modify_dts_job_password(
        models.ModifyDtsJobPasswordRequest(**change, password="n")
    ).body.success
    skipped = client.skip_pre_check(
        models.SkipPreCheckRequest(
            dts_job_id=job_id,
            job_id=failed.job_id,
            skip=True,
            skip_pre_check_items='["CHECK_SRC"]',
            skip_pre_check_names='["CHECK_SRC_DETAIL"]',
            region_id=REGION,
        )
    ).body
    assert (skipped.success, skipped.dynamic_message) == (False, "SkipPreCheckItems")
    client.reset_dts_job(models.ResetDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    until(lambda: row(client, "SYNC", bought.instance_id).status == "NotConfigured")
    configure(client, job_id, "SYNC")
    client.start_dts_job(models.StartDtsJobRequest(dts_job_id=job_id, region_id=REGION))
    until(lambda: row(client, "SYNC", bought.instance_id).status == "Synchronizing")
    modified = client.modify_dts_job(
        models.ModifyDtsJobRequest(
            dts_instance_id=bought.instance_id,
            region_id=REGION,
            db_list={"shop": {"name": "shop", "all": True}},
        )
    ).body
    assert (modified.success, modified.dts_job_id) == (True, job_id)
    until(lambda: row(client, "SYNC", bought.instance_id).status == "Synchronizing")
    client.suspend_dts_jobs(models.SuspendDtsJobsRequest(dts_job_ids=job_id, region_id=REGION))
    until(lambda: row(client, "SYNC", bought.instance_id).status == "Suspending")
    client.stop_dts_jobs(models.StopDtsJobsRequest(dts_job_ids=job_id, region_id=REGION))
    until(lambda: row(client, "SYNC", bought.instance_id).status == "Finished")
    client.delete_dts_jobs(models.DeleteDtsJobsRequest(dts_job_ids=job_id, region_id=REGION))


def test_a_subscription(client: Any, shop: Any) -> None:
    bought = buy(client, "SUBSCRIBE")
    client.configure_subscription(
        models.ConfigureSubscriptionRequest(
            dts_job_id=bought.job_id,
            dts_job_name="changes",
            region_id=REGION,
            db_list=json.dumps({"shop": {"name": "shop", "all": True}}),
            subscription_instance_network_type="classic",
            source_endpoint_instance_type="RDS",
            source_endpoint_instance_id="rm-source",
            source_endpoint_region=REGION,
            source_endpoint_user_name="reader",
            source_endpoint_password="secret",
        )
    )
    client.start_dts_job(models.StartDtsJobRequest(dts_job_id=bought.job_id, region_id=REGION))
    until(lambda: row(client, "SUBSCRIBE", bought.instance_id).status == "Normal")
    detail = client.describe_dts_job_detail(
        models.DescribeDtsJobDetailRequest(dts_job_id=bought.job_id, region_id=REGION)
    ).body
    assert detail.subscription_data_type.ddl is True


def test_a_refusal_reaches_the_sdk_with_its_code(client: Any, shop: Any) -> None:
    with pytest.raises(Exception, match="MissingParameter") as refused:
        client.start_dts_job(models.StartDtsJobRequest())
    assert refused.value.code == "MissingParameter"


def test_a_wrong_secret_is_noticed(shop: Any) -> None:
    wrong = sdk.Client(config(shop, access_key_secret="wrong"))
    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        buy(wrong, "SYNC")


class TestTheOlderSdk:
    """``aliyun-python-sdk-core``: another implementation of the signature, by GET as well as POST."""

    @pytest.fixture
    def call(self, shop: Any) -> Callable[..., Any]:
        core = pytest.importorskip("aliyunsdkcore.client")
        request_module = pytest.importorskip("aliyunsdkcore.request")
        client = core.AcsClient(shop.emulator.access_key_id, shop.emulator.secret, REGION)

        def send(
            action: str, *, method: str = "POST", body: dict[str, str] | None = None, **query: str
        ) -> Any:
            request = request_module.CommonRequest()
            request.set_domain(shop.endpoint)
            request.set_protocol_type("http")
            request.set_version("2020-01-01")
            request.set_action_name(action)
            request.set_method(method)
            request.set_accept_format("JSON")
            for name, value in query.items():
                request.add_query_param(name, value)
            for name, value in (body or {}).items():
                request.add_body_params(name, value)
            return json.loads(client.do_action_with_exception(request))

        return send

    def test_reads(self, call: Callable[..., Any], client: Any) -> None:
        job_id = buy(client, "SYNC").job_id
        configure(client, job_id, "SYNC")
        for method in ("GET", "POST"):
            listing = call("DescribeDtsJobs", method=method, Region=REGION, JobType="SYNC")
            assert [found["DtsJobId"] for found in listing["DtsJobList"]] == [job_id]
            assert (
                call("DescribeDtsJobDetail", method=method, DtsJobId=job_id)["DtsJobName"] == "the shop, 搬家"
            )
            items = call(
                "DescribePreCheckStatus", method=method, DtsJobId=job_id, JobCode="01", StructType="before"
            )
            assert items["State"] == "NotStarted"

    def test_a_whole_job(self, call: Callable[..., Any], shop: Any) -> None:
        bought = call(
            "CreateDtsInstance",
            Type="MIGRATION",
            PayType="PostPaid",
            InstanceClass="small",
            SourceRegion=REGION,
            DestinationRegion=REGION,
            SourceEndpointEngineName="MySQL",
            DestinationEndpointEngineName="MySQL",
        )
        job_id = bought["JobId"]
        call(
            "ConfigureDtsJob",
            DtsJobId=job_id,
            DtsJobName="old ways, 旧 & new",
            JobType="MIGRATION",
            StructureInitialization="true",
            DataInitialization="true",
            DataSynchronization="false",
            SourceEndpointInstanceType="RDS",
            SourceEndpointInstanceID="rm-source",
            SourceEndpointRegion=REGION,
            DestinationEndpointInstanceType="RDS",
            DestinationEndpointInstanceID="rm-target",
            DestinationEndpointRegion=REGION,
            body={"DbList": json.dumps({"shop": {"name": "shop", "all": True}}), "Reserve": "{}"},
        )
        until(lambda: call("DescribeDtsJobDetail", DtsJobId=job_id)["Status"] == "Finished")
        assert shop.equal

    def test_a_refusal(self, call: Callable[..., Any]) -> None:
        with pytest.raises(Exception, match="MissingParameter"):
            call("StartDtsJob")
