"""The API as tables for people, made from the action classes: ``airflow-dts actions``."""

from __future__ import annotations
