"""The seed's actions as data: the current generation and the older one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_HERE / name).read_text())
    return found


CATALOG = _read("current.json")
LEGACY_CATALOG = _read("legacy.json")


def _with_conditions() -> dict[str, dict[str, Any]]:
    """The older actions; their conditions, prose in the catalog, are said once more as data beside it."""
    entries = {entry["action"]: entry for entry in LEGACY_CATALOG["actions"]}
    for path in sorted((_HERE / "conditions").glob("*.json")):
        for action, conditions in json.loads(path.read_text()).items():
            parameters = {parameter["name"]: parameter for parameter in entries[action]["request"]}
            for name, condition in conditions.items():
                parameters[name]["required_when"] = condition
    return entries


CURRENT: dict[str, dict[str, Any]] = {entry["action"]: entry for entry in CATALOG["actions"]}
LEGACY = _with_conditions()
ENTRIES = CURRENT | LEGACY
every_action = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
