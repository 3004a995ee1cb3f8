from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.emulator.dataplane.mover_rig import Rig


class MakeRig(Protocol):
    def __call__(self, objects: dict[str, Any] | None = None, **options: Any) -> Rig: ...


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    made: list[Rig] = []

    def make(objects: dict[str, Any] | None = None, **options: Any) -> Rig:
        made.append(Rig(tmp_path / str(len(made)), objects, **options))
        return made[-1]

    yield make
    for rig in made:
        rig.source.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()
