"""Prefixes that an account has removed: given up, and brought back within the grace."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.claims.claim import Claim
from byoip.usecases.claims import prefixes
from byoip.usecases.claims.reopen import reopen as bring_back
from byoip.web.forms import fresh_key
from byoip.web.prefix import claim_id_of, prefix_page
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
_DONE: Final[Mapping[str, str]] = {
    "removed": "The prefix is given up. It can be brought back from here, until the grace ends."
}


async def listed(visit: PersonsVisit) -> Response:
    """Those that can be brought back."""
    return await _list(visit, told_of(visit, _DONE))


async def remove(visit: PersonsVisit) -> Response:
    """Give a prefix up, if it was typed which."""
    account_id, claim_id = visit.account_id, claim_id_of(visit)
    cidr = str((await visit.site.reader.claim(account_id, claim_id)).claim.prefix)
    if visit.form.get("confirm", "").strip().lower() != cidr:
        return await prefix_page(visit, Told.asking_for(cidr))
    grace = visit.site.terms.grace
    work = visit.write(
        lambda tx: prefixes.remove(tx, account_id, claim_id, grace=grace),
        lambda _: "/ui/prefixes/removed?done=removed",
    )
    return await tried(visit, work, partial(prefix_page, visit))


async def reopen(visit: PersonsVisit) -> Response:
    """Bring a prefix back: pending, to be proven anew."""
    claim_id = claim_id_of(visit)
    work = visit.write(
        lambda tx: bring_back(tx, visit.account_id, claim_id, terms=visit.site.terms),
        lambda _: f"/ui/prefixes/{claim_id.hex}?done=reopened",
    )
    return await tried(visit, work, partial(_list, visit))


async def _list(visit: PersonsVisit, told: Told) -> Response:
    after = cursor_of(visit.request.query_params.get("after", ""))
    found = await visit.site.reader.removed(
        visit.account_id, now=visit.now, after=after, limit=PAGE + 1
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    return await visit.page(
        "customer/removed.html",
        told.status,
        told=told,
        rows=found[:PAGE],
        more=_cursor(last) if last else "",
        key=fresh_key,
    )


def _cursor(last: Claim) -> str:
    until = last.restorable_until
    return cursor_text(until, last.id) if until else ""
