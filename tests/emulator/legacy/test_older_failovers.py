"""A synchronization is given another address after a failover, and goes on there (seed 6.5.2.8)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


def status(bench: Any, older: Any, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = older.ok(
        bench.call("DescribeSynchronizationJobStatus", SynchronizationJobId=instance_id)
    )
    return found


class TestAfterAFailover:
    """SwitchSynchronizationEndpoint moves a job to a copy of its database."""

    MACHINE = {
        "SourceEndpoint.InstanceType": "ECS",
        "SourceEndpoint.InstanceId": "i-source",
        "SourceEndpoint.IP": "10.0.0.1",
        "SourceEndpoint.Port": "3306",
        "DestinationEndpoint.InstanceType": "ECS",
        "DestinationEndpoint.InstanceId": "i-target",
        "DestinationEndpoint.Port": "3306",
    }

    @pytest.fixture
    def bench(self, make_bench: Any, databases: Any, tmp_path: Path) -> Any:
        places = {
            "i-source": databases.source,
            "i-target": databases.target,
            "i-standby": tmp_path / "standby",
        }
        (tmp_path / "standby").mkdir()
        return make_bench(bind={name: f"sqlite:///{place}" for name, place in places.items()})

    @staticmethod
    def fail_over(primary: Path, standby: Path) -> None:
        """Make the standby what the primary was, as replication has done all along."""
        for path in primary.glob("*.db"):
            with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(standby / path.name)) as new:
                old.backup(new)
        shutil.rmtree(primary)

    @staticmethod
    def switch(bench: Any, instance_id: str, side: str, machine: str = "i-standby", **more: str) -> Any:
        return bench.call(
            "SwitchSynchronizationEndpoint",
            SynchronizationJobId=instance_id,
            **{
                "Endpoint.Type": side,
                "Endpoint.InstanceType": "ECS",
                "Endpoint.InstanceId": machine,
                "Endpoint.Port": "3307",
                **more,
            },
        )

    @pytest.mark.parametrize("side", ["Source", "Destination"])
    @pytest.mark.parametrize("paused", [False, True])
    def test_the_job_goes_on_where_it_broke_off(
        self, bench: Any, kit: Any, older: Any, databases: Any, tmp_path: Path, side: str, paused: bool
    ) -> None:
        instance_id = older.running(bench, kit, "SYNC", **self.MACHINE)
        job_id = instance_id.removeprefix("dts")
        older.ok(bench.call("SuspendSynchronizationJob", SynchronizationJobId=instance_id))
        kit.reaches(bench, job_id, "Suspending")
        databases.fill("orders", 3)
        standby = tmp_path / "standby"
        if side == "Source":
            self.fail_over(databases.source, standby)
            databases.source = standby
        else:
            self.fail_over(databases.target, standby)
            databases.target = standby
        if not paused:  # it runs into the missing database, and tries again and again
            older.ok(bench.call("StartSynchronizationJob", SynchronizationJobId=instance_id))
            kit.reaches(bench, job_id, "Retrying")
        task_id = older.ok(self.switch(bench, instance_id, side))["TaskId"]

        def switched() -> str:
            return str(older.ok(bench.call("DescribeEndpointSwitchStatus", TaskId=task_id))["Status"])

        if paused:
            assert switched() == "Finished"
            older.ok(bench.call("StartSynchronizationJob", SynchronizationJobId=instance_id))
        else:
            assert switched() == "Switching"
            older.passes(bench, kit, lambda: switched() == "Finished")
        databases.fill("orders", 3)
        older.passes(bench, kit, lambda: databases.equal("orders"))
        end = status(bench, older, instance_id)[f"{side}Endpoint"]
        assert (end["InstanceType"], end["InstanceId"], end["Port"]) == ("ECS", "i-standby", "3307")
        assert end["UserName"] in ("reader", "writer")
        # The load was not done again: all that came later went through the log.
        assert status(bench, older, instance_id)["DataInitializationStatus"]["Progress"] == "500"

    def test_both_directions_of_a_two_way_one(
        self, bench: Any, kit: Any, older: Any, databases: Any, tmp_path: Path
    ) -> None:
        instance_id = older.running(bench, kit, "SYNC", **self.MACHINE)
        forward = instance_id.removeprefix("dts")
        older.ok(bench.call("UpgradeTwoWay", InstanceId=instance_id, InstanceClass="large"))
        back = {
            **older.synchronization(instance_id, SynchronizationDirection="Reverse"),
            "SourceEndpoint.InstanceType": "ECS",
            "SourceEndpoint.InstanceId": "i-target",
            "SourceEndpoint.IP": "10.0.0.2",
            "SourceEndpoint.Port": "3306",
            "DestinationEndpoint.InstanceType": "ECS",
            "DestinationEndpoint.InstanceId": "i-source",
            "DestinationEndpoint.Port": "3306",
            "MigrationReserved": '{"targetTableMode":2}',
            "StructureInitialization": "false",
            "DataInitialization": "false",
        }
        older.ok(bench.call("ConfigureSynchronizationJob", **back))
        reverse = bench.job(forward).partner
        older.catches_up(bench, kit, reverse)
        both = {
            name: {"SynchronizationJobId": instance_id, "SynchronizationDirection": name}
            for name in ("Forward", "Reverse")
        }
        for each in both.values():
            older.ok(bench.call("SuspendSynchronizationJob", **each))
        for job_id in (forward, reverse):
            kit.reaches(bench, job_id, "Suspending")
        standby = tmp_path / "standby"
        self.fail_over(databases.target, standby)
        databases.target = standby
        older.ok(self.switch(bench, instance_id, "Destination"))
        older.ok(self.switch(bench, instance_id, "Source", SynchronizationDirection="Reverse"))
        for each in both.values():
            older.ok(bench.call("StartSynchronizationJob", **each))
        databases.fill("orders", 3)
        older.passes(bench, kit, lambda: databases.equal("orders"))
        with closing(sqlite3.connect(standby / "shop.db", timeout=30)) as db, db:
            db.execute("INSERT INTO orders VALUES (9000, 'made on the other side')")
        older.passes(bench, kit, lambda: databases.equal("orders"))
        assert databases.rows(databases.source, "orders")[-1] == (9000, "made on the other side")

    def test_a_failed_job_starts_again(self, bench: Any, kit: Any, older: Any) -> None:
        instance_id = older.configured(bench, "SYNC", **self.MACHINE)
        bench.arrange(instance_id.removeprefix("dts"), status="Failed", resume="Synchronizing", error="gone")
        older.ok(self.switch(bench, instance_id, "Destination"))
        assert bench.job(instance_id.removeprefix("dts")).status == "Synchronizing"
        assert status(bench, older, instance_id)["ErrorMessage"] == ""

    def test_nowhere_is_refused(self, bench: Any, older: Any) -> None:
        instance_id = older.configured(bench, "SYNC", **self.MACHINE)
        job_id = instance_id.removeprefix("dts")
        early = self.switch(bench, instance_id, "Source")
        assert early.code == "OperationDenied"
        bench.arrange(job_id, status="Suspending")
        nowhere = self.switch(bench, instance_id, "Source", "i-nowhere")
        assert nowhere.code == "InvalidParameter"
        assert "--bind i-nowhere=" in nowhere.body["ErrMessage"]
        assert bench.job(job_id).source.instance_id == "i-source"
        bench.arrange(job_id, lapsed=True)
        assert self.switch(bench, instance_id, "Source").code == "OperationDenied"
        bench.arrange(job_id, lapsed=False, goal="Finished")
        assert self.switch(bench, instance_id, "Source").code == "InvalidJobStatus"

    def test_a_newer_switch_takes_the_place_of_one_under_way(self, bench: Any, older: Any) -> None:
        instance_id = older.configured(bench, "SYNC", **self.MACHINE)
        bench.arrange(instance_id.removeprefix("dts"), status="Synchronizing")
        first, second = (older.ok(self.switch(bench, instance_id, "Source"))["TaskId"] for _ in range(2))
        states = [
            bench.call("DescribeEndpointSwitchStatus", TaskId=task_id).body["Status"]
            for task_id in (first, second)
        ]
        assert states == ["Failed", "Switching"]
        bench.arrange(instance_id.removeprefix("dts"), status="Failed")
        assert bench.call("DescribeEndpointSwitchStatus", TaskId=second).body["Status"] == "Failed"

    def test_an_id_of_something_else_is_unknown(self, bench: Any, older: Any) -> None:
        instance_id = older.configured(bench, "SYNC", **self.MACHINE)
        changed = older.ok(
            bench.call(
                "ModifySynchronizationObject",
                SynchronizationJobId=instance_id,
                SynchronizationObjects='[{"DBName":"shop"}]',
            )
        )
        answer = bench.call("DescribeEndpointSwitchStatus", TaskId=changed["TaskId"])
        assert answer.code == "InvalidParameter"
        elsewhere = bench.call(
            "DescribeSynchronizationObjectModifyStatus", TaskId=changed["TaskId"], RegionId="cn-beijing"
        )
        assert elsewhere.code == "InvalidParameter"
