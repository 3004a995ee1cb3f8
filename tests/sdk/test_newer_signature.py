"""The vendor's newer SDK, unmodified and with its own default signature (ACS3-HMAC-SHA256)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_dts.emulator.clock import ManualClock
from airflow_dts.emulator.options import Account
from airflow_dts.emulator.server import EmulatorServer

pytestmark = pytest.mark.sdk

models = pytest.importorskip("alibabacloud_dts20200101.models")
sdk = pytest.importorskip("alibabacloud_dts20200101.client")
openapi = pytest.importorskip("alibabacloud_tea_openapi.utils_models")
REGION = "cn-hangzhou"


def client(server: EmulatorServer, **changed: Any) -> Any:
    wanted = {
        "access_key_id": server.access_key_id,
        "access_key_secret": server.secret,
        "endpoint": f"{server.host}:{server.port}",
        "protocol": "http",
        "region_id": REGION,
    }
    return sdk.Client(openapi.Config(**{**wanted, **changed}))


def buy(caller: Any, kind: str) -> Any:
    return caller.create_dts_instance(
        models.CreateDtsInstanceRequest(
            type=kind, pay_type="PostPaid", instance_class="small", source_region=REGION,
            destination_region=REGION, source_endpoint_engine_name="MySQL",
            destination_endpoint_engine_name="MySQL", region_id=REGION,
        )
    ).body  # fmt: skip


def configure(caller: Any, job_id: str) -> Any:
    """DbList and Reserve go into the form body, the rest into the query."""
    return caller.configure_dts_job(
        models.ConfigureDtsJobRequest(
            dts_job_id=job_id, dts_job_name="the shop, 搬家 ~ 100% + more", job_type="SYNC", region_id=REGION,
            db_list=json.dumps({"shop": {"name": "shop", "all": True}}), owner_id="1",
            reserve=json.dumps({"autoStartModulesAfterConfig": "none"}), structure_initialization=True,
            data_initialization=True, data_synchronization=True, source_endpoint_instance_type="RDS",
            source_endpoint_instance_id="rm-source", source_endpoint_region=REGION,
            source_endpoint_engine_name="MYSQL", source_endpoint_user_name="reader",
            source_endpoint_password="p ä$s+&=%~*'/?", destination_endpoint_instance_type="RDS",
            destination_endpoint_instance_id="rm-target", destination_endpoint_region=REGION,
            destination_endpoint_engine_name="MYSQL", destination_endpoint_user_name="writer",
            destination_endpoint_password="secret",
        )
    ).body  # fmt: skip


def until(true: Callable[[], bool], limit: float = 40.0) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_whole_job(shop: Any) -> None:
    caller = client(shop.emulator)
    job_id = buy(caller, "SYNC").job_id
    assert configure(caller, job_id).dts_job_id == job_id
    assert caller.start_dts_job(models.StartDtsJobRequest(dts_job_id=job_id, region_id=REGION)).body.success

    def row() -> Any:
        request = models.DescribeDtsJobsRequest(
            region=REGION, region_id=REGION, job_type="SYNC", dts_job_id=job_id, resource_group_id="rg-1"
        )
        (found,) = caller.describe_dts_jobs(request).body.dts_job_list
        return found

    until(lambda: row().status == "Synchronizing" and row().delay == 0)
    assert row().dts_job_name == "the shop, 搬家 ~ 100% + more"
    assert shop.equal
    detail = caller.describe_dts_job_detail(
        models.DescribeDtsJobDetailRequest(dts_job_id=job_id, region_id=REGION)
    )
    assert (detail.status_code, detail.body.status) == (200, "Synchronizing")


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """HTTP status and code as the SDK understood them."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK raises several classes
        call()
    return caught.value.status_code, caught.value.code


def test_refusals_reach_the_sdk_in_its_format(shop: Any) -> None:
    assert refused(lambda: buy(client(shop.emulator, access_key_secret="wrong"), "SYNC")) == (
        400, "SignatureDoesNotMatch",
    )  # fmt: skip
    assert refused(lambda: buy(client(shop.emulator, access_key_id="LTAInobody"), "SYNC")) == (
        404, "InvalidAccessKeyId.NotFound",
    )  # fmt: skip
    assert refused(lambda: client(shop.emulator).start_dts_job(models.StartDtsJobRequest())) == (
        400, "MissingParameter",
    )  # fmt: skip


def test_old_calls_are_refused(tmp_path: Any) -> None:
    for off in (-3600, 3600):
        with EmulatorServer(tmp_path / str(off), clock=ManualClock(time.time() + off)) as server:
            assert refused(lambda to=server: buy(client(to), "SYNC")) == (400, "InvalidTimeStamp.Expired")
            assert server.supervisor is not None


def test_a_temporary_key_needs_its_token(tmp_path: Any) -> None:
    account = Account("STS.key", "secret", "the token")
    with EmulatorServer(tmp_path / "s", accounts=[account]) as server:
        assert refused(lambda: buy(client(server), "SYNC")) == (400, "MissingSecurityToken")
        other = client(server, security_token="another")
        assert refused(lambda: buy(other, "SYNC")) == (400, "InvalidSecurityToken.MismatchWithAccessKey")
        assert buy(client(server, security_token="the token"), "SYNC").success


@dataclass
class Recorded:
    """A request the SDK signed, to be sent again as it was or changed on the way."""

    request: requests.PreparedRequest

    def again(
        self, *, url: str | None = None, method: str | None = None, body: bytes | None = None,
        **headers: str | None,
    ) -> tuple[int, str]:  # fmt: skip
        """HTTP status, and code of the refusal or OK. A header of None is left out."""
        changed = self.request.copy()
        changed.url, changed.method = url or changed.url, method or changed.method
        if body is not None:
            changed.body = body
            changed.headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            changed.headers.pop(name.replace("_", "-"), None)
            if value is not None:
                changed.headers[name.replace("_", "-")] = value
        with requests.Session() as session:
            session.trust_env = False
            reply = session.send(changed, timeout=20)
        said = reply.json()
        return reply.status_code, said.get("Code") or said.get("ErrCode") or "OK"

    def signed(self, *names: str) -> str:
        """The Authorization header that claims to sign only these headers."""
        head, _, signature = str(self.request.headers["Authorization"]).rpartition(",")
        return f"{head.partition('SignedHeaders=')[0]}SignedHeaders={';'.join(names)},{signature}"


@pytest.fixture
def record(shop: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], Recorded]:
    """Lets the SDK sign a call and keeps it from being sent."""

    def of(call: Callable[[Any], Any]) -> Recorded:
        kept: list[requests.PreparedRequest] = []

        def keep(_session: Any, request: requests.PreparedRequest, **_: Any) -> Any:
            kept.append(request)
            raise requests.ConnectionError("kept")

        with monkeypatch.context() as patch:
            patch.setattr(requests.Session, "send", keep)
            with pytest.raises(Exception, match="kept"):
                call(client(shop.emulator))
        return Recorded(kept[0])

    return of


def listing(caller: Any) -> Any:
    return caller.describe_dts_jobs(models.DescribeDtsJobsRequest(region=REGION, job_type="SYNC"))


def test_what_was_signed_cannot_be_changed(record: Any) -> None:
    call = record(listing)
    url, headers = str(call.request.url), call.request.headers
    wrong = (400, "SignatureDoesNotMatch")
    assert call.again(url=url.replace("SYNC", "MIGRATION")) == wrong
    assert call.again(url=f"{url}&PageSize=30") == wrong
    assert call.again(url=url.replace("?", "elsewhere?")) == wrong
    assert call.again(method="GET") == wrong
    assert call.again(x_acs_version="2020-01-01 ") == (200, "OK")  # blanks around a value do not count
    assert call.again(x_acs_action="DeleteDtsJob") == wrong
    assert call.again(x_acs_signature_nonce="another") == wrong
    assert call.again(host="elsewhere") == wrong
    assert call.again(Authorization=str(headers["Authorization"])[:-4] + "0000") == wrong
    assert call.again(body=b"PageSize=30") == wrong
    digest = "0b0e1a0b" * 8
    assert call.again(x_acs_content_sha256=digest) == wrong


def test_a_replay_is_refused(record: Any) -> None:
    call = record(listing)
    assert call.again() == (200, "OK")
    assert call.again() == (400, "SignatureNonceUsed")


def test_a_body_belongs_to_its_hash(record: Any) -> None:
    """MigrationObject goes into the form body, and only its hash is signed."""
    objects = json.dumps([{"DBName": "shop"}])
    call = record(
        lambda caller: caller.configure_migration_job(
            models.ConfigureMigrationJobRequest(migration_job_id="dtsnone", migration_object=objects)
        )
    )
    assert b"MigrationObject=" in call.request.body
    assert call.again(body=call.request.body.replace(b"shop", b"shed")) == (400, "SignatureDoesNotMatch")
    assert call.again()[1] not in ("OK", "SignatureDoesNotMatch", "InvalidAction.NotFound")
    assert call.again() == (400, "SignatureNonceUsed")


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-acs-date", "x-acs-version", "x-acs-signature-nonce", "x-acs-content-sha256"],
)
def test_a_header_that_is_missing_is_named(record: Any, name: str) -> None:
    call = record(listing)
    assert call.again(**{name: None}) == (400, "MissingParameter")


def test_every_header_that_counts_has_to_be_signed(record: Any) -> None:
    call = record(listing)
    names = str(call.request.headers["Authorization"]).partition("SignedHeaders=")[2].split(",")[0].split(";")
    for left_out in (name for name in names if name == "host" or name.startswith("x-acs-")):
        rest = [name for name in names if name != left_out]
        assert call.again(Authorization=call.signed(*rest)) == (400, "IncompleteSignature")
    assert call.again(x_acs_organizationid="3") == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("ACS3-HMAC-SHA256", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=k,Signature=00", "IncompleteSignature"),
        ("ACS3-HMAC-SM3 Credential={key},SignedHeaders=host,Signature=00", "InvalidSignatureMethod"),
        ("ACS3-HMAC-SHA256 Credential=nobody,SignedHeaders=host,Signature=00", "InvalidAccessKeyId.NotFound"),
    ],
)
def test_another_authorization_is_refused(record: Any, shop: Any, authorization: str, code: str) -> None:
    call = record(listing)
    assert call.again(Authorization=authorization.format(key=shop.emulator.access_key_id))[1] == code


def test_the_format_may_be_asked_for(record: Any) -> None:
    def answer(**headers: str) -> requests.Response:
        call = record(listing).request
        call.headers.update(headers)
        with requests.Session() as session:
            session.trust_env = False
            return session.send(call, timeout=20)

    assert answer().headers["Content-Type"].startswith("application/json")
    refused_as_xml = answer(Accept="application/xml")  # signed as application/json
    assert refused_as_xml.status_code == 400
    assert "<Code>SignatureDoesNotMatch</Code>" in refused_as_xml.text
    assert urlsplit(str(refused_as_xml.url)).path == "/"


def test_the_gateway_of_all_products_takes_it_too(shop: Any) -> None:
    runtime = pytest.importorskip("darabonba.runtime").RuntimeOptions()
    params = openapi.Params(
        action="DescribeDtsJobs", version="2020-01-01", protocol="HTTP", pathname="/asapi/v3", method="POST",
        auth_type="AK", body_type="json", req_body_type="formData", style="RPC",
    )  # fmt: skip
    request = openapi.OpenApiRequest(
        query={"Product": "Dts", "Region": REGION},
        headers={"x-acs-organizationid": "3", "x-acs-resourcegroupid": "4"},
    )
    answer = client(shop.emulator).call_api(params, request, runtime)
    assert (answer["statusCode"], answer["body"]["Success"]) == (200, True)
