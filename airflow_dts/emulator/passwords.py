"""Endpoint passwords: kept only so far that the same one can be told from another."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr

_ROUNDS = 2**14
_BLOCK = 8


def digest(password: str) -> str:
    """``salt$hash``, to be kept instead of the password."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_hash(password, salt).hex()}"


def kept(password: SecretStr | None) -> str:
    """The digest of a password that a call brought; empty for none."""
    return digest(password.get_secret_value()) if password else ""


def same(password: str, kept: str) -> bool:
    """Whether `kept` was made from `password`; nothing kept is never the same."""
    salt, _, wanted = kept.partition("$")
    return bool(wanted) and hmac.compare_digest(_hash(password, bytes.fromhex(salt)).hex(), wanted)


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_ROUNDS, r=_BLOCK, p=1)
