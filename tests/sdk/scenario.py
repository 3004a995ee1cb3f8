"""Every action of the API, in the order in which one comes to need it, and each once in vain."""

from __future__ import annotations

from typing import Any, Final

from tests.catalog.reading import ENTRIES
from tests.sdk import scenario_migrations, scenario_subscriptions, scenario_synchronizations
from tests.sdk.callers import Caller, Parameters, Refused
from tests.sdk.fields import held, leaves
from tests.sdk.run import Run
from tests.sdk.stage import Stage

_INSTANCES: Final = frozenset(
    {
        "DtsInstanceId", "InstanceId", "MigrationJobId", "ResourceId", "SubscriptionInstanceId",
        "SynchronizationJobId", "SynchronizationJobIdListJsonStr",
    }
)  # fmt: skip
_JOBS: Final = frozenset({"DtsJobId", "DtsJobIds", "JobId", "TaskId"})
_NOBODY: Final = "dtsnobody"


def play(run: Run, stage: Stage) -> None:
    """All actions."""
    scenario_subscriptions.network(run, stage)
    scenario_migrations.newer(run, stage)
    scenario_migrations.older(run, stage)
    scenario_synchronizations.newer(run, stage)
    scenario_synchronizations.older(run, stage)
    scenario_subscriptions.newer(run, stage)
    scenario_subscriptions.older(run, stage)


def refusals(caller: Caller, action: str, parameters: Parameters) -> list[str]:
    """What is wrong with how the action is refused.

    :param parameters: those of a call that went well.
    """
    faults = _of_an_error(caller, action, _incomplete(action, parameters), _INCOMPLETE)
    names = _INSTANCES | _JOBS
    if not names & set(parameters):
        return faults
    elsewhere = {
        name: ([_NOBODY] if isinstance(value, list) else _NOBODY) if name in names else value
        for name, value in parameters.items()
    }
    if _JOBS & set(parameters) and "ErrCode" in leaves(action):
        return faults + _of_a_reply(caller, action, elsewhere)
    return faults + _of_an_error(caller, action, elsewhere, _UNKNOWN)


_INCOMPLETE: Final = frozenset({"MissingParameter", "InvalidParameter"})
_UNKNOWN: Final = frozenset({"Forbidden.InstanceNotFound", "InvalidJobId"})


def _incomplete(action: str, parameters: Parameters) -> dict[str, Any]:
    """Without something the action needs; one that needs nothing gets a page that is none."""
    needed = (field["name"] for field in ENTRIES[action]["request"] if field["required"])
    missing = next((name for name in needed if name in parameters and name != "RegionId"), None)
    if missing is None:
        return {**parameters, "PageSize": "-1"}
    return {name: value for name, value in parameters.items() if name != missing}


def _of_an_error(caller: Caller, action: str, parameters: Parameters, codes: frozenset[str]) -> list[str]:
    """The SDK has to raise it, with code and request id."""
    try:
        caller.call(action, parameters)
    except Refused as refused:
        told = refused.status >= 400 and refused.code in codes and refused.request_id
        return [] if told else [f"{action}: {refused.request_id!r} {refused}"]
    return [f"{action}: {parameters} is not refused"]


def _of_a_reply(caller: Caller, action: str, parameters: Parameters) -> list[str]:
    """The reply itself has to hold it; the SDK hands it out like any other."""
    status, reply = caller.call(action, parameters)
    says = held(action, reply)
    wanted = leaves(action) & {"ErrCode", "ErrMessage", "DynamicMessage", "RequestId", "HttpStatusCode"}
    failed = str(reply.get("Success")).lower() == "false"
    if status == 200 and failed and wanted <= says:
        return []
    return [f"{action}: {status} {reply}, without {sorted(wanted - says)}"]
