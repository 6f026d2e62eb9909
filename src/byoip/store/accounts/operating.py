"""The operator's part of a transaction: accounts, credentials and services."""

from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Uuid, bindparam, insert, select, text, update

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Credential
from byoip.domain.accounts.operating import CredentialNotFound, ServiceExists, ServiceNotOffered
from byoip.domain.bindings.service_binding import Service
from byoip.store.accounts.accounts import account_from, account_values, credential_values
from byoip.store.accounts.tables import accounts, credentials
from byoip.store.bindings.tables import services
from byoip.store.rows import credential_from
from byoip.store.statements import Session, compiled

_a, _c, _s = accounts.c, credentials.c, services.c

_ACCOUNT: Final = _a.id == bindparam("account_id", type_=Uuid)
_ADD_ACCOUNT: Final = compiled(insert(accounts), accounts.c.keys())
_LOCK_ACCOUNT: Final = compiled(select(accounts).where(_ACCOUNT).with_for_update(key_share=True))
_SAVE_ACCOUNT: Final = compiled(
    update(accounts).where(_ACCOUNT), ["name", "prefix_quota", "version"]
)
_ADD_CREDENTIAL: Final = compiled(insert(credentials), credentials.c.keys())
_REVOKE: Final = compiled(
    update(credentials)
    .where(_c.id == bindparam("credential_id", type_=Uuid), _c.revoked_at.is_(None))
    .returning(credentials),
    ["revoked_at"],
)
_THIS_SERVICE: Final = bindparam("service_id", type_=Uuid)
_SERVICE: Final = _s.id == _THIS_SERVICE
_ADD_SERVICE: Final = compiled(insert(services), ["id", "name", "default_only", "created_at"])
_LOCK_SERVICE: Final = compiled(select(services).where(_SERVICE, _s.live).with_for_update())
_SAVE_SERVICE: Final = compiled(
    update(services).where(_SERVICE, _s.live), ["default_only", "version"]
)
_RETIRE: Final = compiled(update(services).where(_SERVICE, _s.live), ["removed_at"])
# What is bound now, and what prefixes in their grace were bound to: they may be restored, and
# must find it there.
_BOUND: Final = compiled(
    text("""
    SELECT count(*) AS bound, count(*) FILTER (WHERE NOT whole) AS nested FROM (
        SELECT is_default AS whole FROM bindings
        WHERE service_id = :service_id AND live
            OR answering_service_id = :service_id
            -- Bound and swapped away again, before edges had either.
            OR settled < change AND EXISTS (
                SELECT FROM edge_changes AS log
                WHERE log.binding_id = bindings.id AND log.number > bindings.settled
                    AND :service_id IN (log.service_id, log.previous_service_id)
            )
        UNION ALL
        SELECT taken ->> 'cidr' = prefixes.cidr::text AS whole
        FROM offboardings JOIN prefixes ON prefixes.id = offboardings.prefix_id,
            jsonb_array_elements(offboardings.bindings) AS taken
        WHERE offboardings.live
            AND taken ->> 'service_id' = replace(CAST(:service_id AS text), '-', '')
    ) AS resting
    """).bindparams(bindparam("service_id", type_=Uuid))
)


class AccountRepository:
    """Customers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, account: Account) -> None:
        """Keep a new account."""
        await self._session.change(_ADD_ACCOUNT, **account_values(account))

    async def lock(self, account_id: UUID) -> Account:
        """Read an account for update.

        Raises:
            AccountNotFound: there is none.
        """
        row = await self._session.row(_LOCK_ACCOUNT, account_id=account_id)
        if row is None:
            raise AccountNotFound
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


class CredentialRepository:
    """Credentials of customers and operators."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, credential: Credential, token: str) -> None:
        """Keep a credential; of the token only a hash.

        Raises:
            AccountNotFound: its account does not exist.
        """
        try:
            await self._session.change(_ADD_CREDENTIAL, **credential_values(credential, token))
        except psycopg.errors.ForeignKeyViolation as fault:
            if fault.diag.constraint_name == "fk_credentials_account_id":
                raise AccountNotFound from None
            raise

    async def revoke(self, credential_id: UUID, now: datetime) -> Credential:
        """End a credential; gives it as it is then.

        Raises:
            CredentialNotFound: there is none, or it was revoked before.
        """
        row = await self._session.row(_REVOKE, credential_id=credential_id, revoked_at=now)
        if row is None:
            raise CredentialNotFound
        return credential_from(row)


class OfferedServiceRepository:
    """What customers may bind."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, service: Service, now: datetime) -> None:
        """Offer a new service.

        Raises:
            ServiceExists: its name is taken.
        """
        try:
            await self._session.change(
                _ADD_SERVICE,
                id=service.id,
                name=service.name,
                default_only=service.default_only,
                created_at=now,
            )
        except psycopg.errors.UniqueViolation as fault:
            if fault.diag.constraint_name == "uq_services_live_name":
                raise ServiceExists from None
            raise

    async def lock(self, service_id: UUID) -> Service:
        """Read a live service for update; new bindings to it wait.

        Raises:
            ServiceNotOffered: there is none.
        """
        row = await self._session.row(_LOCK_SERVICE, service_id=service_id)
        if row is None:
            raise ServiceNotOffered
        return Service(row.id, row.name, row.default_only, row.version)

    async def bindings(self, service_id: UUID) -> tuple[int, int]:
        """How many bindings rest on it, and how many of them span less than their prefix.

        A binding that it was swapped away from, or that was removed, rests on it until a majority
        of edges has acknowledged that.
        """
        (row,) = await self._session.rows(_BOUND, service_id=service_id)
        return row.bound, row.nested

    async def save(self, service: Service) -> None:
        """Write back a service that was locked."""
        await self._session.change(
            _SAVE_SERVICE,
            service_id=service.id,
            default_only=service.default_only,
            version=service.version,
        )

    async def retire(self, service_id: UUID, now: datetime) -> None:
        """End a service that was locked and has no bindings; the row stays."""
        await self._session.change(_RETIRE, service_id=service_id, removed_at=now)
