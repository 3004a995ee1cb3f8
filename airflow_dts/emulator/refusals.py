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


def gateway(code: str, message: str, status: int = 400) -> Refusal:
    return Refusal(status, code, message)


def business(code: str, message: str, dynamic: str = "") -> Refusal:
    return Refusal(200, code, message, dynamic)


def invalid(name: str, why: str) -> Refusal:
    """A parameter that cannot be: names it as it is spelled on the wire."""
    return gateway("InvalidParameter", f"The parameter {name} is not valid: {why}")


def missing(name: str) -> Refusal:
    return gateway("MissingParameter", f"The parameter {name} is needed but was not given.")


def no_such_job(name: str = "DtsJobId") -> Refusal:
    """No job under this id in this region; an unknown instance is the gateway's business."""
    if name == "DtsJobId":
        return business("InvalidJobId", "The Value of Input Parameter %s is not valid.", name)
    return gateway("Forbidden.InstanceNotFound", "The instance does not exist in this region.", 403)
