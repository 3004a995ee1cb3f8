"""From where the service calls databases."""

from __future__ import annotations

from airflow_dts.api.readings import WhiteIpList, WhiteIpListReply
from airflow_dts.emulator.handlers._registry import Desk, handles
from airflow_dts.emulator.network import ADDRESSES


@handles(WhiteIpList)
def list_addresses(_desk: Desk, _action: WhiteIpList) -> WhiteIpListReply:
    """The same for every region, over the internet or not. Seed 6.4.8.4."""
    return WhiteIpListReply(ip_list=ADDRESSES)
