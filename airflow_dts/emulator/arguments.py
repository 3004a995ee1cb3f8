"""The emulator's command line."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_dts.emulator.accounts import check_arn
from airflow_dts.emulator.faults import BadScript, Script, read_script
from airflow_dts.emulator.options import ANYTHING, Account, Options, Role
from airflow_dts.emulator.permissions import check_pattern

SECRET_VARIABLE = "AIRFLOW_DTS_EMULATOR_SECRET"  # noqa: S105 - the name of a variable, not a secret
_LONGEST_LIFE = 43_200
_FAULTS = """\
a file of faults, in TOML:
  seed = 7                          of all chance
  [[faults]]
  kind = "reset"                    the connection, so that nothing is answered
  actions = ["CreateDtsInstance"]   patterns, such as Describe*; every action by default
  nth = [1]                         which calls; or every = 10, or probability = 0.05; all by default
  times = 1                         how often at most; or "always"
  acted = true                      the action has taken effect: a lost reply
  job = "shop-*"                    only for this job: its id, its instance's, or its name
kinds for calls: throttled, server_error, slow, reset, truncated, proxy_page, expired_token
kinds for jobs: precheck_fails, full_load_fails, retrying, delay, locked, stale_after_reset

Counts of calls begin anew with every start, those of a job are kept with it. What is added while the emulator
runs, by POST to /_emulator/faults from this machine with the admin token, ends with it."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line says.

    :param accounts: none means that a key is to be made.
    :param coverage: print which actions are emulated, and leave.
    """

    state: Path
    bind: dict[str, str]
    accounts: list[Account]
    options: Options
    host: str
    port: int
    verbose: bool
    coverage: bool
    faults: Script


def read_arguments(argv: Sequence[str] | None) -> Arguments:
    """The command line as it was meant; ends the process when it makes no sense."""
    parser = _parser()
    given = parser.parse_args(argv)
    return Arguments(
        state=given.state,
        bind=_bindings(parser, given.bind),
        accounts=_accounts(parser, given),
        options=Options(
            region=given.region,
            rows_per_second=given.rows_per_second,
            apply_delay=given.apply_delay,
            precheck_seconds=given.precheck_seconds,
            roles=_roles(parser, given.role),
            token_life=given.token_life,
        ),
        host=given.host,
        port=given.port,
        verbose=given.verbose,
        coverage=given.coverage,
        faults=given.faults,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="airflow-dts emulator",
        description="A DTS of one's own: the API over HTTP, moving real rows.",
        epilog=_FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_service(parser)
    _add_keys(parser)
    return parser


def _add_service(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=8089, help="port to listen on, 0 for any free one (%(default)s)")
    add(
        "--state",
        type=Path,
        default=Path("dts-emulator"),
        metavar="DIR",
        help="keeps everything (%(default)s)",
    )
    add(
        "--bind", type=_binding, action="append", default=[], metavar="NAME=URL",
        help="database behind an instance id or host:port, such as rm-shop=sqlite:///srv/shop; repeat it",
    )  # fmt: skip
    add("--region", default="cn-hangzhou", help="region of calls that name none (%(default)s)")
    add("--rows-per-second", type=_positive, metavar="N", help="throttle of full loads")
    add("--apply-delay", type=_seconds, default=0.0, metavar="S", help="hold increments back for S seconds")
    add(
        "--precheck-seconds",
        type=_seconds,
        default=0.5,
        metavar="S",
        help="least length of a precheck (%(default)s)",
    )
    add(
        "--faults", type=_faults, default=Script(), metavar="FILE",
        help="what goes wrong on purpose, in TOML or JSON; see below",
    )  # fmt: skip
    add("--verbose", action="store_true", help="let the HTTP server log its own comings and goings too")
    add("--coverage", action="store_true", help="print which actions are emulated, and leave")


def _add_keys(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--access-key-id", action="append", default=[], metavar="ID", help="key that may call; repeat it")
    add(
        "--access-key-secret", action="append", default=[], metavar="SECRET",
        help=f"secret of each key in turn; or set {SECRET_VARIABLE}, which the process list does not show",
    )  # fmt: skip
    add(
        "--account", type=_account, action="append", default=[], metavar="ID:VARIABLE[=ACTIONS]",
        help="key whose secret is in an environment variable, and what it may call if not everything, "
        "such as LTAIreader:READER_SECRET=Describe*,sts:AssumeRole; repeat it",
    )  # fmt: skip
    add(
        "--role", type=_role, action="append", default=[], metavar="ARN[=ACTIONS]",
        help="role that may be assumed (any, when none is given), and what it may call; repeat it",
    )  # fmt: skip
    add(
        "--token-life", type=_life, metavar="SECONDS",
        help="life of every temporary key, whatever AssumeRole asks for",
    )  # fmt: skip


def _binding(text: str) -> tuple[str, str]:
    name, equals, url = text.partition("=")
    if not (name and equals and url):
        raise argparse.ArgumentTypeError("give NAME=URL, such as rm-shop=sqlite:///srv/shop")
    return name, url


def _bindings(parser: argparse.ArgumentParser, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    bind = dict(given)
    if len(bind) != len(given):
        parser.error("--bind: give each name once")
    return bind


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("give a port from 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError("give a whole number from 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("give a number of seconds from 0")
    return value


def _faults(text: str) -> Script:
    try:
        return read_script(Path(text))
    except BadScript as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _life(text: str) -> float:
    if not 0 < (value := _seconds(text)) <= _LONGEST_LIFE:
        raise argparse.ArgumentTypeError(f"give a number of seconds above 0, up to {_LONGEST_LIFE}")
    return value


def _account(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Key, variable and what it may call."""
    name, _, allowed = text.partition("=")
    key, _, variable = name.rpartition(":")
    # Nothing of the text is repeated: somebody may have put the secret itself there.
    if not key or not _VARIABLE.fullmatch(variable):
        raise argparse.ArgumentTypeError(
            "give ID:VARIABLE, where VARIABLE is the name of the environment variable that holds the secret"
        )
    return key, variable, _patterns(allowed, "=" in text)


def _role(text: str) -> Role:
    arn, _, allowed = text.partition("=")
    try:
        check_arn(arn)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Role(arn, _patterns(allowed, "=" in text))


def _patterns(text: str, given: bool) -> tuple[str, ...]:
    if not given:
        return ANYTHING
    patterns = tuple(part.strip() for part in text.split(","))
    try:
        for pattern in patterns:
            check_pattern(pattern)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return patterns


def _roles(parser: argparse.ArgumentParser, given: Sequence[Role]) -> tuple[Role, ...]:
    if len({role.arn for role in given}) != len(given):
        parser.error("--role: give each role once")
    return tuple(given)


def _accounts(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[Account]:
    """The keys on the command line and in the environment; none means that one is to be made."""
    found = [*_plain_accounts(parser, given), *_limited_accounts(parser, given.account)]
    ids = [account.access_key_id for account in found]
    if len(set(ids)) != len(ids):
        parser.error("--access-key-id, --account: give each key once")
    return found


def _plain_accounts(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[Account]:
    ids, given_secrets = list(given.access_key_id), list(given.access_key_secret)
    hidden = os.environ.get(SECRET_VARIABLE)
    if hidden and not given_secrets and (ids or not given.account):
        given_secrets = [hidden]
    if len(ids) != len(given_secrets):
        parser.error(f"give one --access-key-secret (or {SECRET_VARIABLE}) for each --access-key-id")
    if not all([*ids, *given_secrets]):
        parser.error("--access-key-id: give no empty ones")
    return [Account(key, secret) for key, secret in zip(ids, given_secrets, strict=True)]


def _limited_accounts(
    parser: argparse.ArgumentParser, given: Iterable[tuple[str, str, tuple[str, ...]]]
) -> list[Account]:
    found = []
    for key, variable, allowed in given:
        secret = os.environ.get(variable)
        if not secret:
            parser.error(f"--account {key}: put its secret into the environment variable that you named")
        found.append(Account(key, secret, allowed=allowed))
    return found
