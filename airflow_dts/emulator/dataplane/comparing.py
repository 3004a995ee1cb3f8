"""Compares source and target row by row."""

from __future__ import annotations

from airflow_dts.emulator.dataplane.base import Server
from airflow_dts.emulator.dataplane.objects import DatabasePlan, select_databases, select_tables
from airflow_dts.emulator.dataplane.registry import open_server
from airflow_dts.emulator.dataplane.spec import Comparison, JobSpec, Sample, TableComparison
from airflow_dts.emulator.dataplane.sqlite.compare import compare_databases
from airflow_dts.emulator.dataplane.sqlite.server import SqliteServer


def compare(spec: JobSpec, limit: int = 20) -> Comparison:
    """See `dataplane.compare`."""
    source, target = open_server(spec.source), open_server(spec.target)
    if not isinstance(source, SqliteServer) or not isinstance(target, SqliteServer):
        raise ValueError("only SQLite can be compared with SQLite")  # noqa: TRY004 - the URL is wrong, no type
    tables: list[TableComparison] = []
    samples: list[Sample] = []
    for plan in _plans(spec, source):
        counted, found = compare_databases(
            source.path_of(plan.source), target.path_of(plan.target), plan, limit - len(samples)
        )
        tables += counted
        samples += found
    return Comparison(tuple(tables), tuple(samples))


def _plans(spec: JobSpec, source: Server) -> list[DatabasePlan]:
    """Raises ValueError when the object list does not fit the source."""
    selection = select_databases(spec.objects, source.databases())
    plans = []
    problems = list(selection.problems)
    for database, target, entry in selection.databases:
        reading = source.open_source(database, spec.job_id)
        try:
            plan = select_tables(database, target, entry, reading.look()[1])
        finally:
            reading.close()
        problems += plan.problems
        plans.append(plan)
    if problems:
        raise ValueError("; ".join(problems))
    return plans
