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
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_dts.emulator.faults import BadScript, Faults, parse_script
from airflow_dts.emulator.faults.delivery import Hindered, HinderedResponse
from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.knock import Knock, wants_json
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


def create_app(
    service: Service, store: Store, progress: ProgressBook, faults: Faults, admin_token: str
) -> Starlette:
    """The ASGI application.

    :param admin_token: opens ``/_emulator/ledger``, ``/_emulator/jobs`` and ``/_emulator/faults``, as a
        bearer token from loopback.
    """
    admin = _Admin(store, progress, faults, admin_token)

    async def call(request: Request) -> Response:
        try:
            knock = await _knock(request)
        except Refusal as no:
            return _refused(request, no)
        except ClientDisconnect:
            return Response()  # nobody gets it
        return _response(await run_in_threadpool(service.answer, knock, _host(request)))

    def wrong_method(request: Request, _error: Exception) -> Response:
        return _refused(
            request,
            gateway("UnsupportedHTTPMethod", "This http method is not supported: use GET or POST.", 405),
        )

    return Starlette(
        exception_handlers={405: wrong_method},
        routes=[
            Route("/_emulator/ledger", admin.ledger, methods=["GET"]),
            Route("/_emulator/jobs", admin.jobs, methods=["GET"]),
            Route("/_emulator/faults", admin.faults, methods=["GET"]),
            Route("/_emulator/faults", admin.add_faults, methods=["POST"]),
            Route("/_emulator/faults", admin.clear_faults, methods=["DELETE"]),
            Route("/_emulator/faults/{name}", admin.remove_fault, methods=["DELETE"]),
            Route("/{path:path}", call, methods=["GET", "POST"]),
        ],
    )


def _new_id() -> str:
    return str(uuid.uuid4()).upper()


def _host(request: Request) -> str:
    return request.headers.get("host", "")[:255]


def _response(answer: Answer) -> Response:
    if isinstance(answer, Hindered):
        return HinderedResponse(answer)
    return Response(answer.body, answer.status, media_type=answer.media_type)


def _refused(request: Request, no: Refusal) -> Response:
    """A refusal of what is no call, in the format that its query or its headers ask for."""
    asked = request.scope["query_string"][:LARGEST_QUERY].decode("latin-1")
    as_json = wants_json(_headers(request), dict(parse_qsl(asked)))
    return _response(refused(None, no, _new_id(), _host(request), as_json=as_json))


async def _knock(request: Request) -> Knock:
    """Raises Refusal: too large, no form, or a name given twice."""
    query = request.scope["query_string"]
    if len(query) > LARGEST_QUERY:
        raise gateway(
            "RequestTooLarge", f"The query is longer than {LARGEST_QUERY} bytes: use the form body.", 414
        )
    in_query, body = _once(_pairs(query)), await _body(request)
    return Knock(
        request.method,
        _once([*in_query.items(), *_pairs(body)]),
        request.scope["raw_path"].decode("ascii"),
        _headers(request),
        in_query,
        body,
    )


def _headers(request: Request) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in request.scope["headers"]:
        found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ",".join(sorted(values)) for name, values in found.items()}


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Raises Refusal: a name came twice."""
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
    """For whoever runs the emulator: what was called and bought, where the jobs stand, what goes wrong."""

    def __init__(self, store: Store, progress: ProgressBook, faults: Faults, token: str) -> None:
        self._store = store
        self._progress = progress
        self._faults = faults
        self._token = token

    def ledger(self, request: Request) -> Response:
        """Calls, purchases and injected faults; ``?after=SEQ`` leaves out what was seen.

        A call that a fault struck has the fault's kind as ``injected``.
        """
        if not self._allowed(request):
            return _forbidden()
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit()) or len(after) > 18:
            return JSONResponse({"error": "after: give a sequence number"}, 400)
        calls, faults = (self._store.events(kind, int(after)) for kind in ("call", "fault"))
        injected = {event.request_id: {"injected": event.code} for event in faults if event.request_id}
        return JSONResponse(
            {
                "calls": [asdict(event) | injected.get(event.request_id, {}) for event in calls],
                "purchases": [asdict(event) for event in self._store.events("purchase", int(after))],
                "faults": [asdict(event) for event in faults],
                "by_action": dict(Counter(event.action for event in calls)),
            }
        )

    def jobs(self, request: Request) -> Response:
        """Every job of every region, with the mover's own report."""
        if not self._allowed(request):
            return _forbidden()
        return JSONResponse({"jobs": [self._job(job) for job in self._store.every_job()]})

    def faults(self, request: Request) -> Response:
        """The rules in force, with what each has seen and struck."""
        if not self._allowed(request):
            return _forbidden()
        return JSONResponse({"faults": self._faults.describe()})

    async def add_faults(self, request: Request) -> Response:
        """Put rules into force, for as long as this emulator lives: a script in JSON, or one rule."""
        if not self._allowed(request):
            return _forbidden()
        try:
            script = parse_script(await _body(request))
            names = self._faults.add(*script.faults, seed=script.seed)
        except (Refusal, BadScript, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"added": names}, 201)

    def clear_faults(self, request: Request) -> Response:
        """From now on nothing goes wrong any more."""
        if not self._allowed(request):
            return _forbidden()
        self._faults.clear()
        return JSONResponse({"faults": []})

    def remove_fault(self, request: Request) -> Response:
        """Remove one rule by its name."""
        if not self._allowed(request):
            return _forbidden()
        name = request.path_params["name"]
        if not self._faults.remove(name):
            return JSONResponse({"error": f"there is no rule {name}"}, 404)
        return JSONResponse({"removed": name})

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
