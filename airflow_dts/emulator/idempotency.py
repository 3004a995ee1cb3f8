"""ClientToken: a call that is sent again is served once, and a token stands for one request only."""

from __future__ import annotations

import hashlib
from typing import Any

from airflow_dts.api._base import Action
from airflow_dts.api._fields import compact
from airflow_dts.api.form import to_parameters
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.refusals import invalid
from airflow_dts.emulator.state import Store

_TOKENS_KEPT = 100


def whole(action: Action[Any]) -> str:
    """A request as text, all of it but its token."""
    asked = {name: value for name, value in to_parameters(action).items() if name != "ClientToken"}
    return compact({"Action": action.action_name(), **asked})


def repeated(job: Job, token: str | None, request: str) -> bool:
    """Whether this very request was served before. Raises Refusal: the token served another one."""
    if token is None:
        return False
    print_ = _print(request)
    known = job.tokens.get(token)
    _check(known, print_)
    job.tokens[token] = print_
    while len(job.tokens) > _TOKENS_KEPT:
        del job.tokens[next(iter(job.tokens))]
    return known is not None


def bought(store: Store, token: str | None, request: str) -> str:
    """The instance this very request has bought; empty when there is none. Raises Refusal as `repeated`."""
    purchase = store.purchase(token) if token else None
    if purchase is None:
        return ""
    _check(purchase.request, _print(request))
    return purchase.instance_id


def remember(store: Store, token: str | None, request: str, instance_id: str) -> None:
    """From now on the same call buys nothing, also when the instance is long released."""
    if token:
        store.keep_purchase(token, _print(request), instance_id)


def _print(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()


def _check(known: str | None, print_: str) -> None:
    if known not in (None, print_):
        raise invalid("ClientToken", "it was used for another request; make a new one for each intention.")
