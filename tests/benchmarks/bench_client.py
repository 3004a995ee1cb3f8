"""What a call costs: this package's client beside bare ``requests`` and both SDKs of the vendor.

Run ``python tests/benchmarks/bench_client.py [--rounds N] [--calls N]``. It prints, for one job in detail and
for a page of 100 jobs (about 360 kB), the CPU time of a call in microseconds and its ratio to the floor.

The floor is a bare ``requests.Session``: POST with keep-alive, unsigned, then ``json.loads``. All four read
the same fields of the same replies: of the detail status, delay and checkpoint; of each job on the page these
and the status of its four phases. The server runs in another process, so its time does not count. Rounds are
interleaved and medians taken, so that a busy machine spoils all alike; only ratios carry over to another one.

Aims: detail at most 1.10, page at most 1.15, and cheaper than both SDKs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parents[1] / "catalog" / "current.json"
ROOT = Path(__file__).parents[2]
JOBS = 100
FLOOR = "requests, bare"
OURS = "airflow_dts"
SDK = "alibabacloud_dts20200101"
CORE = "aliyun-python-sdk-core"
PHASES = (
    "PrecheckStatus",
    "StructureInitializationStatus",
    "DataInitializationStatus",
    "DataSynchronizationStatus",
)

Call = Callable[[], object]


def replies() -> dict[str, bytes]:
    """The guide's samples; the page repeats its one job."""
    rows = json.loads(CATALOG.read_text())["actions"]
    samples = {row["action"]: row["sample_response_json"] for row in rows}
    page = samples["DescribeDtsJobs"]
    page["DtsJobList"] = [{**page["DtsJobList"][0], "DtsJobId": f"job{n:03}"} for n in range(JOBS)]
    page["TotalRecordCount"] = page["PageRecordCount"] = JOBS
    return {
        name: json.dumps(samples[name], ensure_ascii=False, separators=(",", ":")).encode()
        for name in ("DescribeDtsJobs", "DescribeDtsJobDetail")
    }


# --- the server, in a process of its own -------------------------------------------------------------------


async def serve() -> None:
    """Answer by action, wherever in the request it stands; print the port and run until killed."""
    answers = {
        name.encode(): b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
        for name, body in replies().items()
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            request = head + await reader.readexactly(int(length[1]) if length else 0)
            action = re.search(rb"[?&\n]Action=(\w+)", request) or re.search(
                rb"x-acs-action: *(\w+)", request
            )
            writer.write(answers[action[1] if action else b""])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def server() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


# --- the four callers ---------------------------------------------------------------------------------------


def floor(port: int) -> dict[str, Call]:
    import requests

    session, url = requests.Session(), f"http://127.0.0.1:{port}/"

    def ask(parameters: dict[str, str]) -> Any:
        return json.loads(session.post(url, data=parameters).content)

    detail_form = {"Action": "DescribeDtsJobDetail", "Version": "2020-01-01", "DtsJobId": "job1"}
    page_form = {
        "Action": "DescribeDtsJobs",
        "Version": "2020-01-01",
        "Region": "cn-hangzhou",
        "JobType": "SYNC",
        "PageSize": "100",
    }
    return {
        "detail": lambda: _fields(ask(detail_form)),
        "page": lambda: [_fields_and_phases(job) for job in ask(page_form)["DtsJobList"]],
    }


def core(port: int) -> dict[str, Call]:
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.request import CommonRequest

    client = AcsClient("testid", "testsecret", "cn-hangzhou")

    def ask(action: str, **parameters: str) -> Any:
        request = CommonRequest()
        request.set_domain(f"127.0.0.1:{port}")
        request.set_version("2020-01-01")
        request.set_action_name(action)
        request.set_method("POST")
        request.set_protocol_type("http")
        request.set_accept_format("json")
        for name, value in parameters.items():
            request.add_body_params(name, value)
        return json.loads(client.do_action_with_exception(request))

    return {
        "detail": lambda: _fields(ask("DescribeDtsJobDetail", DtsJobId="job1")),
        "page": lambda: [
            _fields_and_phases(job)
            for job in ask("DescribeDtsJobs", Region="cn-hangzhou", JobType="SYNC", PageSize="100")[
                "DtsJobList"
            ]
        ],
    }


def sdk(port: int) -> dict[str, Call]:
    from alibabacloud_dts20200101 import models
    from alibabacloud_dts20200101.client import Client
    from alibabacloud_tea_openapi.utils_models import Config

    client = Client(
        Config(
            access_key_id="testid",
            access_key_secret="testsecret",
            region_id="cn-hangzhou",
            endpoint=f"127.0.0.1:{port}",
            protocol="http",
            signature_algorithm="v2",
        )
    )

    def page() -> object:
        request = models.DescribeDtsJobsRequest(region="cn-hangzhou", job_type="SYNC", page_size=100)
        return [
            (
                job.status,
                job.delay,
                job.checkpoint,
                job.precheck_status.status,
                job.structure_initialization_status.status,
                job.data_initialization_status.status,
                job.data_synchronization_status.status,
            )
            for job in client.describe_dts_jobs(request).body.dts_job_list
        ]

    def detail() -> object:
        body = client.describe_dts_job_detail(models.DescribeDtsJobDetailRequest(dts_job_id="job1")).body
        return body.status, body.delay, body.checkpoint

    return {"detail": detail, "page": page}


def ours(port: int) -> dict[str, Call]:
    from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
    from airflow_dts.client.client import DtsClient
    from airflow_dts.client.settings import Settings

    client = DtsClient(
        Settings(
            "testid",
            "testsecret",
            "cn-hangzhou",
            endpoint=f"127.0.0.1:{port}",
            protocol="http",
            detail_rate=1000,  # or the account's limits are what is measured
            list_rate=1000,
        )
    )

    def detail() -> object:
        reply = client.call(DescribeDtsJobDetail(dts_job_id="job1"))
        return reply.status, reply.delay, reply.checkpoint

    def page() -> object:
        action = DescribeDtsJobs(region="cn-hangzhou", job_type="SYNC", page_size=100)
        return [
            (
                job.status,
                job.delay,
                job.checkpoint,
                job.precheck_status.status,
                job.structure_initialization_status.status,
                job.data_initialization_status.status,
                job.data_synchronization_status.status,
            )
            for job in client.call(action).dts_job_list
        ]

    return {"detail": detail, "page": page}


CALLERS: dict[str, Callable[[int], dict[str, Call]]] = {FLOOR: floor, OURS: ours, SDK: sdk, CORE: core}


def _fields(job: Any) -> tuple[Any, ...]:
    return job.get("Status"), job.get("Delay"), job.get("Checkpoint")


def _fields_and_phases(job: Any) -> tuple[Any, ...]:
    return (*_fields(job), *((job.get(phase) or {}).get("Status", "") for phase in PHASES))


# --- measuring ----------------------------------------------------------------------------------------------


def check_alike(callers: dict[str, dict[str, Call]]) -> None:
    """All of them read the same, or the comparison is worth nothing."""
    for what in ("detail", "page"):
        said = {name: _plain(calls[what]()) for name, calls in callers.items()}
        assert len(set(said.values())) == 1, said


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else str(value)


def measure(port: int, rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """CPU microseconds per call by what is called and who calls."""
    callers = {name: make(port) for name, make in CALLERS.items()}
    check_alike(callers)
    times: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in callers} for what in ("detail", "page")
    }
    for _ in range(rounds):
        for what, turns in (("detail", calls), ("page", max(1, calls // 5))):
            for name, made in callers.items():
                call = made[what]
                started = time.process_time()
                for _ in range(turns):
                    call()
                times[what][name].append((time.process_time() - started) / turns * 1e6)
    return {
        what: {name: statistics.median(taken) for name, taken in rows.items()} for what, rows in times.items()
    }


def table(found: dict[str, dict[str, float]]) -> str:
    lines = [f"{'CPU per call':<28}{'detail us':>12}{'x floor':>9}{'page us':>12}{'x floor':>9}"]
    for name in CALLERS:
        cells = "".join(f"{found[w][name]:>12.0f}{found[w][name] / found[w][FLOOR]:>9.2f}" for w in found)
        lines.append(f"{name:<28}{cells}")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--calls", type=int, default=100, help="calls a round; a fifth of them for the page")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    sys.path.insert(0, str(ROOT))
    with server() as port:
        print(table(measure(port, given.rounds, given.calls)))


if __name__ == "__main__":
    main()
