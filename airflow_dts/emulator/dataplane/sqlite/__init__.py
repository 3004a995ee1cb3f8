"""SQLite on either end: one file per database."""

from __future__ import annotations
