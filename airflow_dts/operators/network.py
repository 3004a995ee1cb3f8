"""Before anything is bought: which addresses DTS calls from, and whether it reaches both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from airflow_dts.errors import BadReply, BadRequest, ConfigError
from airflow_dts.hooks.building import build
from airflow_dts.hooks.endpoints import endpoint_fields, endpoint_words
from airflow_dts.operators._base import DtsOperator, reading

if TYPE_CHECKING:
    from airflow_dts._compat import Context
    from airflow_dts.api._base import Action
    from airflow_dts.api.legacy.network import ConnectionStatus, DescribeConnectionStatusReply
    from airflow_dts.api.readings import WhiteIpListReply

INSTANCE_TYPES = {"OTHER": "LocalInstance"}
"""What the connection test calls a database with a public address."""
ENGINES = {"MSSQL": "SQLServer"}


class DtsConnectionTestOperator(DtsOperator):
    """Let DTS try to reach source and target, before an instance is bought. Seed 6.5.4.2.

    Returns per side (``source``, ``destination``) whether it ``passed``, the ``advice`` and the ``tests``,
    each with ``name`` and ``passed``. A side that does not pass fails the task with every failed test and the
    advice. A ping that fails alone is only logged: firewalls drop it, and DTS does not need it.

    :param source_conn_id: Airflow connection of the source database (templated)
    :param source: facts about the source that win over its connection's, as for configuring a job; never a
        password (templated)
    :param destination_conn_id: Airflow connection of the target database (templated)
    :param destination: facts about the target, likewise (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "source_conn_id",
        "source",
        "destination_conn_id",
        "destination",
    )
    template_fields_renderers = {"source": "json", "destination": "json"}

    def __init__(
        self,
        *,
        source_conn_id: str | None = None,
        source: Mapping[str, Any] | None = None,
        destination_conn_id: str | None = None,
        destination: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_conn_id = source_conn_id
        self.source = source
        self.destination_conn_id = destination_conn_id
        self.destination = destination

    def action(self) -> Action[Any]:
        from airflow_dts.api.legacy.network import DescribeConnectionStatus

        fields = {
            **self.endpoint("source", self.source_conn_id, self.source),
            **self.endpoint("destination", self.destination_conn_id, self.destination),
        }
        words = endpoint_words("source", "destination")
        words |= {f"{side}_endpoint_architecture": f"{side}.engine" for side in ("source", "destination")}
        return build(DescribeConnectionStatus, fields, words=words)

    def endpoint(self, side: str, conn_id: str | None, explicit: Mapping[str, Any] | None) -> dict[str, Any]:
        """The fields of one side, in the words of this action."""
        connection = self.hook.get_connection(conn_id) if conn_id else None
        fields = endpoint_fields(side, connection, explicit)
        for end, words in (("instance_type", INSTANCE_TYPES), ("engine_name", ENGINES)):
            name = f"{side}_endpoint_{end}"
            if said := fields.get(name):
                fields[name] = words.get(str(said).upper(), said)
        if str(fields.get(f"{side}_endpoint_engine_name")).upper() == "ORACLE":
            cluster = not fields.get(f"{side}_endpoint_oracle_sid")
            fields[f"{side}_endpoint_architecture"] = "RAC" if cluster else "SID"
        return fields

    def execute(self, context: Context) -> dict[str, Any]:
        action = self.action()
        reply: DescribeConnectionStatusReply = self.hook.call(action)
        with reading(action.action_name()):
            found = {
                "source": _result(reply.source_connection_status),
                "destination": _result(reply.destination_connection_status),
            }
        faults = list(_faults(found))
        if failed := [side for side, result in found.items() if not result["passed"]]:
            text = f"DTS does not reach {' and '.join(failed)}: {'; '.join(faults)}"
            raise BadRequest(action.action_name(), "ConnectionFailed", text, reply.request_id)
        for fault in faults:
            self.log.warning("passed all the same: %s", fault)
        return found


def _result(status: ConnectionStatus) -> dict[str, Any]:
    tests = [
        {"name": test.test_name.strip(), "passed": bool(test.test_success)} for test in status.connect_detail
    ]
    needed = [test["passed"] for test in tests if str(test["name"]).casefold() != "ping"]
    return {
        "passed": bool(status.connect_res) and all(needed),
        "advice": status.connect_advice.strip(),
        "tests": tests,
    }


def _faults(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for each failed test, and for a side that fails without one."""
    for side, result in found.items():
        failed = [test["name"] or "a test without name" for test in result["tests"] if not test["passed"]]
        if not failed and not result["passed"]:
            failed = ["the test as a whole"]
        advice = f" (advice: {result['advice']})" if result["advice"] else ""
        yield from (f"{side}: {name} failed{advice}" for name in failed)


class DtsDescribeWhiteListOperator(DtsOperator):
    """Return the address ranges DTS calls from, to let them through a firewall. Seed 6.4.8.4.

    A list such as ``["10.151.12.0/24"]``. Only self-managed databases and those of other clouds need it.

    :param network: how DTS reaches the database: ``internet`` or ``vpc`` (templated)
    :param job_type: ``MIGRATION``, ``SYNC`` or ``SUBSCRIBE``, which has no target (templated)
    :param source_region: region of the source, for a database elsewhere the nearest one; that of the
        connection when left out (templated)
    :param destination_region: the same for the target (templated)
    """

    template_fields: Sequence[str] = (
        *DtsOperator.template_fields,
        "network",
        "job_type",
        "source_region",
        "destination_region",
    )

    def __init__(
        self,
        *,
        network: str = "internet",
        job_type: str = "MIGRATION",
        source_region: str | None = None,
        destination_region: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network = network
        self.job_type = job_type
        self.source_region = source_region
        self.destination_region = destination_region

    def action(self) -> Action[Any]:
        from airflow_dts.api.readings import WhiteIpList

        if self.job_type not in ("MIGRATION", "SYNC", "SUBSCRIBE"):
            raise ConfigError(
                f"{self.job_type!r} is unknown", field="job_type", remedy="use MIGRATION, SYNC or SUBSCRIBE"
            )
        here = self.hook.settings().region_id
        target = None if self.job_type == "SUBSCRIBE" else here
        fields = {
            "type": self.network,
            "region": self.source_region or here,
            "destination_region": self.destination_region or target,
        }
        return build(WhiteIpList, fields, words={"type": "network", "region": "source_region"})

    def execute(self, context: Context) -> list[str]:
        action = self.action()
        reply: WhiteIpListReply = self.hook.call(action)
        return _ranges(action.action_name(), reply.ip_list)


def _ranges(action: str, text: str) -> list[str]:
    """Address ranges from text with commas. They go into firewalls, so one that is none is refused.

    :raises BadReply: also for a range that is the whole internet, and if there is none
    """
    ranges = [part.strip() for part in text.split(",") if part.strip()]
    for each in ranges:
        try:
            everybody = ip_network(each, strict=False).prefixlen == 0
        except ValueError:
            raise BadReply(action, f"{each[:50]!r} is no address range") from None
        if everybody:
            raise BadReply(action, f"{each!r} would let everybody in")
    if not ranges:
        raise BadReply(action, "the reply names no address")
    return ranges
