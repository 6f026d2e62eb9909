"""Which database this is, and what is forgotten once it was restored from a backup.

Text SQL, though not hot: it asks Postgres' own functions, and shares the shape of `bgp_peers.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.succession import Testimony
from byoip.store.routes.notices import ring
from byoip.store.statements import Repository, from_text


@dataclass(frozen=True, slots=True)
class Kept:
    """Which database this is.

    Attributes:
        here: what it says now; a promoted or restored one says something else.
        kept: what it said when it was last judged; None: it never was.
        testimonies: of the processes that knew it before.
    """

    here: str
    kept: str | None
    testimonies: Sequence[Testimony] = ()


@dataclass(frozen=True, slots=True)
class ForgottenState:
    """What is no longer on record.

    Attributes:
        applied: routes that speakers may have had from us.
        orphans: those that are known: they stay, without what operators had decided about them.
    """

    applied: int
    orphans: int


@dataclass(frozen=True, slots=True)
class Doubted:
    """What is in doubt after a promotion with a loss.

    Attributes:
        cidrs: of the routes, in the order of their ids.
        leaving: whether one of their claims is being offboarded.
    """

    cidrs: Sequence[Prefix]
    leaving: bool


SEEN_SECONDS: Final = 10.0  # so often a process says that it is alive
SILENCE: Final = timedelta(seconds=3 * SEEN_SECONDS)  # one that was silent for longer was gone

IDENTITY: Final = from_text("SELECT database_identity() AS identity")
_KEPT: Final = from_text("SELECT identity FROM incarnation FOR UPDATE")
_KEEP: Final = from_text("""
    INSERT INTO incarnation (identity, since) VALUES (:identity, :now)
    ON CONFLICT (singleton) DO UPDATE SET identity = excluded.identity, since = excluded.since
""")
_KEEP_ON: Final = from_text("UPDATE incarnation SET identity = :identity")
# Events from before the last sign of life that this database knows are not lost; with a minute for
# clocks that differ.
_BEGIN_EPOCH: Final = from_text("""
    INSERT INTO feed_epochs (number, since, shared_until)
    SELECT coalesce((SELECT max(number) FROM feed_epochs), 0) + 1, :now,
        coalesce((SELECT max(seen_at) FROM witnesses), (SELECT since FROM incarnation))
            - interval '1 minute'
    RETURNING epoch
""")
# Those that were alive at the end say something, or have yet to. Of a killed process the row stays.
_TESTIMONIES: Final = from_text("""
    SELECT name, CASE WHEN identity = :here THEN good END AS good, detail, routes, claims, bounded
    FROM witnesses
    WHERE identity = :here
        OR seen_at >= (SELECT max(seen_at) FROM witnesses) - CAST(:silence AS interval)
    ORDER BY name
""")
_HEARD: Final = from_text(
    "UPDATE witnesses SET identity = NULL, good = NULL, detail = '', routes = '{}', claims = '{}',"
    " bounded = false WHERE identity IS NOT NULL"
)
# Of all routes, or of some. In the order of ids, as the reconciler writes them.
_FORGET: Final = from_text("""
    WITH known AS (
        SELECT speaker, bgp_prefix_id FROM applied_routes
        WHERE CAST(:ids AS uuid[]) IS NULL OR bgp_prefix_id = ANY(CAST(:ids AS uuid[]))
        ORDER BY bgp_prefix_id, speaker FOR UPDATE
    ), gone AS (
        DELETE FROM applied_routes a USING known
        WHERE (a.speaker, a.bgp_prefix_id) = (known.speaker, known.bgp_prefix_id)
        RETURNING a.may_hold OR a.advertised AS given
    )
    SELECT count(*) FILTER (WHERE given) AS many FROM gone
""")
# What observers said of them is old, too.
_HOLD_BACK: Final = from_text("""
    WITH wanted AS (
        SELECT id, change FROM bgp_prefixes WHERE advertised
            AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(CAST(:ids AS uuid[])))
        ORDER BY id FOR SHARE
    ), seen AS (
        SELECT o.bgp_prefix_id, o.seen_by, o.at, o.advertised FROM observed_routes o
        JOIN wanted w ON w.id = o.bgp_prefix_id ORDER BY o.bgp_prefix_id, o.seen_by FOR UPDATE OF o
    ), gone AS (
        DELETE FROM observed_routes o USING seen s
        WHERE (o.bgp_prefix_id, o.seen_by) = (s.bgp_prefix_id, s.seen_by)
    )
    INSERT INTO unreleased_routes AS kept (bgp_prefix_id, change, since, last_seen, doubted)
    SELECT id, change, :now, (SELECT max(at) FROM seen WHERE bgp_prefix_id = id AND advertised),
        id = ANY(CAST(:doubted AS uuid[]))
    FROM wanted
    ON CONFLICT (bgp_prefix_id) DO UPDATE SET change = excluded.change,
        last_seen = coalesce(excluded.last_seen, kept.last_seen),
        doubted = kept.doubted OR excluded.doubted
""")
# They are remembered until a person decides; what was decided in the backup's time is old.
_ORPHANS: Final = from_text("""
    WITH known AS (
        SELECT speaker, cidr FROM orphan_routes ORDER BY speaker, cidr FOR UPDATE
    ), undecided AS (
        UPDATE orphan_routes o SET decision = NULL, decided_by = NULL, decided_because = NULL
        FROM known WHERE (o.speaker, o.cidr) = (known.speaker, known.cidr) RETURNING 1
    )
    SELECT count(*) AS many FROM undecided
""")
_OF_CLAIMS: Final = from_text("""
    SELECT id, cidr FROM bgp_prefixes WHERE id = ANY(CAST(:routes AS uuid[]))
        OR (live AND prefix_id = ANY(CAST(:claims AS uuid[])))
    ORDER BY id
""")
_LEAVING: Final = from_text("""
    SELECT FROM offboardings o WHERE o.live AND (o.prefix_id = ANY(CAST(:claims AS uuid[]))
        OR EXISTS (SELECT FROM bgp_prefixes b WHERE b.prefix_id = o.prefix_id
            AND b.id = ANY(CAST(:routes AS uuid[]))))
    LIMIT 1
""")
_RAISE_ALARM: Final = from_text("""
    INSERT INTO route_alarms (kind, subject, detail, since)
    VALUES (:kind, 'database', :detail, :now)
    ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, since = excluded.since
""")
_END_ALARMS: Final = from_text(
    "DELETE FROM route_alarms WHERE kind IN ('restored', 'in_doubt') AND since < :before"
)


class RestoreRepository(Repository):
    """Which database this is, within one transaction."""

    async def identity(self) -> Kept:
        """Which database this is; its row is locked."""
        # First: a server that is still being rolled forward says so here, and counts as away.
        (here,) = await self._session.rows(IDENTITY)
        kept = await self._session.row(_KEPT)
        said = await self._session.rows(_TESTIMONIES, here=here.identity, silence=SILENCE)
        return Kept(
            here.identity,
            None if kept is None else kept.identity,
            [
                Testimony(one.name, one.good, one.detail, one.routes, one.claims, one.bounded)
                for one in said
            ],
        )

    async def keep(self, here: str, now: datetime) -> None:
        """Record which database this is; testimonies are over with that."""
        await self._session.change(_KEEP, identity=here, now=now)
        await self._session.change(_HEARD)

    async def keep_on(self, here: str) -> None:
        """The same where nothing is missing: what its rows said before holds on."""
        await self._session.change(_KEEP_ON, identity=here)
        await self._session.change(_HEARD)

    async def begin_epoch(self, now: datetime) -> UUID:
        """From now on the feed of events is another one; to be called before `keep`."""
        (row,) = await self._session.rows(_BEGIN_EPOCH, now=now)
        epoch: UUID = row.epoch
        return epoch

    async def forget_applied(
        self, routes: Collection[UUID], claims: Collection[UUID], now: datetime
    ) -> ForgottenState:
        """Forget what speakers may have from us, and what was decided about orphans.

        No row is announced that is not up, before an operator releases it (`unreleased.py`); nor
        where it is down, of these routes and those of these claims: a newer change of them is lost.
        At the next full sync, a path that a row wants is taken for ours; every other path is an
        orphan. So nothing is withdrawn for a row that a backup has brought back.
        """
        rows = await self._session.rows(_OF_CLAIMS, routes=list(routes), claims=list(claims))
        doubted = [row.id for row in rows]
        await self._session.change(_HOLD_BACK, now=now, ids=None, doubted=doubted)
        (applied,) = await self._session.rows(_FORGET, ids=None)
        (orphans,) = await self._session.rows(_ORPHANS)
        await ring(self._session)
        return ForgottenState(applied.many, orphans.many)

    async def doubt(
        self, routes: Collection[UUID], claims: Collection[UUID], now: datetime
    ) -> Doubted:
        """Forget what speakers may have of these routes, and of those of these claims.

        As `forget_applied` does of all: they are neither announced nor withdrawn.
        """
        asked = {"routes": list(routes), "claims": list(claims)}
        rows = await self._session.rows(_OF_CLAIMS, **asked)
        ids = [row.id for row in rows]
        await self._session.change(_HOLD_BACK, now=now, ids=ids, doubted=ids)
        await self._session.rows(_FORGET, ids=ids)
        await ring(self._session)
        leaving = await self._session.row(_LEAVING, **asked) is not None
        return Doubted([Prefix(row.cidr) for row in rows], leaving=leaving)

    async def raise_alarm(self, kind: str, detail: str, now: datetime) -> None:
        """Raise the alarm that the database was restored, or promoted with a loss."""
        await self._session.change(_RAISE_ALARM, kind=kind, detail=detail, now=now)

    async def end_alarms(self, before: datetime) -> None:
        """End such an alarm, if it has stood since before then."""
        await self._session.change(_END_ALARMS, before=before)
