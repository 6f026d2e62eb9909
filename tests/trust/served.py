"""The API on a real socket before a real database, with customers that speak to it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx

from byoip.api.application import create_application
from byoip.api.border.backend import Backend
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential
from byoip.domain.accounts.limits import Limits
from byoip.ports.letters.letters import PdfInspector
from byoip.store.engine import PoolSize, make_engine
from tests.accounts import Accounts
from tests.api.world import V4, new_account
from tests.fakes.backend import ExternalServices, make_backend
from tests.store.samples import SetClock

BOUNDARY = b"--here\r\n"
PART = BOUNDARY + (
    b'Content-Disposition: form-data; name="loa_document"; filename="letter.pdf"\r\n\r\n'
)
END = b"\r\n--here--\r\n"
# For a client in plain text: to read whom this machine trusts takes 25 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with a token."""

    account_id: UUID
    token: str
    port: int

    @property
    def path(self) -> str:
        return f"{V4}/{self.account_id.hex}/addressing"

    async def upload(self, document: bytes) -> httpx.Response:
        """Upload it as clients do."""
        files = {"loa_document": ("letter.pdf", document)}
        return await self.ask("POST", "/loa_documents", files=files)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request, on a connection of its own."""
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        base = f"http://127.0.0.1:{self.port}"
        async with httpx.AsyncClient(base_url=base, timeout=60, verify=NO_TLS) as client:
            return await client.request(method, self.path + path, headers=headers, **more)

    def head(self, length: int) -> bytes:
        """The head of an upload of so many bytes, for a socket of one's own."""
        return (
            f"POST {self.path}/loa_documents HTTP/1.1\r\nHost: byoip.test\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {length}\r\n"
            "Content-Type: multipart/form-data; boundary=here\r\n\r\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Served:
    """A running API."""

    backend: Backend
    clock: SetClock
    port: int

    async def customer(self) -> Customer:
        """A new account."""
        account_id, token = await new_account(self.backend), token_hex(20)
        made = Credential(uuid4(), account_id, "ci", frozenset(CUSTOMER_SCOPES), self.clock.now())
        await Accounts(self.backend.border.store).add_credential(made, token)
        return Customer(account_id, token, self.port)


@asynccontextmanager
async def served(
    database_url: str,
    *,
    inspector: PdfInspector | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> AsyncIterator[Served]:
    """Serve while the block runs."""
    engine, clock = make_engine(database_url, pool=PoolSize(kept=3, more=5)), SetClock()
    backend = make_backend(engine, clock, ExternalServices(), limits=limits)
    if inspector is not None:
        backend = replace(backend, pdf_inspector=inspector)
    listening = bind("127.0.0.1", 0)
    try:
        async with serving(create_application(backend), listening):
            yield Served(backend, clock, port_of(listening))
    finally:
        await engine.dispose()
