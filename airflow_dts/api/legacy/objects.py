"""Which objects to move, as the older API says it, and its further settings (seed 6.5.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, PlainSerializer, RootModel, ValidationError, model_validator

from airflow_dts.api._fields import Spelled, compact
from airflow_dts.api.legacy import _conversion
from airflow_dts.api.legacy._entries import DatabaseEntry, Present, TableInclude
from airflow_dts.api.objects import DbList, Reserve, faults, from_text

_READING = {"reading": True}


class MigrationObject(RootModel[list[DatabaseEntry]]):
    """The objects of a migration. Seed 6.5.8.1.

    ``MigrationObject.of`` understands the list of the page or its JSON text, a single entry, names, and a
    ``DbList``::

        "shop"                                                  one database
        ["shop", "crm"]                                         several
        [{"DBName": "shop", "NewDBName": "shop_new"}]           renamed on the way
        [{"DBName": "shop", "TableIncludes": [{"TableName": "orders"}]}]
        [{"DBName": "shop", "TableExcludes": [{"TableName": "tmp.*"}]}]

    Names may hold the patterns of ``api.objects.matches``. Errors name the place.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    @classmethod
    def of(cls, objects: object) -> Self:
        """Understand what a person wrote.

        :raises ValueError: every fault, one a line, with its place and what to do.
        """
        return cls._checked(lambda: cls.model_validate(objects))

    @classmethod
    def parse(cls, text: str | bytes | list[Any]) -> Self:
        """Read what the service returns; keys we do not know are passed over.

        :raises ValueError: as ``of``.
        """
        return cls._checked(lambda: cls.model_validate(text, context=_READING))

    @classmethod
    def _checked(cls, read: Callable[[], Self]) -> Self:
        try:
            return read()
        except ValidationError as error:
            raise ValueError("\n".join(faults(cls.__name__, error))) from None

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, value: object) -> object:
        if isinstance(value, (str, bytes)):
            value = from_text(value)
        match value:
            case MigrationObject():
                return value.root
            case DbList():
                return _conversion.entries(cls.__name__, value)
            case Mapping():
                value = [value]
            case tuple():
                value = list(value)
        if value in (None, []):
            raise ValueError("names nothing: give at least one database")
        if isinstance(value, list):
            return [{"DBName": each} if isinstance(each, str) else each for each in value]
        raise ValueError(f"give names, a list of entries or JSON text, not {type(value).__name__}")

    @classmethod
    def from_db_list(cls, objects: DbList) -> Self:
        """The same objects in the older form.

        :raises ValueError: something the older form cannot say, such as ``dml_op``.
        """
        return cls.of(objects)

    def to_db_list(self, present: Present | None = None) -> DbList:
        """The same objects in the newer form.

        :param present: what the source has. The newer form cannot leave tables or columns out, so what
            stays is listed; without excludes nothing is looked up.
        :raises ValueError: something the newer form cannot say, or excludes without ``present``.
        """
        return _conversion.db_list(type(self).__name__, self.root, present)

    def to_list(self) -> list[dict[str, Any]]:
        """The list of the page; what was not given is left out."""
        full: list[dict[str, Any]] = self.model_dump(by_alias=True, exclude_none=True)
        return full

    def to_json(self) -> str:
        """The text that goes on the wire."""
        return compact(self.to_list())

    def check_source(self, engine: str | None) -> list[str]:
        """SQL Server and PostgreSQL want the schema of every entry."""
        if (engine or "").casefold() not in ("sqlserver", "postgresql"):
            return []
        return [
            f"{type(self).__name__}: {entry.source}: a source that is {engine} needs SchemaName"
            for entry in self.root
            if not entry.schema_name
        ]

    def check_target(self, kind: str | None) -> list[str]:
        """AnalyticDB wants the keys of every table that is listed.

        :param kind: the target's instance type, such as ``AnalyticDB`` or ``Greenplum``.
        """
        if (kind or "").casefold() not in ("analyticdb", "greenplum"):
            return []
        return [
            f"{type(self).__name__}: {entry.source}.{table.table_name}: a target that is {kind} needs "
            f"{' and '.join(missing)}"
            for entry in self.root
            for table in entry.table_includes or ()
            if (
                missing := [
                    n for n, v in (("PrimaryKey", table.primary_key), ("PartKey", table.part_key)) if not v
                ]
            )
        ]


class SynchronizationObjects(MigrationObject):
    """The objects of a synchronization, written as those of a migration. Seed 6.5.8.3."""


class SubscriptionObject(MigrationObject):
    """The objects of a subscription: databases, and tables to take or to leave. Seed 6.5.8.2.

    The chapter calls it SubscriptionObjects and prints TableExluces once; neither is right.
    """

    _KNOWN: ClassVar = ({"db_name", "table_includes", "table_excludes"}, {"table_name"})

    @model_validator(mode="after")
    def _only_names(self) -> Self:
        in_database, in_table = self._KNOWN
        for entry in self.root:
            strange = entry.model_fields_set - in_database
            strange |= {n for t in entry.table_includes or () for n in t.model_fields_set - in_table}
            if strange:
                raise ValueError(
                    f"{entry.source}: a subscription takes names only: leave {_wire_names(strange)} out"
                )
        return self


def _wire_names(fields: Iterable[str]) -> str:
    aliases = {
        n: f.alias or n for model in (DatabaseEntry, TableInclude) for n, f in model.model_fields.items()
    }
    return ", ".join(sorted(aliases[name] for name in fields))


MigrationObjectText = Annotated[MigrationObject, PlainSerializer(MigrationObject.to_json)]
"""Whatever ``MigrationObject.of`` understands in Python; compact JSON on the wire."""
SynchronizationObjectsText = Annotated[SynchronizationObjects, PlainSerializer(MigrationObject.to_json)]
SubscriptionObjectText = Annotated[SubscriptionObject, PlainSerializer(MigrationObject.to_json)]


class MigrationReserved(Reserve):
    """Facts that have no parameter of their own. Seed 6.5.8.4.

    The older API documents ``auto_start_modules_after_config``, ``target_table_mode`` (here a number on the
    wire) and the two kinds of Redis; the other keys are the newer API's.
    """

    src_redis_type: Annotated[Literal["enterprise"], Spelled()] | None = None
    """Only between two Redis of the enterprise edition."""
    dest_redis_type: Annotated[Literal["enterprise"], Spelled()] | None = None
    """Only between two Redis of the enterprise edition."""

    def to_dict(self) -> dict[str, Any]:
        settings = super().to_dict()
        if self.target_table_mode is not None:
            settings["targetTableMode"] = int(self.target_table_mode)
        return settings


def _reserved_json(reserved: MigrationReserved) -> str:
    return reserved.to_json()


MigrationReservedText = Annotated[MigrationReserved, PlainSerializer(_reserved_json)]
"""A ``MigrationReserved``, a mapping by wire or Python names, or JSON text; JSON text on the wire."""
