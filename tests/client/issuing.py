"""A Security Token Service and a DTS that believe no signature but the vendor's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

ROLE = "acs:ram::123456789012****:role/adminrole"
OWN_SECRET = "testsecret-0123"


def signature_by_the_vendor(form: dict[str, str], secret: str) -> str:
    composer = pytest.importorskip("aliyunsdkcore.auth.composer.rpc_signature_composer")
    signed = {name: value for name, value in form.items() if name != "Signature"}
    text = vars(composer)["__compose_string_to_sign"]("POST", signed)
    return str(vars(composer)["__get_signature"](text, secret))


class Issuer:
    """Gives keys that live ``life`` seconds and takes them as long; an answer for the stub.

    :param clock: Unix seconds
    """

    def __init__(self, life: float = 3600.0, clock: Callable[[], float] = time.time) -> None:
        self.life, self.clock = life, clock
        self.ends: dict[str, float] = {}
        """Of every key it gave."""
        self.asked: list[dict[str, str]] = []
        self.served: list[str] = []
        """Actions that were carried out."""
        self.refused: list[str] = []
        self.before_issuing: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def revoke(self) -> None:
        """End every key given so far."""
        with self._lock:
            self.ends = dict.fromkeys(self.ends, 0.0)

    def __call__(self, handler: BaseHTTPRequestHandler, seen: Any) -> None:
        form = seen.form
        secret = OWN_SECRET if form["AccessKeyId"] == "testid" else f"secret-of-{form['AccessKeyId']}"
        if form["Signature"] != signature_by_the_vendor(form, secret):
            self._say(handler, 400, {"Code": "SignatureDoesNotMatch", "Message": "m", "RequestId": "R"})
        elif form["Action"] == "AssumeRole":
            self.before_issuing()
            self._say(handler, 200, self._issued(form))
        else:
            self._serve(handler, form)

    def _issued(self, form: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            self.asked.append(form)
            name = f"STS.{len(self.ends)}"
            self.ends[name] = self.clock() + self.life
            until = datetime.fromtimestamp(self.ends[name], UTC)
        return {
            "RequestId": "R-sts",
            "Credentials": {
                "AccessKeyId": name,
                "AccessKeySecret": f"secret-of-{name}",
                "SecurityToken": f"token-of-{name}",
                "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "AssumedRoleUser": {"Arn": f"{ROLE}/alice", "AssumedRoleId": "344:alice"},
        }

    def _serve(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        name = form["AccessKeyId"]
        known = form.get("SecurityToken") == f"token-of-{name}" if name in self.ends else name == "testid"
        if not known:
            self._say(
                handler,
                400,
                {"Code": "InvalidSecurityToken.MismatchWithAccessKey", "Message": "m", "RequestId": "R"},
            )
        elif name in self.ends and self.clock() >= self.ends[name]:
            self.refused.append(form["Action"])
            self._say(
                handler, 400, {"Code": "InvalidSecurityToken.Expired", "Message": "past", "RequestId": "R"}
            )
        else:
            self.served.append(form["Action"])
            self._say(handler, 200, {"RequestId": "R", "Success": True})

    def _say(self, handler: BaseHTTPRequestHandler, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        date = formatdate(self.clock(), usegmt=True)
        handler.wfile.write(
            b"HTTP/1.1 %d X\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, date.encode(), len(body), body)
        )
