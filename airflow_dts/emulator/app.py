"""Bytes in, bytes out: the HTTP side of the service, and two pages for whoever runs it."""

from __future__ import annotations

import hmac
import ipaddress
import uuid
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_dts.emulator.gate import Knock
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.movers import ProgressBook
from airflow_dts.emulator.refusals import Refusal, gateway, invalid
from airflow_dts.emulator.service import Service
from airflow_dts.emulator.state import Store
from airflow_dts.emulator.wire import Answer, refused

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. An object list of 1 MB, percent-encoded, fits."""
LARGEST_QUERY = 64 * 1024
_MOST_PARAMETERS = 500


def create_app(service: Service, store: Store, progress: ProgressBook, admin_token: str) -> Starlette:
    """The ASGI application.

    :param admin_token: opens ``/_emulator/ledger`` and ``/_emulator/jobs``, as a bearer token from loopback.
    """
    admin = _Admin(store, progress, admin_token)

    async def call(request: Request) -> Response:
        try:
            _check_generation(request)
            knock = Knock(request.method, await _parameters(request))
        except Refusal as no:
            return _response(refused(None, no, _new_id(), _host(request), as_json=False))
        return _response(await run_in_threadpool(service.answer, knock, _host(request)))

    def wrong_method(request: Request, _error: Exception) -> Response:
        no = gateway("UnsupportedHTTPMethod", "This http method is not supported: use GET or POST.", 405)
        return _response(refused(None, no, _new_id(), _host(request), as_json=False))

    return Starlette(
        exception_handlers={405: wrong_method},
        routes=[
            Route("/_emulator/ledger", admin.ledger, methods=["GET"]),
            Route("/_emulator/jobs", admin.jobs, methods=["GET"]),
            Route("/{path:path}", call, methods=["GET", "POST"]),
        ],
    )


def _new_id() -> str:
    return str(uuid.uuid4()).upper()


def _host(request: Request) -> str:
    return request.headers.get("host", "")[:255]


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media_type)


def _check_generation(request: Request) -> None:
    """Refuse the newer signature in words: its calls have no public parameters, so all would seem missing."""
    if request.headers.get("authorization", "").startswith("ACS3-"):
        raise gateway(
            "IncompleteSignature",
            "Signatures in headers (ACS3-HMAC-SHA256) are not emulated yet: sign with HMAC-SHA1, "
            'in the SDK by signature_algorithm="v2".',
        )


async def _parameters(request: Request) -> dict[str, str]:
    """Query and form body together; a name may come once. Raises Refusal."""
    query = request.scope["query_string"]
    if len(query) > LARGEST_QUERY:
        raise gateway(
            "RequestTooLarge", f"The query is longer than {LARGEST_QUERY} bytes: use the form body.", 414
        )
    pairs = _pairs(query) + _pairs(await _body(request))
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise invalid(name[:100], "it was given twice.")
        found[name] = value
    return found


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise gateway("RequestTooLarge", f"The request body is longer than {LARGEST_BODY} bytes.", 413)
    return bytes(body)


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise gateway(
            "InvalidParameter", f"The request is no form of at most {_MOST_PARAMETERS} UTF-8 parameters."
        ) from None


class _Admin:
    """For whoever runs the emulator: what was called and bought, and where the jobs stand."""

    def __init__(self, store: Store, progress: ProgressBook, token: str) -> None:
        self._store = store
        self._progress = progress
        self._token = token

    def ledger(self, request: Request) -> Response:
        """Calls and purchases; ``?after=SEQ`` leaves out what was seen."""
        if not self._allowed(request):
            return _forbidden()
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit()) or len(after) > 18:
            return JSONResponse({"error": "after: give a sequence number"}, 400)
        calls = self._store.events("call", int(after))
        return JSONResponse(
            {
                "calls": [asdict(event) for event in calls],
                "purchases": [asdict(event) for event in self._store.events("purchase", int(after))],
                "by_action": dict(Counter(event.action for event in calls)),
            }
        )

    def jobs(self, request: Request) -> Response:
        """Every job of every region, with the mover's own report."""
        if not self._allowed(request):
            return _forbidden()
        return JSONResponse({"jobs": [self._job(job) for job in self._store.every_job()]})

    def _job(self, job: Job) -> dict[str, Any]:
        return {
            "id": job.id,
            "instance_id": job.instance_id,
            "name": job.name,
            "region": job.region,
            "type": job.type,
            "status": job.status,
            "goal": job.goal,
            "error": job.error,
            "objects": job.objects,
            "progress": asdict(self._progress.read(job.id)),
        }

    def _allowed(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return _from_loopback(request) and hmac.compare_digest(
            given.encode(), f"Bearer {self._token}".encode()
        )


def _from_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _forbidden() -> Response:
    return JSONResponse(
        {"error": "send the admin token as Authorization: Bearer ..., from this machine"}, 403
    )
