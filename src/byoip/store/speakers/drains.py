"""Drains: what people have taken out of service, and how far the leader is with it.

Text SQL, as the statements that it shares its tables with (`route_statements.py`). Who begins or
lifts one, or takes sessions down, locks the first revision of settings before
(`tx.revisions.lock`): so of two drains the second one sees the first.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.speakers.drain import (
    Drain,
    DrainedAlready,
    DrainNotFound,
    DrainTarget,
    SpeakerSessions,
)
from byoip.store.autocommit import AutocommitPool
from byoip.store.routes.awaited import SILENT_AFTER
from byoip.store.statements import AnyRow, Repository, from_row, from_text, to_row
from byoip.store.unavailable import refusing

_COLUMNS: Final = (
    *("id", "speaker", "neighbour", "stage", "by_hand", "name", "reason", "since", "until"),
    *("wait_seconds", "loses", "announced_at", "down_at", "ended_at", "ended_by", "undone_at"),
)
_TARGET: Final = ("speaker", "neighbour", "stage")
_ADD: Final = from_text(f"""
    INSERT INTO speaker_drains ({", ".join(_COLUMNS)}) VALUES (:{", :".join(_COLUMNS)})
""")  # noqa: S608 - words from here
_STANDING: Final = from_text(
    "SELECT * FROM speaker_drains WHERE undone_at IS NULL ORDER BY since, id"
)
_END: Final = from_text("""
    UPDATE speaker_drains SET ended_at = :now, ended_by = :by
    WHERE id = :id AND ended_at IS NULL RETURNING *
""")
_ANNOUNCED: Final = from_text("""
    UPDATE speaker_drains SET announced_at = :now
    WHERE id = :id AND announced_at IS NULL AND ended_at IS NULL RETURNING 1
""")
_UNDONE: Final = from_text("""
    UPDATE speaker_drains SET undone_at = :now
    WHERE id = :id AND ended_at IS NOT NULL AND undone_at IS NULL RETURNING 1
""")
_DOWN: Final = from_text("""
    UPDATE speaker_drains SET down_at = :now
    WHERE id = :id AND announced_at IS NOT NULL AND ended_at IS NULL
""")
_SPEAKERS: Final = from_text("""
    SELECT name, stage, sessions FROM speakers
    WHERE alive AND asked_at > clock_timestamp() - CAST(:silent AS interval)
""")
_NEIGHBOURS: Final = from_text("SELECT sessions FROM speakers WHERE name = :speaker")
# Announced somewhere, and by none of those that are left.
_LOST: Final = from_text("""
    SELECT count(*) AS many FROM bgp_prefixes b WHERE b.advertised
        AND EXISTS (SELECT FROM applied_routes a
            WHERE a.bgp_prefix_id = b.id AND a.advertised AND a.speaker <> ALL(:left))
        AND NOT EXISTS (SELECT FROM applied_routes a
            WHERE a.bgp_prefix_id = b.id AND a.advertised AND a.speaker = ANY(:left))
""")
_FORGET: Final = from_text("""
    UPDATE speaker_drains SET undone_at = :now, ended_at = coalesce(ended_at, :now),
        ended_by = coalesce(ended_by, :why) WHERE undone_at IS NULL
""")


class Drains:
    """What the leader reads and writes of them; each call is one statement."""

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    async def standing(self) -> Sequence[Drain]:
        """Those that are not over, the oldest first."""
        return [_drain(row) for row in await self._pool.ask(_STANDING)]

    async def announced(self, drain: Drain, now: datetime) -> None:
        """Record that every speaker that answers says so to its neighbours."""
        await self._pool.ask(_ANNOUNCED, id=drain.id, now=now)

    async def undone(self, drain: Drain, now: datetime) -> None:
        """Record that all is as before."""
        await self._pool.ask(_UNDONE, id=drain.id, now=now)


class DrainRepository(Repository):
    """The same within one transaction."""

    async def standing(self) -> Sequence[Drain]:
        """Those that are not over, the oldest first."""
        return [_drain(row) for row in await self._session.rows(_STANDING)]

    async def add(self, drain: Drain) -> None:
        """Begin one.

        Raises:
            DrainedAlready: one of the same target stands.
        """
        row = to_row(drain, _COLUMNS, **to_row(drain.target, _TARGET))
        with refusing(uq_speaker_drains_live=DrainedAlready(drain.target)):
            await self._session.change(_ADD, **row)

    async def end(self, drain_id: UUID, by: str, now: datetime) -> Drain:
        """Lift it.

        Raises:
            DrainNotFound: there is none, or it is lifted already.
        """
        return _drain(await self._session.one(_END, DrainNotFound, id=drain_id, now=now, by=by))

    async def down(self, drain: Drain, now: datetime) -> None:
        """Record that sessions are kept down from now on, unless it is lifted."""
        await self._session.change(_DOWN, id=drain.id, now=now)

    async def speakers(self) -> Sequence[SpeakerSessions]:
        """Speakers that answer, and their sessions as last found."""
        return [
            SpeakerSessions(row.name, row.stage, tuple(a for a, up in row.sessions.items() if up))
            for row in await self._session.rows(_SPEAKERS, silent=SILENT_AFTER)
        ]

    async def neighbours(self, speaker: str) -> Collection[str]:
        """The neighbours that a speaker was last found to have, up or down."""
        row = await self._session.row(_NEIGHBOURS, speaker=speaker)
        return row.sessions if row else ()

    async def lost(self, left: Collection[str]) -> int:
        """How many routes are announced, and by none of these speakers."""
        (row,) = await self._session.rows(_LOST, left=list(left))
        return int(row.many)

    async def forget(self, why: str, now: datetime) -> None:
        """End all as if they were undone: what is down stays so, as a drain by hand."""
        await self._session.change(_FORGET, why=why, now=now)


def _drain(row: AnyRow) -> Drain:
    return from_row(Drain, row, target=from_row(DrainTarget, row))
