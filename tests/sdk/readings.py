"""Reading one job by every action of either generation that tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.sdk.callers import REGION, Parameters
from tests.sdk.excuses import Fields, items
from tests.sdk.run import Reply, Run
from tests.sdk.words import TAG

_OF_OBJECTS: Final = ("DescribeMigrationJobDetail", "DescribeInitializationStatus")
PATIENCE: Final = 10.0
"""Seconds that a job which changes by itself may take to come into the state that is to be read."""


def row(
    run: Run, kind: str, instance_id: str, lacks: Fields, until: Callable[[Reply], bool] = lambda _: True
) -> None:
    """The job in the listing of the newer API."""
    asked = {"Region": REGION, "JobType": kind, "Type": "instance", "Params": instance_id}
    run("DescribeDtsJobs", asked, lacks, until=until, patience=PATIENCE)


def shows(status: str, **fields: str) -> Callable[[Reply], bool]:
    """Whether a listing shows the job in this state."""

    def so(reply: Reply) -> bool:
        found = reply["DtsJobList"][0]
        wanted = {"Status": status, **fields}
        return all(str(found.get(name)) == value for name, value in wanted.items())

    return so


def phase(run: Run, job_id: str, code: str, *, failed: bool = False) -> Reply:
    """One phase of the job, item by item."""
    asked = {"DtsJobId": job_id, "JobCode": code, "StructType": "before"}
    return run("DescribePreCheckStatus", asked, items(code, failed=failed), patience=PATIENCE)


def phases(run: Run, job_id: str) -> None:
    """All of them, of a job that is well, and their objects counted."""
    for code in ("01", "02", "03", "04"):
        phase(run, job_id, code)
    for code in ("02", "03"):
        asked = {"DtsJobId": job_id, "JobCode": code, "SynchronizationDirection": "Forward"}
        run("SummaryJobDetail", asked)


def migration(
    run: Run, name: str, instance_id: str, lacks: Fields, objects_lack: Fields = frozenset()
) -> None:
    """A migration, but for its row.

    :param name: of the job, to find it by.
    :param objects_lack: what the reading of its objects lacks besides.
    """
    _each(
        run,
        {
            "DescribeDtsJobDetail": {"DtsJobId": instance_id.removeprefix("dts")},
            "DescribeMigrationJobs": {"MigrationJobName": name, "Tag": [TAG]},
            "DescribeMigrationJobStatus": {"MigrationJobId": instance_id},
            "DescribeMigrationJobDetail": {
                "MigrationJobId": instance_id,
                "MigrationMode.StructureInitialization": True,
                "MigrationMode.DataInitialization": True,
                "MigrationMode.DataSynchronization": True,
            },
        },
        lacks,
        objects_lack,
    )


def synchronization(
    run: Run, name: str, instance_id: str, lacks: Fields, objects_lack: Fields = frozenset()
) -> None:
    """The same of a synchronization."""
    one = {"SynchronizationJobId": instance_id}
    _each(
        run,
        {
            "DescribeDtsJobDetail": {"DtsJobId": instance_id.removeprefix("dts")},
            "DescribeSynchronizationJobs": {"SynchronizationJobName": name, "Tag": [TAG]},
            "DescribeSynchronizationJobStatus": one,
            "DescribeSynchronizationJobStatusList": {"SynchronizationJobIdListJsonStr": [instance_id]},
            "DescribeInitializationStatus": one,
        },
        lacks,
        objects_lack,
    )


def _each(run: Run, asked: Mapping[str, Parameters], lacks: Fields, objects_lack: Fields) -> None:
    for action, parameters in asked.items():
        more = objects_lack if action in _OF_OBJECTS else frozenset()
        run(action, parameters, lacks | more, patience=PATIENCE)
