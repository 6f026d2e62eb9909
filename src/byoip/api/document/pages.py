"""The routes of the document and of its two views: made once for all that ask, in a thread."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from typing import Any

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from byoip.api.border.answers import JsonBytes
from byoip.api.document.views import View, view
from byoip.api.paced import Paced

_STATIC = "/static-offline-docs"
_PAGES = {View.CUSTOMER: "/docs", View.OPERATOR: "/docs/operator"}


def document_routes(openapi: Callable[[], Mapping[str, Any]]) -> list[Route]:
    """`/openapi.json`, `/docs` and `/docs/operator`, and what these two load."""
    routes = [Route("/openapi.json", _json(cache(lambda: _bytes(openapi()))))]
    for whose, path in _PAGES.items():
        shown = f"/docs/{whose}.json"
        routes += [
            Route(shown, _json(cache(partial(_view, openapi, whose)))),
            Route(path, _page(shown, whose)),
        ]
    return routes


def _view(openapi: Callable[[], Mapping[str, Any]], whose: View) -> bytes:
    return _bytes(view(openapi(), whose))


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _json(rendered: Callable[[], bytes]) -> Callable[[Request], Awaitable[Response]]:
    # To make the document takes half a second.
    paced = Paced(partial(asyncio.to_thread, rendered))

    async def answer(_: Request) -> Response:
        return JsonBytes(await paced())

    return answer


def _page(shown: str, whose: View) -> Callable[[Request], Awaitable[Response]]:
    html = get_swagger_ui_html(
        openapi_url=shown,
        title=f"byoip: for {whose}s",
        swagger_js_url=f"{_STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{_STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{_STATIC}/favicon.png",
    )

    async def answer(_: Request) -> Response:
        return html

    return answer
