"""Whether whom a request was let in as would be let in still, locked until its transaction ends.

A removal that is committed first has the request refused; one that comes later waits for it. Locks
of rows have no queue: while one write after the other shares a row, who would end it waits for
ever. So each takes a turn before, shared, and who ends a credential has it alone: `hold_off`.
"""

from hashlib import blake2b
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.let_in import LetIn
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.accounts.tables import credentials, people
from byoip.store.batches import asking
from byoip.store.statements import AnyRow, Repository, Session, compiled

_c = credentials.c
_IDS: Final = sa.func.any(sa.bindparam("let_in", type_=sa.ARRAY(sa.Uuid)))
# The turns first: who waits for one holds nothing. READ COMMITTED: who waited judges the rows as
# the removal left them, since they are locked.
_turn: Final = sa.func.unnest(sa.bindparam("turns", type_=sa.ARRAY(sa.BigInteger))).column_valued()
_TURNS: Final = sa.select(
    sa.func.count(sa.cast(sa.func.pg_advisory_xact_lock_shared(_turn), sa.Text))
).scalar_subquery()
_STANDING: Final = (
    sa.select(_c.scopes)
    .where(
        _TURNS > 0,
        _c.id == _IDS,
        _c.revoked_at.is_(None),
        sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("let_in_at")),
    )
    .with_for_update(read=True)
    .cte("standing")
    .prefix_with("MATERIALIZED")
)
_HELD: Final = sa.select(sa.func.jsonb_agg(sa.func.to_jsonb(_STANDING.c.scopes)))
_ROLE: Final = sa.select(people.c.role).where(people.c.id == _IDS)
_HOLDS: Final = compiled(
    sa.select(_HELD.scalar_subquery().label("held"), _ROLE.scalar_subquery().label("role"))
)
_ALONE: Final = compiled(
    sa.select(
        sa.func.pg_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger)).label("locked")
    )
)


class LetInRepository(Repository):
    """Whom the transaction acts for."""

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__(session)
        self._clock = clock
        self._let_in: LetIn | None = None
        self._alone: set[UUID | None] = set()

    async def begin(self, actor: Actor | None) -> None:
        """Have the first statement lock as what the actor was let in, if that holds still.

        What that statement finds, or waits for, is refused with it: NotAuthenticated, ScopeMissing,
        RoleMissing, where it holds no longer.
        """
        let_in = None if actor is None else actor.let_in
        if let_in is None:
            return
        if let_in.changes:
            await self.change(let_in.side)
        self._let_in = let_in

        def require(rows: list[AnyRow]) -> None:
            (row,) = rows
            let_in.require(row.held or [], row.role)

        ids = let_in.credentials
        asked = {"let_in": [*ids], "turns": [*map(_turn_of, ids)], "let_in_at": self._clock.now()}
        self._session.begin_with(asking(_HOLDS, require, **asked))

    async def change(self, side: UUID | None) -> None:
        """Be the only one who changes who of this account, or of the operator, may come in.

        Two who remove each other hold themselves, and would wait for each other for ever. So a
        request that comes here says so as it begins: see `LetIn.changing`. Of several sides the
        operator's comes first.
        """
        if side in self._alone:
            return
        if self._let_in is not None and not self._let_in.changes:
            raise RuntimeError("a request that changes who may come in has not said so")
        key = _key("who may come in", "" if side is None else side.hex)
        await self._session.rows(_ALONE, lock=key)
        self._alone.add(side)


async def hold_off(session: Session, credential_id: UUID) -> None:
    """Wait for writes of a credential that run, and have those that come now wait.

    Before its row is changed, or locked to be.
    """
    await session.rows(_ALONE, lock=_turn_of(credential_id))


def _turn_of(credential_id: UUID) -> int:
    return _key("acts", credential_id.hex)


def _key(*named: str) -> int:
    digest = blake2b("\0".join(named).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
