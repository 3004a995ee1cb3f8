"""The older generation of the API (seed 6.5), on the same bases as the current one."""

from __future__ import annotations
