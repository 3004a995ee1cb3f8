"""From a job ID to a snapshot: one call per reading, once it is known where the job is listed.

The phases of a job are only in ``DescribeDtsJobs``, which filters by instance, not by job, and shows one type
of job at a time. So the instance is asked for once (``DescribeDtsJobDetail``), the type is found once by
trying, and both are remembered. What comes back is not trusted to be what was asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_dts.errors import BadReply, BadRequest, ConfigError, JobNotFound
from airflow_dts.job import JobSnapshot
from airflow_dts.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_dts.api.readings import DescribeDtsJobDetailReply, DescribeDtsJobsReply, DtsJobStatus

JOB_TYPES = ("MIGRATION", "SYNC", "SUBSCRIBE")
PAGE_SIZE = 30
"""The only size that both the seed (30, 50, 100) and the public cloud (10, 20, 30) take."""
MOST_PAGES = 200
"""Where to stop paging, whatever the service says about its pages."""
FEW_PAGES = 3
"""The same for one instance, which has few jobs."""
CLOCKS_DIFFER = timedelta(minutes=5)
_SAID = {"online": "MIGRATION", "migration": "MIGRATION", "sync": "SYNC", "subscribe": "SUBSCRIBE"}
"""How the public cloud names a row's type."""


class Place(NamedTuple):
    """Where a job is listed."""

    instance_id: str
    job_type: str


class JobReader:
    """Reads jobs of one region and remembers where each is listed.

    :param call: sends an action and returns its reply
    :param region_id: region to list
    """

    def __init__(self, call: Callable[[Any], Any], region_id: str) -> None:
        self._call, self._region_id = call, region_id
        self._places: dict[str, Place] = {}
        self._heirs: dict[str, str] = {}
        self._filters = True

    def read(self, job_id: str, direction: str = "Forward", instance_id: str = "") -> JobSnapshot:
        """Read a job, or the one that has taken its place.

        :param instance_id: follow the job when a reset replaces it in its instance (seed 6.4.10)
        :raises JobNotFound: when the service says so
        :raises BadReply: for a reply that cannot be read
        """
        from airflow_dts.api._base import Unreadable

        try:
            return self._read(self.current(job_id), direction, instance_id)
        except Unreadable as fault:  # replies are typed where they are touched, after the call has returned
            raise BadReply("DescribeDtsJobs", str(fault)) from None

    def _read(self, job_id: str, direction: str, instance_id: str) -> JobSnapshot:
        try:
            return self._known(job_id, direction) or self._find(job_id, direction)
        except JobNotFound:
            heir = self._heir(instance_id, job_id) if instance_id else None
            if heir is None:
                raise
            return heir

    def unconfigured(self, job_type: str, since: datetime | None) -> list[str]:
        """IDs of jobs that nobody has configured, made at ``since`` or later, or at a time not told."""
        oldest = since - CLOCKS_DIFFER if since else datetime.min.replace(tzinfo=UTC)
        return [
            row.dts_job_id
            for row in self._pages(job_type, MOST_PAGES, status=State.NOT_CONFIGURED.value)
            if State.of(row.status) is State.NOT_CONFIGURED and (row.create_time or oldest) >= oldest
        ]

    def current(self, job_id: str) -> str:
        """ID under which ``job_id`` was last found."""
        return self._heirs.get(job_id, job_id)

    def _known(self, job_id: str, direction: str) -> JobSnapshot | None:
        place = self._places.get(job_id)
        if place is None:
            return None
        if row := self._row(job_id, place):
            return _snapshot(row, place.job_type, job_id, direction)
        del self._places[job_id]
        return None

    def _heir(self, instance_id: str, old: str) -> JobSnapshot | None:
        for job_type in JOB_TYPES:
            for row in self._rows(Place(instance_id, job_type)):
                ours = row.dts_instance_id == instance_id and _is_of(row, job_type)
                if ours and row.dts_job_id not in ("", old):
                    self._heirs[old] = row.dts_job_id
                    self._places[row.dts_job_id] = Place(instance_id, job_type)
                    return JobSnapshot.from_listing(row, job_type)
        return None

    def _find(self, job_id: str, direction: str) -> JobSnapshot:
        from airflow_dts.api.readings import DescribeDtsJobDetail

        detail: DescribeDtsJobDetailReply = self._call(DescribeDtsJobDetail(dts_job_id=job_id))
        for job_type in JOB_TYPES:
            place = Place(detail.dts_instance_id, job_type)
            if row := self._row(job_id, place):
                self._places[job_id] = place
                return _snapshot(row, job_type, job_id, direction)
        return _from_detail(detail, job_id)

    def _row(self, job_id: str, place: Place) -> DtsJobStatus | None:
        for row in self._rows(place):
            if job_id in (row.dts_job_id, row.reverse_job.dts_job_id) and _is_of(row, place.job_type):
                return row
        return None

    def _rows(self, place: Place) -> Iterator[DtsJobStatus]:
        """Rows until the pages end; a filter that is refused is not tried again."""
        if self._filters and place.instance_id:
            try:
                yield from self._pages(place.job_type, FEW_PAGES, type="instance", params=place.instance_id)
            except BadRequest:
                self._filters = False
            else:
                return
        yield from self._pages(place.job_type, MOST_PAGES)

    def _pages(self, job_type: str, most: int, **filters: str) -> Iterator[DtsJobStatus]:
        from airflow_dts.api.readings import DescribeDtsJobs

        seen: set[str] = set()
        for number in range(1, most + 1):
            reply: DescribeDtsJobsReply = self._call(
                DescribeDtsJobs(
                    region=self._region_id,
                    job_type=job_type,
                    page_size=PAGE_SIZE,
                    page_number=number,
                    **filters,
                )
            )
            fresh = [row for row in reply.dts_job_list if row.dts_job_id not in seen]
            yield from fresh
            seen.update(row.dts_job_id for row in fresh)
            total = reply.total_record_count
            if not fresh or (total is not None and len(seen) >= total):
                return


def _is_of(row: DtsJobStatus, job_type: str) -> bool:
    """Delays come in a unit of their type, so a row of another type must not be taken for one of this."""
    return _SAID.get(row.job_type.casefold(), job_type) == job_type


def _snapshot(row: DtsJobStatus, job_type: str, job_id: str, direction: str) -> JobSnapshot:
    if not row.dts_job_id and not row.status:
        raise BadReply("DescribeDtsJobs", f"the row of job {job_id} says nothing")
    if job_id == row.reverse_job.dts_job_id and job_id != row.dts_job_id:
        direction = "Reverse"
    if direction == "Reverse" and not row.reverse_job:
        raise ConfigError(
            f"job {job_id} has no reverse half",
            field="synchronization_direction",
            remedy="use Forward, or make the synchronization two-way first",
        )
    return JobSnapshot.from_listing(row, job_type, direction)


def _from_detail(detail: DescribeDtsJobDetailReply, job_id: str) -> JobSnapshot:
    """A state to judge by is all the detail gives: no phases, and a delay whose unit is unknown."""
    if detail.dts_job_id != job_id or not detail.status:
        raise BadReply(
            "DescribeDtsJobDetail",
            f"answered about job {detail.dts_job_id or 'without ID'}, state {detail.status or 'not given'}, "
            f"when asked about {job_id}, which no listing of this region shows",
        )
    return JobSnapshot(
        job_id=job_id,
        status=detail.status,
        job_type="",
        instance_id=detail.dts_instance_id,
        name=detail.dts_job_name,
        pay_type=detail.pay_type,
        instance_class=detail.dts_job_class,
        expires=detail.expire_time,
        error=detail.error_message,
    )
