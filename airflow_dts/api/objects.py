"""The two JSON texts inside requests that people get wrong: which objects to move, and ``Reserve``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from airflow_dts.api._fields import Name, Spelled, compact
from airflow_dts.api._selection import Column, Database, Table, entries, names
from airflow_dts.api._wildcards import matches

__all__ = ["Column", "Database", "DbList", "DbListText", "Reserve", "ReserveText", "Table", "matches"]

_LARGEST = 1024 * 1024
"""Bytes of JSON the service takes (vendor's SDK)."""
_READING = {"reading": True}
_ANALYTIC = ("ADS", "ADB30", "GREENPLUM")
"""AnalyticDB for MySQL 2.0 and 3.0, AnalyticDB for PostgreSQL."""


class DbList(RootModel[dict[str, Database]]):
    """The objects to move, by their source names. Seed 6.4.19.1.

    ``DbList.of`` understands, from short to full::

        "shop"                                    one database
        ["shop", "crm"]                           several
        {"shop": "shop_new"}                      renamed on the way
        {"shop": ["orders", "customers"]}         some tables
        {"shop": {"orders": "orders_new"}}        a table renamed
        {"shop": {"orders": ["id", "total"]}}     some columns
        {"shop": {"name": "shop", "all": False,
                  "Table": {"orders": {"name": "orders", "all": True, "filter": "id>10"}}}}

    A mapping whose keys are all words of the full form (``name``, ``all``, ``Table``, ``dml_op``,
    ``ddl_op``; for a table also ``column``, ``filter``, ``shard``, ``primary_key``, ``part_key``,
    ``type``) is the full form, where ``name`` may be left out, and ``all`` follows from whether tables or
    columns are listed. A mapping with none of these words names tables or columns. A mix is refused:
    a table that is called ``name`` goes into a list or under ``Table``.

    Names may hold the patterns of ``matches``. Errors name the place: ``DbList: shop.Table.orders: ...``.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    @classmethod
    def of(cls, objects: object) -> Self:
        """Understand what a person wrote.

        :raises ValueError: every fault, one a line, with its place and what to do.
        """
        return cls._checked(lambda: cls.model_validate(objects))

    @classmethod
    def parse(cls, text: str | bytes | Mapping[str, Any]) -> Self:
        """Read the full form the service returns; keys that only replies have are passed over.

        :raises ValueError: as ``of``.
        """
        return cls._checked(lambda: cls.model_validate(text, context=_READING))

    @classmethod
    def _checked(cls, read: Callable[[], Self]) -> Self:
        try:
            return read()
        except ValidationError as error:
            raise ValueError("\n".join(faults("DbList", error))) from None

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, value: object) -> object:
        if isinstance(value, (str, bytes)):
            value = from_text(value)
        if not value:
            raise ValueError("names nothing: give at least one database")
        match value:
            case DbList():
                return value
            case list() | tuple() | set() as listed:
                return entries(dict.fromkeys(names(listed)))
            case Mapping() as mapping:
                return entries(mapping)
        raise ValueError(f"give a name, a list of names, a mapping or JSON text, not {type(value).__name__}")

    def to_dict(self) -> dict[str, Any]:
        """The full form; what was not given is left out."""
        full: dict[str, Any] = self.model_dump(by_alias=True, exclude_defaults=True)
        return full

    def to_json(self) -> str:
        """The text that goes on the wire."""
        return compact(self.to_dict())

    def check_target(self, engine: str | None) -> list[str]:
        """What an engine needs to know about tables and does not find; AnalyticDB wants their keys."""
        if (engine or "").upper() not in _ANALYTIC:
            return []
        return [
            fault for source, database in self.root.items() for fault in _analytic_faults(source, database)
        ]

    def check_subscription(self) -> list[str]:
        """A subscription cannot filter rows."""
        return [
            f"DbList: {source}.Table.{table}.filter: a subscription takes all rows: leave it out"
            for source, database in self.root.items()
            for table, entry in database.tables.items()
            if entry.filter
        ]


def from_text(text: str | bytes) -> object:
    """What JSON text holds; other text is a name.

    :raises ValueError: text that begins like JSON and is none.
    """
    said = text.decode() if isinstance(text, bytes) else text
    if not said.lstrip().startswith(("{", "[")):
        return [said.strip()] if said.strip() else None
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None


def faults(what: str, error: ValidationError) -> list[str]:
    """One sentence per fault, with its place inside ``what``."""
    return [
        f"{what}: {'.'.join(map(str, fault['loc']))}{': ' if fault['loc'] else ''}"
        f"{fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _analytic_faults(source: str, database: Database) -> list[str]:
    place = f"DbList: {source}"
    if database.all:
        return [f"{place}.all: an AnalyticDB target wants every table listed with its keys: set it to false"]
    return [
        f"{place}.Table.{name}: an AnalyticDB target needs {missing}"
        for name, table in database.tables.items()
        if (missing := _missing_keys(table))
    ]


def _missing_keys(table: Table) -> str:
    wanted = {"primary_key": table.primary_key, "type (dimension or partition)": table.type}
    if table.type == "partition":
        wanted["part_key"] = table.part_key
    return ", ".join(key for key, given in wanted.items() if not given)


def _fits(objects: DbList) -> DbList:
    if (size := len(objects.to_json().encode())) > _LARGEST:
        raise ValueError(
            f"is {size} bytes of JSON; the service takes {_LARGEST}: use whole databases or patterns"
        )
    return objects


DbListText = Annotated[DbList, AfterValidator(_fits), PlainSerializer(DbList.to_json)]
"""Whatever ``DbList.of`` understands in Python; compact JSON of at most 1 MB on the wire."""


class Reserve(BaseModel):
    """Facts that have no parameter of their own. Seed 6.4.19.2.

    Keys not listed here may be given by their wire names and are kept. Numbers leave as text, as the
    service wants them.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="allow",
        frozen=True,
        validate_by_name=True,
        serialize_by_alias=True,
        defer_build=True,
    )

    target_table_mode: Annotated[Literal["0", "2"], Spelled()] | None = None
    """Tables that already exist on the target: 0 makes the precheck fail, 2 goes on with them."""
    auto_start_modules_after_config: Name | None = None
    """What starts by itself once configured: ``none``, or ``all`` (what a bought instance does)."""
    src_ssl: Annotated[Name | None, Field(alias="srcSSL")] = None
    """Encryption towards the source: 0 none, 1 on."""
    dest_ssl: Annotated[Name | None, Field(alias="destSSL")] = None
    """Encryption towards the target: 0 none, 1 on; Kafka: 0 none, 3 SCRAM-SHA-256."""
    dest_topic: Name | None = None
    """Kafka topic that receives the objects."""
    dest_version: Annotated[Literal["1.0", "0.9", "0.10"], Spelled()] | None = None
    """Kafka version; 1.0 stands for everything newer."""
    schema_registry_url: Annotated[Name | None, Field(alias="dest.kafka.schema.registry.url")] = None
    """Where Avro schemas are registered; URL or address."""
    ddl_topic: Annotated[Name | None, Field(alias="sink.kafka.ddl.topic")] = None
    """Kafka topic for table changes; ``dest_topic`` when left out."""
    kafka_record_format: (
        Annotated[Literal["canal_json", "dts_avro", "shareplex_json", "debezium"], Spelled()] | None
    ) = None
    dest_kafka_partition_key: Annotated[Literal["none", "database_table", "columns"], Spelled()] | None = None
    """All into partition 0, or by hash of database and table, or by hash of key columns."""
    src_engine_arch_type: Name | None = None
    """Architecture of a source MongoDB; 1 is a replica set."""
    dest_engine_arch_type: Name | None = None
    """Architecture of a target MongoDB; 1 is a replica set."""
    src_instance_id: Name | None = None
    """Cloud Enterprise Network of the source."""
    dest_instance_id: Name | None = None
    """Cloud Enterprise Network of the target."""
    src_oracle_type: Name | None = None
    """``sid``, or another word for a source Oracle with RAC, which has no SID."""
    dest_oracle_type: Name | None = None
    """The same for a target Oracle."""

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, value: object) -> object:
        if isinstance(value, (str, bytes)):
            value = from_text(value)
        return (
            {key: _numbers_as_text(inner) for key, inner in value.items()}
            if isinstance(value, dict)
            else value
        )

    @classmethod
    def parse(cls, text: str | bytes | Mapping[str, Any]) -> Self:
        """Read JSON text or a mapping by wire names, such as ``reserved`` of a reply.

        :raises ValueError: every fault, one a line, with its key and what to do.
        """
        try:
            return cls.model_validate(dict(text) if isinstance(text, Mapping) else text)
        except ValidationError as error:
            raise ValueError("\n".join(faults("Reserve", error))) from None

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, exclude_none=True)

    def to_json(self) -> str:
        """The text that goes on the wire."""
        return compact(self.to_dict())

    def check(
        self,
        source_type: str | None = None,
        source_engine: str | None = None,
        target_type: str | None = None,
        target_engine: str | None = None,
    ) -> list[str]:
        """Which keys these endpoints need and do not find, one sentence each."""
        kafka = ("dest_topic", "dest_version", "dest_ssl", "kafka_record_format", "dest_kafka_partition_key")
        wanted = {
            "a KAFKA target": kafka if target_engine == "KAFKA" else (),
            "a MONGODB source": ("src_engine_arch_type",) if source_engine == "MONGODB" else (),
            "a MONGODB target": ("dest_engine_arch_type",) if target_engine == "MONGODB" else (),
            "a source over CEN": ("src_instance_id",) if source_type == "CEN" else (),
            "a target over CEN": ("dest_instance_id",) if target_type == "CEN" else (),
        }
        return [
            f"Reserve: {cause} needs {', '.join(missing)}: give that in reserve"
            for cause, keys in wanted.items()
            if (missing := [name for name in keys if getattr(self, name) is None])
        ]


def _numbers_as_text(value: object) -> object:
    match value:
        case bool():
            return value
        case int() | float():
            return str(value)
        case dict():
            return {key: _numbers_as_text(inner) for key, inner in value.items()}
        case list():
            return [_numbers_as_text(inner) for inner in value]
    return value


ReserveText = Annotated[Reserve, PlainSerializer(Reserve.to_json)]
"""A ``Reserve``, a mapping by wire or Python names, or JSON text; JSON text on the wire."""
