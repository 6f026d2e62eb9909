from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import LargeBinary, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Credential
from byoip.ports.clock import Clock
from byoip.store.accounts.tables import accounts, credentials
from byoip.store.autocommit import autocommit_pool
from byoip.store.engine import autocommitting
from byoip.store.rows import AnyRow, credential_from
from byoip.store.statements import compiled
from byoip.store.unavailable import translate_driver_errors

LAST_USE_WRITTEN: Final = timedelta(minutes=1)

_c = credentials.c

# By the hash of the token: how long that takes says nothing about the token.
_RECOGNISE: Final = compiled(
    select(credentials).where(
        _c.token_sha256 == bindparam("token_sha256", type_=LargeBinary),
        _c.revoked_at.is_(None),
        or_(_c.expires_at.is_(None), _c.expires_at > bindparam("now", type_=_c.expires_at.type)),
    )
)


class Accounts:
    """Accounts and credentials; each call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = autocommitting(engine)
        self._autocommit = autocommit_pool(engine)
        self._clock = clock

    async def create(self, account: Account) -> None:
        """Keep a new account."""
        with translate_driver_errors():
            async with self._engine.connect() as connection:
                await connection.execute(insert(accounts), account_values(account))

    async def add_credential(self, credential: Credential, token: str) -> None:
        """Keep a credential; of the token only a hash.

        Raises:
            AccountNotFound: its account does not exist.
        """
        values = credential_values(credential, token)
        with translate_driver_errors():
            try:
                async with self._engine.connect() as connection:
                    await connection.execute(insert(credentials), values)
            except IntegrityError as fault:
                if _violated(fault) == "fk_credentials_account_id":
                    raise AccountNotFound from None
                raise

    async def recognise(self, token: str) -> Credential | None:
        """The credential of a token, unless unknown, revoked or expired; one statement.

        Notes the last use, at most once a minute.
        """
        now = self._clock.now()
        for row in await self._autocommit.ask(_RECOGNISE, token_sha256=_hash(token), now=now):
            credential = credential_from(row)
            if _old(credential.last_used_at, now):
                await self._note_use(credential.id, now)
            return credential
        return None

    async def revoke(self, credential_id: UUID) -> bool:
        """End a credential; False if there is none, or it was revoked before."""
        ending = update(credentials).where(_c.id == credential_id, _c.revoked_at.is_(None))
        with translate_driver_errors():
            async with self._engine.connect() as connection:
                done = await connection.execute(ending.values(revoked_at=self._clock.now()))
        return done.rowcount == 1

    async def credentials(self, account_id: UUID | None) -> Sequence[Credential]:
        """Credentials of an account, or all, oldest first."""
        asked = select(credentials).order_by(_c.created_at, _c.id)
        if account_id is not None:
            asked = asked.where(_c.account_id == account_id)
        with translate_driver_errors():
            async with self._engine.connect() as connection:
                found = await connection.execute(asked)
        return [credential_from(row) for row in found]

    async def _note_use(self, credential_id: UUID, now: datetime) -> None:
        # Asked again in the statement, so that of many requests at once only one writes.
        old = or_(_c.last_used_at.is_(None), _c.last_used_at <= now - LAST_USE_WRITTEN)
        noting = update(credentials).where(_c.id == credential_id, old)
        with translate_driver_errors():
            async with self._engine.connect() as connection:
                await connection.execute(noting.values(last_used_at=now))


def account_from(row: AnyRow) -> Account:
    """A row of accounts."""
    return Account(row.id, row.name, row.prefix_quota, row.created_at, row.version)


def account_values(account: Account) -> dict[str, Any]:
    """What a row of accounts holds of an account."""
    return {
        "id": account.id,
        "name": account.name,
        "prefix_quota": account.prefix_quota,
        "created_at": account.created_at,
        "version": account.version,
    }


def credential_values(credential: Credential, token: str) -> dict[str, Any]:
    """What a row of credentials holds of a credential and its token."""
    return {
        "id": credential.id,
        "account_id": credential.account_id,
        "name": credential.name,
        "token_sha256": _hash(token),
        "scopes": sorted(scope.value for scope in credential.scopes),
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "revoked_at": credential.revoked_at,
        "last_used_at": credential.last_used_at,
    }


def _violated(fault: IntegrityError) -> str | None:
    return fault.orig.diag.constraint_name if isinstance(fault.orig, psycopg.Error) else None


def _old(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or last_used_at <= now - LAST_USE_WRITTEN


def _hash(token: str) -> bytes:
    # Tokens are random, at least 128 bits: a plain hash cannot be guessed back.
    return sha256(token.encode(errors="surrogatepass")).digest()
