"""What the person who runs an emulator may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

_DAY = 86_400.0
ANYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Account:
    """A key that may call. All keys belong to one account: each sees every job.

    :param security_token: given for a temporary (STS) key, which then has to send it.
    :param allowed: patterns of the actions it may call, such as ``Describe*`` or ``sts:AssumeRole``.
    """

    access_key_id: str
    secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    allowed: tuple[str, ...] = ANYTHING


@dataclass(frozen=True, slots=True)
class Role:
    """A RAM role that AssumeRole gives temporary keys of (seed 7.3.2).

    :param arn: such as ``acs:ram::1234567890123456:role/etl``.
    :param allowed: patterns of the actions it may call, as an account's.
    :param longest: life of a token in seconds, at most.
    """

    arn: str
    allowed: tuple[str, ...] = ANYTHING
    longest: int = 3600


@dataclass(frozen=True, slots=True)
class Options:
    """How the emulated service behaves. All times are in seconds.

    :param region: where calls go that name no region; any region is served.
    :param rows_per_second: throttle of full loads; None is as fast as it goes.
    :param apply_delay: how long each incremental batch is held back.
    :param precheck_seconds: how long a precheck takes at least.
    :param max_retry: how long a job is retried after a fault, unless Reserve.maxRetryTime says otherwise.
    :param first_backoff: pause before the first retry; it doubles each time, up to a minute.
    :param pause_limit: how long a job may be suspended before it is lost.
    :param released_shown: how long a released synchronization is still listed as Finished.
    :param stale_after_reset: how long a reset job still shows an old PrecheckFailed.
    :param roles: those that may be assumed; any well-formed one when left out.
    :param token_life: what every AssumeRole gives, whatever it asks for; None gives what is asked for.
    """

    region: str = "cn-hangzhou"
    rows_per_second: int | None = None
    apply_delay: float = 0.0
    precheck_seconds: float = 0.5
    max_retry: float = 43_200.0
    first_backoff: float = 1.0
    pause_limit: float = 7 * _DAY
    released_shown: float = 300.0
    stale_after_reset: float = 0.0
    roles: tuple[Role, ...] = ()
    token_life: float | None = None

    def role(self, arn: str) -> Role | None:
        """The role of this name, if it may be assumed."""
        if not self.roles:
            return Role(arn)
        return next((role for role in self.roles if role.arn == arn), None)
