"""Signing in at the operator's identity provider, and being logged out by it."""

import logging
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from byoip.domain.accounts.people import Person
from byoip.domain.accounts.sign_in import (
    Place,
    ProviderAway,
    ProviderSaid,
    ProviderSignInRefused,
)
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.accounts import identities
from byoip.usecases.border import WriteRequest
from byoip.web.door import COOKIE, SIGN_IN, Endpoint
from byoip.web.forms import cookie_of, read_form
from byoip.web.people.attempts import BACK, Begun, begin, begun, client_id, over, provider_of
from byoip.web.people.sign_in import end, led, signed_in
from byoip.web.site import NotServed, Site
from byoip.web.visiting import NOT_KEPT, Visit

log = logging.getLogger("byoip.sign_in")

_WRONG_ONES: Final = Wanted("wrong_link", per_minute=10)
_LOGOUTS: Final = Wanted("wrong_logout", per_minute=30)
# The provider is asked with our secret, by cookies that anyone gets; and of each sign-in a session
# and a line of history stay. A code that the provider has signed is no stranger's: three questions
# of its attempt, so that it can be shown again when the provider was away.
_ASKED: Final = Wanted("provider_asked", per_minute=300)
_SIGNED: Final = Wanted("signed_code_asked", per_minute=0.3, minutes=10)
_COMES: Final = Wanted("provider_signed_in", per_minute=2, minutes=30)
# OpenID Connect Core 1.0, section 3.1.2.6: who would have to be asked is not signed in there.
_NOT_THERE: Final = frozenset(
    {
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "access_denied",
    }
)
_PROVIDER: Final = "identity provider"


async def start(visit: Visit) -> Response:
    """Lead to the provider."""
    return await begin(visit, visit.request.query_params.get("to", ""))


async def back(visit: Visit) -> Response:
    """Take what the browser brought from there: a session begins, or goes on.

    Raises:
        ProviderSignInRefused: it signs nobody in; such attempts are limited for each client.
        ProviderAway: the provider cannot be asked.
    """
    try:
        return await _back(visit, visit.request.query_params)
    except ProviderSignInRefused:
        await visit.site.spend(client_id(visit), _WRONG_ONES)
        raise


async def _back(visit: Visit, query: QueryParams) -> Response:
    if len(query) < len(query.multi_items()):
        raise ProviderSignInRefused
    signs = provider_of(visit)
    attempt = begun(visit, signs.provider.state_of(query))
    if attempt is None:
        raise ProviderSignInRefused
    state = attempt.attempt.state
    try:
        brought = await signs.provider.brought(query)
        if attempt.checks is None:
            await _spend(visit, state, signed=brought.signed)
        elif brought.said.get("error") in _NOT_THERE:
            return over(await _gone(visit, attempt), state)
        elif visit.known is None or visit.known.session.id != attempt.checks:
            return over(led(SIGN_IN), state)
        else:
            await visit.site.spend(visit.known.person.id, _ASKED)
        address = f"{visit.site.public_url}{BACK}"
        said = await signs.provider.said(attempt.attempt, address, brought.said)
        if attempt.checks is None:
            await visit.site.spend(uuid5(NAMESPACE_URL, f"{said.issuer} {said.subject}"), _COMES)
        place = await _placed(visit, said)
        if attempt.checks is None:
            return over(await _entered(visit, attempt, said, place), state)
        return over(await _confirmed(visit, attempt, said, place), state)
    except ProviderAway:
        if attempt.checks is None or await signs.provider.reachable():
            raise
        return over(led(attempt.to), state)  # the page lets them in: what is away ends nothing


async def _spend(visit: Visit, state: str, *, signed: bool) -> None:
    """Take a permit for a question about a code: of its attempt, if the provider signed it."""
    if signed:
        await visit.site.spend(uuid5(NAMESPACE_URL, f"attempt:{state}"), _SIGNED)
    else:
        await visit.site.spend(await _asker(visit), _ASKED)


async def _asker(visit: Visit) -> UUID:
    """Whose permits a question takes: of who was signed in in this browser, or of the client.

    Behind a proxy all are one client: what strangers use up of its permits, new browsers wait for
    where the provider signs nothing.
    """
    token = cookie_of(visit.request.headers.getlist("cookie"), COOKIE)
    async with visit.site.stranger(visit.request.scope):
        was_here = await visit.site.people.was_here(token) if token else None
    return was_here or client_id(visit)


async def _placed(visit: Visit, said: ProviderSaid) -> Place:
    signs = provider_of(visit)
    place = said.placed(signs.places)
    if place is None:
        await visit.site.border.write(
            _by(visit.request_id), lambda tx: identities.lock_out(tx, said), lambda _: None
        )
        raise ProviderSignInRefused(
            f"{signs.name} names no group of yours that may come in here; ask who keeps the groups"
        )
    return place


async def _entered(visit: Visit, attempt: Begun, said: ProviderSaid, place: Place) -> Response:
    headers, address = visit.request.headers, visit.site.client(visit.request.scope)
    where = {"agent": headers.get("user-agent", ""), "address": address}
    since, mint = attempt.attempt.begun_at, visit.site.mint
    answer = await visit.site.border.write(
        _by(visit.request_id),
        lambda tx: identities.sign_in(tx, said, place, begun_at=since, mint=mint, **where),
        lambda session: signed_in(session, attempt.to),
    )
    if visit.known is not None:
        await end(visit, visit.known.person, visit.known.session.id)
    return answer


async def _confirmed(visit: Visit, attempt: Begun, said: ProviderSaid, place: Place) -> Response:
    known, checks = visit.known, attempt.checks
    if known is None or checks is None:
        return led(SIGN_IN)
    person: Person = known.person
    try:
        return await visit.site.border.write(
            _by(visit.request_id),
            lambda tx: identities.confirm(tx, said, place, person.id, checks),
            lambda _: led(attempt.to),
        )
    except Refusal:  # somebody else is there by now, or nobody we let in
        await end(visit, person, checks)
        raise


async def _gone(visit: Visit, attempt: Begun) -> Response:
    if visit.known is not None and visit.known.session.id == attempt.checks:
        await end(visit, visit.known.person, visit.known.session.id)
    return led(f"{SIGN_IN}?ended=there")


def logout_of(site: Site) -> Endpoint:
    """Where the provider says that somebody was logged out there; no browser comes here."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(site=site, request=request, form={}, known=None, now=site.clock.now())
        try:
            signs = provider_of(visit)
            form = await read_form(request)
            said = await signs.provider.logout_said(form.get("logout_token", ""))
            async with site.stranger(request.scope):  # not while the provider is waited for
                people = await site.border.write(
                    _by(visit.request_id), lambda tx: identities.log_out(tx, said), lambda of: of
                )
        except NotServed as why:
            return _no(why.status)
        except (ProviderAway, StoreUnavailable):
            return _no(503)
        except Refusal:
            await site.spend(client_id(visit), _LOGOUTS)
            return _no(400)
        log.info(
            "the identity provider logged somebody out; people whose sessions ended: %s", people
        )
        return Response(status_code=200, headers=NOT_KEPT)

    return endpoint


def _no(status: int) -> Response:
    return JSONResponse({"error": "invalid_request"}, status, NOT_KEPT)


def _by(request_id: str) -> WriteRequest:
    return WriteRequest(Actor(_PROVIDER, request_id))
