"""Which database this is, and what is forgotten once it was restored from a backup.

Text SQL, though not hot: it asks Postgres' own functions, and shares the shape of `bgp_peers.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from byoip.store.statements import Repository, from_text


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is.

    Attributes:
        here: what it says now; a restored copy says something else.
        kept: what it said when a reconciler last asked; None: none has asked yet.
    """

    here: str
    kept: str | None

    @property
    def restored(self) -> bool:
        """Whether its rows were written in another database, or on another timeline."""
        return self.kept is not None and self.kept != self.here


@dataclass(frozen=True, slots=True)
class ForgottenState:
    """What is no longer on record.

    Attributes:
        applied: routes that speakers may have had from us.
        orphans: those that were known, with what operators had decided about them.
    """

    applied: int
    orphans: int


# A logical dump comes back with other oids (and in another cluster), a base backup that was rolled
# forward on another timeline. The insertion timeline: the control file's is behind for a while.
_MAY_ASK: Final = from_text("""
    SELECT has_function_privilege('pg_control_system()', 'EXECUTE')
        AND has_function_privilege('pg_current_wal_lsn()', 'EXECUTE')
        AND has_function_privilege('pg_walfile_name(pg_lsn)', 'EXECUTE') AS may
""")
_CLUSTER: Final = from_text("""
    SELECT format('cluster %s, timeline %s', system_identifier,
        left(pg_walfile_name(pg_current_wal_lsn()), 8)) AS said
    FROM pg_control_system()
""")
_DATABASE: Final = from_text("""
    SELECT format('database %s, table %s', d.oid, 'applied_routes'::regclass::oid) AS said
    FROM pg_database d WHERE d.datname = current_database()
""")
_KEPT: Final = from_text("SELECT identity FROM incarnation FOR UPDATE")
_KEEP: Final = from_text("""
    INSERT INTO incarnation (identity, since) VALUES (:identity, :now)
    ON CONFLICT (singleton) DO UPDATE SET identity = excluded.identity, since = excluded.since
""")
# In the order of ids, as the reconciler writes them.
_FORGET: Final = from_text("""
    WITH known AS (
        SELECT speaker, bgp_prefix_id FROM applied_routes ORDER BY bgp_prefix_id, speaker FOR UPDATE
    ), gone AS (
        DELETE FROM applied_routes a USING known
        WHERE (a.speaker, a.bgp_prefix_id) = (known.speaker, known.bgp_prefix_id)
        RETURNING a.may_hold OR a.advertised AS given
    )
    SELECT count(*) FILTER (WHERE given) AS many FROM gone
""")
_ORPHANS: Final = from_text("DELETE FROM orphan_routes")
_RAISE_ALARM: Final = from_text("""
    INSERT INTO route_alarms (kind, subject, detail, since)
    VALUES ('restored', 'database', :detail, :now)
    ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, since = excluded.since
""")
_END_ALARM: Final = from_text(
    "DELETE FROM route_alarms WHERE kind = 'restored' AND since < :before"
)


class RestoreRepository(Repository):
    """Which database this is, within one transaction."""

    async def identity(self) -> Identity:
        """Which database this is; its row is locked."""
        (may,) = await self._session.rows(_MAY_ASK)
        # First: a server that is still being rolled forward says so here, and counts as away.
        asked = [_CLUSTER, _DATABASE] if may.may else [_DATABASE]
        said = [(await self._session.rows(one))[0].said for one in asked]
        kept = await self._session.row(_KEPT)
        return Identity(", ".join(said), None if kept is None else kept.identity)

    async def keep(self, here: str, now: datetime) -> None:
        """Record which database this is."""
        await self._session.change(_KEEP, identity=here, now=now)

    async def forget_applied(self) -> ForgottenState:
        """Forget what speakers may have from us, and which orphans they hold.

        At the next full sync, a path that a row wants is taken for ours; every other path is an
        orphan. So nothing is withdrawn for a row that a backup has brought back.
        """
        (applied,) = await self._session.rows(_FORGET)
        return ForgottenState(applied.many, await self._session.change(_ORPHANS))

    async def raise_alarm(self, detail: str, now: datetime) -> None:
        """Raise the alarm that the database was restored."""
        await self._session.change(_RAISE_ALARM, detail=detail, now=now)

    async def end_alarm(self, before: datetime) -> None:
        """End that alarm, if it has stood since before then."""
        await self._session.change(_END_ALARM, before=before)
