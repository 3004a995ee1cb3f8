"""Makes ids as the service does."""

from __future__ import annotations

import secrets
import string

_LETTERS = string.ascii_lowercase + string.digits
_LENGTH = 15


def new_id() -> str:
    """Letters and digits, a letter first."""
    first = secrets.choice(string.ascii_lowercase)
    return first + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH - 1))
