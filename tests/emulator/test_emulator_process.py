"""The emulator as its user runs it: a process, killed and started again."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SECRET = "hunter2hunter2hunter2"


class Process:
    """An emulator process and what it said."""

    def __init__(self, arguments: list[str], secret: str | None = SECRET) -> None:
        environment = {**os.environ, **({"AIRFLOW_DTS_EMULATOR_SECRET": secret} if secret else {})}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "airflow_dts.emulator", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self.popen.stdout is not None
        self.greeting = "".join(self.popen.stdout.readline() for _ in range(4))
        found = re.search(r"http://\S+:\d+", self.greeting)
        assert found, self.greeting + (self.popen.stderr.read() if self.popen.stderr else "")
        self.url = found[0]

    def end(self, number: int) -> str:
        """Signal it, and return what it logged."""
        self.popen.send_signal(number)
        return self.popen.communicate(timeout=60)[1]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(*arguments: str, secret: str | None = SECRET) -> Process:
        started.append(Process(list(arguments), secret))
        return started[-1]

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.end(signal.SIGTERM)


def movers_of(state: Path) -> list[int]:
    """Processes whose command line names the state directory's movers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"airflow_dts.emulator.dataplane" in command and str(state).encode() in command:
                found.append(int(entry.name))
    return found


def binds(databases: Any) -> list[str]:
    return [part for name, url in databases.bindings.items() for part in ("--bind", f"{name}={url}")]


def test_a_killed_emulator_goes_on_where_it_was(
    tmp_path: Path, kit: Any, databases: Any, start: Callable[..., Process]
) -> None:
    databases.fill("orders", 4500)
    state = tmp_path / "state"
    first = start(
        "--state", str(state), "--access-key-id", "k", "--rows-per-second", "2000", *binds(databases)
    )
    caller = kit.caller(first.url, type(kit.account)("k", SECRET))
    job_id = kit.configured(caller, "SYNC")
    assert caller.call("StartDtsJob", DtsJobId=job_id).code == "OK"

    def load(caller: Any) -> float:
        row = kit.row(caller, job_id)
        assert row["Status"] in ("Prechecking", "PreCheckPass", "Initializing"), row
        return float(row["DataInitializationStatus"]["Percent"])

    kit.until(lambda: 10 < load(caller) < 90)
    old = movers_of(state)
    assert len(old) == 1
    first.end(signal.SIGKILL)
    databases.fill("orders", 25)

    # Neither key nor bindings are given anew, except the secret, which the state does not hold.
    second = start("--state", str(state), "--access-key-id", "k")
    caller = kit.caller(second.url, type(kit.account)("k", SECRET))
    kit.until(lambda: kit.row(caller, job_id)["Status"] == "Synchronizing")
    kit.until(lambda: databases.equal("orders"))
    assert len(databases.rows(databases.target, "orders")) == 5025
    kit.until(lambda: old[0] not in movers_of(state))

    second.end(signal.SIGKILL)
    databases.fill("orders", 25)
    third = start("--state", str(state), "--access-key-id", "k")
    kit.until(lambda: databases.equal("orders"))
    log = third.end(signal.SIGTERM)
    assert third.popen.returncode == 0, log
    assert movers_of(state) == []


def test_a_purchase_is_never_lost_nor_doubled(
    tmp_path: Path, kit: Any, start: Callable[..., Process]
) -> None:
    state = tmp_path / "state"
    first = start("--state", str(state), "--access-key-id", "k")
    caller = kit.caller(first.url, type(kit.account)("k", SECRET))
    every = kit.signed("CreateDtsInstance", kit.purchase("SYNC"), account=caller.account)
    bought = caller.send(every).body
    first.end(signal.SIGKILL)
    second = start("--state", str(state), "--access-key-id", "k")
    caller = kit.caller(second.url, caller.account)
    assert caller.send(every).code == "SignatureNonceUsed"
    row = kit.row(caller, bought["JobId"])
    assert (row["Status"], row["DtsInstanceID"]) == ("NotConfigured", bought["InstanceId"])
    ledger = _admin(second.url, "ledger", (state / "admin-token").read_text())
    assert [line["job"] for line in ledger["purchases"]] == [bought["JobId"]]


def test_sigint_ends_it_in_order(tmp_path: Path, start: Callable[..., Process]) -> None:
    process = start("--state", str(tmp_path / "state"), "--access-key-id", "k")
    process.end(signal.SIGINT)
    assert process.popen.returncode == 0


def test_a_key_of_its_own_making_is_shown_once(
    tmp_path: Path, kit: Any, start: Callable[..., Process]
) -> None:
    process = start("--state", str(tmp_path / "state"), secret=None)
    line = re.search(r"--conn-login (\S+) --conn-password (\S+)", process.greeting)
    assert line is not None
    caller = kit.caller(process.url, type(kit.account)(line[1], line[2]))
    assert caller.call("DescribeDtsJobs", Region="r").code == "OK"
    assert process.greeting.count(line[2]) == 1
    log = process.end(signal.SIGTERM)
    assert line[2] not in log
    assert _holding(tmp_path / "state", line[2]) == []


def test_keys_and_roles_may_be_limited_on_the_command_line(
    tmp_path: Path, kit: Any, start: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READER_SECRET", SECRET)
    role = "acs:ram::1234567890123456:role/reader"
    process = start(
        "--state", str(tmp_path / "state"), "--account", "reader:READER_SECRET=Describe*,sts:AssumeRole",
        "--role", f"{role}=dts:DescribeDtsJobs", "--token-life", "60",
    )  # fmt: skip
    account = type(kit.account)
    caller = kit.caller(process.url, account("reader", SECRET))
    assert caller.call("DescribeDtsJobs", Region="r").code == "OK"
    assert caller.call("StopDtsJob", DtsJobId="j").code == "Forbidden.RAM"

    def assume(arn: str) -> Any:
        given = {"RoleArn": arn, "RoleSessionName": "run"}
        return caller.send(kit.signed("AssumeRole", given, account=caller.account, Version="2015-04-01"))

    assert assume(f"{role}-2").body["Code"] == "EntityNotExist.Role"
    key = assume(role).body["Credentials"]
    temporary = account(key["AccessKeyId"], key["AccessKeySecret"])
    for action, code in (("DescribeDtsJobs", "OK"), ("DescribeDtsJobDetail", "Forbidden.RAM")):
        given = {"Region": "r", "SecurityToken": key["SecurityToken"]}
        assert caller.send(kit.signed(action, given, account=temporary)).code == code
    assert SECRET not in process.greeting + process.end(signal.SIGTERM)


def test_secrets_are_in_no_file_log_or_reply(
    tmp_path: Path, kit: Any, databases: Any, start: Callable[..., Process]
) -> None:
    state = tmp_path / "state"
    process = start("--state", str(state), "--access-key-id", "k", *binds(databases))
    caller = kit.caller(process.url, type(kit.account)("k", SECRET))
    job_id = kit.configured(caller, "SYNC")
    answers = [caller.call("StartDtsJob", DtsJobId=job_id)]
    kit.until(lambda: kit.row(caller, job_id)["Status"] == "Synchronizing")
    change = {"DtsJobId": job_id, "Endpoint": "src", "UserName": "reader"}
    new = "third-Password-3"
    answers += [
        caller.call("ModifyDtsJobPassword", **change, Password="source-Password-1"),
        caller.call("ModifyDtsJobPassword", **change, Password=new),
        caller.call("ModifyDtsJobPassword", **change, Password=new),
        caller.call("ModifyDtsJobPassword", **{**change, "Endpoint": "nowhere"}, Password=new),
        caller.call("DescribeDtsJobDetail", DtsJobId=job_id),
        caller.call("DescribeDtsJobs", Region="cn-hangzhou", JobType="SYNC"),
        caller.call("ConfigureDtsJob", **kit.configuration(job_id, "SYNC", DbList="[1")),
    ]
    assert [answer.code for answer in answers[1:5]] == [
        "InvalidParameter",
        "OK",
        "InvalidParameter",
        "InvalidParameter",
    ]
    token = (state / "admin-token").read_text()
    spoken = "".join(answer.text for answer in answers) + json.dumps(
        [_admin(process.url, page, token) for page in ("ledger", "jobs")]
    )
    process.popen.send_signal(signal.SIGTERM)
    out, log = process.popen.communicate(timeout=60)
    for secret in (SECRET, "source-Password-1", "target-Password-2", new):
        assert secret not in spoken + process.greeting + out + log
        assert _holding(state, secret) == []


def _holding(state: Path, secret: str) -> list[str]:
    return [str(path) for path in state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def _admin(url: str, page: str, token: str) -> Any:
    request = urllib.request.Request(f"{url}/_emulator/{page}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_the_admin_pages_want_the_token(tmp_path: Path, kit: Any, make_emulator: Any) -> None:
    server = make_emulator()
    caller = kit.caller(server.url)
    job_id = caller.call("CreateDtsInstance", **kit.purchase()).body["JobId"]
    caller.call("DescribeDtsJobDetail", DtsJobId=job_id)
    caller.call("DescribeDtsJobDetail", DtsJobId="other")
    caller.call("MakeCoffee")
    caller.send(kit.signed("StartDtsJob", {"DtsJobId": job_id}, Signature="wrong"))
    for token in ("", "wrong", server.admin_token[:-1]):
        with pytest.raises(urllib.error.HTTPError) as refused:
            _admin(server.url, "ledger", token)
        assert refused.value.code == 403
        refused.value.close()
    ledger = _admin(server.url, "ledger", server.admin_token)
    assert [(line["action"], line["code"], line["job"]) for line in ledger["calls"]] == [
        ("CreateDtsInstance", "OK", job_id),
        ("DescribeDtsJobDetail", "OK", job_id),
        ("DescribeDtsJobDetail", "InvalidJobId", "other"),
    ]
    assert ledger["by_action"] == {"CreateDtsInstance": 1, "DescribeDtsJobDetail": 2}
    assert len(ledger["purchases"]) == 1
    last = ledger["calls"][-1]["seq"]
    assert _admin(server.url, f"ledger?after={last}", server.admin_token)["calls"] == []
    (job,) = _admin(server.url, "jobs", server.admin_token)["jobs"]
    assert (job["id"], job["status"], job["progress"]["delay_ms"]) == (job_id, "NotConfigured", -1)
    token_file = tmp_path / "served0" / "admin-token"
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--bind", "nonsense"], "NAME=URL"),
        (["--bind", "rm-a=oracle://host/x"], "--bind rm-a"),
        (["--access-key-id", "k"], "--access-key-secret"),
        (["--access-key-id", "k", "--access-key-secret", ""], "no empty"),
        (["--account", "k"], "ID:VARIABLE"),
        (["--account", "k:NO_SUCH_VARIABLE"], "--account k"),
        (["--account", "k:PATH=Describe*,"], "patterns"),
        (["--account", "k:PATH", "--account", "k:HOME"], "each key once"),
        (["--role", "etl"], "acs:ram::"),
        (["--role", "acs:ram::1:role/a", "--role", "acs:ram::1:role/a=Describe*"], "each role once"),
        (["--token-life", "0"], "above 0"),
        (["--rows-per-second", "0"], "whole number"),
        (["--apply-delay", "-1"], "seconds"),
        (["--port", "99999"], "from 0 to 65535"),
        (["--port", "-1"], "from 0 to 65535"),
        (["--bind", "rm-a=sqlite:///x", "--bind", "rm-a=sqlite:///y"], "each name once"),
    ],
)
def test_a_wrong_command_line_is_explained(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    command = [
        sys.executable,
        "-m",
        "airflow_dts.emulator",
        "--state",
        str(tmp_path / "s"),
        "--port",
        "0",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_two_emulators_do_not_share_a_state(tmp_path: Path, make_emulator: Any) -> None:
    make_emulator()
    command = [
        sys.executable,
        "-m",
        "airflow_dts.emulator",
        "--state",
        str(tmp_path / "served0"),
        "--port",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "another emulator" in done.stderr


def test_the_coverage_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from airflow_dts.emulator.coverage import coverage
    from airflow_dts.emulator.handlers import HANDLERS
    from airflow_dts.emulator.served import SERVED
    from airflow_dts.emulator.server import main

    assert main(["--coverage"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in SERVED)
    assert {line.action for line in coverage() if line.emulated} == set(HANDLERS) <= set(SERVED)
