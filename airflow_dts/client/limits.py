"""How fast calls may follow each other, so that sensors do not throttle the account they wait for.

=========================================================  ================================
calls                                                      at most, unless set otherwise
=========================================================  ================================
DescribeDtsJobs and the listings of the older API          20 a second (``list_rate``)
DescribeDtsJobDetail and whatever reads the status of one  40 a second (``detail_rate``)
all others                                                 no limit: they are few
=========================================================  ================================

The vendor limits both per account and region, so all clients of a process share one bucket for each endpoint,
AccessKey (or role) and region. Other processes are not known here, only felt: when the service throttles, the
rate is halved, and it comes back bit by bit.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dts.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from airflow_dts.client.settings import Settings

log = logging.getLogger(__name__)

LIST_RATE, DETAIL_RATE = 20.0, 40.0
"""Calls a second that the vendor publishes for an account in a region."""

_LISTINGS = frozenset(
    {
        "DescribeDtsJobs",
        "DescribeMigrationJobs",
        "DescribeSynchronizationJobs",
        "DescribeSubscriptionInstances",
    }
)
_BURST = 0.25
"""Seconds of unused calls that may be caught up on at once."""
_SLOWEST = 0.5
"""Calls a second that are left, however often the service throttles."""
_ONE_CUT = 1.0
"""Seconds within which all throttled calls count as one: they were on their way together."""
_LONGEST_PAUSE = 600.0
"""Seconds, whatever the service asks for: its clock or ours may be off by hours, and all jobs would wait."""
_RECOVERY = 120.0
"""Seconds in which the rate climbs from nothing to its full height."""


def is_listing(action: str) -> bool:
    return action in _LISTINGS


def is_detail(action: str) -> bool:
    return action == "DescribeDtsJobDetail" or (action.startswith("Describe") and action.endswith("Status"))


class Bucket:
    """Lets calls pass one after the other; threads may share it.

    Each caller is told once when its turn is and sleeps until then; nobody looks again and again.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,  # noqa: TID251 - injected by tests
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._most = self._rate = rate
        self._rated = clock()
        self._next = float("-inf")
        """When the next call may leave."""
        self._closed_until = float("-inf")
        """What the service asked for."""
        self._cut = float("-inf")

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        with self._lock:
            return self._recovered(self._clock())

    def allow(self, rate: float) -> None:
        """From now on at most ``rate`` calls a second."""
        with self._lock:
            if rate != self._most:
                self._most = self._rate = rate

    def take(self, action: str, patience: float) -> None:
        """Sleep until one more call may leave.

        :param patience: seconds; whoever would have to wait longer is turned away at once
        :raises Throttled: it was turned away; nothing was sent
        """
        turn = self._booked(action, patience)
        while (left := self._left(turn)) > 0:  # more than once only if the service asks for a pause meanwhile
            self._sleep(left)

    def throttled(self, action: str, retry_after: float | None) -> None:
        """The service has refused a call as one too many."""
        with self._lock:
            now = self._clock()
            rate = self._recovered(now)
            if retry_after:
                self._closed_until = max(self._closed_until, now + min(retry_after, _LONGEST_PAUSE))
            if now - self._cut < _ONE_CUT or rate <= self._slowest:
                return
            self._cut, self._rate, self._rated = now, max(self._slowest, rate / 2), now
            rate = self._rate
        log.warning("%s: throttled by the service; now at most %.3g such calls a second", action, rate)

    @property
    def _slowest(self) -> float:
        return min(_SLOWEST, self._most)

    def _recovered(self, now: float) -> float:
        self._rate = min(self._most, self._rate + (now - self._rated) * self._most / _RECOVERY)
        self._rated = now
        return self._rate

    def _booked(self, action: str, patience: float) -> float:
        """When this caller's turn is."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - _BURST, self._closed_until)
            wait = turn - now
            if wait <= patience:
                self._next = turn + 1 / self._recovered(now)
                return turn
        error = Throttled(
            action, "TooManyCalls", f"not sent, as its turn comes in {wait:.0f} s only: the limit is reached"
        )
        error.retry_after = wait
        raise error

    def _left(self, turn: float) -> float:
        with self._lock:
            return max(turn, self._closed_until) - self._clock()


@dataclass(frozen=True, slots=True)
class Pace:
    """What one client has to keep to."""

    listing: Bucket
    detail: Bucket
    patience: float
    """Seconds a call may wait for its turn."""

    def before_send(self, action: str) -> None:
        """Wait for the turn of a call.

        :raises Throttled: that would take longer than is allowed; nothing was sent
        """
        if bucket := self._of(action):
            bucket.take(action, self.patience)

    def throttled(self, action: str, retry_after: float | None) -> None:
        if bucket := self._of(action):
            bucket.throttled(action, retry_after)

    def _of(self, action: str) -> Bucket | None:
        if is_listing(action):
            return self.listing
        return self.detail if is_detail(action) else None


class Limits:
    """The buckets of a process."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,  # noqa: TID251 - injected by tests
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a process that was just forked: another thread may have held the lock."""
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, Bucket] = {}

    def pace(self, settings: Settings) -> Pace:
        """Whoever comes last sets the rates of a bucket, since they may have been corrected."""
        account = settings.sign_in or settings.access_key_id
        place = (settings.url, account, settings.region_id)
        return Pace(
            self._bucket((*place, "list"), settings.list_rate),
            self._bucket((*place, "detail"), settings.detail_rate),
            settings.retry_for,
        )

    def _bucket(self, key: Hashable, rate: float) -> Bucket:
        with self._lock:
            bucket = self._buckets.setdefault(key, Bucket(rate, clock=self._clock, sleep=self._sleep))
        bucket.allow(rate)
        return bucket


SHARED = Limits()
"""What clients use unless told otherwise."""
os.register_at_fork(after_in_child=SHARED.forget)
