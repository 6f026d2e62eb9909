"""What is on record of speakers outside of the rows of routes; each call is one statement.

Text SQL: compared with each full sync, over every route.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Route
from byoip.domain.speakers.opening import SpeakerRecord
from byoip.store.autocommit import AutocommitPool
from byoip.store.speakers.route_rows import array
from byoip.store.statements import AnyRow, Session, from_text


@dataclass(frozen=True, slots=True)
class SpeakerState:
    """A speaker as last found.

    Attributes:
        fault: why it could not be asked; empty while it answers.
        loaded: whether it has every route now.
        prepends_lost_as: the number of the origin whose prepends a neighbour would drop.
        internal_as: the number of its own AS, where a neighbour is in that AS.
        local_as: the number of its own AS.
        neighbour_ases: the numbers of its neighbours' ASes.
        sessions: its neighbours by address, and whether there is a session.
        drained: whether drains keep all of them down.
    """

    name: str
    stage: int
    fault: str
    held: int
    at: datetime
    loaded: bool
    prepends_lost_as: int | None = None
    internal_as: int | None = None
    local_as: int | None = None
    neighbour_ases: Sequence[int] = ()
    sessions: Mapping[str, bool] = field(default_factory=dict)
    drained: bool = False


RECONCILER: Final = "reconciler"  # orders what it has begun, so that the next leader ends it

# What a row says since this database became what it is: before that it was another one's word.
_SINCE: Final = "coalesce((SELECT since FROM incarnation), '-infinity')"
_RECORD: Final = from_text(f"""
    SELECT coalesce(ordered_by, '') AS ordered_by, order_number,
        greatest(0, extract(epoch FROM statement_timestamp() - up_at))::float8 AS up_before,
        restart_seconds, coalesce(up_at > {_SINCE}, false) AS up_here
    FROM speaker_records WHERE speaker = :speaker
""")  # noqa: S608
_NOTE_UP: Final = from_text("""
    INSERT INTO speaker_records AS kept (speaker, up_at, restart_seconds)
    SELECT :speaker, statement_timestamp() - make_interval(secs => CAST(:up_before AS float8)),
        :restart_seconds
    WHERE :enabled OR EXISTS (SELECT FROM speaker_records WHERE speaker = :speaker)
    ON CONFLICT (speaker) DO UPDATE SET up_at = coalesce(excluded.up_at, kept.up_at),
        restart_seconds = excluded.restart_seconds
    RETURNING 1
""")
_NOTE_HELD: Final = from_text("""
    WITH added AS (
        INSERT INTO held_routes (speaker, cidr)
        SELECT :speaker, cidr FROM unnest(CAST(:cidrs AS cidr[])) AS now (cidr)
        WHERE NOT EXISTS (
            SELECT FROM held_routes h WHERE h.speaker = :speaker AND h.cidr = now.cidr)
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) AS many FROM added
""")
_HELD: Final = from_text("SELECT cidr FROM held_routes WHERE speaker = :speaker")
_WITHDRAWN: Final = f"""
    SELECT b.cidr FROM bgp_prefixes b JOIN withdrawals w ON w.id = b.withdrawal_id
    WHERE NOT b.advertised AND w.at > {_SINCE}
        AND NOT EXISTS (SELECT FROM bgp_prefixes o WHERE o.cidr = b.cidr AND o.advertised)
"""  # noqa: S608
_LACKING: Final = from_text(f"""
    WITH now AS (SELECT unnest(CAST(:cidrs AS cidr[])) AS cidr)
    SELECT cidr FROM held_routes h WHERE speaker = :speaker
        AND NOT EXISTS (SELECT FROM now WHERE now.cidr = h.cidr)
        AND NOT EXISTS (SELECT FROM ({_WITHDRAWN}) w WHERE w.cidr = h.cidr)
        AND NOT EXISTS (SELECT FROM orphan_withdrawals w
            WHERE w.speaker = h.speaker AND w.cidr = h.cidr AND w.at > {_SINCE})
    UNION
    SELECT cidr FROM orphan_routes
    WHERE speaker = :speaker AND gone_at IS NOT NULL AND decision IS NULL
    ORDER BY cidr
""")  # noqa: S608
_EXPLAINED: Final = from_text(f"""
    SELECT cidr FROM ({_WITHDRAWN}) w WHERE cidr = ANY(CAST(:cidrs AS cidr[]))
    UNION
    SELECT cidr FROM bgp_prefixes WHERE cidr = ANY(CAST(:cidrs AS cidr[])) AND advertised
        AND advertised_modified_at > {_SINCE}
        AND (settled < change OR advertised_modified_at >= :looked_at)
    UNION
    SELECT cidr FROM orphan_routes
    WHERE cidr = ANY(CAST(:cidrs AS cidr[])) AND decision IS NOT NULL
""")  # noqa: S608
_SUSPECTS: Final = from_text(f"""
    WITH suspects AS (
        SELECT b.cidr, b.asn, b.behind FROM bgp_prefixes b
        LEFT JOIN withdrawals w ON w.id = b.withdrawal_id
        WHERE NOT b.advertised AND coalesce(w.at, b.modified_at) < {_SINCE}
            AND NOT EXISTS (SELECT FROM bgp_prefixes o WHERE o.cidr = b.cidr AND o.advertised)
        UNION SELECT cidr, NULL, NULL FROM held_routes WHERE speaker <> :speaker
    ), now AS (SELECT unnest(CAST(:cidrs AS cidr[])) AS cidr)
    SELECT cidr, asn, behind FROM suspects s
    WHERE NOT EXISTS (SELECT FROM now WHERE now.cidr = s.cidr)
    ORDER BY asn NULLS LAST
""")  # noqa: S608
_STRANGE: Final = from_text("""
    SELECT count(*) AS many, min(cidr::text) AS first FROM orphan_routes
    WHERE speaker = :speaker AND unknown AND decision IS NULL
""")
_ORDER: Final = from_text("""
    INSERT INTO speaker_records AS kept (speaker, ordered_by, order_number)
    VALUES (:speaker, :by, 1) ON CONFLICT (speaker) DO UPDATE
    SET ordered_by = excluded.ordered_by, order_number = kept.order_number + 1 RETURNING 1
""")
_CARRIED_OUT: Final = from_text("""
    WITH done AS (
        UPDATE speaker_records SET ordered_by = NULL
        WHERE speaker = :speaker AND order_number = :order RETURNING 1
    ), accepted AS (
        DELETE FROM held_routes h WHERE speaker = :speaker AND :accepted
            AND EXISTS (SELECT FROM done) AND NOT EXISTS (
                SELECT FROM unnest(CAST(:cidrs AS cidr[])) AS now (cidr) WHERE now.cidr = h.cidr)
    ) SELECT count(*) AS many FROM done
""")
_FORGET: Final = (
    from_text("DELETE FROM speaker_records WHERE speaker = :speaker"),
    from_text("DELETE FROM held_routes WHERE speaker = :speaker"),
)

# Paths that a speaker holds and no row wants: with each full sync, over all that it holds.
DECIDED_ORPHANS: Final = from_text(
    "SELECT cidr FROM orphan_routes WHERE speaker = :speaker AND decision = 'withdraw'"
)
# Read again just before the speaker is told: an owner may want the route by now.
PERMIT_ORPHANS: Final = from_text("""
    WITH due AS (
        SELECT o.cidr, o.decided_by, o.decided_because FROM orphan_routes o
        WHERE o.speaker = :speaker AND o.cidr = ANY(CAST(:cidrs AS cidr[]))
        AND o.decision = 'withdraw'
        AND NOT EXISTS (SELECT FROM bgp_prefixes b WHERE b.cidr = o.cidr AND b.advertised)
        AND NOT EXISTS (SELECT FROM breaker_trips t WHERE t.live AND t.scope = 'global')
        ORDER BY o.cidr LIMIT greatest(0, :most - (SELECT count(*) FROM orphan_withdrawals w
            WHERE w.at > statement_timestamp() - interval '1 minute'))
        FOR SHARE OF o
    ), told AS (
        INSERT INTO orphan_withdrawals (id, speaker, cidr, decided_by, decided_because, at)
        SELECT gen_random_uuid(), :speaker, cidr, decided_by, decided_because, statement_timestamp()
        FROM due RETURNING cidr
    )
    SELECT cidr FROM told
""")
# What the speaker holds no more; before it is noted what it holds. Each row is found by its key and
# changed by its place: joined, thousands were compared with thousands where Postgres knew of few.
ORPHANS_MISSED: Final = from_text("""
    WITH absent AS (
        SELECT cidr FROM orphan_routes WHERE speaker = :speaker
        EXCEPT SELECT cidr FROM unnest(CAST(:cidrs AS cidr[])) AS found (cidr)
    ), missed AS MATERIALIZED (
        SELECT o.*, o.decision IS NOT NULL
            OR EXISTS (SELECT FROM bgp_prefixes b WHERE b.cidr = o.cidr AND b.advertised)
            OR EXISTS (SELECT FROM bgp_prefixes b JOIN withdrawals w ON w.id = b.withdrawal_id
                WHERE b.cidr = o.cidr AND w.at > o.found_at) AS over
        FROM absent CROSS JOIN LATERAL (
            SELECT ctid AS place, cidr, decision, found_at, gone_at FROM orphan_routes kept
            WHERE kept.speaker = :speaker AND kept.cidr = absent.cidr OFFSET 0) o
    ), adopted AS (
        DELETE FROM orphan_routes WHERE ctid = ANY(ARRAY(SELECT place FROM missed WHERE over))
    ), released AS (
        DELETE FROM held_routes WHERE ctid = ANY(ARRAY(
            SELECT h.place FROM missed m CROSS JOIN LATERAL (
                SELECT ctid AS place FROM held_routes held
                WHERE held.speaker = :speaker AND held.cidr = m.cidr OFFSET 0) h
            WHERE m.decision IS NOT NULL AND NOT EXISTS (
                SELECT FROM bgp_prefixes b WHERE b.cidr = m.cidr AND b.advertised)))
    ), gone AS (
        UPDATE orphan_routes SET gone_at = :now WHERE ctid = ANY(ARRAY(
            SELECT place FROM missed WHERE NOT over AND gone_at IS NULL))
    )
    SELECT count(*) FILTER (WHERE NOT over) AS remembered FROM missed
""")
ORPHANS_FOUND: Final = from_text("""
    WITH noted AS (
        INSERT INTO orphan_routes AS kept (speaker, cidr, path, found_at, seen_at, unknown)
        SELECT :speaker, cidr, path, :now, :now, :unknown
        FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS found (cidr cidr, path jsonb)
        ON CONFLICT (speaker, cidr) DO UPDATE
        SET path = excluded.path, seen_at = excluded.seen_at, gone_at = NULL
        WHERE kept.path <> excluded.path OR kept.gone_at IS NOT NULL
            OR kept.seen_at < excluded.seen_at - interval '1 minute'
        RETURNING 1
    )
    SELECT count(*) AS many FROM noted
""")


class SpeakerRecords:
    """What a speaker held while its sessions were up, and whether it may come up again."""

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    async def get(self, speaker: str) -> tuple[SpeakerRecord, float | None, int] | None:
        """Its record, seconds since a session was up, for how many peers keep its routes."""
        rows = await self._pool.ask(_RECORD, speaker=speaker)
        if not rows:
            return None
        record = SpeakerRecord(rows[0].ordered_by, rows[0].order_number, rows[0].up_here)
        return record, rows[0].up_before, rows[0].restart_seconds

    async def note_up(
        self, speaker: str, *, enabled: bool, up_before: float | None, restart_seconds: int
    ) -> None:
        """Record how many seconds ago one of its sessions was last up.

        Where they are not enabled, only of a speaker that is on record already.
        """
        asked = {"enabled": enabled, "up_before": up_before, "restart_seconds": restart_seconds}
        await self._pool.ask(_NOTE_UP, speaker=speaker, **asked)

    async def note_held(self, speaker: str, held: Collection[Prefix]) -> None:
        """Record that it holds these, besides what it held before."""
        await self._pool.ask(_NOTE_HELD, speaker=speaker, cidrs=_texts(held))

    async def held(self, speaker: str) -> Collection[Prefix]:
        """What it held when it was last asked, and was not withdrawn there."""
        return {Prefix(row.cidr) for row in await self._pool.ask(_HELD, speaker=speaker)}

    async def lacking(self, speaker: str, holds: Collection[Prefix]) -> Sequence[Prefix]:
        """What it held and holds no more, though no owner and no operator had it withdrawn."""
        rows = await self._pool.ask(_LACKING, speaker=speaker, cidrs=_texts(holds))
        return [Prefix(row.cidr) for row in rows]

    async def explained(
        self, prefixes: Collection[Prefix], looked_at: datetime
    ) -> Collection[Prefix]:
        """Those that owners or operators had withdrawn, or that are just being announced."""
        asked = {"cidrs": _texts(prefixes), "looked_at": looked_at}
        return {Prefix(row.cidr) for row in await self._pool.ask(_EXPLAINED, **asked)}

    async def suspects(
        self, speaker: str, holds: Collection[Prefix]
    ) -> Mapping[Prefix, Route | None]:
        """What another speaker held, or a row of an older database may be wrong about.

        Without what this one holds; with the row's route, where that alone is suspected.
        """
        rows = await self._pool.ask(_SUSPECTS, speaker=speaker, cidrs=_texts(holds))
        return {Prefix(row.cidr): _suspected(row) for row in rows}

    async def strange(self, speaker: str) -> tuple[int, str]:
        """How many undecided orphans it held when this database first met it, and one of them."""
        (row,) = await self._pool.ask(_STRANGE, speaker=speaker)
        return row.many, row.first or ""

    async def order(self, speaker: str) -> None:
        """Record that the reconciler has begun to open it."""
        await self._pool.ask(_ORDER, speaker=speaker, by=RECONCILER)

    async def carried_out(
        self, speaker: str, record: SpeakerRecord, holds: Collection[Prefix]
    ) -> None:
        """End an order; what an operator has opened without is missing no more."""
        accepted = record.ordered_by != RECONCILER
        asked = {"order": record.order, "accepted": accepted, "cidrs": _texts(holds)}
        await self._pool.ask(_CARRIED_OUT, speaker=speaker, **asked)


async def order(session: Session, speaker: str, by: str) -> None:
    """Record that an operator wants it opened."""
    await session.change(_ORDER, speaker=speaker, by=by)


async def forget(session: Session, speaker: str) -> None:
    """End its record."""
    for statement in _FORGET:
        await session.change(statement, speaker=speaker)


def _texts(prefixes: Collection[Prefix]) -> str:
    return array(str(one) for one in prefixes)


def _suspected(row: AnyRow) -> Route | None:
    if row.asn is None:
        return None
    behind = None if row.behind is None else Asn(row.behind)
    return Route(Prefix(row.cidr), Asn(row.asn), behind=behind)
