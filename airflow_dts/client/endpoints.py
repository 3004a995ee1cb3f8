"""Where the service listens: by region in the public cloud, by name in a private one."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

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

STS = "sts.aliyuncs.com"
"""Gives temporary keys to every region of the public cloud."""
ASAPI_PATH = "/asapi/v3"
"""Where the gateway of all products of a private cloud listens (seed 7.2.1)."""

_PROTOCOLS = ("https", "http")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]+")


def endpoint_for(region_id: str) -> str:
    """The public host for a region; a region nobody listed is taken for one with an address of its own.

    A private cloud has addresses of its own (seed 2.6): give its endpoint instead.
    """
    if own := OWN.get(region_id):
        return own
    return CENTRAL if region_id in _CENTRAL_REGIONS else f"dts.{region_id}.aliyuncs.com"


def asapi_host(region_id: str, internet_domain: str) -> str:
    """Host of a private cloud's ASAPI gateway (seed 7.2.1)."""
    return f"public.asapi.{region_id}.{internet_domain}"


def sts_host(region_id: str, internet_domain: str) -> str:
    """Host of a private cloud's Security Token Service (seed 7.3.2)."""
    return f"sts-vpc.{region_id}.{internet_domain}"


def is_host(text: str) -> bool:
    return len(text) <= 253 and _HOST.fullmatch(text) is not None


class Address(NamedTuple):
    """``scheme://authority path``, the path being empty or ``ASAPI_PATH``."""

    scheme: str
    authority: str
    path: str = ""

    @classmethod
    def of(cls, text: str, protocol: str) -> Address:
        """Read ``host``, ``host:port`` or a URL; only a URL says its own protocol."""
        scheme, found, rest = text.partition("://")
        if not found:
            scheme, rest = protocol, text
        authority = rest.removesuffix("/").removesuffix(ASAPI_PATH)
        path = ASAPI_PATH if len(authority) < len(rest.removesuffix("/")) else ""
        return cls(scheme.lower() if found else scheme, authority, path)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path or '/'}"

    @property
    def host(self) -> str:
        return urlsplit(f"//{self.authority}").hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether nothing sent there leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_public(self) -> bool:
        """Whether it is the public cloud's."""
        return self.host.endswith(".aliyuncs.com")

    def fault(self) -> str:
        """What is wrong with it; empty when it is fine. Logins are not repeated."""
        if self.scheme not in _PROTOCOLS:
            return f"{self.scheme!r} is no protocol to call with"
        if "@" in self.authority:
            return "holds a login, which would be shown in logs"
        if any(sign.isspace() for sign in self.authority):  # urlsplit would drop some of them
            return f"{self.authority!r} is no host"
        if any(sign in self.authority for sign in "/?#\\"):
            return f"{self.authority!r} has a path; only {ASAPI_PATH} may stand there"
        try:
            host, port = self.host, urlsplit(f"//{self.authority}").port
        except ValueError:
            return f"{self.authority!r} has no legal port or address"
        if not is_host(host) or port == 0:
            return f"{self.authority!r} is no host"
        return ""
