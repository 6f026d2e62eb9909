"""HEAD where GET is: the same answer without its content (RFC 9110, section 9.3.2)."""

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENDLESS = "/stream"


class HeadAsGet:
    """Pure ASGI, around the application: it has GET alone, and so has its document.

    What would be waited for is answered at once; what never ends has no HEAD.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as a GET if it is a HEAD."""
        asked = scope["type"] == "http" and scope["method"] == "HEAD"
        if not asked or scope["path"].endswith(_ENDLESS):
            await self._app(scope, receive, send)
            return
        parts = scope["query_string"].split(b"&")
        query = b"&".join(part for part in parts if unquote_to_bytes(part)[:5] != b"wait=")

        async def without_content(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        got = {**scope, "method": "GET", "query_string": query}
        try:
            await self._app(got, receive, without_content)
        finally:
            if "route" in got:  # for the metrics
                scope["route"] = got["route"]
