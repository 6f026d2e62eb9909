"""Credentials: given out, revoked, and recognised by their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.expression import FromClause

from byoip.domain.accounts.credential import AccountNotFound, Credential, CredentialNotFound, Scope
from byoip.domain.claims.closing import NOTICES
from byoip.ports.clock import Clock
from byoip.store.accounts.let_in import hold_off
from byoip.store.accounts.seen import Seen
from byoip.store.accounts.tables import credentials, people
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import AnyRow, Repository, Statement, compiled, from_row, to_row
from byoip.store.unavailable import refusing

LAST_USE_WRITTEN: Final = timedelta(minutes=1)

_c = credentials.c
_ADD_CREDENTIAL: Final = compiled(sa.insert(credentials), _c.keys())
_REVOKE: Final = compiled(
    sa.update(credentials)
    .where(_c.id == sa.bindparam("credential_id"), _c.revoked_at.is_(None))
    .returning(credentials),
    ["revoked_at"],
)
_REVOKE_OF: Final = compiled(
    sa.update(credentials)
    .where(_c.person_id == sa.bindparam("person"), _c.revoked_at.is_(None))
    .returning(credentials),
    ["revoked_at"],
)
_LOCK_TOKEN: Final = compiled(
    sa.select(credentials)
    .where(
        _c.id == sa.bindparam("credential_id"),
        _c.account_id.is_not_distinct_from(sa.bindparam("account_id", type_=sa.Uuid)),
        _c.revoked_at.is_(None),
        ~sa.exists().where(people.c.id == _c.id),
    )
    .with_for_update()
)
_HELD: Final = compiled(
    sa.select(sa.func.count().label("held")).where(
        _c.person_id == sa.bindparam("person"),
        _c.revoked_at.is_(None),
        sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("now")),
    )
)
_IN_FORCE: Final = sa.and_(
    _c.revoked_at.is_(None), sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("now"))
)
_owner: Final = credentials.alias("owner")
_ALLOWED: Final = (
    sa.select(_owner.c.scopes)
    .where(_owner.c.id == _c.person_id, _owner.c.revoked_at.is_(None))
    .scalar_subquery()
    .label("credential_allowed")
)
_OURS: Final = (*(one.label(f"credential_{one.name}") for one in _c), _ALLOWED)
# By the hash of the token: how long that takes says nothing about the token.
_THIS: Final = (_c.token_sha256 == sa.bindparam("token_sha256"), _IN_FORCE)
_RECOGNISE: Final = compiled(sa.select(*_OURS).where(*_THIS))
_STANDS: Final = compiled(sa.select(_c.id).where(_c.id == sa.bindparam("credential_id"), _IN_FORCE))
# Asks again whether it is due, so that of many requests at once only one writes. While a write of
# the credential's holds it (`let_in.py`), none does: the next request will.
_due_now: Final = (
    sa.select(_c.id)
    .where(
        _c.id == sa.bindparam("credential_id"),
        sa.or_(_c.last_used_at.is_(None), _c.last_used_at <= sa.bindparam("before")),
    )
    .with_for_update(key_share=True, skip_locked=True)
    .cte("due")
)
_NOTE_USE: Final = compiled(
    sa.update(credentials).where(_c.id == _due_now.c.id).returning(_c.id), ["last_used_at"]
)


def _before(notice: timedelta) -> sa.ColumnElement[Any]:
    """When that long is left, as `domain.claims.closing` says it."""
    return _c.expires_at - sa.literal_column(f"interval '{notice.days} days'")


_NOW: Final = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_told = sa.func.coalesce(_c.told_expiring_at, sa.literal_column("'-infinity'::timestamptz"))
_due = (
    sa.and_(_before(one) <= _NOW, _c.created_at < _before(one), _told < _before(one))
    for one in NOTICES
)
_EXPIRING: Final = compiled(
    sa.select(_c.account_id, _c.id)
    .where(
        _c.revoked_at.is_(None),
        _c.account_id.is_not(None),
        _c.expires_at > _NOW,
        _c.expires_at <= _NOW + sa.literal_column(f"interval '{max(NOTICES).days} days'"),
        sa.or_(*_due),
        ~sa.exists().where(people.c.id == _c.id),
    )
    .order_by(_c.expires_at)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_TOLD: Final = compiled(
    sa.update(credentials)
    .where(_c.id == sa.bindparam("credential_id"))
    .values(told_expiring_at=_NOW)
)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is read in the statement that recognises a credential; see `with_credential`."""

    statement: Statement
    asked: dict[str, Any]


_ALONE: Final = Beside(_RECOGNISE, {})


def with_credential(rows: FromClause) -> Statement:
    """Recognise a credential, and read a row that refers to it: without one, nulls."""
    joined = credentials.outerjoin(rows, sa.true())
    return compiled(sa.select(*_OURS, rows).select_from(joined).where(*_THIS))


class CredentialRepository(Repository):
    """Credentials of customers and operators."""

    async def add(self, credential: Credential, token: str) -> None:
        """Keep a credential; of the token only a hash.

        Raises:
            AccountNotFound: its account does not exist.
        """
        scopes = sorted(scope.value for scope in credential.scopes)
        with refusing(fk_credentials_account_id=AccountNotFound(credential.account_id)):
            await self._session.change(
                _ADD_CREDENTIAL,
                **to_row(credential, _c.keys(), token_sha256=token_hash(token), scopes=scopes),
            )

    async def revoke(self, credential_id: UUID, now: datetime) -> Credential:
        """End a credential; gives it as it is then.

        Raises:
            CredentialNotFound: there is none, or it was revoked before.
        """
        await hold_off(self._session, credential_id)
        row = await self._session.one(
            _REVOKE, CredentialNotFound, credential_id=credential_id, revoked_at=now
        )
        return credential_from(row)

    async def revoke_of(self, person_id: UUID, now: datetime) -> Sequence[Credential]:
        """End all tokens of a person's own, who is ended; gives them as they are then."""
        rows = await self._session.rows(_REVOKE_OF, person=person_id, revoked_at=now)
        return [credential_from(row) for row in rows]

    async def lock_token(self, account_id: UUID | None, credential_id: UUID) -> Credential:
        """Read a token of an account, of the operator with None, for update.

        Raises:
            CredentialNotFound: not there, revoked, another's, or a person's way in.
        """
        await hold_off(self._session, credential_id)
        asked = {"account_id": account_id, "credential_id": credential_id}
        return credential_from(await self._session.one(_LOCK_TOKEN, CredentialNotFound, **asked))

    async def held(self, person_id: UUID, now: datetime) -> int:
        """How many tokens in force a person has; the person must be locked."""
        (row,) = await self._session.rows(_HELD, person=person_id, now=now)
        return int(row.held)

    async def expiring(self, now: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Accounts, and their tokens that soon expire, of which they were not told."""
        rows = await self._session.rows(_EXPIRING, now=now, most=limit)
        return [(row.account_id, row.id) for row in rows]

    async def told_of(self, credential_id: UUID, now: datetime) -> None:
        """Note that its account was told that it expires; it must be locked."""
        await self._session.change(_TOLD, credential_id=credential_id, now=now)


class CredentialReader:
    """Recognises credentials; each call is one statement, or two."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._autocommit = autocommit_pool(engine)
        self._clock = clock
        self._seen = Seen()

    def seen(self, digest: bytes) -> Sequence[UUID]:
        """The account of the token that has this hash, of an operator's the credential; and that.

        None, if this process did not recognise it before.
        """
        return self._seen(digest)

    async def recognise(self, token: str) -> Credential | None:
        """The credential of a token, unless unknown, revoked or expired.

        Notes the last use, at most once a minute.
        """
        known = await self.recognise_with(token_hash(token))
        return None if known is None else known[0]

    async def recognise_with(
        self, digest: bytes, beside: Beside = _ALONE
    ) -> tuple[Credential, AnyRow] | None:
        """The same by the token's hash, with what was read beside it.

        Whether its holder may see that is judged afterwards.
        """
        now, asked = self._clock.now(), beside.asked
        rows = await self._autocommit.ask_often(
            beside.statement, token_sha256=digest, now=now, **asked
        )
        if not rows:
            return None
        credential, before = _recognised(rows[0]), now - LAST_USE_WRITTEN
        self._seen.remember(digest, credential.account_id, credential.id)
        if credential.last_used_at is None or credential.last_used_at <= before:
            asked = {"credential_id": credential.id, "before": before, "last_used_at": now}
            await self._autocommit.ask(_NOTE_USE, **asked)
        return credential, rows[0]

    async def stands(self, credential_id: UUID) -> bool:
        """Whether a credential that was recognised is neither revoked nor expired by now."""
        now = self._clock.now()
        return bool(await self._autocommit.ask(_STANDS, credential_id=credential_id, now=now))


def credential_from(row: AnyRow) -> Credential:
    """A row of credentials."""
    return from_row(Credential, row, scopes=frozenset(map(Scope, row.scopes)))


_NAMES: Final = tuple(one.name for one in fields(Credential) if one.name != "scopes")
_VALUES: Final = attrgetter(*(f"credential_{name}" for name in _NAMES))


def _recognised(row: AnyRow) -> Credential:
    scopes = _scopes(*row.credential_scopes)
    if row.credential_person_id is not None:  # no more than the person may, now
        scopes &= _scopes(*row.credential_allowed or ())
    return Credential(**dict(zip(_NAMES, _VALUES(row), strict=True)), scopes=scopes)


@cache
def _scopes(*names: str) -> frozenset[Scope]:
    return frozenset(map(Scope, names))


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    # Tokens are random, at least 128 bits: a plain hash cannot be guessed back.
    return sha256(token.encode(errors="surrogatepass")).digest()
