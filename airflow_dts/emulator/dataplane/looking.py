"""Looks at a server without a job: whether it answers, and what it holds. Nothing is changed."""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

from airflow_dts.emulator.dataplane.base import Server
from airflow_dts.emulator.dataplane.registry import open_server


class Reach(NamedTuple):
    """How far one gets; each text says why one gets no further, and is empty where one does.

    :param server: the server cannot be reached.
    :param database: it can, yet a database cannot be opened.
    """

    server: str = ""
    database: str = ""


def reach(url: str, *, writable: bool, database: str = "") -> Reach:
    """Try a server and its databases.

    :param writable: they have to be writable too.
    :param database: one that has to be there; all there are when left out.
    """
    try:
        server = open_server(url)
    except ValueError as error:
        return Reach(server=str(error))
    if problem := server.problem(writable):
        return Reach(server=problem)
    present = server.databases()
    if database and database not in present:
        return Reach(database=f"there is no database {database!r}; create it or correct the name")
    return Reach(database="; ".join(_problems(server, [database] if database else present, writable)))


def _problems(server: Server, databases: list[str], writable: bool) -> list[str]:
    found = []
    for database in databases:
        problem = server.database_problem(database)
        if writable and not problem:
            problem = server.writable_problem(database)
        if problem:
            found.append(problem)
    return found


def catalog(url: str) -> dict[str, dict[str, list[str]]]:
    """Database -> table -> columns. A database that cannot be opened is passed over.

    Raises ValueError, with the remedy, when the server cannot be reached.
    """
    server = open_server(url)
    if problem := server.problem(writable=False):
        raise ValueError(problem)
    return {
        database: _tables(server, database)
        for database in server.databases()
        if not server.database_problem(database)
    }


def _tables(server: Server, database: str) -> dict[str, list[str]]:
    with closing(server.open_source(database, "")) as source:
        _, tables = source.look()
    return {name: [column.name for column in table.columns] for name, table in tables.items()}
