"""One prefix: how far it is, what each check saw, what to publish, its route, and its history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.checks.validation_run import RunState
from byoip.domain.watch.freezing import how_lifted
from byoip.domain.watch.levels import LADDERS
from byoip.domain.watch.validity import RENEWED_FROM
from byoip.store.claims.views import ClaimView, RunView
from byoip.store.routes.views import BgpPrefixView
from byoip.store.watch.views import PrefixWatch
from byoip.web.changes import MEANING, SHOWN, names_of, since_drawn
from byoip.web.checks import checks_shown, texts_of
from byoip.web.facts import facts_of, with_facts
from byoip.web.forms import fresh_key, id_of
from byoip.web.guide.pages import AT_REGISTRY
from byoip.web.live import Streams, epoch_of, place_of
from byoip.web.pictures.address_map import address_map
from byoip.web.pictures.time_line import time_line
from byoip.web.prefixes import chip_of, cursor_of, cursor_text
from byoip.web.rail import rail_of
from byoip.web.telling import Told, told_of
from byoip.web.visiting import PersonsVisit

_SHOWN_BINDINGS: Final = 20  # all have a page of their own
_SHOWN_ROUTES: Final = 15  # of a page: each has three states, and a form
_DRAWN: Final = 20  # delegations, on the small map
_DONE: Final[Mapping[str, str]] = {
    "brought": "The prefix is brought. Nothing is reserved yet: publish what stands below.",
    "checking": "The checks were asked for.",
    "reissued": "The checks were asked for. The token had expired: there is a new one below, which "
    "this check does not ask for. Publish it, then check again.",
    "token": "There is a new token: what was published of the old one proves nothing any more.",
    "bound": "The service is bound: it answers as soon as edges have it.",
    "announced": "The announcement is asked for: below is what speakers and listeners say of it.",
    "offboarding": "The prefix is on its way out. Until it is closed it can be restored.",
    "restored": "The prefix is back, and its routes are to be announced again.",
    "withheld": "The prefix is back, but for routes that history names: they are not announced.",
    "reopened": "The prefix is back, with its history: publish what stands below to prove it anew.",
    "published": "It is published in the sandbox. When all are, check again below.",
    "moved": "The prefix is yours now, with all that hangs on it. Nothing was withdrawn.",
    "withdrawn": "The withdrawal is asked for: below is what speakers and listeners say of it.",
}
_STEPS: Final[Mapping[str, str]] = {
    "withdraw": "its routes are withdrawn",
    "confirm": "nobody sees its routes any more",
    "unbind": "its bindings end",
    "grace": "the time of grace ends, and it is closed",
    "restore": "its routes are announced again",
}


async def shown(visit: PersonsVisit) -> Response:
    """The page of one prefix."""
    return await prefix_page(visit, told_of(visit, _DONE))


async def part(visit: PersonsVisit) -> Response:
    """What changes on it, as it is now."""
    shown = await _state(visit)
    facts = with_facts(visit, Told(), facts_of(shown["view"]))
    return await visit.page("_prefix.html", **shown, **facts)


async def stream(visit: PersonsVisit, streams: Streams) -> Response:
    """Says that there is news of it."""
    claim_id = claim_id_of(visit)
    newest = partial(visit.site.reader.newest_event, visit.account_id, claim_id)
    await newest()  # of a prefix of the account
    return streams.open(visit, claim_id, newest)


def claim_id_of(visit: PersonsVisit) -> UUID:
    """The prefix that the page is about."""
    return id_of(visit.request.path_params["prefix_id"])


async def prefix_page(visit: PersonsVisit, told: Told) -> Response:
    """The page as it is now; from an older one, what changed since then is said first."""
    epoch, shown = await epoch_of(visit), await _state(visit)
    place = place_of(epoch, shown["newest"])
    since = since_drawn(visit, shown["events"]) if told.stale else []
    shown |= with_facts(visit, told, facts_of(shown["view"]))
    return await visit.page(
        "prefix.html", told.status, told=told, since=since, place=place, **shown
    )


async def _state(visit: PersonsVisit) -> dict[str, Any]:
    """All that templates show of the prefix."""
    reader, account_id, claim_id = visit.site.reader, visit.account_id, claim_id_of(visit)
    newest = await reader.newest_event(account_id, claim_id)  # first: what comes after is news
    view = await reader.claim(account_id, claim_id)
    run = await reader.newest_run(account_id, claim_id)
    asked = await reader.asked(account_id, claim_id, run.run.id) if run else {}
    events = await reader.events(account_id, claim_id, after=max(0, newest - SHOWN), limit=SHOWN)
    after = visit.request.query_params.get("routes", "")
    routes = await reader.bgp_prefixes(
        account_id, claim_id, after=cursor_of(after), limit=_SHOWN_ROUTES + 1
    )
    more = routes[_SHOWN_ROUTES - 1].bgp_prefix if len(routes) > _SHOWN_ROUTES else None
    routes = routes[:_SHOWN_ROUTES]
    bindings = await reader.bindings(account_id, claim_id, after=None, limit=_SHOWN_BINDINGS)
    watch = await reader.watches.watch(account_id, claim_id)
    renewing = view.claim.approved and to_be_renewed(watch, visit.now)
    lent = await reader.delegations(account_id, claim_id, now=visit.now, after=None, limit=_DRAWN)
    disputes = await reader.disputes.own(account_id, claim_id)
    texts = texts_of(visit, view) if renewing or not view.claim.approved else ()
    return {
        "view": view,
        "claim": view.claim,
        "chip": chip_of(view),
        "rail": rail_of(view, visit.now, disputed=bool(disputes)),
        "watch": watch,
        "disputes": disputes,
        "ladders": LADDERS,
        "lifted_by": how_lifted(watch.frozen_for),
        "renewing": renewing,
        "missing": view.missing(visit.site.advice, visit.now),
        "texts": texts,
        "guide": AT_REGISTRY.get(view.claim.registry or ""),
        "below": {one.blocker for one in texts},
        "token_usable": view.token is not None and view.token.usable(visit.now),
        "checks": checks_shown(run.findings if run else (), asked),
        "run": run,
        "now": visit.now,
        "running": _open(run),
        "routes": routes,
        "more_routes": cursor_text(more.created_at, more.id) if more else "",
        "of_routes": after,
        "bindings": bindings,
        "goes": (await reader.moves.along([claim_id], visit.now))[claim_id],
        "services": await reader.services(),
        "events": list(reversed(events)),
        "newest": newest,
        "map": address_map(view.claim.prefix, bindings, lent, routes),
        "line": time_line(events, _so_now(view), seen=_seen(routes)),
        "meaning": MEANING,
        "steps": _STEPS,
        "who": await names_of(visit, events),
        "speaks": visit.site.speaks,
        "key": fresh_key,
    }


def _so_now(view: ClaimView) -> Mapping[str, bool]:
    """What lasts, as the time line names it."""
    return {
        "approved": view.claim.approved,
        "bound": view.default_binding is not None,
        "announced": view.route is not None and view.route.advertised,
        "frozen": bool(view.claim.frozen_for),
    }


def _seen(routes: Sequence[BgpPrefixView]) -> bool | None:
    """Whether all that is to be announced is seen; None: nobody knows of one of them."""
    looked = [one.observed.advertised for one in routes if one.bgp_prefix.desired.advertised]
    return None if not looked or None in looked else all(looked)


def to_be_renewed(watch: PrefixWatch, now: datetime) -> bool:
    """Whether its customer should prove it anew: it is frozen, or its proof ends soon."""
    ends = watch.proof.ends_at
    return bool(watch.frozen_for) or (ends is not None and ends - now <= RENEWED_FROM)


def _open(run: RunView | None) -> bool:
    return run is not None and run.run.state in {RunState.SCHEDULED, RunState.RUNNING}
