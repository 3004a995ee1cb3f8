"""Fields of replies that say nothing, and why: what no reply can hold here, and what depends on the job.

A pattern stands for the fields it matches and for all that is inside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Fields = frozenset[str]


def never(action: str) -> Fields:
    """What no reply of this action that went well can say."""
    said = _SAID_ALL_THE_SAME.get(action, frozenset())
    return (_ERRORS - said) | _NEVER.get(action, frozenset())


_ERRORS: Final = frozenset({"ErrCode", "ErrMessage", "Code", "DynamicCode", "DynamicMessage"})
"""Of the call. Refusals have a test of their own; Code and DynamicCode are announced for removal."""
_SAID_ALL_THE_SAME: Final[Mapping[str, Fields]] = {
    "DescribePreCheckStatus": frozenset({"Code"}),  # of the phase
    "DescribeDTSIP": frozenset({"DynamicMessage"}),  # the addresses
}
_DATA_KEPT: Final = ("BeginTimestamp", "EndTimestamp", "ConsumptionClient", "SubscriptionHost")
"""No proxy keeps a subscription's data, and nobody reads it."""
_NEVER: Final[Mapping[str, Fields]] = {
    "DescribeDtsJobs": frozenset(
        {
            "JobType",  # the SDK knows it in the rows only, where the seed has none
            "DtsJobList.OriginType",  # one of the console's texts, which the seed does not list
            "DtsJobList.DataEtlStatus",  # no operator is run
            *(f"DtsJobList.{name}" for name in _DATA_KEPT),
        }
    ),
    "DescribeDtsJobDetail": frozenset(_DATA_KEPT),
    "DescribePreCheckStatus": frozenset(
        {
            "SubDistributedJobStatus",  # a job has one part here
            "*DiffRow",  # announced for removal
            "*ParentObj",
            "*Logs",  # what failed is said in ErrMsg and ErrDetail
        }
    ),
    "DescribeSubscriptionMeta": frozenset({"SubscriptionMetaList.DProxyUrl"}),
    "DescribeDtsEtlJobVersionInfo": frozenset({"*.Creator", "*.CreatorName"}),  # no user has a name
    "DescribeEtlJobLogs": frozenset({"*.UserId"}),
    "DescribeMigrationJobDetail": frozenset({"*.MigrationTime"}),  # not measured
    "DescribeInitializationStatus": frozenset({"*.UsedTime"}),
    "DescribeSubscriptionInstances": frozenset(f"*SubscriptionInstance.{name}" for name in _DATA_KEPT),
    "DescribeSubscriptionInstanceStatus": frozenset(_DATA_KEPT),
    "DescribeConsumerChannel": frozenset({"*.ConsumptionCheckpoint"}),  # nobody reads
    "DescribeConsumerGroup": frozenset({"*.ConsumptionCheckpoint"}),
    "ListTagResources": frozenset({"NextToken"}),  # all fit on a page
}

# --- what depends on the job ------------------------------------------------------------------------------

ONE_WAY: Final = frozenset({"*ReverseJob", "*DtsJobDirection"})
HOURLY: Final = frozenset({"*ExpireTime", "EndTime"})
"""Only what is prepaid expires."""
NO_SUBSCRIPTION: Final = frozenset(
    {
        "*AppName", "*ConsumptionCheckpoint", "DatabaseCount", "DestNetType", "SubscribeTopic",
        "SubscriptionDataType",
    }
)  # fmt: skip
"""Only subscriptions are read from, and only they may have a distributed source."""
MOVES_NOTHING: Final = frozenset(
    {
        "*InitializationStatus", "*SynchronizationStatus", "*Performance", "EtlCalculator", "FinishTime",
        *(
            f"*DestinationEndpoint.{name}"
            for name in ("DatabaseName", "InstanceID", "InstanceType", "Ip", "OracleSID", "Port", "UserName")
        ),
    }
)  # fmt: skip
"""A subscription has no target but the engine and region it was bought with."""
CLIENT_DECIDES: Final = frozenset({"*ConsumptionCheckpoint"})
"""Clients of the newer kind say themselves where they begin."""
OLDER_KIND: Final = frozenset(
    {
        "*AppName", "DatabaseCount", "DestNetType", "*SubscribeTopic",
        "SubscriptionInstances.SubscriptionInstance.SourceEndpoint.InstanceType",
    }
)  # fmt: skip
"""A subscription without SubscriptionInstanceNetworkType."""
BOUGHT_BY_THE_OLDER_API: Final = frozenset(
    {"*DestinationEndpoint.EngineName", "*DestinationEndpoint.Region", "*DtsJobClass"}
)
"""A subscription has no class there, and nothing of a target."""
NONE_LEFT_OUT: Final = frozenset({"*TableExcludes"})
"""A list of the newer API names what is moved and nothing else."""
NO_ETL: Final = frozenset({"EtlCalculator"})
UNFINISHED: Final = frozenset({"FinishTime"})
NO_ORACLE: Final = frozenset({"*OracleSID"})
"""A synchronization of the older API is never told a SID."""
RESET: Final = frozenset(
    {
        "*.DtsJobName", "*Endpoint.DatabaseName", "*Endpoint.InstanceID", "*Endpoint.InstanceType",
        "*Endpoint.Ip", "*Endpoint.OracleSID", "*Endpoint.Port", "*Endpoint.UserName", "*ErrorMessage",
        "*PrecheckStatus.Detail", "*InitializationStatus", "*SynchronizationStatus", "*Performance",
        "*RetryState",
    }
)  # fmt: skip
"""An unconfigured job is the instance as it was bought."""

_PHASES: Final = ("StructureInitialization", "DataInitialization", "DataSynchronization")
_OF_CHECKS: Final = (
    "BootTime", "CanSkip", "ErrDetail", "FinishTime", "Id", "IgnoreFlag", "RepairMethod", "Skip",
)  # fmt: skip
_OF_OBJECTS: Final = ("DdlSql", "DestSchema", "SourceSchema", "Sub", "TargetNames", "Total", "DelaySeconds")
_OF_NO_ITEM: Final[Mapping[str, tuple[str, ...]]] = {
    "01": _OF_OBJECTS,
    "02": (*_OF_CHECKS, "Sub", "Total", "DelaySeconds"),
    "03": (*_OF_CHECKS, "DdlSql", "DelaySeconds"),
    "04": (*_OF_CHECKS, "DdlSql", "DestSchema", "SourceSchema", "Sub", "TargetNames"),
}
"""By JobCode. A check has no schema, a table cannot be skipped, and only the increments have a delay."""

PRECHECK_PASSED: Final = frozenset({"*PrecheckStatus.*ErrorMessage", "*.FailedReason", "*.RepairMethod"})
PRECHECK_FAILED: Final = frozenset(
    {"*RetryState", "*Performance", *(f"*{phase}*.ErrorMessage" for phase in _PHASES)}
)
"""Nothing was moved yet, and nothing is retried."""
WELL: Final = frozenset({"*ErrorMessage", "*RetryState"}) | PRECHECK_PASSED
NOTHING_MADE: Final = frozenset({"StructureInitializationDetail*", "DataInitializationDetail*"})
"""A structure that fails is taken back as a whole: there are no objects to tell of."""


def ill(phase: str) -> Fields:
    """Of a job that is retried because this phase does not succeed."""
    return PRECHECK_PASSED | {f"*{other}*.ErrorMessage" for other in _PHASES if other != phase}


def items(code: str, *, failed: bool = False) -> Fields:
    """Of the items of one phase.

    :param failed: one of them did.
    """
    well = () if failed else ("ErrMsg", "ErrDetail", "RepairMethod")
    return frozenset(f"JobProgress.{name}" for name in (*_OF_NO_ITEM[code], *well))
