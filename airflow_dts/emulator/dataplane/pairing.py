"""Two jobs that lead to and fro between two databases: how they keep out of each other's way.

Loops. A half does not log what the other half writes (`base.Server.open_source`), so a change goes across
once and never comes back. Only the partner's writes are passed over: any third job that starts from the same
database sees them all.

Conflicts. The log holds keys, and what is written is the row as it is when its turn comes. The halves take
turns: while one reads its source and writes its target, the other does neither. So when both sides have
changed a row before either change was carried across, the half whose turn comes first overwrites the other
side's change, and the other half then finds nothing new: *the change that is carried across first wins, on
both sides*; rows in the way of a unique value go in the same manner. No timestamps are compared, nothing is
merged, no conflict is reported. What both halves move in full (no filter, every kind of change) is equal on
both sides once nobody writes any more. Give each side keys of its own (SQLite's AUTOINCREMENT hands out the
same ones on both), and no change is ever lost.

Full loads. A load passes over the rows whose change on the other side is still to be carried across. The load
of the way back writes only what differs. Without one, rows that only the far side held before the way back
began stay there, and so does what was changed there before.

DDL goes forward only. The way back takes over columns and tables once both sides have them; a table that came
that way is loaded, since it may have been written on the far side meanwhile. DDL of the far side is passed
over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

from airflow_dts.emulator.dataplane.applying import key_folder
from airflow_dts.emulator.dataplane.base import BusyJob, MoverError, Row, Source, Table, TablePlan, Target
from airflow_dts.emulator.dataplane.checkpoint import Checkpoint
from airflow_dts.emulator.dataplane.process import Stop
from airflow_dts.emulator.dataplane.registry import open_server
from airflow_dts.emulator.dataplane.spec import JobSpec

_POLL = 0.002


class Pair:
    """What one half has to know of the other. For a job that is no half of any, it never stands in the way.

    :param source: the half's own; the partner's target.
    :param target: the half's own; the partner's source.
    """

    def __init__(self, spec: JobSpec, source: Source, target: Target, stop: Stop) -> None:
        self._partner = spec.partner
        self.way_back = spec.way_back
        self._source = source
        self._target = target
        self._stop = stop
        self._turns = Turns(spec) if spec.partner else None
        self._source_server = open_server(spec.source)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """The half's turn, waited for; False when it is to stop instead."""
        if self._turns is None:
            yield True
            return
        with self._turns.taken(self._stop) as mine:
            yield mine

    def require_notice(self) -> None:
        """Raise MoverError while the partner would take what this half writes for changes of its own."""
        if self._partner and self._target.overhears(self._partner):
            raise MoverError(
                f"the other direction (job {self._partner}) does not know yet that the job is two-way; start "
                "it, and this one goes on"
            )

    # --- loading

    def wanted(self, plan: TablePlan, rows: Sequence[Row]) -> Sequence[Row]:
        """Which of the rows a load has read it may write; inside the turn and a transaction of the target."""
        if not self._partner or not rows:
            return rows
        fold = key_folder(plan)
        position = self._partners_checkpoint().database.position
        waiting = {fold(key) for key in self._target.logged(self._partner, plan, position)}
        keys = [tuple(row[place] for place in plan.key_places) for row in rows]
        if waiting:
            pairs = [pair for pair in zip(keys, rows, strict=True) if fold(pair[0]) not in waiting]
            keys, rows = [key for key, _ in pairs], [row for _, row in pairs]
        if not self.way_back:
            return rows
        held = self._target.rows(plan, keys)
        return [row for key, row in zip(keys, rows, strict=True) if not _same(held.get(key), row)]

    def _partners_checkpoint(self) -> Checkpoint:
        with closing(self._source_server.open_target(self._source.database)) as database:
            return Checkpoint(database, self._partner, self._target.database)

    # --- the way back and DDL

    def unfinished(self) -> frozenset[str]:
        """Tables of the source, in lower case, that the forward half is still loading."""
        if not self.way_back:
            return frozenset()
        tables = self._partners_checkpoint().tables.values()
        return frozenset(state.target.casefold() for state in tables if not state.settled)

    def on_both_sides(self) -> Mapping[str, Table]:
        """The target's tables by name in lower case, which the way back may take over."""
        return {name.casefold(): table for name, table in self._target.tables().items()}


def without_ddl(plan: TablePlan) -> TablePlan:
    return replace(plan, ddl=frozenset())


def _same(held: Row | None, row: Row) -> bool:
    return held is not None and [(type(value), value) for value in held] == [
        (type(value), value) for value in row
    ]


class Turns:
    """Who of the two may work. Whoever waits is next, so neither can keep the other from its turn.

    The locks are those of `Server.lease`: the kernel lets go of them with the process.
    """

    def __init__(self, spec: JobSpec) -> None:
        forward = spec.partner if spec.way_back else spec.job_id
        self._server = open_server(spec.source if spec.way_back else spec.target)
        self._names = f"{forward}.next", f"{forward}.turn"

    @contextmanager
    def taken(self, stop: Stop) -> Iterator[bool]:
        waiting, working = self._names
        with ExitStack() as turn:
            with ExitStack() as queue:
                mine = self._lock(queue, waiting, stop) and self._lock(turn, working, stop)
            yield mine

    def _lock(self, stack: ExitStack, name: str, stop: Stop) -> bool:
        while True:
            with suppress(BusyJob):
                stack.enter_context(self._server.lease(name))
                return True
            if stop.wait(_POLL):
                return False

    def tidy(self) -> None:
        """Remove what a half that was killed in its turn has left."""
        if self._server.problem(writable=False):
            return
        for name in self._names:
            with suppress(BusyJob, OSError), self._server.lease(name):
                pass
