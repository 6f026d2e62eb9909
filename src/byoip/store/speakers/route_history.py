"""What operators see and decide of routes: the report, snapshots of the applied state, orphans."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Source
from byoip.domain.speakers.bgp_peer import BgpPeerKind, Forgotten
from byoip.domain.speakers.route_snapshot import (
    Orphan,
    OrphanNotFound,
    RouteSnapshot,
    RouteSnapshotNotFound,
    SnapshotRoute,
)
from byoip.store.autocommit import autocommit_pool
from byoip.store.columns import constant
from byoip.store.routes.notices import ring
from byoip.store.routes.tables import bgp_prefixes, withdrawals
from byoip.store.speakers import bgp_peers, orphans, records
from byoip.store.speakers.drains import Drains
from byoip.store.speakers.orphans import Orphans, orphan_from
from byoip.store.speakers.revisions import Revisions
from byoip.store.speakers.tables import orphan_routes, route_snapshots
from byoip.store.speakers.views import HeldRoute, Lacking, RouteReport
from byoip.store.statements import Repository, compiled

_s, _o, _b, _w = route_snapshots.c, orphan_routes.c, bgp_prefixes.c, withdrawals.c
_IDS: Final = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))

_SNAPSHOT: Final = compiled(sa.select(route_snapshots).where(_s.number == sa.bindparam("number")))
_SNAPSHOTS: Final = compiled(
    sa.select(_s.number, _s.at, sa.func.jsonb_array_length(_s.routes).label("many")).order_by(
        _s.number.desc()
    )
)
_CLAIMS: Final = compiled(sa.select(_b.id, _b.prefix_id).where(_b.id == sa.any_(_IDS)))
_WITHDRAWN_BY_OWNER: Final = compiled(
    sa.select(_w.id)
    .join(bgp_prefixes, _b.withdrawal_id == _w.id)
    .where(
        _b.id == sa.bindparam("bgp_prefix_id"),
        _w.source.in_([constant(Source.REQUEST), constant(Source.OFFBOARDING)]),
    )
)
_BESIDES: Final = compiled(
    sa.select(_b.id, _b.cidr).where(_b.advertised, _b.id != sa.all_(_IDS)).order_by(_b.cidr)
)
_ORPHANS: Final = compiled(sa.select(orphan_routes).order_by(_o.speaker, _o.cidr))
_THIS: Final = (_o.speaker == sa.bindparam("held_by"), _o.cidr == sa.bindparam("orphan"))
_LOCK: Final = compiled(sa.select(orphan_routes).where(*_THIS).with_for_update())
_DECIDE: Final = compiled(
    sa.update(orphan_routes).where(*_THIS).values(decision=sa.literal_column("'withdraw'")),
    ["decided_by", "decided_because"],
)


class RouteHistoryRepository(Repository):
    """The same within one transaction, and what operators decide."""

    async def snapshot(self, number: int) -> RouteSnapshot:
        """A snapshot by its number.

        Raises:
            RouteSnapshotNotFound: no such snapshot is kept.
        """
        row = await self._session.one(_SNAPSHOT, RouteSnapshotNotFound, number=number)
        return RouteSnapshot(row.number, row.at, tuple(_applied(one) for one in row.routes))

    async def claims_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """The claim of each BGP prefix."""
        rows = await self._session.rows(_CLAIMS, ids=list(ids))
        return {row.id: row.prefix_id for row in rows}

    async def withdrawn_by_owner(self, bgp_prefix_id: UUID) -> bool:
        """Whether its owner withdrew or offboarded it last; to be asked under the claim's lock."""
        return await self._session.row(_WITHDRAWN_BY_OWNER, bgp_prefix_id=bgp_prefix_id) is not None

    async def advertised_besides(self, ids: Collection[UUID]) -> Sequence[tuple[UUID, Prefix]]:
        """The BGP prefixes that are advertised now, but for these."""
        rows = await self._session.rows(_BESIDES, ids=list(ids))
        return [(row.id, Prefix(row.cidr)) for row in rows]

    async def decide(self, speaker: str, cidr: Prefix, *, by: str, because: str) -> Orphan:
        """Record that an operator wants an orphan withdrawn; the orphan as it stood before.

        Raises:
            OrphanNotFound: the speaker holds no such orphan.
        """
        which = {"held_by": speaker, "orphan": cidr.network}
        row = await self._session.one(_LOCK, OrphanNotFound, **which)
        await self._session.change(_DECIDE, **which, decided_by=by, decided_because=because)
        await ring(self._session)
        return orphan_from(row)

    async def decide_all(
        self,
        speaker: str,
        many: int,
        *,
        by: str,
        because: str,
        require: Callable[[int, str], None] | None = None,
    ) -> None:
        """Record that an operator wants all that are undecided withdrawn: just so many.

        `require` is told how many there are and what stands for them, locked; it refuses others.

        Raises:
            OrphanNotFound: there is none.
            OrphansChanged: there is another number of them; nothing may be committed.
        """
        locked = await orphans.lock_undecided(self._session, speaker)
        if require:
            require(*locked)
        await orphans.decide_all(self._session, speaker, many, by=by, because=because)
        await ring(self._session)

    async def last_asked(self, kind: BgpPeerKind, name: str) -> datetime | None:
        """When a reconciler last asked it, its row locked; None: none is known to have asked."""
        return await bgp_peers.last_asked(self._session, kind, name)

    async def lacking(self, speaker: str) -> Lacking:
        """What alarms say that it lacks, locked; it stands so until the transaction ends."""
        return await bgp_peers.lacking(self._session, speaker)

    async def order_opening(self, speaker: str, by: str) -> None:
        """Record that an operator wants a speaker opened, in spite of what is missing."""
        await records.order(self._session, speaker, by)

    async def would_forget(self, kind: BgpPeerKind, name: str) -> Forgotten:
        """What `forget` would end, as things are now."""
        return await bgp_peers.would_forget(self._session, kind, name)

    async def forget(self, kind: BgpPeerKind, name: str) -> Forgotten | None:
        """End all that is on record of it; None if nothing is. What owners want stays as it is."""
        return await bgp_peers.forget(self._session, kind, name)


class RouteReader:
    """Single reads."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    @property
    def revisions(self) -> Revisions:
        """The settings of speakers."""
        return Revisions(self._autocommit)

    @property
    def drains(self) -> Drains:
        """What people have taken out of service."""
        return Drains(self._autocommit)

    @property
    def held_by_nobody(self) -> Orphans:
        """Orphans, counted and cut in the database."""
        return Orphans(self._autocommit)

    async def report(self) -> RouteReport:
        """The counts, and every speaker, listener and alarm by name."""
        return await bgp_peers.report(self._autocommit)

    async def held(self, speaker: str, *, limit: int) -> Sequence[HeldRoute]:
        """Routes that it may have from us: first those where it and their owner differ."""
        return await bgp_peers.held(self._autocommit, speaker, limit)

    async def snapshots(self) -> Sequence[tuple[int, datetime, int]]:
        """Number, time and count of routes of the kept snapshots, the newest first."""
        rows = await self._autocommit.ask(_SNAPSHOTS)
        return [(row.number, row.at, row.many) for row in rows]

    async def orphans(self) -> Sequence[Orphan]:
        """All of them, by speaker and address: for who needs each, not for a page."""
        return [orphan_from(row) for row in await self._autocommit.ask(_ORPHANS)]


def _applied(one: Mapping[str, Any]) -> SnapshotRoute:
    cidr = Prefix(ip_network(one["cidr"]))
    return SnapshotRoute(UUID(one["id"]), cidr, one["change"])
