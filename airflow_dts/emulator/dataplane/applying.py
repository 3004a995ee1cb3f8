"""Applies a stretch of the log to the target.

Every kind of change selected (the usual case): keys without a row are deleted, then the rows are written
over whatever holds their key or unique values. A row displaced that way has itself changed since it was read,
so the log names it too, here or later, and it comes back.

Only some kinds selected (dml_op): the log is walked in order for each key, starting from whether the target
has the key. Kinds that are not selected are passed over, as their statements would be on a server:

* insert: adds the row when the target has none under its key, never overwrites;
* update: overwrites the row when the target has it; adds it only when inserts are selected too (it came
  into the filter). One that changes the key takes the row along from the old key to the new one; one that
  moves the row out of the filter removes it;
* delete: removes it. A row displaced by REPLACE counts as deleted.

The log has no images, so what is written is the row as it is now. A row that is gone by then is left as
the target has it when its deletion is not selected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from airflow_dts.emulator.dataplane.base import (
    Changes,
    Key,
    KeyState,
    Row,
    TableChanges,
    TablePlan,
    Target,
    Touch,
)


def apply(target: Target, changes: Changes, in_full: Collection[str]) -> None:
    """Bring the target up to `changes.position`; inside a transaction of the caller.

    :param in_full: tables, by source name, that take every kind of change: their load is not finished, so the
        log still repairs what it read at different moments.

    Raises UniqueConflict.
    """
    for part in changes.tables:
        if part.plan.restricted and part.plan.name not in in_full:
            _apply_selected(target, part)
        else:
            _apply_all(target, part)
        if part.counter is not None:
            target.set_counter(part.plan, part.counter)


def _apply_all(target: Target, part: TableChanges) -> None:
    target.delete(part.plan, [state.key for state in part.states if state.row is None])
    target.put(part.plan, [state.row for state in part.states if state.row is not None])


def _apply_selected(target: Target, part: TableChanges) -> None:
    if not part.plan.dml:
        return
    fold = key_folder(part.plan)
    states = {fold(state.key): state for state in part.states}
    keys = {fold(touch.key): touch.key for touch in part.touches}
    present = target.present(part.plan, keys.values())
    walk = Walk(part.plan.dml, states, {folded for folded, key in keys.items() if key in present})
    removed, written = walk.outcome([Touch(touch.op, fold(touch.key)) for touch in part.touches])
    target.delete(part.plan, [keys[key] for key in [*removed, *written]])
    target.insert(part.plan, list(written.values()))


def key_folder(plan: TablePlan) -> Callable[[Key], Key]:
    """Maps keys that the key's collation takes for equal to one and the same."""
    collations = [name.upper() for name in plan.source.folding]
    if not {"NOCASE", "RTRIM"} & set(collations):
        return lambda key: key
    return lambda key: tuple(_fold(value, name) for value, name in zip(key, collations, strict=True))


def _fold(value: object, collation: str) -> object:
    if not isinstance(value, str):
        return value
    if collation == "NOCASE":
        return "".join(letter.lower() if letter.isascii() else letter for letter in value)
    return value.rstrip(" ") if collation == "RTRIM" else value


class Walk:
    """Follows each key through the log.

    :param held: the keys the target has to begin with.
    """

    def __init__(self, dml: frozenset[str], states: dict[Key, KeyState], held: set[Key]) -> None:
        self._dml = dml
        self._states = states
        self._held = set(held)
        self._fresh: set[Key] = set()
        self._updated: set[Key] = set()
        self._carried = False

    def outcome(self, touches: Sequence[Touch]) -> tuple[list[Key], dict[Key, Row]]:
        """The keys to remove, and the rows to write over what their keys hold."""
        start = set(self._held)
        returning = _returning(touches)
        for place, touch in enumerate(touches):
            displaced = touch.op == "x" and (place in returning or not self._exists(touch.key))
            op = "d" if displaced else touch.op
            self._step(op, touch.key)
        written = {key: row for key in self._fresh & self._held if (row := self._row(key)) is not None}
        removed = [key for key in start if key not in self._held or self._left_filter(key)]
        return removed, written

    def _step(self, op: str, key: Key) -> None:
        if op in ("d", "i") and op in self._dml:
            self._delete(key) if op == "d" else self._insert(key)
        elif op in ("u", "m", "a") and "u" in self._dml:
            self._update(op, key)

    def _insert(self, key: Key) -> None:
        if key not in self._held:
            self._held.add(key)
            self._fresh.add(key)

    def _delete(self, key: Key) -> None:
        self._held.discard(key)
        self._fresh.discard(key)

    def _update(self, op: str, key: Key) -> None:
        if op == "m":
            # The entry for the key arrived at follows at once.
            self._carried = key in self._held
            self._delete(key)
            return
        if (op == "a" and self._carried) or key in self._held or "i" in self._dml:
            self._held.add(key)
            self._fresh.add(key)
            self._updated.add(key)

    def _exists(self, key: Key) -> bool:
        state = self._states.get(key)
        return state is not None and state.exists

    def _row(self, key: Key) -> Row | None:
        state = self._states.get(key)
        return state.row if state is not None else None

    def _left_filter(self, key: Key) -> bool:
        return key in self._updated and self._exists(key) and self._row(key) is None


def _returning(touches: Iterable[Touch]) -> set[int]:
    """Places of "x" entries whose key is inserted or arrived at later: the row they speak of did go."""
    later: set[Key] = set()
    found = set()
    for place, touch in reversed(list(enumerate(touches))):
        if touch.op in ("i", "a"):
            later.add(touch.key)
        elif touch.op == "x" and touch.key in later:
            found.add(place)
    return found
