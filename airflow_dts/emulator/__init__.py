"""A DTS of one's own: the service's API over HTTP, with real rows moving behind it."""

from __future__ import annotations
