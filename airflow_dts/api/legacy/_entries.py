"""What stands inside an object list of the older API: databases, tables and columns (seed 6.5.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_pascal

from airflow_dts.api._fields import Name
from airflow_dts.api._wildcards import compiled

Present = Mapping[str, Mapping[str, Iterable[str]]]
"""What a source has: database -> table -> columns. Only asked for what it takes to leave things out."""


class _Node(BaseModel):
    """One database, table or column."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, value: object, info: ValidationInfo) -> object:
        """Keys match in any case: the pages say both AllTable and ALLTABLE."""
        if not isinstance(value, Mapping):
            return value
        ours = {key.casefold(): key for key in cls._keys()}
        said = {str(key): inner for key, inner in value.items()}
        known = {ours[key.casefold()]: inner for key, inner in said.items() if key.casefold() in ours}
        others = [key for key in said if key.casefold() not in ours]
        if others and not info.context:  # a reply may say more than we know
            raise ValueError(f"knows no {', '.join(others)}; the keys are {', '.join(cls._keys())}")
        return known

    @classmethod
    def _keys(cls) -> list[str]:
        return [field.alias or name for name, field in cls.model_fields.items()]


class ColumnExclude(_Node):
    """A column to leave out."""

    column_name: Name


class ColumnInclude(ColumnExclude):
    """A column to move."""

    new_column_name: Name | None = None
    """Its name on the target."""


class TableExclude(_Node):
    """A table to leave out, or all that match a pattern."""

    table_name: Name

    @model_validator(mode="after")
    def _is_a_pattern(self) -> Self:
        compiled(self.table_name)
        return self


class TableInclude(TableExclude):
    """A table to move, or all that match a pattern."""

    new_table_name: Name | None = None
    """Its name on the target."""
    filter_condition: Name | None = None
    """Only rows for which this SQL condition holds, such as ``id > 100``; text in single quotes."""
    primary_key: Name | None = None
    """Columns, comma-separated; AnalyticDB only, which needs it."""
    part_key: Name | None = None
    """Distribution columns, comma-separated; AnalyticDB only, which needs it."""
    column_includes: list[ColumnInclude] | None = None
    """All columns when left out."""
    column_excludes: list[ColumnExclude] | None = None


class DatabaseEntry(_Node):
    """A database, or all that match a pattern, or a schema."""

    db_name: Annotated[Name | None, Field(alias="DBName")] = None
    new_db_name: Annotated[Name | None, Field(alias="NewDBName")] = None
    """Its name on the target."""
    schema_name: Name | None = None
    """Needed when the source is SQL Server or PostgreSQL. Examples of the seed name a database by it."""
    new_schema_name: Name | None = None
    """Its name on a target that is SQL Server or PostgreSQL."""
    all_table: bool | None = None
    """True takes all tables; ``table_includes`` then only adds how to move some of them."""
    table_includes: list[TableInclude] | None = None
    """All tables when left out."""
    table_excludes: list[TableExclude] | None = None

    @property
    def source(self) -> str:
        """What ``DbList`` calls it: the schema where there is one, else the database."""
        return self.schema_name or self.db_name or ""

    @property
    def whole(self) -> bool:
        # The page asks for includes and excludes when AllTable is false; its own examples give one or none.
        return bool(self.all_table) or not self.table_includes

    @property
    def leaves_out(self) -> bool:
        """Whether it takes the source's own list of tables and columns to say what remains."""
        return bool(self.table_excludes) or any(
            table.column_excludes and not table.column_includes for table in self.table_includes or ()
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.source:
            raise ValueError("names nothing: give DBName or SchemaName")
        compiled(self.source)
        if self.all_table and self.table_excludes:
            raise ValueError("AllTable is true and TableExcludes leaves tables out: give one of them")
        _once("TableIncludes", [table.table_name for table in self.table_includes or ()])
        for table in self.table_includes or ():
            _once(f"{table.table_name}.ColumnIncludes", [c.column_name for c in table.column_includes or ()])
        return self


def _once(what: str, names: list[str]) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{what} names {twice} twice")
