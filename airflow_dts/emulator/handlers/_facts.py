"""A job in the words of the replies: shared by the listing, the detail and the phases."""

from __future__ import annotations

import json
import math
from typing import Any

from airflow_dts.api.readings import Endpoint, MigrationMode, SourceEndpoint
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.dataplane import PhaseProgress, Progress
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.movers import ProgressBook

_MEGABYTE = 1024 * 1024
_SILENT = 5.0
"""Seconds after which a mover that says nothing counts as hanging: the delay then grows by itself."""
_FOLLOWING = frozenset({Status.MIGRATING, Status.SYNCHRONIZING, Status.RETRYING})
_ENGINES = {"MYSQL": "MySQL", "POSTGRESQL": "PostgreSQL", "POLARDB": "PolarDB", "ORACLE": "Oracle"}


def shown_status(job: Job, now: float) -> Status:
    """What readers see; after a reset perhaps, for a while, the failed precheck of the job's former life."""
    if job.stale_status is not None and now < job.stale_until:
        return job.stale_status
    return job.status


def delay(job: Job, book: ProgressBook) -> int:
    """Milliseconds for a migration, seconds for any other job; -1 before the increments begin."""
    return (delay_millis if job.type is JobType.MIGRATION else delay_seconds)(job, book)


def delay_seconds(job: Job, book: ProgressBook) -> int:
    """-1 before the increments begin."""
    milliseconds = delay_millis(job, book)
    return milliseconds if milliseconds < 0 else math.ceil(milliseconds / 1000)


def delay_millis(job: Job, book: ProgressBook) -> int:
    """-1 before the increments begin."""
    milliseconds = book.shown(job.id).delay_ms
    if milliseconds < 0:
        return -1
    silence = book.silence(job.id)
    if job.status in _FOLLOWING and silence > _SILENT:
        milliseconds += int(silence * 1000)
    return milliseconds


def checkpoint(job: Job, book: ProgressBook) -> int:
    """Unix seconds up to which the target has every change; 0 unknown."""
    return book.shown(job.id).checkpoint or job.start_at or 0


def phase(progress: PhaseProgress) -> dict[str, Any]:
    """The fields of a phase (`Phase`)."""
    return {
        "status": progress.state,
        "percent": progress.percent,
        "progress": str(progress.done),
        "error_message": progress.error,
    }


def megabytes(progress: Progress) -> float:
    """Traffic in MB/s."""
    return round(progress.bytes_per_second / _MEGABYTE, 3)


def facts(job: Job, book: ProgressBook, now: float) -> dict[str, Any]:
    """The fields that every reading of a job has (`JobFacts`)."""
    return {
        "dts_job_id": job.id,
        "dts_instance_id": job.instance_id,
        "dts_job_name": job.name,
        "dts_job_class": job.job_class,
        "status": shown_status(job, now),
        "error_message": job.trouble,
        "delay": delay(job, book),
        "checkpoint": checkpoint(job, book),
        "create_time": utc(job.created),
        "pay_type": job.pay_type,
        "db_object": _objects(job),
        "reserved": json.dumps(job.reserve, ensure_ascii=False, separators=(",", ":")),
        "migration_mode": MigrationMode(
            structure_initialization=job.structure,
            data_initialization=job.full_load,
            data_synchronization=job.incremental,
        ),
        "source_endpoint": SourceEndpoint(**end(job.source)),
        "destination_endpoint": Endpoint(**end(job.target)),
        **({"expire_time": utc(job.expires)} if job.expires else {}),
        **({"dts_job_direction": direction(job)} if job.partner else {}),
    }


def direction(job: Job) -> str:
    """``Forward`` or ``Reverse``."""
    return "Reverse" if job.reverse else "Forward"


def _objects(job: Job) -> str:
    marked = {name: {**entry, "state": "normal"} for name, entry in job.objects.items()}
    return json.dumps(marked, ensure_ascii=False, separators=(",", ":"))


def end(side: Side) -> dict[str, Any]:
    """The fields of an endpoint (`Endpoint`)."""
    return {
        "instance_type": side.instance_type,
        "instance_id": side.instance_id,
        "engine_name": _ENGINES.get(side.engine.upper(), side.engine),
        "region": side.region,
        "ip": side.ip,
        "port": side.port or None,
        "database_name": side.database,
        "user_name": side.user,
        "oracle_sid": side.oracle_sid,
        "ssl_solution_enum": "DISABLE",
    }
