"""What importing an operator, sensor, trigger or hook module costs a DAG file.

Run ``python tests/benchmarks/bench_imports.py [--runs N] [--only WORD]``. Every module under
``airflow_dts.operators``, ``sensors``, ``triggers`` and ``hooks`` is imported in fresh processes, after what
any DAG file imports (``from airflow.sdk import DAG, BaseOperator, BaseSensorOperator``; their older homes on
Airflow 2). That import is 1; printed is the median CPU time of the module beyond it, as a part of it.
Amazon's DMS operators, where installed, stand beside it for comparison.

Aim: at most 0.02 (DMS: 0.17).
"""

from __future__ import annotations

import argparse
import importlib.util
import pkgutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("operators", "sensors", "triggers", "hooks")
PEER = "airflow.providers.amazon.aws.operators.dms"

PROBE = """
import importlib, sys, time
try:
    from airflow.sdk import DAG, BaseOperator, BaseSensorOperator
except ImportError:
    from airflow import DAG
    from airflow.models import BaseOperator
    from airflow.sensors.base import BaseSensorOperator
base = time.process_time()
if len(sys.argv) > 1:
    importlib.import_module(sys.argv[1])
print(base, time.process_time() - base)
"""


def modules() -> list[str]:
    """What there is to import, without packages; private modules come with those that use them."""
    found = []
    for package in PACKAGES:
        folder = ROOT / "airflow_dts" / package
        found += [f"airflow_dts.{package}.{module.name}" for module in pkgutil.iter_modules([str(folder)])]
    return sorted(name for name in found if not name.rpartition(".")[2].startswith("_"))


def peers() -> list[str]:
    try:
        return [PEER] if importlib.util.find_spec(PEER) else []
    except ModuleNotFoundError:
        return []


def cost(module: str) -> tuple[float, float]:
    """CPU seconds in a fresh process: of the base, and of the module beyond it."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, module], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{module} cannot be imported:\n{done.stderr[-2000:]}")
    base, beyond = map(float, done.stdout.split()[-2:])
    return base, beyond


def measure(names: list[str], runs: int) -> tuple[float, dict[str, float]]:
    """Median seconds of the base, and of each module beyond it; runs are interleaved."""
    bases: list[float] = []
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            base, beyond = cost(name)
            bases.append(base)
            taken[name].append(beyond)
    return statistics.median(bases), {name: statistics.median(row) for name, row in taken.items()}


def table(base: float, found: dict[str, float]) -> str:
    lines = [f"{'import':<52}{'CPU ms':>9}{'x base':>9}", f"{'base':<52}{base * 1e3:>9.1f}{1:>9.3f}"]
    lines += [f"{name:<52}{seconds * 1e3:>9.1f}{seconds / base:>+9.3f}" for name, seconds in found.items()]
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", default="", help="only modules whose name holds this word")
    given = options.parse_args()
    names = [name for name in modules() + peers() if given.only in name]
    if not names:
        raise SystemExit(f"no module's name holds {given.only!r}")
    print(table(*measure(names, given.runs)))


if __name__ == "__main__":
    main()
