from __future__ import annotations

from typing import Any

import pytest
from aliyunsdkcore.auth.composer import (  # type: ignore[import-untyped]  # ships no types
    rpc_signature_composer as vendor,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dts.api.signing import signature, string_to_sign


@pytest.fixture(scope="module")
def fixed_extras() -> dict[str, str]:
    """What the vendor's composer adds by itself, held still so that both sides sign the same."""
    return {
        "Timestamp": "2024-05-01T12:00:00Z",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureType": "",
        "SignatureVersion": "1.0",
        "SignatureNonce": "nonce",
        "AccessKeyId": "key",
        "Format": "JSON",
    }


@given(st.dictionaries(st.text(), st.text()), st.text(), st.sampled_from(["GET", "POST"]))
@settings(deadline=None)
def test_equal_to_the_vendors_for_any_text(parameters: dict[str, str], secret: str, method: str) -> None:
    theirs = _private(vendor, "__compose_string_to_sign")(method, parameters)
    assert string_to_sign(parameters, method) == theirs
    assert signature(parameters, secret, method) == _private(vendor, "__get_signature")(theirs, secret)


@given(st.dictionaries(st.text(min_size=1), st.text()), st.sampled_from(["GET", "POST"]))
@settings(deadline=None)
def test_equal_to_a_whole_signed_url_of_the_vendors(
    fixed_extras: dict[str, str], parameters: dict[str, str], method: str
) -> None:
    sent = dict(parameters)
    _, signed = vendor.get_signed_url(sent, "key", "secret", "JSON", method, {})
    extras = {name: sent[name] for name in fixed_extras}
    assert extras.keys() == fixed_extras.keys()
    without = {key: value for key, value in parameters.items() if key != "Signature"}
    assert string_to_sign(without | extras, method) == signed
    assert signature(without | extras, "secret", method) == sent["Signature"]


def test_a_known_signature() -> None:
    parameters = {"Action": "StopDtsJob", "DtsJobId": "a b*~'/é"}
    text = "POST&%2F&Action%3DStopDtsJob%26DtsJobId%3Da%2520b%252A~%2527%252F%25C3%25A9"
    assert string_to_sign(parameters) == text
    assert signature(parameters, "secret") == signature(dict(reversed(parameters.items())), "secret")


def test_half_a_surrogate_pair_is_refused_without_its_value() -> None:
    with pytest.raises(ValueError, match="'Password' is not text: remove its lone surrogates") as refused:
        signature({"Action": "x", "Password": "tell nobody \ud800"}, "secret")
    assert "nobody" not in str(refused.value)
    assert refused.value.__cause__ is None


def _private(module: Any, name: str) -> Any:
    return vars(module)[name]
