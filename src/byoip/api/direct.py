"""The way to an operation: found in a table, with none of FastAPI's layers in between.

What is no operation's path and method goes through FastAPI: other routes, 404, 405.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from byoip.api.border.operation import Operation

# What picks the segments that are given, what they are, where parameters are, and the operation.
_Known: TypeAlias = tuple[Callable[[list[str]], Any], Any, Mapping[int, str], Operation]


class Direct:
    """Pure ASGI, around the application; answers and failures are as they would be within it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._handlers: Mapping[Any, Any] = app.exception_handlers
        # By method and number of segments, in the order of the routes.
        self._known = defaultdict[tuple[str, int], list[_Known]](list)
        for route in app.router.routes:
            if isinstance(route, Operation):
                self._learn(route)

    def _learn(self, operation: Operation) -> None:
        segments = operation.path.split("/")
        given = {place: one[1:-1] for place, one in enumerate(segments) if one.startswith("{")}
        # There are several: all begin with "/client/v4".
        literal = itemgetter(*(place for place, _ in enumerate(segments) if place not in given))
        for method in operation.methods or ():
            known = self._known[method, len(segments)]
            known.append((literal, literal(segments), given, operation))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        operation = self._find(scope) if scope["type"] == "http" else None
        if operation is None:
            await self._app(scope, receive, send)
            return
        scope["app"], scope["route"] = self._app, operation
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await operation.serve(scope, receive, sending)
        except Exception as fault:
            for kind in type(fault).__mro__:
                if kind in self._handlers:
                    break
            # Of a fault of ours the server is told as well, and of what comes in mid-answer.
            request = Request(scope, receive)
            if begun:
                kind = Exception
            response = await self._handlers[kind](request, fault)
            if not begun:
                await response(scope, receive, sending)
            if kind is Exception:
                raise
            fault.__traceback__ = None  # one that is raised again would keep each request's

    def _find(self, scope: Scope) -> Operation | None:
        if scope.get("root_path"):
            return None
        segments = scope["path"].split("/")
        known = self._known.get((scope["method"], len(segments)), ())
        for literal, words, given, operation in known:
            if literal(segments) == words:
                params = {name: segments[place] for place, name in given.items()}
                if all(params.values()):
                    scope["path_params"] = params
                    return operation
        return None
