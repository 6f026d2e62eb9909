"""What waits behind a tripped breaker, one by one, and what becomes of it."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from starlette.responses import Response

from byoip.domain.routes.breaker import KeptTrip, Parked, TripNotFound, TripScope
from byoip.store.transaction import Transaction
from byoip.usecases.routes import breaker
from byoip.web.facts import with_facts
from byoip.web.forms import fresh_key, id_of, seen_of, typed
from byoip.web.operator.actors import scopes_of
from byoip.web.operator.holding.places import page_of_trip
from byoip.web.operator.noc import PAGE, require_operator
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.telling import Told, require_seen, tried
from byoip.web.visiting import PersonsVisit

_STOPS = {
    TripScope.ACCOUNT: "all withdrawals of one account",
    TripScope.JOB: "all withdrawals by one kind of job",
    TripScope.GLOBAL: "all withdrawals by jobs and offboarding, of every account",
}


async def shown(visit: PersonsVisit) -> Response:
    """The trip, and what waits behind it."""
    require_operator(visit)
    return await _page(visit, Told())


async def release(visit: PersonsVisit) -> Response:
    """Re-arm it, and let go on what was seen to wait; typed is how many routes may go down."""
    require_operator(visit)
    down = _down((await visit.site.guards.all_behind(_named(visit))).up)
    if down and not typed(visit.form, down):
        return await _page(visit, Told.asking_for(down))
    return await _rearm(visit, Parked.RELEASED)


async def turn_back(visit: PersonsVisit) -> Response:
    """Re-arm it, and turn back what was seen to wait."""
    require_operator(visit)
    return await _rearm(visit, Parked.CANCELLED)


async def _rearm(visit: PersonsVisit, parked: Parked) -> Response:
    trip_id, reason = _named(visit), visit.form.get("reason", "")

    def require(claims: Sequence[UUID]) -> None:
        require_seen(visit, *claims)

    async def verb(tx: Transaction) -> KeptTrip:
        return await breaker.rearm(
            tx, trip_id, parked=parked, reason=reason, name=visit.person.name, require=require
        )

    work = visit.write(verb, lambda _: "/ui/noc?done=done")
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    guards, trip_id = visit.site.guards, _named(visit)
    report = await guards.breaker()
    trip = next((kept for kept, _ in report.trips if kept.id == trip_id), None)
    if trip is None:
        raise TripNotFound
    waits = await guards.all_behind(trip_id)
    after = cursor_of(visit.request.query_params.get("after", ""))
    found = await guards.behind(trip_id, after=after, limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return await visit.page(
        "operator/holding/trip.html",
        told.status,
        told=told,
        here=page_of_trip(trip_id),
        trip=trip,
        account=await _account(visit, trip),
        stops=_STOPS[trip.trip.scope],
        ceilings=report.ceilings,
        counted=report.counted,
        others=await scopes_of(
            visit.site, (kept for kept, _ in report.trips if kept.id != trip_id)
        ),
        total=len(waits.claims),
        up=waits.up,
        down=_down(waits.up),
        rows=found[:PAGE],
        next=cursor_text(last.began_at, last.id) if last else "",
        seen=seen_of(*waits.claims),
        key=fresh_key,
        **with_facts(visit, told, {"waits behind it": len(waits.claims), "announced": waits.up}),
    )


async def _account(visit: PersonsVisit, trip: KeptTrip) -> object | None:
    if trip.trip.scope is not TripScope.ACCOUNT:
        return None
    return (await visit.site.operator_reader.account(UUID(trip.trip.subject))).account


def _down(up: int) -> str:
    return f"{up} route{'' if up == 1 else 's'}" if up else ""


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["trip_id"])
