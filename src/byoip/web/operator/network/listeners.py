"""Listeners: who tells us which routes are seen, and forgetting one that is gone for good."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.speakers.bgp_peer import (
    BgpPeerKind,
    ListenerInService,
    ListenerNotFound,
    can_be_named,
)
from byoip.web.forms import fresh_key, seen_of
from byoip.web.operator.network.places import LISTENERS, listener_chip
from byoip.web.operator.network.speakers import counted, forgettable, forgetting
from byoip.web.operator.noc import require_operator
from byoip.web.rows import rows_of
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

_MOST: Final = 50  # on a page, each with its form
_DONE: Final[Mapping[str, str]] = {
    "forgotten": "It is forgotten. History has what was on record, with your name and the reason."
}


async def listed(visit: PersonsVisit) -> Response:
    """All of them, by name."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


async def forget(visit: PersonsVisit) -> Response:
    """End what is on record of one that is gone for good, just as it was seen."""
    require_operator(visit)
    name = visit.request.path_params["listener"]
    if not can_be_named(name):
        raise ListenerNotFound
    verb = forgetting(visit, name, BgpPeerKind.LISTENER)
    work = visit.write(verb, lambda _: f"{LISTENERS}?done=forgotten")
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    report = await visit.site.routes.report()
    rows = []
    found, further = rows_of(visit, report.listeners, _MOST)
    for one in found:
        ends, kept = await forgettable(visit.site, one.name, BgpPeerKind.LISTENER)
        seen = seen_of(*counted(ends)) if ends else ""
        why = kept.message if isinstance(kept, ListenerInService) else ""
        rows.append((one, listener_chip(one, visit.now), ends, seen, why))
    return await visit.page(
        "operator/network/listeners.html",
        told.status,
        told=told,
        rows=rows,
        total=len(report.listeners),
        next=further,
        key=fresh_key,
    )
