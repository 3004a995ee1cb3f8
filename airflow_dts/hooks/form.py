"""The connection form for Airflow 2, made from what Airflow 3 reads in the provider info."""

from __future__ import annotations

from typing import Any

from airflow_dts.provider_info import CONN_FIELDS, HIDDEN_FIELDS, PLACEHOLDERS, RELABELING


def widgets() -> dict[str, Any]:
    """Fields of the form; they need Flask and WTForms, which Airflow 2 brings."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from flask_babel import lazy_gettext
    from wtforms import BooleanField, PasswordField, StringField

    def field(spec: dict[str, Any]) -> Any:
        label, about = lazy_gettext(spec["label"]), spec["description"]
        schema = spec["schema"]
        if "boolean" in schema["type"]:
            return BooleanField(label, description=about, default=schema["default"])
        if schema.get("format") == "password":
            return PasswordField(label, description=about, widget=BS3PasswordFieldWidget())
        return StringField(label, description=about, widget=BS3TextFieldWidget())

    return {name: field(spec) for name, spec in CONN_FIELDS.items()}


def behaviour() -> dict[str, Any]:
    return {"hidden_fields": HIDDEN_FIELDS, "relabeling": RELABELING, "placeholders": PLACEHOLDERS}
