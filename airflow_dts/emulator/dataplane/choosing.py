"""Chooses the tables of one source database that a job moves, in the light of what it has moved already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow_dts.emulator.dataplane.base import MoverError, Source, Table, TablePlan
from airflow_dts.emulator.dataplane.checkpoint import Checkpoint
from airflow_dts.emulator.dataplane.evolve import added_columns
from airflow_dts.emulator.dataplane.objects import DatabasePlan, require, select_tables
from airflow_dts.emulator.dataplane.pairing import Pair, without_ddl
from airflow_dts.emulator.dataplane.spec import DdlItem


class Chooser:
    """Resolves a database's entry in the object list; changes nothing.

    :param logged: the job reads rows, so it has to tell them apart and to see them change.
    """

    def __init__(
        self,
        source: Source,
        target: str,
        entry: Mapping[str, Any],
        checkpoint: Checkpoint,
        pair: Pair,
        *,
        logged: bool,
    ) -> None:
        self._source = source
        self._target = target
        self._entry = entry
        self._checkpoint = checkpoint
        self._pair = pair
        self._logged = logged
        self.postponed = False
        """Whether a table of the way back waits until the forward half has loaded it."""
        self.left_out: tuple[DdlItem, ...] = ()
        """Tables made in the source meanwhile that cannot be moved, each with the reason."""

    def choose(self, present: Mapping[str, Table]) -> dict[str, TablePlan]:
        """The tables to move. Raises MoverError when the source or the job does not allow it."""
        found = self._resolve(present)
        require(found.problems)
        takes = self._takes_back() if self._pair.way_back else self._takes
        taken = {plan.name: plan for plan in found.tables if takes(plan)}
        self.left_out = tuple(self._leave_out(taken)) if self._logged else ()
        for item in self.left_out:
            del taken[item.table]
        if self._logged:
            require(self._unmovable(taken.values()))
        return {name: self._as_known(plan) for name, plan in taken.items()}

    def unchanged(self, present: Mapping[str, Table]) -> bool:
        """Whether the job moves just the tables it moved before, as far as can be seen."""
        try:
            return set(self.choose(present)) == set(self._checkpoint.tables)
        except MoverError:
            return False

    def _leave_out(self, taken: Mapping[str, TablePlan]) -> Iterator[DdlItem]:
        """One table nobody asked for by name must not stop all others."""
        for name, plan in taken.items():
            asked_for = self._checkpoint.fresh or name in self._checkpoint.tables or self.names(name)
            if not plan.source.key and not asked_for:
                yield DdlItem(
                    self._source.database,
                    name,
                    self._target,
                    plan.source.sql,
                    "Failed",
                    f"left out: {plan.source.no_key}; give it one, and it is loaded",
                )

    def _unmovable(self, plans: Iterable[TablePlan]) -> Iterator[str]:
        for plan in plans:
            where = f"database {self._source.database!r}, table {plan.name!r}"
            if not plan.source.key:
                yield f"{where}: {plan.source.no_key}; give it one"
            elif plan.filter and (problem := self._source.filter_problem(plan.source, plan.filter)):
                yield f"{where}, filter {plan.filter!r}: {problem}"

    def _resolve(self, present: Mapping[str, Table]) -> DatabasePlan:
        lost = {name.casefold() for name in self._checkpoint.database.lost if name not in present}
        listed = self._listed()
        entry = {
            **self._entry,
            "Table": {key: value for key, value in listed.items() if key.casefold() not in lost},
        }
        if not listed or not entry["Table"]:
            entry.setdefault("all", not listed)
        return select_tables(self._source.database, self._target, entry, present)

    def _listed(self) -> Mapping[str, Any]:
        listed = self._entry.get("Table")
        return listed if isinstance(listed, Mapping) else {}

    def names(self, table: str) -> bool:
        """Whether the object list names the table itself, not by a pattern or with its whole database."""
        return table.casefold() in {key.casefold() for key in self._listed()}

    def _takes(self, plan: TablePlan) -> bool:
        return (
            self._checkpoint.fresh
            or plan.name in self._checkpoint.tables
            or "ct" in plan.ddl
            or self.names(plan.name)
        )

    def _takes_back(self) -> Callable[[TablePlan], bool]:
        """Which tables the way back takes: beyond those it began with, what both sides have."""
        unfinished, shared = self._pair.unfinished(), self._pair.on_both_sides()
        self.postponed = False

        def takes(plan: TablePlan) -> bool:
            if plan.name in self._checkpoint.tables:
                return True
            if plan.name.casefold() in unfinished:
                self.postponed = True
                return False
            asked_for = self._checkpoint.fresh or self.names(plan.name)
            return asked_for or plan.target_name.casefold() in shared

        return takes

    def _as_known(self, plan: TablePlan) -> TablePlan:
        """The plan in the light of what was already moved under it."""
        state = self._checkpoint.tables.get(plan.name)
        if self._pair.way_back:
            plan = without_ddl(plan)
        if state is None:
            return plan
        have = {source for source, _ in state.columns}
        added = {column.name for column in added_columns(state.shape, plan.source, self._source.database)}
        if "at" not in plan.ddl:
            # A column that was passed over stays so.
            have |= added & self._shared_columns(plan)
            plan = replace(plan, columns=tuple(pair for pair in plan.columns if pair[0] in have))
        kept = [list(pair) for pair in plan.columns if pair[0] not in added]
        if (kept, plan.target_name, plan.filter) != (state.columns, state.target, state.filter):
            raise MoverError(
                f"database {self._source.database!r}, table {plan.name!r}: its columns, filter or target "
                "name were changed while the job was under way; reset the job, so that it is loaded anew"
            )
        return plan

    def _shared_columns(self, plan: TablePlan) -> set[str]:
        """Columns of the source that the way back finds on the other side too."""
        table = self._pair.on_both_sides().get(plan.target_name.casefold()) if self._pair.way_back else None
        return {source for source, target in plan.columns if table and table.column(target)}
