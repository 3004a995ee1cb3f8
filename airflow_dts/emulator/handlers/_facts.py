"""A job in the words of the replies: shared by the listing, the detail and the phases."""

from __future__ import annotations

import json
import math
from typing import Any

from airflow_dts.api.readings import Endpoint, MigrationMode, SourceEndpoint
from airflow_dts.emulator.clock import utc
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType, Status
from airflow_dts.emulator.movers import ProgressBook

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
    milliseconds = book.shown(job.id).delay_ms
    if milliseconds < 0:
        return -1
    silence = book.silence(job.id)
    if job.status in _FOLLOWING and silence > _SILENT:
        milliseconds += int(silence * 1000)
    return milliseconds if job.type is JobType.MIGRATION else math.ceil(milliseconds / 1000)


def facts(job: Job, book: ProgressBook, now: float) -> dict[str, Any]:
    """The fields that every reading of a job has (`JobFacts`)."""
    return {
        "dts_job_id": job.id,
        "dts_instance_id": job.instance_id,
        "dts_job_name": job.name,
        "dts_job_class": job.job_class,
        "status": shown_status(job, now),
        "error_message": job.error
        or (job.retry.error if job.retry and job.status is Status.RETRYING else ""),
        "delay": delay(job, book),
        "checkpoint": book.shown(job.id).checkpoint or job.start_at or 0,
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
    }


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
