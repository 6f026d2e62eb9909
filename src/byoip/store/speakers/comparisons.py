"""Which worker compares what a speaker holds with what is recorded; it tells no speaker anything.

A row for each speaker. Its holder counts `beat` up while it is at work; a process that has seen it
stand still takes the speaker over by the next number, and so does one that has fewer speakers. For
a moment two may compare the same one: that costs a listing, and no more. `compared` and `differs`
count what a holder has found: the leader follows these, and nothing else.

Text SQL, as the statements that it is read beside (`route_statements.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.store.autocommit import AutocommitPool
from byoip.store.statements import from_text


@dataclass(frozen=True, slots=True)
class Comparison:
    """Who compares a speaker, and what came of it.

    Attributes:
        number: grows with every holder.
        holder: None: let go.
        beat: grows while the holder is at work.
        compared: how often this holder has compared in full.
        differs: how often it found a difference that stayed.
    """

    speaker: str
    number: int
    holder: UUID | None
    beat: int
    compared: int
    differs: int


_LOOK: Final = from_text(
    "SELECT speaker, number, holder, beat, compared, differs FROM speaker_comparisons"
)
_TAKE: Final = from_text("""
    INSERT INTO speaker_comparisons AS kept
        (speaker, number, holder, process, beat, compared, differs)
    SELECT speaker, seen + 1, :holder, :process, 0, 0, 0
    FROM unnest(CAST(:speakers AS text[]), CAST(:seen AS bigint[])) AS wanted (speaker, seen)
    ORDER BY speaker
    ON CONFLICT (speaker) DO UPDATE SET number = excluded.number, holder = excluded.holder,
        process = excluded.process, beat = 0, compared = 0, differs = 0
        WHERE kept.number = excluded.number - 1
    RETURNING speaker, number
""")
_RENEW: Final = from_text("""
    WITH mine AS (
        SELECT speaker FROM speaker_comparisons
        WHERE holder = :holder AND speaker = ANY(CAST(:speakers AS text[]))
        ORDER BY speaker FOR UPDATE
    )
    UPDATE speaker_comparisons c SET beat = beat + 1 FROM mine WHERE c.speaker = mine.speaker
    RETURNING c.speaker
""")
_FOUND: Final = from_text("""
    UPDATE speaker_comparisons SET compared = compared + 1,
        differs = differs + CASE WHEN :differs THEN 1 ELSE 0 END
    WHERE speaker = :speaker AND number = :number AND holder = :holder RETURNING speaker
""")
_LET_GO: Final = from_text("""
    WITH mine AS (
        SELECT speaker FROM speaker_comparisons WHERE holder = :holder ORDER BY speaker FOR UPDATE
    )
    UPDATE speaker_comparisons c SET holder = NULL FROM mine WHERE c.speaker = mine.speaker
    RETURNING c.speaker
""")
_ORPHANS: Final = from_text(
    "SELECT cidr FROM orphan_routes WHERE speaker = :speaker AND gone_at IS NULL"
)


class Comparisons:
    """The rows; each call is one statement."""

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    async def look(self) -> Sequence[Comparison]:
        """Of every speaker that was ever compared."""
        return [Comparison(*row) for row in await self._pool.ask(_LOOK)]

    async def take(self, seen: Mapping[str, int], holder: UUID, process: str) -> Mapping[str, int]:
        """Take these speakers, each after the number seen; those taken, and their numbers."""
        asked = {"speakers": list(seen), "seen": list(seen.values())}
        rows = await self._pool.ask(_TAKE, holder=holder, process=process, **asked)
        return {row.speaker: row.number for row in rows}

    async def renew(self, speakers: Collection[str], holder: UUID) -> Collection[str]:
        """One more beat of these; those that are still this holder's."""
        rows = await self._pool.ask(_RENEW, speakers=list(speakers), holder=holder)
        return {row.speaker for row in rows}

    async def found(self, speaker: str, number: int, holder: UUID, *, differs: bool) -> None:
        """Record that it was compared; nothing where another process has taken it over."""
        asked = {"speaker": speaker, "number": number, "holder": holder}
        await self._pool.ask(_FOUND, differs=differs, **asked)

    async def let_go(self, holder: UUID) -> None:
        """Let go of all that this process holds."""
        await self._pool.ask(_LET_GO, holder=holder)

    async def orphans(self, speaker: str) -> Collection[Prefix]:
        """What is on record as held by the speaker, and wanted by no row."""
        return {Prefix(row.cidr) for row in await self._pool.ask(_ORPHANS, speaker=speaker)}
