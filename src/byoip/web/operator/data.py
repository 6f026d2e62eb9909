"""Data that checks rest on: ROA data over time and what was refused of it, and statistics."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.store.accounts.operator_views import RoaSnapshotView
from byoip.web.forms import fresh_key, number_in, seen_of
from byoip.web.operator.drawn import of_roas, of_statistics
from byoip.web.operator.needs import OLD
from byoip.web.operator.noc import needed_done, require_operator
from byoip.web.pictures.anchor_counts import anchor_counts
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 30
_LOOKED_AT: Final = 200  # attempts, for those that were refused
_NEWEST: Final = 2**31 - 1
_SPANS: Final[Mapping[str, tuple[timedelta, timedelta]]] = {
    "day": (timedelta(days=1), timedelta(minutes=30)),
    "week": (timedelta(days=7), timedelta(hours=3)),
    "month": (timedelta(days=30), timedelta(hours=12)),
    "year": (timedelta(days=360), timedelta(days=6)),
}
_DONE: Final[Mapping[str, str]] = {
    "done": "It is accepted. History has it, with your name and the reason.",
}


async def shown(visit: PersonsVisit) -> Response:
    """The page."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


def accepting(what: str) -> Callable[[PersonsVisit], Awaitable[Response]]:
    """The form of it that accepts what was refused."""

    async def accept(visit: PersonsVisit) -> Response:
        require_operator(visit)
        work = needed_done(visit, "/ui/noc/data", what)
        return await tried(visit, work, partial(_page, visit))

    return accept


async def _page(visit: PersonsVisit, told: Told) -> Response:
    reader, asked = visit.site.operator_reader, visit.request.query_params
    span = asked.get("span", "")
    lasts, step = _SPANS.get(span, _SPANS["week"])
    below = number_in(asked.get("below", ""))
    newest = await reader.roa_snapshots(below=_NEWEST, limit=_LOOKED_AT)
    found = newest[:PAGE]
    if below is not None:
        found = await reader.roa_snapshots(below=below, limit=PAGE)
    since = visit.now - lasts
    counted = await reader.roa_counts(since, step)
    waits = acceptable(newest)
    drawn = anchor_counts(counted, since, visit.now)
    return await visit.page(
        "operator/data.html",
        told.status,
        told=told,
        now=visit.now,
        spans=list(_SPANS),
        span=span if span in _SPANS else "week",
        step=step,
        drawn=drawn,
        counted=list(reversed(counted)),
        used=next((one for one in newest if one.in_use), None),
        looked_at=len(newest),
        refused=[one for one in newest if one.snapshot.objections][:PAGE],
        paged=below is not None,
        waits=waits,
        seen=seen_of(*of_roas(waits)) if waits else "",
        seen_of=seen_of,
        of_statistics=of_statistics,
        roas=found,
        older=found[-1].snapshot.number if len(found) == PAGE else 0,
        statistics=await reader.registration_snapshots(),
        old=OLD,
        key=fresh_key,
    )


def acceptable(newest: Sequence[RoaSnapshotView]) -> RoaSnapshotView | None:
    """The last that was refused since the one in use, if its entries are kept."""
    for one in newest:
        if one.in_use:
            return None
        if one.snapshot.kept and not one.snapshot.accepted:
            return one
    return None
