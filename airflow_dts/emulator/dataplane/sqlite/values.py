"""Values between SQLite and Python, exactly.

SQLite lets text be any bytes. Text that is not UTF-8 travels as `RawText` and is bound as a blob inside a
CAST, because Python can neither read nor bind it as `str`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from airflow_dts.emulator.dataplane.base import Row


class RawText(NamedTuple):
    """Text that is not valid UTF-8, as its bytes."""

    data: bytes


def lenient(data: bytes) -> str | RawText:
    """Text as Python's `str` where it can be one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return RawText(data)


def read(connection: sqlite3.Connection, work: Callable[[], list[Row]]) -> list[Row]:
    """The rows `work` fetches; once more, slowly, when some text in them is not UTF-8."""
    try:
        return work()
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
    connection.text_factory = lenient
    try:
        return work()
    finally:
        connection.text_factory = str


def write(
    connection: sqlite3.Connection, statement: Callable[[Sequence[str]], str], rows: Sequence[Row], width: int
) -> None:
    """Run a statement once for each row; `statement` writes it around a list of placeholders."""
    connection.execute("SAVEPOINT _dts_write")
    try:
        connection.executemany(statement(["?"] * width), rows)
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        # Binding failed, so some row holds RawText.
        connection.execute("ROLLBACK TO _dts_write")
        _write_one_by_one(connection, statement, rows)
    connection.execute("RELEASE _dts_write")


def _write_one_by_one(
    connection: sqlite3.Connection, statement: Callable[[Sequence[str]], str], rows: Sequence[Row]
) -> None:
    for row in rows:
        places = ["CAST(? AS TEXT)" if type(value) is RawText else "?" for value in row]
        connection.execute(
            statement(places), [value.data if type(value) is RawText else value for value in row]
        )


def weight(row: Row) -> int:
    """About how many bytes a row takes."""
    return sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
