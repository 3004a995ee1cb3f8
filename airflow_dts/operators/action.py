"""Any action of the API by its name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from airflow_dts._compat import AirflowFailException
from airflow_dts.errors import BadReply, ConfigError, DtsError
from airflow_dts.hooks.building import build
from airflow_dts.operators._base import DtsOperator

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action, Reply


_SPEND_EACH_TIME = ("CreateDtsInstance", "RenewInstance")
"""Actions that cost money once more for each time they are sent, and take no token that would prevent it."""
_LIKE_A_TYPO = 0.85
"""Likeness from which a name counts as another one misspelled: one slip is 0.9, two actions at most 0.8."""


class DtsActionOperator(DtsOperator):
    """Send any action of the API and return its reply as plain data.

    An action this package knows is checked before it is sent. Any other goes out as it is, unless its name
    looks like a known one misspelled; on the wire a list is ``Name.1``, a mapping ``Name.Key``, and JSON is
    text. The reply goes to XCom as it is, but for what an unknown action calls a secret. A secret in the
    parameters is refused, since they are shown in the UI; a known action's password comes from a connection.

    A retry of the task sends the action again. A purchase that takes a ``ClientToken`` gets the same one in
    every try, unless you give one. Another purchase or renewal whose reply was lost fails without retry, but
    a worker that dies leaves no trace of it: buy with ``DtsCreateInstanceOperator``, renew with
    ``DtsRenewInstanceOperator``, which remember.

    :param action: name of the action, such as ``DescribeDtsJobs`` (templated)
    :param parameters: its parameters, as a mapping or JSON text: by wire name (``DtsJobId``), those of a
        known action also by Python name (``dts_job_id``) (templated)
    :param password_conn_id: Airflow connection whose password the action's one secret is (templated)
    :param version: of the API (templated)
    :param product: of the API; any but ``Dts`` needs its own endpoint, or the asapi gateway (templated)
    :param allow_unknown: send the name as it is, whatever it looks like
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "action",
        "parameters",
        "password_conn_id",
        "version",
        "product",
    )
    template_fields_renderers = {"parameters": "json"}

    def __init__(
        self,
        *,
        action: str,
        parameters: Mapping[str, Any] | str | None = None,
        password_conn_id: str | None = None,
        version: str = "2020-01-01",
        product: str = "Dts",
        allow_unknown: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.action = action
        self.parameters = parameters
        self.password_conn_id = password_conn_id
        self.version = version
        self.product = product
        self.allow_unknown = allow_unknown

    def execute(self, context: Context) -> dict[str, Any]:
        action = self.kind()
        if action is None:
            fields = self.common_fields()
            said = self.hook.call_common(self.action, self.version, fields, self.product)
            return {name: without_secrets(name, value) for name, value in said.items()}
        given = self.fields(action) | self.secret(action) | self.token(action, context)
        return plain(action.action_name(), self.send(build(action, given)))

    def send(self, action: Action[Any]) -> Reply:
        from airflow_dts.operators.instances import is_a_no

        try:
            reply: Reply = self.hook.call(action)
        except DtsError as error:
            if action.action_name() not in _SPEND_EACH_TIME or is_a_no(error):
                raise
            text = f"whether it was bought is unknown, so look in the console before you clear this: {error}"
            raise AirflowFailException(text) from error
        return reply

    def token(self, action: type[Action[Any]], context: Context) -> dict[str, Any]:
        """For a purchase under a token: the same one in every try of this task."""
        field = action.model_fields.get("client_token")
        buys = action.action_name().startswith("Create") and action.changes_state
        if field is None or not buys:
            return {}
        given = self.mapping()
        if given.get("client_token") or given.get(str(field.alias)):
            return {}
        from airflow_dts.operators._legacy import token_of

        return {"client_token": token_of(context["ti"])}

    def kind(self) -> type[Action[Any]] | None:
        """The class of the action; None for one this package does not know.

        :raises ConfigError: the name is not to be sent
        """
        from airflow_dts.api.actions import ACTIONS

        if str(self.product).casefold() != "dts":
            return None
        if found := ACTIONS.get(str(self.action)):
            return found if self.version == found.version else None
        if not self.allow_unknown:
            self.refuse_typo(ACTIONS)
        return None

    def refuse_typo(self, known: Iterable[str]) -> None:
        name, plain = str(self.action), {each.casefold(): each for each in known}
        near = get_close_matches(name.casefold(), plain, n=1, cutoff=_LIKE_A_TYPO)
        if not near and name[:1].isupper() and name.isalnum():
            return
        remedy = f"use one of {', '.join(sorted(plain.values()))}"
        if near:
            remedy = f"did you mean {plain[near[0]]}? To send it as it is, give allow_unknown=True"
        raise ConfigError(f"{self.action!r} is no action of DTS", field="action", remedy=remedy)

    def common_fields(self) -> dict[str, Any]:
        """The parameters of an action nobody has described, so that secrets are known by their names only."""
        from airflow_dts.client.orders import SECRET_NAME, flattened

        if self.password_conn_id:
            raise ConfigError(
                f"which parameter of {self.action} it would be is not known",
                field="password_conn_id",
                remedy="call DtsHook.call_common in a Python task",
            )
        given = self.mapping()
        secret = [name for name in flattened(given) if SECRET_NAME.search(name)]
        if secret:
            raise _shown(secret[0], "call DtsHook.call_common in a Python task")
        return given

    def fields(self, action: type[Action[Any]]) -> dict[str, Any]:
        given, hidden = self.mapping(), set(secret_names(action))
        if secret := [name for name in given if name in hidden]:
            raise _shown(
                secret[0],
                "put it into an Airflow connection as password, and name that in password_conn_id",
            )
        return given

    def mapping(self) -> dict[str, Any]:
        given: object = self.parameters or {}
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                given = None  # said below
        if not isinstance(given, Mapping):
            raise ConfigError("is no mapping", field="parameters", remedy='give one like {"DtsJobId": "..."}')
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


def plain(action: str, reply: Reply) -> dict[str, Any]:
    """:raises BadReply: something inside is not what the service says there, which shows only now"""
    try:
        said: dict[str, Any] = json.loads(reply.model_dump_json(by_alias=True))
    except ValueError as fault:  # pydantic has wrapped ours
        raise BadReply(action, f"cannot be read: {str(fault).rpartition('Unreadable: ')[2]}") from None
    return said


def _shown(name: str, remedy: str) -> ConfigError:
    return ConfigError(
        "a secret in a templated field is shown in the UI and kept in Airflow's database",
        field=f"parameters.{name}",
        remedy=remedy,
    )


def without_secrets(name: str, said: Any) -> Any:
    """Part of a reply nobody has described, with ``***`` for every text whose name says it is a secret."""
    from airflow_dts.client.orders import SECRET_NAME

    match said:
        case Mapping():
            return {each: without_secrets(each, value) for each, value in said.items()}
        case list():
            return [without_secrets(name, each) for each in said]
        case str() if SECRET_NAME.search(name):
            return "***"
    return said


def secret_names(action: type[Action[Any]]) -> Iterator[str]:
    """Python and wire names of the fields that hold secrets."""
    for name, field in action.model_fields.items():
        if "SecretStr" in repr(field.annotation):
            yield name
            yield str(field.alias)
