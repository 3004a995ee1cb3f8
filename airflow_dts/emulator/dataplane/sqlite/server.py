"""A directory of SQLite files as a server: ``sqlite:///abs/dir``, one ``<database>.db`` for each database."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from airflow_dts.emulator.dataplane.base import OWN_PREFIX, BusyJob, Source, TablePlan, Target
from airflow_dts.emulator.dataplane.sqlite.ddl import translate

_SCHEME = "sqlite://"
_SUFFIX = ".db"
_MAGIC = b"SQLite format 3\x00"
_FORBIDDEN = re.compile(r'[/\\\x00-\x1f:*?"<>|]')
_BUSY_SECONDS = 30.0


def job_tag(job_id: str) -> str:
    """The job id as part of a name: readable, and never the same for two jobs."""
    plain = re.sub(r"[^A-Za-z0-9]", "_", job_id)[:40]
    return f"{plain}_{hashlib.sha256(job_id.encode()).hexdigest()[:8]}"


def connect(path: Path, *, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """An autocommit connection that keeps out of the application's way. Raises sqlite3.Error."""
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA query_only = {int(read_only)}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def file_identity(path: Path) -> str:
    """The same text for the same file, whatever its name; empty when there is none."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


class SqliteServer:
    """See the module. The directory of a target is made when the first database is opened in it."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory

    @classmethod
    def of(cls, url: str) -> SqliteServer:
        """Raises ValueError with the remedy unless `url` is sqlite:///absolute/directory."""
        text = unquote(url.removeprefix(_SCHEME))
        if not text.startswith("/") or "\x00" in text or "?" in url or "#" in url:
            raise ValueError(
                f"{url!r}: give an absolute directory with three slashes, such as sqlite:///var/lib/data"
            )
        return cls(url, Path(text).resolve())

    def problem(self, writable: bool) -> str:
        path = self.directory
        if not path.exists():
            return self._missing(writable)
        if not path.is_dir():
            return f"{path} is not a directory; name the directory that holds the .db files"
        if not os.access(path, os.R_OK | os.X_OK) or (writable and not _takes_files(path)):
            return (
                f"no permission on the directory {path}; grant read{' and write' if writable else ''} access"
            )
        return ""

    def _missing(self, writable: bool) -> str:
        missing = f"the directory {self.directory} does not exist"
        if not writable:
            return f"{missing}; create it or correct the URL"
        parent = next(folder for folder in self.directory.parents if folder.exists())
        return "" if _takes_files(parent) else f"{missing} and cannot be made in {parent}; correct the URL"

    def databases(self) -> list[str]:
        names = (
            path.name.removesuffix(_SUFFIX) for path in self.directory.glob(f"*{_SUFFIX}") if path.is_file()
        )
        return sorted(name for name in names if not name.startswith((".", OWN_PREFIX)))

    def is_database(self, database: str) -> bool:
        with suppress(OSError), self._path(database).open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
        return False

    def database_problem(self, database: str) -> str:
        name_problem = _name_problem(database)
        if name_problem:
            return name_problem
        path = self._path(database)
        if not path.exists():
            return ""
        try:
            connect(path, read_only=True).close()
        except sqlite3.Error as error:
            return f"{path} cannot be opened: {error}; it has to be a readable SQLite database"
        return ""

    def writable_problem(self, database: str) -> str:
        path = self._path(database)
        if not path.exists():
            return self.problem(writable=True)
        try:
            with closing(connect(path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return f"{path} cannot be written: {error}; grant write access to the file and its directory"
        return ""

    def identity(self, database: str) -> str:
        path = self._path(database)
        return file_identity(path) or str(path.resolve())

    def path_of(self, database: str) -> Path:
        """The file of a database. Raises ValueError for a name that could leave the directory."""
        name_problem = _name_problem(database)
        if name_problem:
            raise ValueError(name_problem)
        return self._path(database)

    def _path(self, database: str) -> Path:
        return self.directory / f"{database}{_SUFFIX}"

    def open_source(self, database: str, job_id: str, partner: str = "") -> Source:
        from airflow_dts.emulator.dataplane.sqlite.source import SqliteSource

        return SqliteSource(database, self.path_of(database), job_id, partner)

    def open_target(self, database: str, like: Source | None = None, writer: str = "") -> Target:
        from airflow_dts.emulator.dataplane.sqlite.source import SqliteSource
        from airflow_dts.emulator.dataplane.sqlite.target import SqliteTarget

        path = self.path_of(database)
        self.directory.mkdir(parents=True, exist_ok=True)
        encoding = like.encoding() if isinstance(like, SqliteSource) else ""
        return SqliteTarget(database, path, encoding, writer)

    def ddl(self, plans: Sequence[TablePlan]) -> dict[str, tuple[str, tuple[str, ...]]]:
        return translate(plans)

    @contextmanager
    def lease(self, job_id: str) -> Iterator[None]:
        """A lock on a file beside the databases: the kernel lets go of it with the process."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{OWN_PREFIX}{job_tag(job_id)}.lock"
        descriptor = _locked(path)
        if descriptor is None:
            raise BusyJob(f"another mover of job {job_id} is running; stop it first")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def _takes_files(directory: Path) -> bool:
    """Tried rather than asked: permission bits say little about read-only and special file systems."""
    try:
        with tempfile.TemporaryDirectory(prefix=OWN_PREFIX, dir=directory):
            return True
    except OSError:
        return False


def _locked(path: Path) -> int | None:
    """A descriptor holding the lock, None when somebody else does."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        # The last holder removes the file; a lock on a removed file protects nothing.
        with suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)


def _name_problem(database: str) -> str:
    if not database or database.startswith((".", OWN_PREFIX)) or _FORBIDDEN.search(database):
        return (
            f"{database!r} cannot be a database name: it becomes the file <name>{_SUFFIX}, so it may hold no "
            f'path separators, control characters or any of : * ? " < > |, '
            f"and not begin with '.' or '{OWN_PREFIX}'"
        )
    if len(os.fsencode(database)) > 200:
        return f"the database name {database[:40]!r}... is longer than 200 bytes; use a shorter one"
    return ""
