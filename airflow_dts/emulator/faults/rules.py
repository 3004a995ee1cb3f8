"""What every rule has, whatever it does."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")

LONGEST = 86_400.0
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Seconds = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]
Times = Annotated[int, Field(ge=1)] | Literal["always"]


def _several(value: Any) -> Any:
    """One value is a list of one."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Several = Annotated[tuple[T, ...], BeforeValidator(_several)]


class Rule(BaseModel):
    """A rule.

    :param name: tells it from others, in the listing and to chance; by default its kind and a number.
    :param job: id of a job or of its instance, or the job's name; a pattern such as ``shop-*``. Any by
        default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    job: Annotated[str, Field(min_length=1)] | None = None

    def concerns(self, names: Iterable[str]) -> bool:
        """Whether one of these names is the job's that is meant."""
        pattern = self.job
        return pattern is None or any(fnmatchcase(name, pattern) for name in names)


def spent(times: Times, struck: int) -> bool:
    """Whether a rule has done all it was to do."""
    return times != "always" and struck >= times
