"""What the older actions share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, Self

from pydantic import Field, SecretStr

from airflow_dts.api._base import Action, R_co, Reply, Struct, Wire, Wrapped
from airflow_dts.api._fields import (
    ClientToken,
    Direction,
    Flag,
    Int,
    IntText,
    ListingSize,
    Name,
    Number,
    PageNumber,
    Port,
    Text,
)
from airflow_dts.api._parts import oracle_sid as newer_oracle_sid
from airflow_dts.api._rules import Rule


class LegacyAction(Action[R_co], Generic[R_co]):
    """An action of the older API."""

    generation = "legacy"


class OfAccount(Wire):
    """What most of them still take."""

    account_id: Name | None = None
    """The main account; announced for removal, leave it out."""


class Repeatable(Wire):
    """The reads and purchases that take a token."""

    client_token: ClientToken | None = None


class PageReply(Reply):
    """One page of a listing."""

    page_number: Int = None
    page_record_count: Int = None
    """Most records a page can hold."""
    total_record_count: Int = None


class SynchronousObject(Struct):
    """A database and its chosen tables, as the service gives them back."""

    database_name: Text = ""
    whole_database: Flag = None
    """False when only the tables of ``table_list`` are meant."""
    table_list: Annotated[Sequence[str], Wrapped("Table")] = ()


class Tag(Struct):
    """A tag of an instance."""

    key: Text = ""
    value: Text = ""


class OfSynchronization(Wire):
    """Which synchronization."""

    synchronization_job_id: Name
    synchronization_direction: Direction | None = None
    """Only for two-way synchronization; Forward when left out."""


class FromSource(Wire):
    """How the source is reached."""

    source_endpoint_ip: Annotated[Name | None, Field(alias="SourceEndpoint.IP")] = None
    source_endpoint_port: Annotated[Port | None, Field(alias="SourceEndpoint.Port")] = None
    source_endpoint_database_name: Annotated[Name | None, Field(alias="SourceEndpoint.DatabaseName")] = None
    """The database that holds the objects, for engines whose accounts enter one database."""
    source_endpoint_user_name: Annotated[Name | None, Field(alias="SourceEndpoint.UserName")] = None
    source_endpoint_password: Annotated[SecretStr | None, Field(alias="SourceEndpoint.Password")] = None
    source_endpoint_owner_id: Annotated[Name | None, Field(alias="SourceEndpoint.OwnerID")] = None
    """The account that owns the source, when it is another one."""
    source_endpoint_role: Annotated[Name | None, Field(alias="SourceEndpoint.Role")] = None
    """The role in that account that lets DTS read the source."""


class ToDestination(Wire):
    """How the target is reached. Mind DataBase: the source's parameter says Database."""

    destination_endpoint_ip: Annotated[Name | None, Field(alias="DestinationEndpoint.IP")] = None
    destination_endpoint_port: Annotated[Port | None, Field(alias="DestinationEndpoint.Port")] = None
    destination_endpoint_database_name: Annotated[
        Name | None, Field(alias="DestinationEndpoint.DataBaseName")
    ] = None
    """The database that receives the objects, for engines whose accounts enter one database."""
    destination_endpoint_user_name: Annotated[Name | None, Field(alias="DestinationEndpoint.UserName")] = None
    destination_endpoint_password: Annotated[
        SecretStr | None, Field(alias="DestinationEndpoint.Password")
    ] = None


class Paged(Wire):
    """Which page of a listing; the answer says PageNumber for PageNum."""

    page_num: PageNumber | None = None
    """From 1."""
    page_size: ListingSize | None = None


class Unwrapping(Reply):
    """A reply that samples of the page put under ``SwitchSynchronizationEndpointResponse``."""

    @classmethod
    def _of(cls, said: object) -> Self:
        match said:
            case Mapping() if len(said) == 1 and str(next(iter(said))).casefold().endswith("response"):
                said = next(iter(said.values()))
        return super()._of(said)


class Endpoint(Struct):
    """One side of a job; passwords never come back."""

    instance_type: Text = ""
    instance_id: Text = ""
    engine_name: Text = ""
    ip: Annotated[Text, Field(alias="IP")] = ""
    port: IntText = None
    user_name: Text = ""


class CheckItem(Struct):
    """One item of a precheck."""

    item_name: Text = ""
    """Item code, such as ``CHECK_CONN_SRC``; ``CHECK_MYSQL_PASSOWRD_FORMAT`` is what the service says."""
    check_status: Text = ""
    """``Success`` or ``Failed``."""
    error_message: Text = ""
    repair_method: Text = ""
    """Code of a remedy, such as ``CHECK_ERROR_DEST_CONN_REPAIR2``."""


class PrecheckResult(Struct):
    """How far the precheck has come."""

    status: Text = ""
    """``NotStarted``, ``Checking``, ``Failed`` or ``Finished``; ``Success`` has been seen for the last."""
    percent: Number = None
    """0 to 100."""


class Increments(Struct):
    """The incremental phase."""

    status: Text = ""
    """``NotStarted``, ``Migrating``, ``Failed`` or ``Finished``."""
    percent: Number = None
    """0 to 100."""
    delay: IntText = None
    """Seconds."""
    error_message: Text = ""


class ObjectDetail(Struct):
    """How far one object has come in one phase."""

    source_owner_db_name: Annotated[Text, Field(alias="SourceOwnerDBName")] = ""
    destination_owner_db_name: Annotated[Text, Field(alias="DestinationOwnerDBName")] = ""
    status: Text = ""
    """``NotStarted``, ``Migrating``, ``Failed`` or ``Finished``."""
    error_message: Text = ""


class TableDetail(ObjectDetail):
    """A table in the incremental phase."""

    table_name: Text = ""


class CopiedTable(TableDetail):
    """A table in the full load."""

    total_row_num: IntText = None
    """Rows to copy, estimated from the source's system tables before the start."""
    finish_row_num: IntText = None
    """Rows copied; may be more than were estimated."""


class DefinedObject(ObjectDetail):
    """A table, index, view or the like in the structure phase."""

    object_name: Text = ""
    object_type: Text = ""
    """Such as ``Table``, ``Constraint``, ``Index``, ``View`` or ``Sequence``."""
    object_definition: Text = ""
    """The SQL that creates it."""


def oracle_sid(side: str) -> Rule:
    """An Oracle without RAC needs its SID. No parameter tells RAC, so a key of the newer API may.

    :param side: ``source`` or ``destination``.
    """
    return newer_oracle_sid(side, "Oracle", reserve="migration_reserved")
