"""A request before anything is believed, and what it claims about itself."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

ASAPI_PATH = "/asapi/v3"
"""Where the older gateway takes the calls of all products (seed 7.1)."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A request as it came.

    :param parameters: query and form body together, each name once.
    :param path: percent-encoded, as on the wire.
    :param headers: names in lower case; one sent several times has its values sorted, with commas between.
    :param query: the parameters of the query alone.
    :param body: its bytes, of which a signature in headers gives the hash.
    """

    method: str
    parameters: Mapping[str, str]
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def at_asapi(self) -> bool:
        """Whether it came to the gateway that asks for the product."""
        return self.path.rstrip("/") == ASAPI_PATH

    @property
    def signed_in_headers(self) -> bool:
        return signed_in_headers(self.headers, self.parameters)

    @property
    def wants_json(self) -> bool:
        return wants_json(self.headers, self.parameters)


def signed_in_headers(headers: Mapping[str, str], parameters: Mapping[str, str]) -> bool:
    """Whether a call uses the newer signature, or none at all but its headers.

    The vendor's SDK sends ``x-acs-action`` with either signature, so that header alone decides nothing.
    """
    return headers.get("authorization", "").startswith("ACS3-") or (
        "x-acs-action" in headers and "Action" not in parameters
    )


def wants_json(headers: Mapping[str, str], parameters: Mapping[str, str]) -> bool:
    """The format of the answer: ``Format``, or else what goes with the signature (seed 6.1: XML)."""
    form = parameters.get("Format")
    if form is None and signed_in_headers(headers, parameters):
        accepted = headers.get("accept", "").casefold()
        return "json" in accepted or "xml" not in accepted
    return (form or "").casefold() == "json"


@dataclass(frozen=True, slots=True)
class Claim(ABC):
    """What a call says of itself, whichever way it is signed. Nothing of it is checked yet.

    :param token: the security token; empty when there is none.
    :param timestamp: text such as ``2024-05-01T08:00:00Z``.
    """

    knock: Knock
    action: str
    version: str
    key_id: str
    token: str
    nonce: str
    timestamp: str
    nonce_name: str
    """How the caller spells the nonce's parameter."""

    @abstractmethod
    def check_scheme(self) -> None:
        """Raises Refusal: the kind of signature is not understood."""

    @abstractmethod
    def signed_with(self, secret: str) -> bool:
        """Whether the signature is the one this secret gives."""


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are equal, in the same time wherever they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())
