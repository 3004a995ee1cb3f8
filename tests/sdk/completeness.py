"""Whether a reply fills every field that the vendor has and the emulator has something for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WHEN_WRONG = {"ErrCode", "ErrMessage", "ErrorMessage", "RepairMethod", "DynamicCode"}
"""Fields that are only filled when something failed."""
NOT_HELD = {
    # Nobody reads from a subscription here, and nothing keeps its data.
    "BeginTimestamp", "EndTimestamp", "ConsumptionClient", "SubscriptionHost", "ConsumptionCheckpoint",
    # How long one table took is not measured.
    "MigrationTime", "UsedTime",
    # Addresses of cloud instances, the database of engines that want one, the SID of an Oracle.
    "IP", "Port", "DatabaseName", "OracleSID", "oracleSID",
    # Only of prepaid instances, of two-way ones, and while more is left.
    "ExpireTime", "NextToken",
}  # fmt: skip
"""Fields that the emulator has nothing to say in, for the jobs below."""


def blanks(model: Any) -> Iterator[str]:
    """Wire names of what came back empty, at any depth."""
    for name, value in model.to_map().items():
        yield from _blanks(name, value)


def _blanks(name: str, value: Any) -> Iterator[str]:
    if value in (None, "", [], {}):
        yield name
    elif isinstance(value, list):
        for each in value:
            yield from _blanks(name, each)
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield from _blanks(inner, each)


def known(model: type[Any], reply: Any) -> None:
    """Everything the SDK's model has a field for is there, but for what nobody could know."""
    said = reply.to_map()
    missing = {name for name in wire_names(model) if name not in said}
    missing |= set(blanks(reply))
    assert missing <= WHEN_WRONG | NOT_HELD, f"{model.__name__}: empty: {missing - WHEN_WRONG - NOT_HELD}"


def wire_names(model: type[Any]) -> set[str]:
    """The fields of a model by their wire names, as the SDK itself writes them."""
    names: set[str] = set()
    for name in vars(model()):
        lone = model()
        setattr(lone, name, _Anything())
        names |= set(lone.to_map())
    return names


class _Anything(list[Any]):
    """Stands for a value of any kind, also one that is written out in turn."""

    def to_map(self) -> dict[str, Any]:
        return {}


def rich(reply: Any) -> None:
    """`known`, for the reply and every part of it that the SDK has a model of."""
    known(type(reply), reply)
    for part in _parts(reply):
        known(type(part), part)


def _parts(model: Any) -> Iterator[Any]:
    for value in vars(model).values():
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, "to_map"):
                yield each
                yield from _parts(each)
