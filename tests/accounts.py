"""Accounts and credentials as tests keep them: each call is a transaction of its own."""

from datetime import UTC, datetime
from secrets import token_hex
from uuid import UUID, uuid4

from byoip.adapters.system_clock import SystemClock
from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential
from byoip.store.engine import make_engine
from byoip.store.transaction import Store


class Accounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, account: Account) -> None:
        async with self._store.transaction() as tx:
            await tx.accounts.add(account)

    async def add_credential(self, credential: Credential, token: str) -> None:
        async with self._store.transaction() as tx:
            await tx.credentials.add(credential, token)

    async def revoke(self, credential_id: UUID) -> None:
        async with self._store.transaction() as tx:
            await tx.credentials.revoke(credential_id, tx.now)


async def customers(database_url: str, count: int) -> list[tuple[str, str]]:
    """The ids of new accounts, with a token of each; commands would take seconds each."""
    engine = make_engine(database_url)
    accounts, made = Accounts(Store(engine, SystemClock())), []
    for _ in range(count):
        account, token = Account(uuid4(), "Example", 10, datetime.now(UTC)), token_hex(20)
        await accounts.create(account)
        credential = Credential(uuid4(), account.id, "ci", CUSTOMER_SCOPES, account.created_at)
        await accounts.add_credential(credential, token)
        made.append((account.id.hex, token))
    await engine.dispose()
    return made
