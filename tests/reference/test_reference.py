from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_dts.api.actions import ACTIONS
from airflow_dts.cli import main
from airflow_dts.reference.sources import field_docs
from airflow_dts.reference.text import rows, samples, table
from tests.catalog.reading import ENTRIES, LEGACY, every_action

PAGE = Path(__file__).parents[2] / "docs" / "actions.md"


def test_the_page_holds_the_table_as_it_is_now() -> None:
    assert table() in PAGE.read_text(), f"run: airflow-dts actions, and put the table into {PAGE.name}"


def test_the_table_has_every_action_of_the_seed_once() -> None:
    assert sorted(row.action for row in rows()) == sorted(ENTRIES)
    assert {row.action for row in rows() if row.generation == "older"} == set(LEGACY)
    for row in rows():
        assert row.section == ENTRIES[row.action]["section"]


def test_an_action_is_beside_the_operator_that_sends_it() -> None:
    found = {row.action: row.operators for row in rows()}
    assert found["StopDtsJob"] == ("DtsStopJobOperator",)
    assert found["SkipPreCheck"] == ("DtsSkipPrecheckOperator",)
    assert found["StopMigrationJob"] == ("DtsStopJobOperator", "DtsStopJobsOperator")
    assert found["SwitchSynchronizationEndpoint"] == ()


@every_action
def test_one_action_is_told_completely(entry: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    name = entry["action"]
    assert main(["actions", name]) == 0
    told = capsys.readouterr().out
    for parameter in entry["request"]:
        assert parameter["name"] in told
    for rule in ACTIONS[name].rules:
        assert rule.text in told
    for text in field_docs(ACTIONS[name]).values():
        assert text.replace("``", "") in told
    for key, value in samples().get(name, {}).items():
        assert f"{key}={value}" in told


def test_the_samples_are_the_seeds_without_secrets() -> None:
    secrets = {
        (name, parameter["name"])
        for name, entry in ENTRIES.items()
        for parameter in entry["request"]
        if parameter.get("secret")
    }
    seeds = {
        name: {
            key: "********" if (name, key) in secrets else value
            for key, value in (entry["sample_request"] or {}).items()
            if key != "Action"
        }
        for name, entry in ENTRIES.items()
    }
    assert samples() == {name: sample for name, sample in seeds.items() if sample}


def test_a_typo_is_answered_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actions", "StopDtsJbo"]) == 2
    assert "did you mean StopDtsJob?" in capsys.readouterr().err


def test_a_name_is_found_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actions", "stopdtsjob"]) == 0
    assert capsys.readouterr().out.startswith("StopDtsJob: ")
