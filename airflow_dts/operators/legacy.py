"""Buy and configure instances with the older API (seed 6.5).

What is bought is named by its instance ID, which every sensor, and the operators that start, suspend, stop,
reset and release, take for ``dts_job_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_dts.hooks.building import build
from airflow_dts.operators._legacy import (
    DtsOlderConfiguringOperator,
    DtsOlderMovingOperator,
    DtsOlderPurchaseOperator,
    DtsOlderTermPurchaseOperator,
    older_objects,
)
from airflow_dts.operators.configure import between

if TYPE_CHECKING:
    from airflow_dts.api._base import Action


class DtsCreateMigrationJobOperator(DtsOlderPurchaseOperator):
    """Buy a migration instance, billed by the hour, in the region of the target. Seed 6.5.1.1.

    :param instance_class: ``small``, ``medium``, ``large``, ``xlarge`` or ``2xlarge`` (templated)
    """

    job_type = "MIGRATION"
    template_fields: Sequence[str] = (*DtsOlderPurchaseOperator.template_fields, "instance_class")

    def __init__(self, *, instance_class: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_class = instance_class

    def action(self, client_token: str) -> Action[Any]:
        from airflow_dts.api.legacy.migration import CreateMigrationJob

        fields = {
            "migration_job_class": self.instance_class,
            "region": self.hook.settings().region_id,
            "client_token": client_token,
        }
        return build(CreateMigrationJob, fields, words={"migration_job_class": "instance_class"})


class DtsCreateSynchronizationJobOperator(DtsOlderTermPurchaseOperator):
    """Buy a synchronization instance, in the region of the target. Seed 6.5.2.1.

    :param instance_class: ``micro``, ``small``, ``medium`` or ``large`` (templated)
    :param destination_engine: such as ``MySQL``, which it is when left out (templated)
    :param source_region: region of the source; that of the connection when left out (templated)
    :param destination_region: region of the target; that of the connection when left out (templated)
    :param sync_architecture: ``oneway``, which it is when left out, or ``bidirectional`` (templated)
    :param database_count: RDS instances under a PolarDB-X source (templated)
    """

    job_type = "SYNC"
    template_fields: Sequence[str] = (
        *DtsOlderTermPurchaseOperator.template_fields,
        "instance_class",
        "destination_engine",
        "source_region",
        "destination_region",
        "sync_architecture",
        "database_count",
    )

    def __init__(
        self,
        *,
        instance_class: str,
        destination_engine: str | None = None,
        source_region: str | None = None,
        destination_region: str | None = None,
        sync_architecture: str | None = None,
        database_count: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_class = instance_class
        self.destination_engine = destination_engine
        self.source_region = source_region
        self.destination_region = destination_region
        self.sync_architecture = sync_architecture
        self.database_count = database_count

    def action(self, client_token: str) -> Action[Any]:
        from airflow_dts.api.legacy.synchronization import CreateSynchronizationJob

        here = self.hook.settings().region_id
        fields = {
            "synchronization_job_class": self.instance_class,
            "destination_endpoint_instance_type": self.destination_engine,
            "source_region": self.source_region or here,
            "dest_region": self.destination_region or here,
            "topology": self.sync_architecture,
            "db_instance_count": self.database_count,
            "client_token": client_token,
        }
        return self.ordered(CreateSynchronizationJob, fields)


class DtsCreateSubscriptionInstanceOperator(DtsOlderTermPurchaseOperator):
    """Buy a subscription instance, in the region of the source. Seed 6.5.3.1."""

    job_type = "SUBSCRIBE"

    def action(self, client_token: str) -> Action[Any]:
        from airflow_dts.api.legacy.subscription import CreateSubscriptionInstance

        fields = {"region": self.hook.settings().region_id, "client_token": client_token}
        return self.ordered(CreateSubscriptionInstance, fields)


class DtsConfigureMigrationJobOperator(DtsOlderMovingOperator):
    """Configure a migration instance of the older API. Returns the instance ID. Seed 6.5.1.2.

    :param data_synchronization: follow changes afterwards
    """

    def __init__(self, *, data_synchronization: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_synchronization = data_synchronization

    def action(self) -> Action[Any]:
        from airflow_dts.api.legacy.migration import ConfigureMigrationJob
        from airflow_dts.api.legacy.objects import MigrationObject

        fields = {
            "migration_object": older_objects(MigrationObject, self.db_list),
            "data_synchronization": self.data_synchronization,
        }
        return self.moving(ConfigureMigrationJob, "migration", fields)


class DtsConfigureSynchronizationJobOperator(DtsOlderMovingOperator):
    """Configure a synchronization instance of the older API. Returns the instance ID. Seed 6.5.2.2.

    It follows changes in any case. Which engines it is for was said when it was bought.
    """

    def action(self) -> Action[Any]:
        from airflow_dts.api.legacy.objects import SynchronizationObjects
        from airflow_dts.api.legacy.synchronization import ConfigureSynchronizationJob

        fields = {"synchronization_objects": older_objects(SynchronizationObjects, self.db_list)}
        return self.moving(ConfigureSynchronizationJob, "synchronization", fields)


class DtsConfigureSubscriptionInstanceOperator(DtsOlderConfiguringOperator):
    """Configure a subscription instance of the older API. Returns the instance ID. Seed 6.5.3.2.

    :param network_type: network the client reads from: ``classic`` or ``vpc``; saying it makes the
        subscription one of the newer kind (templated)
    :param vpc_id: with ``vpc`` (templated)
    :param vswitch_id: with ``vpc`` (templated)
    :param ddl: carry table changes
    :param dml: carry row changes
    """

    template_fields: Sequence[str] = (
        *DtsOlderConfiguringOperator.template_fields,
        "network_type",
        "vpc_id",
        "vswitch_id",
    )

    def __init__(
        self,
        *,
        network_type: str | None = None,
        vpc_id: str | None = None,
        vswitch_id: str | None = None,
        ddl: bool = True,
        dml: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network_type = network_type
        self.vpc_id = vpc_id
        self.vswitch_id = vswitch_id
        self.ddl = ddl
        self.dml = dml

    def action(self) -> Action[Any]:
        from airflow_dts.api.legacy.objects import SubscriptionObject
        from airflow_dts.api.legacy.subscription import ConfigureSubscriptionInstance

        words = {
            "subscription_instance_id": "dts_job_id",
            "subscription_instance_name": "dts_job_name",
            "subscription_object": "db_list",
            "subscription_instance_network_type": "network_type",
            "subscription_instance_vpc_id": "vpc_id",
            "subscription_instance_v_switch_id": "vswitch_id",
        }
        given = {
            "dts_job_id": self.dts_job_id,
            "dts_job_name": self.dts_job_name,
            "db_list": older_objects(SubscriptionObject, self.db_list),
            "network_type": self.network_type,
            "vpc_id": self.vpc_id,
            "vswitch_id": self.vswitch_id,
        }
        fields = {name: given[word] for name, word in words.items()} | {
            "subscription_data_type_ddl": self.ddl,
            "subscription_data_type_dml": self.dml,
            **self.endpoint(ConfigureSubscriptionInstance, "source", self.source_conn_id, self.source),
        }
        return between(ConfigureSubscriptionInstance, fields, words, "source")
