"""From what a caller configured to what the data plane is told."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_dts.emulator.dataplane import JobSpec
from airflow_dts.emulator.jobs import Job, Side
from airflow_dts.emulator.lifecycle import JobType
from airflow_dts.emulator.options import Options


class Unbound(Exception):
    """An endpoint stands for no database here; the text gives the remedy.

    :param side: ``source`` or ``destination``.
    """

    def __init__(self, side: str, names: tuple[str, ...]) -> None:
        known = " or ".join(names) or "an instance id or host:port"
        self.side = side
        self.reason = f"The {side} {known} is bound to no database of this emulator."
        self.repair = f"Start the emulator with --bind {names[0] if names else 'NAME'}=sqlite:///DIRECTORY."
        super().__init__(f"{self.reason} {self.repair}")


def url_of(side: str, end: Side, bindings: Mapping[str, str]) -> str:
    """The data plane's URL of one end. Raises Unbound."""
    for name in end.names:
        if name in bindings:
            return bindings[name]
    raise Unbound(side, end.names)


def spec_of(job: Job, bindings: Mapping[str, str], options: Options) -> JobSpec:
    """The job for the data plane. Raises Unbound.

    A subscription has no target: its spec names the source twice, which serves to check the source.
    """
    source = url_of("source", job.source, bindings)
    subscribes = job.type is JobType.SUBSCRIBE
    return JobSpec(
        job_id=job.id,
        source=source,
        target=source if subscribes else url_of("destination", job.target, bindings),
        objects=job.objects,
        structure=job.structure,
        full_load=job.full_load,
        incremental=job.incremental,
        target_table_mode=_target_table_mode(job),
        start_at=job.start_at,
        rows_per_second=options.rows_per_second,
        apply_delay=options.apply_delay,
        partner=job.partner,
        way_back=job.reverse,
    )


def _target_table_mode(job: Job) -> str:
    if "CHECK_SAME_OBJ" in job.skipped:  # whoever skips the check accepts the tables that are there
        return "2"
    return str(job.reserve.get("targetTableMode") or "0")
