"""The states a job can be in, and what can be done to it in which: the vocabulary of ``job``."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Main states of a job (seed 6.4.8.1, 6.4.8.2). The service varies their case."""

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
    STARTING = "Starting"
    NORMAL = "Normal"
    ABNORMAL = "Abnormal"
    MODIFYING = "Modifying"
    MODIFY_FAILED = "ModifyFailed"
    SUSPENDED = "Suspending"  # the final paused state; the service has no "Suspended"
    RETRYING = "Retrying"
    FAILED = "Failed"
    FINISHED = "Finished"
    LOCKED = "Locked"
    UPGRADE = "Upgrade"
    DOWNGRADE = "Downgrade"
    GONE = "Gone"  # ours: the service knows the job no longer
    UNKNOWN = "Unknown"  # ours: a status this package has never heard of

    @classmethod
    def of(cls, status: str) -> State:
        return _BY_NAME.get(status.casefold(), cls.UNKNOWN)


_BY_NAME = {state.value.casefold(): state for state in State if state is not State.UNKNOWN}
_BY_NAME["initializating"] = State.INITIALIZING  # as some readings of the older API spell it

RUNNING = frozenset({State.MIGRATING, State.SYNCHRONIZING, State.NORMAL})
"""States in which delay and checkpoint are current."""

BEFORE_PRECHECK_ENDS = frozenset({State.NOT_CONFIGURED, State.NOT_STARTED, State.PRECHECKING})
"""States in which phases show nothing, or what is left of an earlier life of the job."""

BEYOND_PRECHECK = RUNNING | {
    State.PRECHECK_PASSED,
    State.INITIALIZING,
    State.INITIALIZE_FAILED,
    State.STARTING,
    State.MODIFYING,
    State.MODIFY_FAILED,
}
"""States a job reaches only after its precheck has passed."""

BROKEN = frozenset(
    {
        State.PRECHECK_FAILED,
        State.MIGRATION_FAILED,
        State.INITIALIZE_FAILED,
        State.MODIFY_FAILED,
        State.FAILED,
        State.ABNORMAL,
        State.LOCKED,
        State.GONE,
    }
)
"""States a job does not leave unless somebody acts."""


class Verb(StrEnum):
    """What one can do to a job."""

    CONFIGURE = "configure"
    START = "start"
    SUSPEND = "suspend"
    STOP = "stop"
    RESET = "reset"
    RELEASE = "release"
    MODIFY = "modify"


_ACTIVE = RUNNING | {State.INITIALIZING, State.STARTING, State.RETRYING, State.MODIFYING}
_FAILED = frozenset({State.MIGRATION_FAILED, State.INITIALIZE_FAILED, State.FAILED})
_UNSTARTED = frozenset({State.NOT_STARTED, State.PRECHECK_FAILED, State.PRECHECK_PASSED})

ALREADY: dict[Verb, frozenset[State]] = {
    Verb.START: _ACTIVE | {State.PRECHECKING},
    Verb.SUSPEND: frozenset({State.SUSPENDED}),
    Verb.STOP: frozenset({State.FINISHED}),
    Verb.RESET: frozenset({State.NOT_CONFIGURED}),
    Verb.RELEASE: frozenset({State.GONE}),
}
"""States that already are what the verb is for: no call is needed."""

ALLOWED: dict[Verb, frozenset[State]] = {
    Verb.CONFIGURE: _UNSTARTED | {State.NOT_CONFIGURED},
    Verb.START: _UNSTARTED | _FAILED | {State.SUSPENDED, State.ABNORMAL},
    Verb.SUSPEND: _ACTIVE | {State.PRECHECKING},
    Verb.STOP: _ACTIVE | _FAILED | _UNSTARTED | {State.PRECHECKING, State.SUSPENDED, State.MODIFY_FAILED},
    Verb.RESET: frozenset(State)
    - {State.PRECHECKING, State.STARTING, State.LOCKED, State.NOT_CONFIGURED, State.GONE, State.UNKNOWN},
    Verb.RELEASE: frozenset(State) - {State.GONE, State.UNKNOWN},
    Verb.MODIFY: RUNNING,
}
"""States in which the service takes the verb."""

PARTICIPLE = {
    Verb.CONFIGURE: "configured",
    Verb.START: "started",
    Verb.SUSPEND: "suspended",
    Verb.STOP: "stopped",
    Verb.RESET: "reset",
    Verb.RELEASE: "released",
    Verb.MODIFY: "modified",
}
