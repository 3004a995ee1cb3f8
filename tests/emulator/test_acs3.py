"""The newer signature by the vendor's own printed example; the SDK's tests drive the rest."""

from __future__ import annotations

import hashlib

import pytest

from airflow_dts.emulator.acs3 import Acs3Claim
from airflow_dts.emulator.knock import Knock
from airflow_dts.emulator.refusals import Refusal

QUERY = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
HEADERS = {
    "host": "ecs.cn-shanghai.aliyuncs.com",
    "x-acs-action": "RunInstances",
    "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    "x-acs-date": "2023-10-26T10:22:32Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-version": "2014-05-26",
    "authorization": "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
    "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
    "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
}
SECRET = "YourAccessKeySecret"


def claim(*, query: dict[str, str] = QUERY, body: bytes = b"", **changed: str) -> Acs3Claim:
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return Acs3Claim.read(Knock("POST", query, headers=headers, query=query, body=body))


def test_the_printed_example_is_accepted() -> None:
    found = claim()
    found.check_scheme()
    assert (found.action, found.version, found.key_id) == ("RunInstances", "2014-05-26", "YourAccessKeyId")
    assert found.signed_with(SECRET)
    assert not found.signed_with("another")
    assert claim(authorization=HEADERS["authorization"].replace(",", ", ")).signed_with(SECRET)


def test_the_printed_example_cannot_be_changed() -> None:
    assert not claim(query={**QUERY, "RegionId": "cn-beijing"}).signed_with(SECRET)
    assert not claim(body=b"x=1").signed_with(SECRET)
    assert not claim(body=b"x=1", x_acs_content_sha256=hashlib.sha256(b"x=1").hexdigest()).signed_with(SECRET)
    assert not claim(x_acs_date="2023-10-26T10:22:33Z").signed_with(SECRET)


def test_a_key_named_twice_is_the_same_both_times() -> None:
    with pytest.raises(Refusal) as refused:
        claim(x_acs_accesskey_id="another").check_scheme()
    assert refused.value.code == "IncompleteSignature"
