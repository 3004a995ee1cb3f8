"""How an answer reaches its caller when it is not to arrive as it should."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.responses import Response

from airflow_dts.emulator.wire import Answer

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Ending = Literal["usual", "cut", "reset"]
_AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing sends a reset, and drops what was not sent."""


@dataclass(frozen=True, slots=True)
class Hindered(Answer):
    """An answer that arrives late, in part, or not at all.

    :param seconds: how late.
    :param ending: ``cut`` sends half of the body and closes, ``reset`` sends nothing.
    :param retry_after: seconds, for the header.
    """

    seconds: float = 0.0
    ending: Ending = "usual"
    retry_after: int | None = None


class HinderedResponse(Response):
    """The answer on its way, by a server that puts the connection into the state of each call."""

    def __init__(self, answer: Hindered) -> None:
        asked = {} if answer.retry_after is None else {"retry-after": str(answer.retry_after)}
        super().__init__(answer.body, answer.status, asked, answer.media_type)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer, connection = self._answer, scope["state"]["connection"]
        if answer.seconds:
            connection.dawdles = True
            if await _leaves(receive, within=answer.seconds):
                return
            connection.dawdles = False
        if answer.ending == "usual":
            await super().__call__(scope, receive, send)
            return
        transport: asyncio.Transport = connection.transport
        if answer.ending == "reset":
            _reset(transport)
        else:
            half = answer.body[: len(answer.body) // 2]
            await send({"type": "http.response.start", "status": answer.status, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": half, "more_body": True})
            transport.close()
        await _leaves(receive)  # else the server would answer in its own words


async def _leaves(receive: Receive, within: float | None = None) -> bool:
    """Wait until the connection is gone.

    :param within: seconds after which it is not waited for any more.
    :return: whether it is gone.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while (await receive())["type"] != "http.disconnect":
                pass
            return True
    return False


def _reset(transport: asyncio.Transport) -> None:
    sock: Any = transport.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
