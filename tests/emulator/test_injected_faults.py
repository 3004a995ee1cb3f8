"""Calls that go wrong on purpose, seen by our own client and by the ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_dts import errors
from airflow_dts.api.instances import CreateDtsInstance
from airflow_dts.api.jobs import StopDtsJob
from airflow_dts.api.readings import DescribeDtsJobDetail, DescribeDtsJobs
from airflow_dts.api.sts import AssumeRole
from airflow_dts.client.client import DtsClient
from airflow_dts.client.credentials import AssumedRole
from airflow_dts.client.settings import Settings
from airflow_dts.emulator import state
from airflow_dts.emulator.faults import (
    CallFault,
    ExpiredToken,
    Faults,
    ProxyPage,
    Reset,
    Script,
    ServerError,
    Slow,
    Throttled,
    Truncated,
    mixed,
)
from airflow_dts.emulator.knock import Knock
from airflow_dts.emulator.options import Account
from airflow_dts.emulator.server import EmulatorServer

CALLER = Account("LTAIcaller", "a-secret")
PURCHASE = CreateDtsInstance(
    type="MIGRATION",
    pay_type="PostPaid",
    instance_class="small",
    source_region="cn-hangzhou",
    destination_region="cn-hangzhou",
    source_endpoint_engine_name="MySQL",
    destination_endpoint_engine_name="MySQL",
)
READ = DescribeDtsJobs(region="cn-hangzhou")


class Watched:
    """A client, what became of each of its sendings, and how long it paused."""

    def __init__(self, server: Any, **changes: Any) -> None:
        self.outcomes: list[str] = []
        self.pauses: list[float] = []
        account = server.accounts[0]
        settings = Settings(
            **{
                "access_key_id": account.access_key_id,
                "access_key_secret": account.secret,
                "region_id": "cn-hangzhou",
                "endpoint": server.url,
                "sts_endpoint": server.url,
                "read_timeout": 10,
                **changes,
            }
        )
        self.client = DtsClient(
            settings, on_call=lambda record: self.outcomes.append(record.outcome), sleep=self.pauses.append
        )

    def call(self, action: Any) -> Any:
        return self.client.call(action)


@pytest.fixture
def serve(make_emulator: Any) -> Callable[..., Any]:
    """An emulator in which these faults happen."""
    return lambda *faults: make_emulator(faults=faults, accounts=[CALLER])


@pytest.fixture
def client_of() -> Iterator[Callable[..., Watched]]:
    with ExitStack() as stack:

        def make(server: Any, **changes: Any) -> Watched:
            made = Watched(server, **changes)
            stack.callback(made.client.close)
            return made

        yield make


def lines(server: Any) -> list[tuple[str, str]]:
    """Calls of the ledger with what was injected, as its page shows them."""
    injected = {event.request_id: event.code for event in server._store.events("fault")}
    return [(event.code, injected.get(event.request_id, "")) for event in server._store.events("call")]


EVERY_KIND = [
    (Throttled(), errors.Throttled, "Throttling.User"),
    (ServerError(), errors.ServiceFault, "ServiceUnavailable"),
    (ServerError(acted=True), errors.ServiceFault, "OK"),
    (ServerError(code="InternalError"), errors.ServiceFault, "InternalError"),
    (ServerError(code="InternalError", acted=True), errors.ServiceFault, "OK"),
    (Reset(), errors.NoReply, "Fault.reset"),
    (Reset(acted=True), errors.NoReply, "OK"),
    (Truncated(), errors.NoReply, "OK"),
    (Truncated(length="cut"), errors.BadReply, "OK"),
    (ProxyPage(), errors.ServiceFault, "Fault.proxy_page"),
    (ProxyPage(status=200, acted=True), errors.BadReply, "OK"),
    (ExpiredToken(), errors.CredentialsExpired, "InvalidSecurityToken.Expired"),
]


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(("fault", "error", "code"), EVERY_KIND)
def test_a_purchase_is_counted_once_whatever_its_caller_is_told(
    serve: Any,
    client_of: Any,
    caplog: pytest.LogCaptureFixture,
    fault: CallFault,
    error: type[errors.CallError],
    code: str,
    form: str,
) -> None:
    server = serve(fault)
    shop = client_of(server, attempts=1, format=form)
    with caplog.at_level(logging.ERROR), pytest.raises(errors.CallError) as told:
        shop.call(PURCHASE)
    assert type(told.value) is error
    assert lines(server) == [(code, fault.kind)]
    purchases = server._store.events("purchase")
    assert [event.job for event in purchases] == [job.id for job in server._store.every_job()]
    assert len(purchases) == (code == "OK") == fault.acted
    assert told.value.maybe_acted or not purchases, "whoever bought has to be told that they may have"
    server.faults.clear()
    assert shop.call(READ).total_record_count == len(purchases), "the next call is well again"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(("fault", "error", "code"), EVERY_KIND[:-1])
def test_a_reading_call_is_sent_again_and_a_purchase_only_if_it_is_safe(
    serve: Any, client_of: Any, fault: CallFault, error: type[errors.CallError], code: str
) -> None:
    twice = fault.model_copy(update={"nth": (1, 2)})
    server = serve(twice)
    reader = client_of(server)
    assert reader.call(READ).total_record_count == 0
    assert len(reader.outcomes) == 3
    assert reader.outcomes[2] == "OK"

    server.faults.clear()
    server.faults.add(twice)
    shop = client_of(server)
    if error is errors.Throttled:
        shop.call(PURCHASE)
        assert shop.outcomes == ["Throttling.User", "Throttling.User", "OK"]
    else:
        with pytest.raises(error):
            shop.call(PURCHASE)
        assert len(shop.outcomes) == 1
    assert len(server._store.events("purchase")) == fault.acted or error is errors.Throttled


def test_a_slow_answer_is_late_or_lost(serve: Any, client_of: Any) -> None:
    server = serve(Slow(seconds=0.4, nth=1), Slow(actions="Create*", seconds=300))
    begun = time.monotonic()
    assert client_of(server).call(READ).success
    assert time.monotonic() - begun >= 0.4
    with pytest.raises(errors.NoReply):
        client_of(server, read_timeout=0.3).call(PURCHASE)
    assert lines(server)[-1] == ("OK", "slow")
    assert len(server._store.events("purchase")) == 1


def test_an_emulator_that_is_stopped_owes_no_late_answers(
    tmp_path: Path, client_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        ThreadPoolExecutor(1) as callers,
        EmulatorServer(tmp_path, accounts=[CALLER], faults=[Slow(seconds=300)]) as server,
    ):
        waiting = callers.submit(client_of(server, read_timeout=60).call, PURCHASE)
        while not server._store.events("fault"):
            assert not waiting.done()
        begun = time.monotonic()
        server.leave()
        assert isinstance(waiting.exception(timeout=60), errors.NoReply)
        assert time.monotonic() - begun < 4
    assert [record for record in caplog.get_records("call") if record.levelno > logging.INFO] == []


def test_a_late_reset_is_a_lost_reply_too(serve: Any, client_of: Any) -> None:
    server = serve(Reset(acted=True, seconds=0.3))
    begun = time.monotonic()
    with pytest.raises(errors.NoReply):
        client_of(server).call(PURCHASE)
    assert time.monotonic() - begun >= 0.3
    assert len(server._store.events("purchase")) == 1


@pytest.mark.parametrize("kind", [Throttled, ServerError])
def test_the_pause_that_is_asked_for(serve: Any, client_of: Any, kind: Any) -> None:
    reader = client_of(serve(kind(retry_after=7, nth=1)))
    assert reader.call(READ).success
    assert len(reader.pauses) == 1
    assert 7 <= reader.pauses[0] <= 8


def test_an_expired_token_is_renewed(serve: Any, client_of: Any) -> None:
    server = serve(ExpiredToken(actions="Describe*", nth=[1, 2]))
    role = AssumedRole("acs:ram::1234567890123456:role/etl", "cutover")
    reader = client_of(server, sign_in=role)
    with pytest.raises(errors.CredentialsExpired):
        reader.call(READ)  # a second token in a row is refused: that is no matter of age
    assert reader.call(READ).success
    calls = [event.action for event in server._store.events("call")]
    assert calls.count(AssumeRole.action_name()) == 2


# --- which calls ---------------------------------------------------------------------------------------


def struck(faults: Faults, action: Any, calls: int, *names: str) -> list[str]:
    """What strikes each of some calls."""
    found = (faults.strike(action, lambda: names) for _ in range(calls))
    return [fault.kind if fault else "" for fault in found]


@pytest.mark.parametrize(
    ("when", "which"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"nth": [1, 4]}, [1, 4]),
        ({"every": 3}, [3, 6]),
        ({"every": 2, "times": 2}, [2, 4]),
        ({"times": 1}, [1]),
        ({"probability": 0.0}, []),
        ({"probability": 1.0}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_which_calls_a_rule_strikes(when: dict[str, Any], which: list[int]) -> None:
    seen = struck(Faults([Reset(**when)]), DescribeDtsJobs, 6)
    assert [number for number, kind in enumerate(seen, 1) if kind] == which


def test_a_rule_counts_only_what_it_is_for() -> None:
    faults = Faults([Reset(actions=["stopdts*", "Create*"], nth=2)])
    assert struck(faults, DescribeDtsJobs, 3) == ["", "", ""]
    assert struck(faults, StopDtsJob, 1) == [""]
    assert struck(faults, CreateDtsInstance, 2) == ["reset", ""]
    faults = Faults([Reset(actions="sts:*")])
    assert struck(faults, StopDtsJob, 1) + struck(faults, AssumeRole, 1) == ["", "reset"]


def test_rules_come_one_after_the_other() -> None:
    faults = Faults([Throttled(times=2), Reset(times=1), ProxyPage(times=1)])
    assert struck(faults, DescribeDtsJobs, 5) == ["throttled", "throttled", "reset", "proxy_page", ""]


@pytest.mark.parametrize("called", ["id", "instance_id", "name"])
def test_a_rule_for_one_job(bench: Any, kit: Any, called: str) -> None:
    first = kit.configured(bench, DtsJobName="shop-2024")
    other = kit.configured(bench, DtsJobName="bank-2024")
    pattern = "shop-*" if called == "name" else getattr(bench.job(first), called)
    bench.faults.add(ServerError(actions=["Start*", "Describe*"], job=pattern, times=3))
    assert bench.call("StartDtsJob", DtsJobId=other).code == "OK"
    assert bench.call("StartDtsJob", DtsJobId=first).code == "ServiceUnavailable"
    assert bench.call("StartDtsJobs", DtsJobIds=f"{other},{first}").code == "ServiceUnavailable"
    instance = bench.job(first).instance_id
    older = bench.call("DescribeMigrationJobStatus", MigrationJobId=instance)
    assert older.code == "ServiceUnavailable"
    assert bench.call("StartDtsJob", DtsJobId=first).code == "OK"


def test_chance_depends_on_the_seed_and_the_order_of_calls_alone() -> None:
    def run(seed: int, stray: int = 0) -> list[str]:
        faults = Faults()
        faults.add(Reset(actions="Stop*", probability=0.5))
        faults.add(*mixed(0.3, actions="Describe*"), seed=seed)
        struck(faults, StopDtsJob, stray)
        return struck(faults, DescribeDtsJobs, 2000)

    assert run(7) == run(7) == run(7, stray=100)
    assert run(7) != run(8)
    assert 0.26 < sum(map(bool, run(7))) / 2000 < 0.34
    assert len(set(run(7))) == 7, "every kind, and nothing"


def test_a_whole_run_happens_again_by_its_seed(make_bench: Any, kit: Any) -> None:
    def run(seed: int) -> list[tuple[str, str]]:
        bench = make_bench()
        bench.faults.add(*mixed(0.4), seed=seed)
        for _ in range(60):
            bench.service.answer(_knock(kit, bench, "CreateDtsInstance", kit.purchase()), "dts.test")
            bench.service.answer(_knock(kit, bench, "DescribeDtsJobs", {"Region": "r"}), "dts.test")
        events = [*bench.store.events("call"), *bench.store.events("fault")]
        bought = sum(event.code == "OK" for event in events if event.action == "CreateDtsInstance")
        assert len(bench.store.events("purchase")) == len(bench.store.every_job()) == bought
        return [(event.action, event.code) for event in events]

    assert run(1) == run(1) != run(2)


def _knock(kit: Any, bench: Any, action: str, parameters: dict[str, str]) -> Any:
    return Knock("POST", kit.signed(action, parameters, at=bench.clock.now()))


def test_what_the_service_refuses_anyway_is_no_call_of_a_rule(bench: Any, kit: Any) -> None:
    bench.faults.add(Throttled(nth=1))
    wrong = kit.signed("DescribeDtsJobs", {"Region": "r"}, at=bench.clock.now(), Signature="wrong")
    assert bench.send(wrong).code == "SignatureDoesNotMatch"
    assert bench.call("DescribeDtsJobs", Region="r", PageSize="7000").code == "InvalidParameter"
    assert bench.store.events("fault") == []
    assert bench.call("DescribeDtsJobs", Region="r").code == "Throttling.User"


def test_a_refusal_may_be_lost_as_well(bench: Any) -> None:
    bench.faults.add(ServerError(acted=True))
    assert bench.call("StopDtsJob", DtsJobId="nobody").code == "ServiceUnavailable"
    (line,), (fault,) = bench.store.events("call"), bench.store.events("fault")
    assert (line.code, fault.code, fault.request_id) == ("InvalidJobId", "server_error", line.request_id)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Reset(actions="CreateDtsInstanc"), "actions"),
        (lambda: Reset(actions="no pattern"), "actions"),
        (lambda: Reset(nth=0), "nth"),
        (lambda: Reset(nth=1, every=2), "nth, every"),
        (lambda: Reset(probability=1.5), "probability"),
        (lambda: Reset(name="with blank"), "name"),
        (lambda: Throttled(acted=True), "acted"),
        (lambda: Slow(seconds=0), "seconds"),
        (lambda: ProxyPage(status=204), "status"),
    ],
)
def test_a_rule_that_makes_no_sense(make: Callable[[], Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        make()


def test_every_rule_has_its_own_name() -> None:
    faults = Faults(Script(faults=(Reset(name="a"), Reset())))
    assert [rule["name"] for rule in faults.describe()] == ["a", "reset-2"]
    with pytest.raises(ValueError, match="name: there is a rule a already"):
        faults.add(Throttled(), Throttled(name="a"))
    assert len(faults.describe()) == 2, "all or none"
    with pytest.raises(ValueError, match="name"):
        Faults([Reset(name="a"), Reset(name="a")])


def test_a_job_named_by_nobody_is_struck_by_no_rule_for_a_job(bench: Any) -> None:
    bench.faults.add(Reset(job="shop"))
    assert bench.call("DescribeDtsJobs", Region="r").code == "OK"
    assert bench.call("DescribeDtsJobDetail", DtsJobId="unknown").code == "InvalidJobId"


def test_one_call_of_a_detail(serve: Any, client_of: Any) -> None:
    """A repeatable call is told apart from a purchase by its own kind."""
    server = serve(Reset(nth=1, acted=True, actions="DescribeDtsJobDetail"))
    reader = client_of(server)
    with pytest.raises(errors.JobNotFound):
        reader.call(DescribeDtsJobDetail(dts_job_id="nobody"))
    assert reader.outcomes == ["NoReply", "InvalidJobId"]


def test_lines_on_faults_do_not_fill_the_disk(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "CALLS_KEPT", 4)
    bench.faults.add(Throttled())
    for _ in range(6):
        assert bench.call("DescribeDtsJobs", Region="r").code == "Throttling.User"
    bench.store.sweep(bench.clock.now() + 3600)
    assert [len(bench.store.events(kind)) for kind in ("call", "fault")] == [2, 2]
