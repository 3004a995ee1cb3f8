"""Where to call, as whom, and how patiently. Everything is checked before the first call."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from airflow_dts.client.credentials import AssumedRole, OidcRole, SignIn
from airflow_dts.client.endpoints import (
    ASAPI_PATH,
    STS,
    Address,
    asapi_host,
    endpoint_for,
    is_host,
    sts_host,
)
from airflow_dts.client.limits import DETAIL_RATE, LIST_RATE
from airflow_dts.errors import ConfigError

_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_WORD = re.compile(r"[\x21-\x7e]+")
"""What fits into a header or a signature as it is: printable ASCII without blanks."""
_CHOICES = {"protocol": ("https", "http"), "gateway": ("pop", "asapi"), "format": ("JSON", "XML")}
LOWEST_RATE, HIGHEST_RATE = 0.1, 1000.0
"""Calls a second that ``detail_rate`` and ``list_rate`` may allow."""
_LIVES = range(900, 43200 + 1)
"""Seconds a temporary key may be asked to live for; only a server of one's own takes less."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to call, as whom, and how patiently.

    :raises ConfigError: a field is wrong; the text names it and the remedy, never a secret.
    """

    access_key_id: str = ""
    """Left out, with the secret, where ``sign_in`` needs none."""
    access_key_secret: str = field(default="", repr=False)
    """Signs the calls and is never sent: not even where the ASAPI gateway's own SDK takes it (seed 7.1)."""
    region_id: str = ""
    """Region of the jobs, such as ``cn-hangzhou``."""
    endpoint: str | None = None
    """``host``, ``host:port`` or URL; by region when left out. A private cloud has its own (seed 2.6)."""
    protocol: str = "https"
    """``https`` or ``http``; the scheme of an endpoint that is a URL goes first."""
    security_token: str | None = field(default=None, repr=False)
    """Goes with temporary keys."""
    organization_id: str | None = None
    resource_group_id: str | None = None
    """Needs the organization too."""
    instance_id: str | None = None
    """These three become ``x-acs-`` headers, which a private cloud asks for (seed 2.5)."""
    ca_bundle: str | Path | None = None
    """File or directory of certificates to trust instead of the usual ones."""
    verify: bool = True
    """False takes any certificate: whoever is in between reads and changes the calls."""
    connect_timeout: float = 10.0
    """Seconds until a connection stands."""
    read_timeout: float = 60.0
    """Seconds without a byte. To configure a job may take the service a minute; a lost reply costs more."""
    attempts: int = 5
    """Times a call is sent at most."""
    retry_for: float = 90.0
    """Seconds after which a call is not sent again, pauses included."""
    detail_rate: float = DETAIL_RATE
    list_rate: float = LIST_RATE
    """Calls a second that read one job, and that list jobs; see ``client.limits``."""
    gateway: str | None = None
    """``pop``, where each product has an address of its own, or ``asapi``, the one of all products of a
    private cloud (seed 7.1). When left out, by the endpoint's path: ``/asapi/v3`` is the latter's."""
    format: str = "JSON"
    """``JSON`` or ``XML``, of the replies."""
    internet_domain: str | None = None
    """Of a private cloud, such as ``inter.example.com``: names its ASAPI gateway and its STS."""
    sts_endpoint: str | None = None
    """Where keys of roles come from, like ``endpoint``; always https, unless it is a URL with http."""
    sign_in: SignIn | None = None
    """Where the key comes from, when it is not the AccessKey here; see ``client.credentials``."""

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_key()
        self._check_words()
        self._check_address()
        self._check_certificates()
        self._check_numbers()
        self._check_sign_in()

    @property
    def address(self) -> Address:
        """What calls are sent to."""
        if self.endpoint:
            address = Address.of(self.endpoint, self.protocol)
            return address._replace(path=ASAPI_PATH) if self.via_asapi else address
        if self.via_asapi:
            return Address(self.protocol, asapi_host(self.region_id, self.internet_domain or ""), ASAPI_PATH)
        return Address(self.protocol, endpoint_for(self.region_id))

    @property
    def url(self) -> str:
        """The same, as ``https://host:port/``."""
        return self.address.url

    @property
    def via_asapi(self) -> bool:
        """Whether one gateway serves all products, so that each call names its own."""
        by_path = bool(self.endpoint) and Address.of(self.endpoint or "", self.protocol).path == ASAPI_PATH
        return self.gateway == "asapi" or by_path

    @property
    def sts_address(self) -> Address:
        """Where to ask for keys of a role.

        :raises ConfigError: it is a private cloud whose address is not known
        """
        if self.sts_endpoint:
            return Address.of(self.sts_endpoint, "https")
        if self.via_asapi:
            return self.address
        if self.internet_domain:
            return Address("https", sts_host(self.region_id, self.internet_domain))
        if self.address.is_public:
            return Address("https", STS)
        raise ConfigError(
            "is missing, as the endpoint is not the public cloud's",
            field="sts_endpoint",
            remedy="give it, as sts-vpc.<region>.<internet-domain>, or give internet_domain",
        )

    def for_sts(self) -> Settings:
        """How to ask for the key of a role: once, as a call that needs it is repeated anyway."""
        url = self.sts_address.url  # whose path tells the gateway
        return replace(self, endpoint=url, gateway=None, sts_endpoint=None, sign_in=None, attempts=1)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        return tuple(text for text in (self.access_key_secret, self.security_token) if text)

    def _check_choices(self) -> None:
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known and not (name == "gateway" and value is None):
                raise ConfigError(f"{value!r} is unknown", field=name, remedy=f"give {' or '.join(known)}")
        if self.sign_in is not None and not isinstance(self.sign_in, SignIn):
            raise ConfigError(
                f"{type(self.sign_in).__name__} is no way to sign in",
                field="sign_in",
                remedy="give one of airflow_dts.client.credentials",
            )

    def _check_key(self) -> None:
        needed = self.sign_in is None or isinstance(self.sign_in, AssumedRole)
        for name, remedy in (
            ("access_key_id", "give the AccessKey ID, such as the login of the connection"),
            ("access_key_secret", "give the AccessKey secret, such as the password of the connection"),
        ):
            if needed and not getattr(self, name):
                raise ConfigError("is missing", field=name, remedy=remedy)
        for name in ("access_key_id", "access_key_secret", "security_token"):
            if not needed and getattr(self, name):
                raise ConfigError(
                    f"is not what {type(self.sign_in).__name__} signs with", field=name, remedy="leave it out"
                )

    def _check_words(self) -> None:
        if not self.region_id:
            raise ConfigError(
                "is missing", field="region_id", remedy="give the region of the jobs, such as cn-hangzhou"
            )
        for name in (
            "access_key_id", "access_key_secret", "region_id", "security_token",
            "organization_id", "resource_group_id", "instance_id",
        ):  # fmt: skip
            value = getattr(self, name)
            left_out = value is None or (value == "" and name.startswith("access_key"))
            if not left_out and not (isinstance(value, str) and _WORD.fullmatch(value)):
                raise ConfigError(
                    "is no plain word",
                    field=name,
                    remedy="give printable ASCII text without blanks, or leave the field out",
                )
        if not _REGION.fullmatch(self.region_id):
            raise ConfigError(
                f"{self.region_id!r} is no region",
                field="region_id",
                remedy="give letters, digits and hyphens, such as cn-hangzhou",
            )
        if self.resource_group_id and not self.organization_id:
            raise ConfigError(
                "means nothing without its organization",
                field="resource_group_id",
                remedy="give organization_id too, or leave it out",
            )

    def _check_address(self) -> None:
        for name, protocol in (("endpoint", self.protocol), ("sts_endpoint", "https")):
            given = getattr(self, name)
            if given and (fault := Address.of(given, protocol).fault()):
                raise ConfigError(
                    fault, field=name, remedy="give a host, host:port or URL, such as dts.aliyuncs.com"
                )
        if self.internet_domain is not None and not is_host(self.internet_domain):
            raise ConfigError(
                f"{self.internet_domain!r} is no domain",
                field="internet_domain",
                remedy="give the root domain of the private cloud, such as inter.example.com",
            )
        self._check_gateway()

    def _check_gateway(self) -> None:
        if self.endpoint:
            if self.via_asapi and self.gateway == "pop":
                raise ConfigError(
                    f"contradicts the path {ASAPI_PATH} of the endpoint",
                    field="gateway",
                    remedy="say asapi, or leave the path out",
                )
        elif self.via_asapi and not self.internet_domain:
            raise ConfigError(
                "is missing, and the ASAPI gateway's cannot be guessed",
                field="endpoint",
                remedy=f"give https://public.asapi.<region>.<internet-domain>{ASAPI_PATH}, "
                "or give internet_domain",
            )
        elif self.internet_domain and not self.via_asapi:
            raise ConfigError(
                "is missing, and a private cloud's cannot be guessed",
                field="endpoint",
                remedy="give what the cloud registers as dts.openapi.endpoint, or use the asapi gateway",
            )

    def _check_sign_in(self) -> None:
        """Keys of a role: from where, and for how long."""
        if not isinstance(self.sign_in, AssumedRole | OidcRole):
            return
        address, life = self.sts_address, self.sign_in.role_duration
        if isinstance(self.sign_in, OidcRole) and (address.scheme != "https" or address.path):
            raise ConfigError(
                "is missing or no host; keys of an OIDC role are asked for there, by https",
                field="sts_endpoint",
                remedy="give the host of the Security Token Service",
            )
        if life is not None and life not in _LIVES and not address.is_loopback:
            raise ConfigError(
                f"{life} s is no life the service gives a key",
                field="role_duration",
                remedy=f"give {_LIVES[0]} up to the role's own limit, at most {_LIVES[-1]}",
            )

    def _check_certificates(self) -> None:
        if not isinstance(self.verify, bool):
            raise ConfigError(
                "is neither true nor false", field="verify", remedy="give a file of certificates as ca_bundle"
            )
        if self.ca_bundle is None:
            return
        if not self.verify:
            raise ConfigError(
                "contradicts verify=False, which looks at no certificate",
                field="ca_bundle",
                remedy="leave one of the two out",
            )
        if not str(self.ca_bundle) or not Path(self.ca_bundle).exists():
            raise ConfigError(
                f"{str(self.ca_bundle)!r} does not exist",
                field="ca_bundle",
                remedy="give the path of a PEM file or a directory of certificates on the machine that calls",
            )

    def _check_numbers(self) -> None:
        for name in ("connect_timeout", "read_timeout", "retry_for"):
            seconds = getattr(self, name)
            if not _is_number(seconds) or not 0 < seconds < math.inf:
                raise ConfigError(f"{seconds!r} is no duration", field=name, remedy="give seconds, above 0")
        for name in ("detail_rate", "list_rate"):
            rate = getattr(self, name)
            if not _is_number(rate) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise ConfigError(
                    f"{rate!r} is no rate",
                    field=name,
                    remedy=f"give calls a second, {LOWEST_RATE:g} to {HIGHEST_RATE:g}",
                )
        if not isinstance(self.attempts, int) or isinstance(self.attempts, bool) or self.attempts < 1:
            raise ConfigError(
                f"{self.attempts!r} is no count", field="attempts", remedy="give 1 (never resend) or more"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
