"""Change what a job moves, its name and its passwords, and skip items of its precheck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts._task import required
from airflow_dts.conditions import Wait, status_is
from airflow_dts.errors import ConfigError, WrongState
from airflow_dts.hooks.building import build
from airflow_dts.hooks.prechecks import names_of, skip
from airflow_dts.operators._base import DtsJobOperator, DtsOperator, reading
from airflow_dts.operators.configure import understood
from airflow_dts.states import RUNNING, Verb

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action


class DtsModifyObjectsOperator(DtsJobOperator):
    """Replace the objects of a running synchronization. Returns the job ID. Seed 6.4.9.1.

    :param dts_instance_id: the job's instance; looked up when left out (templated)
    :param db_list: all objects from now on, old ones included (templated)
    :param client_token: makes the call safe to repeat; at most 64 ASCII characters (templated)
    """

    verb = Verb.MODIFY
    template_fields: Sequence[str] = (
        *DtsJobOperator.template_fields,
        "dts_instance_id",
        "db_list",
        "client_token",
    )
    template_fields_renderers = {"db_list": "json"}

    def __init__(
        self,
        *,
        db_list: Any,
        dts_instance_id: str | None = None,
        client_token: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.db_list = db_list
        self.dts_instance_id = dts_instance_id
        self.client_token = client_token

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import ModifyDtsJob
        from airflow_dts.api.objects import DbList

        objects = understood("db_list", DbList.of, self.db_list)
        return build(
            ModifyDtsJob,
            {
                "dts_instance_id": self.dts_instance_id or self.hook.job(self.dts_job_id).instance_id,
                "db_list": objects,
                "client_token": self.client_token,
                "synchronization_direction": self.synchronization_direction if self.reverse else None,
            },
        )

    def goal(self) -> Wait | None:
        return status_is(statuses=[state.value for state in sorted(RUNNING)]) if self.wait else None


class DtsModifySubscriptionOperator(DtsJobOperator):
    """Replace the objects and kinds of change of a running subscription. Returns the job ID. Seed 6.4.9.2.

    :param dts_instance_id: the job's instance; looked up when left out (templated)
    :param db_list: all objects from now on, old ones included (templated)
    :param ddl: carry table changes; as it is when left out
    :param dml: carry row changes; as it is when left out
    """

    verb = Verb.MODIFY
    template_fields: Sequence[str] = (*DtsJobOperator.template_fields, "dts_instance_id", "db_list")
    template_fields_renderers = {"db_list": "json"}

    def __init__(
        self,
        *,
        db_list: Any,
        dts_instance_id: str | None = None,
        ddl: bool | None = None,
        dml: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.db_list = db_list
        self.dts_instance_id = dts_instance_id
        self.ddl = ddl
        self.dml = dml

    def action(self) -> Action[Any]:
        from airflow_dts.api.objects import DbList
        from airflow_dts.api.subscriptions import ModifySubscription

        fields = {
            "dts_job_id": self.dts_job_id,
            "dts_instance_id": self.dts_instance_id,
            "db_list": understood("db_list", DbList.of, self.db_list),
            "subscription_data_type_ddl": self.ddl,
            "subscription_data_type_dml": self.dml,
        }
        words = {"subscription_data_type_ddl": "ddl", "subscription_data_type_dml": "dml"}
        told = {name: value for name, value in fields.items() if value not in (None, "")}
        return build(
            ModifySubscription, self.present() | told if len(told) < len(fields) else told, words=words
        )

    def present(self) -> dict[str, Any]:
        """What the action wants said even where it stays as it is."""
        from airflow_dts.api.readings import DescribeDtsJobDetail

        reply = self.hook.call(build(DescribeDtsJobDetail, {"dts_job_id": self.dts_job_id}))
        with reading("DescribeDtsJobDetail"):
            return {
                "dts_instance_id": reply.dts_instance_id,
                "subscription_data_type_ddl": reply.subscription_data_type.ddl,
                "subscription_data_type_dml": reply.subscription_data_type.dml,
            }

    def goal(self) -> Wait | None:
        return status_is(statuses=[state.value for state in sorted(RUNNING)]) if self.wait else None


class DtsOneCallOperator(DtsOperator):
    """Base: change one thing about a job with one call. Returns the job ID.

    :param dts_job_id: the job (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "dts_job_id")

    def __init__(self, *, dts_job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id

    def action(self) -> Action[Any]:
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        job_id = required("dts_job_id", self.dts_job_id)
        self.hook.call(self.action())
        return job_id


class DtsRenameJobOperator(DtsOneCallOperator):
    """Rename a job; names need not be unique. Seed 6.4.9.4.

    :param dts_job_name: the new name (templated)
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "dts_job_name")

    def __init__(self, *, dts_job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_name = dts_job_name

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import ModifyDtsJobName

        name = required("dts_job_name", self.dts_job_name)
        return build(ModifyDtsJobName, {"dts_job_id": self.dts_job_id, "dts_job_name": name})


class DtsChangePasswordOperator(DtsOneCallOperator):
    """Tell a job the new login of one of its databases. Seed 6.4.9.3.

    :param endpoint: ``source`` or ``destination`` (templated)
    :param password_conn_id: Airflow connection whose login and password are the database's (templated)
    """

    template_fields: Sequence[str] = (*DtsOneCallOperator.template_fields, "endpoint", "password_conn_id")

    def __init__(self, *, endpoint: str, password_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.password_conn_id = password_conn_id

    def action(self) -> Action[Any]:
        from airflow_dts.api.jobs import ModifyDtsJobPassword

        sides = {"source": "src", "destination": "dest"}
        if self.endpoint not in sides:
            raise ConfigError(
                f"{self.endpoint!r} is unknown", field="endpoint", remedy="use source or destination"
            )
        conn_id = required("password_conn_id", self.password_conn_id)
        login, password = self.hook.credentials(conn_id, "password_conn_id")
        if not login:
            raise ConfigError(
                f"connection {conn_id!r} has no login",
                field="password_conn_id",
                remedy="put the database's account there",
            )
        return build(
            ModifyDtsJobPassword,
            {
                "dts_job_id": self.dts_job_id,
                "endpoint": sides[self.endpoint],
                "user_name": login,
                "password": password,
            },
        )


class DtsSkipPrecheckOperator(DtsOperator):
    """Skip failed items of a job's precheck. Returns the items that were skipped. Seed 6.4.7.

    Start the job again afterwards. An item that does not fail, or is skipped already, needs no call.

    :param dts_job_id: the job (templated)
    :param items: item codes such as ``CHECK_SAME_OBJ``, as a list or as text with commas (templated)
    """

    template_fields: Sequence[str] = (*DtsOperator.template_fields, "dts_job_id", "items")

    def __init__(self, *, dts_job_id: str, items: Sequence[str] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dts_job_id = dts_job_id
        self.items = items

    def execute(self, context: Context) -> list[str]:
        job_id, wanted = required("dts_job_id", self.dts_job_id), names_of(self.items, "items")
        if not wanted:
            raise ConfigError("names no item", field="items", remedy="give a list like ['CHECK_SRC']")
        found = {item.item: item for item in self.hook.precheck(job_id)}
        if unknown := [name for name in wanted if name not in found]:
            raise ConfigError(
                f"the precheck of {job_id} has no {', '.join(unknown)}",
                field="items",
                remedy=f"its items are {', '.join(found) or 'none: start the job first'}",
            )
        failed = [found[name] for name in wanted if found[name].failed]
        if stuck := [item.item for item in failed if not item.can_skip]:
            raise WrongState(
                "SkipPreCheck",
                "CannotSkip",
                f"{', '.join(stuck)} cannot be skipped (job {job_id}); repair it",
            )
        skip(self.hook.call, job_id, failed)
        self.log.info("%s: skipped %s", job_id, ", ".join(item.item for item in failed) or "nothing")
        return [item.item for item in failed]
