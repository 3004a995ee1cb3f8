"""What a mover is told (`JobSpec`) and what it reports (`Progress`), as values that survive JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

PhaseState = Literal["NotStarted", "Migrating", "Finished", "Failed", "Catched"]
CheckState = Literal["Success", "Failed", "Warning"]


def _known(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `data` that `cls` has a field for; a newer writer does not break an older reader."""
    return {field.name: data[field.name] for field in fields(cls) if field.name in data}


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job as the mover needs it.

    :param job_id: names the job's checkpoint in the target and its triggers in the source.
    :param source: URL such as ``sqlite:///abs/dir``, one file per database: ``DIR/<database>.db``.
    :param target: URL of the target, the same forms.
    :param objects: the object list (DbList) in full form, seed 6.4.19.1.
    :param target_table_mode: Reserve.targetTableMode: "0" existing tables are an error, "2" used as they are.
    :param start_at: Unix seconds; only for an incremental job without a full load.
    :param rows_per_second: throttle of the full load; None is as fast as it goes.
    :param apply_delay: seconds every incremental batch is held back.
    :param partner: id of the other half of a two-way job; empty for any other job. See `pairing`.
    :param way_back: this is the half that leads back, so it carries no DDL.
    """

    job_id: str
    source: str
    target: str
    objects: dict[str, Any]
    structure: bool
    full_load: bool
    incremental: bool
    target_table_mode: str = "0"
    start_at: int | None = None
    rows_per_second: int | None = None
    apply_delay: float = 0.0
    partner: str = ""
    way_back: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises ValueError (bad JSON) or TypeError (a field is missing)."""
        return cls(**_known(cls, json.loads(text)))


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """Where one stage stands.

    :param percent: 0..100; 100 only once `state` is Finished or Catched.
    :param done: tables (structure), rows (full load) or changes (incremental) moved so far.
    :param total: the same unit, counted before the stage began; 0 while unknown.
    """

    state: PhaseState = "NotStarted"
    percent: int = 0
    done: int = 0
    total: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class DdlItem:
    """One statement the mover ran, or has to run, in the target (DescribePreCheckStatus, JobCode 02)."""

    source_schema: str
    table: str
    target_schema: str
    sql: str
    state: PhaseState = "NotStarted"
    error: str = ""


@dataclass(frozen=True, slots=True)
class TableProgress:
    """The full load of one table (DescribePreCheckStatus, JobCode 03)."""

    source_schema: str
    table: str
    target_schema: str
    target_table: str
    progress: PhaseProgress = PhaseProgress()


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a mover.

    :param delay_ms: milliseconds; -1 unknown, 0 caught up.
    :param checkpoint: Unix seconds up to which the target has every change; 0 unknown.
    :param error: why the mover gave up; empty while it is well.
    :param at: Unix seconds of this report.
    """

    structure: PhaseProgress = PhaseProgress()
    full_load: PhaseProgress = PhaseProgress()
    incremental: PhaseProgress = PhaseProgress()
    delay_ms: int = -1
    checkpoint: int = 0
    rows_per_second: float = 0.0
    bytes_per_second: float = 0.0
    error: str = ""
    ddl: tuple[DdlItem, ...] = ()
    tables: tuple[TableProgress, ...] = ()
    at: float = 0.0

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        data = _known(cls, json.loads(text))
        for stage in ("structure", "full_load", "incremental"):
            if stage in data:
                data[stage] = _phase(data[stage])
        data["ddl"] = tuple(DdlItem(**_known(DdlItem, item)) for item in data.get("ddl", ()))
        data["tables"] = tuple(_table(item) for item in data.get("tables", ()))
        return cls(**data)


def _phase(data: Mapping[str, Any]) -> PhaseProgress:
    return PhaseProgress(**_known(PhaseProgress, data))


def _table(data: Mapping[str, Any]) -> TableProgress:
    known = _known(TableProgress, data)
    if "progress" in known:
        known["progress"] = _phase(known["progress"])
    return TableProgress(**known)


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of a precheck.

    :param item: the check's name as the seed spells it (CHECK_CONN_SRC, ...) where the seed has it.
    :param can_skip: whether SkipPreCheck may wave this item through.
    """

    item: str
    state: CheckState
    reason: str = ""
    repair: str = ""
    can_skip: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One differing row.

    :param database: the source's name, as is `table`.
    :param kind: "missing" (only in the source), "extra" (only in the target) or "changed".
    :param key: the row's key, by source column name.
    """

    database: str
    table: str
    kind: Literal["missing", "extra", "changed"]
    key: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableComparison:
    """Source against target for one table; counts are rows."""

    database: str
    table: str
    rows_source: int
    rows_target: int
    missing: int
    extra: int
    changed: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Source against target, all selected tables. `samples` holds some of the rows that differ."""

    tables: tuple[TableComparison, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def rows_source(self) -> int:
        return sum(table.rows_source for table in self.tables)

    @property
    def rows_target(self) -> int:
        return sum(table.rows_target for table in self.tables)

    @property
    def missing(self) -> int:
        return sum(table.missing for table in self.tables)

    @property
    def extra(self) -> int:
        return sum(table.extra for table in self.tables)

    @property
    def changed(self) -> int:
        return sum(table.changed for table in self.tables)

    @property
    def equal(self) -> bool:
        return not (self.missing or self.extra or self.changed)
