"""One source database on its way to one target database: the steps of its journey.

Each step commits the parts of the checkpoint it changes together with the rows. An exception leaves the
target as the last step left it; the lane is not used any further then, a new one reads the checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow_dts.emulator.dataplane.applying import apply
from airflow_dts.emulator.dataplane.base import (
    Changes,
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
from airflow_dts.emulator.dataplane.evolve import added_columns, misfit, signature
from airflow_dts.emulator.dataplane.objects import DatabasePlan, require, select_tables
from airflow_dts.emulator.dataplane.spec import DdlItem, JobSpec

_MOST_CHANGES = 20_000
_FEWEST_CHANGES = 200
_QUICK, _SLOW = 0.25, 1.0
_Statements = tuple[str, tuple[str, ...]]


class Lane:
    """See the module.

    :param server: the target's.
    :param entry: the database's entry in the object list.
    """

    def __init__(
        self, spec: JobSpec, server: Server, source: Source, target: Target, entry: Mapping[str, Any]
    ) -> None:
        self.spec = spec
        self.source = source
        self.target = target
        self.checkpoint = Checkpoint(target, spec.job_id, source.database)
        self.plans: dict[str, TablePlan] = {}
        self.read_at: float | None = None
        self.waiting_since: float | None = None
        self._server = server
        self._entry = entry
        self._shape = ""
        self._limit = _MOST_CHANGES
        self._pulse: object = None

    @property
    def tables(self) -> dict[str, TableState]:
        return self.checkpoint.tables

    @property
    def capturing(self) -> bool:
        return self.spec.full_load or self.spec.incremental

    # --- structure

    def begin(self) -> None:
        """Resolve the selection, log changes, make the tables. Also follows DDL of the source later on.

        Raises MoverError when the source, the target or the selection does not allow it.
        """
        for _ in range(10):
            _, present = self.source.look()
            self._drop_lost(present)
            plans = self._select(present)
            end = self.source.capture(list(plans.values()), [*self.tables]) if self.capturing else 0
            # Logging changes the source's schema, so the token to expect is the one after it.
            self._shape, again = self.source.look()
            if again == present:
                self._adopt(plans, end)
                return
        raise MoverError(
            f"the schema of database {self.source.database!r} keeps changing; start the job again later"
        )

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

    def _select(self, present: Mapping[str, Table]) -> dict[str, TablePlan]:
        found = self._resolve(present)
        require(found.problems)
        if self.capturing:
            require(self._unmovable(found))
        plans = {plan.name: self._as_known(plan) for plan in found.tables if self._takes(plan)}
        self._forget_unselected(plans)
        return plans

    def _unmovable(self, found: DatabasePlan) -> Iterator[str]:
        for plan in found.tables:
            where = f"database {found.source!r}, table {plan.name!r}"
            if not plan.source.key:
                yield f"{where}: {plan.source.no_key}; give it one"
            elif plan.filter and (problem := self.source.filter_problem(plan.source, plan.filter)):
                yield f"{where}, filter {plan.filter!r}: {problem}"

    def _resolve(self, present: Mapping[str, Table]) -> DatabasePlan:
        lost = {name.casefold() for name in self.checkpoint.database.lost if name not in present}
        listed = self._listed()
        entry = {
            **self._entry,
            "Table": {key: value for key, value in listed.items() if key.casefold() not in lost},
        }
        if not listed or not entry["Table"]:
            entry.setdefault("all", not listed)
        return select_tables(self.source.database, self.target.database, entry, present)

    def _listed(self) -> Mapping[str, Any]:
        listed = self._entry.get("Table")
        return listed if isinstance(listed, Mapping) else {}

    def _names(self, table: str) -> bool:
        """Whether the object list names the table itself, not by a pattern or with its whole database."""
        return table.casefold() in {key.casefold() for key in self._listed()}

    def _takes(self, plan: TablePlan) -> bool:
        return self.checkpoint.fresh or plan.name in self.tables or "ct" in plan.ddl or self._names(plan.name)

    def _as_known(self, plan: TablePlan) -> TablePlan:
        """The plan in the light of what was already moved under it."""
        state = self.tables.get(plan.name)
        if state is None:
            return plan
        have = {source for source, _ in state.columns}
        added = {column.name for column in added_columns(state.shape, plan.source, self.source.database)}
        if "at" not in plan.ddl:
            # A column that was passed over stays so.
            plan = replace(plan, columns=tuple(pair for pair in plan.columns if pair[0] in have))
        kept = [list(pair) for pair in plan.columns if pair[0] not in added]
        if (kept, plan.target_name, plan.filter) != (state.columns, state.target, state.filter):
            raise MoverError(
                f"database {self.source.database!r}, table {plan.name!r}: its columns, filter or target "
                "name were changed while the job was under way; reset the job, so that it is loaded anew"
            )
        return plan

    def _forget_unselected(self, plans: Mapping[str, TablePlan]) -> None:
        for name in set(self.tables) - set(plans):
            del self.tables[name]
            with self.target.transaction():
                self.checkpoint.save_table(name)

    def _adopt(self, plans: dict[str, TablePlan], end: int) -> None:
        """Commit what `plans` bring: new columns and new tables."""
        statements = self._server.ddl(list(plans.values())) if self._makes(plans) else {}
        existing = {name.casefold(): table for name, table in self.target.tables().items()}
        with self.target.transaction():
            if self.checkpoint.fresh:
                self.checkpoint.database.position = end
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

    def _makes(self, plans: Mapping[str, TablePlan]) -> bool:
        return self.spec.structure and not set(plans) <= set(self.tables)

    def _grow(self, plan: TablePlan) -> None:
        state = self.tables[plan.name]
        have = {source for source, _ in state.columns}
        for source, target in plan.columns:
            column = plan.source.column(source)
            if source not in have and column is not None:
                sql = self.target.added_column(plan, column)
                self.target.execute(sql)
                state.ddl.append(sql)
                state.columns.append([source, target])
        state.shape = signature(plan.source)

    def _make(self, plan: TablePlan, existing: Table | None, statements: _Statements | None) -> None:
        loads = self.spec.full_load or (not self.checkpoint.fresh and not self._names(plan.name))
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
        if self.spec.structure and self.spec.target_table_mode != "2":
            raise MoverError(
                f"{where} already exists; drop or rename it, or allow existing tables (targetTableMode 2)"
            )
        problem = misfit(plan.source, plan.columns, plan.target_key, existing) if self.capturing else ""
        if problem:
            raise MoverError(
                f"{where} does not fit: {problem}; alter it, or drop it and let the job create it"
            )

    def ddl_items(self) -> list[DdlItem]:
        """What was and will be run in the target."""
        source, target = self.source.database, self.target.database
        return [
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
        plan, state = self.plans[name], self.tables[name]
        rows = self.source.chunk(plan, decode_key(state.cursor), limit)
        with self.target.transaction():
            if rows:
                self.target.put(plan, rows)
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

    def caught_up_to(self) -> float | None:
        """Unix seconds up to which the target has every change; None while unknown."""
        return self.waiting_since if self.waiting_since is not None else self.read_at

    def stirred(self) -> bool:
        """Whether there may be something to apply; when not, the target is as new as this moment."""
        now = time.time()
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
            counter = self.source.counter(plan.source)
            if counter is not None:
                self.target.set_counter(plan, counter)
            self.checkpoint.save_table(name)

    def purge(self) -> None:
        """Drop the log entries that are committed in the target."""
        self.source.forget(self.checkpoint.database.position)

    def finish(self) -> None:
        """The job has nothing left to do here: note it, then stop logging."""
        self.checkpoint.database.finished = True
        with self.target.transaction():
            self.checkpoint.save()
        if self.capturing:
            self.source.release(self.spec.job_id)

    def close(self) -> None:
        self.source.close()
        self.target.close()
