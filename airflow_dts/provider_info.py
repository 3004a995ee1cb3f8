"""What Airflow asks a provider: its connection form, and where its classes are."""

from __future__ import annotations

from typing import Any

from airflow_dts import __version__

INTEGRATION = "Alibaba Cloud DTS"


def _text(label: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


def _seconds(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["number", "null"], "minimum": 1}}


CONN_FIELDS: dict[str, dict[str, Any]] = {
    "region_id": _text("Region", "Region of the DTS instances, such as cn-hangzhou"),
    "security_token": _text("STS token", "Only with temporary AccessKeys", format="password"),
    "organization_id": _text("Organization ID", "Private cloud: sent as x-acs-organizationid"),
    "resource_group_id": _text("Resource group ID", "Private cloud: sent as x-acs-resourcegroupid"),
    "instance_id": _text("Instance ID", "Private cloud: sent as x-acs-instanceid"),
    "protocol": _text("Protocol", "https unless the endpoint speaks only http", enum=["https", "http", None]),
    "ca_bundle": _text("CA bundle", "File with the certificates of a private cloud, on the workers"),
    "verify": {
        "label": "Verify TLS",
        "description": "Off only for a test endpoint with a certificate of its own",
        "schema": {"type": ["boolean", "null"], "default": True},
    },
    "connect_timeout": _seconds("Connect timeout (s)", "Seconds to wait for a connection"),
    "read_timeout": _seconds("Read timeout (s)", "Seconds to wait for a reply"),
}
"""Fields of the connection kept in its extra, read by name in ``hooks.connection``."""

HIDDEN_FIELDS = ["schema"]
RELABELING = {"login": "AccessKey ID", "password": "AccessKey secret", "host": "Endpoint"}
PLACEHOLDERS = {
    "host": "empty: the public endpoint of the region; or host, host:port, http://host:port",
    "login": "AccessKey ID",
    "region_id": "cn-hangzhou",
}


def _modules(kind: str, *names: str) -> list[dict[str, Any]]:
    return [
        {"integration-name": INTEGRATION, "python-modules": [f"airflow_dts.{kind}.{name}" for name in names]}
    ]


def get_provider_info() -> dict[str, Any]:
    return {
        "package-name": "airflow-provider-alibaba-dts",
        "name": INTEGRATION,
        "description": "Migrate, synchronize and cut over databases with Alibaba Cloud DTS.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://www.alibabacloud.com/help/en/dts/",
                "tags": ["service"],
            }
        ],
        "operators": _modules("operators", "action", "bulk", "configure", "instances", "jobs", "objects"),
        "sensors": _modules("sensors", "dts"),
        "hooks": _modules("hooks", "dts"),
        "triggers": _modules("triggers", "dts"),
        "connection-types": [
            {
                "connection-type": "alibaba_dts",
                "hook-class-name": "airflow_dts.hooks.dts.DtsHook",
                "hook-name": INTEGRATION,
                # Airflow 3.2 and later read the form here; 2.11 asks the hook, which reads it here too
                "ui-field-behaviour": {
                    "hidden-fields": HIDDEN_FIELDS,
                    "relabeling": RELABELING,
                    "placeholders": PLACEHOLDERS,
                },
                "conn-fields": CONN_FIELDS,
            }
        ],
    }
