"""Mute precheck items the older way (seed 6.5.6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from airflow_dts.api._base import Reply
from airflow_dts.api._fields import CommaText, Name
from airflow_dts.api.legacy._parts import LegacyAction
from airflow_dts.api.prechecks import SkippableItem


class ShieldPrecheck(LegacyAction[Reply]):
    """Mute failed precheck items for good; the next start checks again and goes on. Seed 6.5.6.1."""

    section = "6.5.6.1"

    dts_instance_id: Name
    """A migration or synchronization."""
    precheck_items: Annotated[list[SkippableItem], *CommaText, Field(min_length=1)]
