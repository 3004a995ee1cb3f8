"""The life of a job as data: which verb and which event leads from where to where, and what is refused how.

Verbs come from callers, events from the mover and the clock. Nothing here does I/O or reads a clock.
Source: seed 6.4.4 to 6.4.16 and the status lists of 6.4.8. Where these are silent, the choices are:

* `Suspending` is the paused state itself; the service has no `Suspended`.
* Suspending a subscription makes it `Abnormal`, which is what callers of the real service wait for; there is
  no stopping one.
* Starting a job whose modification failed tries that modification again.
* Reset keeps the ids and brings the job back to `NotConfigured`; migrations cannot be reset.
* A released migration is gone at once. A released synchronization is listed as `Finished` for a while.
* A job goes on moving rows while its class is changed, and comes back to the state it was in; so does an
  expired instance, which is `Locked` and moves nothing, once it is renewed.
* Refusals that pass by themselves carry the codes that mean "busy"; the others say `OperationDenied`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from airflow_dts.emulator.refusals import Refusal, business, gateway


class JobType(StrEnum):
    """Kinds of job."""

    MIGRATION = "MIGRATION"
    SYNC = "SYNC"
    SUBSCRIBE = "SUBSCRIBE"


class Status(StrEnum):
    """Main states, spelled as on the wire."""

    NOT_CONFIGURED = "NotConfigured"
    NOT_STARTED = "NotStarted"
    PRECHECKING = "Prechecking"
    PRECHECK_FAILED = "PrecheckFailed"
    PRECHECK_PASSED = "PreCheckPass"
    MIGRATING = "Migrating"
    MIGRATION_FAILED = "MigrationFailed"
    INITIALIZING = "Initializing"
    INITIALIZE_FAILED = "InitializeFailed"
    SYNCHRONIZING = "Synchronizing"
    MODIFYING = "Modifying"
    MODIFY_FAILED = "ModifyFailed"
    FAILED = "Failed"
    STARTING = "Starting"
    NORMAL = "Normal"
    ABNORMAL = "Abnormal"
    SUSPENDED = "Suspending"
    RETRYING = "Retrying"
    FINISHED = "Finished"
    LOCKED = "Locked"
    UPGRADE = "Upgrade"
    DOWNGRADE = "Downgrade"
    GONE = "Gone"  # ours: released; no reply ever holds it


class Verb(StrEnum):
    """What a caller does to a job."""

    CONFIGURE = "configure"
    START = "start"
    SUSPEND = "suspend"
    STOP = "stop"
    RESET = "reset"
    DELETE = "delete"
    MODIFY = "modify"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


class Event(StrEnum):
    """What happens to a job by itself."""

    PRECHECK_PASSED = "precheck passed"
    PRECHECK_FAILED = "precheck failed"
    BEGAN = "began"
    LOADED = "loaded"
    DONE = "done"
    FAULT = "fault"
    RECOVERED = "recovered"
    GAVE_UP = "gave up"
    LAPSED = "lapsed"
    MODIFIED = "modified"
    MODIFY_REFUSED = "modify refused"
    CHANGED = "changed"
    EXPIRED = "expired"
    RENEWED = "renewed"


class Resume(StrEnum):
    """A transition back to where the job was before it paused, failed or was interrupted."""

    WHERE_IT_WAS = "where it was"


To = Status | Resume
Moves = Mapping[Status, To]
S: Final = Status

_UNSTARTED = (S.NOT_STARTED, S.PRECHECK_FAILED, S.PRECHECK_PASSED)
_MIGRATING = (S.MIGRATING, S.RETRYING)
_SYNCING = (S.INITIALIZING, S.SYNCHRONIZING, S.RETRYING)
_SUBSCRIBING = (S.STARTING, S.NORMAL, S.RETRYING)

STATES: Final[Mapping[JobType, tuple[Status, ...]]] = {
    JobType.MIGRATION: (
        S.NOT_CONFIGURED, *_UNSTARTED, S.PRECHECKING, *_MIGRATING, S.MIGRATION_FAILED, S.SUSPENDED,
        S.FINISHED, S.LOCKED, S.UPGRADE, S.DOWNGRADE,
    ),
    JobType.SYNC: (
        S.NOT_CONFIGURED, *_UNSTARTED, S.PRECHECKING, *_SYNCING, S.INITIALIZE_FAILED, S.MODIFYING,
        S.MODIFY_FAILED, S.FAILED, S.SUSPENDED, S.FINISHED, S.LOCKED, S.UPGRADE, S.DOWNGRADE,
    ),
    JobType.SUBSCRIBE: (
        S.NOT_CONFIGURED, *_UNSTARTED, S.PRECHECKING, *_SUBSCRIBING, S.ABNORMAL, S.LOCKED, S.UPGRADE,
        S.DOWNGRADE,
    ),
}  # fmt: skip


def _all_to(to: To, *states: Status) -> Moves:
    return dict.fromkeys(states, to)


_CONFIGURE = _all_to(S.NOT_STARTED, S.NOT_CONFIGURED, *_UNSTARTED)
_START = {
    S.NOT_STARTED: S.PRECHECKING,
    S.PRECHECK_FAILED: S.PRECHECKING,
    S.PRECHECK_PASSED: S.PRECHECK_PASSED,  # it goes on by itself
}
_RESETTABLE_SYNC = (
    *_UNSTARTED, *_SYNCING, S.INITIALIZE_FAILED, S.MODIFYING, S.MODIFY_FAILED, S.FAILED, S.SUSPENDED,
    S.FINISHED, S.UPGRADE, S.DOWNGRADE,
)  # fmt: skip

_RESIZABLE_MIGRATION = (S.NOT_CONFIGURED, *_UNSTARTED, *_MIGRATING, S.MIGRATION_FAILED, S.SUSPENDED)
_RESIZABLE_SYNC = (
    S.NOT_CONFIGURED, *_UNSTARTED, *_SYNCING, S.INITIALIZE_FAILED, S.FAILED, S.MODIFY_FAILED, S.SUSPENDED,
)  # fmt: skip

VERBS: Final[Mapping[JobType, Mapping[Verb, Moves]]] = {
    JobType.MIGRATION: {
        Verb.CONFIGURE: _CONFIGURE,
        Verb.START: {**_START, S.SUSPENDED: Resume.WHERE_IT_WAS, S.MIGRATION_FAILED: Resume.WHERE_IT_WAS},
        Verb.SUSPEND: _all_to(S.SUSPENDED, S.PRECHECKING, *_MIGRATING),
        Verb.STOP: _all_to(
            S.FINISHED, *_UNSTARTED, S.PRECHECKING, *_MIGRATING, S.MIGRATION_FAILED, S.SUSPENDED
        ),
        Verb.DELETE: _all_to(S.GONE, *STATES[JobType.MIGRATION]),
        Verb.UPGRADE: _all_to(S.UPGRADE, *_RESIZABLE_MIGRATION),
        Verb.DOWNGRADE: _all_to(S.DOWNGRADE, *_RESIZABLE_MIGRATION),
    },
    JobType.SYNC: {
        Verb.CONFIGURE: _CONFIGURE,
        Verb.START: {
            **_START,
            **_all_to(Resume.WHERE_IT_WAS, S.SUSPENDED, S.INITIALIZE_FAILED, S.FAILED),
            S.MODIFY_FAILED: S.MODIFYING,
        },
        Verb.SUSPEND: _all_to(S.SUSPENDED, S.PRECHECKING, *_SYNCING),
        Verb.STOP: _all_to(
            S.FINISHED, *_UNSTARTED, S.PRECHECKING, *_SYNCING, S.INITIALIZE_FAILED, S.FAILED,
            S.MODIFY_FAILED, S.SUSPENDED,
        ),
        Verb.RESET: _all_to(S.NOT_CONFIGURED, *_RESETTABLE_SYNC),
        Verb.DELETE: _all_to(S.GONE, *STATES[JobType.SYNC]),
        Verb.MODIFY: _all_to(S.MODIFYING, S.SYNCHRONIZING, S.MODIFY_FAILED),
        Verb.UPGRADE: _all_to(S.UPGRADE, *_RESIZABLE_SYNC),
        Verb.DOWNGRADE: _all_to(S.DOWNGRADE, *_RESIZABLE_SYNC),
    },
    JobType.SUBSCRIBE: {
        Verb.CONFIGURE: _CONFIGURE,
        Verb.START: {**_START, S.ABNORMAL: S.STARTING},
        Verb.SUSPEND: _all_to(S.ABNORMAL, *_SUBSCRIBING),
        Verb.RESET: _all_to(
            S.NOT_CONFIGURED, *_UNSTARTED, S.NORMAL, S.RETRYING, S.ABNORMAL, S.UPGRADE, S.DOWNGRADE
        ),
        Verb.DELETE: _all_to(S.GONE, *STATES[JobType.SUBSCRIBE]),
        Verb.MODIFY: _all_to(S.NORMAL, S.NORMAL),
    },
}  # fmt: skip
"""What a caller may do. What is not here is refused, see `refusal`."""

_PRECHECK = {
    Event.PRECHECK_PASSED: {S.PRECHECKING: S.PRECHECK_PASSED},
    Event.PRECHECK_FAILED: {S.PRECHECKING: S.PRECHECK_FAILED},
}

_CHANGED = {Event.CHANGED: _all_to(Resume.WHERE_IT_WAS, S.UPGRADE, S.DOWNGRADE)}


def _prepaid(kind: JobType) -> Mapping[Event, Moves]:
    return {
        Event.EXPIRED: _all_to(S.LOCKED, *(status for status in STATES[kind] if status is not S.LOCKED)),
        Event.RENEWED: {S.LOCKED: Resume.WHERE_IT_WAS},
    }


EVENTS: Final[Mapping[JobType, Mapping[Event, Moves]]] = {
    JobType.MIGRATION: {
        **_PRECHECK,
        **_CHANGED,
        Event.BEGAN: {S.PRECHECK_PASSED: S.MIGRATING},
        Event.DONE: _all_to(S.FINISHED, *_MIGRATING),
        Event.FAULT: _all_to(S.RETRYING, *_MIGRATING),
        Event.RECOVERED: {S.RETRYING: Resume.WHERE_IT_WAS},
        Event.GAVE_UP: {S.RETRYING: S.MIGRATION_FAILED},
        Event.LAPSED: {S.SUSPENDED: S.MIGRATION_FAILED},
    },
    JobType.SYNC: {
        **_PRECHECK,
        **_CHANGED,
        **_prepaid(JobType.SYNC),
        Event.BEGAN: {S.PRECHECK_PASSED: S.INITIALIZING},
        Event.LOADED: {S.INITIALIZING: S.SYNCHRONIZING},
        Event.DONE: _all_to(S.FINISHED, *_SYNCING),
        Event.FAULT: _all_to(S.RETRYING, *_SYNCING),
        Event.RECOVERED: {S.RETRYING: Resume.WHERE_IT_WAS},
        Event.GAVE_UP: {S.RETRYING: S.FAILED, S.MODIFYING: S.MODIFY_FAILED},
        Event.LAPSED: {S.SUSPENDED: S.FAILED},
        Event.MODIFIED: {S.MODIFYING: S.SYNCHRONIZING},
        Event.MODIFY_REFUSED: {S.MODIFYING: S.MODIFY_FAILED},
    },
    JobType.SUBSCRIBE: {
        **_PRECHECK,
        **_prepaid(JobType.SUBSCRIBE),
        Event.BEGAN: {S.PRECHECK_PASSED: S.STARTING},
        Event.LOADED: {S.STARTING: S.NORMAL},
    },
}
"""What happens by itself. An event that is not listed for a state changes nothing."""

MOVER_RUNS: Final = frozenset({S.MIGRATING, S.INITIALIZING, S.SYNCHRONIZING, S.MODIFYING, S.RETRYING})
"""States in which rows move, so that a mover process has to live."""

_PASSING = frozenset({S.PRECHECKING, S.PRECHECK_PASSED, S.STARTING, S.UPGRADE, S.DOWNGRADE})
_ACTIVE = frozenset({*_MIGRATING, *_SYNCING, *_SUBSCRIBING})


def after_verb(kind: JobType, verb: Verb, status: Status, resume: Status | None = None) -> Status:
    """The state a caller's verb leads to.

    :param resume: the state before the job paused or failed.
    :raises Refusal: the service does not take the verb in this state.
    """
    to = VERBS[kind].get(verb, {}).get(status)
    if to is None:
        raise refusal(kind, verb, status)
    return _resolve(to, resume)


def after_event(kind: JobType, event: Event, status: Status, resume: Status | None = None) -> Status:
    """The state an event leads to; the same state where the event means nothing."""
    to = EVENTS[kind].get(event, {}).get(status)
    if to is None:
        return status
    if event is Event.GAVE_UP and status is S.RETRYING and resume is S.INITIALIZING:
        return S.INITIALIZE_FAILED
    return _resolve(to, resume)


def _resolve(to: To, resume: Status | None) -> Status:
    if isinstance(to, Status):
        return to
    return resume or S.PRECHECKING


def refusal(kind: JobType, verb: Verb, status: Status) -> Refusal:
    """The answer to a verb that the state, or the kind of job, does not allow."""
    if verb not in VERBS[kind]:
        return business("OperationDenied", f"A {kind} job cannot be given the verb {verb}.")
    if verb is Verb.MODIFY and status is not S.MODIFYING:
        return gateway("DTS.Msg.ModifyDenied.JobStatusNotRunning", f"The job is {status}, not running.")
    if status is S.MODIFYING:
        return gateway("DTS.Msg.OperationDenied.JobStatusModifying", "The job is being modified.")
    if verb is Verb.START and status in _ACTIVE:
        return gateway("UpdateJob.OperationDenied.InitStatus", f"The job is {status}: already started.")
    if status in _PASSING:
        return business("InvalidJobStatus", f"The job is %s; {verb} has to wait until that is over.", status)
    return business("OperationDenied", f"A job that is %s cannot be given the verb {verb}.", status)


def busy(status: Status) -> Refusal:
    """The answer while an earlier call is still taking effect."""
    return business(
        "InvalidJobStatus", "An earlier operation on the job is not over yet (status %s).", status
    )
