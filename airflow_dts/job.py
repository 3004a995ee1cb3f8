"""A DTS job as the rest of the package sees it: one reading, with typed durations and instants.

Here, and in ``conditions``, is where a status string is compared, and here alone units are converted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_dts.states import ALLOWED, ALREADY, BROKEN, PARTICIPLE, RUNNING, State, Verb

if TYPE_CHECKING:  # an operator that is only parsed must not pay for the API classes
    from collections.abc import Iterable

    from airflow_dts.api.prechecks import DescribePreCheckStatusReply
    from airflow_dts.api.readings import DtsJobStatus


class Phase(StrEnum):
    """Phases of a job, in the order in which they run."""

    PRECHECK = "precheck"
    STRUCTURE = "structure"
    FULL_LOAD = "full load"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class PhaseReading:
    """How far one phase is. An empty status means that the service said nothing about the phase."""

    status: str = ""
    percent: float | None = None
    done: int | None = None
    """Rows, or tables in the structure phase."""
    error: str = ""

    @property
    def finished(self) -> bool:
        return self.status.casefold() in {"finished", "success"}

    @property
    def failed(self) -> bool:
        return self.status.casefold() == "failed"

    @property
    def running(self) -> bool:
        """True while the phase moves rows; ``Catched`` is an incremental phase without a backlog."""
        return self.status.casefold() in {"migrating", "catched"}


@dataclass(frozen=True, slots=True)
class PrecheckItem:
    """One item of the precheck (seed 6.4.8.3)."""

    item: str
    state: str
    reason: str = ""
    repair: str = ""
    can_skip: bool = False
    skipped: bool = False
    precheck_job_id: str = ""
    """What ``SkipPreCheck`` wants as JobId; not the ID of the job."""

    @property
    def failed(self) -> bool:
        return self.state.casefold() in {"failed", "warning"} and not self.skipped

    @property
    def blocks(self) -> bool:
        """A warning is worth showing, yet only a failure stops the job."""
        return self.failed and self.state.casefold() == "failed"

    def __str__(self) -> str:
        text = f"{self.item}: {self.reason or self.state}"
        return f"{text} Repair: {self.repair}" if self.repair else text


def precheck_items(reply: DescribePreCheckStatusReply) -> tuple[PrecheckItem, ...]:
    return tuple(
        PrecheckItem(
            item=row.item,
            state=row.state,
            reason=row.err_detail or row.err_msg,
            repair=row.repair_method,
            can_skip=bool(row.can_skip),
            skipped=bool(row.skip) or row.ignore_flag.casefold() == "y",
            precheck_job_id=row.job_id or reply.job_id,
        )
        for row in reply.job_progress
    )


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """One reading of a job. Durations and instants are typed, so no unit is left to guess."""

    job_id: str
    status: str
    """As the service spelled it; judge by ``state``."""
    job_type: str = "MIGRATION"
    instance_id: str = ""
    name: str = ""
    pay_type: str = ""
    instance_class: str = ""
    """Such as ``large``; empty while the service does not tell."""
    expires: datetime | None = None
    """When a prepaid instance ends."""
    two_way: bool = False
    direction: str = "Forward"
    precheck: PhaseReading = PhaseReading()
    structure: PhaseReading = PhaseReading()
    full_load: PhaseReading = PhaseReading()
    incremental: PhaseReading = PhaseReading()
    planned: frozenset[Phase] = field(default_factory=lambda: frozenset(Phase))
    """Phases the job was configured to run."""
    delay: timedelta | None = None
    """How far the target lags the source; ``None`` while unknown."""
    checkpoint: datetime | None = None
    """Source changes up to here have reached the target; ``None`` before the incremental phase."""
    retrying: bool = False
    retry_error: str = ""
    rows_per_second: float | None = None
    failed_items: tuple[str, ...] = ()
    """Failed precheck items, each with reason and repair method, as far as the listing tells."""
    error: str = ""
    said: Any = field(default=None, repr=False, compare=False)
    """What it was read from, for facts that few ask after."""

    @property
    def state(self) -> State:
        return State.of(self.status)

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    @property
    def broken(self) -> bool:
        return self.state in BROKEN

    @property
    def prepaid(self) -> bool:
        return self.pay_type.casefold().startswith("prep")

    @property
    def hourly(self) -> bool:
        """Neither is said while the service does not tell how the instance is billed."""
        return self.pay_type.casefold().startswith("post")

    @property
    def engines(self) -> tuple[str, str]:
        """Of source and target, as the service spells them; empty where it does not tell."""
        return _engine(self.said, "source_endpoint"), _engine(self.said, "destination_endpoint")

    def already(self, verb: Verb) -> bool:
        """Whether the job already is where ``verb`` would bring it."""
        if verb is Verb.SUSPEND and self.job_type == "SUBSCRIBE":
            return self.state in {State.SUSPENDED, State.ABNORMAL}  # how a paused subscription shows itself
        return self.state in ALREADY.get(verb, frozenset())

    def refusal(self, verb: Verb) -> str:
        """Why ``verb`` cannot be done now, as a sentence; empty if it can."""
        if self.state is State.UNKNOWN:
            return f"state {self.status!r} is unknown to this package, which writes to no job it cannot judge"
        if verb is Verb.RESET and self.job_type == "MIGRATION":
            return (
                "only synchronization and subscription jobs can be reset; release the migration job instead"
            )
        if verb is Verb.STOP and self.job_type == "SUBSCRIBE":
            return "a subscription job cannot be stopped; suspend or release it instead"
        if verb is Verb.RELEASE and self.prepaid:
            return "a prepaid instance cannot be released through the API; unsubscribe it in the console"
        if self.state not in ALLOWED[verb]:
            return f"a job in state {self.status} cannot be {PARTICIPLE[verb]}"
        return ""

    def describe(self) -> str:
        """One line a person can follow: state, phase, percent, rows, delay."""
        parts = [self.status or "no status", *self._phase_words()]
        if self.retrying:
            parts.append(f"retrying ({self.retry_error or 'no reason given'})")
        if self.delay is not None:
            parts.append(f"delay {self.delay.total_seconds():g} s")
        if self.checkpoint is not None:
            parts.append(f"checkpoint {self.checkpoint:%Y-%m-%dT%H:%M:%SZ}")
        if self.rows_per_second:
            parts.append(f"{self.rows_per_second:,.0f} rows/s")
        return ", ".join(parts)

    def _phase_words(self) -> Iterable[str]:
        current = self.current_phase
        if current is None:
            return
        phase, reading = current
        words = f"{phase} {reading.status}"
        if reading.percent is not None and phase is not Phase.INCREMENTAL:
            words += f" {reading.percent:g} %"
        if reading.done:
            words += f" ({reading.done:,} {'tables' if phase is Phase.STRUCTURE else 'rows'})"
        yield words

    @property
    def current_phase(self) -> tuple[Phase, PhaseReading] | None:
        """The last phase that has begun, with its reading; ``None`` before the precheck."""
        for phase, reading in (
            (Phase.INCREMENTAL, self.incremental),
            (Phase.FULL_LOAD, self.full_load),
            (Phase.STRUCTURE, self.structure),
            (Phase.PRECHECK, self.precheck),
        ):
            if reading.status and reading.status.casefold() != "notstarted":
                return phase, reading
        return None

    @classmethod
    def gone(cls, job_id: str) -> JobSnapshot:
        return cls(job_id=job_id, status=State.GONE)

    @classmethod
    def from_listing(cls, row: DtsJobStatus, job_type: str, direction: str = "Forward") -> JobSnapshot:
        """Read one element of ``DescribeDtsJobs`` (seed 6.4.8.2).

        ``Delay`` comes in milliseconds for migration jobs and in seconds for all others, the reverse
        half of a two-way job included; -1 means unknown.
        """
        half: Any = row.reverse_job if direction == "Reverse" and row.reverse_job else row
        unit = "milliseconds" if job_type == "MIGRATION" and half is row else "seconds"
        retrying, retry_error = _retry(half)
        return cls(
            job_id=half.dts_job_id or row.dts_job_id,
            status=half.status,
            job_type=job_type,
            instance_id=row.dts_instance_id,
            name=half.dts_job_name,
            pay_type=row.pay_type,
            instance_class=row.dts_job_class,
            expires=row.expire_time,
            two_way=bool(row.reverse_job),
            direction=direction,
            precheck=phase_reading(half.precheck_status),
            structure=phase_reading(half.structure_initialization_status),
            full_load=phase_reading(half.data_initialization_status),
            incremental=phase_reading(half.data_synchronization_status),
            planned=planned_phases(half.migration_mode),
            delay=as_duration(half.delay, unit),
            checkpoint=as_instant(half.checkpoint),
            retrying=State.of(half.status) is State.RETRYING or retrying,
            retry_error=retry_error,
            rows_per_second=as_number(half.performance.rps) if half.performance else None,
            failed_items=_failed_items(half.precheck_status),
            error=half.error_message or "",
            said=row,
        )


def phase_reading(reply: Any) -> PhaseReading:
    if reply is None:
        return PhaseReading()
    done = as_number(getattr(reply, "progress", None))
    return PhaseReading(
        status=reply.status or "",
        percent=as_number(reply.percent),
        done=None if done is None else int(done),
        error=getattr(reply, "error_message", "") or "",
    )


def planned_phases(mode: Any) -> frozenset[Phase]:
    if mode is None:
        return frozenset(Phase)
    switches = {
        Phase.STRUCTURE: mode.structure_initialization,
        Phase.FULL_LOAD: mode.data_initialization,
        Phase.INCREMENTAL: mode.data_synchronization,
    }
    return frozenset({Phase.PRECHECK, *(phase for phase, on in switches.items() if on is not False)})


def _engine(said: Any, side: str) -> str:
    try:
        return str(getattr(getattr(said, side, None), "engine_name", ""))
    except ValueError:  # such a part is typed when it is touched; a reading must not fail for it
        return ""


def _retry(half: Any) -> tuple[bool, str]:
    """Whether the job retries after a fault, and why. The reverse half has no such field in the seed."""
    retry = getattr(half, "retry_state", None)
    if retry is None:
        return (_truth(_extra(_extra(half, "RetryState"), "Retrying")), "")
    said = _extra(retry, "Retrying")  # the public cloud says it outright
    return (bool(retry.retry_count) if said is None else _truth(said), retry.err_message)


def _extra(holder: Any, name: str) -> Any:
    """Something the service said beyond the seed, by its name in any case."""
    said = holder if isinstance(holder, dict) else getattr(holder, "model_extra", None)
    return {key.casefold(): value for key, value in (said or {}).items()}.get(name.casefold())


def _truth(said: Any) -> bool:
    return str(said).casefold() == "true"


def _failed_items(precheck: Any) -> tuple[str, ...]:
    if precheck is None:
        return ()
    return tuple(
        str(PrecheckItem(row.check_item, row.check_result, row.failed_reason or "", row.repair_method or ""))
        for row in precheck.detail
        if row.check_result.casefold() == "failed"
    )


def as_duration(value: Any, unit: str) -> timedelta | None:
    number = as_number(value)
    return None if number is None or not 0 <= number < _ABSURD else timedelta(**{unit: number})


def as_instant(value: Any) -> datetime | None:
    number = as_number(value)
    return datetime.fromtimestamp(number, UTC) if number and 0 < number < _ABSURD else None


_ABSURD = 1e11
"""As Unix seconds the year 5138, as a delay 3,000 years: such a number says nothing."""


def as_number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
