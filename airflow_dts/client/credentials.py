"""How to sign in: what one says in the settings, and the key that comes of it.

====================  ================================================  ================================
``Settings.sign_in``  signs with                                        needs
====================  ================================================  ================================
None                  the AccessKey of the settings, or the STS triple  the AccessKey
``AssumedRole``       temporary keys of a role (seed 7.3)               the AccessKey, or the STS triple
``EnvironmentKey``    AccessKey or STS triple of the environment        ``ALIBABA_CLOUD_ACCESS_KEY_ID``
``EcsRole``           temporary keys of the machine's role              the extra ``credentials``
``OidcRole``          temporary keys of a role, for a token in a file   the extra ``credentials``
``DefaultChain``      what the vendor's SDKs would find                 the extra ``credentials``
====================  ================================================  ================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from airflow_dts.errors import ConfigError

if TYPE_CHECKING:
    from airflow_dts.api.sts import AssumeRole


@dataclass(frozen=True, slots=True)
class Key:
    """What signs a call."""

    access_key_id: str
    secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    """Empty for a lasting key."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        return (self.secret, self.security_token) if self.security_token else (self.secret,)


class Lease(NamedTuple):
    """A key that was just handed out."""

    key: Key
    life: float
    """Seconds from the moment it was asked for."""


class Source(Protocol):
    """Has a key that is good now; threads may share it."""

    def current(self) -> Key:
        """The key to sign with.

        :raises CallError: there is none; nothing was sent to the service
        """

    def renew(self, refused: Key) -> Key:
        """Another key, since the service says that ``refused`` is past its life; the same if there is none.

        :raises CallError: as ``current``
        """


class Fixed:
    """A key that is what it is."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def current(self) -> Key:
        return self._key

    def renew(self, refused: Key) -> Key:
        return self._key


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """Temporary keys of a role, from the Security Token Service.

    :raises ConfigError: a field is not what the service takes.
    """

    role_arn: str
    """Such as ``acs:ram::123456789012:role/adminrole``."""
    role_session_name: str = "airflow-dts"
    """Shown in audit logs: 2 to 64 letters, digits and ``. @ - _``."""
    role_policy: str | None = None
    """JSON text of at most 1024 characters that narrows what the keys may do."""
    role_duration: int | None = None
    """Life of a key in seconds, 900 up to the role's own limit; the service's 3600 when left out."""
    external_id: str | None = None
    """A word agreed on with the role's owner, if one was."""

    def __post_init__(self) -> None:
        self.action()

    def action(self) -> AssumeRole:
        """What asks for a key."""
        return _assume_role(
            role_arn=self.role_arn,
            role_session_name=self.role_session_name,
            policy=self.role_policy,
            duration_seconds=self.role_duration,
            external_id=self.external_id,
        )


def _assume_role(**fields: object) -> AssumeRole:
    from pydantic import ValidationError

    from airflow_dts.api.sts import AssumeRole

    try:
        return AssumeRole.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        # Not the message: it would quote what was given.
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name, remedy = _FIELDS[str(fault["loc"][0]).replace("_", "").casefold()]
    raise ConfigError("is not what the service takes", field=name, remedy=remedy)


_FIELDS = {
    "rolearn": ("role_arn", "give it as acs:ram::123456789012:role/name"),
    "rolesessionname": ("role_session_name", "give 2 to 64 letters, digits and . @ - _"),
    "policy": ("role_policy", "give a JSON object of at most 1024 characters"),
    "durationseconds": ("role_duration", "give seconds, 900 up to the role's own limit, at most 43200"),
    "externalid": ("external_id", "give 2 to 1224 letters, digits and _ + = , . @ : / -"),
}
"""Of the action, in lower case -> what it is called here, and what helps."""


@dataclass(frozen=True, slots=True)
class EnvironmentKey:
    """The key in ``ALIBABA_CLOUD_ACCESS_KEY_ID``, ``..._ACCESS_KEY_SECRET`` and ``..._SECURITY_TOKEN``."""

    def key(self) -> Key:
        """The key as the environment has it now.

        :raises ConfigError: naming the variable that is missing
        """
        names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
        if missing := [name for name in names if not os.environ.get(name)]:
            raise ConfigError(
                f"{missing[0]} is not in the environment",
                field="credentials",
                remedy="set it where the calls are made, or sign in another way",
            )
        key_id, secret = (os.environ[name] for name in names)
        return Key(key_id, secret, os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""))


@dataclass(frozen=True, slots=True)
class EcsRole:
    """Temporary keys of the RAM role of the ECS machine that calls."""

    ram_role_name: str | None = None
    """Asked of the machine when left out, which costs one call more."""


@dataclass(frozen=True, slots=True)
class OidcRole:
    """Temporary keys of a role for a token of an identity provider, as in a cluster of Kubernetes.

    What is left out is taken from the variables the cluster sets: ``ALIBABA_CLOUD_ROLE_ARN``,
    ``ALIBABA_CLOUD_OIDC_PROVIDER_ARN`` and ``ALIBABA_CLOUD_OIDC_TOKEN_FILE``.
    """

    role_arn: str | None = None
    oidc_provider_arn: str | None = None
    oidc_token_file: str | None = None
    """Path on the machine that calls; read anew for every key."""
    role_session_name: str = "airflow-dts"
    role_policy: str | None = None
    role_duration: int | None = None

    def __post_init__(self) -> None:
        _assume_role(
            role_arn=self.role_arn or "acs:ram::0:role/of-the-environment",
            role_session_name=self.role_session_name,
            policy=self.role_policy,
            duration_seconds=self.role_duration,
        )


@dataclass(frozen=True, slots=True)
class DefaultChain:
    """The first that has a key: environment, OIDC, the command line's profile, credentials file, ECS role."""


SignIn = AssumedRole | EnvironmentKey | EcsRole | OidcRole | DefaultChain
