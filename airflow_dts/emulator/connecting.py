"""Tests whether databases can be reached, before any job needs them (seed 6.5.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_dts.emulator import dataplane
from airflow_dts.emulator.jobs import Side
from airflow_dts.emulator.patience import TooSlow, within
from airflow_dts.emulator.specs import Unbound, url_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the tests of one end, each of which needs the one before.

    :param known: the name of the end leads somewhere.
    :param answers: there is a server.
    :param opens: its databases can be used.
    :param advice: why not, and what to do.
    """

    known: bool = True
    answers: bool = True
    opens: bool = True
    advice: str = ""


def attempt(side: str, end: Side, bindings: Mapping[str, str], database: str = "") -> Verdict:
    """Try one end.

    :param side: ``source`` or ``destination``; the destination has to be writable.
    :param database: one that has to be there.
    """
    try:
        url = url_of(side, end, bindings)
    except Unbound as missing:
        return Verdict(known=False, answers=False, opens=False, advice=str(missing))
    try:
        reached = within(lambda: dataplane.reach(url, writable=side == "destination", database=database))
    except TooSlow as late:
        return Verdict(opens=False, advice=f"The {side} does not open: {late}.")
    if reached.server:
        return Verdict(answers=False, opens=False, advice=f"The {side} cannot be reached: {reached.server}.")
    if reached.database:
        return Verdict(opens=False, advice=f"The {side} does not open: {reached.database}.")
    return Verdict()
