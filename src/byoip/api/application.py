"""The HTTP API, put together from the areas' operations."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route
from starlette.types import ASGIApp

from byoip.api.accounts.operator_accounts import operator_accounts
from byoip.api.accounts.token_accounts import token_accounts
from byoip.api.asns.disputes import operator_asn_disputes
from byoip.api.asns.operator_asns import operator_asns
from byoip.api.asns.own_asns import own_asns
from byoip.api.bindings.edges import edges
from byoip.api.bindings.operator_services import operator_services
from byoip.api.bindings.services import services
from byoip.api.border.access_log import AccessLog
from byoip.api.border.backend import Backend
from byoip.api.border.declarations import Declaration
from byoip.api.border.operation import Operation
from byoip.api.browsers import Browsers
from byoip.api.checks.preflights import preflights
from byoip.api.checks.registry_overrides import registry_overrides
from byoip.api.checks.snapshots import snapshots
from byoip.api.checks.validations import validations
from byoip.api.claims.delegations import delegations
from byoip.api.claims.history import history
from byoip.api.claims.moves import moves, operator_moves
from byoip.api.claims.operator_prefixes import operator_prefixes
from byoip.api.claims.prefixes import prefixes
from byoip.api.claims.reservations import reservations
from byoip.api.claims.tokens import tokens
from byoip.api.claims.waivers import waivers
from byoip.api.direct import Direct
from byoip.api.document.documentation import complete
from byoip.api.document.pages import document_routes
from byoip.api.document.webhook_messages import webhook_messages
from byoip.api.head import HeadAsGet
from byoip.api.hooks.operator_webhooks import operator_webhooks
from byoip.api.hooks.webhooks import webhooks
from byoip.api.letters.letter_document import LETTER_PATH, letter_document
from byoip.api.letters.letters import letter_page
from byoip.api.letters.loa_documents import loa_documents
from byoip.api.letters.operator_letters import operator_letters
from byoip.api.mail.addresses import mail_addresses
from byoip.api.operations import error_page, healthz, metrics, readyz
from byoip.api.problems.problem_handlers import problem_handlers
from byoip.api.routes.bgp import bgp
from byoip.api.routes.offboarding import offboarding
from byoip.api.routes.operator_bgp import operator_bgp
from byoip.api.routes.operator_guards import operator_guards
from byoip.api.speakers.operator_drains import operator_drains
from byoip.api.speakers.operator_revisions import operator_revisions
from byoip.api.speakers.operator_routes import operator_routes
from byoip.api.watch.disputes import operator_disputes
from byoip.api.watch.operator_watching import operator_watching
from byoip.api.watch.watching import watching

DESCRIPTION = (
    "Bring your own IP prefixes: submit one, prove that you hold it, bind services to it. "
    "Compatible with the public v4 addressing API of the same shape; not affiliated with its maker."
)


_CUSTOMER = (
    token_accounts,
    prefixes,
    offboarding,
    tokens,
    validations,
    watching,
    moves,
    preflights,
    own_asns,
    services,
    bgp,
    delegations,
    loa_documents,
    history,
    webhooks,
    mail_addresses,
)
_OPERATOR = (
    operator_accounts,
    operator_webhooks,
    operator_services,
    operator_prefixes,
    waivers,
    operator_watching,
    operator_disputes,
    operator_moves,
    operator_bgp,
    operator_letters,
    reservations,
    operator_asns,
    operator_asn_disputes,
    registry_overrides,
    snapshots,
    edges,
    operator_guards,
    operator_routes,
    operator_revisions,
    operator_drains,
)


def declarations() -> Iterable[Declaration]:
    """Every operation below /client/v4."""
    return chain(*_CUSTOMER, *_OPERATOR)


@cache
def _operations() -> Sequence[Operation]:
    """Made once: their schemas take a quarter of a second."""
    return [Operation(declaration) for declaration in declarations()]


def create_application(backend: Backend) -> ASGIApp:
    """The ASGI application; it holds no state but what `backend` brings."""
    return served(bare_application(backend), backend)


def served(app: FastAPI, backend: Backend) -> ASGIApp:
    """A bare application as it is served: with its access log, HEAD, and the way past FastAPI."""
    return AccessLog(Browsers(HeadAsGet(Direct(app)), backend.cors_origins), backend.metrics)


def bare_application(backend: Backend) -> FastAPI:
    """The application without its access log: for its document and its routes."""
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
    pages = backend.pages(backend)
    app.router.routes[:0] = [
        *(operation.on(backend) for operation in _operations()),
        Route("/healthz", healthz),
        Route("/readyz", readyz(backend.probes, backend.capabilities)),
        Route("/metrics", metrics(backend)),
        Route("/errors", error_page(pages)),
        Route(LETTER_PATH, letter_page(backend, pages)),
        *pages.routes,
    ]
    document, making = app.openapi, Lock()  # each of the three that show it has a thread

    def openapi() -> dict[str, Any]:
        with making:  # FastAPI shows it before it is complete
            if app.openapi_schema is None:
                complete(document(), declarations(), backend.public_url)
                document()["paths"][LETTER_PATH] = {"get": letter_document()}
                document()["webhooks"] = webhook_messages()
            return document()

    app.router.routes[:0] = document_routes(openapi)
    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app
