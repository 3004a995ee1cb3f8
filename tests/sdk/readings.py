"""Reading one job by every action of either generation that tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.sdk.callers import REGION
from tests.sdk.excuses import Fields, items
from tests.sdk.run import Reply, Run
from tests.sdk.words import TAG

PATIENCE = 15.0
"""Seconds that a job may take to come into the state that is to be read."""


def row(run: Run, kind: str, instance_id: str, lacks: Fields, **more: Any) -> Reply:
    """The job's row of DescribeDtsJobs."""
    asked = {"Region": REGION, "JobType": kind, "Type": "instance", "Params": instance_id}
    return run("DescribeDtsJobs", asked, lacks, **more)["DtsJobList"][0]


def shows(status: str, **fields: str) -> Callable[[Reply], bool]:
    """Whether a listing shows the job in this state."""

    def so(reply: Reply) -> bool:
        found = reply["DtsJobList"][0]
        wanted = {"Status": status, **fields}
        return all(str(found.get(name)) == value for name, value in wanted.items())

    return so


def phase(run: Run, job_id: str, code: str, *, failed: bool = False) -> Reply:
    asked = {"DtsJobId": job_id, "JobCode": code, "StructType": "before"}
    return run("DescribePreCheckStatus", asked, items(code, failed=failed))


def migration(
    run: Run, name: str, instance_id: str, lacks: Fields, more: Mapping[str, Fields], **how: Any
) -> None:
    """A migration.

    :param name: of the job, to find it by.
    :param lacks: what no reading has; `more` is by action.
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
        more,
        **how,
    )


def synchronization(
    run: Run, name: str, instance_id: str, lacks: Fields, more: Mapping[str, Fields], **how: Any
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
        more,
        **how,
    )


def _each(
    run: Run,
    asked: Mapping[str, Mapping[str, Any]],
    lacks: Fields,
    more: Mapping[str, Fields],
    **how: Any,
) -> None:
    for action, parameters in asked.items():
        run(action, parameters, lacks | more.get(action, frozenset()), **how)
