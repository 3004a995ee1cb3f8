"""The seed's current actions as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CATALOG: dict[str, Any] = json.loads((Path(__file__).parent / "current.json").read_text())
ENTRIES: dict[str, dict[str, Any]] = {entry["action"]: entry for entry in CATALOG["actions"]}
every_action = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
