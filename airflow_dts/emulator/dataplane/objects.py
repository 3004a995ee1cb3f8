"""Resolves an object list (DbList, full form, seed 6.4.19.1) against what the source really has.

A name that exists is meant literally; otherwise a name with one of the seed's symbols (``.`` ``*`` ``?``
``[..]`` ``[^..]`` ``[a-b]``) is a pattern for whole names. A literal entry goes before a pattern.
Databases and tables of the emulator's own (``_dts_*``) and of the engine are never selected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_dts.emulator.dataplane.base import EVERY_DDL, EVERY_DML, MoverError, Table, TablePlan

_SYMBOLS = frozenset(".*?[")
_SEPARATORS = re.compile(r"[\s,;|/+]+")
_Entry = Mapping[str, Any]


@dataclass(slots=True)
class DatabasePlan:
    """One source database and the target database it goes to."""

    source: str
    target: str
    tables: list[TablePlan] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Selection:
    """The object list, resolved as far as databases; `problems` names what the source does not have."""

    databases: list[tuple[str, str, _Entry]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def select_databases(objects: _Entry, present: Iterable[str]) -> Selection:
    """Which databases are meant, as (source, target, entry)."""
    found = Selection()
    if not objects:
        found.problems.append("the object list is empty; name at least one database")
    for name, target, entry in _named(objects, list(present), "database", found.problems):
        found.databases.append((name, target, entry))
    return found


def select_tables(database: str, target: str, entry: _Entry, present: Mapping[str, Table]) -> DatabasePlan:
    """Which tables and columns of one database are meant."""
    found = DatabasePlan(database, target)
    listed = _section(entry, "Table")
    whole = _truth(entry.get("all", not listed))
    chosen: dict[str, tuple[str, _Entry]] = dict.fromkeys(present, ("", {})) if whole else {}
    for name, new_name, table_entry in _named(
        listed, list(present), f"database {database!r}: table", found.problems
    ):
        chosen[name] = (new_name, table_entry)
    for name, (new_name, table_entry) in chosen.items():
        try:
            found.tables.append(_plan(present[name], new_name or name, entry, table_entry))
        except ValueError as error:
            found.problems.append(f"database {database!r}, table {name!r}: {error}")
    found.problems += _collisions(f"database {target!r}", (plan.target_name for plan in found.tables))
    return found


def _named(
    entries: _Entry, present: list[str], what: str, problems: list[str]
) -> Iterator[tuple[str, str, _Entry]]:
    """The existing names an object's keys mean, each once, with its target name and entry."""
    taken: set[str] = set()
    patterns = []
    for key, raw in entries.items():
        entry = raw if isinstance(raw, Mapping) else {}
        name = _exact(key, present)
        if name is None:
            patterns.append((key, entry))
        elif name not in taken:
            taken.add(name)
            yield name, str(entry.get("name") or name), entry
    for key, entry in patterns:
        for name in _matches(key, entry, present, what, problems):
            if name not in taken:
                taken.add(name)
                yield name, _pattern_target(key, entry, name), entry


def _exact(key: str, present: list[str]) -> str | None:
    if key in present:
        return key
    folded = key.casefold()
    return next((name for name in present if name.casefold() == folded), None)


def _matches(key: str, entry: _Entry, present: list[str], what: str, problems: list[str]) -> list[str]:
    if not _SYMBOLS & set(key):
        problems.append(f"{what} {key!r} does not exist in the source")
        return []
    try:
        matches = matcher(key)
    except ValueError as error:
        problems.append(f"{what} {key!r}: {error}")
        return []
    found = [name for name in present if matches(name)]
    if not found:
        problems.append(f"no {what} of the source matches {key!r}")
    elif len(found) > 1 and _pattern_target(key, entry, "") != "":
        problems.append(
            f"{what} {key!r} matches {len(found)} names, which cannot all become {entry['name']!r}"
        )
        return []
    return found


def _pattern_target(key: str, entry: _Entry, name: str) -> str:
    """A pattern's entry repeats the pattern as its name, unless it renames the one thing it matches."""
    target = str(entry.get("name") or key)
    return name if target == key else target


def matcher(pattern: str) -> Callable[[str], bool]:
    """A test for whole names. Raises ValueError when the pattern makes no sense."""
    pieces, place = [], 0
    while place < len(pattern):
        symbol = pattern[place]
        if symbol == "[":
            piece, place = _bracket(pattern, place)
            pieces.append(piece)
            continue
        if symbol in "*?":
            # The seed repeats the "previous sub-expression", so there has to be one.
            if not pieces or (pieces[-1][-1:] in ("*", "?") and pattern[place - 1] in "*?"):
                raise ValueError(f"nothing to repeat before {symbol!r} at character {place + 1}")
            pieces[-1] += symbol
        else:
            pieces.append(r"[^\r\n]" if symbol == "." else re.escape(symbol))
        place += 1
    compiled = re.compile("".join(pieces))
    return lambda name: compiled.fullmatch(name) is not None


def _bracket(pattern: str, start: int) -> tuple[str, int]:
    end = pattern.find("]", start + 2)
    if end < 0:
        raise ValueError(f"'[' at character {start + 1} is never closed")
    inside = pattern[start + 1 : end]
    negated, inside = inside.startswith("^"), inside.removeprefix("^")
    text = "".join(symbol if symbol == "-" else re.escape(symbol) for symbol in inside)
    try:
        re.compile(f"[{text}]")
    except re.error as error:
        raise ValueError(f"[{inside}]: {error}") from error
    return f"[{'^' if negated else ''}{text}]", end + 1


def _plan(table: Table, target: str, database_entry: _Entry, entry: _Entry) -> TablePlan:
    columns, whole = _columns(table, entry)
    plan = TablePlan(
        source=table,
        target_name=target,
        columns=columns,
        whole=whole,
        filter=str(entry.get("filter") or "").strip(),
        dml=parse_dml(_first(entry, database_entry, "dml_op")),
        ddl=parse_ddl(_first(entry, database_entry, "ddl_op")),
    )
    left_out = [name for name in table.key if name not in dict(columns)]
    if left_out:
        raise ValueError(f"the key column {', '.join(left_out)} has to be among the chosen columns")
    return plan


def _columns(table: Table, entry: _Entry) -> tuple[tuple[tuple[str, str], ...], bool]:
    listed = {
        name: value if isinstance(value, Mapping) else {}
        for name, value in _section(entry, "column").items()
        if not isinstance(value, Mapping) or value.get("state") in (None, "", "checked")
    }
    whole = _truth(entry.get("all", not listed)) or not listed
    names: dict[str, str] = {column.name: column.name for column in table.columns} if whole else {}
    for name, value in listed.items():
        column = table.column(name)
        if column is None:
            raise ValueError(f"column {name!r} does not exist in the source")
        names[column.name] = str(value.get("name") or column.name)
    ordered = tuple((column.name, names[column.name]) for column in table.columns if column.name in names)
    problems = _collisions("the table", (target for _, target in ordered))
    if problems:
        raise ValueError(problems[0])
    return ordered, whole


def _collisions(where: str, names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    problems = []
    for name in names:
        if name.casefold() in seen:
            problems.append(f"two objects would become {name!r} in {where}; give one another name")
        seen.add(name.casefold())
    return problems


def _first(entry: _Entry, database_entry: _Entry, key: str) -> str:
    value = entry.get(key)
    return str(database_entry.get(key) or "") if value is None else str(value)


def parse_dml(text: str) -> frozenset[str]:
    """Read "i,u", "iu", "none", "" (all). Raises ValueError for any other letter."""
    words = [word for word in _SEPARATORS.split(text.casefold()) if word]
    if words == ["none"]:
        return frozenset()
    return _known(frozenset("".join(words)), EVERY_DML, "dml_op", text)


def parse_ddl(text: str) -> frozenset[str]:
    """Read "ct,at", "none", "" (all). Raises ValueError for any other code."""
    words = [word for word in _SEPARATORS.split(text.casefold()) if word]
    if words == ["none"]:
        return frozenset()
    return _known(frozenset(words), EVERY_DDL, "ddl_op", text)


def _known(found: frozenset[str], every: frozenset[str], key: str, text: str) -> frozenset[str]:
    if not found <= every:
        raise ValueError(
            f"{key} {text!r}: use {', '.join(sorted(every))} separated by commas, none, or nothing for all"
        )
    return found or every


def _section(entry: _Entry, key: str) -> _Entry:
    for name in (key, key.lower(), key.capitalize()):
        value = entry.get(name)
        if isinstance(value, Mapping):
            return value
    return {}


def _truth(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).casefold() in ("true", "1")


def require(problems: Iterable[str]) -> None:
    """Raise MoverError unless there is nothing to complain about."""
    texts = list(problems)
    if texts:
        raise MoverError("; ".join(texts))


def merged(plans: Iterable[tuple[str, str, TablePlan]]) -> list[str]:
    """Tables of several source databases that would become one, from (source, target, plan) of each."""
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for source, target, plan in plans:
        name = f"{source}.{plan.name}"
        owner = owners.setdefault((target, plan.target_name.casefold()), name)
        if owner != name:
            problems.append(f"{owner} and {name} would both become {target}.{plan.target_name}; rename one")
    return problems
