"""Everything this package raises, by what a caller can do about it, and which API code means what.

DtsError
├── ConfigError            (also a ValueError) a setting or parameter is wrong; nothing was called
├── CallError              a call went wrong
│   ├── Unreachable        the request never left; the service cannot have acted
│   │   └── Untrusted          the server's certificate was not accepted
│   ├── NoReply            request or reply was lost; whether the service acted is unknown
│   ├── BadReply           something answered, but not in the service's words
│   │   └── Redirected         the endpoint points elsewhere; signed parameters are not sent there
│   └── ApiError           the service answered with an error code
│       ├── Throttled          too many calls; the service did not act
│       ├── ServiceFault       the service failed on its side; it may have acted
│       ├── Busy               the job is changing; look again later
│       ├── JobNotFound        no such job or instance, or no longer
│       ├── WrongState         the job's state does not allow the action
│       ├── BadRequest         a parameter, or the database it describes, is refused
│       ├── AuthError          the caller is not known or not allowed
│       │   └── CredentialsExpired
│       └── PaymentRequired    the account cannot pay
└── WaitError              the job, not a call, went wrong
    ├── JobFailed
    └── WaitTimedOut

Every class pickles, since tasks cross processes. No text holds a control character, the login in a URL, or
what the service was given to sign (it quotes all parameters); the client masks its own secrets besides.
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class DtsError(Exception):
    """Root of the tree."""

    transient: ClassVar[bool] = False
    """Whether asking again later may well succeed."""
    maybe_acted: ClassVar[bool] = False
    """Whether the service may have done what was asked; then only a reading call is sent again."""


class ConfigError(DtsError, ValueError):
    """A setting or a parameter is wrong. The text names the field and the remedy; nothing was called."""

    def __init__(self, problem: str, *, field: str = "", remedy: str = "") -> None:
        """:param problem: what is wrong; the whole sentence when ``field`` and ``remedy`` are left out."""
        self.problem, self.field, self.remedy = clean(problem), clean(field), clean(remedy)
        super().__init__(self.problem)

    def __str__(self) -> str:
        text = f"{self.field}: {self.problem}" if self.field else self.problem
        return f"{text}; {self.remedy}" if self.remedy else text


class CallError(DtsError):
    """A call went wrong.

    :param action: name of the API action
    """

    def __init__(self, action: str, message: str) -> None:
        self.action, self.message = clean(action, _LONGEST_NAME), clean(message)
        super().__init__(self.action, self.message)

    def __str__(self) -> str:
        return f"{self.action}: {self.message}"


class Unreachable(CallError):
    """The request never left, so the service cannot have acted; the same call may be sent again."""

    transient = True


class Untrusted(Unreachable):
    """The server's certificate was not accepted; for an authority of one's own, set ``ca_bundle``."""

    transient = False


class NoReply(CallError):
    """The request may have arrived but its reply was lost; whether the service acted is unknown."""

    transient = True
    maybe_acted = True


class BadReply(CallError):
    """Something answered, but not as the service does: a proxy's page, a torn reply, one without end.

    :param http_status: HTTP status of the reply, 0 when it was not read
    """

    transient = True
    maybe_acted = True

    def __init__(self, action: str, message: str, http_status: int = 0) -> None:
        super().__init__(action, message)
        self.http_status = http_status
        self.args = (self.action, self.message, http_status)

    def __str__(self) -> str:
        return super().__str__() + (f" (HTTP {self.http_status})" if self.http_status else "")


class Redirected(BadReply):
    """The endpoint points elsewhere. Give the final address as endpoint: a signed call is not passed on."""

    transient = False


class ApiError(CallError):
    """The service answered with an error code.

    :param code: the service's code, as sent
    :param request_id: what the vendor's support asks for
    :param http_status: HTTP status of the reply; 200 is possible, with ``Success`` false
    """

    retry_after: float | None = None
    """Seconds the service asks to wait, if it does."""

    def __init__(
        self, action: str, code: str, message: str, request_id: str = "", http_status: int | None = None
    ) -> None:
        super().__init__(action, message)
        self.code, self.request_id = clean(code, _LONGEST_NAME), clean(request_id, _LONGEST_NAME)
        self.http_status = http_status
        self.args = (self.action, self.code, self.message, self.request_id, http_status)

    def __str__(self) -> str:
        return f"{self.action}: {self.code}: {self.message} (request {self.request_id or 'unknown'})"


class Throttled(ApiError):
    """Too many calls; the service did not act on this one."""

    transient = True


class ServiceFault(ApiError):
    """The service failed on its side; whether it acted is unknown."""

    transient = True
    maybe_acted = True


class Busy(ApiError):
    """The job is in the middle of a change, or not yet where it will be. Wait for it, then repeat.

    Limit the wait: some codes do not tell whether the state will pass. Resending at once does not help: how
    long the job takes is a matter of waiting for the job, so the client leaves it to the caller.
    """

    transient = True


class JobNotFound(ApiError):
    """No such job or instance in this region, or no longer: to a release that is success."""


class WrongState(ApiError):
    """The job is not in a state that allows the action, and will not get there by itself."""


class BadRequest(ApiError):
    """A parameter, or the database it describes, is refused."""


class AuthError(ApiError):
    """The caller is unknown, its signature is wrong, or it lacks a permission."""


class CredentialsExpired(AuthError):
    """The security token is past its life; a new one helps."""


class PaymentRequired(ApiError):
    """The account cannot pay."""


class WaitError(DtsError):
    """The job, not a call, went wrong.

    :param status: the job's status as the service spells it
    :param items: what failed one by one, such as precheck items with reason and repair method
    """

    def __init__(self, job_id: str, reason: str, status: str = "", items: Iterable[str] = ()) -> None:
        self.job_id, self.reason = clean(job_id, _LONGEST_NAME), clean(reason)
        self.status, self.items = clean(status, _LONGEST_NAME), tuple(clean(item) for item in items)
        super().__init__(self.job_id, self.reason, self.status, self.items)

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        return "\n  - ".join((f"{self.job_id}{status}: {self.reason}", *self.items))


class JobFailed(WaitError):
    """The job broke, or can no longer come to what was waited for."""


class WaitTimedOut(WaitError):
    """The job is fine so far but the time is up."""


CODES: dict[str, type[ApiError]] = {
    "InternalError": ServiceFault,
    "ServiceUnavailable": ServiceFault,
    "ServerUnAvailable": ServiceFault,  # CheckJobFailed.ServerUnAvailable
    "Client.Timeout": ServiceFault,
    # Refusals that pass without anybody doing anything: they come right after a purchase or another change.
    "InvalidJobStatus": Busy,
    "InvalidTaskStatus": Busy,
    "OperationDenied.JobStatusModifying": Busy,
    "OperationDenied.JobStatus": Busy,
    "ModifyDenied.JobStatusNotRunning": Busy,
    "SQLExecuteError": Busy,
    # Refusals that stay: the job is past the point, or somebody has to act.
    "OperationDenied": WrongState,
    "OperationDenied.InitStatus": WrongState,  # UpdateJob.OperationDenied.InitStatus: already started
    "TargetDbNotReady": WrongState,
    "InstanceNotFound": JobNotFound,  # Forbidden.InstanceNotFound
    "InvalidJobId": JobNotFound,  # InvalidParameter.InvalidJobId too
    "DtsJobIdNotExist": JobNotFound,
    "UnSupportedTaskType": BadRequest,
    "UnsupportedOperation": BadRequest,
    "RamPermissionDenied": AuthError,
    "NoPermission": AuthError,
    "AliyunUIDNotFound": AuthError,
    "AliyunUidFormat": AuthError,
    "AssumeRoleFail": AuthError,
    "Abnormal.RamCheckUserRole": AuthError,
    "EntityNotExist.Role": AuthError,
    "SignatureDoesNotMatch": AuthError,
    "SignatureNonceUsed": AuthError,
    "IncompleteSignature": AuthError,
    "InvalidSecurityToken.Expired": CredentialsExpired,
    "LXBuyError": PaymentRequired,
}
"""Codes as the service spells them, without what may stand before them (``DTS.Msg.``): ends are compared."""

FAMILIES: dict[str, type[ApiError]] = {
    "ServiceUnavailable": ServiceFault,
    "InternalError": ServiceFault,
    "OperationDenied": WrongState,
    "InvalidParameter": BadRequest,
    "MissingParameter": BadRequest,
    "DbTypeNotSupport": BadRequest,
    "GetMongoDbShardInfo": BadRequest,
    "InvalidAction": BadRequest,
    "InvalidVersion": BadRequest,
    "InvalidAccessKeyId": AuthError,
    "InvalidSecurityToken": AuthError,
    "InvalidTimeStamp": AuthError,  # the clock of this machine is off
    "Forbidden": AuthError,
    "LXBuyError": PaymentRequired,
}
"""How codes begin, after the same optional prefix; asked when ``CODES`` does not know a code."""

_STATUSES: dict[int, type[ApiError]] = {401: AuthError, 402: PaymentRequired, 403: AuthError, 429: Throttled}
_SERVER_FAULTS = range(500, 600)


def api_error(
    action: str, code: str, message: str, request_id: str = "", http_status: int | None = None
) -> ApiError:
    """The error for what the service said; an unknown code is judged by the HTTP status.

    An unknown code under HTTP 404 stays a plain ``ApiError``: a wrong address says 404 too, and taking that
    for ``JobNotFound`` would let a release succeed that never took place.
    """
    return _class_of(code, http_status)(action, code, message, request_id, http_status)


def _class_of(code: str, http_status: int | None) -> type[ApiError]:
    if "Throttling" in code:
        return Throttled
    for end in _ends(code):
        if found := CODES.get(end):
            return found
    for end in _ends(code):
        for start, family in FAMILIES.items():
            if end.startswith(start):
                return family
    if http_status in _SERVER_FAULTS:
        return ServiceFault
    return _STATUSES.get(http_status or 0, ApiError)


def _ends(code: str) -> Iterator[str]:
    """``A.B.C`` -> ``A.B.C``, ``B.C``, ``C``."""
    yield code
    while "." in code:
        code = code.partition(".")[2]
        yield code


_LONGEST = 2000
"""Characters of a foreign text that an error keeps."""
_LONGEST_NAME = 128
_SHORTEST_SECRET = 4
"""Anything shorter cannot be told from ordinary text."""

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+"
)
"""Control characters, and those that reorder or hide text: in a log they could forge a line."""
_SIGNED_TEXT = re.compile(r"(string ?to ?sign)\b.*", re.IGNORECASE | re.DOTALL)
_URL_LOGIN = re.compile(r"(?<=://)\S{0,300}@")


def clean(text: object, limit: int = _LONGEST) -> str:
    """Foreign text as one safe line of at most ``limit`` characters.

    The refusal of a signature quotes all parameters, passwords included, so what follows is dropped.
    """
    line = str(text)[: 4 * limit]
    line = _SIGNED_TEXT.sub(r"\1 ... (left out: it quotes every parameter)", line)
    line = _URL_LOGIN.sub("***@", _UNPRINTABLE.sub(" ", line)).strip()
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def mask(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets``, as they are or as forms, signatures, JSON and HTML spell them."""
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True):
        once = quote(secret, safe="~")
        spellings = (
            quote(once, safe="~"),
            once,
            quote(quote_plus(secret), safe="~"),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            html.escape(secret),
            secret,
        )
        for spelling in dict.fromkeys(spellings):
            text = text.replace(spelling, "***")
    return text
