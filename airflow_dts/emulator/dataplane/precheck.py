"""What is looked at before a job starts. Nothing is changed on either side.

Names are the seed's (6.3.4, 6.4.15) where it has one for the matter; CHECK_PK, CHECK_FILTER, CHECK_DDL and
CHECK_JOURNAL_MODE are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from airflow_dts.emulator.dataplane.base import MoverError, Server, Source, Table, TablePlan, Target
from airflow_dts.emulator.dataplane.evolve import misfit
from airflow_dts.emulator.dataplane.objects import DatabasePlan, merged, select_databases, select_tables
from airflow_dts.emulator.dataplane.registry import open_server
from airflow_dts.emulator.dataplane.spec import CheckItem, CheckState, JobSpec

# The items SkipPreCheck may wave through.
SKIPPABLE = frozenset(
    {
        "CHECK_SAME_OBJ",
        "CHECK_SAME_USER",
        "CHECK_SRC",
        "CHECK_TOPOLOGY",
        "CHECK_SERVER_ID",
        "CHECK_DEST_TABLE_EMPTY",
        "CHECK_SUPER_AUTH_DEST",
    }
)


def check(spec: JobSpec) -> list[CheckItem]:
    """Every item that could be looked at, in order; what hangs on a failed one is left out."""
    with ExitStack() as stack:
        return list(_Precheck(spec, stack).items())


def _item(name: str, problems: Iterable[str], repair: str, state: CheckState = "Failed") -> CheckItem:
    reason = "; ".join(problems)
    if not reason:
        return CheckItem(name, "Success")
    return CheckItem(name, state, reason, repair, can_skip=name in SKIPPABLE)


@dataclass(slots=True)
class _Pair:
    """One source database with what the target holds of it."""

    plan: DatabasePlan
    source: Source
    target: Target | None
    existing: dict[str, Table] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()

    def at(self, table: TablePlan) -> str:
        return f"{self.plan.source}.{table.name}"

    def fresh_and_existing(self) -> Iterator[tuple[TablePlan, Table]]:
        """Tables this job has not made itself, whose name is taken in the target."""
        for plan in self.plan.tables:
            existing = self.existing.get(plan.target_name.casefold())
            if existing is not None and plan.name not in self.begun:
                yield plan, existing


class _Precheck:
    def __init__(self, spec: JobSpec, stack: ExitStack) -> None:
        self._spec = spec
        self._stack = stack
        self._pairs: list[_Pair] = []

    def items(self) -> Iterator[CheckItem]:
        source, target = _opened(self._spec.source), _opened(self._spec.target)
        yield _item(
            "CHECK_CONN_SRC", _reachable(source, writable=False), "Correct the source, or make it readable."
        )
        yield _item(
            "CHECK_CONN_DEST", _reachable(target, writable=True), "Correct the target, or make it writable."
        )
        if (
            isinstance(source, str)
            or isinstance(target, str)
            or source.problem(writable=False)
            or target.problem(writable=True)
        ):
            return
        self._server = target
        selection = select_databases(self._spec.objects, source.databases())
        unusable = [
            problem
            for database, target_database, _ in selection.databases
            for problem in (source.database_problem(database), target.database_problem(target_database))
            if problem
        ]
        if unusable:
            yield _item(
                "CHECK_SRC", [*selection.problems, *unusable], "Correct the names, or repair the files."
            )
            return
        yield from self._rights(source, target, selection.databases)
        for database, target_database, entry in selection.databases:
            self._pairs.append(self._pair(source, target, database, target_database, entry))
        yield from self._selection(selection.problems)
        yield from self._targets()
        yield from self._sources()

    def _rights(
        self, source: Server, target: Server, databases: list[tuple[str, str, Mapping[str, Any]]]
    ) -> Iterator[CheckItem]:
        logged = self._spec.full_load or self._spec.incremental
        if logged:
            problems = filter(None, (source.writable_problem(name) for name, _, _ in databases))
            yield _item(
                "CHECK_AUTH_SRC",
                problems,
                "Grant write access: changes are logged by triggers in the source.",
            )
        problems = filter(None, (target.writable_problem(name) for _, name, _ in databases))
        yield _item("CHECK_AUTH_DEST", problems, "Grant write access to the target.")
        same = [
            f"database {name!r} would be moved onto itself"
            for name, target_name, _ in databases
            if source.identity(name) == target.identity(target_name)
        ]
        yield _item(
            "CHECK_TOPOLOGY", same, "Choose another target directory, or rename the database on the way."
        )

    def _pair(
        self, source: Server, target: Server, database: str, target_database: str, entry: Mapping[str, Any]
    ) -> _Pair:
        reading = source.open_source(database, self._spec.job_id)
        self._stack.callback(reading.close)
        pair = _Pair(select_tables(database, target_database, entry, reading.look()[1]), reading, None)
        # A target database that is not there yet is not made by looking.
        if target_database in target.databases():
            pair.target = target.open_target(target_database)
            self._stack.callback(pair.target.close)
            pair.existing = {name.casefold(): table for name, table in pair.target.tables().items()}
            prefix = f"{database}/"
            state = pair.target.load_state(self._spec.job_id)
            pair.begun = frozenset(part.removeprefix(prefix) for part in state if part.startswith(prefix))
        return pair

    def _selection(self, problems: list[str]) -> Iterator[CheckItem]:
        missing = problems + [problem for pair in self._pairs for problem in pair.plan.problems]
        missing += [
            f"database {pair.plan.source!r} has no table to move"
            for pair in self._pairs
            if not pair.plan.tables
        ]
        missing += merged(
            (pair.plan.source, pair.plan.target, plan) for pair in self._pairs for plan in pair.plan.tables
        )
        yield _item("CHECK_SRC", missing, "Correct the object list, or create what is missing in the source.")
        if self._spec.full_load or self._spec.incremental:
            yield _item(
                "CHECK_PK",
                self._keyless(),
                "Give each table a primary key, or a unique index over NOT NULL columns.",
            )
        filters = [
            f"{pair.at(plan)}: {problem}"
            for pair in self._pairs
            for plan in pair.plan.tables
            if plan.filter
            and plan.source.key
            and (problem := pair.source.filter_problem(plan.source, plan.filter))
        ]
        yield _item(
            "CHECK_FILTER", filters, "Write a condition over the table's own columns, such as id > 10."
        )

    def _keyless(self) -> Iterator[str]:
        for pair in self._pairs:
            for plan in pair.plan.tables:
                if not plan.source.key:
                    yield f"{pair.at(plan)}: {plan.source.no_key}"
                elif nulls := pair.source.null_keys(plan.source):
                    yield f"{pair.at(plan)}: {nulls} rows have NULL in the key ({', '.join(plan.source.key)})"

    def _targets(self) -> Iterator[CheckItem]:
        if self._spec.structure:
            yield _item("CHECK_DDL", self._unmade(), "Choose all columns the table's own conditions use.")
        yield _item(
            "CHECK_SAME_OBJ",
            self._same_objects(),
            "Drop or rename the target's tables, or set targetTableMode to 2.",
        )
        if self._spec.full_load:
            filled = [
                f"{pair.plan.target}.{existing.name} holds rows: equal keys are overwritten, others stay"
                for pair in self._pairs
                for _, existing in pair.fresh_and_existing()
                if pair.target is not None and pair.target.has_rows(existing.name)
            ]
            state: CheckState = "Warning" if self._spec.target_table_mode == "2" else "Failed"
            yield _item(
                "CHECK_DEST_TABLE_EMPTY",
                filled,
                "Empty the target's tables, or accept what stands there.",
                state,
            )

    def _unmade(self) -> Iterator[str]:
        for pair in self._pairs:
            try:
                self._server.ddl([] if pair.plan.problems else pair.plan.tables)
            except MoverError as error:
                yield str(error)

    def _same_objects(self) -> Iterator[str]:
        for pair in self._pairs:
            if not self._spec.structure:
                yield from self._absent(pair)
            for plan, existing in pair.fresh_and_existing():
                if self._spec.structure and self._spec.target_table_mode != "2":
                    yield f"{pair.plan.target}.{existing.name} already exists in the target"
                elif (
                    problem := misfit(plan.source, plan.columns, plan.target_key, existing)
                    if plan.source.key
                    else ""
                ):
                    yield f"{pair.plan.target}.{existing.name} does not fit: {problem}"

    @staticmethod
    def _absent(pair: _Pair) -> Iterator[str]:
        for plan in pair.plan.tables:
            if plan.target_name.casefold() not in pair.existing:
                yield f"{pair.plan.target}.{plan.target_name} is missing, and no structure is moved"

    def _sources(self) -> Iterator[CheckItem]:
        start = self._spec.start_at
        if start is not None and not self._spec.full_load:
            late = [
                f"{pair.plan.source} was written after {start}, before its changes were logged"
                for pair in self._pairs
                if not pair.begun and not pair.source.untouched_since(start)
            ]
            yield _item("CHECK_BINLOG_EXIST", late, "Leave the starting point out, or include a full load.")
        left_out = [
            f"{pair.plan.source} has {kind}s that are not moved: {', '.join(names)}"
            for pair in self._pairs
            for kind, names in pair.source.oddities().items()
            if names
        ]
        left_out += [
            f"{pair.plan.source}.{plan.name}: trigger {name} runs RAISE(IGNORE) after the change, which "
            "stops the job when it is made anew while the job is under way"
            for pair in self._pairs
            for hiding in (pair.source.hiding_triggers(),)
            for plan in pair.plan.tables
            for name in hiding.get(plan.name, ())
        ]
        yield _item(
            "CHECK_ENGINE",
            left_out,
            "Create them in the target after the cutover. Use RAISE(IGNORE) in BEFORE triggers only.",
            "Warning",
        )
        slow = [
            f"{pair.plan.source}: {problem}"
            for pair in self._pairs
            if (problem := pair.source.concurrency_problem())
        ]
        yield _item("CHECK_JOURNAL_MODE", slow, "Run PRAGMA journal_mode = WAL in the source.", "Warning")


def _opened(url: str) -> Server | str:
    try:
        return open_server(url)
    except ValueError as error:
        return str(error)


def _reachable(server: Server | str, *, writable: bool) -> list[str]:
    problem = server if isinstance(server, str) else server.problem(writable)
    return [problem] if problem else []
