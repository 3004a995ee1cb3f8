"""Both of the vendor's SDKs drive every action they know, and understand every field of every reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.reading import ENTRIES
from tests.sdk.callers import Caller, NewerSdk, OlderSdk, token_credential
from tests.sdk.run import Run
from tests.sdk.scenario import play, refusals
from tests.sdk.stage import staged

pytestmark = [pytest.mark.sdk, pytest.mark.slow]

WAYS: dict[str, Callable[[Any], Caller]] = {
    "newer SDK, ACS3-HMAC-SHA256": NewerSdk,
    "newer SDK, HMAC-SHA1": lambda stage: NewerSdk(stage, signature_algorithm="v2"),
    "older SDK, JSON": OlderSdk,
    "older SDK, XML, temporary key": lambda stage: OlderSdk(
        stage, form="XML", credential=token_credential(stage)
    ),
}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("way", WAYS)
def test_every_action(way: str, tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        run = Run(WAYS[way](stage))
        try:
            play(run, stage)
        finally:
            print(f"\n{way}", *run.calls, sep="\n")
        last = {call.action: call.parameters for call in run.calls}
        refused = [fault for action in last for fault in refusals(run.caller, action, last[action])]
    often = Counter(call.action for call in run.calls)
    print(f"{len(run.calls)} calls of {len(often)} actions, {sum(call.fields for call in run.calls)} fields")
    assert set(often) == set(ENTRIES), "an action was left out"
    assert not run.faults
    assert not refused
