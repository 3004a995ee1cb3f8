"""What goes wrong on purpose: rehearse a cutover under failures.

A rule is data: what happens, to which calls or jobs, and how often. Rules come from a file
(``airflow-dts emulator --faults FILE``), from Python (``EmulatorServer(..., faults=[...])``,
``emulator.faults.add(...)``) or over the admin page ``/_emulator/faults``. All kinds, with an example, are in
``docs/faults.md``::

    emulator.faults.add(Reset(actions="CreateDtsInstance", nth=1, acted=True))  # a lost reply
    emulator.faults.add(Throttled(actions="Describe*", probability=0.05), seed=7)
    emulator.faults.add(PrecheckFails(item="CHECK_SRC", times=2))

A call is checked as ever before a rule sees it, so that one the service would have refused counts for none.
Chance is drawn from the seed, the rule's name and how many calls the rule has seen: with the same seed and
the same order of calls, the same calls are struck.
"""

from __future__ import annotations

from airflow_dts.emulator.faults.book import Faults, Standing
from airflow_dts.emulator.faults.calls import (
    CallFault,
    ExpiredToken,
    ProxyPage,
    Reset,
    ServerError,
    Slow,
    Throttled,
    Truncated,
    mixed,
)
from airflow_dts.emulator.faults.jobs import (
    Delay,
    FullLoadFails,
    JobFault,
    Locked,
    PrecheckFails,
    Retrying,
    StaleAfterReset,
)
from airflow_dts.emulator.faults.scripts import BadScript, Fault, Script, parse_script, read_script

__all__ = [
    "BadScript",
    "CallFault",
    "Delay",
    "ExpiredToken",
    "Fault",
    "Faults",
    "FullLoadFails",
    "JobFault",
    "Locked",
    "PrecheckFails",
    "ProxyPage",
    "Reset",
    "Retrying",
    "Script",
    "ServerError",
    "Slow",
    "StaleAfterReset",
    "Standing",
    "Throttled",
    "Truncated",
    "mixed",
    "parse_script",
    "read_script",
]
