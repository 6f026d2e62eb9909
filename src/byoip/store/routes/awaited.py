"""What a change waits for, from what the reconciler notes of speakers and changes."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from byoip.domain.routes.awaited import Awaited, WaitingFor
from byoip.store.columns import constant
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.speakers.tables import route_alarms, speakers
from byoip.store.statements import AnyRow

SILENT_AFTER: Final = timedelta(seconds=60)  # six rounds of the reconciler

_b, _s, _a = bgp_prefixes.c, speakers.c, route_alarms.c
_asked: Final = _s.asked_at > sa.func.now() - sa.literal_column(
    f"interval '{SILENT_AFTER.total_seconds():.0f} s'"
)
_SUBJECT: Final = sa.func.replace(sa.cast(_b.id, sa.Text), "-", "")


def _alarm(kind: str, *about: sa.ColumnElement[bool]) -> sa.ScalarSelect[object]:
    """Since when it stands; null: it does not."""
    stands = sa.select(sa.func.max(_a.since)).where(_a.kind == sa.literal_column(f"'{kind}'"))
    return stands.where(*about).correlate(bgp_prefixes).scalar_subquery()


_no_next_hop = _alarm("no_next_hop", _a.subject == _SUBJECT)
_unanswered = _alarm("unanswered", _a.subject == _SUBJECT)
_why: Final = (
    (
        ~sa.exists().where(_asked),
        Awaited.RECONCILER,
        sa.select(sa.func.max(_s.asked_at)).scalar_subquery(),
    ),
    (~sa.exists().where(_asked, _s.alive), Awaited.SPEAKERS, _alarm("stage_skipped")),
    (
        ~sa.exists().where(_asked, _s.alive, _s.drained_at.is_(None)),
        Awaited.DRAIN,
        sa.select(sa.func.max(_s.drained_at)).scalar_subquery(),
    ),
    (_no_next_hop.is_not(None), Awaited.NEXT_HOP, _no_next_hop),
    (_unanswered.is_not(None), Awaited.OBSERVERS, _unanswered),
)
_on_its_way: Final = sa.and_(_b.settled < _b.change, _b.advertised_modified_at.is_not(None))
WAITING: Final = (
    sa.select(
        sa.case(*((holds, constant(what)) for holds, what, _ in _why)).label("waits_for"),
        sa.func.greatest(
            _b.modified_at,
            sa.case(*((holds, since) for holds, _, since in _why)),
        ).label("waits_since"),
    )
    .where(_on_its_way)
    .correlate(bgp_prefixes)
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
    return WaitingFor(Awaited(row.waits_for), row.waits_since)
