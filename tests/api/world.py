"""A running API with two customers, and short ways to speak to it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from byoip.api.border.backend import Backend
from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential, Scope
from byoip.domain.bindings.service_binding import Service
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.fakes.backend import ExternalServices
from tests.store.samples import SetClock, passed

V4 = "/client/v4/accounts"
_fresh = count()
_COLUMNS = 200  # tests name space of 45.200.0.0 and above themselves


class Asking(ABC):
    """Reads the answers to `call`."""

    @abstractmethod
    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask with one's own token, below one's own path."""

    async def result(self, method: str, path: str, **more: Any) -> Any:
        """The result of a call that must succeed."""
        response = await self.call(method, path, **more)
        assert response.is_success, response.text
        return response.json()["result"]

    async def errors(self, method: str, path: str, **more: Any) -> list[tuple[int, str, str]]:
        """Status, name and pointer of every error of a call that must fail."""
        response = await self.call(method, path, **more)
        assert not response.is_success, response.text
        return [
            (response.status_code, error["name"], (error["source"] or {}).get("pointer", ""))
            for error in response.json()["errors"]
        ]


@dataclass
class World(Asking):
    """The API, and what stands behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    backend: Backend
    store: Store
    clock: SetClock
    outside: ExternalServices
    account_id: UUID
    token: str
    other_account_id: UUID
    other_token: str

    def url(self, path: str, account_id: UUID | None = None) -> str:
        return f"{V4}/{(account_id or self.account_id).hex}/addressing{path}"

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as the customer; `path` is below the account's addressing path."""
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.client.request(method, self.url(path), headers=headers, **more)

    async def prefix(self, cidr: str = "31.0.0.0/23", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.result(
            "POST", "/prefixes", json={"cidr": cidr, "asn": 64500, **more}
        )
        return made

    async def approved(self, cidr: str = "", **more: Any) -> tuple[str, str]:
        """An approved prefix's id and cidr: a /23 that no other test has, if none is given."""
        row, column = divmod(next(_fresh), _COLUMNS)
        cidr = cidr or f"45.{column}.{2 * row}.0/23"
        made = UUID((await self.prefix(cidr, **more))["id"])
        async with self.store.transaction() as tx:
            claim, now = await tx.claims.lock(made), self.clock.now()
            yes = passed(now)
            proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
            await tx.claims.save(proven.approve(now))
        return made.hex, cidr

    async def services(self) -> list[Service]:
        return list(await self.backend.reader.services())

    async def service(self, name: str) -> str:
        """Id of the one with this name; other tests may have added more."""
        [found] = [one.id.hex for one in await self.services() if one.name == name]
        return found

    async def credential(
        self,
        account_id: UUID | None,
        scopes: Iterable[Scope] = CUSTOMER_SCOPES,
        *,
        expired: bool = False,
        revoked: bool = False,
    ) -> str:
        """A new token."""
        accounts, token = Accounts(self.backend.border.store), token_hex(20)
        now = self.clock.now()
        made = Credential(uuid4(), account_id, "ci", frozenset(scopes), now)
        if expired:
            made = replace(made, expires_at=now - timedelta(seconds=1))
        await accounts.add_credential(made, token)
        if revoked:
            await accounts.revoke(made.id)
        return token


async def new_account(backend: Backend, quota: int = 1000) -> UUID:
    account = Account(uuid4(), "Example", quota, datetime.now(UTC))
    await Accounts(backend.border.store).create(account)
    return account.id
