"""Keys through the vendor's package, which speaks to servers that stand where it looks for the real ones."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.client.client import DtsClient
from airflow_dts.client.credentials import DefaultChain, EcsRole, OidcRole
from airflow_dts.errors import ConfigError, Unreachable
from tests.client.issuing import signature_by_the_vendor

pytest.importorskip("alibabacloud_credentials")
STOP = StopDtsJob(dts_job_id="job1")
ARN = "acs:ram::123456789012:role/adminrole"
PROVIDER = "acs:ram::123456789012:oidc-provider/ack"


class Asked:
    """A server that answers by path or query and keeps what it was asked."""

    def __init__(self, answer: Callable[[str, dict[str, str]], tuple[int, Any]], tls: Any = None) -> None:
        asked = self
        self.seen: list[tuple[str, str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query))
                asked.seen.append((self.command, parts.path, query))
                status, said = answer(parts.path, query)
                body = (said if isinstance(said, str) else json.dumps(said)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_GET  # noqa: N815 - as http.server wants it

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def asked() -> Iterator[Callable[..., Asked]]:
    servers: list[Asked] = []

    def start(*arguments: Any) -> Asked:
        servers.append(Asked(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def key(number: int, life: timedelta = timedelta(hours=6)) -> dict[str, str]:
    return {
        "AccessKeyId": f"STS.{number}",
        "AccessKeySecret": f"secret-of-{number}",
        "SecurityToken": f"token-of-{number}",
        "Expiration": (datetime.now(UTC) + life).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.fixture
def client_of(settings: Callable[..., Any]) -> Callable[..., DtsClient]:
    def make(stub: Any, sign_in: Any, **changes: Any) -> DtsClient:
        options = {name: changes.pop(name) for name in ("on_secret", "ticks") if name in changes}
        given = settings(
            endpoint=stub.url, access_key_id="", access_key_secret="", attempts=1, sign_in=sign_in, **changes
        )
        return DtsClient(given, sleep=lambda _: None, **options)

    return make


def machine(number: Iterator[int], life: timedelta) -> Callable[[str, dict[str, str]], tuple[int, Any]]:
    """The metadata service of an ECS machine with the role ``dts``."""

    def answer(path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path == "/latest/api/token":
            return 200, "token-of-the-machine"
        if path == "/latest/meta-data/ram/security-credentials/":
            return 200, "dts"
        if path == "/latest/meta-data/ram/security-credentials/dts":
            return 200, {"Code": "Success", **key(next(number), life)}
        return 404, ""

    return answer


@pytest.fixture
def at_the_metadata_address(monkeypatch: pytest.MonkeyPatch) -> Callable[[Asked], None]:
    """The package asks a fixed address; a proxy leads there."""

    def lead(server: Asked) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")

    return lead


@pytest.mark.parametrize("role", [None, "dts"])
def test_the_role_of_the_machine_signs(
    role: str | None, serve: Any, client_of: Any, asked: Any, at_the_metadata_address: Any
) -> None:
    metadata = asked(machine(iter(range(9)), timedelta(hours=6)))
    at_the_metadata_address(metadata)
    stub, now, told = serve(), [0.0], list[str]()
    client = client_of(stub, EcsRole(role), ticks=lambda: now[0], on_secret=told.append)
    for passed in (0, 21000, 21400):  # seconds; it lives 21600
        now[0] = float(passed)
        client.call(STOP)
    keys = [(seen.form["AccessKeyId"], seen.form["SecurityToken"]) for seen in stub.seen]
    assert keys == [("STS.0", "token-of-0"), ("STS.0", "token-of-0"), ("STS.1", "token-of-1")]
    for seen, number in zip(stub.seen, (0, 0, 1), strict=True):
        assert seen.form["Signature"] == signature_by_the_vendor(seen.form, f"secret-of-{number}")
    assert told == ["secret-of-0", "token-of-0", "secret-of-1", "token-of-1"]
    assert ("PUT", "/latest/api/token", {}) in metadata.seen
    assert threading.active_count() < 20  # the package's own refreshing threads are not started
    client.close()


def test_a_key_of_the_machine_that_is_refused_is_replaced(
    serve: Any, client_of: Any, asked: Any, at_the_metadata_address: Any, say: Any
) -> None:
    at_the_metadata_address(asked(machine(iter(range(9)), timedelta(hours=6))))
    stub = serve(say({"Code": "InvalidSecurityToken.Expired", "Message": "m", "RequestId": "R"}, 400), say())
    client_of(stub, EcsRole("dts")).call(STOP)
    assert [seen.form["AccessKeyId"] for seen in stub.seen] == ["STS.0", "STS.1"]


def test_half_a_key_is_none(serve: Any, client_of: Any, asked: Any, at_the_metadata_address: Any) -> None:
    half = {"Code": "Success", "AccessKeyId": "STS.0", "Expiration": "2099-01-01T00:00:00Z"}
    at_the_metadata_address(asked(lambda path, query: (200, half)))
    with pytest.raises(Unreachable, match="no whole key"):
        client_of(serve(), EcsRole("dts")).call(STOP)


def test_a_machine_without_a_role_is_said(
    serve: Any, client_of: Any, asked: Any, at_the_metadata_address: Any
) -> None:
    at_the_metadata_address(asked(lambda path, query: (404, "")))
    stub = serve()
    with pytest.raises(Unreachable, match=r"no key from this machine's RAM role: .*HttpCode=404"):
        client_of(stub, EcsRole()).call(STOP)
    assert stub.seen == []


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("hunter2.of+the/cluster=\n")
    return file


def test_a_token_in_a_file_signs(
    serve: Any,
    client_of: Any,
    asked: Any,
    tls: Any,
    certificate: Path,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = iter(range(9))
    sts = asked(
        lambda path, query: (200, {"RequestId": "R", "Credentials": key(next(number), timedelta(hours=1))}),
        tls,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    stub, now, told = serve(), [0.0], list[str]()
    client = client_of(
        stub,
        OidcRole(ARN, PROVIDER, str(token_file), "alice", role_duration=3600),
        sts_endpoint=f"127.0.0.1:{sts.port}",
        ticks=lambda: now[0],
        on_secret=told.append,
    )
    client.call(STOP)
    token_file.write_text("another-token")
    now[0] = 3400.0
    client.call(STOP)
    assert [seen.form["AccessKeyId"] for seen in stub.seen] == ["STS.0", "STS.1"]
    query = sts.seen[0][2]
    assert (query["Action"], query["RoleArn"], query["OIDCProviderArn"]) == (
        "AssumeRoleWithOIDC",
        ARN,
        PROVIDER,
    )
    assert (query["RoleSessionName"], query["DurationSeconds"]) == ("alice", "3600")
    assert [asking[2]["OIDCToken"].strip() for asking in sts.seen] == [
        "hunter2.of+the/cluster=",
        "another-token",
    ]
    assert told[0] == "hunter2.of+the/cluster="
    client.close()


def test_the_token_shows_up_nowhere(
    serve: Any,
    client_of: Any,
    token_file: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The package's own log and errors quote the address it asked, and with it the token."""
    role = OidcRole(ARN, PROVIDER, str(token_file))
    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as caught:
        client_of(serve(), role, sts_endpoint="127.0.0.1:9").call(STOP)
    shown = str(caught.value) + repr(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert "no key from the OIDC role" in shown
    assert "OIDCToken=***" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("left_out", "field", "variable"),
    [
        ("role_arn", "role_arn", "ALIBABA_CLOUD_ROLE_ARN"),
        ("oidc_provider_arn", "oidc_provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
        ("oidc_token_file", "oidc_token_file", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
    ],
)
def test_what_is_left_out_is_in_the_environment_or_missed(
    left_out: str,
    field: str,
    variable: str,
    settings: Any,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"role_arn": ARN, "oidc_provider_arn": PROVIDER, "oidc_token_file": str(token_file)}
    found = given.pop(left_out)
    made = settings(access_key_id="", access_key_secret="", sign_in=OidcRole(**given))
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match=f"{field}: is missing; give it, or set {variable}"):
        DtsClient(made)
    monkeypatch.setenv(variable, found)
    DtsClient(made).close()


def test_a_file_that_is_not_there_is_said(settings: Any) -> None:
    role = OidcRole(ARN, PROVIDER, "/no/such/token")
    with pytest.raises(ConfigError, match="oidc_token_file: '/no/such/token' does not exist"):
        DtsClient(settings(access_key_id="", access_key_secret="", sign_in=role))


@pytest.mark.parametrize("length", [40, 4000])
def test_a_token_in_the_place_of_its_file_is_not_shown(settings: Any, length: int) -> None:
    role = OidcRole(ARN, PROVIDER, "eyJhbGciOi.hunter2.".ljust(length, "a"))
    with pytest.raises(ConfigError, match="oidc_token_file: names no file; give the path") as refusal:
        DtsClient(settings(access_key_id="", access_key_secret="", sign_in=role))
    assert "hunter2" not in str(refusal.value)


def test_a_token_that_is_no_text_is_a_key_that_cannot_be_got(
    serve: Any, client_of: Any, token_file: Path
) -> None:
    token_file.write_bytes(b"\xff\xfe")
    with pytest.raises(Unreachable, match="no key from the OIDC role"):
        client_of(serve(), OidcRole(ARN, PROVIDER, str(token_file)), sts_endpoint="127.0.0.1:9").call(STOP)


def test_a_machine_whose_metadata_are_switched_off_is_said(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_util.environment_ecs_metadata_disabled", "true")
    with pytest.raises(ConfigError, match="credentials: this machine's RAM role cannot be used"):
        DtsClient(settings(access_key_id="", access_key_secret="", sign_in=EcsRole()))


def test_the_default_chain_finds_what_the_vendors_sdks_find(
    serve: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = "alibabacloud_credentials.utils.auth_util.environment_"
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_util.environment_ecs_metadata_disabled", "true")
    for name in ("access_key_id", "access_key_secret", "security_token"):
        monkeypatch.setattr(found + name, f"{name}-0123")
    stub, now = serve(), [0.0]
    client = client_of(stub, DefaultChain(), ticks=lambda: now[0])
    client.call(STOP)
    form = stub.seen[0].form
    assert (form["AccessKeyId"], form["SecurityToken"]) == ("access_key_id-0123", "security_token-0123")
    assert form["Signature"] == signature_by_the_vendor(form, "access_key_secret-0123")
    monkeypatch.setattr(f"{found}access_key_id", "another")
    now[0] = 61.0  # nobody told how long the first one lives
    client.call(STOP)
    assert stub.seen[1].form["AccessKeyId"] == "another"
    client.close()


def test_without_the_package_the_extra_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials.provider", None)
    with pytest.raises(ConfigError) as refusal:
        DtsClient(settings(access_key_id="", access_key_secret="", sign_in=EcsRole()))
    assert "credentials: needs the package alibabacloud-credentials" in str(refusal.value)
    assert "pip install 'airflow-provider-alibaba-dts[credentials]'" in str(refusal.value)
