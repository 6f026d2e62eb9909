"""Accounts and credentials as tests keep them: each call is a transaction of its own."""

from uuid import UUID

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import Credential
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
