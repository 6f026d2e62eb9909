"""The prefixes of an account: the list, and bringing one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from byoip.domain.claims.lifecycle import Standing
from byoip.store.claims.views import ClaimFilter, ClaimView, Cursor
from byoip.web.live import Streams, epoch_of, place_of
from byoip.web.visiting import PersonsVisit

PAGE: Final = 200
_AHEAD: Final = 50  # of a later page, at most
_FILTERS: Final[Mapping[str, ClaimFilter]] = {
    "": ClaimFilter(),
    "needs-you": ClaimFilter(waiting=True),
    "pending": ClaimFilter(approved=False),
    "approved": ClaimFilter(approved=True),
    "contested": ClaimFilter(standing=Standing.CONTESTED),
    "suspended": ClaimFilter(standing=Standing.SUSPENDED),
    "offboarding": ClaimFilter(standing=Standing.OFFBOARDING),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """How far a prefix is, in two words; `urgency` 0 needs its owner first."""

    said: str
    tone: str
    urgency: int


_OF_ROUTES: Final[Mapping[tuple[bool, bool], Chip]] = {  # wanted, and held by a speaker
    (True, True): Chip("announced", "good", 4),
    (True, False): Chip("going up", "wait", 3),
    (False, True): Chip("going down", "wait", 3),
    (False, False): Chip("ready", "plain", 3),
}


def chip_of(view: ClaimView) -> Chip:
    """The state of a prefix, as lists show it."""
    if view.claim.standing is not Standing.OK:
        return Chip(view.claim.standing.value, "bad", 0)
    if view.claim.frozen_for:
        return Chip("frozen", "bad", 0)
    if not view.claim.approved:
        return Chip("to be proven", "wait", 1)
    if view.default_binding is None:
        return Chip("to be bound", "wait", 2)
    return _OF_ROUTES[view.route is not None and view.route.advertised, view.held]


async def listed(visit: PersonsVisit) -> Response:
    """One page of the account's prefixes; on it, what needs somebody comes first."""
    epoch = await epoch_of(visit)
    place = place_of(epoch, await visit.site.reader.newest_account_event(visit.account_id))
    return await visit.page("prefixes.html", **await _state(visit), place=place)


async def part(visit: PersonsVisit) -> Response:
    """What changes on it, as it is now."""
    return await visit.page("_prefixes.html", **await _state(visit))


async def stream(visit: PersonsVisit, streams: Streams) -> Response:
    """Says that there is news of the account's prefixes."""
    newest = partial(visit.site.reader.newest_account_event, visit.account_id)
    return streams.open(visit, visit.account_id, newest)


async def _state(visit: PersonsVisit) -> dict[str, Any]:
    asked = visit.request.query_params
    state, text, wrong = asked.get("state", ""), asked.get("q", "").strip(), ""
    wanted = _FILTERS.get(state, _FILTERS[""])
    if text:
        try:
            around = ip_network(text, strict=False)
            wanted = replace(wanted, around=around)
        except ValueError:
            wrong = "This is neither an address nor a prefix, so all are shown."
    reader, account_id = visit.site.reader, visit.account_id
    found = await reader.claims(
        account_id, after=cursor_of(asked.get("after", "")), limit=PAGE + 1, wanted=wanted
    )
    last = found[PAGE - 1].claim if len(found) > PAGE else None
    ahead: Sequence[ClaimView] = ()
    if last and wanted == _FILTERS[""] and not asked.get("after"):
        # What needs somebody first, and stands on a later page as well.
        beyond = Cursor(last.created_at, last.id)
        ahead = await reader.claims(
            account_id, after=beyond, limit=_AHEAD, wanted=_FILTERS["needs-you"]
        )
    page = ((chip_of(one), one) for one in (*found[:PAGE], *ahead))
    shown = sorted(page, key=lambda one: one[0].urgency)
    return {
        "rows": shown,
        "total": await reader.count_claims(account_id, wanted),
        "filters": list(_FILTERS),
        "state": state if state in _FILTERS else "",
        "text": text,
        "wrong": wrong,
        "next": cursor_text(last.created_at, last.id) if last else "",
        "query": urlencode({"state": state, "q": text, "after": asked.get("after", "")}),
    }


def cursor_text(at: datetime, of: UUID) -> str:
    """Where the next page begins, as `cursor_of` reads it."""
    return f"{at.isoformat()}_{of.hex}"


def cursor_of(text: str) -> Cursor | None:
    """Where a page goes on; one that is none of ours begins anew."""
    at, _, claim_id = text.rpartition("_")
    try:
        begun = Cursor(datetime.fromisoformat(at), UUID(claim_id))
    except ValueError:
        return None
    return begun if begun.created_at.tzinfo else None
