"""What happens to jobs, kind by kind. Each job keeps its own counts, so that they outlive the emulator."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from airflow_dts.emulator.faults.rules import LONGEST, Rule, Seconds, Times

Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Length = Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]
Stage = Literal["full_load", "incremental"]


class JobFault(Rule):
    """A rule for jobs."""

    kind: str


class CountedFault(JobFault):
    """A rule that strikes a job so often.

    :param times: how often it strikes each job.
    """

    times: Times = 1


class TimedFault(CountedFault):
    """A rule that strikes while rows move.

    :param stage: in which stage.
    :param after: seconds since the stage began, or since the rule came to be; the next time, since the last
        one was over.
    """

    stage: Stage = "incremental"
    after: Seconds = 0.0


class PrecheckFails(CountedFault):
    """An item of the first `times` prechecks fails.

    :param item: such as ``CHECK_SRC``.
    :param can_skip: SkipPreCheck may mute it.
    """

    kind: Literal["precheck_fails"] = "precheck_fails"
    item: Annotated[str, Field(pattern=r"^CHECK_[A-Z_]{1,60}$")]
    reason: Text = "It fails on purpose (an injected fault)."
    repair: Text = "Start the job again."
    can_skip: bool = False


class FullLoadFails(CountedFault):
    """The full load fails, and with it the job, which can be started again.

    :param percent: of the rows; the load has come so far, or a little further.
    """

    kind: Literal["full_load_fails"] = "full_load_fails"
    percent: Annotated[int, Field(ge=0, le=100)] = 50
    reason: Text = "The full load failed on purpose (an injected fault)."


class Retrying(TimedFault):
    """The job stands still, and says that it is retrying.

    :param seconds: how long; the job fails where its patience (Reserve.maxRetryTime) is shorter.
    :param target: what it says is at fault.
    """

    kind: Literal["retrying"] = "retrying"
    seconds: _Length
    target: Literal["srcDB", "destDB", "inner_module"] = "srcDB"
    reason: Text = "The connection was lost on purpose (an injected fault)."


class Locked(TimedFault):
    """An instance that is billed by the hour is locked for arrears.

    :param seconds: until the account is settled; otherwise until the rule is removed.
    """

    kind: Literal["locked"] = "locked"
    seconds: _Length | None = None


class Delay(JobFault):
    """The reported delay is at least this. What really lags more is shown as it is.

    :param seconds: all the time.
    :param curve: points (seconds since the increments began, or since the rule came to be; seconds of delay).
        Between two points it is a straight line; after the last one it stays.
    """

    kind: Literal["delay"] = "delay"
    seconds: Seconds | None = None
    curve: tuple[tuple[Seconds, Seconds], ...] = ()

    @field_validator("curve")
    @classmethod
    def _forward(cls, curve: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if any(later[0] <= point[0] for point, later in pairwise(curve)):
            raise ValueError("give each point a later instant than the one before")
        return curve

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.seconds is None) is not bool(self.curve):
            raise ValueError("give either seconds or curve")
        return self

    def at(self, since: float) -> float:
        """Seconds of delay, so many seconds after the beginning."""
        if self.seconds is not None:
            return self.seconds
        for (begin, first), (end, last) in pairwise(self.curve):
            if begin <= since < end:
                return first + (last - first) * (since - begin) / (end - begin)
        return self.curve[0 if since < self.curve[0][0] else -1][1]


class StaleAfterReset(CountedFault):
    """A job that is reset after a failed precheck goes on showing it.

    :param seconds: how long.
    """

    kind: Literal["stale_after_reset"] = "stale_after_reset"
    seconds: _Length
