"""The connection form for Airflow 2, made from what Airflow 3 reads in the provider info."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow_dts.provider_info import CONN_FIELDS, HIDDEN_FIELDS, PLACEHOLDERS, RELABELING


def widgets() -> dict[str, Any]:
    """Fields of the form; they need Flask and WTForms, which Airflow 2 brings and Airflow 3 does not."""
    look = import_module("flask_appbuilder.fieldwidgets")
    forms = import_module("wtforms")
    lazy_gettext = import_module("flask_babel").lazy_gettext

    def field(spec: dict[str, Any]) -> Any:
        label, about = lazy_gettext(spec["label"]), spec["description"]
        schema = spec["schema"]
        if "boolean" in schema["type"]:
            return forms.BooleanField(label, description=about, default=schema["default"])
        if schema.get("format") == "password":
            return forms.PasswordField(label, description=about, widget=look.BS3PasswordFieldWidget())
        return forms.StringField(label, description=about, widget=look.BS3TextFieldWidget())

    return {name: field(spec) for name, spec in CONN_FIELDS.items()}


def behaviour() -> dict[str, Any]:
    return {"hidden_fields": HIDDEN_FIELDS, "relabeling": RELABELING, "placeholders": PLACEHOLDERS}
