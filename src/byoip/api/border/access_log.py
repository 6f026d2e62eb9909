"""Around every request: its id, one line in the log, one count in the metrics, its answer in parts.

Probes that pass leave no line.
"""

import asyncio
import logging
import re
import time
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from byoip.api.border.account_turns import client_of
from byoip.api.border.large_answers import in_parts
from byoip.ports.places import Party, Places
from byoip.store.sharing import working_for

log = logging.getLogger("byoip.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Of ours 200: what is cut is at none. Anyone may ask for 64 kB, which would fill the disk with log
# lines, and among the files of /docs be looked for step by step.
_LONGEST_PATH = 300
# Ours have 500 at most. To read 60 kB that are made for it takes the event loop 30 ms.
_LONGEST_QUERY = 2000
_LONGEST_SIGNED = 8000  # by the identity provider: all that it says is in one (JARM)
_SIGNED_COMES_TO = "/ui/enter/provider/back"
_TOO_LONG = b"too_long"  # what no operation knows: to cut it would change what is asked for
# A proxy asks each copy twice a second: their lines would be nearly all of the log.
_PROBES = frozenset({"/healthz", "/readyz"})
_OK = 200
# In a turn of the event loop, which looks for others after 16 ms then; of one client half of them.
_BEGUN_AT_ONCE = 16
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class AccessLog:
    """Pure ASGI, outermost, so that it also sees what goes wrong inside."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._beginning, self._answering = Places(_BEGUN_AT_ONCE), Places(_BEGUN_AT_ONCE)
        labels = ("method", "route", "status")
        self._requests = Counter(
            "byoip_http_requests", "Requests answered.", labels, registry=registry
        )
        self._seconds = Histogram(
            "byoip_http_request_seconds",
            "Time until the answer was sent.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = client_of(scope)
        await _turn(self._beginning, client)
        request_id = _request_id(scope)
        scope["path"] = scope["path"][:_LONGEST_PATH]
        signed = scope["path"] == _SIGNED_COMES_TO
        if len(scope["query_string"]) > (_LONGEST_SIGNED if signed else _LONGEST_QUERY):
            scope["query_string"] = _TOO_LONG
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        status = 0
        started = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await _turn(self._answering, client)  # thousands may wait for one thing
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    *scope["state"].get("headers", ()),
                    (b"x-request-id", request_id.encode("ascii")),
                ]
            for part in in_parts(message):  # the kernel takes megabytes of an answer at once
                if part.get("more_body"):
                    await _turn(self._answering, client)
                await send(part)

        try:
            with working_for(Party.STRANGERS):
                await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        found = scope.get("route")
        route = getattr(found, "path", "none")
        # Of a route also those that it does not answer to find it: a line of metrics for each.
        known = scope["method"] in (getattr(found, "methods", None) or ())
        method = scope["method"] if known else "any"
        key = method, route, status
        if (counted := self._counted.get(key)) is None:
            counted = self._counted[key] = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        counted[0].inc()
        counted[1].observe(seconds)
        probe_passed = scope["path"] in _PROBES and status == _OK
        if log.isEnabledFor(logging.INFO) and not probe_passed:
            line = _line(scope, status, seconds)
            log.info("%s %s %s", line["method"], line["path"], status, extra=line)


async def _turn(places: Places, client: str) -> None:
    """Go on in a turn of the event loop in which few others do."""
    if not places.take_free(client):
        await places.take(client)
    asyncio.get_running_loop().call_soon(places.give_back, client)


def _line(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    state = scope["state"]
    return {
        "request_id": state["request_id"],
        "credential": state.get("credential"),
        "method": scope["method"],
        "path": scope["path"],  # never the query; tokens stand in neither
        "status": status,
        "ms": round(seconds * 1000, 2),
    }


def _request_id(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return bytes(given[0]).decode("ascii")
    return uuid4().hex
