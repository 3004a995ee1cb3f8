"""What Airflow asks a provider: its connection form, and where its classes are."""

from __future__ import annotations

from typing import Any

from airflow_dts import __version__

INTEGRATION = "Alibaba Cloud DTS"


def _text(label: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


def _seconds(label: str, description: str, least: int = 1) -> dict[str, Any]:
    schema = {"type": ["number", "null"], "minimum": least}
    return {"label": label, "description": description, "schema": schema}


def _rate(label: str, description: str) -> dict[str, Any]:
    schema = {"type": ["number", "null"], "minimum": 0.1, "maximum": 1000}
    return {"label": label, "description": description, "schema": schema}


CONN_FIELDS: dict[str, dict[str, Any]] = {
    "region_id": _text("Region", "Region of the DTS instances, such as cn-hangzhou"),
    "credentials": _text(
        "Credentials",
        "Who signs: access_key or sts (login and password), assume_role (these, and a role), environment, "
        "ecs_ram_role, oidc or default (which need no login). Empty: access_key",
        enum=["access_key", "sts", "assume_role", "environment", "ecs_ram_role", "oidc", "default", None],
    ),
    "security_token": _text("STS token", "Goes with a temporary AccessKey", format="password"),
    "role_arn": _text("Role ARN", "assume_role, oidc: such as acs:ram::123456789012:role/adminrole"),
    "role_session_name": _text(
        "Role session name", "assume_role, oidc: shown in audit logs; 2 to 64 letters"
    ),
    "role_policy": _text("Role policy", "assume_role, oidc: JSON that narrows what the key may do"),
    "role_duration": _seconds("Role duration (s)", "assume_role, oidc: life of a key; 900 to 43200", 900),
    "external_id": _text("External ID", "assume_role: only if the owner of the role asks for one"),
    "ram_role_name": _text("RAM role name", "ecs_ram_role: empty for the role the machine has"),
    "oidc_provider_arn": _text("OIDC provider ARN", "oidc: empty for ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
    "oidc_token_file": _text(
        "OIDC token file", "oidc: path on the workers; empty for the cluster's variable"
    ),
    "sts_endpoint": _text(
        "STS endpoint", "assume_role, oidc in a private cloud: where keys of roles come from"
    ),
    "gateway": _text(
        "Gateway", "asapi for the one gateway of all products of a private cloud", enum=["pop", "asapi", None]
    ),
    "internet_domain": _text(
        "Internet domain", "Private cloud: its root domain, which names the asapi gateway and the STS"
    ),
    "format": _text("Format", "Of the replies; empty: JSON", enum=["JSON", "XML", None]),
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
    "detail_rate": _rate("Detail calls per second", "Most calls that read one job, per process; empty: 40"),
    "list_rate": _rate("List calls per second", "Most calls that list jobs, per process; empty: 20"),
}
"""Fields of the connection kept in its extra, read by name in ``hooks.connection``."""

HIDDEN_FIELDS = ["schema"]
RELABELING = {"login": "AccessKey ID", "password": "AccessKey secret", "host": "Endpoint"}
PLACEHOLDERS = {
    "host": "empty: the public endpoint of the region; or host, host:port, URL, https://host/asapi/v3",
    "login": "AccessKey ID",
    "region_id": "cn-hangzhou",
}
OPERATORS = (
    "action",
    "alerts",
    "billing",
    "bulk",
    "configure",
    "consumers",
    "etl",
    "instances",
    "jobs",
    "legacy",
    "network",
    "objects",
    "tags",
)


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
        "operators": _modules("operators", *OPERATORS),
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
