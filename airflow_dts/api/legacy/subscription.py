"""Older subscription actions (seed 6.5.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, SecretStr

from airflow_dts.api._base import Items, Part, Reply, Struct, Wire, Wrapped, unsaid
from airflow_dts.api._fields import (
    Flag,
    Instant,
    Name,
    Period,
    Spelled,
    Text,
)
from airflow_dts.api._numbered import Gathers, NumberedTags
from airflow_dts.api._rules import accompanies, needs, rule
from airflow_dts.api.legacy._parts import (
    FromSource,
    LegacyAction,
    OfAccount,
    Paged,
    PageReply,
    Repeatable,
    SynchronousObject,
    Tag,
)
from airflow_dts.api.legacy.objects import SubscriptionObjectText
from airflow_dts.api.readings import Consumption
from airflow_dts.api.subscriptions import (
    ConsumerChannel,
    CreateConsumerChannelReply,
    GroupName,
    GroupPassword,
    GroupUser,
    strong,
)

# --- buy, configure, start, release -----------------------------------------------------------------------


class CreateSubscriptionInstanceReply(Reply):
    """What was bought."""

    subscription_instance_id: Text = ""


class CreateSubscriptionInstance(LegacyAction[CreateSubscriptionInstanceReply], OfAccount, Repeatable):
    """Buy a subscription instance. Seed 6.5.3.1."""

    section = "6.5.3.1"

    region: Name
    """Region of the source and of the instance."""
    source_endpoint_instance_type: Annotated[
        Annotated[Literal["MySQL", "PolarDB", "DRDS", "Oracle"], Spelled()] | None,
        Field(alias="SourceEndpoint.InstanceType"),
    ] = None
    """Engine of the source; MySQL when left out."""
    pay_type: Annotated[Literal["Prepaid", "Postpaid"], Spelled()] | None = None
    """Postpaid when left out. Spelled with a small second p in this action only."""
    period: Period | None = None
    """Unit of ``used_time``."""
    used_time: Annotated[int, Field(ge=1, le=60)] | None = None
    """Length in periods: 1 to 5 years or 1 to 60 months."""

    rules = (
        needs("period", "used_time", when={"pay_type": "Prepaid"}),
        rule(
            "used_time must be 1 to 5 when period is Year",
            lambda action: action.period != "Year" or (action.used_time or 1) <= 5,
        ),
    )


class OfSubscription(Wire):
    """Which subscription."""

    subscription_instance_id: Name
    """Its instance, ``dts`` and 15 characters."""


class ConfigureSubscriptionInstance(LegacyAction[Reply], OfSubscription, FromSource, OfAccount):
    """Say what a bought subscription reads. Seed 6.5.3.2."""

    section = "6.5.3.2"

    subscription_instance_name: Name | None = None
    """Need not be unique."""
    subscription_object: SubscriptionObjectText
    """The objects; see ``SubscriptionObject``."""
    subscription_data_type_ddl: Annotated[bool, Field(alias="SubscriptionDataType.DDL")]
    """Carry table changes."""
    subscription_data_type_dml: Annotated[bool, Field(alias="SubscriptionDataType.DML")]
    """Carry row changes."""
    subscription_instance_network_type: Annotated[Literal["classic", "vpc"], Spelled()] | None = None
    """Network the client reads from; saying it makes the subscription one of the newer kind."""
    subscription_instance_vpc_id: Annotated[Name | None, Field(alias="SubscriptionInstance.VPCId")] = None
    subscription_instance_v_switch_id: Annotated[
        Name | None, Field(alias="SubscriptionInstance.VSwitchId")
    ] = None
    source_endpoint_instance_type: Annotated[
        Annotated[
            # DRDS stands in the text of the page, not in its list.
            Literal["RDS", "PolarDB", "DRDS", "LocalInstance", "ECS", "Express", "CEN", "dg"],
            Spelled(),
        ]
        | None,
        Field(alias="SourceEndpoint.InstanceType"),
    ] = None
    """LocalInstance is a database with a public address; which engine was said when it was bought."""
    source_endpoint_instance_id: Annotated[Name | None, Field(alias="SourceEndpoint.InstanceID")] = None
    source_endpoint_oracle_sid: Annotated[Name | None, Field(alias="SourceEndpoint.OracleSID")] = None
    """Needed for an Oracle without RAC."""

    rules = (
        needs(
            "source_endpoint_instance_id",
            when={"source_endpoint_instance_type": ("RDS", "DRDS", "PolarDB")},
        ),
        needs(
            "source_endpoint_ip",
            "source_endpoint_port",
            when={"source_endpoint_instance_type": ("LocalInstance", "ECS", "Express", "CEN", "dg")},
        ),
        needs(
            "subscription_instance_vpc_id",
            "subscription_instance_v_switch_id",
            when={"subscription_instance_network_type": "vpc"},
        ),
        accompanies("source_endpoint_role", of="source_endpoint_owner_id"),
    )


class StartSubscriptionInstanceReply(Reply):
    """What was started."""

    task_id: Text = ""
    """Announced for removal."""


class StartSubscriptionInstance(LegacyAction[StartSubscriptionInstanceReply], OfSubscription, OfAccount):
    """Start a configured subscription; its precheck comes first. Seed 6.5.3.3."""

    section = "6.5.3.3"


class ModifySubscriptionObject(LegacyAction[Reply], OfSubscription, OfAccount):
    """Replace the objects of a subscription; one that runs is started anew. Seed 6.5.3.4."""

    section = "6.5.3.4"

    subscription_object: SubscriptionObjectText
    """All objects from now on, old ones included."""


class DeleteSubscriptionInstance(LegacyAction[Reply], OfSubscription, OfAccount):
    """Release a subscription for good. Seed 6.5.3.8."""

    section = "6.5.3.8"


# --- consumer groups (the newer kind of subscription) and consumption time (the older) --------------------


class CreateConsumerGroup(LegacyAction[CreateConsumerChannelReply], OfSubscription, OfAccount):
    """Add a consumer group to a subscription. Seed 6.5.3.5.1."""

    section = "6.5.3.5.1"

    consumer_group_name: GroupName
    consumer_group_user_name: GroupUser
    consumer_group_password: GroupPassword

    rules = (strong("consumer_group_password"),)


class ConsumerGroup(ConsumerChannel):
    """A consumer group and how far it has read."""

    consumer_group_id: Annotated[Text, Field(alias="ConsumerGroupID")] = ""
    """Spelled with a capital D in this reply."""


class DescribeConsumerGroupReply(PageReply):
    """One page of groups."""

    consumer_channels: Annotated[Items[ConsumerGroup], Wrapped("DescribeConsumerChannel")] = ()


class DescribeConsumerGroup(LegacyAction[DescribeConsumerGroupReply], OfSubscription, Paged, OfAccount):
    """List the consumer groups of a subscription. Seed 6.5.3.5.2."""

    section = "6.5.3.5.2"
    changes_state = False


class OfGroup(OfSubscription):
    """Which consumer group."""

    consumer_group_id: Annotated[Name, Field(alias="ConsumerGroupID")]


class ModifyConsumerGroupPassword(LegacyAction[Reply], OfGroup, OfAccount):
    """Change the password of a consumer group. Seed 6.5.3.5.3."""

    section = "6.5.3.5.3"

    consumer_group_password: SecretStr
    """The present one."""
    consumer_group_new_password: Annotated[GroupPassword, Field(alias="consumerGroupNewPassword")]
    """Spelled with a small c on the wire."""
    consumer_group_name: GroupName | None = None
    consumer_group_user_name: GroupUser | None = None

    rules = (strong("consumer_group_new_password"),)


class DeleteConsumerGroup(LegacyAction[Reply], OfGroup, OfAccount):
    """Remove a consumer group. Seed 6.5.3.5.4."""

    section = "6.5.3.5.4"


_ZULU = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _second(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _ZULU.fullmatch(value)):
        return value
    raise ValueError("give an aware datetime, or UTC text such as 2019-10-15T17:20:03Z")


Second = Annotated[
    AwareDatetime,
    BeforeValidator(_second),
    AfterValidator(lambda instant: instant.astimezone(UTC).replace(microsecond=0)),
    PlainSerializer(lambda instant: instant.isoformat().removesuffix("+00:00") + "Z"),
]
"""An aware datetime, which loses its fraction; UTC text such as ``2019-10-15T17:20:03Z`` on the wire."""


class ModifyConsumptionTimestamp(LegacyAction[Reply], OfSubscription, OfAccount):
    """Set where the client of an older subscription reads on; stop it first. Seed 6.5.3.5.5."""

    section = "6.5.3.5.5"

    consumption_timestamp: Second


# --- readings ---------------------------------------------------------------------------------------------


class SubscribedSource(Struct):
    """The source as far as the service tells."""

    instance_id: Annotated[Text, Field(alias="InstanceID")] = ""
    instance_type: Text = ""
    """Kind of instance; only of the newer kind of subscription."""


class SubscribedData(Struct):
    """Kinds of change a subscription carries."""

    ddl: Annotated[Flag, Field(alias="DDL")] = None
    dml: Annotated[Flag, Field(alias="DML")] = None


class SubscriptionHosts(Struct):
    """Where a subscription is read, each as ``host:port``."""

    private_host: Text = ""
    public_host: Text = ""
    vpc_host: Annotated[Text, Field(alias="VPCHost")] = ""


class SubscriptionReading(Consumption):
    """What every reading of a subscription tells."""

    subscription_instance_id: Annotated[Text, Field(alias="SubscriptionInstanceID")] = ""
    """Spelled with a capital D in replies."""
    subscription_instance_name: Text = ""
    status: Text = ""
    """``NotStarted``, ``Prechecking``, ``PrecheckFailed``, ``Starting``, ``Normal`` or ``Abnormal``."""
    error_message: Text = ""
    pay_type: Text = ""
    """``PrePaid`` or ``PostPaid``."""
    subscribe_topic: Text = ""
    """Only of a subscription of the newer kind that has a consumer group."""
    source_endpoint: Part[SubscribedSource] = unsaid()
    subscription_data_type: Part[SubscribedData] = unsaid()
    subscription_host: Part[SubscriptionHosts] = unsaid()
    subscription_object: Annotated[Items[SynchronousObject], Wrapped("SynchronousObject")] = ()


class SubscriptionInstance(SubscriptionReading):
    """One subscription in a listing."""

    instance_create_time: Instant = None
    """When it was bought."""
    job_create_time: Instant = None
    tags: Annotated[Items[Tag], Wrapped("Tag")] = ()


class DescribeSubscriptionInstancesReply(PageReply):
    """One page of subscriptions."""

    subscription_instances: Annotated[Items[SubscriptionInstance], Wrapped("SubscriptionInstance")] = ()


class DescribeSubscriptionInstances(
    LegacyAction[DescribeSubscriptionInstancesReply], Gathers, Paged, OfAccount, Repeatable
):
    """List subscriptions. Seed 6.5.3.6."""

    section = "6.5.3.6"
    changes_state = False

    subscription_instance_name: Name | None = None
    """Only subscriptions whose name contains this."""
    tags: Annotated[NumberedTags | None, Field(alias="Tag")] = None
    """Only subscriptions with these tags; the page's sample has it, its table has not."""


class DescribeSubscriptionInstanceStatusReply(SubscriptionReading, Reply):
    """One subscription."""

    task_id: Text = ""
    """Id of the job: the instance's without ``dts``."""


class DescribeSubscriptionInstanceStatus(
    LegacyAction[DescribeSubscriptionInstanceStatusReply], OfSubscription, OfAccount
):
    """Read configuration and state of one subscription. Seed 6.5.3.7."""

    section = "6.5.3.7"
    changes_state = False
