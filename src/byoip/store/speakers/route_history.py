"""What operators see and decide of routes: the report, snapshots of the applied state, orphans."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.bgp_peer import BgpPeerKind, Forgotten
from byoip.domain.speakers.route_snapshot import (
    Orphan,
    OrphanNotFound,
    RouteSnapshot,
    RouteSnapshotNotFound,
    SnapshotRoute,
)
from byoip.store.autocommit import autocommit_pool
from byoip.store.speakers import bgp_peers
from byoip.store.speakers.views import RouteReport
from byoip.store.statements import AnyRow, Repository, from_text

_SNAPSHOT: Final = from_text(
    "SELECT number, at, routes FROM route_snapshots WHERE number = :number"
)
_SNAPSHOTS: Final = from_text("""
    SELECT number, at, jsonb_array_length(routes) AS many FROM route_snapshots
    ORDER BY number DESC
""")
_CLAIMS: Final = from_text(
    "SELECT id, prefix_id FROM bgp_prefixes WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_WITHDRAWN_BY_OWNER: Final = from_text("""
    SELECT w.id FROM bgp_prefixes b JOIN withdrawals w ON w.id = b.withdrawal_id
    WHERE b.id = :bgp_prefix_id AND w.source IN ('request', 'offboarding')
""")
_BESIDES: Final = from_text("""
    SELECT id, cidr FROM bgp_prefixes
    WHERE advertised AND id <> ALL(CAST(:ids AS uuid[])) ORDER BY cidr
""")
_ORPHAN: Final = "speaker, cidr, path, found_at, decided_by, decided_because"
_ORPHANS: Final = from_text(f"SELECT {_ORPHAN} FROM orphan_routes ORDER BY speaker, cidr")  # noqa: S608
_LOCK: Final = from_text(
    f"SELECT {_ORPHAN} FROM orphan_routes"  # noqa: S608
    " WHERE speaker = :speaker AND cidr = CAST(:cidr AS cidr) FOR UPDATE"
)
_DECIDE: Final = from_text("""
    UPDATE orphan_routes SET decision = 'withdraw', decided_by = :by, decided_because = :because
    WHERE speaker = :speaker AND cidr = CAST(:cidr AS cidr)
""")


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
        which = {"speaker": speaker, "cidr": str(cidr)}
        row = await self._session.one(_LOCK, OrphanNotFound, **which)
        await self._session.change(_DECIDE, **which, by=by, because=because)
        return _orphan(row)

    async def last_asked(self, kind: BgpPeerKind, name: str) -> datetime | None:
        """When a reconciler last asked it, its row locked; None: none is known to have asked."""
        return await bgp_peers.last_asked(self._session, kind, name)

    async def forget(self, kind: BgpPeerKind, name: str) -> Forgotten | None:
        """End all that is on record of it; None if nothing is. What owners want stays as it is."""
        return await bgp_peers.forget(self._session, kind, name)


class RouteReader:
    """Single reads."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def report(self) -> RouteReport:
        """The counts, and every speaker, listener and alarm by name."""
        return await bgp_peers.report(self._autocommit)

    async def snapshots(self) -> Sequence[tuple[int, datetime, int]]:
        """Number, time and count of routes of the kept snapshots, the newest first."""
        rows = await self._autocommit.ask(_SNAPSHOTS)
        return [(row.number, row.at, row.many) for row in rows]

    async def orphans(self) -> Sequence[Orphan]:
        """All of them, by speaker and address."""
        return [_orphan(row) for row in await self._autocommit.ask(_ORPHANS)]


def _applied(one: Mapping[str, Any]) -> SnapshotRoute:
    cidr = Prefix(ip_network(one["cidr"]))
    return SnapshotRoute(UUID(one["id"]), cidr, one["prepend"], one["change"])


def _orphan(row: AnyRow) -> Orphan:
    return Orphan(
        row.speaker,
        Prefix(row.cidr),
        row.found_at,
        tuple(row.path["as_path"]),
        row.path["next_hop"],
        tuple(row.path["communities"]),
        row.decided_by,
        row.decided_because,
    )
