"""The ceiling of a read: bare ASGI and the raw driver, the same statements, no rules at all.

`python -m benchmarks.bare PORT DATABASE_URL`, on the same uvicorn as the service.
"""

import sys
from hashlib import sha256
from typing import Any

import msgspec
import uvicorn
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.types import Receive, Scope, Send

from byoip.store.accounts.credentials import _RECOGNISE  # a store's own, but the same statement
from byoip.store.claims import claim_reader as reading
from byoip.store.engine import session_options

_CONNECTIONS = 10  # as the service has them


class Bare:
    """`GET .../accounts/{account}/addressing/prefixes/{prefix}`, and the list."""

    def __init__(self, database_url: str) -> None:
        self._pool = AsyncConnectionPool(
            database_url,
            min_size=_CONNECTIONS,
            max_size=_CONNECTIONS,
            open=False,
            kwargs={"autocommit": True, "options": session_options()},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the database gives."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = msgspec.json.encode({"success": True, "result": await self._read(scope)})
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _read(self, scope: Scope) -> object:
        token = dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
        parts = scope["path"].split("/")
        asked = {"token_sha256": sha256(token).digest(), "now": "now", "account_id": parts[4]}
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            if len(parts) > 7:
                asked = {**reading.CLAIM_OF_HOLDER.values, **asked, "claim_id": parts[7]}
                row = await (await cursor.execute(reading.CLAIM_OF_HOLDER.text, asked)).fetchone()
                return _plain(row or {})
            await (await cursor.execute(_RECOGNISE.text, asked)).fetchone()
            start = {"after_time": "-infinity", "after_id": "0" * 32, "page_size": 1001}
            asked = {**reading.CLAIMS.values, **asked, **start}
            rows = await cursor.execute(reading.CLAIMS.text, asked)
            return [_plain(row) for row in await rows.fetchall()]

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if not name.startswith("credential_")}
    return {**shown, "cidr": str(row["cidr"])}


if __name__ == "__main__":
    uvicorn.run(Bare(sys.argv[2]), port=int(sys.argv[1]), access_log=False, log_config=None)
