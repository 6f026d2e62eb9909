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
