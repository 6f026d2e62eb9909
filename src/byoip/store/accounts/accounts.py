"""Customers' accounts."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Credential, Scope
from byoip.store.accounts.tables import accounts
from byoip.store.statements import AnyRow, Repository, compiled

_a = accounts.c
_ACCOUNT: Final = _a.id == sa.bindparam("account_id", type_=sa.Uuid)
_ADD_ACCOUNT: Final = compiled(sa.insert(accounts), accounts.c.keys())
_LOCK_ACCOUNT: Final = compiled(sa.select(accounts).where(_ACCOUNT).with_for_update(key_share=True))
_SAVE_ACCOUNT: Final = compiled(
    sa.update(accounts).where(_ACCOUNT), ["name", "prefix_quota", "version"]
)


class AccountRepository(Repository):
    """Customers."""

    async def add(self, account: Account) -> None:
        """Keep a new account."""
        await self._session.change(
            _ADD_ACCOUNT,
            id=account.id,
            name=account.name,
            prefix_quota=account.prefix_quota,
            created_at=account.created_at,
            version=account.version,
        )

    async def lock(self, account_id: UUID) -> Account:
        """Read an account for update.

        Raises:
            AccountNotFound: there is none.
        """
        row = await self._session.one(_LOCK_ACCOUNT, AccountNotFound, account_id=account_id)
        return account_from(row)

    async def save(self, account: Account) -> None:
        """Write back an account that was locked."""
        await self._session.change(
            _SAVE_ACCOUNT,
            account_id=account.id,
            name=account.name,
            prefix_quota=account.prefix_quota,
            version=account.version,
        )


def credential_from(row: AnyRow) -> Credential:
    """A row of credentials."""
    return Credential(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def account_from(row: AnyRow) -> Account:
    """A row of accounts."""
    return Account(row.id, row.name, row.prefix_quota, row.created_at, row.version)
