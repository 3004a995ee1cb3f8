"""From where the service calls databases."""

from __future__ import annotations

from typing import Final

ADDRESSES: Final = "127.0.0.1/32"
"""CIDR blocks, comma-separated, whatever the regions and the way in: movers run beside the emulator."""
