"""Orphans one at a time: what a speaker holds and no prefix wants, and the word that ends it."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from byoip.domain.precondition import PreconditionFailed
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.domain.routes.breaker import TripScope
from byoip.domain.speakers.route_snapshot import Orphan, OrphanNotFound
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.store.transaction import Transaction
from byoip.usecases.speakers import orphans
from byoip.web.forms import fresh_key
from byoip.web.operator.noc import require_operator
from byoip.web.prefixes import chip_of
from byoip.web.rows import first_of
from byoip.web.site import NotServed
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
_LIST: Final = "/ui/noc/routes/orphans"
_LONGEST_NAME: Final = 64
_AROUND: Final = 20  # prefixes of the same space
_DONE: Final[Mapping[str, str]] = {
    "decided": "It is to be withdrawn, if no prefix wants it by then. History has your reason.",
}


async def listed(visit: PersonsVisit) -> Response:
    """All of them, those that nobody has decided about first."""
    require_operator(visit)
    held = visit.site.routes.held_by_nobody
    many, undecided = await held.count()
    first = first_of(visit)
    found = await held.page(first=first, most=PAGE)
    return await visit.page(
        "operator/orphans.html",
        told=told_of(visit, _DONE),
        rows=[(one, look_at(one)) for one in found],
        total=many,
        undecided=undecided,
        next=first + PAGE if many > first + PAGE else 0,
    )


async def look(visit: PersonsVisit) -> Response:
    """One of them, whose space it is in, and the form that has it withdrawn."""
    require_operator(visit)
    return await _shown(visit, Told(), given=visit.request.query_params)


async def withdraw(visit: PersonsVisit) -> Response:
    """Have it withdrawn, if it was typed which, and it is the path that was looked at."""
    require_operator(visit)
    form = visit.form
    speaker, cidr = _named(form)
    if form.get("confirm", "").strip().lower() != str(cidr):
        return await _shown(visit, Told.asking_for(str(cidr)), given=form)

    async def verb(tx: Transaction) -> Orphan:
        try:
            return await orphans.withdraw(
                tx,
                speaker,
                str(cidr),
                name=visit.person.name,
                reason=form.get("reason", ""),
                as_seen=lambda one: _drawn(one) == form.get("seen", ""),
            )
        except OrphanNotFound:  # gone, or wanted, since the page was drawn
            raise PreconditionFailed from None

    work = visit.write(verb, lambda _: f"{_LIST}?done=decided")
    return await tried(visit, work, partial(_shown, visit, given=form))


def look_at(one: Orphan) -> str:
    """The page of one of them."""
    return f"{_LIST}/look?{urlencode({'speaker': one.speaker, 'cidr': str(one.cidr)})}"


async def _shown(visit: PersonsVisit, told: Told, *, given: Mapping[str, str]) -> Response:
    speaker, cidr = _named(given)
    held = await visit.site.routes.held_by_nobody.holding(cidr)
    one = next((one for one in held if one.speaker == speaker), None)
    if one is None and not told.stale:
        raise NotServed(404, "Not found", "This speaker holds no such path, or a prefix wants it.")
    around = OperatorClaimFilter(overlapping=cidr)
    claims = await visit.site.operator_reader.claims(around, after=None, limit=_AROUND)
    trips = (await visit.site.guards.breaker()).trips
    return await visit.page(
        "operator/orphan.html",
        told.status,
        told=told,
        one=one,
        speaker=speaker,
        cidr=cidr,
        seen=None if one is None else _drawn(one),
        others=[each for each in held if each.speaker != speaker],
        accounts=await visit.site.operator_reader.account_names(
            view.claim.account_id for view in claims
        ),
        around=[(chip_of(view), view) for view in claims],
        stopped=any(kept.trip.scope is TripScope.GLOBAL for kept, _ in trips),
        reason=given.get("reason", ""),
        key=fresh_key,
    )


def _drawn(one: Orphan) -> str:
    """Stands for the path as it was found, and for what was decided about it."""
    path = (one.found_at.isoformat(), one.as_path, one.next_hop, one.communities, one.decided_by)
    return sha256(repr(path).encode()).hexdigest()[:32]


def _named(given: Mapping[str, str]) -> tuple[str, Prefix]:
    speaker = given.get("speaker", "")
    try:
        cidr = Prefix.parse(given.get("cidr", ""))
    except InvalidPrefix:
        speaker = ""
    if not speaker or len(speaker) > _LONGEST_NAME:
        raise NotServed(404, "Not found", "There is nothing here under this name.")
    return speaker, cidr
