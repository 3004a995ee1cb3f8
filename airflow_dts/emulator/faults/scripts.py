"""Rules in a file, or in the body of a call: read strictly, and refused by the name of the field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_dts.emulator.faults.calls import (
    ExpiredToken,
    ProxyPage,
    Reset,
    ServerError,
    Slow,
    Throttled,
    Truncated,
)
from airflow_dts.emulator.faults.jobs import (
    Delay,
    FullLoadFails,
    Locked,
    PrecheckFails,
    Retrying,
    StaleAfterReset,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

OfCalls = Throttled | ServerError | Slow | Reset | Truncated | ProxyPage | ExpiredToken
OfJobs = PrecheckFails | FullLoadFails | Retrying | Delay | Locked | StaleAfterReset
Fault = OfCalls | OfJobs


class BadScript(ValueError):
    """The text names the field that is wrong, and says why."""


class Script(BaseModel):
    """Rules, in the order in which they are asked.

    :param seed: of all chance in them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    faults: tuple[Annotated[Fault, Field(discriminator="kind")], ...] = ()


def read_script(path: Path) -> Script:
    """Rules in a file, TOML when it is called so, else JSON. Raises BadScript."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadScript(f"{path}: {error}") from None
    try:
        return _script(tomllib.loads(text)) if path.suffix.casefold() == ".toml" else parse_script(text)
    except ValueError as error:
        raise BadScript(f"{path}: {error}") from None


def parse_script(text: str | bytes) -> Script:
    """Rules in JSON: a whole script, or one rule alone. Raises BadScript."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadScript(f"it is no JSON: {error}") from None
    return _script({"faults": [given]} if isinstance(given, Mapping) and "kind" in given else given)


def _script(given: Any) -> Script:
    try:
        # In JSON, strict checks take a list for a tuple and no text for a number.
        return Script.model_validate_json(json.dumps(given, default=str), strict=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        raise BadScript("; ".join(_complaint(each) for each in wrong)) from None


def _complaint(wrong: ErrorDetails) -> str:
    """Such as ``faults[1].nth: Input should be greater than or equal to 1``."""
    place = _place(wrong["loc"])
    if wrong["type"].startswith("union_tag"):
        place, why = f"{place}.kind", f"give one of {_KINDS}"
    else:
        why = wrong["msg"].removeprefix("Value error, ")
    return f"{place}: {why}" if place else why


def _place(path: tuple[int | str, ...]) -> str:
    steps = list(path)
    if steps[:1] == ["faults"]:
        del steps[2:3]  # the kind, by which the rule's own fields were chosen
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


_KINDS = ", ".join(each.model_fields["kind"].default for each in Fault.__args__)
