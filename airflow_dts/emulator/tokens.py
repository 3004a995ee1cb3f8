"""Temporary keys, as AssumeRole gives them."""

from __future__ import annotations

import base64
import json
import math
import re
import secrets
import string
from dataclasses import asdict, dataclass, field

_LETTERS = string.ascii_letters + string.digits
_SHAPE = re.compile(r"CAIS[A-Za-z0-9+/]{200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """A temporary key of a role.

    :param secret: in clear, since signatures can only be checked with it.
    :param expires: Unix seconds, a whole number: what the caller is told has no fractions.
    :param role: ARN of the role it was given for.
    :param policy: JSON document that narrows it; empty when there is none.
    """

    key_id: str
    secret: str = field(repr=False)
    security_token: str = field(repr=False)
    expires: int
    role: str
    session: str
    policy: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Token:
        return cls(**json.loads(text))


def new_token(role: str, session: str, policy: str, now: float, life: float) -> Token:
    """A key nobody has yet.

    :param life: in seconds; the token lives up to one longer, since it expires with a whole second.
    """
    return Token(
        key_id="STS." + _random(24),
        secret=_random(44),
        security_token="CAIS" + base64.b64encode(secrets.token_bytes(150)).decode(),
        expires=math.ceil(now + life),
        role=role,
        session=session,
        policy=policy,
    )


def is_token(text: str) -> bool:
    """Whether it could be a security token of this service."""
    return _SHAPE.fullmatch(text) is not None


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
