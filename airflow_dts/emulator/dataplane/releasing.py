"""Who holds a job, and letting go of everything it keeps in its databases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

from airflow_dts.emulator.dataplane.base import BusyJob, MoverError, Server, Source, Target
from airflow_dts.emulator.dataplane.pairing import Turns
from airflow_dts.emulator.dataplane.process import Stop
from airflow_dts.emulator.dataplane.registry import open_server
from airflow_dts.emulator.dataplane.spec import JobSpec

_LEASE_SECONDS = 30.0


def lease(server: Server, job_id: str, stop: Stop) -> ExitStack:
    """The job's lease, waiting a while for a mover that is about to leave. Raises BusyJob."""
    stack = ExitStack()
    end = time.monotonic() + _LEASE_SECONDS
    while True:
        try:
            stack.enter_context(server.lease(job_id))
        except BusyJob:
            if time.monotonic() > end:
                raise
        else:
            return stack
        if stop.wait(0.1):
            return stack


def release(spec: JobSpec) -> None:
    """See `dataplane.release`."""
    source, target = open_server(spec.source), open_server(spec.target)
    with ExitStack() as stack:
        if not target.problem(writable=False) and not target.problem(writable=True):
            stack.enter_context(lease(target, spec.job_id, Stop()))
        # Checkpoints first: the next run must not go on where this one stood, whatever becomes of the rest.
        problems = [
            *_each(target, "target", spec.job_id, target.open_target),
            *_each(
                source,
                "source",
                spec.job_id,
                lambda name: source.open_source(name, spec.job_id, spec.partner),
            ),
        ]
        if spec.partner:
            Turns(spec).tidy()
    if problems:
        raise MoverError("; ".join(problems))


def _each(
    server: Server, side: str, job_id: str, open_database: Callable[[str], Source | Target]
) -> Iterator[str]:
    """Release every database of one side, and tell which would not let go."""
    if server.problem(writable=False):
        return
    for name in server.databases():
        if not server.is_database(name):
            continue
        try:
            with closing(open_database(name)) as database:
                database.release(job_id)
        except Exception as error:  # whatever is wrong with one database, the others are released
            yield f"{side} database {name!r} still holds traces of the job: {error}"
