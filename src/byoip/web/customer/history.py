"""All that has happened to a prefix, a page at a time: what, who, and why."""

from typing import Final

from starlette.responses import Response

from byoip.domain.claims.claim import ClaimNotFound
from byoip.store.claims.views import NumberedEvent
from byoip.web.changes import MEANING, names_of
from byoip.web.forms import number_in
from byoip.web.prefix import claim_id_of
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
_PLAIN: Final = ("reason", "cidr", "description")  # what it is needs no name beside it
_WHY: Final = (*_PLAIN, "because", "ended", "result", "signal", "level", "seen", "side", "by")
_LONGEST_WHY: Final = 300


async def shown(visit: PersonsVisit) -> Response:
    """The newest events, or those below a number; of a prefix that was removed as well."""
    reader, account_id, claim_id = visit.site.reader, visit.account_id, claim_id_of(visit)
    newest = await reader.newest_event(account_id, claim_id)
    below = _below(visit, newest)
    after = max(0, below - 1 - PAGE)
    found = await reader.events(account_id, claim_id, after=after, limit=PAGE)
    events = [one for one in reversed(found) if one.number < below]
    try:
        prefix = str((await reader.claim(account_id, claim_id)).claim.prefix)
    except ClaimNotFound:  # closed, and its history is kept
        prefix = ""
    return await visit.page(
        "customer/history.html",
        claim_id=claim_id,
        prefix=prefix,
        rows=[(one, why_of(one)) for one in events],
        newest=newest,
        older=after + 1 if after else 0,
        newer=min(newest + 1, below + PAGE) if below <= newest else 0,
        meaning=MEANING,
        who=await names_of(visit, events),
    )


def why_of(event: NumberedEvent) -> str:
    """What the event says of its cause, as an operator's reason, and what it is about."""
    said = [
        text if name in _PLAIN else f"{name}: {text.replace('_', ' ')}"
        for name in _WHY
        if isinstance(text := event.after.get(name), str) and text
    ]
    text = "; ".join(said)
    return text if len(text) <= _LONGEST_WHY else f"{text[: _LONGEST_WHY - 3]}..."


def _below(visit: PersonsVisit, newest: int) -> int:
    asked = number_in(visit.request.query_params.get("below", ""))
    return newest + 1 if asked is None else max(1, min(asked, newest + 1))
