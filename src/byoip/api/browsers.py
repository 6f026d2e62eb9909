"""Programs in browsers: pages of other origins may ask where the operator names them.

Fetch, section 3.3 (CORS): off without an origin in the settings, and never with credentials of the
browser's own, so a token is all that opens anything.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKS = (
    b"authorization, content-type, idempotency-key, if-match, x-auth-email, x-auth-key, "
    b"x-request-id"
)
_TOLD = (
    b"allow, etag, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, "
    b"x-request-id, x-should-retry"
)
_ALLOWED = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", _ASKS),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (b"access-control-expose-headers", _TOLD)


class Browsers:
    """Pure ASGI, around the application."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer a browser that asks whether a page may send one."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        origin = given.get(b"origin")
        known = origin in self._origins
        if known and scope["method"] == "OPTIONS" and b"access-control-request-method" in given:
            headers = [(b"access-control-allow-origin", origin), *_ALLOWED, (b"vary", b"origin")]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [(b"access-control-allow-origin", origin), _EXPOSED] if known else []
                headers = [*message.get("headers", ()), (b"vary", b"origin"), *told]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, sending)
