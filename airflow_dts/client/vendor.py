"""Keys through the vendor's package ``alibabacloud-credentials``, which the extra ``credentials`` brings.

It is asked for a key and nothing else: when to ask again is ``renewing``'s to say. Its own log is kept quiet
meanwhile, since it quotes addresses that hold tokens.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_dts.client.credentials import DefaultChain, EcsRole, Key, Lease, OidcRole
from airflow_dts.errors import ConfigError, Unreachable, mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNTOLD = 60.0
"""Seconds for which a key is held whose end is not told. The package holds it too: to ask again is cheap."""
_LONGEST_PATH = 200
_TOKEN_START = "eyJ"  # noqa: S105 - how a JSON object begins in base64
_TOKEN_FILE = "ALIBABA_CLOUD_OIDC_TOKEN_FILE"  # noqa: S105 - the name of a variable


class Network(NamedTuple):
    """How the package is to call."""

    sts: str
    """``host`` or ``host:port`` of the Security Token Service; called by https, whatever else is set."""
    connect_timeout: float
    read_timeout: float


class VendorKeys:
    """Fetches keys for ``Renewing``.

    :param tell: told of every secret before it can show up anywhere
    :raises ConfigError: the package is missing, or something it needs is
    """

    def __init__(
        self, sign_in: EcsRole | OidcRole | DefaultChain, network: Network, tell: Callable[[str], None]
    ) -> None:
        self._sign_in, self._network, self._tell = sign_in, network, tell
        self._package, self._told = _package(), Key("", "")
        try:
            with _quiet():
                self._provider = self._new_provider()
        except ConfigError:
            raise
        except ValueError as error:
            raise ConfigError(
                f"{_NAMES[type(sign_in)]} cannot be used: {error}",
                field="credentials",
                remedy="correct the environment of the machine that calls, or sign in another way",
            ) from None

    def __call__(self, refused: Key | None) -> Lease:
        """A key; another one than ``refused``, if there is.

        :raises Unreachable: none could be got
        """
        secrets = self._oidc_tokens()
        try:
            with _quiet():
                lease = self._lease()
                if lease.key == refused:
                    self._provider = self._new_provider()  # which has nothing in stock
                    lease = self._lease()
        except ConfigError:
            raise
        except Exception as error:  # the package has no tree of errors: anything may come
            text = mask(f"{type(error).__name__}: {error}", secrets)
            raise Unreachable("sign in", f"no key from {_NAMES[type(self._sign_in)]}: {text}") from None
        if lease.key != self._told:
            self._told = lease.key
            for secret in lease.key.secrets:
                self._tell(secret)
        return lease

    def _lease(self) -> Lease:
        if not isinstance(self._sign_in, DefaultChain):
            self._provider = self._new_provider()  # asks anew, as ours is the only stock
        found = self._provider.get_credentials()
        key = Key(found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token() or "")
        if not (key.access_key_id and key.secret):
            raise ValueError("what came is no whole key")
        life = (found.get_expiration() or 0) - time.time()
        return Lease(key, life if life > 0 else _UNTOLD)

    def _new_provider(self) -> Any:
        match self._sign_in:
            case EcsRole(ram_role_name):
                return self._package.EcsRamRoleCredentialsProvider(
                    role_name=ram_role_name, async_update_enabled=False
                )
            case OidcRole() as role:
                return self._oidc(role)
            case _:
                return self._package.DefaultCredentialsProvider()

    def _oidc(self, role: OidcRole) -> Any:
        options = importlib.import_module("alibabacloud_credentials.http")
        return self._package.OIDCRoleArnCredentialsProvider(
            role_arn=_given("role_arn", role.role_arn, "ALIBABA_CLOUD_ROLE_ARN"),
            oidc_provider_arn=_given(
                "oidc_provider_arn", role.oidc_provider_arn, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
            ),
            oidc_token_file_path=_token_file(role),
            role_session_name=role.role_session_name,
            duration_seconds=role.role_duration,
            policy=role.role_policy,
            sts_endpoint=self._network.sts,
            http_options=options.HttpOptions(
                connect_timeout=int(1000 * self._network.connect_timeout),
                read_timeout=int(1000 * self._network.read_timeout),
            ),
        )

    def _oidc_tokens(self) -> list[str]:
        """The token that is about to be sent: a failure would quote it."""
        given = self._sign_in.oidc_token_file if isinstance(self._sign_in, OidcRole) else None
        try:
            token = Path(given or os.environ.get(_TOKEN_FILE, "")).read_text(errors="replace")
        except (OSError, ValueError):  # the package says what is wrong with the path
            return []
        self._tell(token.strip())
        return [token, token.strip()]


_NAMES = {EcsRole: "this machine's RAM role", OidcRole: "the OIDC role", DefaultChain: "the default chain"}


def _package() -> Any:
    try:
        with _quiet():
            return importlib.import_module("alibabacloud_credentials.provider")
    except ImportError:
        raise ConfigError(
            "needs the package alibabacloud-credentials, which is not installed",
            field="credentials",
            remedy="pip install 'airflow-provider-alibaba-dts[credentials]'",
        ) from None


def _given(field: str, value: str | None, variable: str) -> str:
    if found := value or os.environ.get(variable):
        return found
    raise ConfigError(
        "is missing", field=field, remedy=f"give it, or set {variable} where the calls are made"
    )


def _token_file(role: OidcRole) -> str:
    path = _given("oidc_token_file", role.oidc_token_file, _TOKEN_FILE)
    try:
        found = Path(path).is_file()
    except OSError:  # too long to be one
        found = False
    if not found:
        raise ConfigError(
            # Somebody may have given the token itself.
            "names no file" if path.startswith(_TOKEN_START) else f"{path[:_LONGEST_PATH]!r} does not exist",
            field="oidc_token_file",
            remedy="give the path of the token's file on the machine that calls",
        )
    return path


_asking = threading.local()


class _Mute(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_asking, "now", False)


_MUTE = _Mute()


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what the package would log in this thread."""
    for name in ("credentials", "alibabacloud-tea"):
        logging.getLogger(name).addFilter(_MUTE)
    _asking.now = True
    try:
        yield
    finally:
        _asking.now = False
