"""What the service answers when it refuses: a code, a sentence and one of its two shapes.

Gateway: HTTP 4xx with ``Code`` and ``Message``. Business: HTTP 200 with ``Success`` false, ``ErrCode``,
``ErrMessage`` and ``DynamicMessage``, where ``%s`` in the message stands for the dynamic one (seed 6.4.4).
"""

from __future__ import annotations


class Refusal(Exception):
    """An answer that says no.

    :param status: HTTP status.
    :param code: the service's code, such as ``InvalidJobId``.
    :param message: for people; never holds a secret.
    :param dynamic: what ``%s`` in the message stands for, usually a wire parameter's name.
    """

    def __init__(self, status: int, code: str, message: str, dynamic: str = "") -> None:
        super().__init__(code, message)
        self.status, self.code, self.message, self.dynamic = status, code, message, dynamic

    @property
    def in_body(self) -> bool:
        """Whether it comes in the action's own envelope, under HTTP 200."""
        return self.status == 200

    @property
    def spelled_out(self) -> str:
        """The message with what ``%s`` stands for."""
        return self.message.replace("%s", self.dynamic) if self.dynamic else self.message


def gateway(code: str, message: str, status: int = 400) -> Refusal:
    return Refusal(status, code, message)


def business(code: str, message: str, dynamic: str = "") -> Refusal:
    return Refusal(200, code, message, dynamic)


def invalid(name: str, why: str) -> Refusal:
    """A parameter that cannot be: names it as it is spelled on the wire."""
    return gateway("InvalidParameter", f"The parameter {name} is not valid: {why}")


def unfit(name: str, why: str) -> Refusal:
    """A value that does not fit the job it is meant for: the documented sentence, and the reason."""
    return business("InvalidParameter", f"The Value of Input Parameter %s is not valid: {why}", name)


def missing(name: str) -> Refusal:
    return gateway("MissingParameter", f"The parameter {name} is needed but was not given.")


def forbidden(product: str) -> Refusal:
    """The key may not call the action (seed 7.3.2 for STS)."""
    if product == "Sts":
        return gateway(
            "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.", 403
        )
    return gateway(
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
        403,
    )


def unsupported() -> Refusal:
    """A known action that nothing serves (seed 6.1)."""
    return gateway("UnsupportedOperation", "The specified action is not supported.")


def no_such_job(name: str = "DtsJobId") -> Refusal:
    """No job under this id in this region; an unknown instance is the gateway's business."""
    if name == "DtsJobId":
        return business("InvalidJobId", "The Value of Input Parameter %s is not valid.", name)
    return gateway("Forbidden.InstanceNotFound", "The instance does not exist in this region.", 403)
