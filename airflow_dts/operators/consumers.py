"""Consumer groups: who reads a subscription, and how far each has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_dts._task import deadline_after, required, seconds
from airflow_dts.errors import BadReply, ConfigError, JobNotFound, WrongState
from airflow_dts.hooks.acting import persist
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator, reading

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.api.subscriptions import DescribeConsumerChannelReply

T = TypeVar("T")

PAGE_SIZE = 100
MOST_PAGES = 20
"""Where to stop paging, whatever the service says about its pages."""
WORDS = {
    "consumer_group_name": "group_name",
    "consumer_group_user_name": "password_conn_id, login",
    "consumer_group_password": "password_conn_id, password",
}


class DtsGroupOperator(DtsOperator):
    """Base: work on the consumer groups of a subscription.

    :param dts_job_id: the subscription (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "dts_job_id")

    def __init__(self, *, dts_job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id

    def built(self, action: type[Action[Any]], **fields: Any) -> Action[Any]:
        """``action`` on the subscription, checked; these actions want the region among their own fields."""
        job_id, region = required("dts_job_id", self.dts_job_id), self.hook.settings().region_id
        return build(action, {"dts_job_id": job_id, "region_id": region, **fields}, words=WORDS)

    def groups(self) -> list[dict[str, Any]]:
        """Every group as plain data, page by page (seed 6.4.6.2)."""
        from airflow_dts.api.subscriptions import ConsumerChannel, DescribeConsumerChannel

        told, found = set(ConsumerChannel.model_fields), dict[str, dict[str, Any]]()
        for number in range(1, MOST_PAGES + 1):
            reply: DescribeConsumerChannelReply = self.hook.call(
                self.built(DescribeConsumerChannel, page_number=number, page_size=PAGE_SIZE)
            )
            with reading("DescribeConsumerChannel"):
                page = [
                    group.model_dump(mode="json", by_alias=False, include=told)
                    for group in reply.consumer_channels
                ]
            named = {group["consumer_group_id"]: group for group in page}
            fresh = {group_id: group for group_id, group in named.items() if group_id not in found}
            found |= fresh
            total = reply.total_record_count
            if not fresh or total is None or len(found) >= total:
                break
        return list(found.values())


class DtsDescribeConsumerGroupsOperator(DtsGroupOperator):
    """Return the consumer groups of a subscription. Seed 6.4.6.2.

    Each is a mapping of ``consumer_group_id``, ``consumer_group_name``, ``consumer_group_user_name``,
    ``consumption_checkpoint`` (ISO 8601, or None), ``message_delay`` (seconds) and ``unconsumed_data``
    (messages); the last two are -1 while no client is attached.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        return self.groups()


class DtsGroupChangeOperator(DtsGroupOperator):
    """Base: change a consumer group. Returns its ID. A subscription that is busy is waited out.

    :param poll_interval: seconds between tries while the subscription is busy (templated)
    :param wait_timeout: seconds after which a busy subscription fails the task (templated)
    """

    template_fields: Sequence[str] = (*DtsGroupOperator.template_fields, "poll_interval", "wait_timeout")

    def __init__(
        self, *, poll_interval: float | str = 10.0, wait_timeout: float | str = 120.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout

    def patiently(self, step: Callable[[], T]) -> T:
        """A group that was just made or removed keeps the others waiting for some seconds."""
        return persist(
            step,
            every=seconds("poll_interval", self.poll_interval, above=0.0),
            deadline=deadline_after(seconds("wait_timeout", self.wait_timeout)),
            about=self.dts_job_id,
            tell=self.log.info,
        )

    def login(self, conn_id: str | None) -> dict[str, str]:
        """Account and password of the group, from an Airflow connection."""
        if not conn_id:
            return {}
        user, password = self.hook.credentials(conn_id, "password_conn_id")
        return {"consumer_group_user_name": user, "consumer_group_password": password}


class DtsCreateConsumerGroupOperator(DtsGroupChangeOperator):
    """Add a consumer group to a subscription. Returns its ID, which the client reads with. Seed 6.4.6.1.

    Safe to repeat: a group of this name and account is taken as created, whatever its password.

    :param group_name: at most 128 characters (templated)
    :param password_conn_id: Airflow connection with the group's account as login, at most 16 letters, digits
        and underscores, and its password, 8 to 32 characters of two kinds (templated)
    """

    template_fields: Sequence[str] = (
        *DtsGroupChangeOperator.template_fields,
        "group_name",
        "password_conn_id",
    )

    def __init__(self, *, group_name: str, password_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group_name = group_name
        self.password_conn_id = password_conn_id

    def execute(self, context: Context) -> str:
        from airflow_dts.api.subscriptions import CreateConsumerChannel

        name = required("group_name", self.group_name)
        login = self.login(required("password_conn_id", self.password_conn_id))
        action = self.built(CreateConsumerChannel, consumer_group_name=name, **login)
        return self.patiently(
            lambda: self.existing(name, login["consumer_group_user_name"]) or self.made(action)
        )

    def existing(self, name: str, user: str) -> str:
        """:raises WrongState: a group of this name belongs to another account"""
        same = [group for group in self.groups() if group["consumer_group_name"] == name]
        for group in same:
            if group["consumer_group_user_name"] == user:
                self.log.info("%s: group %s exists", self.dts_job_id, name)
                return str(group["consumer_group_id"])
        if same:
            other = same[0]["consumer_group_user_name"]
            text = (
                f"group {name} of {self.dts_job_id} has the account {other!r}, not {user!r}; nothing was sent"
            )
            raise WrongState("CreateConsumerChannel", "GroupExists", text)
        return ""

    def made(self, action: Action[Any]) -> str:
        group_id: str = self.hook.call(action).consumer_group_id
        if not group_id:
            raise BadReply(action.action_name(), "the reply names no group")
        return group_id


class DtsModifyConsumerGroupOperator(DtsGroupChangeOperator):
    """Change name, account or password of a consumer group. Returns its ID. Seed 6.4.6.3.

    :param consumer_group_id: the group (templated)
    :param group_name: its new name (templated)
    :param password_conn_id: Airflow connection with its new password and, as login, its new account; without
        login the account stays (templated)
    """

    template_fields: Sequence[str] = (
        *DtsGroupChangeOperator.template_fields,
        "consumer_group_id",
        "group_name",
        "password_conn_id",
    )

    def __init__(
        self,
        *,
        consumer_group_id: str,
        group_name: str | None = None,
        password_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.consumer_group_id = consumer_group_id
        self.group_name = group_name
        self.password_conn_id = password_conn_id

    def execute(self, context: Context) -> str:
        from airflow_dts.api.subscriptions import ModifyConsumerChannel

        group_id = required("consumer_group_id", self.consumer_group_id)
        if not self.group_name and not self.password_conn_id:
            raise ConfigError(
                "nothing is to be changed", field="group_name", remedy="give it, or password_conn_id"
            )
        action = self.built(
            ModifyConsumerChannel,
            consumer_group_id=group_id,
            consumer_group_name=self.group_name,
            **self.login(self.password_conn_id),
        )
        self.patiently(lambda: self.hook.call(action))
        return group_id


class DtsDeleteConsumerGroupOperator(DtsGroupChangeOperator):
    """Remove a consumer group. Returns its ID; one that does not exist counts as removed. Seed 6.4.6.4.

    :param consumer_group_id: the group (templated)
    """

    template_fields: Sequence[str] = (*DtsGroupChangeOperator.template_fields, "consumer_group_id")

    def __init__(self, *, consumer_group_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.consumer_group_id = consumer_group_id

    def execute(self, context: Context) -> str:
        from airflow_dts.api.subscriptions import DeleteConsumerChannel

        group_id = required("consumer_group_id", self.consumer_group_id)
        action = self.built(DeleteConsumerChannel, consumer_group_id=group_id)
        self.patiently(lambda: self.remove(action, group_id))
        return group_id

    def remove(self, action: Action[Any], group_id: str) -> None:
        try:
            if group_id in {group["consumer_group_id"] for group in self.groups()}:
                self.hook.call(action)
            else:
                self.log.info("%s: no group %s; taken for removed", self.dts_job_id, group_id)
        except JobNotFound as missing:
            self.log.warning("%s: no such subscription, so no group either: %s", self.dts_job_id, missing)
