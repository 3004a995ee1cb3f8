"""Configure subscriptions (change tracking) and their consumer groups."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from airflow_dts.api._base import Action, Items, Reply, Struct
from airflow_dts.api._fields import CommaList, Instant, Int, Name, PageNumber, PageSize, Spelled, Text
from airflow_dts.api._parts import ALARMS, OTHER_ACCOUNT, Configured, ConfigureReply, FromSource, oracle_sid
from airflow_dts.api._rules import Rule, at_least_one, needs, rule
from airflow_dts.api.objects import DbListText

_SELF_MANAGED = ("LocalInstance", "ECS", "Express", "CEN", "dg")
_NO_FILTER = Rule("leave filters out", lambda action: action.db_list.check_subscription())


class ConfigureSubscription(Action[ConfigureReply], Configured, FromSource):
    """Say what a bought subscription reads. Seed 6.4.3."""

    section = "6.4.3"

    region_id: Name
    subscription_instance_network_type: Annotated[Literal["classic", "vpc"], Spelled()]
    """Network the client reads from; saying it makes the subscription one of the newer kind."""
    source_endpoint_instance_type: (
        Annotated[
            Literal["RDS", "PolarDB", "DRDS", "LocalInstance", "ECS", "Express", "CEN", "dg"], Spelled()
        ]
        | None
    ) = None
    """LocalInstance is a database with a public address; names differ from ConfigureDtsJob's."""
    source_endpoint_engine_name: Annotated[Literal["MySQL", "Oracle", "PostgreSQL"], Spelled()] | None = None
    """PostgreSQL is the vendor SDK's."""
    subscription_instance_vpc_id: Annotated[Name | None, Field(alias="SubscriptionInstanceVPCId")] = None
    subscription_instance_v_switch_id: Annotated[
        Name | None, Field(alias="SubscriptionInstanceVSwitchId")
    ] = None
    subscription_data_type_ddl: Annotated[bool | None, Field(alias="SubscriptionDataTypeDDL")] = None
    """Carry table changes; true when left out."""
    subscription_data_type_dml: Annotated[bool | None, Field(alias="SubscriptionDataTypeDML")] = None
    """Carry row changes; true when left out."""

    rules = (
        needs(
            "source_endpoint_instance_id",
            when={"source_endpoint_instance_type": ("RDS", "DRDS", "PolarDB")},
        ),
        needs(
            "source_endpoint_ip",
            "source_endpoint_port",
            "source_endpoint_engine_name",
            when={"source_endpoint_instance_type": _SELF_MANAGED},
        ),
        oracle_sid("source", "Oracle"),
        OTHER_ACCOUNT,
        needs(
            "subscription_instance_vpc_id",
            "subscription_instance_v_switch_id",
            when={"subscription_instance_network_type": "vpc"},
        ),
        ALARMS,
        _NO_FILTER,
    )


class ModifySubscription(Action[Reply]):
    """Replace the objects and kinds of change of a subscription. Seed 6.4.9.2."""

    section = "6.4.9.2"

    dts_job_id: Name
    dts_instance_id: Name
    db_list: DbListText
    """All objects from now on, old ones included."""
    subscription_data_type_ddl: Annotated[bool, Field(alias="SubscriptionDataTypeDDL")]
    """Carry table changes."""
    subscription_data_type_dml: Annotated[bool, Field(alias="SubscriptionDataTypeDML")]
    """Carry row changes."""

    rules = (_NO_FILTER,)


GroupName = Annotated[str, Field(min_length=1, max_length=128)]
GroupUser = Annotated[str, Field(max_length=16, pattern=r"^[A-Za-z0-9_]+$")]
"""At most 16 letters, digits and underscores."""
GroupPassword = Annotated[SecretStr, Field(min_length=8, max_length=32)]
"""8 to 32 characters of at least two kinds: upper case, lower case, digits, others."""


def strong(field: str) -> Rule:
    """The password in ``field`` is not all of one kind of character."""

    def holds(action: Any) -> bool:
        password = getattr(action, field)
        return password is None or len({_kind(c) for c in password.get_secret_value()}) > 1

    return rule(
        f"{field} must mix at least two of upper case, lower case, digits and other characters", holds
    )


def _kind(character: str) -> str:
    match character:
        case c if c.isupper():
            return "upper"
        case c if c.islower():
            return "lower"
    return "digit" if character.isdigit() else "other"


_STRONG = strong("consumer_group_password")
_SUBSCRIPTION = at_least_one("dts_instance_id", "dts_job_id")


class CreateConsumerChannelReply(Reply):
    """The new group."""

    consumer_group_id: Annotated[Text, Field(alias="ConsumerGroupID")] = ""
    """What a client says to read; spelled with a capital D in this action."""


class CreateConsumerChannel(Action[CreateConsumerChannelReply]):
    """Add a consumer group to a subscription. Seed 6.4.6.1."""

    section = "6.4.6.1"

    region_id: Name
    dts_instance_id: Name | None = None
    dts_job_id: Name | None = None
    consumer_group_name: GroupName
    consumer_group_user_name: GroupUser
    consumer_group_password: GroupPassword

    rules = (_SUBSCRIPTION, _STRONG)


class ConsumerChannel(Struct):
    """A consumer group and how far it has read."""

    consumer_group_id: Text = ""
    consumer_group_name: Text = ""
    consumer_group_user_name: Text = ""
    consumption_checkpoint: Instant = None
    """Time of the last record read."""
    message_delay: Int = None
    """Seconds behind; -1 while no client is attached."""
    unconsumed_data: Int = None
    """Messages not read yet, heartbeats included; -1 while no client is attached."""


class DescribeConsumerChannelReply(Reply):
    """One page of groups."""

    consumer_channels: Items[ConsumerChannel] = ()
    page_number: Int = None
    page_record_count: Int = None
    total_record_count: Int = None


class DescribeConsumerChannel(Action[DescribeConsumerChannelReply]):
    """List the consumer groups of a subscription. Seed 6.4.6.2."""

    section = "6.4.6.2"
    changes_state = False

    region_id: Name
    dts_instance_id: Name | None = None
    dts_job_id: Name | None = None
    parent_channel_id: Name | None = None
    """Channel of the whole, when the subscription is distributed."""
    page_number: PageNumber | None = None
    """From 1."""
    page_size: PageSize | None = None
    """Groups per page, 1 to 100; 20 when left out."""

    rules = (_SUBSCRIPTION,)


class ModifyConsumerChannel(Action[Reply]):
    """Change name, account or password of a consumer group. Seed 6.4.6.3."""

    section = "6.4.6.3"

    region_id: Name
    consumer_group_id: Name
    dts_instance_id: Name | None = None
    dts_job_id: Name | None = None
    consumer_group_name: GroupName | None = None
    consumer_group_user_name: GroupUser | None = None
    consumer_group_password: GroupPassword | None = None

    rules = (_SUBSCRIPTION, _STRONG)


class DeleteConsumerChannel(Action[Reply]):
    """Remove a consumer group. Seed 6.4.6.4."""

    section = "6.4.6.4"

    region_id: Name
    consumer_group_id: Name
    dts_instance_id: Name | None = None
    dts_job_id: Name | None = None

    rules = (_SUBSCRIPTION,)


class SubscriptionMeta(Struct):
    """One part of a distributed subscription."""

    sid: Text = ""
    """Consumer group of the part."""
    topic: Text = ""
    d_proxy_url: Text = ""
    """Where it is read, ``host:port``."""
    checkpoint: Int = None
    """First record read, in Unix seconds."""
    db_list: Annotated[Text, Field(alias="DBList")] = ""
    """The objects as JSON text; ``DbList.parse`` reads it. Spelled with a capital B in this reply."""


class DescribeSubscriptionMetaReply(Reply):
    """Parts of a distributed subscription."""

    subscription_meta_list: Items[SubscriptionMeta] = ()


class DescribeSubscriptionMeta(Action[DescribeSubscriptionMetaReply]):
    """List the parts of a PolarDB-X 1.0 subscription. Seed 6.4.8.5."""

    section = "6.4.8.5"
    changes_state = False

    sid: Name
    """Consumer group."""
    dts_instance_id: Name | None = None
    """The distributed subscription."""
    sub_migration_job_ids: CommaList | None = None
    """Ids of the parts; preferred to ``topics``."""
    topics: CommaList | None = None

    rules = (at_least_one("sub_migration_job_ids", "topics"),)
