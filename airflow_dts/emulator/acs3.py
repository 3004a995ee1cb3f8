"""The signature in headers: ACS3-HMAC-SHA256, which the vendor's newer SDKs use unless told otherwise."""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import quote

from airflow_dts.emulator.knock import Claim, Knock, same
from airflow_dts.emulator.refusals import Refusal, gateway, missing

ALGORITHM = "ACS3-HMAC-SHA256"
_NEEDED = (
    "Authorization", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce",
    "x-acs-content-sha256",
)  # fmt: skip
_AUTHORIZATION = re.compile(
    r"(?P<algorithm>[A-Z0-9-]+) +Credential=(?P<key_id>[^,;= ]+), *SignedHeaders=(?P<signed>[a-z0-9;_-]+), *"
    r"Signature=(?P<signature>[0-9a-fA-F]+)",
    re.ASCII,
)


class Acs3Claim(Claim):
    """A call whose signature is in its Authorization header."""

    __slots__ = ()

    @classmethod
    def read(cls, knock: Knock) -> Acs3Claim:
        """Raises Refusal: a header is missing or malformed."""
        given = knock.headers
        for name in _NEEDED:
            if not given.get(name.lower()):
                raise missing(name)
        return cls(
            knock,
            action=given["x-acs-action"],
            version=given["x-acs-version"],
            key_id=_authorization(knock)["key_id"],
            token=given.get("x-acs-security-token", ""),
            nonce=given["x-acs-signature-nonce"],
            timestamp=given["x-acs-date"],
            nonce_name="x-acs-signature-nonce",
        )

    def check_scheme(self) -> None:
        given, said = self.knock.headers, _authorization(self.knock)
        if said["algorithm"] != ALGORITHM:
            raise gateway(
                "InvalidSignatureMethod", f"The signature's algorithm is not valid: use {ALGORITHM}."
            )
        if given.get("x-acs-accesskey-id", self.key_id) != self.key_id:
            raise _incomplete("x-acs-accesskey-id and Credential name different keys")
        # What is not signed could be changed on the way, and every one of these changes what a call means.
        wanted = {"host", *(name for name in given if name.startswith("x-acs-"))}
        if unsigned := wanted.difference(said["signed"].split(";")):
            raise _incomplete(f"{min(unsigned)} has to be among SignedHeaders")

    def signed_with(self, secret: str) -> bool:
        knock, said = self.knock, _authorization(self.knock)
        if not same(knock.headers["x-acs-content-sha256"].lower(), hashlib.sha256(knock.body).hexdigest()):
            return False
        return same(said["signature"].lower(), _signature(knock, said["signed"], secret))


def _authorization(knock: Knock) -> re.Match[str]:
    found = _AUTHORIZATION.fullmatch(knock.headers["authorization"].strip())
    if found is None:
        raise _incomplete(f"give Authorization: {ALGORITHM} Credential=...,SignedHeaders=...,Signature=...")
    return found


def _signature(knock: Knock, signed: str, secret: str) -> str:
    """The hexadecimal signature of a request by the headers named in `signed`."""
    names = signed.split(";")
    canonical = "\n".join(
        [
            knock.method,
            knock.path or "/",
            "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(knock.query.items())),
            *(f"{name}:{knock.headers.get(name, '').strip()}" for name in names),
            "",
            signed,
            knock.headers["x-acs-content-sha256"],
        ]
    )
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _incomplete(why: str) -> Refusal:
    return gateway(
        "IncompleteSignature", f"The request signature does not conform to Aliyun standards: {why}."
    )
