"""SQL text of SQLite: quoting, cutting a CREATE statement into its parts, and rewriting it under new names.

Renaming is left to SQLite itself: the statement is run in an empty database in memory, the renames are made
there with ALTER TABLE, which also mends CHECKs, indexes, generated columns and foreign keys, and the result
is read back.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from airflow_dts.emulator.dataplane.base import MoverError, TablePlan

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<space>[ \t\n\f\r]+)
    |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<text>'(?:[^']|'')*')
    |(?P<word>[A-Za-z0-9_$\x80-\U0010ffff]+)
    |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The identifier this token stands for."""
        quote = self.text[0]
        if self.kind == "name" and quote == "[":
            return self.text[1:-1]
        if self.kind in ("name", "text"):
            return self.text[1:-1].replace(quote * 2, quote)
        return self.text

    def means(self, keyword: str) -> bool:
        return self.kind == "word" and self.text.upper() == keyword


def tokens(sql: str) -> list[Token]:
    """The tokens of `sql` that mean something; spaces and comments are left out."""
    found = (
        Token(match.lastgroup or "mark", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(sql)
    )
    return [token for token in found if token.kind not in ("space", "comment")]


def has_comment(sql: str) -> bool:
    return any(match.lastgroup == "comment" for match in _TOKEN.finditer(sql))


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Parts(NamedTuple):
    """A CREATE statement around its outer parentheses."""

    head: str
    items: list[list[Token]]
    tail: str


def parts(sql: str) -> Parts:
    """Cut a CREATE TABLE or CREATE INDEX at its outer parentheses and their commas."""
    depth, opened = 0, 0
    items: list[list[Token]] = [[]]
    for token in tokens(sql):
        if token.text == ")":
            depth -= 1
            if depth == 0:
                return Parts(sql[:opened], items, sql[token.start :])
        if depth == 1 and token.text == ",":
            items.append([])
        elif depth >= 1:
            items[-1].append(token)
        if token.text == "(":
            depth += 1
            opened = opened or token.end
    raise MoverError(f"cannot read this statement: {sql[:200]}")


def _span(sql: str, item: Sequence[Token]) -> str:
    return sql[item[0].start : item[-1].end]


def _is_constraint(item: Sequence[Token]) -> bool:
    return item[0].kind == "word" and item[0].text.upper() in _CONSTRAINTS


def column_definition(sql: str, column: str) -> str:
    """The text that defines `column` in a CREATE TABLE."""
    for item in parts(sql).items:
        if not _is_constraint(item) and item[0].name.casefold() == column.casefold():
            return _span(sql, item)
    raise MoverError(f"column {column!r} not found in: {sql[:200]}")


def without_columns(sql: str, dropped: Sequence[str]) -> str:
    """A CREATE TABLE without these columns and without the table constraints that speak of them."""
    gone = {name.casefold() for name in dropped}
    head, items, tail = parts(sql)
    kept = [_span(sql, item) for item in items if not _speaks_of(item, gone)]
    return head + ", ".join(kept) + tail


def _speaks_of(item: Sequence[Token], gone: set[str]) -> bool:
    if _is_constraint(item):
        return any(token.name.casefold() in gone for token in item)
    return item[0].name.casefold() in gone


def index_terms(sql: str) -> tuple[list[str], str]:
    """The terms of a CREATE INDEX without their order, and its WHERE condition (empty without one)."""
    _, items, tail = parts(sql)
    terms = []
    for item in items:
        last = item[:-1] if item[-1].means("ASC") or item[-1].means("DESC") else item
        terms.append(_span(sql, last))
    rest = tokens(tail)
    where = next((token for token in rest if token.means("WHERE")), None)
    return terms, tail[where.end :].strip() if where else ""


def translate(plans: Sequence[TablePlan]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By source name: CREATE TABLE under the target's names, and CREATE INDEX for what can be kept.

    Raises MoverError naming the table that cannot be written with the chosen columns.
    """
    scratch = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for plan in plans:
            _create(scratch, plan)
        _rename_columns(scratch, plans)
        _rename_tables(scratch, plans)
        return {plan.name: _read_back(scratch, plan.target_name) for plan in plans}
    except sqlite3.Error as error:
        raise MoverError(f"the tables cannot be written under their new names: {error}") from error
    finally:
        scratch.close()


def _create(scratch: sqlite3.Connection, plan: TablePlan) -> None:
    chosen = {source.casefold() for source, _ in plan.columns}
    dropped = [column.name for column in plan.source.columns if column.name.casefold() not in chosen]
    try:
        scratch.execute(without_columns(plan.source.sql, dropped) if dropped else plan.source.sql)
    except sqlite3.Error as error:
        raise MoverError(
            f"table {plan.name!r} cannot be created in the target: {error}; "
            "choose every column that its CHECKs and generated columns use"
        ) from error
    for _, sql in plan.source.indexes:
        if not _uses(sql, dropped):
            scratch.execute(sql)


def _uses(sql: str, dropped: Sequence[str]) -> bool:
    gone = {name.casefold() for name in dropped}
    _, items, tail = parts(sql)
    used = [token for item in items for token in item] + tokens(tail)
    return any(token.name.casefold() in gone for token in used)


def _rename_columns(scratch: sqlite3.Connection, plans: Sequence[TablePlan]) -> None:
    for plan in plans:
        changed = [(source, target) for source, target in plan.columns if source != target]
        steps = [(source, f"{plan.name} {number}") for number, (source, _) in enumerate(changed)]
        steps += [(f"{plan.name} {number}", target) for number, (_, target) in enumerate(changed)]
        for old, new in steps:
            scratch.execute(f"ALTER TABLE {quote(plan.name)} RENAME COLUMN {quote(old)} TO {quote(new)}")


def _rename_tables(scratch: sqlite3.Connection, plans: Sequence[TablePlan]) -> None:
    # By way of names nobody has, so that two tables may swap theirs.
    changed = [(plan.name, plan.target_name) for plan in plans if plan.name != plan.target_name]
    steps = [(source, f"_dts_{number} {source}") for number, (source, _) in enumerate(changed)]
    steps += [(f"_dts_{number} {source}", target) for number, (source, target) in enumerate(changed)]
    for old, new in steps:
        scratch.execute(f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}")


def _read_back(scratch: sqlite3.Connection, table: str) -> tuple[str, tuple[str, ...]]:
    rows = scratch.execute(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY rowid", (table,)
    ).fetchall()
    create = next(str(sql) for kind, sql in rows if kind == "table")
    return create, tuple(str(sql) for kind, sql in rows if kind == "index")
