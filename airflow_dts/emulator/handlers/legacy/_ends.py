"""Endpoints, classes and engines between the words of the two generations.

Jobs keep the current words, so that either generation reads what the other wrote. A subscription's kinds of
source are spelled alike in both.
"""

from __future__ import annotations

from typing import Any, Final

from airflow_dts.emulator import passwords
from airflow_dts.emulator.handlers._facts import end
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType

_INSTANCE_TYPES: Final = {
    "LocalInstance": "OTHER",
    "Express": "EXPRESS",
    "dg": "DG",
    "cen": "CEN",
    "MongoDB": "MONGODB",
    "Redis": "REDIS",
    "AnalyticDB": "ADS",
    "Greenplum": "GREENPLUM",
    "DataHub": "DATAHUB",
    "MaxCompute": "ODPS",
}
_POLARDB: Final = {"POLARDB": "PolarDB"}
"""Migrations spell it with capitals in the older API, synchronizations as the current one does."""
_ENGINES: Final = {"SQLServer": "MSSQL", "MaxCompute": "odps"}
_CLASSES: Final = {"2xlarge": "xxlarge"}
_OLDER_ENGINES = {newer: older for older, newer in _ENGINES.items()}
_OLDER_CLASSES = {newer: older for older, newer in _CLASSES.items()}
_OLDER_TYPES = {newer: older for older, newer in _INSTANCE_TYPES.items()}
_OLDER_MIGRATION_TYPES = _OLDER_TYPES | {newer: older for older, newer in _POLARDB.items()}


def newer_class(older: str) -> str:
    return _CLASSES.get(older, older)


def older_class(job: Job) -> str:
    return _OLDER_CLASSES.get(job.job_class, job.job_class)


def newer_engine(older: str | None) -> str:
    return _ENGINES.get(older or "", older or "")


def newer_type(older: str) -> str:
    return (_INSTANCE_TYPES | _POLARDB).get(older, older)


def side(action: Any, which: str, *, instance_type: str, engine: str) -> Side:
    """One end, as an older action describes it.

    :param which: ``source`` or ``destination``.
    :param instance_type: in current words.
    """

    def said(name: str) -> str:
        return str(getattr(action, f"{which}_endpoint_{name}", None) or "")

    return Side(
        instance_type=instance_type,
        instance_id=said("instance_id"),
        engine=newer_engine(said("engine_name")) or engine or "MYSQL",
        region=said("region"),
        ip=said("ip"),
        port=said("port"),
        database=said("database_name"),
        user=said("user_name"),
        oracle_sid=said("oracle_sid"),
        owner=said("owner_id"),
        role=said("role"),
        password_hash=passwords.kept(getattr(action, f"{which}_endpoint_password", None)),
    )


def older_end(job: Job, which: Side) -> dict[str, Any]:
    """The fields of an endpoint that all older readings of migrations and synchronizations have."""
    said = end(which)
    types = _OLDER_MIGRATION_TYPES if job.type is JobType.MIGRATION else _OLDER_TYPES
    return {
        "instance_type": types.get(which.instance_type, which.instance_type),
        "instance_id": said["instance_id"],
        "engine_name": _OLDER_ENGINES.get(said["engine_name"], said["engine_name"]),
        "ip": said["ip"],
        "port": said["port"],
        "user_name": said["user_name"],
    }


def entered_end(job: Job, which: Side) -> dict[str, Any]:
    """The same, and where it is entered, which the readings of migrations tell."""
    return {
        **older_end(job, which),
        "database_name": which.database,
        **({"oracle_sid": which.oracle_sid} if which.oracle_sid else {}),
    }
