"""The signature in parameters: HMAC-SHA1, version 1.0 (seed 6.1)."""

from __future__ import annotations

from airflow_dts.api.signing import signature
from airflow_dts.emulator.knock import Claim, Knock, same
from airflow_dts.emulator.refusals import gateway, missing

_NEEDED = (
    "Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
    "Signature",
)  # fmt: skip


class HmacSha1Claim(Claim):
    """A call whose signature is one of its parameters."""

    __slots__ = ()

    @classmethod
    def read(cls, knock: Knock) -> HmacSha1Claim:
        """Raises Refusal: a public parameter is missing."""
        given = knock.parameters
        for name in _NEEDED:
            if not given.get(name):
                raise missing(name)
        return cls(
            knock,
            action=given["Action"],
            version=given["Version"],
            key_id=given["AccessKeyId"],
            token=given.get("SecurityToken", ""),
            nonce=given["SignatureNonce"],
            timestamp=given["Timestamp"],
            nonce_name="SignatureNonce",
        )

    def check_scheme(self) -> None:
        given = self.knock.parameters
        if given["SignatureMethod"].upper() != "HMAC-SHA1":
            raise gateway(
                "InvalidSignatureMethod", "Specified parameter SignatureMethod is not valid: use HMAC-SHA1."
            )
        if given["SignatureVersion"] != "1.0":
            raise gateway(
                "InvalidSignatureVersion", "Specified parameter SignatureVersion is not valid: use 1.0."
            )

    def signed_with(self, secret: str) -> bool:
        given = self.knock.parameters
        signed = {name: value for name, value in given.items() if name != "Signature"}
        return same(given["Signature"], signature(signed, secret, self.knock.method))
