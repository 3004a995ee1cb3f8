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
class ConsumerGroup:
    """A consumer group of a subscription. Its password is kept as a salted hash.

    :param created: Unix seconds.
    :param position: time of the last record read, in Unix seconds; 0 while none was.
    """

    id: str
    name: str
    user: str
    password_hash: str
    created: float
    position: float = 0.0


@dataclass(slots=True)
class Alerts:
    """What raises an alarm, and who is told.

    :param delay_seconds: the delay that does; 0 while none was given.
    """

    delay: bool = False
    delay_seconds: int = 0
    delay_phones: list[str] = field(default_factory=list)
    error: bool = False
    error_phones: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Moment:
    """When a job came into a state.

    :param at: Unix seconds.
    """

    at: float
    status: str
    error: str = ""


HISTORY_KEPT = 50


@dataclass(slots=True)
class Change:
    """A change of a running job that its caller may ask after (seed 6.5.2.6, 6.5.2.8).

    :param kind: ``objects`` or ``endpoint``.
    :param revision: of the configuration it led to.
    :param outcome: how it stood when the next one of its kind began; empty while the job itself tells.
    """

    id: str
    kind: str
    revision: int
    outcome: str = ""
    error: str = ""


@dataclass(slots=True)
class Job:
    """A job and the instance it runs on; the two live and die together.

    A two-way instance has two of them, each the other's partner. The forward one stands for the instance:
    what an instance is billed and tagged by is kept there.

    :param goal: the state a caller asked for that is not reached yet, because the mover is still leaving.
    :param resume: the state before the job paused or failed.
    :param revision: counts configurations; a mover of an older one is replaced.
    :param began: a mover has been at work, so the databases hold traces of the job.
    :param lapsed: paused for too long, or released: there is no going on.
    :param stale_until: Unix seconds up to which readers still see `stale_status`.
    :param tokens: ClientTokens seen, each with the digest of its request.
    :param partner: id of the other half of a two-way job; empty for any other job.
    :param reverse: it is the half that leads back.
    :param before: the state that a change of class, or a lock, interrupted.
    :param changing_until: Unix seconds up to which a change of class takes.
    :param renews: seconds by which a prepaid instance prolongs itself when it expires; 0 is not at all.
    :param compute_unit: size of an ETL job, as it was bought; 0 for other jobs.
    :param operators: the operators of an ETL job; empty for other jobs.
    :param configured: Unix seconds of each configuration, the first one first.
    :param position: where the client of a subscription of the older kind goes on, in Unix seconds; 0 unsaid.
    :param left_out: tables that the older API was told to leave out, by database. They are no part of
        `objects`.
    :param taken: the newest revision a mover has been well with.
    :param struck: how often each rule of `faults` has struck the job; outlives a reset.
    :param watched: what such rules remember of the job: Unix seconds.
    :param compares_rows: changes are to be matched by whole rows (seed 6.5.2.10). It is only kept.
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
    partner: str = ""
    reverse: bool = False
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
    before: Status | None = None
    changing_until: float = 0.0
    renews: float = 0.0
    database_count: int = 0
    compute_unit: int = 0
    operators: Any = field(default_factory=dict)
    configured: list[float] = field(default_factory=list)
    history: list[Moment] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    alerts: Alerts = field(default_factory=Alerts)
    groups: list[ConsumerGroup] = field(default_factory=list)
    position: float = 0.0
    left_out: dict[str, list[str]] = field(default_factory=dict)
    taken: int = 0
    compares_rows: bool = False
    changes: list[Change] = field(default_factory=list)
    struck: dict[str, int] = field(default_factory=dict)
    watched: dict[str, float] = field(default_factory=dict)

    def describe(
        self,
        now: float,
        *,
        name: str,
        objects: dict[str, Any],
        left_out: dict[str, list[str]] | None = None,
        reserve: dict[str, Any],
        start_at: int | None,
    ) -> None:
        """Take over what every configuration says. It replaces an earlier one as a whole."""
        self.name, self.reserve, self.start_at = name, reserve, start_at
        self.choose(objects, left_out)
        self.configured.append(now)
        self.precheck, self.skipped, self.error = Precheck(), [], ""
        self.stale_status, self.stale_until = None, 0.0

    def choose(self, objects: dict[str, Any], left_out: dict[str, list[str]] | None = None) -> None:
        """Move these objects from now on; a mover of an earlier choice is replaced."""
        self.objects, self.left_out = objects, left_out or {}
        self.revision += 1

    @property
    def is_etl(self) -> bool:
        """Whether it was bought as an ETL job, or was given operators since."""
        return bool(self.compute_unit or self.operators)

    @property
    def trouble(self) -> str:
        """What keeps it from going on, also while it is still trying; empty when nothing does."""
        retried = self.retry.error if self.retry and self.status is Status.RETRYING else ""
        return self.error or retried

    def note(self, now: float) -> None:
        """Remember the state, if it is a new one."""
        if not self.history or self.history[-1].status != self.status:
            self.history.append(Moment(now, self.status, self.trouble))
            del self.history[:-HISTORY_KEPT]

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
            partner=self.partner,
            reverse=self.reverse,
            source=Side(engine=self.source.engine, region=self.source.region),
            target=Side(engine=self.target.engine, region=self.target.region),
            revision=self.revision,
            renews=self.renews,
            database_count=self.database_count,
            compute_unit=self.compute_unit,
            tags=self.tags,
            alerts=self.alerts,
            struck=self.struck,
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        known = {each.name for each in fields(cls)}
        data = {key: value for key, value in json.loads(text).items() if key in known}
        data["type"] = JobType(data["type"])
        for name in ("status", "goal", "resume", "stale_status", "before"):
            data[name] = Status(data[name]) if data.get(name) else None
        data["source"], data["target"] = Side(**data["source"]), Side(**data["target"])
        checks = [Check(**item) for item in data["precheck"].pop("items")]
        data["precheck"] = Precheck(**data["precheck"], items=checks)
        data["retry"] = Retry(**data["retry"]) if data.get("retry") else None
        data["history"] = [Moment(**moment) for moment in data.get("history", ())]
        data["groups"] = [ConsumerGroup(**group) for group in data.get("groups", ())]
        data["changes"] = [Change(**change) for change in data.get("changes", ())]
        data["alerts"] = Alerts(**data.get("alerts", {}))
        return cls(**data)
