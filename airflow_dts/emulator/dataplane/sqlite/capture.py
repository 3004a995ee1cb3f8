"""The log of changes in an SQLite source: one table of keys, filled by triggers.

Triggers see every connection's writes, and a rollback takes the log entries with it. What they do not see by
themselves is a row that REPLACE displaces: no DELETE trigger fires for it (unless recursive_triggers is on).
So before every insert and update the triggers look up, for each unique index, the rows the new one would
displace, and log their keys as "x": perhaps gone.

Two kinds of write nothing can see from here. Incremental blob I/O (sqlite3_blob_write) changes a value
without firing any trigger. And SQLite fires the newest trigger first: an AFTER trigger of the application
that is made after ours and runs RAISE(IGNORE) keeps ours from firing. `hidden_by` finds it in the schema,
where a TEMP trigger does not show.

SQLite has one writer at a time, so the order of the log is the order of the commits. The newest entry is
never purged: its number keeps SQLite from handing out a number twice.

A log may pass over what one other job writes, for the sake of two-way jobs. Every transaction of that job
puts a row into a table named after it, the mark, and takes it out before it commits; the triggers look
whether it is there. Only the transaction itself ever sees the row, since there is one writer, and a crash
takes it along. The mark is made and dropped together with the triggers that look at it.
"""
# ruff: noqa: S608 - names are quoted by `ddl.quote`, values are bound, filters were checked by SQLite

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from airflow_dts.emulator.dataplane.base import OWN_PREFIX, Table, TablePlan, Unique
from airflow_dts.emulator.dataplane.sqlite.ddl import literal, quote, tokens
from airflow_dts.emulator.dataplane.sqlite.server import job_tag

# The time of the statement; a commit follows it shortly. Milliseconds is what SQLite has.
_NOW = "(julianday('now') - 2440587.5) * 86400.0"


def log_table(job_id: str) -> str:
    return f"{OWN_PREFIX}log_{job_tag(job_id)}"


def mark_table(writer: str) -> str:
    """Holds a row while the job `writer` writes; there only while some log passes over that."""
    return f"{OWN_PREFIX}mark_{job_tag(writer)}"


def trigger_prefix(job_id: str) -> str:
    return f"{OWN_PREFIX}{job_tag(job_id)}_"


def key_column(place: int) -> str:
    return f"k{place}"


def collated(expression: str, collation: str) -> str:
    return f"{expression} COLLATE {quote(collation)}" if collation else expression


def key_terms(table: Table, prefix: str = "") -> list[str]:
    """The key columns as they have to stand in comparisons and in ORDER BY."""
    return [
        collated(prefix + quote(name), collation)
        for name, collation in zip(table.key, table.collations, strict=True)
    ]


def triggers(job_id: str, plan: TablePlan, writer: str = "") -> dict[str, str]:
    """Name and statement of every trigger a table needs.

    :param writer: a job whose writes are passed over.
    """
    prefix = trigger_prefix(job_id)
    others = f"NOT EXISTS (SELECT 1 FROM {quote(mark_table(writer))})" if writer else ""
    return {
        f"{prefix}{kind}_{plan.name}": (
            f"CREATE TRIGGER {quote(f'{prefix}{kind}_{plan.name}')} {event} ON {quote(plan.name)} "
            f"{_when(others, when)}BEGIN {body} END"
        )
        for kind, event, when, body in _TriggerWriter(log_table(job_id), plan).all()
    }


def _when(*conditions: str) -> str:
    stated = [condition for condition in conditions if condition]
    text = stated[0] if len(stated) == 1 else " AND ".join(f"({condition})" for condition in stated)
    return f"WHEN {text} " if text else ""


class _TriggerWriter:
    def __init__(self, log: str, plan: TablePlan) -> None:
        self.table = plan.source
        self.restricted = plan.restricted
        columns = ", ".join(key_column(place) for place in range(len(self.table.key)))
        self.insert = f"INSERT INTO {quote(log)}(tab, op, at, {columns})"

    def all(self) -> Iterator[tuple[str, str, str, str]]:
        new, old = self._key("new"), self._key("old")
        moved = " OR ".join(
            f"{collated('old.' + quote(name), collation)} IS NOT new.{quote(name)}"
            for name, collation in zip(self.table.key, self.table.collations, strict=True)
        )
        yield "i", "AFTER INSERT", "", self._log("i", new)
        yield "d", "AFTER DELETE", "", self._log("d", old)
        yield "u", "AFTER UPDATE", f"NOT ({moved})", self._log("u", new)
        yield "m", "AFTER UPDATE", moved, self._log("m", old) + " " + self._log("a", new)
        displacing = list(self._displacing())
        if displacing:
            others = " AND ".join(
                f"{term} = old.{quote(name)}"
                for term, name in zip(key_terms(self.table), self.table.key, strict=True)
            )
            yield "xi", "BEFORE INSERT", "", " ".join(self._displaced(condition) for condition in displacing)
            yield (
                "xu",
                "BEFORE UPDATE",
                "",
                " ".join(self._displaced(f"{condition} AND NOT ({others})") for condition in displacing),
            )

    def _key(self, row: str) -> str:
        return ", ".join(f"{row}.{quote(name)}" for name in self.table.key)

    def _log(self, op: str, key: str) -> str:
        return f"{self.insert} VALUES ({literal(self.table.name)}, '{op}', {_NOW}, {key});"

    def _displaced(self, condition: str) -> str:
        key = ", ".join(quote(name) for name in self.table.key)
        return (
            f"{self.insert} SELECT {literal(self.table.name)}, 'x', {_NOW}, {key} "
            f"FROM {quote(self.table.name)} WHERE {condition};"
        )

    def _displacing(self) -> Iterator[str]:
        """For each promise of uniqueness, the condition that finds the row standing in the new one's way."""
        for unique in self.table.uniques:
            yield self._in_the_way(unique)
        if self.table.row_id:
            yield f"{quote(self.table.row_id)} = new.{quote(self.table.row_id)}"
        if self.restricted:
            # The key itself: full replication need not know that an inserted row displaced its namesake.
            pairs = zip(key_terms(self.table), self.table.key, strict=True)
            yield " AND ".join(f"{term} = new.{quote(name)}" for term, name in pairs)

    def _in_the_way(self, unique: Unique) -> str:
        if unique.plain:
            terms = zip(unique.plain, unique.terms, strict=True)
            found = [
                f"{collated(quote(name), collation)} = new.{quote(name)}" for name, (_, collation) in terms
            ]
        else:
            found = [
                f"{collated(f'({text})', collation)} = (SELECT {text}{self._new_row(text)})"
                for text, collation in unique.terms
            ]
        return " AND ".join([*found, *([f"({unique.where})"] if unique.where else [])])

    def _new_row(self, expression: str) -> str:
        """Gives an expression the new row's values: a row of the same column names.

        Of the columns it uses only: the application could not drop a column a trigger names.
        """
        used = {token.name.casefold() for token in tokens(expression)}
        names = [quote(column.name) for column in self.table.columns if column.name.casefold() in used]
        return f" FROM (SELECT {', '.join(f'new.{name} AS {name}' for name in names)})" if names else ""


def present_triggers(connection: sqlite3.Connection, job_id: str) -> dict[str, tuple[str, str]]:
    """The job's triggers by name: the table each one hangs on, and its statement."""
    prefix = trigger_prefix(job_id)
    rows = connection.execute(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, ?) = ?",
        (len(prefix), prefix),
    )
    return {str(name): (str(table), str(sql)) for name, table, sql in rows}


def insert_trigger_table(connection: sqlite3.Connection, job_id: str, table: str) -> str:
    """Where the trigger made for `table` hangs now; empty when it is gone."""
    trigger = f"{trigger_prefix(job_id)}i_{table}"
    return present_triggers(connection, job_id).get(trigger, ("", ""))[0]


def gap(connection: sqlite3.Connection, job_id: str, table: str) -> str:
    """Why changes of a logged table may have gone unlogged; empty when all is well."""
    present = present_triggers(connection, job_id)
    prefix = trigger_prefix(job_id)
    for kind in ("i", "d", "u", "m"):
        hangs_on = present.get(f"{prefix}{kind}_{table}", ("", ""))[0]
        if not hangs_on:
            return (
                f"table {table!r} was dropped and made anew (DROP TABLE, CREATE TABLE), or lost its triggers"
            )
        if hangs_on != table:
            return f"table {table!r} was renamed to {hangs_on!r} (ALTER TABLE RENAME TO)"
    if hiding := hidden_by(connection, job_id, table):
        return (
            f"table {table!r} was given the trigger {hiding!r} (CREATE TRIGGER), whose RAISE(IGNORE) keeps "
            "changes from being logged; drop it, or make it a BEFORE trigger"
        )
    return ""


def hiding_triggers(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """By table: AFTER triggers with RAISE(IGNORE), which keeps every older trigger from firing."""
    found: dict[str, list[str]] = {}
    for name, table, sql in connection.execute(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
    ):
        if _hides(str(sql)):
            found.setdefault(str(table), []).append(str(name))
    return found


def _hides(sql: str) -> bool:
    words = [token.text.upper() for token in tokens(sql)]
    head = words[: words.index("ON")] if "ON" in words else words
    ignores = any(words[place : place + 3] == ["RAISE", "(", "IGNORE"] for place in range(len(words)))
    return ignores and "AFTER" in head


def hidden_by(connection: sqlite3.Connection, job_id: str, table: str) -> str:
    """Which trigger may have kept changes of a logged table from the log; empty when none can have."""
    prefix = trigger_prefix(job_id)
    for name in hiding_triggers(connection).get(table, ()):
        # Numbers of the catalog rise with every object made, and VACUUM keeps their order.
        older = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND substr(name, 1, ?) = ? "
            "AND rowid < (SELECT rowid FROM sqlite_master WHERE type = 'trigger' AND name = ?)",
            (table, len(prefix), prefix, name),
        ).fetchone()
        if older:
            return name
    return ""


def install(
    connection: sqlite3.Connection, job_id: str, plans: Sequence[TablePlan], writer: str = ""
) -> None:
    """Make the job's log and triggers fit `plans`; inside a transaction of the caller.

    :param writer: a job whose writes are passed over.
    """
    log = log_table(job_id)
    if writer:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {quote(mark_table(writer))}(writing INTEGER)")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {quote(log)}"
        "(seq INTEGER PRIMARY KEY, tab TEXT NOT NULL, op TEXT NOT NULL, at REAL NOT NULL)"
    )
    _widen(connection, log, max((len(plan.source.key) for plan in plans), default=0))
    wanted = {name: sql for plan in plans for name, sql in triggers(job_id, plan, writer).items()}
    present = present_triggers(connection, job_id)
    for name, (_, sql) in present.items():
        if wanted.get(name) != sql:
            connection.execute(f"DROP TRIGGER {quote(name)}")
    for name, sql in wanted.items():
        if present.get(name, ("", ""))[1] != sql:
            connection.execute(sql)


def _widen(connection: sqlite3.Connection, log: str, width: int) -> None:
    # Columns without a type keep every value exactly as the key column holds it.
    have = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (log,))}
    for place in range(width):
        if key_column(place) not in have:
            connection.execute(f"ALTER TABLE {quote(log)} ADD COLUMN {key_column(place)}")


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def is_installed(connection: sqlite3.Connection, job_id: str) -> bool:
    return has_table(connection, log_table(job_id)) or bool(present_triggers(connection, job_id))


def remove(connection: sqlite3.Connection, job_id: str, writer: str = "") -> None:
    """Drop the job's triggers, its log and the mark of `writer`; inside a transaction of the caller."""
    for name in present_triggers(connection, job_id):
        connection.execute(f"DROP TRIGGER {quote(name)}")
    connection.execute(f"DROP TABLE IF EXISTS {quote(log_table(job_id))}")
    if writer:
        connection.execute(f"DROP TABLE IF EXISTS {quote(mark_table(writer))}")
