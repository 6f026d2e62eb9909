"""Whether whom a request was let in as would be let in still, locked until its transaction ends.

A removal that is committed first has the request refused; one that comes later waits for it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import blake2b
from typing import Final, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.let_in import LetIn
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.accounts.tables import credentials, people
from byoip.store.statements import AnyRow, Repository, Session, compiled

_Claims: TypeAlias = Callable[[Session, LetIn | None], Awaitable[None]]

_c = credentials.c
_IDS: Final = sa.func.any(sa.bindparam("let_in", type_=sa.ARRAY(sa.Uuid)))
# Shared, for all that one person does at once; a person's before that of their own token, as it is
# ended. READ COMMITTED: who waited for a lock judges the row as the removal left it.
_STANDING: Final = (
    sa.select(_c.scopes)
    .where(
        _c.id == _IDS,
        _c.revoked_at.is_(None),
        sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("let_in_at")),
    )
    .order_by(_c.person_id.is_not(None))
    .with_for_update(read=True)
    .cte("standing")
    .prefix_with("MATERIALIZED")
)
HELD: Final = (
    sa.select(sa.func.jsonb_agg(sa.func.to_jsonb(_STANDING.c.scopes)))
    .scalar_subquery()
    .label("let_in_held")
)
ROLE: Final = (
    sa.select(people.c.role).where(people.c.id == _IDS).scalar_subquery().label("let_in_role")
)
_HOLDS: Final = compiled(sa.select(HELD, ROLE))
_ALONE: Final = compiled(
    sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger)))
)


def asked_of(let_in: LetIn | None, now: datetime) -> dict[str, object]:
    """The parameters of HELD and ROLE."""
    return {"let_in": [] if let_in is None else [*let_in.credentials], "let_in_at": now}


def require(let_in: LetIn | None, row: AnyRow) -> None:
    """Refuse by what HELD and ROLE say: see `LetIn.require`."""
    if let_in is not None:
        let_in.require(row.let_in_held or [], row.let_in_role)


class LetInRepository(Repository):
    """Whom the transaction acts for."""

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__(session)
        self._clock = clock
        self._let_in: LetIn | None = None
        self._alone: set[UUID | None] = set()

    async def begin(self, actor: Actor | None, claim: _Claims | None) -> None:
        """Lock as what the actor was let in, if that holds still; with a key in its statement.

        Raises:
            NotAuthenticated, ScopeMissing, RoleMissing: it holds no longer.
            AlreadyAnswered, IdempotencyKeyReused, IdempotencyKeyBusy: as `claim` does.
        """
        let_in = None if actor is None else actor.let_in
        if let_in is not None and let_in.changes:
            await self.change(let_in.side)
        self._let_in = let_in
        if claim is not None:
            await claim(self._session, let_in)
        elif let_in is not None:
            (row,) = await self._session.rows(_HOLDS, **asked_of(let_in, self._clock.now()))
            require(let_in, row)

    async def change(self, side: UUID | None) -> None:
        """Be the only one who changes who of this account, or of the operator, may come in.

        Two who remove each other hold themselves, and would wait for each other for ever. So a
        request that comes here says so as it begins: see `LetIn.changing`.
        """
        if side in self._alone:
            return
        if self._let_in is not None and not self._let_in.changes:
            raise RuntimeError("a request that changes who may come in has not said so")
        await self._session.rows(_ALONE, lock=_lock_key(side))
        self._alone.add(side)


def _lock_key(side: UUID | None) -> int:
    named = f"who may come in\0{'' if side is None else side.hex}"
    return int.from_bytes(blake2b(named.encode(), digest_size=8).digest(), "big", signed=True)
