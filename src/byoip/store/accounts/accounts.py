"""Customers' accounts."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound
from byoip.store.accounts.tables import accounts
from byoip.store.statements import AnyRow, Repository, compiled, to_row

_a = accounts.c
_ACCOUNT: Final = _a.id == sa.bindparam("account_id")
_CHANGING: Final = ("name", "prefix_quota", "version")
_ADD_ACCOUNT: Final = compiled(sa.insert(accounts), _a.keys())
_LOCK_ACCOUNT: Final = compiled(sa.select(accounts).where(_ACCOUNT).with_for_update(key_share=True))
_SAVE_ACCOUNT: Final = compiled(sa.update(accounts).where(_ACCOUNT), _CHANGING)


class AccountRepository(Repository):
    """Customers."""

    async def add(self, account: Account) -> None:
        """Keep a new account."""
        await self._session.change(_ADD_ACCOUNT, **to_row(account, _a.keys()))

    async def lock(self, account_id: UUID) -> Account:
        """Read an account for update.

        Raises:
            AccountNotFound: there is none.
        """
        missing = AccountNotFound(account_id)
        row = await self._session.one(_LOCK_ACCOUNT, missing, account_id=account_id)
        return account_from(row)

    async def save(self, account: Account) -> None:
        """Write back an account that was locked."""
        await self._session.change(
            _SAVE_ACCOUNT, account_id=account.id, **to_row(account, _CHANGING)
        )


def account_from(row: AnyRow) -> Account:
    """A row of accounts."""
    return Account(row.id, row.name, row.prefix_quota, row.created_at, row.version)
