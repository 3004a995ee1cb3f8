"""Which calls are sent again, when, and how often.

=======================================  ==========================  =======================================
what happened                            a reading call              a call that changes something
=======================================  ==========================  =======================================
``Unreachable``, ``Throttled``           sent again                  sent again: the service did not act
``NoReply``, ``BadReply``, a 5xx         sent again                  only with a ``ClientToken``
``Busy``                                 left to the caller, who waits for the job instead
anything else                            not sent again              not sent again
=======================================  ==========================  =======================================

Where an action that changes something takes a ``ClientToken``, the client gives it one. An expired key is
no matter of patience: the client renews it and sends the call once more.

Pauses grow exponentially with full jitter, so that many tasks do not return at the same instant; a pause the
service asks for (``Retry-After``) is kept.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, wait_random, wait_random_exponential

from airflow_dts.errors import ApiError, Busy, CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dts.client.orders import Order

log = logging.getLogger(__name__)

_GROWING = wait_random_exponential(multiplier=0.5, max=20)
"""Seconds: at most 0.5, 1, 2, 4, ... 20."""
_SPREAD = wait_random(0, 1)
"""Seconds on top of ``Retry-After``: everybody was told the same."""


def worth_resending(order: Order[Any], error: BaseException | None) -> bool:
    """Whether sending the same call again is safe and may help."""
    if not isinstance(error, CallError) or isinstance(error, Busy):
        return False
    return error.transient and (order.repeatable or not error.maybe_acted)


def retrying(*, attempts: int, within: float, sleep: Callable[[float], None]) -> Retrying:
    """Runs ``function(order)`` until it succeeds, fails for good, or patience ends; threads may share it.

    :param within: seconds from the first sending after which none follows.
    """

    def fails_for_a_while(state: RetryCallState) -> bool:
        return worth_resending(state.args[0], _error_of(state))

    def patience_ends(state: RetryCallState) -> bool:
        passed = max(state.seconds_since_start or 0.0, state.idle_for)
        return state.attempt_number >= attempts or passed + state.upcoming_sleep > within

    return Retrying(
        sleep=sleep,
        wait=_pause,
        stop=patience_ends,
        retry=fails_for_a_while,
        before_sleep=_tell,
        reraise=True,
    )


def _pause(state: RetryCallState) -> float:
    asked = getattr(_error_of(state), "retry_after", None)
    return _GROWING(state) if asked is None else asked + _SPREAD(state)


def _tell(state: RetryCallState) -> None:
    error = _error_of(state)
    log.warning(
        "%s: %s in attempt %d; sent again in %.1f s",
        state.args[0].action,
        error.code if isinstance(error, ApiError) else type(error).__name__,
        state.attempt_number,
        state.upcoming_sleep,
    )


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
