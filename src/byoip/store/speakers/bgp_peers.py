"""What is on record of speakers and listeners, and how an operator ends it.

Text SQL, though not hot: each statement locks, deletes and counts at once, for which Core needs
twice the lines.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.bgp_peer import BgpPeerKind, Forgotten
from byoip.store.autocommit import AutocommitPool
from byoip.store.speakers import records
from byoip.store.speakers.routes import Alarm
from byoip.store.speakers.views import (
    HeldRoute,
    Lacking,
    ListenerReport,
    RouteReport,
    SpeakerReport,
    StandingAlarm,
)
from byoip.store.statements import AnyRow, Session, Statement, from_row, from_text

_ASKED: Final = {
    kind: from_text(
        f"SELECT asked_at FROM {table} WHERE name = :name FOR UPDATE",  # noqa: S608
        selects=["asked_at"],
    )
    for kind, table in ((BgpPeerKind.SPEAKER, "speakers"), (BgpPeerKind.LISTENER, "listeners"))
}
_ORDERS: Final = from_text(
    "SELECT order_number FROM speaker_records WHERE speaker = :name FOR UPDATE"
)
_LACKING: Final = from_text("""
    SELECT kind, subject, detail, since FROM route_alarms
    WHERE kind IN ('sessions_shut', 'no_longer_held') AND subject = :name
    ORDER BY kind FOR UPDATE
""")
_STATE: Final = {
    BgpPeerKind.SPEAKER: from_text("DELETE FROM speakers WHERE name = :name"),
    BgpPeerKind.LISTENER: from_text("DELETE FROM listeners WHERE name = :name"),
}
# In the order of ids, as the reconciler writes them.
_APPLIED: Final = from_text("""
    WITH known AS (
        SELECT bgp_prefix_id AS id FROM applied_routes WHERE speaker = :name
        ORDER BY bgp_prefix_id FOR UPDATE
    ), gone AS (
        DELETE FROM applied_routes a USING known
        WHERE a.speaker = :name AND a.bgp_prefix_id = known.id
        RETURNING a.bgp_prefix_id AS id, a.may_hold OR a.advertised AS given
    )
    SELECT b.cidr, b.advertised AS wanted, gone.given
    FROM gone JOIN bgp_prefixes b ON b.id = gone.id ORDER BY b.cidr, b.id
""")
# What a speaker says it sends to each peer.
_OWN_WORD: Final = "own_word AND starts_with(seen_by, CAST(:name AS text) || ' to ')"
_HEARD: Final = "NOT own_word AND seen_by = :name"


def _observed(which: str) -> Statement:
    return from_text(f"""
        WITH known AS (
            SELECT bgp_prefix_id AS id, seen_by FROM observed_routes WHERE {which}
            ORDER BY bgp_prefix_id, seen_by FOR UPDATE
        ), gone AS (
            DELETE FROM observed_routes o USING known
            WHERE o.bgp_prefix_id = known.id AND o.seen_by = known.seen_by
            RETURNING o.bgp_prefix_id AS id, o.advertised
        )
        SELECT b.cidr, b.advertised AS wanted, gone.advertised AS given
        FROM gone JOIN bgp_prefixes b ON b.id = gone.id ORDER BY b.cidr, b.id
""")  # noqa: S608 - words from here


_OBSERVED: Final = {
    BgpPeerKind.SPEAKER: _observed(_OWN_WORD),
    BgpPeerKind.LISTENER: _observed(_HEARD),
}
_ORPHANS: Final = from_text("DELETE FROM orphan_routes WHERE speaker = :name")
# The same, to be shown before.
_GIVEN: Final = """
    SELECT b.cidr, b.advertised AS wanted, {} AS given
    FROM {} g JOIN bgp_prefixes b ON b.id = g.bgp_prefix_id WHERE {} ORDER BY b.cidr, b.id
"""
_WOULD_APPLIED: Final = from_text(
    _GIVEN.format("g.may_hold OR g.advertised", "applied_routes", "g.speaker = :name")
)
_WOULD_OBSERVED: Final = {
    BgpPeerKind.SPEAKER: from_text(_GIVEN.format("(g.advertised)", "observed_routes", _OWN_WORD)),
    BgpPeerKind.LISTENER: from_text(_GIVEN.format("(g.advertised)", "observed_routes", _HEARD)),
}
_WOULD_ORPHANS: Final = from_text(
    "SELECT count(*) AS many FROM orphan_routes WHERE speaker = :name"
)
_HELD: Final = from_text("""
    SELECT b.cidr, b.prefix_id AS claim_id, b.advertised AS wanted, a.advertised AS confirmed
    FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id
    WHERE a.speaker = :name AND (a.advertised OR a.may_hold)
    ORDER BY b.advertised AND a.advertised, b.cidr, b.id LIMIT :many
""")

_COUNTS: Final = from_text("""
    SELECT (SELECT count(*) FROM bgp_prefixes WHERE advertised) AS desired,
        (SELECT count(DISTINCT bgp_prefix_id) FROM applied_routes WHERE advertised) AS applied,
        (SELECT count(DISTINCT bgp_prefix_id) FROM observed_routes WHERE advertised) AS observed,
        (SELECT count(*) FROM bgp_prefixes
            WHERE settled < change AND advertised_modified_at IS NOT NULL) AS unsettled,
        (SELECT count(*) FROM orphan_routes) AS orphans
""")
_SPEAKERS: Final = from_text("""
    SELECT name, s.stage, coalesce(s.alive, false) AS alive, coalesce(s.fault, '') AS fault,
        coalesce(s.held, 0) AS held, s.asked_at, s.loaded_at,
        coalesce(a.applied, 0) AS applied, coalesce(a.may_hold, 0) AS may_hold,
        coalesce(s.sessions, '{}') AS sessions
    FROM speakers s FULL JOIN (
        SELECT speaker AS name, count(*) FILTER (WHERE advertised) AS applied,
            count(*) FILTER (WHERE advertised OR may_hold) AS may_hold
        FROM applied_routes GROUP BY speaker
    ) a USING (name) ORDER BY s.stage, name
""")
_LISTENERS: Final = from_text("""
    SELECT name, l.asked_at, l.answered_at, coalesce(o.observed, 0) AS observed
    FROM listeners l FULL JOIN (
        SELECT seen_by AS name, count(*) FILTER (WHERE advertised) AS observed
        FROM observed_routes WHERE NOT own_word GROUP BY seen_by
    ) o USING (name) ORDER BY name
""")
_ALARMS: Final = from_text("SELECT kind, subject, detail, since FROM route_alarms ORDER BY 1, 2")


async def last_asked(session: Session, kind: BgpPeerKind, name: str) -> datetime | None:
    """When a reconciler last asked it; its row is locked."""
    row = await session.row(_ASKED[kind], name=name)
    return None if row is None else row.asked_at


async def forget(session: Session, kind: BgpPeerKind, name: str) -> Forgotten | None:
    """End all that is on record of it; None if nothing is on record."""
    is_speaker = kind is BgpPeerKind.SPEAKER
    known = await session.change(_STATE[kind], name=name)
    applied = await session.rows(_APPLIED, name=name) if is_speaker else []
    observed = await session.rows(_OBSERVED[kind], name=name)
    orphans = await session.change(_ORPHANS, name=name) if is_speaker else 0
    if is_speaker:  # last, as the reconciler writes them
        await records.forget(session, name)
    if not (known or applied or observed or orphans):
        return None
    return _forgotten(kind, name, applied, observed, orphans)


async def would_forget(session: Session, kind: BgpPeerKind, name: str) -> Forgotten:
    """What `forget` would end, as things are now; nothing is changed or locked."""
    is_speaker = kind is BgpPeerKind.SPEAKER
    applied = await session.rows(_WOULD_APPLIED, name=name) if is_speaker else []
    observed = await session.rows(_WOULD_OBSERVED[kind], name=name)
    (orphans,) = await session.rows(_WOULD_ORPHANS, name=name)
    return _forgotten(kind, name, applied, observed, orphans.many if is_speaker else 0)


async def held(autocommit: AutocommitPool, speaker: str, limit: int) -> Sequence[HeldRoute]:
    """Routes that a speaker may have from us: first those where it and their owner differ."""
    rows = await autocommit.ask(_HELD, name=speaker, many=limit)
    return [from_row(HeldRoute, row, cidr=Prefix(row.cidr)) for row in rows]


async def report(autocommit: AutocommitPool) -> RouteReport:
    """The counts, and every speaker, listener and alarm by name."""
    (counts,) = await autocommit.ask(_COUNTS)
    return RouteReport(
        **counts._asdict(),
        speakers=[SpeakerReport(**row._asdict()) for row in await autocommit.ask(_SPEAKERS)],
        listeners=[ListenerReport(**row._asdict()) for row in await autocommit.ask(_LISTENERS)],
        alarms=[_alarm(row) for row in await autocommit.ask(_ALARMS)],
    )


async def lacking(session: Session, name: str) -> Lacking:
    """What alarms say that it lacks, and how often it was ordered opened; all locked."""
    orders = await session.row(_ORDERS, name=name)
    alarms = [_alarm(row) for row in await session.rows(_LACKING, name=name)]
    return Lacking(alarms, orders.order_number if orders else 0)


def _alarm(row: AnyRow) -> StandingAlarm:
    return StandingAlarm(Alarm(row.kind, row.subject, row.detail), row.since)


def _forgotten(
    kind: BgpPeerKind,
    name: str,
    applied: Sequence[AnyRow],
    observed: Sequence[AnyRow],
    orphans: int,
) -> Forgotten:
    return Forgotten(
        kind,
        name,
        applied=sum(one.given for one in applied),
        observed=sum(one.given for one in observed),
        orphans=orphans,
        abandoned=_unwanted([*applied, *observed]),
    )


def _unwanted(rows: Sequence[AnyRow]) -> tuple[Prefix, ...]:
    return tuple(dict.fromkeys(Prefix(one.cidr) for one in rows if one.given and not one.wanted))
