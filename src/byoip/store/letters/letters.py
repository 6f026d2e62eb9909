"""Letters of agency, which of them are due, and what they may state."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.letters.letter import (
    LATELY,
    MOST_LATELY,
    RENEWAL_AHEAD,
    Letter,
    LetterNotFound,
    LetterReference,
    RevokedBecause,
)
from byoip.store.checks.raw_answers import mark_letter
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots
from byoip.store.claims.tables import events, prefixes
from byoip.store.columns import constant
from byoip.store.letters.grounds import LetterGrounds, read_grounds
from byoip.store.letters.letter_rows import (
    FATE,
    LETTER,
    LETTERS,
    fate_values,
    letter_from,
    letter_values,
)
from byoip.store.letters.tables import letter_watch, letters, loa_documents
from byoip.store.statements import Repository, compiled


@dataclass(frozen=True, slots=True)
class SnapshotNews:
    """A snapshot of ROA data that letters have not been compared with.

    Attributes:
        number: of the snapshot in use.
        after: number of the accepted one before it.
    """

    number: int
    after: int | None


_l, _p = letters.c, prefixes.c
_e = events.c

_REFERENCE: Final = sa.bindparam("letter", type_=sa.Uuid)
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_MOST: Final = sa.bindparam("most", type_=sa.Integer)
_STANDS: Final = sa.and_(_l.superseded_by.is_(None), _l.revoked_at.is_(None))
# The one that stands goes before others, whatever clocks said when they were issued.
_NEWEST_FIRST: Final = (_STANDS.desc(), _l.issued_at.desc(), _l.reference)


def _letters() -> sa.Select[Any]:
    return sa.select(*LETTER).select_from(LETTERS)


_ADD: Final = compiled(sa.insert(letters), [one.name for one in letters.c if one.computed is None])
GET: Final = compiled(_letters().where(_l.reference == _REFERENCE))
OF_ACCOUNT: Final = compiled(
    _letters()
    .where(_p.account_id == sa.bindparam("account_id", type_=sa.Uuid))
    .order_by(*_NEWEST_FIRST)
    .limit(_MOST)
)
_OF: Final = compiled(
    _letters()
    .where(_l.prefix_id == _CLAIM)
    .order_by(*_NEWEST_FIRST)
    .with_for_update(of=letters, key_share=True)
)
_SAVE: Final = compiled(sa.update(letters).where(_l.reference == _REFERENCE), FATE)
_STANDING: Final = compiled(
    _letters()
    .where(_STANDS, _l.reference > sa.bindparam("after"))
    .order_by(_l.reference)
    .limit(_MOST)
)


def _barred(claim_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Whether the operator took a letter back since the approval: it keeps its first reason.

    By the numbers of events: times are those of many clocks.
    """
    newest = sa.select(sa.func.max(_e.number)).where(_e.prefix_id == claim_id).correlate(prefixes)
    approved = newest.where(_e.kind == "prefix.approved")
    taken_back = newest.where(
        _e.kind == "letter.revoked",
        _e.after["because"].astext == constant(RevokedBecause.OPERATOR),
    )
    return taken_back.scalar_subquery() > sa.func.coalesce(approved.scalar_subquery(), 0)


_BARRED: Final = compiled(sa.select(_barred(_CLAIM).label("barred")))
_newest = (
    sa.select(letters)
    .where(_l.prefix_id == _p.id)
    .order_by(*_NEWEST_FIRST)
    .limit(1)
    .correlate(prefixes)
    .lateral("newest")
)
_n = _newest.c
_lately = (
    sa.select(sa.func.count())
    .where(_l.prefix_id == _p.id, _l.issued_at > sa.bindparam("lately"))
    .correlate(prefixes)
    .scalar_subquery()
)
# Its prefix has moved: the document is of the account that had it.
_OF_ANOTHER: Final = sa.exists().where(
    loa_documents.c.id == _n.document_id, loa_documents.c.account_id != _p.account_id
)
_STANDING_OK: Final = _p.standing == constant(Standing.OK)
_NOT_BARRED: Final = _barred(_p.id).is_not(sa.true())
# The conditions of `letter_due`. In random order, so that claims whose letters cannot be written
# now do not hold up others.
_DUE: Final = compiled(
    sa.select(_p.id)
    .select_from(prefixes.outerjoin(_newest, sa.true()))
    .where(
        _p.state == constant(State.APPROVED),
        _p.delegate_loa_creation,
        sa.func.cardinality(_p.frozen_for) == 0,
        _p.approved_by != constant(Approver.OPERATOR),
        _p.rpki_passed_at.is_not(None),
        sa.or_(
            sa.and_(_n.reference.is_(None), _STANDING_OK),
            sa.and_(
                sa.or_(
                    sa.and_(
                        _n.revoked_because == constant(RevokedBecause.RPKI),
                        _n.revoked_at < _p.rpki_passed_at,
                    ),
                    sa.and_(
                        _n.revoked_because == constant(RevokedBecause.OFFBOARDED),
                        _lately < MOST_LATELY,
                    ),
                    _n.revoked_because == constant(RevokedBecause.OPERATOR),
                ),
                _STANDING_OK,
                _NOT_BARRED,
            ),
            sa.and_(
                _n.revoked_at.is_(None),
                sa.or_(
                    _n.misnames,
                    _n.misnames_rdns,
                    _OF_ANOTHER,
                    _n.valid_until <= sa.bindparam("renewed_until"),
                ),
                _p.standing != constant(Standing.OFFBOARDING),
            ),
        ),
    )
    .order_by(sa.func.random())
    .limit(_MOST)
)

_before = (
    sa.select(sa.func.max(vrp_snapshots.c.number))
    .where(vrp_snapshots.c.accepted, vrp_snapshots.c.number < current_vrp_snapshot.c.number)
    .scalar_subquery()
)
_heard = sa.select(letter_watch.c.snapshot).scalar_subquery()
_NEWS: Final = compiled(
    sa.select(current_vrp_snapshot.c.number, _before.label("after")).where(
        current_vrp_snapshot.c.number > sa.func.coalesce(_heard, -1)
    )
)
_hearing = pg.insert(letter_watch)
_HEARD: Final = compiled(
    _hearing.on_conflict_do_update(
        index_elements=["singleton"],
        set_={"snapshot": sa.func.greatest(letter_watch.c.snapshot, _hearing.excluded.snapshot)},
    ),
    ["snapshot"],
)


class LetterRepository(Repository):
    """Letters, within one transaction."""

    async def add(self, letter: Letter, runs: Collection[UUID] = ()) -> None:
        """Keep a new letter, and the raw answers of the runs that it rests on.

        The letter that it renews must be superseded before.
        """
        await self._session.change(_ADD, **letter_values(letter))
        await mark_letter(self._session, letter.claim_id, runs)

    async def get(self, reference: LetterReference) -> Letter:
        """Read one, without locking it.

        Raises:
            LetterNotFound: no letter has this reference.
        """
        row = await self._session.one(GET, LetterNotFound, letter=reference.value)
        return letter_from(row)

    async def of(self, claim_id: UUID) -> Sequence[Letter]:
        """All letters of a claim, the one that stands first, then the newest; locked for update."""
        return [letter_from(row) for row in await self._session.rows(_OF, claim_id=claim_id)]

    async def barred(self, claim_id: UUID) -> bool:
        """Whether the operator took a letter of the claim back since its approval, by history."""
        row = await self._session.row(_BARRED, claim_id=claim_id)
        return bool(row and row.barred)

    async def save(self, letter: Letter) -> None:
        """Write back what became of a letter; its facts never change."""
        await self._session.change(_SAVE, letter=letter.reference.value, **fate_values(letter))

    async def standing(self, limit: int, after: LetterReference | None) -> Sequence[Letter]:
        """Letters that are neither revoked nor superseded, ordered by reference."""
        start = UUID(int=0) if after is None else after.value
        rows = await self._session.rows(_STANDING, most=limit, after=start)
        return [letter_from(row) for row in rows]

    async def due(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Approved claims for which `letter_due` may hold."""
        asked = {"renewed_until": now + RENEWAL_AHEAD, "lately": now - LATELY, "most": limit}
        rows = await self._session.rows(_DUE, **asked)
        return [row.id for row in rows]

    async def grounds(self, claim_id: UUID) -> LetterGrounds | None:
        """What a letter may state; None if no validation run has led to the approval."""
        return await read_grounds(self._session, claim_id)

    async def news(self) -> SnapshotNews | None:
        """The snapshot in use, unless all letters have been compared with it."""
        row = await self._session.row(_NEWS)
        return None if row is None else SnapshotNews(row.number, row.after)

    async def heard(self, number: int) -> None:
        """Record that all standing letters have been compared with a snapshot."""
        await self._session.change(_HEARD, snapshot=number)
