"""Prefixes that go from one account to another: offered, accepted, declined, taken back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.claims.move import MoveNotFound, MoveRecipientNotFound
from byoip.domain.precondition import PreconditionFailed
from byoip.store.claims.views import GoesAlong, MoveView
from byoip.usecases.claims import moves as verbs
from byoip.web.changes import changes
from byoip.web.facts import Facts, carried, facts_of, with_facts
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.prefix import claim_id_of
from byoip.web.rendering import moment
from byoip.web.site import NotServed
from byoip.web.telling import Told, as_drawn, told_of, tried
from byoip.web.visiting import PersonsVisit

_SHOWN: Final = 40  # the oldest: what goes along is said of each
_DONE: Final[Mapping[str, str]] = {
    "offered": "It is offered. Until the other account accepts, everything is as it was.",
    "ended": "The offer has ended, and nothing has moved.",
}


async def listed(visit: PersonsVisit) -> Response:
    """Open offers: those that this account got, and those that it has made."""
    return await _list(visit, told_of(visit, _DONE))


async def of_prefix(visit: PersonsVisit) -> Response:
    """What would go along with a prefix, and a form to offer it."""
    return await _page(visit, told_of(visit, _DONE))


async def offer(visit: PersonsVisit) -> Response:
    """Offer it, in place of an offer before."""
    claim_id = claim_id_of(visit)

    async def work() -> Response:
        try:
            to = id_of(visit.form.get("account", "").strip())
        except NotServed:
            raise MoveRecipientNotFound from None
        return await visit.write(
            lambda tx: verbs.offer(tx, visit.account_id, claim_id, to_account_id=to),
            lambda _: "/ui/moves?done=offered",
        )

    return await tried(visit, work(), partial(_page, visit))


async def accept(visit: PersonsVisit) -> Response:
    """Take what was offered, with what was said to come along."""
    move_id = id_of(visit.request.path_params["move_id"])

    async def work() -> Response:
        return await visit.write(
            lambda tx: verbs.accept(tx, visit.account_id, move_id, terms=visit.site.terms),
            lambda view: f"/ui/prefixes/{view.claim.id.hex}?done=moved",
        )

    return await _tried(visit, work)


async def end(visit: PersonsVisit) -> Response:
    """Decline it, or take one's own back."""
    move_id = id_of(visit.request.path_params["move_id"])

    async def work() -> Response:
        return await visit.write(
            lambda tx: verbs.take_back(tx, visit.account_id, move_id),
            lambda _: "/ui/moves?done=ended",
        )

    return await _tried(visit, work)


async def _tried(visit: PersonsVisit, work: Callable[[], Awaitable[Response]]) -> Response:
    async def open_still() -> Response:
        try:
            return await work()
        except MoveNotFound:  # it has ended since the page was drawn
            raise PreconditionFailed from None

    drawn = as_drawn(visit, partial(_offer, visit), open_still)
    return await tried(visit, drawn, partial(_list, visit))


async def _offer(visit: PersonsVisit) -> tuple[object, ...]:
    """What the page says of an open offer."""
    reader, move_id = visit.site.reader.moves, id_of(visit.request.path_params["move_id"])
    listed = await reader.listed(visit.account_id, visit.now)
    found = [one for one in listed if one.move.id == move_id]
    if not found:
        return ()  # or it was never theirs
    along = await reader.along([one.move.claim_id for one in found], visit.now)
    return _facts(found[0], visit, along)


def _facts(
    one: MoveView, visit: PersonsVisit, along: Mapping[UUID, GoesAlong]
) -> tuple[object, ...]:
    """Of what one gives oneself the page says how long; of what comes, what is with it."""
    comes = one.move.to_account_id == visit.account_id
    return one.move.id.hex, along[one.move.claim_id] if comes else ""


async def _list(visit: PersonsVisit, told: Told) -> Response:
    reader = visit.site.reader.moves
    listed = await reader.listed(visit.account_id, visit.now)
    found = listed[:_SHOWN]
    got = [one for one in found if one.move.to_account_id == visit.account_id]
    made = [one for one in found if one.move.from_account_id == visit.account_id]
    along = await reader.along([one.move.claim_id for one in found], visit.now)
    facts = {one.move.id: _said(one, along[one.move.claim_id]) for one in found}
    about = next(
        (one for one in facts if one.hex == visit.request.path_params.get("move_id")), None
    )
    return await visit.page(
        "customer/moves.html",
        told.status,
        told=told,
        got=got,
        made=made,
        along=along,
        seen={one.move.id: seen_of(*_facts(one, visit, along)) for one in found},
        more=len(listed) - len(found),
        own=visit.account_id,
        key=fresh_key,
        fields={one: carried(of_it) for one, of_it in facts.items()},
        **with_facts(visit, told, facts[about] if about else {}),
    )


async def _page(visit: PersonsVisit, told: Told) -> Response:
    reader, claim_id = visit.site.reader, claim_id_of(visit)
    changed = await changes(visit, told, claim_id)
    view = await reader.claim(visit.account_id, claim_id)
    offers = await reader.moves.listed(visit.account_id, visit.now)
    along = await reader.moves.along([claim_id], visit.now)
    return await visit.page(
        "customer/move.html",
        told.status,
        told=told,
        claim=view.claim,
        offered=_of(offers, visit),
        goes=along[claim_id],
        form=visit.form,
        key=fresh_key,
        **changed,
        **with_facts(visit, told, facts_of(view)),
    )


def _said(offer: MoveView, goes: GoesAlong) -> Facts:
    """What is taken, or given away, with it."""
    return {
        "offered until": moment(offer.move.expires_at),
        "to account": offer.move.to_account_id.hex,
        "bindings": goes.bindings,
        "routes": goes.routes,
        "announced": goes.announced,
        "delegations": goes.delegations,
        "letter": "written anew" if goes.letter else "none",
    }


def _of(offers: Sequence[MoveView], visit: PersonsVisit) -> MoveView | None:
    """The open offer of the prefix that the page is about."""
    claim_id = claim_id_of(visit)
    return next((one for one in offers if one.move.claim_id == claim_id), None)
