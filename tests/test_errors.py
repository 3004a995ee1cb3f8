from __future__ import annotations

import inspect
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts import errors
from airflow_dts.errors import (
    ApiError,
    AuthError,
    BadReply,
    BadRequest,
    Busy,
    CallError,
    ConfigError,
    CredentialsExpired,
    DtsError,
    JobFailed,
    JobNotFound,
    NoReply,
    PaymentRequired,
    ServiceFault,
    Throttled,
    Unreachable,
    WaitError,
    WrongState,
    api_error,
    clean,
    mask,
)

ALL = sorted(
    (kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DtsError)),
    key=lambda kind: kind.__name__,
)


def made(kind: type[DtsError]) -> DtsError:
    if issubclass(kind, ApiError):
        return kind("StartDtsJob", "Some.Code", "it \n failed", "R-1", 503)
    if issubclass(kind, BadReply):
        return kind("StartDtsJob", "an HTML page", 502)
    if issubclass(kind, CallError):
        return kind("StartDtsJob", "reset by peer")
    if issubclass(kind, WaitError):
        return kind("job1", "binlog is off", "PrecheckFailed", ["CHECK_SRC: a", "CHECK_PK: b"])
    if issubclass(kind, ConfigError):
        return kind("is missing", field="region_id", remedy="give one such as cn-hangzhou")
    return kind("text")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_class_pickles_with_all_it_carries(kind: type[DtsError]) -> None:
    error = made(kind)
    error.add_note("said later")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), repr(again), vars(again)) == (str(error), repr(error), vars(error))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_class_stands_in_the_drawing(kind: type[DtsError]) -> None:
    assert f"{kind.__name__}" in (errors.__doc__ or "").split("Every class pickles")[0]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_what_may_have_acted_or_passes_by_itself_is_said(kind: type[DtsError]) -> None:
    transient = {"Unreachable", "NoReply", "BadReply", "Throttled", "ServiceFault", "Busy"}
    maybe_acted = {"NoReply", "BadReply", "Redirected", "ServiceFault"}
    assert (kind.transient, kind.maybe_acted) == (kind.__name__ in transient, kind.__name__ in maybe_acted)


CODES = {
    Throttled: [
        "Throttling",
        "Throttling.User",
        "Rejected.Throttling",
        "Throttling.Api",
        "DTS.Msg.Throttling",
    ],
    ServiceFault: [
        "InternalError",
        "ServiceUnavailable",
        "CheckJobFailed.ServerUnAvailable",
        "Client.Timeout",
    ],
    Busy: [
        "InvalidJobStatus",
        "InvalidTaskStatus",
        "DTS.Msg.OperationDenied.JobStatusModifying",
        "OperationDenied.JobStatusModifying",
        "DTS.Msg.ModifyDenied.JobStatusNotRunning",
        "OperationDenied.JobStatus",
        "SQLExecuteError",
    ],
    JobNotFound: [
        "Forbidden.InstanceNotFound",
        "InvalidJobId",
        "DtsJobIdNotExist",
        "InvalidParameter.InvalidJobId",
        "DTS.Msg.InvalidJobId",
    ],
    WrongState: [
        "UpdateJob.OperationDenied.InitStatus",
        "TargetDbNotReady",
        "OperationDenied",
        "OperationDenied.Something",
    ],
    BadRequest: [
        "InvalidParameter",
        "InvalidParameter.KafkaBrokerInvalid",
        "InvalidParameterValue",
        "MissingParameter",
        "DbTypeNotSupport.Source",
        "UnSupportedTaskType",
        "GetMongoDbShardInfo.Failed",
        "UnsupportedOperation",
    ],
    AuthError: [
        "InvalidAccessKeyId.NotFound",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "Forbidden.RAM",
        "DTS.Msg.RamPermissionDenied",
        "DTS.Msg.Forbidden.AliyunUIDNotFound",
        "AliyunUidFormat",
        "AssumeRoleFail",
        "Abnormal.RamCheckUserRole",
        "InvalidSecurityToken.Malformed",
        "NoPermission",
        "EntityNotExist.Role",
    ],
    CredentialsExpired: ["InvalidSecurityToken.Expired"],
    PaymentRequired: ["LXBuyError"],
    ApiError: ["NobodyKnows", "invalidjobid", ""],
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in CODES.items() for code in codes])
def test_a_code_picks_the_class(kind: type[ApiError], code: str) -> None:
    assert type(api_error("StartDtsJob", code, "m")) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, ApiError),
        (400, ApiError),
        (401, AuthError),
        (402, PaymentRequired),
        (403, AuthError),
        (404, ApiError),  # a wrong address, not a job that is gone
        (429, Throttled),
        (500, ServiceFault),
        (503, ServiceFault),
        (None, ApiError),
    ],
)
def test_the_status_decides_over_an_unknown_code_only(status: int | None, kind: type[ApiError]) -> None:
    assert type(api_error("StartDtsJob", "NobodyKnows", "m", http_status=status)) is kind
    assert type(api_error("StartDtsJob", "InvalidJobId", "m", http_status=status)) is JobNotFound


def test_every_error_code_of_the_catalogs_has_a_class() -> None:
    catalog = Path(__file__).parent / "catalog"
    codes = {
        error["code"]
        for action in json.loads((catalog / "current.json").read_text())["actions"]
        for error in action["errors"]
    } | {row["code"] for row in json.loads((catalog / "legacy.json").read_text())["error_codes"]}
    assert codes
    assert [code for code in codes if type(api_error("X", code, "")) is ApiError] == []


def test_an_api_error_carries_everything() -> None:
    error = api_error("StopDtsJob", "InvalidJobId", "no such job", "4C46", 400)
    assert (error.action, error.code, error.message, error.request_id, error.http_status) == (
        "StopDtsJob",
        "InvalidJobId",
        "no such job",
        "4C46",
        400,
    )
    assert str(error) == "StopDtsJob: InvalidJobId: no such job (request 4C46)"
    assert "unknown" in str(api_error("StopDtsJob", "X", "m"))


def test_unreachable_is_not_a_lost_reply() -> None:
    assert not issubclass(Unreachable, NoReply)
    assert not Unreachable.maybe_acted


def test_a_config_error_names_field_and_remedy_and_is_a_value_error() -> None:
    error = ConfigError("is missing", field="region_id", remedy="give one such as cn-hangzhou")
    assert str(error) == "region_id: is missing; give one such as cn-hangzhou"
    assert isinstance(error, ValueError)
    assert str(ConfigError("seconds: -1 is no delay")) == "seconds: -1 is no delay"


def test_a_failed_job_lists_its_items() -> None:
    error = JobFailed(
        "job1", "precheck failed", "PrecheckFailed", ["CHECK_SRC: no table", "CHECK_PK: no key"]
    )
    assert str(error).splitlines() == [
        "job1 (PrecheckFailed): precheck failed",
        "  - CHECK_SRC: no table",
        "  - CHECK_PK: no key",
    ]


def test_a_foreign_text_cannot_forge_a_line_or_hide() -> None:
    error = api_error("X\n", "C\r\nERROR", "ok\n2024 CRITICAL all gone\u2028\u202e\x1b[31m\x00", "r\n1")
    assert str(error).isprintable()
    assert error.code == "C ERROR"


def test_the_text_the_service_signed_is_dropped() -> None:
    echo = (
        "Specified signature is not matched. server string to sign is:POST&%2F&Pass%3Dhunter2%26Token%3Dt0ken"
    )
    for text in (
        echo,
        "StringToSign: POST&%2F&hunter2",
        "x" * 3000 + echo,
        "string to sign is " * 2000 + echo,
    ):
        error = api_error("X", "SignatureDoesNotMatch", text)
        assert "hunter2" not in str(error) + repr(error) + error.message


@pytest.mark.parametrize(
    "url", ["http://bob:s3cret@proxy:3128", "http://bob:s3/cr@et@proxy/", "socks5://s3cret@p"]
)
def test_the_login_of_a_url_is_dropped(url: str) -> None:
    assert "s3" not in str(Unreachable("X", f"cannot connect to {url} now"))


def test_a_secret_is_masked_however_it_is_encoded() -> None:
    secret = "p@ss w/rd+~%é"
    said = "raw p@ss w/rd+~%é, form p%40ss+w%2Frd%2B~%25%C3%A9, rpc p%40ss%20w%2Frd%2B~%25%C3%A9, " + (
        "signed p%2540ss%2520w%252Frd%252B~%2525%25C3%25A9"
    )
    assert mask(said, [secret]) == "raw ***, form ***, rpc ***, signed ***"
    assert mask("a job is fine", ["a", "job"]) == "a job is fine"


@given(st.text(max_size=5000))
@settings(deadline=None)
def test_cleaning_is_bounded_and_settles(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= 2000
    assert "\n" not in once
