"""Statements about paths that a speaker holds and no row wants.

Text SQL: with each full sync, over all that a speaker holds.
"""

from typing import Final

from byoip.store.statements import from_text

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
# What the speaker holds no more; before it is noted what it holds.
ORPHANS_MISSED: Final = from_text("""
    WITH missed AS (
        SELECT o.cidr, o.decision IS NOT NULL AS decided, o.decision IS NOT NULL
            OR EXISTS (SELECT FROM bgp_prefixes b WHERE b.cidr = o.cidr AND b.advertised)
            OR EXISTS (SELECT FROM bgp_prefixes b JOIN withdrawals w ON w.id = b.withdrawal_id
                WHERE b.cidr = o.cidr AND w.at > o.found_at) AS over
        FROM orphan_routes o
        WHERE o.speaker = :speaker AND NOT EXISTS (
            SELECT FROM unnest(CAST(:cidrs AS cidr[])) AS found (cidr) WHERE found.cidr = o.cidr)
    ), adopted AS (
        DELETE FROM orphan_routes o USING missed m
        WHERE o.speaker = :speaker AND o.cidr = m.cidr AND m.over RETURNING 1
    ), released AS (
        DELETE FROM held_routes h USING missed m
        WHERE h.speaker = :speaker AND h.cidr = m.cidr AND m.decided
            AND NOT EXISTS (SELECT FROM bgp_prefixes b WHERE b.cidr = h.cidr AND b.advertised)
    ), gone AS (
        UPDATE orphan_routes o SET gone_at = :now FROM missed m
        WHERE o.speaker = :speaker AND o.cidr = m.cidr AND NOT m.over AND o.gone_at IS NULL
    )
    SELECT count(*) AS many FROM missed
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
