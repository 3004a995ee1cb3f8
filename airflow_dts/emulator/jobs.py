"""A job as the emulator keeps it: plain data that survives JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from airflow_dts.emulator.lifecycle import JobType, Status


@dataclass(slots=True)
class Side:
    """One end of a job. The password is kept as a salted hash, enough to refuse the same one again."""

    instance_type: str = ""
    instance_id: str = ""
    engine: str = ""
    region: str = ""
    ip: str = ""
    port: str = ""
    database: str = ""
    user: str = ""
    oracle_sid: str = ""
    owner: str = ""
    role: str = ""
    password_hash: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a binding may call this end, best first."""
        address = f"{self.ip}:{self.port}" if self.ip and self.port else self.ip
        return tuple(name for name in (self.instance_id, address, self.ip) if name)


@dataclass(slots=True)
class Check:
    """One item of a precheck.

    :param state: ``Success``, ``Failed`` or ``Warning``.
    """

    item: str
    state: str
    reason: str = ""
    repair: str = ""
    can_skip: bool = False
    at: float = 0.0


@dataclass(slots=True)
class Precheck:
    """The last precheck of a job.

    :param job_id: the precheck's own id, which SkipPreCheck wants.
    :param started: Unix seconds; `finished` likewise, 0 while it runs.
    """

    job_id: str = ""
    started: float = 0.0
    finished: float = 0.0
    items: list[Check] = field(default_factory=list)


@dataclass(slots=True)
class Retry:
    """The retries after a fault.

    :param since: Unix seconds of the first fault; `next` of the attempt to come, 0 while one runs.
    :param healthy: since when the mover has been well again, 0 while it is not.
    :param target: ``srcDB``, ``destDB`` or ``inner_module``.
    """

    since: float
    count: int = 0
    next: float = 0.0
    healthy: float = 0.0
    target: str = "inner_module"
    error: str = ""


@dataclass(slots=True)
class Job:
    """A job and the instance it runs on; the two live and die together.

    :param goal: the state a caller asked for that is not reached yet, because the mover is still leaving.
    :param resume: the state before the job paused or failed.
    :param revision: counts configurations; a mover of an older one is replaced.
    :param began: a mover has been at work, so the databases hold traces of the job.
    :param lapsed: paused for too long, or released: there is no going on.
    :param stale_until: Unix seconds up to which readers still see `stale_status`.
    :param tokens: ClientTokens seen, each with the digest of its request.
    """

    id: str
    instance_id: str
    region: str
    type: JobType
    created: float
    status: Status = Status.NOT_CONFIGURED
    goal: Status | None = None
    resume: Status | None = None
    name: str = ""
    job_class: str = ""
    pay_type: str = "PostPaid"
    expires: float = 0.0
    finished: float = 0.0
    suspended: float = 0.0
    released: float = 0.0
    lapsed: bool = False
    architecture: str = "oneway"
    source: Side = field(default_factory=Side)
    target: Side = field(default_factory=Side)
    objects: dict[str, Any] = field(default_factory=dict)
    reserve: dict[str, Any] = field(default_factory=dict)
    structure: bool = False
    full_load: bool = False
    incremental: bool = False
    start_at: int | None = None
    ddl: bool = True
    dml: bool = True
    network: str = ""
    revision: int = 0
    began: bool = False
    error: str = ""
    precheck: Precheck = field(default_factory=Precheck)
    skipped: list[str] = field(default_factory=list)
    retry: Retry | None = None
    stale_status: Status | None = None
    stale_until: float = 0.0
    tokens: dict[str, str] = field(default_factory=dict)

    def unconfigured(self) -> Job:
        """What a reset leaves: the instance as it was bought, with a job that knows nothing."""
        return Job(
            id=self.id,
            instance_id=self.instance_id,
            region=self.region,
            type=self.type,
            created=self.created,
            job_class=self.job_class,
            pay_type=self.pay_type,
            expires=self.expires,
            architecture=self.architecture,
            source=Side(engine=self.source.engine, region=self.source.region),
            target=Side(engine=self.target.engine, region=self.target.region),
            revision=self.revision,
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        known = {each.name for each in fields(cls)}
        data = {key: value for key, value in json.loads(text).items() if key in known}
        data["type"] = JobType(data["type"])
        for name in ("status", "goal", "resume", "stale_status"):
            data[name] = Status(data[name]) if data[name] else None
        data["source"], data["target"] = Side(**data["source"]), Side(**data["target"])
        checks = [Check(**item) for item in data["precheck"].pop("items")]
        data["precheck"] = Precheck(**data["precheck"], items=checks)
        data["retry"] = Retry(**data["retry"]) if data.get("retry") else None
        return cls(**data)
