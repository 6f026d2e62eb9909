"""What each perspective last said, and of what they do not agree: for people, decides nothing.

Text SQL: rows of several places in one statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.foreign_text import brief
from byoip.domain.perspectives.kept import AskedPlace, KeptSighting
from byoip.domain.perspectives.quorum import End, Sighting, Subject
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import AnyRow, Repository, from_row, from_text

_KEPT_FOR: Final = timedelta(days=30)
_MOST: Final = 2000  # sightings

_ASKED: Final = from_text("""
    WITH gone AS (
        DELETE FROM places_asked
        WHERE asked_at < :now - CAST(:kept_for AS interval) AND NOT place = ANY(:places)
    ) INSERT INTO places_asked AS kept
        (place, region, asked_at, answered_at, silent_since, said, fault)
    SELECT place, region, :now, CASE WHEN answered THEN CAST(:now AS timestamptz) END,
        CASE WHEN NOT answered THEN CAST(:now AS timestamptz) END, said, fault
    FROM unnest(CAST(:places AS text[]), CAST(:regions AS text[]), CAST(:answered AS boolean[]),
        CAST(:said AS text[]), CAST(:faults AS text[])) AS new(place, region, answered, said, fault)
    ORDER BY place
    ON CONFLICT (place) DO UPDATE SET
        region = excluded.region, asked_at = excluded.asked_at, fault = excluded.fault,
        answered_at = coalesce(excluded.answered_at, kept.answered_at),
        silent_since = CASE WHEN excluded.answered_at IS NULL
            THEN coalesce(kept.silent_since, excluded.silent_since) END,
        said = CASE WHEN excluded.answered_at IS NULL THEN kept.said ELSE excluded.said END
    WHERE kept.asked_at <= excluded.asked_at RETURNING kept.place
""")
_SAW: Final = from_text("""
    INSERT INTO place_sightings AS kept
        (place, about, what, region, subject, ended, seen, at, since)
    SELECT place, :about, what, region, :subject, ended, seen, :now, :now
    FROM unnest(CAST(:places AS text[]), CAST(:whats AS text[]), CAST(:regions AS text[]),
        CAST(:ends AS text[]), CAST(:seen AS text[])) AS new(place, what, region, ended, seen)
    ORDER BY place, what
    ON CONFLICT (place, about, what) DO UPDATE SET
        region = excluded.region, subject = excluded.subject, ended = excluded.ended,
        seen = excluded.seen, at = excluded.at,
        since = CASE kept.ended WHEN excluded.ended THEN kept.since ELSE excluded.since END
    WHERE kept.at <= excluded.at RETURNING kept.place
""")
_AGREED: Final = from_text("""
    DELETE FROM place_sightings
    WHERE about = :about AND what = ANY(CAST(:whats AS text[])) AND at <= :now
    RETURNING place
""")
# Accounts take turns, each with the newest of its prefixes and AS numbers: who has many that places
# do not agree about hides nobody else's. What is there no more has no account.
_IN_TURNS: Final = """(
    SELECT s.*, dense_rank() OVER (
        PARTITION BY s.account_id ORDER BY s.newest DESC, s.about
    ) AS turn
    FROM (
        SELECT s.*, max(s.at) OVER (PARTITION BY s.about) AS newest,
            p.id IS NOT NULL AS of_prefix, coalesce(p.version, 0) AS version,
            coalesce(p.account_id, o.account_id) AS account_id
        FROM place_sightings AS s LEFT JOIN prefixes AS p ON p.id = s.about AND p.live
            LEFT JOIN own_asns AS o ON o.id = s.about AND o.live
    ) AS s
)"""
_ORDER: Final = "s.account_id IS NULL, s.turn, s.newest DESC, s.about, s.what, s.place"
_PRUNE: Final = from_text(f"""
    DELETE FROM place_sightings WHERE at < :now - CAST(:kept_for AS interval)
    OR (place, about, what) IN (
        SELECT place, about, what FROM {_IN_TURNS} AS s ORDER BY {_ORDER} OFFSET :most
    ) RETURNING place
""")  # noqa: S608 - of constants
_PLACES: Final = from_text("SELECT * FROM places_asked ORDER BY place")
# Of a prefix `p`: a worker is to look at it already, or does.
_UNDER_WAY: Final = """(EXISTS (
    SELECT FROM validation_runs AS r
    WHERE r.prefix_id = p.id AND r.state IN ('scheduled', 'running') AND r.due_at <= :now
) OR p.state = 'approved' AND EXISTS (
    SELECT FROM watch_turns AS t WHERE t.prefix_id = p.id AND t.due_at <= :now
))"""
_WHETHER: Final = from_text(
    f"SELECT {_UNDER_WAY} AS so FROM prefixes AS p WHERE p.id = :claim_id"  # noqa: S608 - constant
)
_APART: Final = from_text(f"""
    SELECT s.*, coalesce({_UNDER_WAY}, false) AS under_way
    FROM {_IN_TURNS} AS s LEFT JOIN prefixes AS p ON p.id = s.about AND s.of_prefix
    WHERE s.account_id IS NOT NULL ORDER BY {_ORDER} LIMIT :most
""")  # noqa: S608 - of constants

# What else was seen since is not looked at by whoever looked at these.
_SETTLE: Final = from_text("""
    DELETE FROM place_sightings WHERE about = :about RETURNING place, what, subject, ended, at
""")


class PlaceSightingRepository(Repository):
    """The same within a transaction."""

    async def settle(self, about: UUID) -> Sequence[AnyRow]:
        """List no longer what places saw of a prefix or AS number; what that was, in order."""
        rows = await self._session.rows(_SETTLE, about=about)
        return sorted(rows, key=lambda row: (row.what, row.place))

    async def under_way(self, claim_id: UUID, now: datetime) -> bool:
        """Whether a worker is to look at a prefix already, or does."""
        row = await self._session.row(_WHETHER, claim_id=claim_id, now=now)
        return row is not None and bool(row.so)


class PlaceSightings:
    """Each call is one statement, or a few."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def note(
        self, subject: Subject, sightings: Mapping[str, Sequence[Sighting]], now: datetime
    ) -> None:
        """Keep what each place said; of what all that were asked agree about, nothing stays."""
        asked = {what: [one for one in each if one.asked] for what, each in sightings.items()}
        await self._note_asked(subject, asked, now)
        apart = {
            what: each
            for what, each in asked.items()
            if any(one.end is not End.AGREES for one in each)
        }
        about = {"about": subject.id, "now": now}
        agreed = [what for what, each in asked.items() if each and what not in apart]
        await self._autocommit.ask(_AGREED, whats=agreed, **about)
        rows = [(what, one) for what, each in apart.items() for one in each]
        if rows:
            await self._autocommit.ask(
                _SAW,
                subject=subject.name,
                places=[one.place.name for _, one in rows],
                whats=[what for what, _ in rows],
                regions=[one.place.region for _, one in rows],
                ends=[one.end.value for _, one in rows],
                seen=[brief(one.outcome.seen) for _, one in rows],
                **about,
            )
            await self._autocommit.ask(_PRUNE, now=now, kept_for=_KEPT_FOR, most=_MOST)

    async def places(self) -> Sequence[AskedPlace]:
        """All that were asked, by name."""
        return [from_row(AskedPlace, row) for row in await self._autocommit.ask(_PLACES)]

    async def apart(self, most: int, now: datetime) -> Sequence[KeptSighting]:
        """Of what they do not agree, each account's newest first: what each place saw of it."""
        rows = await self._autocommit.ask(_APART, most=most, now=now)
        return [from_row(KeptSighting, row, ended=End(row.ended)) for row in rows]

    async def _note_asked(
        self, subject: Subject, asked: Mapping[str, Sequence[Sighting]], now: datetime
    ) -> None:
        """Of each place its word about the first thing that it said anything of, else its fault."""
        words: dict[str, tuple[str, Sighting]] = {}
        for what, each in sorted(asked.items()):
            for one in each:
                name = one.place.name
                if name not in words or words[name][1].end is End.SILENT is not one.end:
                    words[name] = (f"{what} of {subject.name}: {one.outcome.seen}", one)
        said = list(words.values())
        silent = [one.end is End.SILENT for _, one in said]
        await self._autocommit.ask(
            _ASKED,
            now=now,
            kept_for=_KEPT_FOR,
            places=list(words),
            regions=[one.place.region for _, one in said],
            answered=[not one for one in silent],
            said=["" if no else brief(word) for no, (word, _) in zip(silent, said, strict=True)],
            faults=[brief(word) if no else "" for no, (word, _) in zip(silent, said, strict=True)],
        )
