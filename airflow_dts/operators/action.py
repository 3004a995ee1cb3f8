"""Any action of the API by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from airflow_dts.errors import ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action


class DtsActionOperator(DtsOperator):
    """Send any action of the API and return its reply as plain data.

    The reply goes to XCom as it is. A secret in the parameters is refused, since they are shown in the UI;
    an action's password comes from a connection.

    :param action: name of the action, such as ``DescribeDtsJobs`` (templated)
    :param parameters: its parameters, by wire name (``DtsJobId``) or Python name (``dts_job_id``), as a
        mapping or JSON text (templated)
    :param password_conn_id: Airflow connection whose password the action's one secret is (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "action",
        "parameters",
        "password_conn_id",
    )
    template_fields_renderers = {"parameters": "json"}

    def __init__(
        self,
        *,
        action: str,
        parameters: Mapping[str, Any] | str | None = None,
        password_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.action = action
        self.parameters = parameters
        self.password_conn_id = password_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        action = self.kind()
        reply = self.hook.call(build(action, self.fields(action) | self.secret(action)))
        plain: dict[str, Any] = json.loads(reply.model_dump_json(by_alias=True))
        return plain

    def kind(self) -> type[Action[Any]]:
        from airflow_dts.api.actions import ACTIONS

        if found := ACTIONS.get(str(self.action)):
            return found
        names = {name.casefold(): name for name in ACTIONS}
        near = get_close_matches(str(self.action).casefold(), names, n=1)
        raise ConfigError(
            f"{self.action!r} is no action of DTS",
            field="action",
            remedy=f"did you mean {names[near[0]]}?" if near else f"use one of {', '.join(sorted(ACTIONS))}",
        )

    def fields(self, action: type[Action[Any]]) -> dict[str, Any]:
        given: object = self.parameters or {}
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                given = None  # said below
        if not isinstance(given, Mapping):
            raise ConfigError("is no mapping", field="parameters", remedy='give one like {"DtsJobId": "..."}')
        if secret := [name for name in given if name in set(secret_names(action))]:
            raise ConfigError(
                "a secret in a templated field is shown in the UI and kept in Airflow's database",
                field=f"parameters.{secret[0]}",
                remedy="put it into an Airflow connection as password, and name that in password_conn_id",
            )
        return dict(given)

    def secret(self, action: type[Action[Any]]) -> dict[str, Any]:
        if not self.password_conn_id:
            return {}
        names = [name for name in secret_names(action) if name in action.model_fields]
        if len(names) != 1:
            raise ConfigError(
                f"{action.action_name()} takes {len(names) or 'no'} passwords",
                field="password_conn_id",
                remedy="leave it out" if not names else "use the operator that configures a job",
            )
        return {names[0]: self.hook.credentials(self.password_conn_id, "password_conn_id")[1]}


def secret_names(action: type[Action[Any]]) -> Iterator[str]:
    """Python and wire names of the fields that hold secrets."""
    for name, field in action.model_fields.items():
        if "SecretStr" in repr(field.annotation):
            yield name
            yield str(field.alias)
