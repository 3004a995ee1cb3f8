"""Everything this package raises, by what a caller can do about it, and which API code means what.

DtsError
├── ConfigError            (also a ValueError) a setting or parameter is wrong; nothing was called
├── CallError              a call went wrong
│   ├── Unreachable        the request never left; the service cannot have acted
│   ├── NoReply            the reply was lost; whether the service acted is unknown
│   ├── BadReply           something answered, but not in the service's words
│   └── ApiError           the service answered with an error code
│       ├── Throttled          too many calls; the service did not act
│       ├── ServiceFault       the service failed on its side
│       ├── Busy               the job is changing; look again later
│       ├── JobNotFound        no such job or instance
│       ├── WrongState         the job's state does not allow the action
│       ├── BadRequest         a parameter is refused
│       ├── AuthError          the caller is not known or not allowed
│       │   └── CredentialsExpired
│       └── PaymentRequired    the account cannot pay
└── WaitError              the job, not a call, went wrong
    ├── JobFailed
    └── WaitTimedOut
"""

from __future__ import annotations

import re
from typing import Any, ClassVar


class DtsError(Exception):
    """Root of the tree."""

    transient: ClassVar[bool] = False
    """Whether reading again later may well succeed."""


class ConfigError(DtsError, ValueError):
    """A setting or a parameter is wrong. The text names the field and the remedy; nothing was called."""


class CallError(DtsError):
    """A call went wrong.

    :param action: name of the API action
    """

    def __init__(self, action: str, message: str) -> None:
        self.action, self.message = action, clean(message)
        super().__init__(f"{action}: {self.message}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.action, self.message)


class Unreachable(CallError):
    """No connection was made, so the service cannot have acted; the same call may be sent again."""

    transient = True


class NoReply(CallError):
    """The request may have arrived but its reply was lost; whether the service acted is unknown."""

    transient = True


class BadReply(CallError):
    """Something answered, but not as the service does: a proxy's page, a redirect, a torn reply."""

    transient = True


class ApiError(CallError):
    """The service answered with an error code.

    :param code: the service's code, as sent
    :param request_id: what the vendor's support asks for
    :param http_status: HTTP status of the reply; 200 is possible, with ``Success`` false
    """

    def __init__(
        self, action: str, code: str, message: str, request_id: str = "", http_status: int | None = None
    ) -> None:
        super().__init__(action, message)
        self.code, self.request_id, self.http_status = clean(code), clean(request_id), http_status
        self.args = (f"{action}: {self.code}: {self.message} (request {self.request_id or 'unknown'})",)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.action, self.code, self.message, self.request_id, self.http_status)


class Throttled(ApiError):
    """Too many calls; the service did not act on this one."""

    transient = True


class ServiceFault(ApiError):
    """The service failed on its side; whether it acted is unknown."""

    transient = True


class Busy(ApiError):
    """The job is in the middle of a change. Waiting helps, resending at once does not."""

    transient = True


class JobNotFound(ApiError):
    """No such job or instance in this region."""


class WrongState(ApiError):
    """The job is not in a state that allows the action."""


class BadRequest(ApiError):
    """A parameter is refused."""


class AuthError(ApiError):
    """The caller is unknown, its signature is wrong, or it lacks a permission."""


class CredentialsExpired(AuthError):
    """The security token is past its life; a new one helps."""


class PaymentRequired(ApiError):
    """The account cannot pay."""


class WaitError(DtsError):
    """The job, not a call, went wrong."""

    def __init__(self, job_id: str, reason: str) -> None:
        self.job_id, self.reason = job_id, reason
        super().__init__(f"{job_id}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.job_id, self.reason)


class JobFailed(WaitError):
    """The job broke, or can no longer come to what was waited for."""


class WaitTimedOut(WaitError):
    """The job is fine so far but the time is up."""


_CODES: dict[str, type[ApiError]] = {
    "ServiceUnavailable": ServiceFault,
    "InternalError": ServiceFault,
    "Client.Timeout": ServiceFault,
    "CheckJobFailed.ServerUnAvailable": ServiceFault,
    "SQLExecuteError": ServiceFault,
    "OperationDenied.JobStatusModifying": Busy,
    "ModifyDenied.JobStatusNotRunning": Busy,
    "OperationDenied.JobStatus": Busy,
    "InvalidJobStatus": Busy,
    "InvalidTaskStatus": Busy,
    "UpdateJob.OperationDenied.InitStatus": WrongState,
    "TargetDbNotReady": WrongState,
    "OperationDenied": WrongState,
    "Forbidden.InstanceNotFound": JobNotFound,
    "InvalidJobId": JobNotFound,
    "InvalidParameter.InvalidJobId": JobNotFound,
    "DtsJobIdNotExist": JobNotFound,
    "UnSupportedTaskType": BadRequest,
    "SignatureDoesNotMatch": AuthError,
    "IncompleteSignature": AuthError,
    "RamPermissionDenied": AuthError,
    "Forbidden": AuthError,
    "Forbidden.RAM": AuthError,
    "Forbidden.AliyunUIDNotFound": AuthError,
    "AliyunUidFormat": AuthError,
    "AssumeRoleFail": AuthError,
    "Abnormal.RamCheckUserRole": AuthError,
    "InvalidSecurityToken.Expired": CredentialsExpired,
    "LXBuyError": PaymentRequired,
}
"""Codes with a meaning of their own, without the optional prefix ``DTS.Msg.``."""

_FAMILIES: tuple[tuple[str, type[ApiError]], ...] = (
    ("InvalidAccessKeyId", AuthError),
    ("InvalidSecurityToken", AuthError),
    ("InvalidParameter", BadRequest),
    ("MissingParameter", BadRequest),
    ("DbTypeNotSupport", BadRequest),
    ("GetMongoDbShardInfo", BadRequest),
    ("OperationDenied", WrongState),
)
"""Beginnings of codes that the service extends freely."""

_PREFIX = "DTS.Msg."


def api_error(
    action: str, code: str, message: str, request_id: str = "", http_status: int | None = None
) -> ApiError:
    """The error for what the service answered, of the class that says what a caller can do."""
    return _class_of(code.removeprefix(_PREFIX), http_status)(action, code, message, request_id, http_status)


def _class_of(code: str, http_status: int | None) -> type[ApiError]:
    if "Throttling" in code or http_status == 429:
        return Throttled
    if known := _CODES.get(code):
        return known
    for family, kind in _FAMILIES:
        if code.startswith(family):
            return kind
    if http_status is not None and http_status >= 500:
        return ServiceFault
    return AuthError if http_status in {401, 403} else ApiError


_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_LONGEST = 2000


def clean(text: str) -> str:
    """Text from outside, fit for one log line: no control characters, and not longer than a screen."""
    flat = _CONTROL.sub(" ", text).strip()
    return flat if len(flat) <= _LONGEST else f"{flat[:_LONGEST]}… ({len(flat)} characters)"
