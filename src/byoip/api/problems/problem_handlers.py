"""From an exception to the envelope: a client sees only refusals that have a record."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from byoip.api.border import refusals
from byoip.api.border.answers import JsonBytes
from byoip.api.border.bodies import field_refusals
from byoip.api.problems.failures import failure_body, failure_headers
from byoip.api.problems.problems import problem_of
from byoip.domain.errors import Refusal
from byoip.store.unavailable import StoreUnavailable

_PLAIN = re.compile(r"(/[A-Za-z0-9._-]+)+", re.ASCII)
log = logging.getLogger("byoip.api")

Handler: TypeAlias = Callable[[Request, Any], Awaitable[Response]]


def problem_handlers(public_url: str) -> Mapping[int | type[Exception], Handler]:
    """The handlers for everything that a route may raise."""

    def failure(refusals: Sequence[Refusal]) -> Response:
        first = refusals[0]
        return JsonBytes(
            failure_body(refusals, public_url),
            status_code=problem_of(first).status,
            headers=failure_headers(first),
        )

    async def refusal(_: Request, refused: Refusal) -> Response:
        return failure([refused])

    async def several(_: Request, bundle: refusals.Refusals) -> Response:
        return failure(bundle.refusals)

    async def validation(_: Request, fault: RequestValidationError) -> Response:
        return failure(field_refusals(fault.errors()))

    async def routing(request: Request, fault: HTTPException) -> Response:
        if fault.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return failure([refusals.MethodNotAllowed(allowed_methods(request))])
        return failure([refusals.RouteNotFound(_without_surplus_slashes(request))])

    async def away(request: Request, fault: StoreUnavailable) -> Response:
        request_id = request.state.request_id
        log.warning("database away, request %s: %s", request_id, fault.__cause__ or fault)
        return failure([refusals.DatabaseAway(request_id)])

    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return failure([refusals.MalformedJson("it ended early")])  # the client has gone

    async def fault(request: Request, fault: Exception) -> Response:
        request_id = request.state.request_id
        log.error("internal fault, request %s", request_id, exc_info=fault)
        return failure([refusals.InternalFault(request_id)])

    return {
        Refusal: refusal,
        refusals.Refusals: several,
        RequestValidationError: validation,
        HTTPException: routing,
        StoreUnavailable: away,
        ClientDisconnect: gone,
        Exception: fault,
    }


def allowed_methods(request: Request) -> list[str]:
    """All methods of a path; the router names those of one of its routes only."""
    routes: Sequence[BaseRoute] = request.app.routes
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted(
        {method for route in matching for method in getattr(route, "methods", None) or ()}
    )


def _without_surplus_slashes(request: Request) -> str:
    """The path that was meant, where slashes are all that is wrong with it; empty otherwise.

    It is said, and not served: what a proxy lets pass is decided by the path as it was written.
    """
    path: str = request.scope["path"]
    meant = re.sub("/+", "/", path).rstrip("/")
    if meant == path or not _PLAIN.fullmatch(meant):
        return ""
    scope = {**request.scope, "path": meant, "raw_path": meant.encode()}
    found = (route.matches(scope)[0] for route in request.app.router.routes)
    return meant if any(one is not Match.NONE for one in found) else ""
