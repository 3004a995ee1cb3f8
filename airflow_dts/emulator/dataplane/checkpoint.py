"""What a job remembers in its target: one part for each source database, one for each table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from airflow_dts.emulator.dataplane.base import Key, TablePlan, Target
from airflow_dts.emulator.dataplane.evolve import Signature, signature


@dataclass(slots=True)
class TableState:
    """How far one table is.

    :param drops: the target's table goes when the source's does.
    :param loaded: every row was read once; `settled` once the log has repaired what that found at different
        moments and the indexes stand: from here on the table only takes the selected changes.
    :param cursor: the last key loaded, encoded.
    :param total: rows to load, None before they were counted.
    :param ddl: the statements run in the target; `indexes` those kept for the end of the load.
    """

    target: str
    columns: list[list[str]]
    filter: str
    shape: Signature
    drops: bool
    loaded: bool = False
    settled: bool = False
    cursor: list[Any] | None = None
    rows: int = 0
    total: int | None = None
    ddl: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, plan: TablePlan, *, loads: bool) -> TableState:
        return cls(
            target=plan.target_name,
            columns=[list(pair) for pair in plan.columns],
            filter=plan.filter,
            shape=signature(plan.source),
            drops="dt" in plan.ddl,
            loaded=not loads,
            settled=not loads,
        )


@dataclass(slots=True)
class DatabaseState:
    """How far one source database is.

    :param position: every log entry up to here is in the target; `applied` counts them.
    :param lost: selected tables that were dropped in the source while the job was under way.
    :param broken: why changes are lost for good; empty while all is well.
    """

    position: int = 0
    applied: int = 0
    finished: bool = False
    lost: list[str] = field(default_factory=list)
    broken: str = ""


class Checkpoint:
    """The parts of one source database. Saving belongs into a transaction of the target."""

    def __init__(self, target: Target, job_id: str, database: str) -> None:
        self.tables: dict[str, TableState] = {}
        self.database = DatabaseState()
        self._target = target
        self._job = job_id
        self._part = database
        kept = target.load_state(job_id)
        self.fresh = database not in kept
        if not self.fresh:
            self.database = DatabaseState(**kept[database])
        # A database name holds no slash.
        prefix = f"{database}/"
        for part, state in kept.items():
            if part.startswith(prefix):
                self.tables[part.removeprefix(prefix)] = TableState(**state)

    def save(self) -> None:
        self._target.save_state(self._job, self._part, asdict(self.database))

    def save_table(self, name: str) -> None:
        state = self.tables.get(name)
        self._target.save_state(
            self._job, f"{self._part}/{name}", asdict(state) if state is not None else None
        )


def encode_key(key: Key) -> list[Any]:
    """A key as JSON that gives back the same types: bytes and reals are tagged."""
    return [_encode(value) for value in key]


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return {"real": value.hex()} if isinstance(value, float) else value


def decode_key(key: list[Any] | None) -> Key | None:
    return None if key is None else tuple(_decode(value) for value in key)


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return bytes.fromhex(value["bytes"]) if "bytes" in value else float.fromhex(value["real"])
