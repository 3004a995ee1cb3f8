"""What the emulator serves."""

from __future__ import annotations

from airflow_dts.api.actions import ACTIONS
from airflow_dts.emulator.coverage import as_text, coverage
from airflow_dts.emulator.served import SERVED


def test_every_current_action_is_served() -> None:
    current = {name for name, action in ACTIONS.items() if action.generation == "current"}
    assert len(current) >= 33
    assert {line.action for line in coverage() if line.action in current and not line.emulated} == set()


def test_the_table_counts_what_it_shows() -> None:
    *rows, last = as_text().splitlines()[1:]
    assert len(rows) == len(SERVED) >= len(ACTIONS)
    assert last == f"{sum(row.endswith(' yes') for row in rows)} of {len(rows)} actions"
