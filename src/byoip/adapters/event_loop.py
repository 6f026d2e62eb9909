"""The event loop of a process; where a host is it finds out in a thread for each name.

A question to the system's resolver ends when that gives up: ten seconds for each name server that
is silent, whoever waits for less. uvloop's own has two under way in all, and asyncio's waits in the
threads that write files. So the silent name servers of one party kept us from finding any other.

Names are those of the operator's settings, so threads are not counted. Where customers' receivers
are is asked of our own resolvers (`hooks/addresses.py`); a mail server's name, in threads of mail.
"""

import asyncio
import socket
from concurrent.futures import Future
from threading import Thread
from typing import Any

import uvloop


class EventLoop(uvloop.Loop):
    """uvloop's; who asks for a name while it is being asked waits for the same answer."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[Any, Future[Any]] = {}

    async def getaddrinfo(
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as asyncio has it
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """As `socket.getaddrinfo`."""
        about = host, port, family, type, proto, flags
        if (asked := self._asked.get(about)) is None:
            asked = Future()
            asked.set_running_or_notify_cancel()  # who waits no longer ends it for no other
            # A daemon: no process waits for a resolver to end.
            Thread(target=_answer, args=(asked, about), daemon=True).start()
            self._asked[about] = asked
            asked.add_done_callback(lambda _: self._asked.pop(about))
        return await asyncio.wrap_future(asked, loop=self)


def _answer(asked: Future[Any], about: Any) -> None:
    try:
        asked.set_result(socket.getaddrinfo(*about))
    except Exception as fault:  # noqa: BLE001 - whoever waits for it gets it
        asked.set_exception(fault)
