"""Where to call, as whom, and how patiently. Everything is checked before the first call."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from airflow_dts.client.endpoints import endpoint_for
from airflow_dts.errors import ConfigError

_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]+")
_WORD = re.compile(r"[\x21-\x7e]+")
"""What fits into a header or a signature as it is: printable ASCII without blanks."""
_PROTOCOLS = ("https", "http")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to call, as whom, and how patiently.

    :raises ConfigError: a field is wrong; the text names it and the remedy, never a secret.
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    region_id: str
    """Region of the jobs, such as ``cn-hangzhou``."""
    endpoint: str | None = None
    """``host``, ``host:port`` or URL; by region when left out. A private cloud has its own (seed 2.6)."""
    protocol: str = "https"
    """``https`` or ``http``; the scheme of an endpoint that is a URL goes first."""
    security_token: str | None = field(default=None, repr=False)
    """Goes with temporary keys."""
    organization_id: str | None = None
    resource_group_id: str | None = None
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

    def __post_init__(self) -> None:
        self._check_words()
        self._check_address()
        self._check_certificates()
        self._check_numbers()

    @property
    def url(self) -> str:
        """What calls are sent to, as ``https://host:port/``."""
        scheme, authority = self._scheme_and_authority()
        return f"{scheme}://{authority}/"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        return tuple(text for text in (self.access_key_secret, self.security_token) if text)

    def _scheme_and_authority(self) -> tuple[str, str]:
        address = self.endpoint or endpoint_for(self.region_id)
        scheme, found, rest = address.partition("://")
        return (scheme.lower(), rest.removesuffix("/")) if found else (self.protocol, address)

    def _check_words(self) -> None:
        for name, remedy in (
            ("access_key_id", "give the AccessKey ID, such as the login of the connection"),
            ("access_key_secret", "give the AccessKey secret, such as the password of the connection"),
            ("region_id", "give the region of the jobs, such as cn-hangzhou"),
        ):
            if not getattr(self, name):
                raise ConfigError("is missing", field=name, remedy=remedy)
        for name in (
            "access_key_id", "access_key_secret", "region_id", "security_token",
            "organization_id", "resource_group_id", "instance_id",
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and _WORD.fullmatch(value)):
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

    def _check_address(self) -> None:
        if self.protocol not in _PROTOCOLS:
            raise ConfigError(
                f"{self.protocol!r} is unknown",
                field="protocol",
                remedy="give https, or http for a test server",
            )
        scheme, authority = self._scheme_and_authority()
        if fault := _fault_of(scheme, authority):
            raise ConfigError(
                fault, field="endpoint", remedy="give a host, host:port or URL, such as dts.aliyuncs.com"
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
        if not isinstance(self.attempts, int) or isinstance(self.attempts, bool) or self.attempts < 1:
            raise ConfigError(
                f"{self.attempts!r} is no count", field="attempts", remedy="give 1 (never resend) or more"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fault_of(scheme: str, authority: str) -> str:
    """What is wrong with an address; empty when it is fine. Logins are not repeated."""
    if scheme not in _PROTOCOLS:
        return f"{scheme!r} is no protocol to call with"
    if "@" in authority:
        return "holds a login, which would be shown in logs"
    if any(sign in authority for sign in "/?#\\"):
        return f"{authority!r} has a path, but calls go to the root"
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{authority!r} has no legal port or address"
    if len(host) > 253 or not _HOST.fullmatch(host) or port == 0:
        return f"{authority!r} is no host"
    return ""
