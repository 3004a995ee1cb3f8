"""What survives a killed emulator: jobs, bindings, nonces, tokens and the ledger, in one SQLite file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.lifecycle import MOVER_RUNS, JobType, Status
from airflow_dts.emulator.tokens import Token

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE job (
    id TEXT PRIMARY KEY, instance_id TEXT NOT NULL UNIQUE, region TEXT NOT NULL, type TEXT NOT NULL,
    active INTEGER NOT NULL, created REAL NOT NULL, doc TEXT NOT NULL);
CREATE INDEX job_active ON job (active) WHERE active;
CREATE INDEX job_listing ON job (region, type, created);
CREATE TABLE binding (name TEXT PRIMARY KEY, url TEXT NOT NULL);
CREATE TABLE nonce (
    key_id TEXT NOT NULL, nonce TEXT NOT NULL, expires REAL NOT NULL, PRIMARY KEY (key_id, nonce)
) WITHOUT ROWID;
CREATE INDEX nonce_expires ON nonce (expires);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL,
    code TEXT NOT NULL, job TEXT NOT NULL, region TEXT NOT NULL, request_id TEXT NOT NULL);
"""
_UPGRADES = {
    2: """
CREATE TABLE token (key_id TEXT PRIMARY KEY, expires REAL NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX token_expires ON token (expires);
CREATE TABLE purchase (
    client_token TEXT PRIMARY KEY, request TEXT NOT NULL, instance_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE half (
    id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, reverse INTEGER NOT NULL DEFAULT 0, region TEXT NOT NULL,
    type TEXT NOT NULL, active INTEGER NOT NULL, created REAL NOT NULL, doc TEXT NOT NULL,
    UNIQUE (instance_id, reverse));
INSERT INTO half (id, instance_id, region, type, active, created, doc)
    SELECT id, instance_id, region, type, active, created, doc FROM job ORDER BY rowid;
DROP TABLE job;
ALTER TABLE half RENAME TO job;
CREATE INDEX job_active ON job (active) WHERE active;
CREATE INDEX job_listing ON job (region, type, created);
""",
}
"""What each version adds to the one before it; a new state runs through all of them."""
_ACTIVE = MOVER_RUNS | {Status.PRECHECKING, Status.PRECHECK_PASSED, Status.STARTING, Status.SUSPENDED}
_MAGIC = b"SQLite format 3\0"
CALLS_KEPT = 200_000
NONCES_KEPT = 200_000
TOKENS_KEPT = 20_000
_EXPIRED_KEPT = 86_400.0
"""Seconds an expired token is still told from a key that never was."""
_SWEEP_EVERY = 60.0


class StateError(Exception):
    """The state directory cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the ledger.

    :param kind: ``call`` for every API call, ``purchase`` for each instance bought, ``charge`` for whatever
        else costs money: a renewal, another class, other billing; ``fault`` for each call or job that a rule
        of `faults` struck, with the rule's kind as code, and the call's request id.
    :param at: Unix seconds.
    :param code: ``OK`` for a call that took effect, whatever its caller was told, or the code of the refusal;
        ``Fault.`` and a kind for a call that was lost before it took effect.
    """

    at: float
    kind: str
    action: str
    code: str
    job: str = ""
    region: str = ""
    request_id: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a ClientToken bought.

    :param request: digest of the call.
    """

    request: str
    instance_id: str


class Store:
    """The repository. One connection behind one lock: every change is made inside `transaction`."""

    def __init__(self, directory: Path) -> None:
        """Raises StateError: another emulator uses the directory, or one of another version wrote it."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self._guard = _only_user_of(directory)
        try:
            self._db = _database(directory / "state.db")
        except BaseException:
            os.close(self._guard)
            raise
        self._lock = threading.RLock()
        self._swept = 0.0
        self._nonces = _nonces(self._db)

    def close(self) -> None:
        with self._lock:
            self._db.close()
            os.close(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an exception undoes the changes. May be nested; the inner one undoes its own."""
        with self._lock:
            inner = self._db.in_transaction
            self._db.execute("SAVEPOINT inner" if inner else "BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO inner" if inner else "ROLLBACK")
                if inner:
                    self._db.execute("RELEASE inner")
                raise
            self._db.execute("RELEASE inner" if inner else "COMMIT")

    # --- jobs ---------------------------------------------------------------------------------------------

    def save(self, job: Job) -> None:
        by_itself = job.goal is not None or job.before is not None or bool(job.released or job.expires)
        active = by_itself or job.status in _ACTIVE
        with self._lock:
            self._db.execute(
                "INSERT INTO job (id, instance_id, reverse, region, type, active, created, doc) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET active = excluded.active, doc = excluded.doc",
                (
                    job.id,
                    job.instance_id,
                    job.reverse,
                    job.region,
                    job.type,
                    active,
                    job.created,
                    job.to_json(),
                ),
            )

    def drop(self, job: Job) -> None:
        with self._lock:
            self._db.execute("DELETE FROM job WHERE id = ?", (job.id,))

    def job(self, job_id: str) -> Job | None:
        return next(iter(self._jobs("id = ?", job_id)), None)

    def job_of_instance(self, instance_id: str) -> Job | None:
        """The job of an instance; of a two-way one the forward half."""
        return next(iter(self._jobs("instance_id = ? AND NOT reverse", instance_id)), None)

    def jobs(self, region: str, kind: JobType) -> list[Job]:
        """All jobs of a region and kind, oldest first; of two-way ones the forward halves."""
        return self._jobs("region = ? AND type = ? AND NOT reverse ORDER BY created, rowid", region, kind)

    def every_job(self) -> list[Job]:
        """All jobs, the reverse halves too, oldest first."""
        return self._jobs("1 ORDER BY created, rowid")

    def active_jobs(self) -> list[Job]:
        """Those that something still happens to by itself."""
        return self._jobs("active")

    def _jobs(self, condition: str, *values: object) -> list[Job]:
        with self._lock:
            rows = self._db.execute(f"SELECT doc FROM job WHERE {condition}", values).fetchall()  # noqa: S608 - conditions are ours
        return [Job.from_json(doc) for (doc,) in rows]

    # --- bindings -----------------------------------------------------------------------------------------

    def bind(self, name: str, url: str) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO binding VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET url = excluded.url",
                (name, url),
            )

    def bindings(self) -> dict[str, str]:
        with self._lock:
            return dict(self._db.execute("SELECT name, url FROM binding ORDER BY name").fetchall())

    # --- nonces -------------------------------------------------------------------------------------------

    def nonces_full(self) -> bool:
        """Whether remembering another nonce would mean to forget one that could still be replayed."""
        return self._nonces >= NONCES_KEPT

    def claim_nonce(self, key_id: str, nonce: str, expires: float) -> bool:
        """Remember a nonce; False when it was used before.

        :param expires: Unix seconds from when its timestamp alone refuses the request.
        """
        with self._lock:
            cursor = self._db.execute(
                "INSERT INTO nonce VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (key_id, nonce, expires)
            )
            self._nonces += cursor.rowcount
            return cursor.rowcount == 1

    def sweep(self, now: float) -> None:
        """Forget nonces and tokens that have expired and the oldest calls; cheap when called often."""
        if 0 <= now - self._swept < _SWEEP_EVERY and not self.nonces_full():
            return
        with self.transaction():
            self._swept = now
            self._db.execute("DELETE FROM nonce WHERE expires < ?", (now,))
            self._nonces = _nonces(self._db)
            self._db.execute("DELETE FROM token WHERE expires < ?", (now - _EXPIRED_KEPT,))
            self._db.execute(
                "DELETE FROM event WHERE kind IN ('call', 'fault') "
                "AND seq <= (SELECT max(seq) FROM event) - ?",
                (CALLS_KEPT,),
            )

    # --- tokens -------------------------------------------------------------------------------------------

    def save_token(self, token: Token, now: float) -> bool:
        """Keep a temporary key; False when there are too many that live. Makes room among those that do not.

        :param now: Unix seconds.
        """
        with self._lock:
            if self._tokens() >= TOKENS_KEPT:
                self._db.execute("DELETE FROM token WHERE expires <= ?", (now,))
                if self._tokens() >= TOKENS_KEPT:
                    return False
            self._db.execute(
                "INSERT INTO token VALUES (?, ?, ?)", (token.key_id, token.expires, token.to_json())
            )
            return True

    def token(self, key_id: str) -> Token | None:
        with self._lock:
            row = self._db.execute("SELECT doc FROM token WHERE key_id = ?", (key_id,)).fetchone()
        return Token.from_json(row[0]) if row else None

    def _tokens(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM token").fetchone()[0]
        return count

    # --- purchases under a ClientToken ----------------------------------------------------------------------

    def purchase(self, client_token: str) -> Purchase | None:
        """What was bought under this token; it is remembered for good, as the ledger's line is."""
        query = "SELECT request, instance_id FROM purchase WHERE client_token = ?"
        with self._lock:
            row = self._db.execute(query, (client_token,)).fetchone()
        return Purchase(*row) if row else None

    def keep_purchase(self, client_token: str, request: str, instance_id: str) -> None:
        with self._lock:
            self._db.execute("INSERT INTO purchase VALUES (?, ?, ?)", (client_token, request, instance_id))

    # --- ledger -------------------------------------------------------------------------------------------

    def record(self, event: Event) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO event (at, kind, action, code, job, region, request_id) VALUES (?,?,?,?,?,?,?)",
                (event.at, event.kind, event.action, event.code, event.job, event.region, event.request_id),
            )

    def events(self, kind: str, after: int = 0) -> list[Event]:
        """Lines of one kind behind sequence number `after`, oldest first."""
        query = (
            "SELECT at, kind, action, code, job, region, request_id, seq FROM event "
            "WHERE kind = ? AND seq > ? ORDER BY seq"
        )
        with self._lock:
            rows: list[tuple[Any, ...]] = self._db.execute(query, (kind, after)).fetchall()
        return [Event(*row) for row in rows]


def _only_user_of(directory: Path) -> int:
    """The file descriptor that holds the directory; the kernel lets go of it when the process dies."""
    guard = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(guard)
        raise StateError(
            f"{directory}: another emulator uses this state: give another --state directory"
        ) from None
    return guard


def _database(path: Path) -> sqlite3.Connection:
    """The open database, made when there is none, for its owner alone. Raises StateError."""
    # SQLite gives the files beside it the mode of the database itself.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if start not in (
        b"",
        _MAGIC,
    ):  # SQLite would take some of what is shorter than a page for an empty database
        raise StateError(f"{path}: is no database: move it away, or give another --state directory")
    for beside in path.parent.glob(f"{path.name}*"):
        beside.chmod(0o600)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db, path.parent)
    except sqlite3.DatabaseError as error:
        db.close()
        raise StateError(
            f"{path}: cannot be used as the emulator's state ({error}): move it away, or give another "
            "--state directory"
        ) from error
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, directory: Path) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if 0 <= version < SCHEMA_VERSION:
        steps = _SCHEMA if version == 0 else ""
        steps += "".join(_UPGRADES[step] for step in range(max(version, 1) + 1, SCHEMA_VERSION + 1))
        db.executescript(f"BEGIN; {steps} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise StateError(
            f"{directory}: its state has version {version}, this emulator reads version "
            f"{SCHEMA_VERSION}: give another --state directory"
        )
    _nonces(db)


def _nonces(db: sqlite3.Connection) -> int:
    count: int = db.execute("SELECT count(*) FROM nonce").fetchone()[0]
    return count
