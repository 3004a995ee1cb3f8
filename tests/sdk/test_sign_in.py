"""The vendor's ways to a temporary key: by hand, and by its credentials library."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator.options import Role
from tests.sdk.callers import REGION, ROLE, NewerSdk, OlderSdk, Refused, assumed, token_credential
from tests.sdk.stage import staged

pytestmark = pytest.mark.sdk

# Without blanks: the credentials library signs them as plus signs, which no server takes for what they are.
READING = json.dumps(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "dts:Describe*", "Resource": "*"}]},
    separators=(",", ":"),
)
BUY = {"Region": REGION, "MigrationJobClass": "small"}


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    with staged(tmp_path) as found:
        yield found


def test_a_role_is_assumed_in_either_format(stage: Any) -> None:
    for form in ("JSON", "XML"):
        reply = assumed(stage, form=form)
        key, user = reply["Credentials"], reply["AssumedRoleUser"]
        assert reply["RequestId"]
        assert key["AccessKeyId"].startswith("STS.")
        assert key["AccessKeySecret"]
        assert key["SecurityToken"]
        left = datetime.fromisoformat(key["Expiration"]) - datetime.now(UTC)
        assert 890 < left.total_seconds() <= 901
        assert user["Arn"] == f"{ROLE}/sdk"
        assert user["AssumedRoleId"].endswith(":sdk")


def test_a_temporary_key_of_the_older_sdk_does_what_its_policy_allows(stage: Any) -> None:
    caller = OlderSdk(stage, credential=token_credential(stage, Policy=READING))
    assert caller.call("DescribeMigrationJobs", {}).parsed["TotalRecordCount"] == 0
    with pytest.raises(Refused) as refused:
        caller.call("CreateMigrationJob", BUY)
    assert (refused.value.status, refused.value.code) == (403, "Forbidden.RAM")


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["ACS3-HMAC-SHA256", "HMAC-SHA1"])
def test_the_credentials_library_assumes_a_role(stage: Any, algorithm: str | None) -> None:
    from alibabacloud_credentials.client import Client
    from alibabacloud_credentials.models import Config

    credential = Client(
        Config(
            type="ram_role_arn",
            access_key_id=stage.emulator.access_key_id,
            access_key_secret=stage.emulator.secret,
            role_arn=ROLE,
            role_session_name="sdk",
            role_session_expiration=900,
            policy=READING,
            sts_endpoint=f"http://{stage.endpoint}",
        )
    )
    no_key = {"access_key_id": None, "access_key_secret": None}
    caller = NewerSdk(stage, credential=credential, signature_algorithm=algorithm, **no_key)
    assert caller.call("DescribeMigrationJobs", {}).parsed["TotalRecordCount"] == 0
    with pytest.raises(Refused) as refused:
        caller.call("CreateMigrationJob", BUY)
    assert (refused.value.status, refused.value.code) == (403, "Forbidden.RAM")


def test_a_role_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with staged(tmp_path, roles=[Role(ROLE)]) as stage:
        with pytest.raises(Refused) as refused:
            assumed(stage, f"{ROLE}-of-nobody")
        assert (refused.value.status, refused.value.code) == (404, "EntityNotExist.Role")
        assert refused.value.request_id


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_a_wrong_secret_reaches_the_older_sdk_as_such(stage: Any, form: str) -> None:
    from aliyunsdkcore.auth.credentials import AccessKeyCredential

    wrong = AccessKeyCredential(stage.emulator.access_key_id, "wrong")
    with pytest.raises(Refused) as refused:
        OlderSdk(stage, form=form, credential=wrong).call("DescribeMigrationJobs", {})
    assert (refused.value.status, refused.value.code) == (400, "SignatureDoesNotMatch")
    assert refused.value.request_id
