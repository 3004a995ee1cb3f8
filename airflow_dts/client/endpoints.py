"""Where the service listens, by region."""

from __future__ import annotations

CENTRAL = "dts.aliyuncs.com"
"""Serves every region of the public cloud that has no address of its own in the table."""

OWN = {
    "cn-shanghai": "dts.cn-shanghai.aliyuncs.com",
    "cn-qingdao": "dts.cn-qingdao.aliyuncs.com",
    "cn-beijing": "dts.cn-beijing.aliyuncs.com",
    "cn-zhangjiakou": "dts.cn-zhangjiakou.aliyuncs.com",
    "cn-zhangbei": "dts.cn-zhangjiakou.aliyuncs.com",  # the table of regions calls Zhangjiakou so
    "cn-huhehaote": "dts.cn-huhehaote.aliyuncs.com",
    "cn-shenzhen": "dts.cn-shenzhen.aliyuncs.com",
    "cn-hongkong": "dts.cn-hongkong.aliyuncs.com",
    "us-east-1": "dts.us-east-1.aliyuncs.com",
    "us-west-1": "dts.us-west-1.aliyuncs.com",
}
"""The table of endpoints (seed 6.1)."""

_CENTRAL_REGIONS = frozenset(
    {
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-5",
        "cn-beijing-finance-1",
        "cn-beijing-gov-1",
        "cn-chengdu",
        "cn-fujian",
        "cn-hangzhou",
        "cn-hangzhou-finance",
        "cn-north-2-gov-1",
        "cn-shanghai-finance",
        "cn-shanghai-finance-1",
        "cn-shenzhen-finance",
        "cn-shenzhen-finance-1",
        "cn-wuhan",
        "cn-wulanchabu",
        "eu-central-1",
        "eu-west-1",
        "me-east-1",
    }
)
"""Regions that the vendor's SDKs send to the central address and the table does not list."""


def endpoint_for(region_id: str) -> str:
    """The public host for a region; a region nobody listed is taken for one with an address of its own.

    A private cloud has addresses of its own (seed 2.6): give its endpoint instead.
    """
    if own := OWN.get(region_id):
        return own
    return CENTRAL if region_id in _CENTRAL_REGIONS else f"dts.{region_id}.aliyuncs.com"
