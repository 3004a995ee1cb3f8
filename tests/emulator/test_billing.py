"""Billing, class and expiry: what is refused, what it costs, and what it does to a running job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from airflow_dts.emulator import billing
from airflow_dts.emulator.lifecycle import STATES, VERBS, JobType, Status, Verb

DAY = 86_400.0
MONTH, YEAR = 30 * DAY, 365 * DAY


def prepaid(bench: Any, kit: Any, kind: str = "SYNC", **changed: str) -> str:
    wanted = {"PayType": "PrePaid", "Period": "Month", "UsedTime": "1", **changed}
    return str(bench.call("CreateDtsInstance", **kit.purchase(kind, **wanted)).body["JobId"])


def charges(bench: Any) -> list[tuple[str, str]]:
    return [(event.action, event.job) for event in bench.store.events("charge")]


class TestBilling:
    def test_an_hourly_instance_becomes_prepaid_without_a_stir(self, bench: Any, kit: Any) -> None:
        job_id = kit.configured(bench, "SYNC")
        until = bench.clock.now() + 2 * YEAR
        wanted = {"DtsJobId": job_id, "ChargeType": "PrePaid", "Period": "Year", "BuyCount": "2"}
        body = bench.call("TransferPayType", **wanted).body
        assert (body["DtsJobId"], body["InstanceId"]) == (job_id, f"dts{job_id}")
        assert (body["ChargeType"], body["EndTime"]) == ("PrePaid", str(int(until)))
        row = kit.row(bench, job_id)
        assert (row["PayType"], row["Status"]) == ("PrePaid", "NotStarted")
        assert datetime.fromisoformat(row["ExpireTime"]).timestamp() == int(until)
        assert charges(bench) == [("TransferPayType", job_id)]
        assert len(bench.store.events("purchase")) == 1  # what it costs is no second purchase
        # The same again asks for nothing new: neither a longer time nor more money.
        assert bench.call("TransferPayType", **wanted).body["EndTime"] == str(int(until))
        assert len(charges(bench)) == 1

    def test_the_present_billing_may_be_named(self, bench: Any, kit: Any) -> None:
        job_id = kit.configured(bench)
        answer = bench.call("TransferPayType", DtsJobId=job_id, ChargeType="PostPaid")
        assert (answer.code, answer.body["ChargeType"]) == ("OK", "PostPaid")
        assert "EndTime" not in answer.body
        assert charges(bench) == []

    def test_prepaid_does_not_go_back(self, bench: Any, kit: Any) -> None:
        job_id = prepaid(bench, kit)
        assert bench.call("TransferPayType", DtsJobId=job_id, ChargeType="PostPaid").code == "OperationDenied"
        assert bench.job(job_id).pay_type == "PrePaid"
        assert charges(bench) == []

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"Period": "Month", "BuyCount": "1"}, "InvalidParameter"),  # a migration
            ({"Period": "Month"}, "InvalidParameter"),
            ({"Period": "Year", "BuyCount": "6"}, "InvalidParameter"),
            ({"Period": "Month", "BuyCount": "61"}, "InvalidParameter"),
        ],
    )
    def test_what_cannot_be_prepaid(self, bench: Any, kit: Any, more: dict[str, str], code: str) -> None:
        job_id = kit.configured(bench)
        assert bench.call("TransferPayType", DtsJobId=job_id, ChargeType="PrePaid", **more).code == code
        assert (bench.job(job_id).pay_type, charges(bench)) == ("PostPaid", [])


class TestRenewal:
    def test_a_renewal_adds_to_what_is_left(self, bench: Any, kit: Any) -> None:
        job_id = prepaid(bench, kit)
        until = bench.job(job_id).expires
        body = bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY").body
        assert body["ChargeType"] == "PREPAY"
        assert datetime.fromisoformat(body["EndTime"]).timestamp() == pytest.approx(until + MONTH, abs=0.01)
        more = {"Period": "Year", "BuyCount": "3"}
        assert bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY", **more).code == "OK"
        assert bench.job(job_id).expires == until + MONTH + 3 * YEAR
        assert charges(bench) == [("RenewInstance", job_id)] * 2

    @pytest.mark.parametrize(
        ("kind", "code"),
        [("MIGRATION", "InvalidParameter"), ("SYNC", "OperationDenied"), ("SUBSCRIBE", "OperationDenied")],
    )
    def test_only_prepaid_instances_are_renewed(self, bench: Any, kit: Any, kind: str, code: str) -> None:
        job_id = kit.configured(bench, kind)
        assert bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY").code == code
        assert charges(bench) == []

    def test_an_unknown_job(self, bench: Any) -> None:
        answer = bench.call("RenewInstance", DtsJobId="nosuchjob", ChargeType="PREPAY")
        assert (answer.code, answer.body["DynamicMessage"]) == ("InvalidJobId", "DtsJobId")


class TestExpiry:
    @pytest.mark.parametrize("kind", ["SYNC", "SUBSCRIBE"])
    def test_an_expired_instance_is_locked_until_it_is_renewed(self, bench: Any, kit: Any, kind: str) -> None:
        job_id = kit.configured(bench, kind)
        more = {"Period": "Month", "BuyCount": "1"}
        bench.call("TransferPayType", DtsJobId=job_id, ChargeType="PrePaid", **more)
        bench.clock.advance(MONTH - 1)
        bench.supervisor.tick()
        assert bench.job(job_id).status == "NotStarted"
        bench.clock.advance(1)
        bench.supervisor.tick()
        assert kit.row(bench, job_id)["Status"] == "Locked"
        assert bench.call("DescribeDtsJobs", Region="cn-hangzhou", JobType=kind, Status="Locked").body[
            "TotalRecordCount"
        ]
        for action in ("StartDtsJob", "SuspendDtsJob", "ResetDtsJob", "DeleteDtsJob"):
            assert bench.call(action, DtsJobId=job_id).code == "OperationDenied"
        assert bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY").code == "OK"
        assert (
            bench.job(job_id).expires == bench.clock.now() + MONTH
        )  # the days it was locked are not paid for
        bench.supervisor.tick()
        assert kit.row(bench, job_id)["Status"] == "NotStarted"

    def test_a_running_job_stops_moving_rows_and_goes_on_where_it_was(
        self, moving: Any, kit: Any, databases: Any
    ) -> None:
        job_id = kit.running(moving)
        moving.arrange(job_id, pay_type="PrePaid", expires=moving.clock.now() + 10)
        moving.clock.advance(11)
        kit.reaches(moving, job_id, "Locked")
        assert moving.supervisor.movers.get(job_id) is None
        databases.fill("orders", 50)
        for _ in range(5):
            moving.supervisor.tick()
        assert not databases.equal("orders")
        assert moving.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY").code == "OK"
        kit.reaches(moving, job_id, "Synchronizing")
        kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))
        assert [moment.status for moment in moving.job(job_id).history][-3:] == [
            "Synchronizing", "Locked", "Synchronizing",
        ]  # fmt: skip

    def test_a_paused_job_is_paused_again(self, bench: Any, kit: Any) -> None:
        job_id = kit.configured(bench, "SYNC")
        now = bench.clock.now()
        paused = {"status": Status.SUSPENDED, "resume": Status.SYNCHRONIZING, "suspended": now}
        bench.arrange(job_id, **paused, pay_type="PrePaid", expires=now + 5)
        bench.clock.advance(6)
        kit.reaches(bench, job_id, "Locked")
        bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY")
        kit.reaches(bench, job_id, "Suspending")
        assert bench.job(job_id).resume is Status.SYNCHRONIZING

    def test_an_instance_that_renews_itself_is_charged_each_time(self, bench: Any, kit: Any) -> None:
        job_id = prepaid(bench, kit, AutoPay="true")
        first = bench.job(job_id).expires
        bench.clock.advance(2 * MONTH + 1)
        bench.supervisor.tick()
        assert bench.job(job_id).status == "NotConfigured"
        assert bench.job(job_id).expires == first + 2 * MONTH
        assert charges(bench) == [("RenewInstance", job_id)] * 2
        assert [event.at for event in bench.store.events("charge")] == [first, first + MONTH]

    def test_the_two_halves_of_an_instance_have_one_bill(self, bench: Any, kit: Any) -> None:
        job_id = prepaid(bench, kit, SyncArchitecture="bidirectional", AutoPay="true")
        other = bench.job(job_id).partner
        bench.clock.advance(MONTH)
        bench.supervisor.tick()
        assert charges(bench) == [("RenewInstance", job_id)]
        bench.arrange(job_id, renews=0.0)
        bench.clock.advance(MONTH)
        kit.reaches(bench, job_id, "Locked")
        kit.reaches(bench, other, "Locked")
        # The bill is the instance's, whichever half is named.
        assert bench.call("RenewInstance", DtsJobId=other, ChargeType="PREPAY").body["DtsJobId"] == job_id
        for half in (job_id, other):
            kit.reaches(bench, half, "NotConfigured")


class TestClass:
    @pytest.mark.parametrize(
        ("kind", "order", "wanted", "code"),
        [
            ("MIGRATION", "UPGRADE", "xxlarge", "OK"),
            ("MIGRATION", "UPGRADE", "small", "InvalidParameter"),
            ("MIGRATION", "UPGRADE", "medium", "OK"),
            ("MIGRATION", "DOWNGRADE", "medium", "InvalidParameter"),
            ("MIGRATION", "DOWNGRADE", "micro", "InvalidParameter"),
            ("SYNC", "DOWNGRADE", "micro", "OK"),
            ("SYNC", "UPGRADE", "micro", "InvalidParameter"),
            ("SYNC", "UPGRADE", "xlarge", "InvalidParameter"),
            ("SYNC", "UPGRADE", "large", "OK"),
            ("SUBSCRIBE", "UPGRADE", "large", "OperationDenied"),
        ],
    )
    def test_up_is_up_and_down_is_down(
        self, bench: Any, kit: Any, kind: str, order: str, wanted: str, code: str
    ) -> None:
        job_id = kit.configured(bench, kind)  # small
        answer = bench.call("TransferInstanceClass", DtsJobId=job_id, OrderType=order, InstanceClass=wanted)
        assert answer.code == code
        if code != "OK":
            assert (bench.job(job_id).job_class, charges(bench)) == ("small", [])
            return
        assert (answer.body["ChargeType"], "EndTime" in answer.body) == ("POSTPAY", False)
        row = kit.row(bench, job_id)
        assert (row["DtsJobClass"], row["Status"].upper()) == (wanted, order)
        assert charges(bench) == [("TransferInstanceClass", job_id)]
        assert bench.call("StartDtsJob", DtsJobId=job_id).code == "InvalidJobStatus"
        again = {"DtsJobId": job_id, "OrderType": "UPGRADE", "InstanceClass": "large"}
        assert bench.call("TransferInstanceClass", **again).code == "InvalidJobStatus"
        bench.clock.advance(billing.CHANGE_SECONDS)
        bench.supervisor.tick()
        assert kit.row(bench, job_id)["Status"] == "NotStarted"
        assert bench.call("StartDtsJob", DtsJobId=job_id).code == "OK"

    def test_rows_go_on_moving_meanwhile(self, moving: Any, kit: Any, databases: Any) -> None:
        job_id = kit.running(moving)
        mover = moving.supervisor.movers.get(job_id)
        answer = moving.call(
            "TransferInstanceClass", DtsJobId=job_id, OrderType="UPGRADE", InstanceClass="large"
        )
        assert answer.code == "OK"
        databases.fill("orders", 30)
        kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))
        assert moving.job(job_id).status == "Upgrade"
        moving.clock.advance(billing.CHANGE_SECONDS)
        kit.reaches(moving, job_id, "Synchronizing")
        assert moving.supervisor.movers.get(job_id) is mover
        assert moving.job(job_id).retry is None

    @pytest.mark.parametrize("kind", [JobType.MIGRATION, JobType.SYNC])
    def test_in_every_state(self, bench: Any, kit: Any, kind: JobType) -> None:
        job_id = kit.configured(bench, kind)
        pristine = bench.job(job_id)
        for status in STATES[kind]:
            bench.store.save(pristine)
            bench.arrange(job_id, status=status)
            answer = bench.call(
                "TransferInstanceClass", DtsJobId=job_id, OrderType="UPGRADE", InstanceClass="large"
            )
            allowed = status in VERBS[kind][Verb.UPGRADE]
            assert (answer.code == "OK") is allowed, (status, answer.text)
            if allowed:
                bench.clock.advance(billing.CHANGE_SECONDS)
                job = bench.job(job_id)
                billing.tend(bench.store, job, bench.clock.now())
                assert (job.status, job.before) == (status, None)

    def test_an_instance_that_expires_in_the_middle_comes_back_as_it_was_before(
        self, bench: Any, kit: Any
    ) -> None:
        job_id = kit.configured(bench, "SYNC")
        bench.arrange(job_id, pay_type="PrePaid", expires=bench.clock.now() + 0.5)
        answer = bench.call(
            "TransferInstanceClass", DtsJobId=job_id, OrderType="UPGRADE", InstanceClass="large"
        )
        assert answer.body["ChargeType"] == "PREPAY"
        assert "EndTime" in answer.body
        bench.clock.advance(0.6)
        kit.reaches(bench, job_id, "Locked")
        bench.call("RenewInstance", DtsJobId=job_id, ChargeType="PREPAY")
        kit.reaches(bench, job_id, "NotStarted")


class TestTwoWay:
    def upgrade(self, bench: Any, job_id: str, size: str = "medium") -> Any:
        return bench.call("UpgradeTwoWay", InstanceId=f"dts{job_id}", InstanceClass=size)

    def test_a_running_job_goes_on_with_a_way_back(self, moving: Any, kit: Any, databases: Any) -> None:
        job_id = kit.running(moving)
        assert self.upgrade(moving, job_id).code == "OK"
        job = moving.job(job_id)
        assert (job.architecture, job.job_class, job.status) == ("bidirectional", "medium", "Synchronizing")
        assert moving.job(job.partner).reverse
        assert charges(moving) == [("UpgradeTwoWay", job_id)]
        assert len(moving.store.events("purchase")) == 1
        databases.fill("orders", 30)
        kit.until(lambda: bool(moving.supervisor.tick()) or databases.equal("orders"))
        assert self.upgrade(moving, job_id).code == "OperationDenied"
        assert len(charges(moving)) == 1

    @pytest.mark.parametrize(
        ("situation", "code"),
        [
            ({"status": Status.INITIALIZING}, "OperationDenied"),
            ({"status": Status.SUSPENDED}, "OperationDenied"),
            ({"goal": Status.SUSPENDED}, "InvalidJobStatus"),
            ({"pay_type": "PrePaid", "expires": 1e12}, "OperationDenied"),
            ({"engine": "PostgreSQL"}, "InvalidParameter"),
        ],
    )
    def test_what_stands_in_the_way(self, bench: Any, kit: Any, situation: dict[str, Any], code: str) -> None:
        job_id = kit.configured(bench, "SYNC")
        job = bench.arrange(job_id, status=Status.SYNCHRONIZING)
        if engine := situation.pop("engine", None):
            job.target.engine = engine
            bench.store.save(job)
        bench.arrange(job_id, **situation)
        assert self.upgrade(bench, job_id).code == code
        assert (bench.job(job_id).architecture, charges(bench)) == ("oneway", [])

    @pytest.mark.parametrize("kind", ["MIGRATION", "SUBSCRIBE"])
    def test_other_kinds_have_one_way(self, bench: Any, kit: Any, kind: str) -> None:
        answer = self.upgrade(bench, kit.configured(bench, kind))
        assert (answer.code, answer.body["DynamicMessage"]) == ("InvalidParameter", "InstanceId")

    def test_an_unknown_instance(self, bench: Any) -> None:
        assert self.upgrade(bench, "nosuch").code == "Forbidden.InstanceNotFound"
