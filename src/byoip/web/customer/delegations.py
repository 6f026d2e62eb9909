"""Ranges that an account lends to others, and those that it has been lent."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.claims.delegation import DelegateNotFound, Delegation, DelegationExpiryRefused
from byoip.usecases.claims import delegations as verbs
from byoip.web.changes import changes
from byoip.web.facts import facts_of, with_facts
from byoip.web.forms import fresh_key, id_of
from byoip.web.prefix import claim_id_of
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.site import NotServed
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
_DONE: Final[Mapping[str, str]] = {
    "lent": "It is delegated. Bindings and the route stay with you.",
    "ended": "The delegation has ended.",
}


async def listed(visit: PersonsVisit) -> Response:
    """Both sides: given, and received."""
    reader, asked = visit.site.reader, visit.request.query_params
    given = await reader.given_delegations(
        visit.account_id, now=visit.now, after=cursor_of(asked.get("given", "")), limit=PAGE + 1
    )
    received = await reader.received_delegations(
        visit.account_id, now=visit.now, after=cursor_of(asked.get("received", "")), limit=PAGE + 1
    )
    return await visit.page(
        "customer/delegations.html",
        given=given[:PAGE],
        received=received[:PAGE],
        more_given=_more(given),
        more_received=_more(received),
        own=visit.account_id,
    )


async def of_prefix(visit: PersonsVisit) -> Response:
    """Those of one prefix, and a form for another."""
    return await _page(visit, told_of(visit, _DONE))


async def lend(visit: PersonsVisit) -> Response:
    """Let another account use a range."""
    claim_id, form = claim_id_of(visit), visit.form

    async def work() -> Response:
        whom, until = _account(form), _until(form)
        return await visit.write(
            lambda tx: verbs.delegate(
                tx,
                visit.account_id,
                claim_id,
                cidr=form.get("cidr", "").strip(),
                delegated_account_id=whom,
                expires_at=until,
            ),
            lambda _: f"/ui/prefixes/{claim_id.hex}/delegations?done=lent",
        )

    return await tried(visit, work(), partial(_page, visit))


async def end(visit: PersonsVisit) -> Response:
    """End one, at once."""
    claim_id = claim_id_of(visit)
    delegation_id = id_of(visit.request.path_params["delegation_id"])
    work = visit.write(
        lambda tx: verbs.take_back(tx, visit.account_id, claim_id, delegation_id),
        lambda _: f"/ui/prefixes/{claim_id.hex}/delegations?done=ended",
    )
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    reader, claim_id = visit.site.reader, claim_id_of(visit)
    changed = await changes(visit, told, claim_id)
    after = cursor_of(visit.request.query_params.get("after", ""))
    view = await reader.claim(visit.account_id, claim_id)
    found = await reader.delegations(
        visit.account_id, claim_id, now=visit.now, after=after, limit=PAGE + 1
    )
    return await visit.page(
        "customer/lent.html",
        told.status,
        told=told,
        claim=view.claim,
        rows=found[:PAGE],
        more=_more(found),
        form=visit.form,
        own=visit.account_id,
        key=fresh_key,
        **changed,
        **with_facts(visit, told, facts_of(view)),
    )


def _more(found: Sequence[Delegation]) -> str:
    """Where the next page begins; empty: this is the last one."""
    last = found[PAGE - 1] if len(found) > PAGE else None
    return cursor_text(last.created_at, last.id) if last else ""


def _account(form: Mapping[str, str]) -> UUID:
    try:
        return id_of(form.get("account", "").strip())
    except NotServed:
        raise DelegateNotFound from None


def _until(form: Mapping[str, str]) -> datetime | None:
    """The day on which it ends, at its beginning; None: without an end."""
    text = form.get("until", "").strip()
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
    except ValueError:
        raise DelegationExpiryRefused from None
