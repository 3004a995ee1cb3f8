"""Temporary keys of a role: ``AssumeRole`` of the Security Token Service (seed 7.3).

It is no action of DTS, so ``api.actions`` does not list it. What the seed does not say is as in the vendor's
SDK.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, SecretStr

from airflow_dts.api._base import Action, Part, Reply, Struct, unsaid
from airflow_dts.api._fields import Instant, JsonText, Otherwise, Text, compact

LONGEST_POLICY = 1024
"""Characters of JSON text."""


def _short(policy: Any) -> Any:
    if not isinstance(policy, dict):
        raise ValueError(  # noqa: TRY004 - what pydantic understands
            'must be a JSON object, as {"Version": "1", "Statement": [...]}'
        )
    if (length := len(compact(policy))) > LONGEST_POLICY:
        raise ValueError(f"is {length} characters of JSON, but {LONGEST_POLICY} is the limit")
    return policy


Policy = Annotated[JsonText, AfterValidator(_short)]
"""A mapping in Python (JSON text is understood); JSON text on the wire, at most 1024 characters."""

Hidden = Annotated[
    SecretStr,
    Otherwise(lambda said: SecretStr("" if said is None else str(said))),
    PlainSerializer(SecretStr.get_secret_value, return_type=str, when_used="json"),
]
"""Text that no ``repr`` shows; JSON and XML have it in the clear, since that is how it is handed out."""


class TemporaryKey(Struct):
    """A key that expires by itself; all three parts go into every call."""

    access_key_id: Text = ""
    """Begins with ``STS.``."""
    access_key_secret: Hidden = SecretStr("")
    security_token: Hidden = SecretStr("")
    expiration: Instant = None


class AssumedRoleUser(Struct):
    """Who the key's holder is."""

    arn: Text = ""
    """The role's ARN, a slash and the session name."""
    assumed_role_id: Text = ""
    """The role's ID, a colon and the session name."""


class AssumeRoleReply(Reply):
    credentials: Part[TemporaryKey] = unsaid()
    assumed_role_user: Part[AssumedRoleUser] = unsaid()


class AssumeRole(Action[AssumeRoleReply]):
    """Get a temporary key of a role whose trusted entity is an Alibaba Cloud account."""

    section = "7.3"
    product = "Sts"
    version = "2015-04-01"
    changes_state = False  # one key more does no harm

    role_arn: Annotated[str, Field(pattern=r"^acs:ram:[^:\s]*:[^:\s]+:role/\S+$")]
    """Such as ``acs:ram::123456789012:role/adminrole``."""
    role_session_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9.@_-]{2,64}$")]
    """Shown in audit logs: 2 to 64 letters, digits and ``. @ - _``."""
    policy: Policy | None = None
    """Narrows what the key may do."""
    duration_seconds: Annotated[int, Field(ge=1, le=43200)] | None = None
    """Life of the key in seconds. The service takes 900 up to the role's own limit; 3600 when left out."""
    external_id: (
        Annotated[str, Field(min_length=2, max_length=1224, pattern=r"^[A-Za-z0-9_+=,.@:/-]*$")] | None
    ) = None
    """A word the role's owner has agreed on with the caller, against confused deputies."""
