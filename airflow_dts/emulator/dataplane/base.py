"""What the mover asks of a database, on either end, and the values that pass between them.

A new engine joins by implementing `Server`, `Source` and `Target` and a line in `registry.py`; the mover
does not change. Two rules hold for every engine:

* The position (how far the source's log has been applied) lives in the target and is committed together
  with the rows it stands for. All tables of one source database go into one target database, so one commit
  of one database is enough; no commit ever has to span two.
* The log holds keys, not images. Whoever applies an entry reads the row as it is now, so replaying an entry
  any number of times is harmless, and so is a crash between any two steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

Key = tuple[Any, ...]
Row = tuple[Any, ...]

EVERY_DML = frozenset("iud")
EVERY_DDL = frozenset({"ct", "at", "dt", "rt", "tt"})
OWN_PREFIX = "_dts_"


class MoverError(Exception):
    """The job cannot go on by itself; the text says why and what a person can do."""


class BusyJob(MoverError):
    """Another mover holds the job."""


class LostChanges(MoverError):
    """Changes have gone unlogged; only loading anew helps."""


class UniqueConflict(MoverError):
    """A row does not fit in because another row of the target holds one of its unique values."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `default` is the SQL text of the default, None without one."""

    name: str
    type: str = ""
    not_null: bool = False
    default: str | None = None
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Unique:
    """A promise of uniqueness other than the key: an index, in the words of the engine.

    :param terms: the indexed columns or expressions, each as (SQL text, collation).
    :param plain: the names of the columns, empty as soon as one term is an expression.
    :param where: the condition of a partial index, else empty.
    """

    name: str
    terms: tuple[tuple[str, str], ...]
    plain: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a catalog describes it.

    :param key: the columns that tell rows apart; empty when there are none, then `no_key` says why.
    :param collations: for each key column the collation to name in comparisons, empty for the column's own;
        `folding` is the one in force either way.
    :param nullable_key: the engine lets NULL into the key.
    :param flavor: what else decides how values are kept (SQLite: STRICT, WITHOUT ROWID).
    :param sql: the statement that created it; `indexes` those of its secondary indexes.
    :param counter: it hands out keys from a counter that outlives deleted rows.
    :param row_id: the name of a hidden row number that is not the key but may displace rows; else empty.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    collations: tuple[str, ...] = ()
    folding: tuple[str, ...] = ()
    nullable_key: bool = False
    no_key: str = ""
    uniques: tuple[Unique, ...] = ()
    flavor: str = ""
    sql: str = ""
    indexes: tuple[tuple[str, str], ...] = ()
    counter: bool = False
    row_id: str = ""

    def column(self, name: str) -> Column | None:
        folded = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == folded), None)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How one table is moved: the selection, resolved against the source's catalog.

    :param columns: the chosen columns in the table's order, generated ones too: (source name, target name).
    :param whole: every column is chosen, also those that are added later.
    :param dml: kinds of change the increments carry; `ddl` kinds of DDL.
    """

    source: Table
    target_name: str
    columns: tuple[tuple[str, str], ...]
    whole: bool = True
    filter: str = ""
    dml: frozenset[str] = EVERY_DML
    ddl: frozenset[str] = EVERY_DDL

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def stored(self) -> tuple[tuple[str, str], ...]:
        """The columns that are written; the others are generated on either side."""
        return tuple(pair for pair in self.columns if not self._generated(pair[0]))

    def _generated(self, name: str) -> bool:
        column = self.source.column(name)
        return column is not None and column.generated

    @property
    def key_places(self) -> tuple[int, ...]:
        """Where the key stands in a row of `stored` columns."""
        names = [source for source, _ in self.stored]
        return tuple(names.index(name) for name in self.source.key)

    @property
    def target_key(self) -> tuple[str, ...]:
        names = dict(self.columns)
        return tuple(names[name] for name in self.source.key)

    @property
    def restricted(self) -> bool:
        return self.dml != EVERY_DML


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key that was touched, and its row as it is now.

    :param exists: the source has a row under this key.
    :param row: its stored columns; None when it is gone or the filter leaves it out.
    """

    key: Key
    exists: bool
    row: Row | None


@dataclass(frozen=True, slots=True)
class Touch:
    """One log entry.

    :param op: i insert, u update, d delete, m the key an update left, a the key an update arrived at, x
        perhaps displaced by REPLACE (the row may still be there).
    """

    op: str
    key: Key


@dataclass(slots=True)
class TableChanges:
    """What happened to one table. `touches`, in order, only for plans whose dml is restricted."""

    plan: TablePlan
    count: int
    states: list[KeyState]
    touches: list[Touch] = field(default_factory=list)
    counter: int | None = None


@dataclass(slots=True)
class Changes:
    """A stretch of the log with the rows it speaks of, all read under one snapshot.

    :param shape: token of the source's schema in that snapshot. When it is not the expected one, nothing else
        is filled in.
    :param position: the last log entry included.
    :param tail: no entry was left out: a target that applies this equals the source of the snapshot.
    :param waiting_since: Unix seconds of the oldest entry left out, None without one.
    :param read_at: Unix seconds just before the snapshot was taken.
    """

    shape: str
    position: int
    read_at: float
    tail: bool = True
    count: int = 0
    waiting_since: float | None = None
    tables: list[TableChanges] = field(default_factory=list)


class Source(Protocol):
    """One database that is read."""

    database: str

    def look(self) -> tuple[str, dict[str, Table]]:
        """Token of the schema, and every table a job may select, both of one moment."""

    def oddities(self) -> dict[str, list[str]]:
        """Names of what is not moved: "view", "trigger", "virtual"."""

    def hiding_triggers(self) -> dict[str, list[str]]:
        """By table: triggers that can keep a change from the log once they are made after the log's own."""

    def concurrency_problem(self) -> str:
        """Why reading may hold up the application; empty when it does not."""

    def filter_problem(self, table: Table, condition: str) -> str:
        """Why `condition` cannot select rows of `table`; empty when it can."""

    def null_keys(self, table: Table) -> int: ...

    def count(self, plan: TablePlan) -> int: ...

    def chunk(self, plan: TablePlan, after: Key | None, limit: int) -> list[Row]:
        """The next rows in key order, `stored` columns, at most `limit`; [] at the end."""

    def counter(self, table: Table) -> int | None: ...

    def capture(self, plans: Sequence[TablePlan], known: Collection[str]) -> int:
        """See to it that every change of these tables, and of no others, is logged. Returns the log's end.

        Raises LostChanges, naming the DDL, when changes of a table of `known` may have gone unlogged.
        """

    def logs(self) -> bool:
        """Whether changes are logged for the job, or were when it was last seen."""

    def replaced(self) -> bool:
        """Whether the name leads to another database by now, or to none."""

    def renamed(self, table: str) -> str:
        """The name a logged table was given since; empty when it was not renamed."""

    def untouched_since(self, instant: float) -> bool:
        """Whether nothing can have been written since `instant` (Unix seconds)."""

    def pulse(self) -> object:
        """A cheap token that is another one whenever somebody else has committed."""

    def changes(
        self,
        plans: Sequence[TablePlan],
        shape: str,
        after: int,
        limit: int | None,
        before: float | None = None,
    ) -> Changes:
        """The log after position `after`: at most `limit` entries, none from later than `before`."""

    def forget(self, position: int) -> None:
        """Drop log entries up to `position`, without getting into the application's way."""

    def release(self, job_id: str) -> None:
        """Stop logging for the job and drop the log."""

    def close(self) -> None: ...


class Target(Protocol):
    """One database that is written. Everything inside `transaction()` is committed together."""

    database: str

    def tables(self) -> dict[str, Table]: ...

    def replaced(self) -> bool:
        """Whether the name leads to another database by now, or to none."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit everything inside together, marked as the writer's where somebody passes that over."""

    def execute(self, sql: str) -> None: ...

    def added_column(self, plan: TablePlan, column: Column) -> str:
        """The statement that adds a column of the source here."""

    def dropped_table(self, table: str) -> str: ...

    def adopt_settings(self, source: Source) -> None:
        """Take over what a database as a whole is marked with, where the target has no mark of its own."""

    def has_rows(self, table: str) -> bool: ...

    def put(self, plan: TablePlan, rows: Sequence[Row]) -> None:
        """Write rows over whatever holds their key or their unique values."""

    def insert(self, plan: TablePlan, rows: Sequence[Row]) -> None:
        """Write rows that must not displace any other. Raises UniqueConflict."""

    def delete(self, plan: TablePlan, keys: Sequence[Key]) -> None: ...

    def present(self, plan: TablePlan, keys: Iterable[Key]) -> set[Key]:
        """Which of these keys the target holds."""

    def rows(self, plan: TablePlan, keys: Iterable[Key]) -> dict[Key, Row]:
        """What the target holds under these keys, `stored` columns."""

    def overhears(self, partner: str) -> bool:
        """Whether `partner` logs the changes here without passing over what this writes."""

    def logged(self, partner: str, plan: TablePlan, after: int) -> set[Key]:
        """The keys of a table that `partner` has logged here after position `after`."""

    def set_counter(self, plan: TablePlan, value: int) -> None: ...

    def load_state(self, job_id: str) -> dict[str, Any]: ...

    def save_state(self, job_id: str, part: str, state: dict[str, Any] | None) -> None:
        """Keep one part of the job's checkpoint; None drops it."""

    def release(self, job_id: str) -> None:
        """Drop the job's checkpoint."""

    def close(self) -> None: ...


class Server(Protocol):
    """What a URL names: a place with databases."""

    url: str

    def problem(self, writable: bool) -> str:
        """Why it cannot be reached (or written); empty when it can."""

    def databases(self) -> list[str]: ...

    def is_database(self, database: str) -> bool:
        """Whether it can be read and is one at all; it may be locked."""

    def database_problem(self, database: str) -> str:
        """Why a database of this name cannot be used; empty when it can. One that does not exist yet can."""

    def writable_problem(self, database: str) -> str: ...

    def identity(self, database: str) -> str:
        """The same text for the same database, whichever URL leads to it."""

    def open_source(self, database: str, job_id: str, partner: str = "") -> Source:
        """:param partner: the other half of a two-way job, whose writes are not logged."""

    def open_target(self, database: str, like: Source | None = None, writer: str = "") -> Target:
        """Open it, or make it: after the manner of `like` in what can only be chosen then.

        :param writer: the job that is to write; empty for whoever only looks.
        """

    def ddl(self, plans: Sequence[TablePlan]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """By source table name: the statement that creates it here, and those for its secondary indexes."""

    def lease(self, job_id: str) -> AbstractContextManager[None]:
        """Hold the job: at most one holder at a time, let go by the death of the process. Raises BusyJob."""
