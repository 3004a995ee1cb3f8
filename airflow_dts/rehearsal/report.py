"""What a rehearsal shows: a live view while it runs, and two tables at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

    from airflow_dts.emulator.dataplane import Comparison
    from airflow_dts.rehearsal.airflow import TaskRun
    from airflow_dts.rehearsal.emulated import Call

_PHASES = {"structure": "structure", "full_load": "full load", "incremental": "incremental"}
_LINE_EVERY = 2.0
_COLOURS = {"success": "green", "failed": "red", "upstream_failed": "red"}


class Screen:
    """Shows how jobs get on. On a terminal it redraws; elsewhere it prints a line every two seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        )
        self._last_line = 0.0

    def __enter__(self) -> Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def show(self, tasks: list[TaskRun], jobs: list[dict[str, Any]]) -> None:
        if self._live:
            self._live.update(Group(_headline(tasks), *(_job_view(job) for job in jobs)))
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            self.say("; ".join([_headline(tasks).plain, *(_job_line(job) for job in jobs)]))


def _headline(tasks: list[TaskRun]) -> Text:
    if not tasks:
        return Text("Airflow is starting")
    done = sum(task.over for task in tasks)
    now = ", ".join(f"{task.task_id} ({task.state})" for task in tasks if task.started and not task.over)
    return Text(f"{done} of {len(tasks)} tasks done, now: {now or '-'}")


def _delay(progress: dict[str, Any]) -> str:
    return "delay unknown" if progress["delay_ms"] < 0 else f"delay {progress['delay_ms'] / 1000:.1f} s"


def _job_view(job: dict[str, Any]) -> Progress:
    progress = job["progress"]
    view = Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    for key, name in _PHASES.items():
        phase = progress[key]
        note = phase["state"]
        if key == "full_load" and phase["state"] == "Migrating":
            note += f", {progress['rows_per_second']:,.0f} rows/s"
        if key == "incremental":
            note += f", {_delay(progress)}, job {job['status']}"
        view.add_task(
            name, completed=phase["done"], total=max(phase["total"], phase["done"]) or None, note=note
        )
    return view


def _job_line(job: dict[str, Any]) -> str:
    progress = job["progress"]
    begun = [key for key in _PHASES if progress[key]["state"] != "NotStarted"]
    if not begun:
        return f"job {job['status']}"
    phase = progress[begun[-1]]
    return (
        f"job {job['status']}: {_PHASES[begun[-1]]} {phase['state']} {phase['percent']} %"
        f" ({phase['done']:,} of {max(phase['total'], phase['done']):,}),"
        f" {progress['rows_per_second']:,.0f} rows/s, {_delay(progress)}"
    )


def task_table(tasks: list[TaskRun], calls: list[Call]) -> Table:
    """Tasks with their times, and the API calls made while each ran."""
    table = Table(title="Tasks")
    for name, side in (("task", "left"), ("state", "left"), ("seconds", "right"), ("API calls", "right")):
        table.add_column(name, justify="right" if side == "right" else "left")
    for task in sorted(tasks, key=lambda task: task.started or float("inf")):
        made: dict[str, int] = {}
        for call in calls:
            if task.started and task.started <= call.at <= (task.ended or float("inf")):
                made[call.action] = made.get(call.action, 0) + 1
        seconds = f"{task.ended - task.started:.1f}" if task.started and task.ended else "-"
        words = ", ".join(f"{action} {count}" for action, count in made.items())
        table.add_row(task.task_id, Text(task.state, _COLOURS.get(task.state, "")), seconds, words or "-")
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Source against target, row by row."""
    table = Table(title="Source against target, row by row")
    table.add_column("table")
    for name in ("source rows", "target rows", "missing", "extra", "changed"):
        table.add_column(name, justify="right")
    for row in comparison.tables:
        counts = (row.rows_source, row.rows_target, row.missing, row.extra, row.changed)
        table.add_row(f"{row.database}.{row.table}", *(f"{count:,}" for count in counts))
    return table
