"""What happens to calls, kind by kind."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from airflow_dts.api._base import Action
from airflow_dts.emulator.faults.delivery import Hindered
from airflow_dts.emulator.faults.rules import LONGEST, Rule, Seconds, Several, Times, spent
from airflow_dts.emulator.permissions import check_pattern, covered
from airflow_dts.emulator.refusals import Refusal, gateway
from airflow_dts.emulator.served import SERVED
from airflow_dts.emulator.wire import Answer

_STATUSES = {"ServiceUnavailable": 503, "InternalError": 500}
_MESSAGES = {
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
    "InternalError": "The request processing has failed due to some unknown error.",
}


class CallFault(Rule):
    """A rule for calls. The call that one rule strikes is not shown to the rules after it.

    :param actions: patterns such as ``Describe*`` or ``sts:AssumeRole``; case does not count.
    :param nth: which of the calls it sees, from 1; `every` each so many; `probability` by chance. Give one of
        the three; without any it is every call.
    :param times: how often it strikes at most.
    :param seconds: how long the answer takes.
    :param acted: the action takes effect all the same.
    """

    kind: str
    actions: Several[str] = ("*",)
    nth: Several[Annotated[int, Field(ge=1)]] = ()
    every: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    times: Times = "always"
    seconds: Seconds = 0.0
    acted: bool

    @field_validator("actions")
    @classmethod
    def _known(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_pattern(pattern)
            if not any(covered(action, (pattern,)) for action in SERVED.values()):
                raise ValueError(f"no action is called {pattern}")
        return patterns

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if sum((bool(self.nth), self.every is not None, self.probability is not None)) > 1:
            raise ValueError("give one of nth, every and probability")
        return self

    def covers(self, action: type[Action[Any]]) -> bool:
        return covered(action, self.actions)

    def is_due(self, seen: int, struck: int, chance: Callable[[], float]) -> bool:
        """Whether it strikes.

        :param seen: number of this call among those the rule sees.
        :param struck: how often it has struck before.
        :param chance: draws a number from 0 up to 1.
        """
        if spent(self.times, struck):
            return False
        if self.nth:
            return seen in self.nth
        if self.every is not None:
            return seen % self.every == 0
        return self.probability is None or chance() < self.probability

    def refusal(self) -> Refusal | None:
        """What the service says instead; None when that is not what goes wrong."""
        return None

    def prevent(self) -> None:
        """Raises Refusal, before the action takes effect, unless it is to take effect."""
        if not self.acted:
            raise self.refusal() or Refusal(503, f"Fault.{self.kind}", "Not carried out: an injected fault.")

    def deliver(self, answer: Answer) -> Answer:
        """The answer as it is to reach the caller, if at all."""
        if not self.seconds:
            return answer
        return Hindered(answer.status, answer.body, answer.media_type, seconds=self.seconds)


class _Refused(CallFault):
    """:param retry_after: seconds that the header ``Retry-After`` asks for."""

    retry_after: Annotated[int, Field(ge=0, le=86_400)] | None = None

    def deliver(self, answer: Answer) -> Answer:
        return Hindered(
            answer.status,
            answer.body,
            answer.media_type,
            seconds=self.seconds,
            retry_after=self.retry_after,
        )


class Throttled(_Refused):
    """Too many calls: ``Throttling.User``."""

    kind: Literal["throttled"] = "throttled"
    acted: Literal[False] = False

    def refusal(self) -> Refusal:
        return gateway("Throttling.User", "Request was denied due to user flow control.")


class ServerError(_Refused):
    """The service fails: HTTP 503, or HTTP 500."""

    kind: Literal["server_error"] = "server_error"
    code: Literal["ServiceUnavailable", "InternalError"] = "ServiceUnavailable"
    acted: bool = False

    def refusal(self) -> Refusal:
        return gateway(self.code, _MESSAGES[self.code], _STATUSES[self.code])


class ExpiredToken(CallFault):
    """The security token is past its life, whichever it is: ``InvalidSecurityToken.Expired``."""

    kind: Literal["expired_token"] = "expired_token"
    acted: Literal[False] = False

    def refusal(self) -> Refusal:
        return gateway("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


class Slow(CallFault):
    """The true answer, late."""

    kind: Literal["slow"] = "slow"
    acted: Literal[True] = True
    seconds: Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]


class Reset(CallFault):
    """The connection is reset, so nothing is answered; `acted` makes it a lost reply."""

    kind: Literal["reset"] = "reset"
    acted: bool = False

    def deliver(self, answer: Answer) -> Answer:
        return Hindered(answer.status, answer.body, answer.media_type, seconds=self.seconds, ending="reset")


class Truncated(CallFault):
    """Only the first half of the answer arrives.

    :param length: what ``Content-Length`` says: the ``whole``, and the connection ends early; or what is
        left after the ``cut``, and only the text itself is torn.
    """

    kind: Literal["truncated"] = "truncated"
    acted: Literal[True] = True
    length: Literal["whole", "cut"] = "whole"

    def deliver(self, answer: Answer) -> Answer:
        whole = self.length == "whole"
        body = answer.body if whole else answer.body[: len(answer.body) // 2]
        return Hindered(
            answer.status,
            body,
            answer.media_type,
            seconds=self.seconds,
            ending="cut" if whole else "usual",
        )


class ProxyPage(CallFault):
    """Something in between answers, with a page in HTML.

    :param status: of HTTP.
    """

    kind: Literal["proxy_page"] = "proxy_page"
    acted: bool = False
    status: Annotated[int, Field(ge=200, le=599)] = 502

    @field_validator("status")
    @classmethod
    def _has_body(cls, status: int) -> int:
        if status in (204, 205, 304):
            raise ValueError(f"HTTP {status} has no page")
        return status

    def deliver(self, answer: Answer) -> Answer:
        title = html.escape(f"{self.status} from the proxy")
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        return Hindered(self.status, page.encode(), "text/html", seconds=self.seconds)


def mixed(
    probability: float, *, actions: str | tuple[str, ...] = "*", seconds: float = 1.0
) -> tuple[CallFault, ...]:
    """Rules for everything that passes by itself, each as likely, which together strike so many of the calls.

    An expired token is not among them: a key that is not temporary cannot be renewed.

    :param probability: from 0 to 1.
    :param seconds: how late a late answer is.
    """
    kinds: tuple[tuple[type[CallFault], dict[str, object]], ...] = (
        (Throttled, {}),
        (ServerError, {}),
        (ServerError, {"acted": True}),
        (ServerError, {"code": "InternalError", "acted": True}),
        (Slow, {"seconds": seconds}),
        (Reset, {}),
        (Reset, {"acted": True}),
        (Truncated, {}),
        (Truncated, {"length": "cut"}),
        (ProxyPage, {}),
        (ProxyPage, {"status": 200, "acted": True}),
    )
    share = probability / len(kinds)
    # A rule sees only what those before it have spared.
    return tuple(
        kind.model_validate({**given, "actions": actions, "probability": share / (1 - place * share)})
        for place, (kind, given) in enumerate(kinds)
    )
