"""What every API action and every reply has in common.

An action is one class. Its fields are the request, its type parameter is the reply, its
``rules`` are what a per-field type cannot say. Nothing else in the package spells out a
request: the client sends it, the emulator parses it and the reference page prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast

from pydantic import ConfigDict, model_validator

from airflow_dts.api._fields import Int, Name, Text
from airflow_dts.api._rules import Rule
from airflow_dts.api._struct import Items, Part, Struct, Unreadable, Wire, Wrapped, unsaid
from airflow_dts.api.xml import from_xml

__all__ = [
    "Action", "CodedReply", "Items", "Part", "Reply", "Struct", "Unreadable", "Wire", "Wrapped", "unsaid",
]  # fmt: skip


class Reply(Struct):
    """The envelope around every reply."""

    request_id: Text = ""
    success: bool = True
    """False is a failure, even under HTTP 200."""
    err_code: Text = ""
    err_message: Text = ""
    """May hold ``%s``, which stands for ``dynamic_message``."""
    dynamic_code: Text = ""
    dynamic_message: Text = ""
    http_status_code: Int = None


class CodedReply(Reply):
    """A reply with one more code."""

    code: Text = ""
    """Error code; announced for removal."""


R_co = TypeVar("R_co", bound=Reply, covariant=True)


class Action(Wire, Generic[R_co]):
    """One API action; subclass it with the reply type as parameter."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    section: ClassVar[str]
    """Where the seed describes the action, as "6.4.13"."""
    product: ClassVar[str] = "Dts"
    version: ClassVar[str] = "2020-01-01"
    generation: ClassVar[Literal["current", "legacy"]] = "current"
    changes_state: ClassVar[bool] = True
    """Whether a lost reply leaves us unsure what happened, so that a blind resend could do it twice."""
    rules: ClassVar[tuple[Rule, ...]] = ()
    reply: ClassVar[type[Reply]] = Reply

    region_id: Name | None = None
    """Region of the DTS instance, such as ``cn-hangzhou``."""

    @classmethod
    def action_name(cls) -> str:
        return cls.__name__

    @classmethod
    def parse_reply(cls, body: bytes | str | Mapping[str, Any]) -> R_co:
        """The action's reply, from a JSON body or a mapping with wire names.

        :raises pydantic.ValidationError: the body is no JSON, or not a reply.
        """
        return cast("R_co", cls.reply.read(body))

    @classmethod
    def parse_xml(cls, body: bytes | str) -> R_co:
        """The action's reply from an XML body.

        :raises ValueError: the body is no XML, one with a document type, or not a reply.
        """
        return cast("R_co", from_xml(cls.reply, body))

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        for base in cls.__mro__:
            match base.__dict__.get("__pydantic_generic_metadata__", {}).get("args"):
                case (type() as reply,):
                    cls.reply = reply
                    return

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        if broken := [fault for rule in self.rules for fault in rule.broken(self)]:
            raise ValueError(f"{self.action_name()}: " + "; ".join(broken))
        return self
