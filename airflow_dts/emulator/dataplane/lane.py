"""One source database on its way to one target database: the steps of its journey.

Each step commits the parts of the checkpoint it changes together with the rows. An exception leaves the
target as the last step left it; the lane is not used any further then, a new one reads the checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from airflow_dts.emulator.dataplane.applying import apply
from airflow_dts.emulator.dataplane.base import (
    Changes,
    LostChanges,
    MoverError,
    Row,
    Server,
    Source,
    Table,
    TablePlan,
    Target,
    UniqueConflict,
)
from airflow_dts.emulator.dataplane.checkpoint import Checkpoint, TableState, decode_key, encode_key
from airflow_dts.emulator.dataplane.choosing import Chooser
from airflow_dts.emulator.dataplane.evolve import misfit, signature
from airflow_dts.emulator.dataplane.pairing import Pair
from airflow_dts.emulator.dataplane.spec import DdlItem, JobSpec

_MOST_CHANGES = 20_000
_FEWEST_CHANGES = 200
_QUICK, _SLOW = 0.25, 1.0
_LOOK_EVERY = 0.5
_Statements = tuple[str, tuple[str, ...]]


class Lane:
    """See the module.

    :param server: the target's.
    :param entry: the database's entry in the object list.
    :param pair: what stands between this lane and the one that leads back.
    """

    def __init__(
        self,
        spec: JobSpec,
        server: Server,
        source: Source,
        target: Target,
        entry: Mapping[str, Any],
        pair: Pair,
    ) -> None:
        self.spec = spec
        self.source = source
        self.target = target
        self.checkpoint = Checkpoint(target, spec.job_id, source.database)
        self.plans: dict[str, TablePlan] = {}
        self.read_at: float | None = None
        self.waiting_since: float | None = None
        self._server = server
        self._pair = pair
        self._chooser = Chooser(source, target.database, entry, self.checkpoint, pair, logged=self.capturing)
        self._looked_at = 0.0
        self._loading_since: float | None = None
        self._shape = ""
        self._limit = _MOST_CHANGES
        self._pulse: object = None

    @property
    def tables(self) -> dict[str, TableState]:
        return self.checkpoint.tables

    @property
    def capturing(self) -> bool:
        return self.spec.full_load or self.spec.incremental

    def require_same_files(self) -> None:
        """Raise MoverError when a side's name leads elsewhere: what is open then, nobody else sees."""
        for role, side in (("source", self.source), ("target", self.target)):
            if side.replaced():
                raise MoverError(
                    f"{role} database {side.database!r} was replaced or removed; reset the job, "
                    "so that it is loaded anew"
                )

    # --- structure

    @property
    def unchanged(self) -> bool:
        """Whether `begin` will most likely find nothing new."""
        return self._chooser.unchanged(self.source.look()[1])

    def begin(self) -> None:
        """Resolve the selection, log changes, make the tables. Also follows DDL of the source later on.

        Raises MoverError when the source, the target or the selection does not allow it.
        """
        if self.checkpoint.database.broken:
            raise MoverError(self.checkpoint.database.broken)
        self._pair.require_notice()
        self._looked_at = time.monotonic()
        for _ in range(10):
            self.require_same_files()
            _, present = self.source.look()
            self._drop_lost(present)
            plans = self._chooser.choose(present)
            self._forget_unselected(plans)
            end = self._capture(plans) if self.capturing else 0
            # Logging changes the source's schema, so the token to expect is the one after it.
            self._shape, again = self.source.look()
            if again == present:
                self._adopt(plans, end)
                return
        raise MoverError(
            f"the schema of database {self.source.database!r} keeps changing; start the job again later"
        )

    def _capture(self, plans: Mapping[str, TablePlan]) -> int:
        try:
            return self.source.capture(list(plans.values()), [*self.tables])
        except LostChanges as error:
            # Changes are lost for good, also when the cause is gone by the next run.
            self.checkpoint.database.broken = str(error)
            with self.target.transaction():
                self.checkpoint.save()
            raise

    def _drop_lost(self, present: Mapping[str, Table]) -> None:
        """Let go of tables the source has dropped."""
        for name in [name for name in self.tables if name not in present]:
            new_name = self.source.renamed(name)
            if new_name:
                raise MoverError(
                    f"database {self.source.database!r}: table {name!r} was renamed to {new_name!r} "
                    "(ALTER TABLE RENAME TO) while the job was under way; rename it back or reset the job"
                )
            state = self.tables.pop(name)
            self.checkpoint.database.lost.append(name)
            with self.target.transaction():
                if state.drops:
                    self.target.execute(self.target.dropped_table(state.target))
                self.checkpoint.save_table(name)
                self.checkpoint.save()

    def _forget_unselected(self, plans: Mapping[str, TablePlan]) -> None:
        for name in set(self.tables) - set(plans):
            del self.tables[name]
            with self.target.transaction():
                self.checkpoint.save_table(name)

    def _adopt(self, plans: dict[str, TablePlan], end: int) -> None:
        """Commit what `plans` bring: new columns and new tables."""
        read_at = time.time()
        statements = self._server.ddl(list(plans.values())) if self._makes(plans) else {}
        existing = {name.casefold(): table for name, table in self.target.tables().items()}
        with self.target.transaction():
            if self.checkpoint.fresh:
                self.checkpoint.database.position = end
                if not self._pair.way_back:
                    self.target.adopt_settings(self.source)
            for name, plan in plans.items():
                if name in self.tables:
                    self._grow(plan)
                else:
                    self._make(plan, existing.get(plan.target_name.casefold()), statements.get(name))
                self.checkpoint.save_table(name)
            self.checkpoint.save()
        self.plans = plans
        self.checkpoint.fresh = False
        if not self.settled:
            self._loading_since = self._loading_since or read_at

    def _makes(self, plans: Mapping[str, TablePlan]) -> bool:
        return self.spec.structure and not set(plans) <= set(self.tables)

    def _grow(self, plan: TablePlan) -> None:
        state = self.tables[plan.name]
        have = {source for source, _ in state.columns}
        for source, target in plan.columns:
            column = plan.source.column(source)
            if source not in have and column is not None:
                if not self._pair.way_back:  # there it is on both sides already
                    state.ddl.append(self.target.added_column(plan, column))
                    self.target.execute(state.ddl[-1])
                state.columns.append([source, target])
        state.shape = signature(plan.source)

    def _make(self, plan: TablePlan, existing: Table | None, statements: _Statements | None) -> None:
        later = not self.checkpoint.fresh
        named = self._chooser.names(plan.name) and not self._pair.way_back
        loads = self.spec.full_load or (later and not named)
        state = TableState.of(plan, loads=loads)
        if existing is not None:
            self._use(plan, existing)
        elif statements is None:
            raise MoverError(
                f"target database {self.target.database!r} has no table {plan.target_name!r}; create it, "
                "or let the job move the structure too"
            )
        else:
            self._create(state, *statements)
        self.tables[plan.name] = state

    def _create(self, state: TableState, create: str, indexes: tuple[str, ...]) -> None:
        """Secondary indexes wait for the end of the load; before it, rows stem from different moments."""
        now, later = ((create,), indexes) if not state.loaded else ((create, *indexes), ())
        for sql in now:
            self.target.execute(sql)
        state.ddl, state.indexes = list(now), list(later)

    def _use(self, plan: TablePlan, existing: Table) -> None:
        where = f"table {plan.target_name!r} of target database {self.target.database!r}"
        makes = self.spec.structure and not (self._pair.way_back and not self.checkpoint.fresh)
        if makes and self.spec.target_table_mode != "2":
            raise MoverError(
                f"{where} already exists; drop or rename it, or allow existing tables (targetTableMode 2)"
            )
        problem = misfit(plan.source, plan.columns, plan.target_key, existing) if self.capturing else ""
        if problem:
            raise MoverError(
                f"{where} does not fit: {problem}; alter it, or drop it and let the job create it"
            )

    @property
    def left_out(self) -> tuple[DdlItem, ...]:
        return self._chooser.left_out

    def ddl_items(self) -> list[DdlItem]:
        """What was and will be run in the target, and what cannot be."""
        source, target = self.source.database, self.target.database
        return [*self.left_out] + [
            item
            for name, state in self.tables.items()
            for item in (
                *(DdlItem(source, name, target, sql, "Finished") for sql in state.ddl),
                *(DdlItem(source, name, target, sql) for sql in state.indexes),
            )
        ]

    # --- full load

    def count(self) -> None:
        """Count, once, the rows each table has to load."""
        for name, state in self.tables.items():
            if state.total is None and not state.loaded:
                plan = self.plans[name]
                nulls = self.source.null_keys(plan.source)
                if nulls:
                    raise MoverError(
                        f"database {self.source.database!r}, table {name!r}: {nulls} rows have NULL in the "
                        f"key ({', '.join(plan.source.key)}); give them a key"
                    )
                state.total = self.source.count(plan)

    def next_to_load(self) -> str | None:
        return next((name for name, state in self.tables.items() if not state.loaded), None)

    def load_chunk(self, name: str, limit: int) -> list[Row]:
        """Move the next rows of a table; commits them with the cursor."""
        with self._pair.turn() as mine:
            return self._load_chunk(name, limit) if mine else []

    def _load_chunk(self, name: str, limit: int) -> list[Row]:
        plan, state = self.plans[name], self.tables[name]
        rows = self.source.chunk(plan, decode_key(state.cursor), limit)
        self.require_same_files()
        with self.target.transaction():
            if rows:
                self.target.put(plan, self._pair.wanted(plan, rows))
                state.cursor = encode_key(tuple(rows[-1][place] for place in plan.key_places))
                state.rows += len(rows)
            else:
                state.loaded = True
            self.checkpoint.save_table(name)
        return rows

    # --- increments

    @property
    def settled(self) -> bool:
        return all(state.settled for state in self.tables.values())

    @property
    def behind_since(self) -> float | None:
        """Unix seconds since when the target lacks something; None when it has all."""
        loading = None if self.settled else self._loading_since
        return min((at for at in (self.waiting_since, loading) if at is not None), default=None)

    def caught_up_to(self) -> float | None:
        """Unix seconds up to which the target has every change; None while unknown."""
        return self.behind_since or self.read_at

    def stirred(self) -> bool:
        """Whether there may be something to apply; when not, the target is as new as this moment."""
        now = time.time()
        self.require_same_files()
        if self._chooser.postponed and time.monotonic() > self._looked_at + _LOOK_EVERY:
            self.begin()
            return True
        pulse = self.source.pulse()
        if pulse == self._pulse and self.waiting_since is None:
            self.read_at = now
            return False
        self._pulse = pulse
        return True

    def step(self, before: float | None = None) -> int:
        """Apply the next stretch of the log and commit it with the position. Returns how many entries it had.

        :param before: leave entries later than this for another time (Unix seconds).
        """
        with self._pair.turn() as mine:
            return self._step(before) if mine else 0

    def _step(self, before: float | None) -> int:
        started = time.monotonic()
        changes = self._changes(self._limit, before)
        if changes is None:
            return 0
        try:
            self._commit(changes)
        except UniqueConflict:
            # The entry that makes room may lie beyond this stretch.
            changes = self._changes(None, before)
            if changes is None:
                return 0
            self._commit_or_explain(changes)
        self._adapt(changes.count, time.monotonic() - started)
        self.read_at, self.waiting_since = changes.read_at, changes.waiting_since
        return changes.count

    def _changes(self, limit: int | None, before: float | None) -> Changes | None:
        """The next stretch; None when the source's schema had changed, which is dealt with."""
        position = self.checkpoint.database.position
        changes = self.source.changes(list(self.plans.values()), self._shape, position, limit, before)
        if changes.shape == self._shape:
            return changes
        self.begin()
        self.waiting_since = self.waiting_since or changes.read_at
        return None

    def _adapt(self, count: int, took: float) -> None:
        if took > _SLOW:
            self._limit = max(_FEWEST_CHANGES, self._limit // 2)
        elif took < _QUICK and count >= self._limit:
            self._limit = min(_MOST_CHANGES, self._limit * 2)

    def _commit_or_explain(self, changes: Changes) -> None:
        try:
            self._commit(changes)
        except UniqueConflict as error:
            raise MoverError(
                f"{error}: a row of the source cannot enter because one stays whose removal or update "
                "is not selected (dml_op); remove it from the target or select every kind of change"
            ) from error

    def _commit(self, changes: Changes) -> None:
        unsettled = [name for name, state in self.tables.items() if not state.settled]
        if not changes.count and not unsettled:
            return
        self.require_same_files()
        with self.target.transaction():
            apply(self.target, changes, unsettled)
            if changes.tail:
                self._settle(unsettled)
            self.checkpoint.database.position = changes.position
            self.checkpoint.database.applied += changes.count
            self.checkpoint.save()

    def _settle(self, names: list[str]) -> None:
        """The target equals the source of the snapshot: now unique indexes hold, and the load is over."""
        for name in names:
            plan, state = self.plans[name], self.tables[name]
            if not state.loaded:
                continue
            for sql in state.indexes:
                self.target.execute(sql)
            state.ddl, state.indexes, state.settled = state.ddl + state.indexes, [], True
            self._loading_since = None
            counter = self.source.counter(plan.source)
            if counter is not None:
                self.target.set_counter(plan, counter)
            self.checkpoint.save_table(name)

    def purge(self) -> None:
        """Drop the log entries that are committed in the target."""
        self.source.forget(self.checkpoint.database.position)

    def note_finished(self) -> None:
        """The job has nothing left to do here. Noted in all lanes before any stops logging."""
        self.checkpoint.database.finished = True
        with self.target.transaction():
            self.checkpoint.save()

    def stop_logging(self) -> None:
        if self.capturing:
            self.source.release(self.spec.job_id)
