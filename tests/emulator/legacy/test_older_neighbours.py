"""Alarms, tags, muted precheck items, addresses and connection tests by the older actions."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from airflow_dts.emulator import patience
from airflow_dts.emulator.lifecycle import JobType

KINDS = {
    "MIGRATION": ("MigrationJob", "MigrationJobId", "MigrationJobId"),
    "SYNC": ("SynchronizationJob", "SynchronizationJobId", "SynchronizationJobId"),
    "SUBSCRIBE": ("SubscriptionInstance", "SubscriptionInstanceId", "SubscriptionInstanceID"),
}
TAGGING = {"RegionId": "cn-hangzhou", "ResourceType": "ALIYUN::DTS::INSTANCE"}


class TestAlarms:
    @pytest.mark.parametrize("kind", JobType)
    def test_what_is_set_is_told(self, bench: Any, older: Any, kind: str) -> None:
        action, asked, told = KINDS[kind]
        instance_id = older.configured(bench, kind)
        which = {asked: instance_id}
        before = older.ok(bench.call(f"Describe{action}Alert", **which))
        assert (before["DelayAlertStatus"], before["ErrorAlertStatus"]) == ("disable", "disable")
        older.ok(
            bench.call(
                f"Configure{action}Alert",
                DelayAlertStatus="enable",
                DelayOverSeconds="15",
                DelayAlertPhone="13612340000,13712340000",
                ErrorAlertStatus="disable",
                **which,
            )
        )
        found = older.ok(bench.call(f"Describe{action}Alert", **which))
        # Only a subscription is named by its instance here.
        assert found[told] == (instance_id if kind == "SUBSCRIBE" else instance_id.removeprefix("dts"))
        assert found[told.removesuffix("Id").removesuffix("ID") + "Name"]
        assert (found["DelayAlertStatus"], found["DelayOverSeconds"]) == ("enable", "15")
        assert found["DelayAlertPhone"] == "13612340000,13712340000"
        assert found["ErrorAlertStatus"] == "disable"
        assert "SynchronizationDirection" not in found

    def test_each_direction_has_its_own(self, bench: Any, older: Any) -> None:
        instance_id = older.buy(bench, "SYNC", Topology="bidirectional")
        older.ok(
            bench.call(
                "ConfigureSynchronizationJobAlert",
                SynchronizationJobId=instance_id,
                SynchronizationDirection="Reverse",
                ErrorAlertStatus="enable",
            )
        )
        for direction, status in (("Forward", "disable"), ("Reverse", "enable")):
            found = older.ok(
                bench.call(
                    "DescribeSynchronizationJobAlert",
                    SynchronizationJobId=instance_id,
                    SynchronizationDirection=direction,
                )
            )
            assert found["SynchronizationDirection"] == direction
            assert found["ErrorAlertStatus"] == status
            assert found["SynchronizationJobId"] == instance_id.removeprefix("dts")

    def test_a_limit_has_to_be_said(self, bench: Any, older: Any) -> None:
        instance_id = older.buy(bench, "MIGRATION")
        answer = bench.call(
            "ConfigureMigrationJobAlert", MigrationJobId=instance_id, DelayAlertStatus="enable"
        )
        assert answer.code == "InvalidParameter"


class TestTags:
    def test_they_come_and_go(self, bench: Any, older: Any) -> None:
        ids = [older.buy(bench, kind) for kind in JobType]
        which = {f"ResourceId.{number}": instance_id for number, instance_id in enumerate(ids, 1)}
        pairs = {"Tag.1.Key": "team", "Tag.1.Value": "shop", "Tag.2.Key": "stage", "Tag.2.Value": ""}
        assert older.ok(bench.call("TagResources", **TAGGING, **which, **pairs))["Success"] is True

        def listed(**asked: str) -> list[tuple[str, str, str]]:
            found = older.ok(bench.call("ListTagResources", **TAGGING, **asked))
            assert "NextToken" not in found
            each = found["TagResources"]["TagResource"]
            assert {tag["ResourceType"] for tag in each} <= {"ALIYUN::DTS::INSTANCE"}
            return [(tag["ResourceId"], tag["TagKey"], tag["TagValue"]) for tag in each]

        assert listed(**{"ResourceId.1": ids[0]}) == [(ids[0], "stage", ""), (ids[0], "team", "shop")]
        assert sorted(listed(**{"Tag.1.Key": "team"})) == sorted((each, "team", "shop") for each in ids)
        older.ok(
            bench.call(
                "UntagResources", **TAGGING, **{"ResourceId.1": ids[0], "TagKey.1": "team"}, All="true"
            )
        )
        assert listed(**{"ResourceId.1": ids[0]}) == [(ids[0], "stage", "")]
        older.ok(bench.call("UntagResources", **TAGGING, **{"ResourceId.1": ids[1]}, All="true"))
        assert listed(**{"ResourceId.1": ids[1]}) == []
        older.ok(bench.call("UntagResources", **TAGGING, **{"ResourceId.1": ids[2]}, All="false"))
        assert len(listed(**{"ResourceId.1": ids[2]})) == 2

    def test_all_instances_or_none(self, bench: Any, older: Any) -> None:
        one, full = older.buy(bench, "SYNC"), older.buy(bench, "SYNC")
        bench.arrange(full.removeprefix("dts"), tags={f"k{number}": "" for number in range(20)})
        for last, code in ((full, "OperationDenied"), ("dtsnobody", "Forbidden.InstanceNotFound")):
            answer = bench.call(
                "TagResources",
                **TAGGING,
                **{"ResourceId.1": one, "ResourceId.2": last, "Tag.1.Key": "team", "Tag.1.Value": "shop"},
            )
            assert answer.code == code
            assert bench.job(one.removeprefix("dts")).tags == {}

    def test_fifty_instances_a_call(self, bench: Any) -> None:
        which = {f"ResourceId.{number}": f"dts{number}" for number in range(1, 52)}
        answer = bench.call("TagResources", **TAGGING, **which, **{"Tag.1.Key": "a", "Tag.1.Value": "b"})
        assert answer.code == "InvalidParameter"

    def test_pages_follow_each_other(self, bench: Any, older: Any) -> None:
        ids = [older.buy(bench, "MIGRATION") for _ in range(6)]
        for instance_id in ids:
            bench.arrange(
                instance_id.removeprefix("dts"), tags={f"k{number:02}": "v" for number in range(20)}
            )
        which = {f"ResourceId.{number}": instance_id for number, instance_id in enumerate(ids, 1)}
        first = older.ok(bench.call("ListTagResources", **TAGGING, **which))
        rest = older.ok(bench.call("ListTagResources", **TAGGING, **which, NextToken=first["NextToken"]))
        both = [*first["TagResources"]["TagResource"], *rest["TagResources"]["TagResource"]]
        assert len({(tag["ResourceId"], tag["TagKey"]) for tag in both}) == len(both) == 120
        assert "NextToken" not in rest

    def test_the_reverse_half_tells_its_instances_tags(self, bench: Any, older: Any) -> None:
        instance_id = older.buy(bench, "SYNC", Topology="bidirectional")
        older.ok(
            bench.call(
                "TagResources",
                **TAGGING,
                **{"ResourceId.1": instance_id, "Tag.1.Key": "team", "Tag.1.Value": "shop"},
            )
        )
        found = bench.call("DescribeSynchronizationJobs", **{"Tag.1.Key": "team"}).body
        assert [each["Tags"] for each in found["SynchronizationInstances"]] == [
            [{"Key": "team", "Value": "shop"}]
        ] * 2


class TestMutedItems:
    @pytest.mark.parametrize("kind", ["MIGRATION", "SYNC"])
    def test_the_next_start_goes_on(
        self, moving: Any, kit: Any, older: Any, databases: Any, kind: str
    ) -> None:
        with closing(sqlite3.connect(databases.target / "shop.db")) as db, db:
            db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT)")
        instance_id = older.configured(moving, kind)
        start, name = (
            ("StartMigrationJob", "MigrationJobId")
            if kind == "MIGRATION"
            else ("StartSynchronizationJob", "SynchronizationJobId")
        )
        early = moving.call("ShieldPrecheck", DtsInstanceId=instance_id, PrecheckItems="CHECK_SAME_OBJ")
        assert early.code == "InvalidParameter"
        older.ok(moving.call(start, **{name: instance_id}))
        kit.reaches(moving, instance_id.removeprefix("dts"), "PrecheckFailed")
        assert "CHECK_SAME_OBJ" in moving.job(instance_id.removeprefix("dts")).error
        for items in ("CHECK_CONN_SRC", "CHECK_SAME_OBJ,CHECK_CONN_SRC", "CHECK_SERVER_ID"):
            answer = moving.call("ShieldPrecheck", DtsInstanceId=instance_id, PrecheckItems=items)
            assert answer.code == "InvalidParameter", items
        older.ok(moving.call("ShieldPrecheck", DtsInstanceId=instance_id, PrecheckItems="CHECK_SAME_OBJ"))
        older.ok(moving.call(start, **{name: instance_id}))
        older.catches_up(moving, kit, instance_id.removeprefix("dts"))
        assert databases.equal("orders")

    def test_a_subscription_has_none(self, bench: Any, older: Any) -> None:
        instance_id = older.configured(bench, "SUBSCRIBE")
        answer = bench.call("ShieldPrecheck", DtsInstanceId=instance_id, PrecheckItems="CHECK_SRC")
        assert answer.code == "InvalidParameter"


class TestTheNetwork:
    ENDS = {
        "SourceEndpointInstanceType": "RDS",
        "SourceEndpointInstanceID": "rm-source",
        "SourceEndpointEngineName": "MySQL",
        "DestinationEndpointInstanceType": "RDS",
        "DestinationEndpointInstanceID": "rm-target",
        "DestinationEndpointEngineName": "MySQL",
    }

    def test_both_generations_name_the_same_addresses(self, bench: Any, older: Any) -> None:
        here = older.ok(bench.call("DescribeDTSIP", SourceEndpointRegion="cn-hangzhou"))["DynamicMessage"]
        newer = bench.call("WhiteIpList", Region="cn-hangzhou", Type="internet").body["IpList"]
        assert here == newer != ""

    @staticmethod
    def results(end: dict[str, Any]) -> list[bool]:
        """JDBC, ping and telnet."""
        return [test["testSuccess"] for test in end["connectDetail"]]

    def test_what_can_be_reached(self, moving: Any, older: Any) -> None:
        found = older.ok(moving.call("DescribeConnectionStatus", **self.ENDS))
        for side in ("SourceConnectionStatus", "DestinationConnectionStatus"):
            end = found[side]
            assert (end["connectRes"], end["connectAdvice"]) == (True, "")
            assert [test["testName"] for test in end["connectDetail"]] == [
                "MySQL JDBC Connect",
                "Ping",
                "Telnet",
            ]
            assert self.results(end) == [True, True, True]

    def test_what_is_bound_to_nothing(self, moving: Any, older: Any) -> None:
        ends = self.ENDS | {"SourceEndpointInstanceID": "rm-nowhere"}
        found = older.ok(moving.call("DescribeConnectionStatus", **ends))
        end = found["SourceConnectionStatus"]
        assert (end["connectRes"], self.results(end)) == (False, [False, False, False])
        assert "--bind rm-nowhere=" in end["connectAdvice"]
        assert found["DestinationConnectionStatus"]["connectRes"] is True

    def test_by_address(self, make_bench: Any, databases: Any, older: Any) -> None:
        bench = make_bench(bind={"10.0.0.1:3306": databases.bindings["rm-source"], **databases.bindings})
        ends = {
            **self.ENDS,
            "SourceEndpointInstanceType": "LocalInstance",
            "SourceEndpointIP": "10.0.0.1",
            "SourceEndpointPort": "3306",
        }
        del ends["SourceEndpointInstanceID"]
        found = older.ok(bench.call("DescribeConnectionStatus", **ends))
        assert found["SourceConnectionStatus"]["connectRes"] is True

    def test_a_server_that_is_gone(self, moving: Any, older: Any, databases: Any) -> None:
        databases.source.rename(databases.source.with_name("elsewhere"))
        end = older.ok(moving.call("DescribeConnectionStatus", **self.ENDS))["SourceConnectionStatus"]
        assert self.results(end) == [False, True, False]
        assert "does not exist" in end["connectAdvice"]

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_a_database_that_does_not_open(self, moving: Any, older: Any, databases: Any, side: str) -> None:
        (getattr(databases, side) / "shop.db").write_bytes(b"not a database" * 100)
        found = older.ok(moving.call("DescribeConnectionStatus", **self.ENDS))
        end = found[f"{'Source' if side == 'source' else 'Destination'}ConnectionStatus"]
        assert self.results(end) == [False, True, True]
        assert "shop.db" in end["connectAdvice"]

    def test_a_database_that_is_not_there(self, moving: Any, older: Any) -> None:
        ends = self.ENDS | {
            "SourceEndpointEngineName": "PostgreSQL",
            "SourceEndpointDatabaseName": "warehouse",
        }
        end = older.ok(moving.call("DescribeConnectionStatus", **ends))["SourceConnectionStatus"]
        assert end["connectRes"] is False
        assert "warehouse" in end["connectAdvice"]
        there = ends | {"SourceEndpointDatabaseName": "shop"}
        found = older.ok(moving.call("DescribeConnectionStatus", **there))
        assert found["SourceConnectionStatus"]["connectRes"] is True

    def test_a_locked_database_holds_nobody_up(
        self, moving: Any, older: Any, databases: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(patience, "PATIENCE", 0.2)
        with closing(sqlite3.connect(databases.target / "shop.db", isolation_level=None)) as db:
            db.execute("CREATE TABLE t (a)")
            db.execute("BEGIN EXCLUSIVE")
            end = older.ok(moving.call("DescribeConnectionStatus", **self.ENDS))[
                "DestinationConnectionStatus"
            ]
            assert end["connectRes"] is False
            assert "lock" in end["connectAdvice"]
            db.execute("ROLLBACK")
        for thread in threading.enumerate():
            if thread.name == "emulator-look":
                thread.join(10)


def test_every_older_action_is_served() -> None:
    from airflow_dts.api.actions import ACTIONS
    from airflow_dts.emulator.handlers import HANDLERS

    older = {name for name, action in ACTIONS.items() if action.generation == "legacy"}
    assert len(older) == 49
    assert older <= set(HANDLERS)
