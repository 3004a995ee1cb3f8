"""What stands inside a DbList: databases, tables and columns, in full form or in short ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from airflow_dts.api._fields import Name, Spelled
from airflow_dts.api._wildcards import compiled, is_pattern


class Entry(NamedTuple):
    """What stands under one source name, before it is understood."""

    source: str
    given: object


class _Node(BaseModel):
    """A database, table or column, in full form or in one of the short ones."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True, defer_build=True
    )

    name: Name
    """Name on the target; another one than the source's renames on the way."""

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, Entry):
            return value
        if is_pattern(value.source):
            compiled(value.source)
        full = cls._full_form(value, reading=bool(info.context))
        children = cls._children()
        if isinstance(full.get(children), Mapping):
            full[children] = entries(full[children])
        return {"name": value.source, **full}

    @classmethod
    def _full_form(cls, entry: Entry, *, reading: bool) -> dict[str, Any]:
        match entry.given:
            case None | True:
                return {}
            case str() as name:
                return {"name": name}
            case list() | tuple() | set() as listed if cls._children():
                return {cls._children(): dict.fromkeys(names(listed))}
            case Mapping() as mapping:
                return cls._mapping(mapping, reading=reading)
        raise ValueError(f"give {cls._shapes()}, not {type(entry.given).__name__}")

    @classmethod
    def _mapping(cls, mapping: Mapping[str, Any], *, reading: bool) -> dict[str, Any]:
        words = {field.alias or name for name, field in cls.model_fields.items()}
        known = {key: value for key, value in mapping.items() if key in words}
        others = {key: value for key, value in mapping.items() if key not in words | {"state", "edit"}}
        if reading or not others:
            return known
        children = cls._children()
        if known or not children:
            also = f" (what you select goes under {children!r})" if children else ""
            raise ValueError(f"knows no {', '.join(others)}; the keys are {', '.join(sorted(words))}{also}")
        return {children: others}

    @classmethod
    def _children(cls) -> str:
        """The key under which the next level stands, if there is one."""
        return ""

    @classmethod
    def _shapes(cls) -> str:
        return "a name or a mapping"


def entries(mapping: Mapping[str, object]) -> dict[str, object]:
    """What is given under each source name, or what has been understood already.

    :raises ValueError: a name that is empty or no text.
    """
    if strange := [key for key in mapping if not isinstance(key, str) or not key]:
        raise ValueError(f"names must be non-empty text, not {strange[0]!r}")
    return {key: given if isinstance(given, _Node) else Entry(key, given) for key, given in mapping.items()}


def names(listed: Iterable[object]) -> list[str]:
    """The names of a list.

    :raises ValueError: something else is listed.
    """
    found = list(listed)
    if not all(isinstance(name, str) for name in found):
        raise ValueError("list names only; for renames or options use a mapping")
    return cast("list[str]", found)


def _codes(words: Mapping[str, str]) -> BeforeValidator:
    """Reads ``"i,u"``, ``["insert", "update"]``, ``""`` (all there are) and ``"none"``."""

    def read(value: object) -> object:
        if value is None:
            return None
        parts = value.split(",") if isinstance(value, str) else names(cast("Iterable[object]", value))
        said = [part.strip().casefold().replace("_", " ") for part in parts if part.strip()]
        if said == ["none"]:
            return "none"
        codes = {words.get(word, word) for word in said}
        if unknown := codes - set(words.values()):
            choices = ", ".join(f"{code} ({word})" for word, code in words.items())
            raise ValueError(f"knows no {', '.join(sorted(unknown))}; use none or some of {choices}")
        return ",".join(code for code in words.values() if code in codes)

    return BeforeValidator(read)


DmlOp = Annotated[str | None, _codes({"insert": "i", "update": "u", "delete": "d"})]
"""Changes to follow: some of i, u, d, or ``none``; empty means all. Several are joined by commas, which the
seed neither shows nor forbids."""
DdlOp = Annotated[
    str | None,
    _codes(
        {
            "create table": "ct",
            "alter table": "at",
            "drop table": "dt",
            "rename table": "rt",
            "truncate table": "tt",
        }
    ),
]
"""Table changes to follow: some of ct, at, dt, rt, tt, or ``none``; empty means all."""


class Column(_Node):
    """One column."""

    key: Literal["PRI", ""] | None = None
    """``PRI`` marks the primary key."""
    type: str | None = None
    """Data type, such as ``int(11)``."""
    shared_key: Annotated[bool | None, Field(alias="sharedKey")] = None
    """Whether the column decides the Kafka partition."""
    state: Literal["checked"] | None = None


class _Branch(_Node):
    """A node with nodes below it."""

    all: bool
    """True takes everything below, false what is listed."""

    @classmethod
    def _full_form(cls, entry: Entry, *, reading: bool) -> dict[str, Any]:
        full = super()._full_form(entry, reading=reading)
        return {"all": cls._children() not in full, **full}

    def _selects_something(self, below: object) -> Self:
        if not self.all and not below:
            raise ValueError(f"selects nothing: list names under {self._children()!r}, or set 'all' to true")
        return self


class Table(_Branch):
    """One table, or all tables that match a pattern."""

    columns: Annotated[dict[str, Column], Field(alias="column")] = {}
    filter: Name | None = None
    """Only rows for which this SQL condition holds, such as ``id>10``; not for subscriptions."""
    dml_op: DmlOp = None
    ddl_op: DdlOp = None
    shard: Annotated[int, Field(ge=1)] | None = None
    """Partitions; Kafka only."""
    primary_key: Name | None = None
    """AnalyticDB only."""
    part_key: Name | None = None
    """Partition key; AnalyticDB only."""
    type: Annotated[Literal["dimension", "partition"], Spelled()] | None = None
    """AnalyticDB only."""

    @classmethod
    def _children(cls) -> str:
        return "column"

    @classmethod
    def _shapes(cls) -> str:
        return "a new name, a list of columns or a mapping"

    @model_validator(mode="after")
    def _selects(self) -> Self:
        return self._selects_something(self.columns)


class Database(_Branch):
    """One database, or all databases that match a pattern."""

    tables: Annotated[dict[str, Table], Field(alias="Table")] = {}
    dml_op: DmlOp = None
    ddl_op: DdlOp = None

    @classmethod
    def _children(cls) -> str:
        return "Table"

    @classmethod
    def _shapes(cls) -> str:
        return "a new name, a list of tables or a mapping"

    @model_validator(mode="after")
    def _selects(self) -> Self:
        return self._selects_something(self.tables)
