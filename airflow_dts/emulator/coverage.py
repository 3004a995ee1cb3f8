"""Which of the API's actions the emulator serves."""

from __future__ import annotations

from typing import NamedTuple

from airflow_dts.emulator.handlers import HANDLERS
from airflow_dts.emulator.served import SERVED


class Line(NamedTuple):
    """One action, and whether it is emulated."""

    action: str
    section: str
    emulated: bool


def coverage() -> list[Line]:
    """Every action, in the order of the seed's sections."""
    lines = [Line(name, action.section, name in HANDLERS) for name, action in SERVED.items()]
    return sorted(lines, key=lambda line: ([int(part) for part in line.section.split(".")], line.action))


def as_text() -> str:
    """The table, for people."""
    lines = coverage()
    width = max(len(line.action) for line in lines)
    rows = [f"{line.section:<10} {line.action:<{width}} {'yes' if line.emulated else 'no'}" for line in lines]
    done = sum(line.emulated for line in lines)
    return "\n".join(
        [f"{'section':<10} {'action':<{width}} emulated", *rows, f"{done} of {len(lines)} actions"]
    )
