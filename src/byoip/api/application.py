"""The HTTP border, put together."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route
from starlette.types import ASGIApp

from byoip.api.declarations import Declaration
from byoip.api.dependencies import Backend
from byoip.api.documentation import complete
from byoip.api.letter_document import LETTER_PATH, letter_document
from byoip.api.operation import Operation
from byoip.api.problem_handlers import problem_handlers
from byoip.api.recording import Recorder
from byoip.api.routes.bgp import bgp
from byoip.api.routes.delegations import delegations
from byoip.api.routes.edges import edges
from byoip.api.routes.history import history
from byoip.api.routes.letters import letter_page
from byoip.api.routes.loa_documents import loa_documents
from byoip.api.routes.offboarding import offboarding
from byoip.api.routes.operations import error_page, healthz, metrics, readyz
from byoip.api.routes.operator_accounts import operator_accounts
from byoip.api.routes.operator_bgp import operator_bgp
from byoip.api.routes.operator_guards import operator_guards
from byoip.api.routes.operator_letters import operator_letters
from byoip.api.routes.operator_prefixes import operator_prefixes
from byoip.api.routes.operator_routes import operator_routes
from byoip.api.routes.operator_services import operator_services
from byoip.api.routes.operator_space import operator_space
from byoip.api.routes.prefixes import prefixes
from byoip.api.routes.proof import proof
from byoip.api.routes.services import services

DESCRIPTION = (
    "Bring your own IP prefixes: submit one, prove that you hold it, bind services to it. "
    "Compatible with the public v4 addressing API of the same shape; not affiliated with its maker."
)


_CUSTOMER = (
    prefixes,
    offboarding,
    proof,
    services,
    bgp,
    delegations,
    loa_documents,
    history,
)
_OPERATOR = (
    operator_accounts,
    operator_services,
    operator_prefixes,
    operator_bgp,
    operator_letters,
    operator_space,
    edges,
    operator_guards,
    operator_routes,
)


def declarations() -> Iterable[Declaration]:
    """Every operation below /client/v4."""
    return chain(*_CUSTOMER, *_OPERATOR)


def create_application(backend: Backend) -> ASGIApp:
    """The ASGI application; it holds no state but what `backend` brings."""
    return Recorder(bare_application(backend), backend.metrics)


def bare_application(backend: Backend) -> FastAPI:
    """The same without recording: for its document and its routes."""
    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="byoip",
        version="1",
        description=DESCRIPTION,
        servers=[{"url": backend.public_url}],
        redirect_slashes=False,
        exception_handlers=problem_handlers(backend.public_url),
    )
    app.router.routes[:0] = [
        *(Operation(declaration, backend) for declaration in declarations()),
        Route("/healthz", healthz),
        Route("/readyz", readyz(backend.probes)),
        Route("/metrics", metrics(backend)),
        Route("/errors", error_page()),
        Route(LETTER_PATH, letter_page(backend)),
    ]
    document = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(document(), declarations(), backend.public_url)
            document()["paths"][LETTER_PATH] = {"get": letter_document()}
        return document()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app
