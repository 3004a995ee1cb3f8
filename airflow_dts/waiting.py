"""The one wait loop, free of I/O, and its two drivers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from airflow_dts.conditions import Outcome, Verdict, Wait
from airflow_dts.errors import DtsError
from airflow_dts.job import JobSnapshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    Reading = JobSnapshot | DtsError
    Loop = Generator["Pause", Reading, Verdict]


class Pause(NamedTuple):
    """How long to sleep before the next reading, and what the last one came to."""

    seconds: float
    verdict: Verdict | None = None


def watch(wait: Wait, *, every: float, deadline: float, clock: Callable[[], float] = time.time) -> Loop:
    """Yield pauses, take readings, return the verdict.

    ``deadline`` is an instant of ``clock`` (Unix seconds), not a duration, so that a restarted triggerer
    goes on with the time that was left. A reading may be an error: a transient one is waited out, since
    a job does not suffer from calls that fail; any other is raised.
    """
    held_since: float | None = None
    seen = clock()
    pause = Pause(0.0)
    while True:
        reading = yield pause
        now, before = clock(), seen
        seen = now
        verdict = _judge(wait, reading, now)
        if now - before > 2 * pause.seconds + _UNSEEN:  # nobody looked for a while, so nothing was held
            held_since = None
        if verdict.outcome is Outcome.FAILED:
            return verdict
        if verdict.outcome is Outcome.MET:
            held_since = now if held_since is None else held_since
            if now - held_since >= wait.held_for:
                return verdict
            verdict = Verdict(
                Outcome.WAITING, f"{verdict.reason}, held for {now - held_since:.0f} of {wait.held_for:g} s"
            )
        else:
            held_since = None
        left = deadline - now
        if left <= 0:
            return Verdict(Outcome.TIMED_OUT, verdict.reason)
        pause = Pause(max(_SHORTEST, min(_interval(wait, every, held_since, now), left)), verdict)


_UNSEEN = 5.0
"""Seconds a reading may take, repeated calls and all, before it leaves a gap in a hold."""
_SHORTEST = 0.01
"""Seconds. A pause that rounding made smaller than the clock's resolution would spin for ever."""


def _judge(wait: Wait, reading: Reading, now: float) -> Verdict:
    if isinstance(reading, JobSnapshot):
        return wait.judge(reading, now)
    if not reading.transient:
        raise reading
    return Verdict(Outcome.WAITING, f"no reading: {reading}")


def _interval(wait: Wait, every: float, held_since: float | None, now: float) -> float:
    """While the condition is being held, look more often: a peak between two readings would go unseen."""
    if held_since is None:
        return every
    return min(every, max(1.0, wait.held_for / 6), max(0.0, held_since + wait.held_for - now))


def drive(
    loop: Loop,
    read: Callable[[], JobSnapshot],
    *,
    tell: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    pause = next(loop)
    while True:
        sleep(pause.seconds)
        try:
            reading: Reading = read()
        except DtsError as error:
            reading = error
        try:
            pause = loop.send(reading)
        except StopIteration as end:
            return _conclude(end, tell)
        _report(pause, tell)


async def drive_async(
    loop: Loop,
    read: Callable[[], Awaitable[JobSnapshot]],
    *,
    tell: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Verdict:
    pause = next(loop)
    while True:
        await sleep(pause.seconds)
        try:
            reading: Reading = await read()
        except DtsError as error:
            reading = error
        try:
            pause = loop.send(reading)
        except StopIteration as end:
            return _conclude(end, tell)
        _report(pause, tell)


def _report(pause: Pause, tell: Callable[[str], None]) -> None:
    if pause.verdict:
        tell(pause.verdict.reason)


def _conclude(end: StopIteration, tell: Callable[[str], None]) -> Verdict:
    verdict: Verdict = end.value
    tell(f"{verdict.outcome.value.replace('_', ' ')}: {verdict.reason}")
    return verdict
