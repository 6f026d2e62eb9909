"""Edges: what each has acknowledged, and what takes effect by that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.bindings.edge import Edge, EdgeRemoved, lacking
from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.prefix import Prefix
from byoip.store.batches import Part, asking
from byoip.store.bindings.edge_feed import ALL, ALONE, TOGETHER, edge_from
from byoip.store.bindings.tables import bindings, edge_change_counter, edge_changes, edges
from byoip.store.bindings.views import Converged
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.statements import AnyRow, Repository, Session, compiled, to_row

_e, _c, _b = edges.c, edge_changes.c, bindings.c
_CHANGING: Final = ("acknowledged", "joins_at", "counts", "drained", "heard_at")
_WRITTEN: Final = ("id", "name", "registered_at", *_CHANGING)
_NAME: Final = _e.name == sa.bindparam("edge")
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_NUMBER: Final = sa.bindparam("number", type_=sa.BigInteger)
_SERVICE: Final = sa.bindparam("service_id", type_=sa.Uuid)

NEWEST: Final = sa.func.coalesce(sa.select(edge_change_counter.c.last).scalar_subquery(), 0)
NEWEST_CHANGE: Final = compiled(sa.select(NEWEST.label("newest")))
FEED: Final = sa.select(edge_change_counter.c.feed).scalar_subquery()
FEED_NOW: Final = compiled(sa.select(FEED.label("feed")))
_LOCK: Final = compiled(sa.select(edges).where(_NAME, _e.live).with_for_update(key_share=True))
_KNOWN: Final = compiled(sa.select(_e.id).where(_NAME).limit(1))
_INSERT: Final = compiled(sa.insert(edges).values(feed=FEED), _WRITTEN)
_this = sa.update(edges).where(_e.id == sa.bindparam("edge_id"), _e.live)
_SAVE: Final = compiled(_this, _CHANGING)
_REMOVE: Final = compiled(_this, ["removed_at"])
_NEWEST_BOUND: Final = compiled(
    sa.select(sa.func.coalesce(sa.func.max(_b.change), 0).label("number")).where(_b.live)
)
# What edges have acknowledged was of another feed: they may have carried out changes of it that are
# lost here.
_renamed = (
    sa.update(edge_change_counter)
    .values(feed=sa.func.gen_random_uuid())
    .returning(edge_change_counter.c.feed)
    .cte("renamed")
)
_BEGIN_FEED: Final = compiled(
    sa.update(edges)
    .where(_e.live)
    .values(
        feed=_renamed.c.feed, acknowledged=0, joins_at=sa.case((_e.counts, 0), else_=_e.joins_at)
    )
)
_behind = sa.select(
    edges,
    sa.select(_b.change)
    .where(_b.prefix_id == _CLAIM, _b.cidr == _b.prefix_cidr, _b.live)
    .scalar_subquery()
    .label("change"),
)
_BEHIND: Final = compiled(_behind.where(_e.live).order_by(_e.name))
_NAMING: Final = compiled(
    sa.select(sa.func.coalesce(sa.func.max(_c.number), 0).label("number")).where(
        _c.previous_service_id == _SERVICE
    )
)
_UNCONVERGED: Final = compiled(
    sa.select(_b.prefix_id)
    .distinct()
    .where(
        _b.settled < _b.change,
        sa.select(_c.number)
        .where(_c.binding_id == _b.id, _c.number > _b.settled, _c.number <= _NUMBER)
        .exists(),
    )
    .order_by(_b.prefix_id)
)
_LOCK_CLAIM: Final = compiled(
    sa.select(prefixes.c.id).where(prefixes.c.id == _CLAIM).with_for_update(key_share=True)
)
# The log decides: a binding becomes what the last change agreed on makes of it.
_agreed = (
    sa.select(_c.binding_id, _c.number, _c.service_id, _b.answering_service_id.label("replaced"))
    .ext(pg.distinct_on(_c.binding_id))
    .join(bindings, sa.and_(_c.binding_id == _b.id, _c.number > _b.settled, _c.number <= _NUMBER))
    .where(_b.prefix_id == _CLAIM, _b.settled < _b.change)
    .order_by(_c.binding_id, _c.number.desc())
    .cte("agreed")
)
_is_last = _agreed.c.number == _b.change
_CONVERGE: Final = compiled(
    sa.update(bindings)
    .where(_b.id == _agreed.c.binding_id)
    .values(
        settled=_agreed.c.number,
        answering_service_id=_agreed.c.service_id,
        state=sa.case((sa.and_(_b.live, _is_last), constant(Provisioning.ACTIVE)), else_=_b.state),
    )
    .returning(_b.id, _b.cidr, _agreed.c.service_id, _agreed.c.replaced, _is_last.label("final"))
)


class EdgeRepository(Repository):
    """Edges, within one transaction."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._held = False

    def lacking(self, claim_id: UUID) -> Part:
        """Names of the edges that announcing has to wait for, where a prefix has a default binding.

        For a look; see `domain.edge.lacking`.
        """
        return asking(_BEHIND, _lacking, claim_id=claim_id)

    async def holding(self, service_id: UUID) -> Sequence[str]:
        """Names of those in service that may still answer with a service swapped away."""
        (row,) = await self._session.rows(_NAMING, service_id=service_id)
        serving = [edge for edge in await self.all() if edge.in_service]
        return [edge.name for edge in serving if edge.acknowledged < row.number]

    async def all(self) -> Sequence[Edge]:
        """Those not removed, by name."""
        return [edge_from(row) for row in await self._session.rows(ALL)]

    async def newest(self) -> int:
        """The number of the newest change; 0 before the first."""
        (row,) = await self._session.rows(NEWEST_CHANGE)
        return int(row.newest)

    async def alone(self) -> None:
        """Wait for transactions that change bindings, and hold new ones off until this one ends.

        Before an edge begins to count, is drained or goes: each binding then knows of it, or its
        change is among those that the edge is held to.
        """
        await self._session.rows(ALONE)

    async def together(self) -> None:
        """Wait for a transaction that is `alone`, and hold others off until this one ends.

        Before edges are asked what they lack, where something is announced on the answer.
        """
        if not self._held:
            await self._session.look(self.hold())

    def hold(self) -> Part:
        """The same, as part of a look that asks nothing about edges."""
        return asking(TOGETHER, self._hold)

    def _hold(self, _: object) -> None:
        self._held = True

    async def newest_bound(self) -> int:
        """The number of the newest change of a binding that is there; 0 before the first."""
        (row,) = await self._session.rows(_NEWEST_BOUND)
        return int(row.number)

    async def feed(self) -> UUID:
        """The feed within which numbers are given."""
        (row,) = await self._session.rows(FEED_NOW)
        found: UUID = row.feed
        return found

    async def begin_feed(self) -> UUID:
        """Give the feed another name; for a database that was restored from a backup.

        Numbers may be lost that were given, and edges may have carried out what is not here.
        So each has to fetch the full state, and until it has acknowledged under the new name,
        nothing is announced and nothing becomes active; what is announced stays. Takes the edges
        alone.
        """
        await self.alone()
        await self._session.change(_BEGIN_FEED)
        return await self.feed()

    async def lock(self, name: str) -> Edge | None:
        """One that is not removed, for update.

        Raises:
            EdgeRemoved: there is none now, but there was.
        """
        if row := await self._session.row(_LOCK, edge=name):
            return edge_from(row)
        if await self._session.row(_KNOWN, edge=name):
            raise EdgeRemoved
        return None

    async def add(self, edge: Edge) -> None:
        """Keep a new one."""
        await self._session.change(_INSERT, **to_row(edge, _WRITTEN))

    async def save(self, edge: Edge) -> None:
        """Write back one that was locked."""
        await self._session.change(_SAVE, edge_id=edge.id, **to_row(edge, _CHANGING))

    async def remove(self, edge: Edge, now: datetime) -> None:
        """End one that was locked; the row stays."""
        await self._session.change(_REMOVE, edge_id=edge.id, removed_at=now)

    async def unconverged(self, number: int) -> Sequence[UUID]:
        """Claims with changes up to a number that have not taken effect."""
        return [row.prefix_id for row in await self._session.rows(_UNCONVERGED, number=number)]

    async def converge(self, claim_id: UUID, number: int) -> Sequence[Converged]:
        """Let a claim's changes up to a number take effect. Locks the claim, a closed one too."""
        await self._session.rows(_LOCK_CLAIM, claim_id=claim_id)
        rows = await self._session.rows(_CONVERGE, claim_id=claim_id, number=number)
        return [
            Converged(row.id, Prefix(row.cidr), row.service_id, row.replaced, row.final)
            for row in rows
        ]


def _lacking(rows: Sequence[AnyRow]) -> Sequence[str]:
    return lacking(map(edge_from, rows), rows[0].change or 0) if rows else ()
