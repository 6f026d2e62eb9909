"""The numbered settings of speakers, what workers' files propose, and how far one has travelled.

Text SQL, as the statements that it shares its tables with (`route_statements.py`). Who changes
which revision is in force or travels locks the first one before: that row always stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Route
from byoip.domain.speakers import revision, travel
from byoip.domain.speakers.revision import PROPOSAL_LASTS, Entries, InUse, Revision, SpeakerEntry
from byoip.domain.speakers.travel import Marks
from byoip.store.autocommit import AutocommitPool
from byoip.store.statements import AnyRow, Repository, from_row, from_text


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the files of processes that run say of speakers.

    Attributes:
        processes: those whose files say just this.
    """

    digest: str
    entries: Entries
    processes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptRevision:
    """A revision of the settings of speakers, and what became of it.

    Attributes:
        state: `travelling`, `in_force`, `replaced` or `taken_back`.
        proposed_by, reason: of who applied it; of the first, the process whose file it was.
        said: why it was taken back.
    """

    revision: Revision
    state: str
    proposed_by: str
    reason: str
    at: datetime
    ended_at: datetime | None
    said: str


_PROPOSE: Final = from_text("""
    WITH gone AS (DELETE FROM speaker_proposals WHERE seen_at < clock_timestamp() - interval '1 day'
        AND process <> :process)
    INSERT INTO speaker_proposals (process, name, digest, speakers, seen_at)
    VALUES (:process, :name, :digest, :speakers, clock_timestamp())
    ON CONFLICT (process) DO UPDATE SET digest = excluded.digest, speakers = excluded.speakers,
        seen_at = excluded.seen_at
    RETURNING process
""")
_WITHDRAW_PROPOSAL: Final = from_text(
    "DELETE FROM speaker_proposals WHERE process = :process RETURNING process"
)
# Routes that are up were told by settings that this database does not know; after a restore, what
# speakers have is not on record, and what they may have waits to be released.
_ADOPT: Final = from_text("""
    INSERT INTO speaker_revisions
        (number, digest, speakers, state, in_doubt, proposed_by, reason, at)
    SELECT 1, :digest, :speakers, 'in_force',
        EXISTS (SELECT FROM applied_routes WHERE advertised)
            OR EXISTS (SELECT FROM unreleased_routes), :name, 'the first', clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM speaker_revisions)
    ON CONFLICT DO NOTHING RETURNING number
""")
_LIVE: Final = from_text("""
    SELECT number, speakers, state, in_doubt, opened FROM speaker_revisions
    WHERE state IN ('travelling', 'in_force')
""")
_NEWS: Final = from_text("""
    SELECT number, state, in_doubt, opened FROM speaker_revisions
    WHERE state IN ('travelling', 'in_force') ORDER BY number
""")
_NOTED: Final = from_text("SELECT noted FROM speaker_revisions WHERE state = 'travelling'")
_DIFFERING: Final = from_text("""
    SELECT digest, min(speakers::text)::jsonb AS speakers, array_agg(name ORDER BY name) AS names
    FROM speaker_proposals p WHERE seen_at > clock_timestamp() - CAST(:lasts AS interval)
    AND NOT EXISTS (SELECT FROM speaker_revisions r
        WHERE r.digest = p.digest AND r.state IN ('travelling', 'in_force')
        AND NOT (r.in_doubt AND :doubted))
    GROUP BY digest ORDER BY digest
""")
_TAKEN_BACK: Final = from_text("""
    SELECT number, digest, said FROM speaker_revisions r WHERE state = 'taken_back'
    AND number = (SELECT max(number) FROM speaker_revisions)
""")
_LISTED: Final = from_text("""
    SELECT number, speakers, state, in_doubt, proposed_by, reason, at, ended_at, said
    FROM speaker_revisions ORDER BY number DESC LIMIT :many
""")
_EARLIER: Final = from_text("""
    SELECT speakers FROM speaker_revisions WHERE digest = :digest ORDER BY number DESC LIMIT 1
""")
_KINDS: Final = from_text("""
    SELECT (array_agg(cidr))[1] AS cidr, asn, prepend, behind, count(*) AS many
    FROM bgp_prefixes WHERE advertised GROUP BY family(cidr), asn, prepend, behind ORDER BY 1
""")
_LOCK: Final = from_text(
    "SELECT number FROM speaker_revisions WHERE number = 1 FOR UPDATE", selects=["number"]
)
_PUT: Final = from_text("""
    INSERT INTO speaker_revisions (number, digest, speakers, state, proposed_by, reason, at)
    SELECT max(number) + 1, :digest, :speakers, 'travelling', :by, :reason, :now
    FROM speaker_revisions RETURNING number
""")
_OPEN: Final = from_text("""
    UPDATE speaker_revisions SET opened = :stage, noted = :noted
    WHERE number = :number AND state = 'travelling'
""")
_REPLACE: Final = from_text("""
    UPDATE speaker_revisions SET state = 'replaced', in_doubt = false, ended_at = :now
    WHERE state = 'in_force'
""")
_ENFORCE: Final = from_text("""
    UPDATE speaker_revisions SET state = 'in_force', opened = NULL, noted = NULL
    WHERE number = :number AND state = 'travelling'
""")
_TAKE_BACK: Final = from_text("""
    UPDATE speaker_revisions SET state = 'taken_back', opened = NULL, noted = NULL,
        ended_at = :now, said = :said WHERE state = 'travelling'
""")
_DOUBT: Final = from_text(
    "UPDATE speaker_revisions SET in_doubt = :doubt WHERE state = 'in_force' AND in_doubt <> :doubt"
)
_NAMES: Final = from_text("""
    SELECT FROM speaker_revisions r, jsonb_array_elements(r.speakers) AS entry
    WHERE r.state IN ('travelling', 'in_force') AND entry ->> 'name' = :speaker LIMIT 1
""")
# A route that is prepended, of this origin.
_PREPENDED: Final = from_text("""
    SELECT cidr FROM bgp_prefixes WHERE advertised AND prepend > 0 AND asn = :origin
    ORDER BY cidr LIMIT 1
""")
_INTERNAL: Final = from_text("SELECT name, internal_as FROM speakers WHERE internal_as IS NOT NULL")


class Revisions:
    """What workers read and propose; each call is one statement."""

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    async def propose(self, process: UUID, name: str, entries: Entries) -> None:
        """Record what the file of this process says, and that it runs."""
        await self._pool.ask(_PROPOSE, process=process, name=name, **_kept(entries))

    async def withdraw_proposal(self, process: UUID) -> None:
        """Forget what the file of this process says: it ends."""
        await self._pool.ask(_WITHDRAW_PROPOSAL, process=process)

    async def adopt(self, name: str, entries: Entries) -> None:
        """Take these as revision 1, if there is none.

        In doubt where speakers have routes already: then nothing that they hold is rewritten.
        """
        await self._pool.ask(_ADOPT, name=name, **_kept(entries))

    async def in_use(self) -> InUse | None:
        """What speakers are told by; None: no worker has proposed anything yet."""
        return _in_use(await self._pool.ask(_LIVE))

    async def news(self) -> object:
        """Is equal as long as nothing has changed of what speakers are told by."""
        return [tuple(row) for row in await self._pool.ask(_NEWS)]

    async def noted(self) -> Marks:
        """What was seen before the last stage was told."""
        rows = await self._pool.ask(_NOTED)
        return travel.of_kept(rows[0].noted) if rows and rows[0].noted else {}

    async def differing(self, *, doubted: bool = False) -> Sequence[Proposal]:
        """What files propose, but for what is in force (`doubted`: if not in doubt) or travels."""
        asked = {"lasts": PROPOSAL_LASTS, "doubted": doubted}
        return [_proposal(row) for row in await self._pool.ask(_DIFFERING, **asked)]

    async def taken_back(self) -> tuple[int, str, str] | None:
        """The newest revision's number, digest, and why, if it was taken back."""
        rows = await self._pool.ask(_TAKEN_BACK)
        return tuple(rows[0]) if rows else None

    async def listed(self, *, limit: int) -> Sequence[KeptRevision]:
        """All there were, the newest first."""
        rows = await self._pool.ask(_LISTED, many=limit)
        return [from_row(KeptRevision, row, revision=_revision(row)) for row in rows]

    async def kinds(self) -> Sequence[tuple[Route, int]]:
        """Of each kind of routes that are announced one, and how many there are."""
        return [
            (revision.example(Prefix(row.cidr), row.asn, row.prepend, row.behind), row.many)
            for row in await self._pool.ask(_KINDS)
        ]


class RevisionRepository(Repository):
    """The same within one transaction, and all that changes it."""

    async def lock(self) -> InUse | None:
        """What speakers are told by, locked; None: no worker has proposed anything yet."""
        await self._session.rows(_LOCK)
        return _in_use(await self._session.rows(_LIVE))  # as the last that held the lock left it

    async def proposal(self, digest: str) -> Proposal | None:
        """What a file of a process that runs proposes, also if it is in force and in doubt."""
        rows = await self._session.rows(_DIFFERING, lasts=PROPOSAL_LASTS, doubted=True)
        return next((_proposal(row) for row in rows if row.digest == digest), None)

    async def earlier(self, digest: str) -> Entries | None:
        """What a revision with these settings said, whatever became of it."""
        row = await self._session.row(_EARLIER, digest=digest)
        return None if row is None else _entries(row.speakers)

    async def names(self, speaker: str) -> bool:
        """Whether the revision in force or one that travels names it."""
        return await self._session.row(_NAMES, speaker=speaker) is not None

    async def put(self, entries: Entries, *, by: str, reason: str, now: datetime) -> int:
        """Begin to travel; the number."""
        asked = {**_kept(entries), "by": by, "reason": reason, "now": now}
        (row,) = await self._session.rows(_PUT, **asked)
        number: int = row.number
        return number

    async def open(self, number: int, stage: int, noted: Marks) -> None:
        """From now on this stage is told by it; if it still travels."""
        kept = Jsonb(travel.kept(noted))
        await self._session.change(_OPEN, number=number, stage=stage, noted=kept)

    async def enforce(self, number: int, now: datetime) -> None:
        """It has travelled: from now on it is in force."""
        await self._session.change(_REPLACE, now=now)
        await self._session.change(_ENFORCE, number=number)

    async def take_back(self, said: str, now: datetime) -> int:
        """What travels is told to no speaker any more; how many that were: one, or none."""
        return await self._session.change(_TAKE_BACK, said=said, now=now)

    async def doubt(self, *, doubt: bool) -> None:
        """Whether the revision in force is what speakers were told by."""
        await self._session.change(_DOUBT, doubt=doubt)

    async def prepended(self, origin: int) -> Prefix | None:
        """A route of this origin that is announced with prepends."""
        row = await self._session.row(_PREPENDED, origin=origin)
        return None if row is None else Prefix(row.cidr)

    async def internal(self) -> dict[str, int]:
        """Speakers with a neighbour in their own AS, and that AS."""
        return {row.name: row.internal_as for row in await self._session.rows(_INTERNAL)}


def _kept(entries: Entries) -> dict[str, object]:
    speakers = Jsonb([one.as_json() for one in revision.ordered(entries)])
    return {"digest": revision.digest(entries), "speakers": speakers}


def _in_use(rows: Sequence[AnyRow]) -> InUse | None:
    found = {row.state: row for row in rows}
    if "in_force" not in found:
        return None
    target = found.get("travelling")
    opened = target.opened if target else None
    return InUse(_revision(found["in_force"]), _revision(target) if target else None, opened)


def _revision(row: AnyRow) -> Revision:
    return Revision(row.number, _entries(row.speakers), row.in_doubt)


def _entries(kept: Sequence[dict[str, object]]) -> Entries:
    return tuple(map(SpeakerEntry.of_json, kept))


def _proposal(row: AnyRow) -> Proposal:
    return Proposal(row.digest, _entries(row.speakers), tuple(row.names))
