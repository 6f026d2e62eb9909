"""Contests over space: who locks what for them, and which have no rival any more.

All that may begin or end a contest locks the space first, and only then claims, in the order of
their ids: the second transaction sees what the first has left. What was settled is text SQL.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.prefix import Prefix
from byoip.store.batches import Part, asking
from byoip.store.claims.claim_reader import claim_from
from byoip.store.claims.tables import events, prefixes, reservations
from byoip.store.columns import constant
from byoip.store.sharing import in_slices
from byoip.store.statements import Repository, compiled, from_text

_p, _rival, _r, _e = prefixes.c, prefixes.alias("rival").c, reservations.c, events.c
_PREFIX: Final = sa.bindparam("prefix", type_=pg.CIDR)
_OK, _CONTESTED, _SUSPENDED, _OFFBOARDING = (
    constant(one)
    for one in (Standing.OK, Standing.CONTESTED, Standing.SUSPENDED, Standing.OFFBOARDING)
)
_APPROVED, _PENDING = constant(State.APPROVED), constant(State.PENDING)

_unrivalled_perhaps = sa.and_(_p.live, _p.standing != _OK, _p.cidr.op("&&")(_PREFIX))
_AROUND: Final = compiled(
    sa.select(_p.id)
    .where(
        _p.id.in_(
            sa.union_all(
                sa.select(_p.id).where(_p.id == sa.bindparam("claim_id", type_=sa.Uuid)),
                sa.select(_p.id).where(_unrivalled_perhaps),
            )
        )
    )
    .order_by(_p.id)
    .with_for_update(key_share=True)
)
# Pending, and it has proven the space: the mark says so, or was covered by another standing since.
_has_proven = sa.and_(
    _rival.state == _PENDING,
    sa.or_(
        _rival.standing == _CONTESTED,
        sa.and_(
            _rival.standing.in_([_SUSPENDED, _OFFBOARDING]),
            _rival.ownership_state == constant(CheckState.VALID),
        ),
    ),
)
# Read under the lock of the space: none of them comes before the transaction ends.
_AROUND_LOCKED: Final = compiled(
    sa.select(
        sa.exists().where(_p.state == _APPROVED, _p.cidr.op("&&")(_PREFIX)).label("approved"),
        sa.exists()
        .where(_unrivalled_perhaps, _p.standing.in_([_CONTESTED, _OFFBOARDING]))
        .label("marked"),
    )
)
# Not EXISTS, which Postgres may make a join of, and compare all claims of a space with each other:
# eleven thousand took three minutes.
_a_rival = (
    sa.select(_rival.id)
    .where(
        _rival.cidr.op("&&")(_p.cidr),
        _rival.id != _p.id,
        _rival.live,
        sa.or_(_rival.state == _APPROVED, sa.and_(_p.state == _APPROVED, _has_proven)),
    )
    .limit(1)
    .correlate(prefixes)
    .scalar_subquery()
)
_is_reserved = sa.exists().where(
    _r.cidr.op("&&")(_p.cidr), _r.live, _r.account_id.is_distinct_from(_p.account_id)
)
_UNRIVALLED: Final = compiled(
    sa.select(prefixes)
    .where(
        _unrivalled_perhaps,
        _p.standing.in_([_CONTESTED, _OFFBOARDING]),
        _a_rival.is_(None),
        sa.or_(_p.state == _APPROVED, ~_is_reserved.correlate(prefixes)),
    )
    .order_by(_p.id)
    .with_for_update(key_share=True, of=prefixes)
)
# Also those that have left since: who comes and goes is no other rival each time.
_was_rival = sa.exists().where(
    _e.prefix_id == _rival.id,
    sa.literal_column("kind IN ('prefix.contested', 'prefix.approved')", sa.Boolean),
    _e.at > sa.bindparam("since", type_=sa.DateTime(timezone=True)),
)
_RIVALS: Final = compiled(
    sa.select(_rival.account_id)
    .distinct()
    .where(
        _rival.cidr.op("&&")(_PREFIX),
        _rival.account_id != sa.bindparam("account_id", type_=sa.Uuid),
        sa.or_(sa.and_(_rival.live, sa.or_(_rival.state == _APPROVED, _has_proven)), _was_rival),
    )
    .order_by(_rival.account_id)
)
# A suspended claim stood outside of contests. A pending one is in a contest if it has proven the
# space.
_RIVALLED: Final = compiled(
    sa.select(_p.id).where(
        _p.id == sa.bindparam("claim_id", type_=sa.Uuid),
        sa.or_(
            sa.and_(_p.state == _APPROVED, _a_rival.is_not(None)),
            sa.and_(
                _p.ownership_state == constant(CheckState.VALID),
                sa.or_(_a_rival.is_not(None), _is_reserved.correlate(prefixes)),
                _p.state == _PENDING,
            ),
        ),
    )
)
_HELD: Final = compiled(
    sa.select(_rival.id)
    .where(
        _rival.cidr.op("&&")(_PREFIX),
        _rival.id != sa.bindparam("claim_id", type_=sa.Uuid),
        _rival.state == _APPROVED,
    )
    .limit(1)
)
# Of the account's claims with this space, since when each was contested; then approved ones of
# which an operator settled that while it was there, by the JSON of their events. One that came less
# than an hour before was perhaps not seen: a program that settles says not whom it saw.
_settled_since: Final = """settled.kind = 'prefix.ok' AND settled.after ? 'reason'
        AND settled.before ->> 'standing' = 'contested'
        AND settled.at >= greatest(:since, holder.approved_at)
        AND settled.at >= heard.since + interval '1 hour'
        AND (heard.closed_at IS NULL OR heard.closed_at >= settled.at)"""
_SETTLED: Final = from_text(f"""
    WITH heard AS MATERIALIZED (
        SELECT mine.cidr, mine.closed_at, min(contested.at) AS since
        FROM prefixes AS mine JOIN events AS contested ON contested.prefix_id = mine.id
        WHERE mine.account_id = :account_id AND mine.cidr && :prefix
            AND contested.kind = 'prefix.contested' GROUP BY mine.id
    )
    SELECT DISTINCT holder.id FROM heard JOIN prefixes AS holder ON holder.cidr && heard.cidr
    JOIN events AS settled ON settled.prefix_id = holder.id
    WHERE holder.id = ANY(:holders) AND holder.state = 'approved'
        AND {_settled_since}
""")  # noqa: S608 - of constants
# Of an approved claim a rival there is now, as of `_has_proven`, of whom that is not so.
_UNSETTLED: Final = from_text(f"""
    SELECT rival.id FROM prefixes AS holder JOIN prefixes AS rival
        ON rival.cidr && holder.cidr AND rival.id <> holder.id
    WHERE holder.id = :claim_id AND rival.state = 'pending' AND (rival.standing = 'contested'
            OR rival.standing IN ('suspended', 'offboarding') AND rival.ownership_state = 'valid')
        AND ('holder' = ANY(holder.frozen_for) OR NOT EXISTS (
            SELECT FROM (
                SELECT mine.closed_at, contested.at AS since
                FROM prefixes AS mine JOIN events AS contested ON contested.prefix_id = mine.id
                WHERE mine.account_id = rival.account_id AND mine.cidr && rival.cidr
                    AND mine.cidr && holder.cidr AND contested.kind = 'prefix.contested'
            ) AS heard JOIN events AS settled ON settled.prefix_id = holder.id
            WHERE {_settled_since}))
    LIMIT 1
""")  # noqa: S608 - of constants

_SAVE_STANDING: Final = compiled(
    sa.update(prefixes).where(
        _p.id == sa.func.any(sa.bindparam("claim_ids", type_=pg.ARRAY(sa.Uuid)))
    ),
    ["standing", "modified_at"],
)
_SLICE: Final = 10


class ContestRepository(Repository):
    """Contests, within one transaction that has locked the space."""

    async def lock_around(self, prefix: Prefix, claim_id: UUID | None = None) -> None:
        """Lock all that may lose a rival with this space, and the claim that leaves it.

        Transactions with parts of a larger claim's space pass each other, but for this: the second
        sees what the first has left.
        """
        await self._session.rows(_AROUND, claim_id=claim_id, prefix=prefix.network)

    def around(self, prefix: Prefix) -> Part:
        """Whether there is an approved claim in a space, and one that `unrivalled` may find.

        A part of a look, after the one that has locked the space.
        """
        return asking(_AROUND_LOCKED, lambda rows: rows[0], prefix=prefix.network)

    async def unrivalled(self, prefix: Prefix) -> Sequence[Claim]:
        """Claims in a space that are contested, or leave, and have no rival; locked for update.

        An approved claim's rivals have proven the space and are still there; a pending one's are
        approved, or reservations for other accounts.
        """
        rows = await self._session.rows(_UNRIVALLED, prefix=prefix.network)
        return await in_slices(rows, claim_from, size=_SLICE)

    async def save_standings(self, claims: Sequence[Claim]) -> None:
        """Write back of claims, which were locked, that their standing has changed.

        By one statement for each standing: who holds a large space may have contests with thousands
        of claims, and all others that want the space wait.
        """
        for standing in sorted({claim.standing for claim in claims}):
            changed = [claim for claim in claims if claim.standing is standing]
            await self._session.change(
                _SAVE_STANDING,
                claim_ids=[claim.id for claim in changed],
                standing=standing.value,
                modified_at=max(claim.modified_at for claim in changed),
            )

    async def rivals(self, claim: Claim, since: datetime) -> Sequence[UUID]:
        """Other accounts that hold some of its space or have proven it; or did since then."""
        asked = {"account_id": claim.account_id, "prefix": claim.prefix.network, "since": since}
        return [row.account_id for row in await self._session.rows(_RIVALS, **asked)]

    async def settled(
        self, claimant: Claim, holders: Sequence[Claim], since: datetime
    ) -> Collection[UUID]:
        """Those of which an operator settled a contest with the claimant's account since then."""
        whose = {"account_id": claimant.account_id, "prefix": claimant.prefix.network}
        asked = {**whose, "holders": [one.id for one in holders], "since": since}
        rows = await self._session.rows(_SETTLED, **asked)
        return frozenset(row.id for row in rows)

    async def rivalled(self, claim: Claim) -> bool:
        """Whether a claim has a rival now, whatever its standing says."""
        return await self._session.row(_RIVALLED, claim_id=claim.id) is not None

    async def unsettled(self, claim: Claim, since: datetime) -> bool:
        """Whether an approved claim has one whose contest no operator has settled since then.

        Or its holder has changed, by the registries' statistics.
        """
        return await self._session.row(_UNSETTLED, claim_id=claim.id, since=since) is not None

    async def held_by_another(self, claim: Claim) -> bool:
        """Whether some of its space is approved for another claim; without locking that one."""
        asked = {"claim_id": claim.id, "prefix": claim.prefix.network}
        return await self._session.row(_HELD, **asked) is not None
