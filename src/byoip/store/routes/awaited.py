"""What a change waits for, from what the reconciler notes of speakers and changes.

Text SQL, for it is asked of every route that is shown: each table is looked at once.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from byoip.domain.routes.awaited import Awaited, AwaitedDrain, WaitingFor
from byoip.domain.speakers.drain import DrainTarget
from byoip.store.statements import AnyRow

SILENT_AFTER: Final = timedelta(seconds=60)  # six rounds of the reconciler

# Whether each was asked lately; and answers, has a next hop for the route's family, by any settings
# that it may be told by, and is in the AS that the route stands behind, as far as is known.
_SPEAKERS: Final = f"""
    SELECT s.*, s.asked_at > now() - interval '{SILENT_AFTER.total_seconds():.0f} s' AS asked,
        s.alive AND coalesce(entries.fit, true) AND (s.local_as = bgp_prefixes.behind
            OR NOT bgp_prefixes.advertised OR s.local_as IS NULL OR bgp_prefixes.behind IS NULL
        ) AS fit
    FROM speakers s LEFT JOIN (
        SELECT entry ->> 'name' AS name,
            bool_or(entry ->> ('next_hop' || family(bgp_prefixes.cidr)) IS NOT NULL) AS fit
        FROM speaker_revisions r, jsonb_array_elements(r.speakers) AS entry
        WHERE r.state IN ('in_force', 'travelling') GROUP BY 1
    ) AS entries USING (name)
"""  # noqa: S608 - words from here
# Of each session of those the drain that ends last, and of these the first to end.
_FIRST_FREE: Final = f"""
    SELECT last.drain
    FROM ({_SPEAKERS}) AS s, jsonb_object_keys(s.sessions) AS session, LATERAL (
        SELECT ends, jsonb_build_array(d.speaker, d.neighbour, d.stage, d.since, ends) AS drain
        FROM speaker_drains d, least(d.until, d.ended_at) AS ends
        WHERE d.undone_at IS NULL AND (d.stage = s.stage OR d.speaker = s.name)
            AND coalesce(d.neighbour, session) = session
        ORDER BY ends DESC NULLS FIRST, d.since LIMIT 1
    ) AS last
    WHERE s.asked AND s.fit ORDER BY last.ends NULLS LAST LIMIT 1
"""  # noqa: S608 - words from here
_ALARM: Final = "(SELECT max(since) FROM route_alarms WHERE kind = '{}' AND {})"
_OF_ROUTE: Final = "subject = replace(CAST(bgp_prefixes.id AS text), '-', '')"
_WAITING: Final = f"""
    SELECT what AS waits_for,
        greatest(bgp_prefixes.modified_at, CASE what WHEN 'reconciler' THEN asked_at
            WHEN 'next_hop' THEN no_next_hop WHEN 'speakers' THEN skipped
            WHEN 'drain' THEN drained_at ELSE unanswered END) AS waits_since,
        CASE what WHEN 'drain' THEN ({_FIRST_FREE}) END AS waits_drain
    FROM (
        SELECT max(s.asked_at) AS asked_at, max(s.drained_at) AS drained_at,
            bool_or(s.asked) AS asked, bool_or(s.asked AND s.fit) AS answers,
            bool_or(s.asked AND s.fit AND s.drained_at IS NULL) AS serves,
            {_ALARM.format("stage_skipped", "true")} AS skipped,
            {_ALARM.format("no_next_hop", _OF_ROUTE)} AS no_next_hop,
            {_ALARM.format("unanswered", _OF_ROUTE)} AS unanswered
        FROM ({_SPEAKERS}) AS s
        HAVING bgp_prefixes.settled < bgp_prefixes.change
            AND bgp_prefixes.advertised_modified_at IS NOT NULL
    ) AS found, LATERAL (
        SELECT CASE WHEN asked IS NOT TRUE THEN 'reconciler'
            WHEN no_next_hop IS NOT NULL THEN 'next_hop' WHEN NOT answers THEN 'speakers'
            WHEN NOT serves THEN 'drain' WHEN unanswered IS NOT NULL THEN 'observers' END AS what
    ) AS judged
"""  # noqa: S608 - words from here
WAITING: Final = (
    sa.text(_WAITING)
    .columns(
        sa.column("waits_for", sa.Text()),
        sa.column("waits_since", sa.DateTime(timezone=True)),
        sa.column("waits_drain", JSONB()),
    )
    .lateral("waits")
)
# By the settings that count: speakers with a next hop for the route's family, and all.
_SETTINGS: Final = """(SELECT {} FROM speaker_revisions r, jsonb_array_elements(r.speakers) AS entry
    WHERE r.state = 'in_force')"""
_HOPS: Final = "count(entry ->> ('next_hop' || family(bgp_prefixes.cidr)))"
NEXT_HOPS: Final[tuple[sa.Label[int], sa.Label[int]]] = (
    sa.literal_column(_SETTINGS.format(_HOPS)).label("fit"),
    sa.literal_column(_SETTINGS.format("count(*)")).label("speakers"),
)


def waiting_from(row: AnyRow) -> WaitingFor | None:
    """Columns of WAITING; None: it waits for nothing."""
    if row.waits_for is None:
        return None
    return WaitingFor(Awaited(row.waits_for), row.waits_since, _drain_from(row.waits_drain))


def _drain_from(kept: Any | None) -> AwaitedDrain | None:
    if kept is None:
        return None
    *target, since, until = kept
    return AwaitedDrain(
        str(DrainTarget(*target)),
        datetime.fromisoformat(since),
        None if until is None else datetime.fromisoformat(until),
    )
