"""Sends actions, reads replies, knows nothing of Airflow. Import ``client.client`` where a client is made."""

from __future__ import annotations
