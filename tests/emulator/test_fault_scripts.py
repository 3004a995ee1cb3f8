"""Faults from a file, over the admin page, and on the command line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_dts.emulator import faults
from airflow_dts.emulator.arguments import read_arguments
from airflow_dts.emulator.faults import BadScript, Script, parse_script, read_script

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
KINDS = {
    rule.model_fields["kind"].default
    for rule in vars(faults).values()
    if isinstance(rule, type) and issubclass(rule, faults.CallFault | faults.JobFault)
    if not rule.model_fields["kind"].is_required()
}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def blocks(language: str) -> list[str]:
    """What the documentation shows in this language."""
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_the_example_of_the_documentation_is_a_script(tmp_path: Path) -> None:
    (example,) = blocks("toml")
    script = read_script(write(tmp_path, "faults.toml", example))
    assert len(script.faults) > 5
    as_json = script.model_dump_json(exclude_unset=True)
    assert read_script(write(tmp_path, "faults.json", as_json)) == script


def test_every_kind_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(KINDS) == 13
    table = set(re.findall(r"^\| `(\w+)`", DOCS.read_text(), re.MULTILINE))
    assert table >= KINDS
    with pytest.raises(SystemExit):
        read_arguments(["--help"])
    printed = capsys.readouterr().out
    assert [kind for kind in KINDS if kind not in printed] == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ('kind = "reset"\nnth = 0', "faults[1].nth[0]: Input should be greater than or equal to 1"),
        ('kind = "reset"\nnth = "1"', "faults[1].nth[0]: Input should be a valid integer"),
        ('kind = "reset"\nnht = 1', "faults[1].nht: Extra inputs are not permitted"),
        ('kind = "reset"\nacted = 1', "faults[1].acted: Input should be a valid boolean"),
        ('kind = "reset"\nactions = ["Buy*"]', "faults[1].actions: no action is called Buy*"),
        ('kind = "reset"\nevery = 2\nprobability = 0.5', "faults[1]: give one of nth, every and probability"),
        ('kind = "slow"', "faults[1].seconds: Field required"),
        ('kind = "throttled"\nacted = true', "faults[1].acted: Input should be False"),
        ('kind = "flood"', "faults[1].kind: give one of throttled, server_error, slow, reset"),
        ("nth = 1", "faults[1].kind: give one of throttled"),
        ('kind = "precheck_fails"\nitem = "src"', "faults[1].item: String should match"),
        ('kind = "delay"\ncurve = [[0, 5], [0, 6]]', "faults[1].curve: give each point a later instant"),
        ('kind = "delay"\ncurve = [[0]]', "faults[1].curve[0][1]: Field required"),
        ('kind = "delay"', "faults[1]: give either seconds or curve"),
        ('kind = "locked"\nseconds = nan', "faults[1].seconds"),
        ('kind = "retrying"\nseconds = 2024-05-01', "faults[1].seconds: Input should be a valid number"),
    ],
)
def test_a_bad_rule_is_refused_by_the_name_of_its_field(tmp_path: Path, rule: str, complaint: str) -> None:
    path = write(tmp_path, "faults.toml", f'[[faults]]\nkind = "reset"\n[[faults]]\n{rule}\n')
    with pytest.raises(BadScript) as refused:
        read_script(path)
    assert str(refused.value).startswith(f"{path}: {complaint}")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("f.toml", "faults = [", "Invalid value"),
        ("f.json", "[[faults]]", "it is no JSON"),
        ("f.json", "[" * 100_000, "it is no JSON"),
        ("f.json", "[]", "Input should be an object"),
        ("f.json", '{"seed": "7"}', "seed: Input should be a valid integer"),
        ("f.json", '{"sed": 7}', "sed: Extra inputs are not permitted"),
        ("f.json", '{"faults": {}}', "faults: Input should be a valid array"),
    ],
)
def test_a_bad_file(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    with pytest.raises(BadScript, match=re.escape(complaint)):
        read_script(write(tmp_path, name, text))
    with pytest.raises(BadScript, match="No such file"):
        read_script(tmp_path / "nowhere.toml")


def test_the_command_line_names_the_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "faults.json", '{"faults": [{"kind": "reset", "probability": 2}]}')
    with pytest.raises(SystemExit):
        read_arguments(["--faults", str(path)])
    assert f"argument --faults: {path}: faults[0].probability: Input should be" in capsys.readouterr().err
    assert read_arguments([]).faults == Script()


def test_a_rule_alone_is_a_script() -> None:
    assert parse_script('{"kind": "slow", "seconds": 2}').faults == (faults.Slow(seconds=2),)


# --- the admin page -------------------------------------------------------------------------------------


class Admin:
    """The page of an emulator."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def __call__(self, method: str, page: str = "faults", body: Any = None, **headers: str) -> Any:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}", **headers}
        request = urllib.request.Request(f"{self.url}/_emulator/{page}", data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with closing(error):
                return error.code, json.load(error)


@pytest.fixture
def admin(make_emulator: Any) -> Admin:
    server = make_emulator(faults=[faults.Slow(name="first", seconds=0.01)])
    return Admin(server.url, server.admin_token)


def test_faults_are_added_seen_and_removed(admin: Admin, kit: Any) -> None:
    caller = kit.caller(admin.url)
    script = {
        "seed": 3,
        "faults": [{"kind": "throttled", "actions": ["Stop*"], "name": "t"}, _lost_purchase()],
    }
    assert admin("POST", body=script) == (201, {"added": ["t", "reset-3"]})
    assert admin("POST", body={"kind": "server_error", "nth": 2}) == (201, {"added": ["server_error-4"]})
    assert caller.call("DescribeDtsJobs", Region="r").code == "OK", "the first rule strikes it"
    assert admin("DELETE", "faults/first") == (200, {"removed": "first"})
    assert caller.call("StopDtsJob", DtsJobId="j").code == "Throttling.User"
    rules = {rule["name"]: rule for rule in admin("GET")[1]["faults"]}
    assert list(rules) == ["t", "reset-3", "server_error-4"]
    assert rules["t"] == {
        "kind": "throttled",
        "name": "t",
        "actions": ["Stop*"],
        "seed": 3,
        "lasting": False,
        "seen": 1,
        "struck": 1,
    }
    with pytest.raises(OSError, match="reset"):
        caller.call("CreateDtsInstance", **kit.purchase())
    ledger = admin("GET", "ledger")[1]
    assert [(line["code"], line.get("injected")) for line in ledger["calls"]] == [
        ("OK", "slow"),
        ("Throttling.User", "throttled"),
        ("OK", "reset"),
    ]
    assert [line["code"] for line in ledger["faults"]] == ["slow", "throttled", "reset"]
    assert len(ledger["purchases"]) == 1
    assert admin("DELETE") == (200, {"faults": []})
    assert caller.call("StopDtsJob", DtsJobId="j").code == "InvalidJobId"
    assert "injected" not in admin("GET", "ledger")[1]["calls"][-1]


def _lost_purchase() -> dict[str, Any]:
    return {"kind": "reset", "actions": ["CreateDtsInstance"], "nth": [1], "acted": True}


def test_only_who_has_the_token_makes_things_go_wrong(make_emulator: Any) -> None:
    server = make_emulator(faults=[faults.Slow(name="first", seconds=0.01)])
    for token in ("", "wrong", server.admin_token[:-1]):
        stranger = Admin(server.url, token)
        refused = [
            stranger("GET"),
            stranger("POST", body=_lost_purchase()),
            stranger("DELETE"),
            stranger("DELETE", "faults/first"),
        ]
        assert [status for status, _ in refused] == [403] * 4
    assert [rule["name"] for rule in server.faults.describe()] == ["first"]


def test_nobody_from_elsewhere_makes_things_go_wrong(
    make_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_dts.emulator import app

    server = make_emulator()
    monkeypatch.setattr(app, "_from_loopback", lambda request: False)
    stranger = Admin(server.url, server.admin_token)
    assert stranger("POST", body=_lost_purchase())[0] == stranger("DELETE")[0] == stranger("GET")[0] == 403
    assert server.faults.describe() == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"faults": [{"kind": "reset", "nth": [0]}]}, "faults[0].nth[0]"),
        ({"kind": "slow", "seconds": 1, "name": "first"}, "name: there is a rule first already"),
        (b"\xff\xfe", "it is no JSON"),
        (b"x" * (5 * 1024 * 1024), "longer than"),
    ],
)
def test_a_bad_rule_is_not_taken(admin: Admin, body: Any, complaint: str) -> None:
    status, answer = admin("POST", body=body)
    assert (status, complaint in answer["error"]) == (400, True), answer
    assert [rule["name"] for rule in admin("GET")[1]["faults"]] == ["first"]
    assert admin("DELETE", "faults/none") == (404, {"error": "there is no rule none"})


# --- the process ----------------------------------------------------------------------------------------


def begin(state: Path, *arguments: str) -> tuple[subprocess.Popen[str], str, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_dts.emulator", "--port", "0", "--state", str(state), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    greeting = ""
    while "admin-token" not in greeting:
        greeting += process.stdout.readline()
    url = re.search(r"http://\S+:\d+", greeting)
    key = re.search(r"--conn-login (\S+) --conn-password (\S+)", greeting)
    assert url, greeting
    assert key, greeting
    return process, url[0], f"{key[1]} {key[2]}"


def test_a_file_lasts_and_what_was_added_does_not(tmp_path: Path, kit: Any) -> None:
    state, file = tmp_path / "state", tmp_path / "faults.json"
    file.write_text(json.dumps({"kind": "server_error", "actions": "Describe*", "name": "lasts"}))
    for _ in range(2):
        process, url, key = begin(state, "--faults", str(file))
        try:
            admin = Admin(url, (state / "admin-token").read_text())
            rules = admin("GET")[1]["faults"]
            assert [(rule["name"], rule["lasting"], rule["struck"]) for rule in rules] == [("lasts", True, 0)]
            caller = kit.caller(url, type(kit.account)(*key.split()))
            assert caller.call("DescribeDtsJobs", Region="r").code == "ServiceUnavailable"
            assert admin("POST", body={"kind": "throttled", "name": "passes"})[0] == 201
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
    process, url, _ = begin(state)
    try:
        assert Admin(url, (state / "admin-token").read_text())("GET")[1]["faults"] == []
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
