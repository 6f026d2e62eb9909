"""Snapshots of what was applied, and orphans: what operators look at and decide."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
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
from byoip.store.rows import AnyRow
from byoip.store.speakers import bgp_peers as stations
from byoip.store.speakers.views import RouteReport
from byoip.store.statements import Repository, compiled

_SNAPSHOT: Final = compiled(
    text("SELECT number, at, routes FROM route_snapshots WHERE number = :number")
)
_SNAPSHOTS: Final = compiled(
    text("""
    SELECT number, at, jsonb_array_length(routes) AS many FROM route_snapshots
    ORDER BY number DESC
    """)
)
_CLAIMS: Final = compiled(
    text("SELECT id, prefix_id FROM bgp_prefixes WHERE id = ANY(CAST(:ids AS uuid[]))")
)
_TAKEN: Final = compiled(
    text("""
    SELECT w.id FROM bgp_prefixes b JOIN withdrawals w ON w.id = b.withdrawal_id
    WHERE b.id = :bgp_prefix_id AND w.source IN ('request', 'offboarding')
    """)
)
_BESIDES: Final = compiled(
    text("""
    SELECT id, cidr FROM bgp_prefixes
    WHERE advertised AND id <> ALL(CAST(:ids AS uuid[])) ORDER BY cidr
    """)
)
_ORPHAN: Final = "speaker, cidr, path, found_at, decided_by, decided_because"
_ORPHANS: Final = compiled(text(f"SELECT {_ORPHAN} FROM orphan_routes ORDER BY speaker, cidr"))  # noqa: S608
_LOCK: Final = compiled(
    text(
        f"SELECT {_ORPHAN} FROM orphan_routes"  # noqa: S608
        " WHERE speaker = :speaker AND cidr = CAST(:cidr AS cidr) FOR UPDATE"
    )
)
_DECIDE: Final = compiled(
    text("""
    UPDATE orphan_routes SET decision = 'withdraw', decided_by = :by, decided_because = :because
    WHERE speaker = :speaker AND cidr = CAST(:cidr AS cidr)
    """)
)


class RouteHistoryRepository(Repository):
    """Within one transaction."""

    async def snapshot(self, number: int) -> RouteSnapshot:
        """One of the kept ones.

        Raises:
            RouteSnapshotNotFound: as it says.
        """
        row = await self._session.one(_SNAPSHOT, RouteSnapshotNotFound, number=number)
        return RouteSnapshot(row.number, row.at, tuple(_applied(one) for one in row.routes))

    async def claims_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """The claim of each BGP prefix."""
        rows = await self._session.rows(_CLAIMS, ids=list(ids))
        return {row.id: row.prefix_id for row in rows}

    async def taken_by_owner(self, bgp_prefix_id: UUID) -> bool:
        """Whether it is its owner who withdrew it last, or offboarded it: see under its lock."""
        return await self._session.row(_TAKEN, bgp_prefix_id=bgp_prefix_id) is not None

    async def advertised_besides(self, ids: Collection[UUID]) -> Sequence[tuple[UUID, Prefix]]:
        """What is wanted announced now, but for these."""
        rows = await self._session.rows(_BESIDES, ids=list(ids))
        return [(row.id, Prefix(row.cidr)) for row in rows]

    async def decide(self, speaker: str, cidr: Prefix, *, by: str, because: str) -> Orphan:
        """Have an orphan withdrawn; how it stood before.

        Raises:
            OrphanNotFound: as it says.
        """
        which = {"speaker": speaker, "cidr": str(cidr)}
        row = await self._session.one(_LOCK, OrphanNotFound, **which)
        await self._session.change(_DECIDE, **which, by=by, because=because)
        return _orphan(row)

    async def last_asked(self, station: BgpPeerKind, name: str) -> datetime | None:
        """When somebody who reconciles last asked it, locked; None: nobody, as far as we know."""
        return await stations.last_asked(self._session, station, name)

    async def forget(self, station: BgpPeerKind, name: str) -> Forgotten | None:
        """End all that is on record of it; None if nothing is. Nothing that is desired changes."""
        return await stations.forget(self._session, station, name)


class RouteReader:
    """Single reads."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def report(self) -> RouteReport:
        """Everything, counted; speakers, listeners and alarms by name."""
        return await stations.report(self._autocommit)

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
