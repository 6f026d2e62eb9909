"""The statements of `routes.py`: each is a transaction of its own, over any number of rows.

Text SQL: hot, after a restart they run over every route, and every announcement
waits for them (`benchmarks/announcing.py`).
"""

from typing import Final

from byoip.store.statements import Statement, from_text


def _counted(words: str) -> Statement:
    """A statement that writes, and gives one row: how many it wrote."""
    return from_text(f"WITH written AS ({words} RETURNING 1) SELECT count(*) AS many FROM written")  # noqa: S608 - words from here


_DESIRED: Final = """
    b.id, b.prefix_id, CAST(b.cidr AS text) AS cidr, b.asn, b.prepend, b.behind, b.advertised,
    b.change, b.settled, b.advertised_modified_at AS at, b.withdrawal_id, b.request_id,
    EXISTS (SELECT FROM unreleased_routes u
        WHERE u.bgp_prefix_id = b.id AND u.change = b.change) AS unreleased
"""
_APPLIED: Final = "a.speaker, a.may_hold, a.advertised AS given, a.change AS given_change"

STATES: Final = from_text(f"""
    SELECT {_DESIRED}, {_APPLIED} FROM bgp_prefixes b
    LEFT JOIN applied_routes a ON a.bgp_prefix_id = b.id AND a.speaker = :speaker
    WHERE b.advertised
    UNION ALL
    SELECT {_DESIRED}, {_APPLIED}
    FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id
    WHERE a.speaker = :speaker AND (a.may_hold OR a.advertised) AND NOT b.advertised
""")  # noqa: S608
STATES_OF: Final = from_text(f"""
    SELECT {_DESIRED}, {_APPLIED} FROM bgp_prefixes b
    LEFT JOIN applied_routes a ON a.bgp_prefix_id = b.id AND a.speaker = :speaker
    WHERE b.cidr IN (SELECT cidr FROM bgp_prefixes WHERE id = ANY(CAST(:ids AS uuid[])))
    AND (b.advertised OR a.may_hold OR a.advertised)
""")  # noqa: S608
# A withdrawal of a row comes before this, and the row is left out here; or after it, and then finds
# that the speaker may hold it. A row that was marked before needs no lock: after a restart these
# are thousands. Each is found by its key (`OFFSET 0`), here and below: a page is few of all rows,
# and there are many pages.
MARK_POSSIBLY_INSTALLED: Final = from_text("""
    WITH wanted AS (
        SELECT b.id, b.change, EXISTS (
            SELECT FROM applied_routes a
            WHERE a.speaker = :speaker AND a.bgp_prefix_id = b.id AND a.may_hold OFFSET 0
        ) AS marked
        FROM unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS asked (id, change)
        CROSS JOIN LATERAL (
            SELECT id, change FROM bgp_prefixes
            WHERE id = asked.id AND change = asked.change AND advertised OFFSET 0) b
    ), locked AS (
        SELECT b.id FROM bgp_prefixes b JOIN wanted ON wanted.id = b.id AND NOT wanted.marked
        WHERE b.advertised AND b.change = wanted.change ORDER BY b.id FOR SHARE OF b
    ), marks AS (
        INSERT INTO applied_routes (speaker, bgp_prefix_id, may_hold, advertised, change, at)
        SELECT :speaker, id, true, false, 0, :now FROM locked
        ON CONFLICT (speaker, bgp_prefix_id) DO UPDATE SET may_hold = true
    )
    SELECT id FROM wanted WHERE marked UNION ALL SELECT id FROM locked
""")
# One of which its owner has spoken since waits no more.
MARK_ANNOUNCED: Final = from_text("""
    WITH spoken_of AS (
        DELETE FROM unreleased_routes u
        USING unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS held (id, change)
        WHERE u.bgp_prefix_id = held.id AND u.change <> held.change
    ), written AS (
    INSERT INTO applied_routes AS kept (speaker, bgp_prefix_id, may_hold, advertised, change, at)
    SELECT :speaker, id, true, true, change, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS done (id, change)
    WHERE NOT EXISTS (
        SELECT FROM applied_routes a WHERE a.speaker = :speaker AND a.bgp_prefix_id = done.id
        AND a.may_hold AND a.advertised AND a.change = done.change OFFSET 0
    )
    ON CONFLICT (speaker, bgp_prefix_id) DO UPDATE
    SET may_hold = true, advertised = true, change = excluded.change, at = excluded.at
    RETURNING 1)
    SELECT count(*) AS many FROM written
""")
# Rule R3. The lock makes us wait for a transaction that is changing the row just now.
WITHDRAWABLE: Final = from_text("""
    SELECT b.id FROM bgp_prefixes b
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS asked (id, change)
        ON asked.id = b.id AND asked.change = b.change
    JOIN withdrawals w ON w.id = b.withdrawal_id AND w.bgp_prefix_id = b.id AND w.change = b.change
    WHERE NOT b.advertised
    AND EXISTS (SELECT FROM applied_routes a WHERE a.speaker = :speaker
        AND a.bgp_prefix_id = b.id AND (a.may_hold OR a.advertised))
    AND NOT EXISTS (SELECT FROM bgp_prefixes o WHERE o.cidr = b.cidr AND o.advertised)
    ORDER BY b.id FOR SHARE OF b
""")
# While a withdrawal is not seen everywhere, the speaker may be told of it again.
MARK_WITHDRAWN: Final = from_text("""
    WITH written AS (
        UPDATE applied_routes AS kept SET advertised = false, change = b.change, at = :now,
            may_hold = b.settled < b.change AND NOT EXISTS (
                SELECT FROM bgp_prefixes o WHERE o.cidr = b.cidr AND o.advertised)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS done (id, change)
        JOIN bgp_prefixes b ON b.id = done.id AND b.change = done.change AND NOT b.advertised
        WHERE kept.speaker = :speaker AND kept.bgp_prefix_id = b.id RETURNING b.cidr
    ), released AS (
        DELETE FROM held_routes h USING written WHERE h.speaker = :speaker AND h.cidr = written.cidr
            AND NOT EXISTS (SELECT FROM bgp_prefixes o WHERE o.cidr = h.cidr AND o.advertised)
    )
    SELECT count(*) AS many FROM written
""")
# What changed is looked at often, and is little of what there is. Postgres takes it for a third of
# all rows, and would read all of every table: so it comes in pages (`LIMIT`, by an index), and each
# row finds the rest by its key (`OFFSET 0`).
UNSETTLED_PAGE: Final = 1000
UNSETTLED: Final = from_text(f"""
    SELECT {_DESIRED}, {_APPLIED},
        b.advertised AND (b.change = 2 OR EXISTS (SELECT FROM withdrawals w
            WHERE w.bgp_prefix_id = b.id AND w.change = b.change - 1 OFFSET 0)) AS turned,
        NOT b.advertised AND EXISTS (SELECT FROM bgp_prefixes o
            WHERE o.cidr = b.cidr AND o.advertised OFFSET 0) AS superseded,
        p.account_id
    FROM (
        SELECT * FROM bgp_prefixes
        WHERE settled < change AND advertised_modified_at IS NOT NULL AND id > :after
        ORDER BY id LIMIT {UNSETTLED_PAGE}
    ) b
    CROSS JOIN LATERAL (SELECT account_id FROM prefixes WHERE id = b.prefix_id OFFSET 0) p
    LEFT JOIN LATERAL (
        SELECT * FROM applied_routes WHERE bgp_prefix_id = b.id OFFSET 0) a ON true
    ORDER BY b.id
""")  # noqa: S608
# A row that a transaction is changing just now is skipped: it will be unsettled again anyway. One
# that an observation is about is not: that keeps its key alone.
SETTLE: Final = from_text("""
    WITH ready AS (
        SELECT b.id FROM bgp_prefixes b
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:changes AS bigint[])) AS seen (id, change)
            ON seen.id = b.id AND seen.change = b.change
        FOR NO KEY UPDATE OF b SKIP LOCKED
    ), settled AS (
        UPDATE bgp_prefixes b SET settled = b.change FROM ready WHERE b.id = ready.id
        RETURNING b.id, b.advertised, b.change
    ), cleared AS (
        UPDATE applied_routes a SET may_hold = false FROM settled s
        WHERE a.bgp_prefix_id = s.id AND NOT s.advertised AND NOT a.advertised
            AND a.change = s.change RETURNING 1
    )
    SELECT id FROM settled
""")
SPEAKER: Final = _counted("""
    INSERT INTO speakers AS kept
        (name, stage, alive, fault, held, asked_at, loaded_at, prepends_lost_as, internal_as,
        local_as, neighbour_ases, sessions, drained_at)
    VALUES (:name, :stage, :fault = '', :fault, :held, :at, CASE WHEN :loaded THEN :at END,
        :prepends_lost_as, :internal_as, :local_as, CAST(:neighbour_ases AS bigint[]), :sessions,
        CASE WHEN :drained THEN :at END)
    ON CONFLICT (name) DO UPDATE SET stage = excluded.stage, alive = excluded.alive,
        fault = excluded.fault, asked_at = excluded.asked_at,
        held = CASE WHEN excluded.alive THEN excluded.held ELSE kept.held END,
        prepends_lost_as = CASE WHEN excluded.alive THEN excluded.prepends_lost_as
            ELSE kept.prepends_lost_as END,
        internal_as = CASE WHEN excluded.alive THEN excluded.internal_as
            ELSE kept.internal_as END,
        local_as = CASE WHEN excluded.alive THEN excluded.local_as ELSE kept.local_as END,
        neighbour_ases = CASE WHEN excluded.alive THEN excluded.neighbour_ases
            ELSE kept.neighbour_ases END,
        sessions = CASE WHEN excluded.alive THEN excluded.sessions ELSE kept.sessions END,
        drained_at = CASE WHEN NOT excluded.alive THEN kept.drained_at
            WHEN :drained THEN coalesce(kept.drained_at, excluded.drained_at) END,
        loaded_at = CASE WHEN :loaded THEN coalesce(kept.loaded_at, excluded.loaded_at) END
""")
LISTENERS: Final = _counted("""
    INSERT INTO listeners AS kept (name, asked_at, answered_at)
    SELECT name, :now, CASE WHEN answered THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:names AS text[]), CAST(:answered AS bool[])) AS asked (name, answered)
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET asked_at = excluded.asked_at,
        answered_at = coalesce(excluded.answered_at, kept.answered_at)
""")
TO_OBSERVE: Final = from_text(f"""
    SELECT {_DESIRED} FROM bgp_prefixes b WHERE b.settled >= b.change AND (
        b.advertised OR EXISTS (
            SELECT FROM observed_routes o WHERE o.bgp_prefix_id = b.id AND o.advertised))
    ORDER BY b.id
""")  # noqa: S608
WITHDRAWN_SINCE: Final = from_text("SELECT count(*) AS many FROM withdrawals WHERE at > :since")
CHANGES: Final = from_text("SELECT coalesce(sum(change + settled), 0) AS many FROM bgp_prefixes")
REPORTED: Final = _counted(
    "UPDATE speakers SET told_at = :now WHERE name = ANY(CAST(:speakers AS text[]))"
)
# A speaker's name has no space in it: "NAME to PEER".
FORGET_SESSIONS: Final = _counted("""
    UPDATE observed_routes kept SET advertised = false, at = :now FROM (
        SELECT bgp_prefix_id, seen_by FROM observed_routes
        WHERE own_word AND advertised
            AND split_part(seen_by, ' ', 1) = ANY(CAST(:speakers AS text[]))
            AND NOT seen_by = ANY(CAST(:sessions AS text[]))
        ORDER BY bgp_prefix_id, seen_by FOR UPDATE
    ) gone WHERE kept.bgp_prefix_id = gone.bgp_prefix_id AND kept.seen_by = gone.seen_by
""")
STANDING_ALARMS: Final = from_text("SELECT subject FROM route_alarms WHERE kind = :kind")
# While a change is not settled, an observation that is confirmed again gets a new time.
OBSERVATIONS: Final = _counted("""
    INSERT INTO observed_routes AS kept (bgp_prefix_id, seen_by, advertised, own_word, at)
    SELECT id, seen_by, advertised, own_word, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:seen_by AS text[]), CAST(:advertised AS bool[]),
        CAST(:own_word AS bool[])) AS found (id, seen_by, advertised, own_word)
    ORDER BY id, seen_by
    ON CONFLICT (bgp_prefix_id, seen_by) DO UPDATE
    SET advertised = excluded.advertised, own_word = excluded.own_word, at = excluded.at
    WHERE (kept.advertised, kept.own_word) IS DISTINCT FROM (excluded.advertised, excluded.own_word)
        OR (kept.at < excluded.at - interval '2 seconds' AND EXISTS (SELECT FROM bgp_prefixes b
            WHERE b.id = kept.bgp_prefix_id AND b.settled < b.change))
""")
REPLACE_ALARMS: Final = from_text("""
    WITH standing AS (
        SELECT subject, detail FROM unnest(CAST(:subjects AS text[]), CAST(:details AS text[]))
            AS s (subject, detail)
    ), over AS (
        DELETE FROM route_alarms o WHERE kind = :kind
            AND NOT EXISTS (SELECT FROM standing WHERE standing.subject = o.subject) RETURNING 1
    ), told AS (
        UPDATE route_alarms o SET detail = standing.detail FROM standing
        WHERE o.kind = :kind AND o.subject = standing.subject AND o.detail <> standing.detail
    )
    INSERT INTO route_alarms AS kept (kind, subject, detail, since)
    SELECT :kind, subject, detail, :now FROM standing
    WHERE NOT EXISTS (SELECT FROM route_alarms o
        WHERE o.kind = :kind AND o.subject = standing.subject)
    RETURNING subject
""")
# A row that says withdrawn is left out, even if a speaker that is away may still hold it: otherwise
# a roll-back would announce what its owner withdrew. The time is the database's, as in the ledger.
# A snapshot's age counts from its successor: one that stood for weeks is new until it is replaced.
TAKE_SNAPSHOT: Final = from_text("""
    WITH last AS (
        SELECT number, routes FROM route_snapshots ORDER BY number DESC LIMIT 1
    ), now_applied AS (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'cidr', b.cidr,
            'prepend', b.prepend, 'change', b.change) ORDER BY b.id), '[]') AS routes
        FROM bgp_prefixes b WHERE b.advertised AND EXISTS (
            SELECT FROM applied_routes a WHERE a.bgp_prefix_id = b.id AND a.advertised)
    ), aged AS (
        SELECT number, at, lead(at) OVER (ORDER BY number) AS until FROM route_snapshots
    ), thinned AS (
        SELECT number, coalesce(until < statement_timestamp() - CAST(:kept_for AS interval)
            OR until < statement_timestamp() - CAST(:whole_for AS interval)
                AND date_trunc('hour', until) = date_trunc('hour', at), false) AS old FROM aged
    ), ranked AS (
        SELECT number, old, count(*) FILTER (WHERE NOT old) OVER (ORDER BY number DESC) AS rank
        FROM thinned
    ), pruned AS (
        DELETE FROM route_snapshots s USING ranked
        WHERE s.number = ranked.number AND (ranked.old OR ranked.rank >= :most)
    )
    INSERT INTO route_snapshots (number, at, routes)
    SELECT coalesce((SELECT number FROM last), 0) + 1, statement_timestamp(), routes
    FROM now_applied
    WHERE routes IS DISTINCT FROM coalesce((SELECT routes FROM last), '[]')
    RETURNING number
""")
