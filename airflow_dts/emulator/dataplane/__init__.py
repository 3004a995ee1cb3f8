"""Moves rows between databases: structure, full load, increments. Knows nothing of HTTP or of job statuses.

Light to import: each function loads the rest when it is called. The mover itself is a process of its own,
``python -m airflow_dts.emulator.dataplane SPEC_FILE PROGRESS_FILE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from airflow_dts.emulator.dataplane.looking import Reach

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
    "catalog",
    "check_url",
    "compare",
    "reach",
    "release",
]


def check_url(url: str) -> None:
    """Raise ValueError, with the remedy, unless `url` names a usable server (see `JobSpec.source`)."""
    from airflow_dts.emulator.dataplane import registry

    registry.check_url(url)


def reach(url: str, *, writable: bool, database: str = "") -> Reach:
    """Try a server and its databases, also those of a job that does not exist yet.

    :param writable: they have to be writable too.
    :param database: one that has to be there; all there are when left out.
    """
    from airflow_dts.emulator.dataplane import looking

    return looking.reach(url, writable=writable, database=database)


def catalog(url: str) -> dict[str, dict[str, list[str]]]:
    """Database -> table -> columns. A database that cannot be opened is passed over.

    Raises ValueError, with the remedy, when the server cannot be reached.
    """
    from airflow_dts.emulator.dataplane import looking

    return looking.catalog(url)


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
