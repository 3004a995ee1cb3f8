"""The vendor's clients, each driven by the wire names of an action and its parameters."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol
from xml.etree import ElementTree

from tests.catalog.reading import ENTRIES
from tests.sdk.fields import Field, from_xml
from tests.sdk.strict import annotations, models, sdk, understood

REGION = "cn-hangzhou"
ROLE = "acs:ram::1234567890123456:role/etl"
Parameters = Mapping[str, Any]
"""By wire name. Objects are given as they are; how they travel is the SDK's matter."""


class Said(NamedTuple):
    """A reply.

    :param parsed: what the vendor's model made of it.
    """

    status: int
    parsed: dict[str, Any]


class Refused(Exception):
    """What the SDK raised."""

    def __init__(self, status: int, code: str, request_id: str, text: str) -> None:
        self.status, self.code, self.request_id = status, code, request_id
        super().__init__(f"{status} {code}: {text}")


class Caller(Protocol):
    """One of the vendor's SDKs with one way to sign and one format."""

    def call(self, action: str, parameters: Parameters) -> Said:
        """Raises Refused."""


class NewerSdk:
    """``alibabacloud_dts20200101``. It parses replies itself.

    :param changed: of its Config; ``signature_algorithm="v2"`` signs as the seed says.
    """

    def __init__(self, shop: Any, **changed: Any) -> None:
        from alibabacloud_tea_openapi.utils_models import Config

        wanted = {
            "access_key_id": shop.emulator.access_key_id,
            "access_key_secret": shop.emulator.secret,
            "endpoint": shop.endpoint,
            "protocol": "http",
            "region_id": REGION,
        }
        self._client = _Listening(Config(**{**wanted, **changed}))

    def call(self, action: str, parameters: Parameters) -> Said:
        try:
            reply = getattr(self._client, _methods()[action.lower()])(_newer_request(action, parameters))
        except AssertionError:
            raise
        except Exception as error:
            raise _refusal(error, "status_code", "code") from error
        return Said(reply.status_code, self._client.heard(reply))


class _Listening(sdk.Client):  # type: ignore[misc] # the SDK has no types we could build on
    """The SDK's own client; what it was told is kept, to be compared with what it understood."""

    def call_api(self, params: Any, request: Any, runtime: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super().call_api(params, request, runtime)
        self.last = params.action, answer["body"]
        return answer

    def heard(self, reply: Any) -> dict[str, Any]:
        parsed = understood(*self.last)
        assert parsed == reply.body.to_map(), "the SDK's method and its model differ"
        return parsed


@cache
def _methods() -> dict[str, str]:
    return {name.replace("_", ""): name for name in vars(sdk.Client)}


def _newer_request(action: str, parameters: Parameters) -> Any:
    kind = getattr(models, f"{action}Request")
    typed = annotations(kind)
    every: dict[str, Any] = {"RegionId": REGION}
    for name, value in parameters.items():
        part, _, inner = name.partition(".")  # what is dotted on the wire is a class of its own here
        if inner:
            every.setdefault(part, {})[inner] = value
        else:
            every[name] = value
    request = kind().from_map(every)
    lost = {name for name, value in every.items() if request.to_map().get(name) != value}
    assert not lost, f"{action}: the SDK does not know {lost}"
    for name, value in vars(request).items():
        if typed.get(name) is str and isinstance(value, dict | list):
            setattr(request, name, json.dumps(value, ensure_ascii=False))
    return request


class OlderSdk:
    """``aliyun-python-sdk-core`` with the request classes of ``aliyun-python-sdk-dts``.

    It hands replies out as they came, so here the newer SDK's models parse them.
    """

    def __init__(self, shop: Any, *, form: str = "JSON", credential: Any = None) -> None:
        from aliyunsdkcore.client import AcsClient

        self.form, self._endpoint = form, shop.endpoint
        key = {} if credential else {"ak": shop.emulator.access_key_id, "secret": shop.emulator.secret}
        self.client = AcsClient(region_id=REGION, credential=credential, **key)

    def call(self, action: str, parameters: Parameters) -> Said:
        status, text = self.send(_older_class(action), parameters)
        if self.form == "JSON":
            return Said(status, understood(action, json.loads(text)))
        said = _read_xml(action, text, ENTRIES[action]["response"])
        return Said(status, understood(action, said, typed=False))

    def send(self, kind: Any, parameters: Parameters) -> tuple[int, bytes]:
        """HTTP status and body of the answer to one of the SDK's request classes. Raises Refused."""
        request = self.request(kind, parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # What it offers instead asks for JSON and does not tell the status.
            status, _, text = self.client.get_response(request)
        if status != 200:
            raise self._raised(request)
        return status, text

    def request(self, kind: Any, parameters: Parameters) -> Any:
        request = kind()
        # Its own only: Endpoint is a parameter, too, and `set_endpoint` is inherited.
        setters = {name[4:].lower(): name for name in vars(kind) if name.startswith("set_")}
        for name, value in parameters.items():
            if name == "RegionId":  # the core's, for all actions
                request.add_query_param(name, value)
                continue
            plain = name.replace(".", "").lower()
            setter = setters.get(plain) or setters[f"{plain}s"]
            many = name in ("Tag", "ResourceId", "TagKey")
            text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
            getattr(request, setter)(value if many else text)
        request.set_endpoint(self._endpoint)
        request.set_protocol_type("http")
        request.set_accept_format(self.form)
        return request

    def _raised(self, request: Any) -> Refused:
        """The same once more, as the SDK's users call it."""
        try:
            self.client.do_action_with_exception(request)
        except Exception as error:
            return _refusal(error, "http_status", "error_code")
        raise AssertionError(f"{request.get_action_name()} was refused once only")


def _older_class(action: str) -> Any:
    module = importlib.import_module(f"aliyunsdkdts.request.v20200101.{action}Request")
    return getattr(module, f"{action}Request")


def _refusal(error: Exception, status: str, code: str) -> Refused:
    return Refused(
        getattr(error, status, None) or 0,
        getattr(error, code, None) or "",
        getattr(error, "request_id", None) or "",
        str(error),
    )


def _read_xml(action: str, text: bytes, fields: Iterable[Field]) -> dict[str, Any]:
    root = ElementTree.fromstring(text)
    assert root.tag == f"{action}Response"
    return from_xml(root, fields)


def assumed(stage: Any, role: str = ROLE, *, form: str = "JSON", **more: Any) -> dict[str, Any]:
    """What STS answers the older SDK when it is asked for a temporary key."""
    from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest

    asked = {"RoleArn": role, "RoleSessionName": "sdk", "DurationSeconds": 900, **more}
    _, text = OlderSdk(stage, form=form).send(AssumeRoleRequest, asked)
    said: dict[str, Any] = json.loads(text) if form == "JSON" else _read_xml("AssumeRole", text, ())
    return said


def token_credential(stage: Any, **more: Any) -> Any:
    """A temporary key for the older SDK."""
    from aliyunsdkcore.auth.credentials import StsTokenCredential

    key = assumed(stage, **more)["Credentials"]
    return StsTokenCredential(key["AccessKeyId"], key["AccessKeySecret"], key["SecurityToken"])
