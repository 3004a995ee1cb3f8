"""Moves rows between databases: structure, full load, increments. Knows nothing of HTTP or of job statuses.

Light to import: each function loads the rest when it is called. The mover itself is a process of its own,
``python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE``.
"""

from __future__ import annotations

from airflow_dts.emulator.dataplane.spec import (
    CheckItem,
    Comparison,
    DdlItem,
    JobSpec,
    PhaseProgress,
    Progress,
    Sample,
    TableComparison,
    TableProgress,
)

__all__ = [
    "CheckItem",
    "Comparison",
    "DdlItem",
    "JobSpec",
    "PhaseProgress",
    "Progress",
    "Sample",
    "TableComparison",
    "TableProgress",
    "check_url",
    "compare",
    "release",
]


def check_url(url: str) -> None:
    """Raise ValueError, with the remedy, unless `url` names a usable server (see `JobSpec.source`)."""
    from airflow_dts.emulator.dataplane import registry

    registry.check_url(url)


def compare(spec: JobSpec, limit: int = 20) -> Comparison:
    """Compare every selected row, exactly; `limit` bounds the samples, not the counts.

    Raises ValueError when the object list does not fit the source.
    """
    from airflow_dts.emulator.dataplane import comparing

    return comparing.compare(spec, limit)


def release(spec: JobSpec) -> None:
    """Drop what the job left behind on both sides: checkpoints, then triggers and log tables.

    Moved rows stay, and the next run of the job starts from nothing. What cannot be reached any more has
    nothing to drop. May be called again and again. Raises BusyJob while a mover of the job is running, and
    MoverError, after having released all others, naming each database that would not let go.
    """
    from airflow_dts.emulator.dataplane import releasing

    releasing.release(spec)
