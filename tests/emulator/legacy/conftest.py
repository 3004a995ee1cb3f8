"""Calls and jobs of the older API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

REGION = "cn-hangzhou"


def ok(answer: Any) -> dict[str, Any]:
    """What a call that went well answered."""
    assert answer.status == 200, answer.text
    assert answer.body.get("Success", True) is True, answer.text
    body: dict[str, Any] = answer.body
    return body


class Older:
    """What the older API needs to be said, with parameters by their wire names."""

    region = REGION
    ok = staticmethod(ok)

    @staticmethod
    def ends(*, letters: str = "ID") -> dict[str, str]:
        """Both endpoints; synchronizations spell ``InstanceId``."""
        return {
            "SourceEndpoint.InstanceType": "RDS",
            f"SourceEndpoint.Instance{letters}": "rm-source",
            "SourceEndpoint.UserName": "reader",
            "SourceEndpoint.Password": "source-Password-1",
            "DestinationEndpoint.InstanceType": "RDS",
            f"DestinationEndpoint.Instance{letters}": "rm-target",
            "DestinationEndpoint.UserName": "writer",
            "DestinationEndpoint.Password": "target-Password-2",
        }

    def migration(self, instance_id: str, objects: Any = None, **changed: str) -> dict[str, str]:
        """A configuration of a migration that does not start by itself."""
        return {
            "MigrationJobId": instance_id,
            "MigrationJobName": "shop to its new home",
            "MigrationMode.StructureIntialization": "true",
            "MigrationMode.DataIntialization": "true",
            "MigrationMode.DataSynchronization": "true",
            "MigrationObject": json.dumps(objects or [{"DBName": "shop"}]),
            "MigrationReserved": '{"autoStartModulesAfterConfig":"none"}',
            **self.ends(),
            "SourceEndpoint.EngineName": "MySQL",
            "DestinationEndpoint.EngineName": "MySQL",
            "SourceEndpoint.Region": REGION,
            "DestinationEndpoint.Region": REGION,
            **changed,
        }

    def synchronization(self, instance_id: str, objects: Any = None, **changed: str) -> dict[str, str]:
        """The same of a synchronization."""
        return {
            "SynchronizationJobId": instance_id,
            "SynchronizationJobName": "shop, mirrored",
            "StructureInitialization": "true",
            "DataInitialization": "true",
            "SynchronizationObjects": json.dumps(objects or [{"DBName": "shop"}]),
            "MigrationReserved": '{"autoStartModulesAfterConfig":"none"}',
            **self.ends(letters="Id"),
            **changed,
        }

    def subscription(self, instance_id: str, objects: Any = None, **changed: str) -> dict[str, str]:
        """A configuration of a subscription of the newer kind."""
        return {
            "SubscriptionInstanceId": instance_id,
            "SubscriptionInstanceName": "changes of the shop",
            "SubscriptionObject": json.dumps(objects or [{"DBName": "shop"}]),
            "SubscriptionDataType.DDL": "true",
            "SubscriptionDataType.DML": "true",
            "SubscriptionInstanceNetworkType": "classic",
            "SourceEndpoint.InstanceType": "RDS",
            "SourceEndpoint.InstanceID": "rm-source",
            "SourceEndpoint.UserName": "reader",
            "SourceEndpoint.Password": "source-Password-1",
            **changed,
        }

    def buy(self, bench: Any, kind: str, **changed: str) -> str:
        """The id of a new instance."""
        action, name, wanted = {
            "MIGRATION": (
                "CreateMigrationJob",
                "MigrationJobId",
                {"MigrationJobClass": "2xlarge", "Region": REGION},
            ),
            "SYNC": (
                "CreateSynchronizationJob",
                "SynchronizationJobId",
                {
                    "SynchronizationJobClass": "large",
                    "SourceRegion": REGION,
                    "DestRegion": REGION,
                    "PayType": "PostPaid",
                },
            ),
            "SUBSCRIBE": ("CreateSubscriptionInstance", "SubscriptionInstanceId", {"Region": REGION}),
        }[kind]
        bought = ok(bench.call(action, **{**wanted, **changed}))
        return str(bought[name])

    def configured(self, bench: Any, kind: str, objects: Any = None, **changed: str) -> str:
        """The id of an instance whose job could be started."""
        instance_id = self.buy(bench, kind)
        action, words = {
            "MIGRATION": ("ConfigureMigrationJob", self.migration),
            "SYNC": ("ConfigureSynchronizationJob", self.synchronization),
            "SUBSCRIBE": ("ConfigureSubscriptionInstance", self.subscription),
        }[kind]
        ok(bench.call(action, **words(instance_id, objects, **changed)))
        return instance_id

    def running(self, bench: Any, kit: Any, kind: str, objects: Any = None, **changed: str) -> str:
        """The id of an instance whose job has caught up."""
        instance_id = self.configured(bench, kind, objects, **changed)
        action, name = {
            "MIGRATION": ("StartMigrationJob", "MigrationJobId"),
            "SYNC": ("StartSynchronizationJob", "SynchronizationJobId"),
            "SUBSCRIBE": ("StartSubscriptionInstance", "SubscriptionInstanceId"),
        }[kind]
        ok(bench.call(action, **{name: instance_id}))
        job_id = instance_id.removeprefix("dts")
        if kind == "SUBSCRIBE":
            kit.reaches(bench, job_id, "Normal")
        else:
            self.catches_up(bench, kit, job_id)
        return instance_id

    @staticmethod
    def catches_up(bench: Any, kit: Any, job_id: str) -> None:
        def caught_up() -> bool:
            bench.supervisor.tick()
            shown = bench.supervisor.movers.book.shown(job_id)
            return shown.delay_ms == 0 and bench.job(job_id).status in ("Migrating", "Synchronizing")

        kit.until(caught_up)

    @staticmethod
    def passes(bench: Any, kit: Any, true: Callable[[], bool]) -> None:
        """Tick until it is so."""

        def there() -> bool:
            bench.supervisor.tick()
            return true()

        kit.until(there)


@pytest.fixture
def older() -> Older:
    return Older()
