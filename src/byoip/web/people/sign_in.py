"""Signing in by a one-time link, signing out, and the browsers in which one is signed in."""

import re
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.responses import Response

from byoip.domain.accounts.people import REMEMBERED, Person, SignInLinkRefused
from byoip.domain.history import Actor
from byoip.domain.precondition import PreconditionFailed
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import people
from byoip.usecases.accounts.people import NewSession
from byoip.usecases.border import WriteRequest
from byoip.web.door import COOKIE, SIGN_IN
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.rendering import page
from byoip.web.telling import Told, require_seen, tried
from byoip.web.visiting import PersonsVisit, Visit

_CODE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WRONG_ONES: Final = Wanted("wrong_link", per_minute=10)
_SHOWN: Final = 100  # sessions of one person
_COOKIE: Final = "{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}"


async def entrance(visit: Visit) -> Response:
    """The page to sign in on; the script fills in what the link carries after its `#`."""
    shown = {"known": visit.known, "elsewhere": visit.site.elsewhere}
    ended = visit.request.query_params.get("ended") == "there"
    return page("people/enter.html", viewer=None, ended=ended, **shown)


async def enter(visit: Visit) -> Response:
    """Sign in by a link: a new session, whatever cookie the browser had.

    Raises:
        SignInLinkRefused: unknown, used or expired; such attempts are limited for each client.
    """
    code = visit.form.get("code", "").strip()
    if not _CODE.fullmatch(code) or not await _waits(visit, code):
        whose = uuid5(NAMESPACE_URL, f"client:{visit.site.client(visit.request.scope)}")
        await visit.site.spend(whose, _WRONG_ONES)
        raise SignInLinkRefused
    headers, address = visit.request.headers, visit.site.client(visit.request.scope)
    agent, nobody = headers.get("user-agent", ""), Actor("page", visit.request_id)

    answer = await visit.site.border.write(
        WriteRequest(nobody),
        lambda tx: people.sign_in(tx, code, mint=visit.site.mint, agent=agent, address=address),
        lambda session: signed_in(session, "/ui"),
    )
    if visit.known is not None:
        await end(visit, visit.known.person, visit.known.session.id)
    return answer


def signed_in(session: NewSession, to: str) -> Response:
    """Give the browser its new session, and lead on; it keeps the cookie when that is over."""
    lifetime = int(REMEMBERED.total_seconds())
    return led(to, _COOKIE.format(COOKIE, session.token, lifetime))


async def _waits(visit: Visit, code: str) -> bool:
    async with visit.site.stranger(visit.request.scope):
        return await visit.site.people.link_waits(code)


async def leave(visit: PersonsVisit) -> Response:
    """Sign out in this browser."""
    await end(visit, visit.person, visit.session.id)
    return led(SIGN_IN, _COOKIE.format(COOKIE, "", 0))


async def sessions(visit: PersonsVisit) -> Response:
    """The browsers in which one is signed in."""
    return await _sessions(visit, Told())


async def _sessions(visit: PersonsVisit, told: Told) -> Response:
    found = await visit.site.people.sessions(visit.person.id)
    return await visit.page(
        "people/sessions.html",
        told.status,
        told=told,
        sessions=found[:_SHOWN],
        more=len(found[_SHOWN:]),
        this=visit.session.id,
        seen_of=seen_of,
        key=fresh_key,
    )


async def end_session(visit: PersonsVisit) -> Response:
    """Sign out in another browser, or in this one."""
    session_id = id_of(visit.request.path_params["session_id"])

    async def verb(tx: Transaction) -> None:
        require_seen(visit, session_id.hex)
        if not await people.end_session(tx, visit.person.id, session_id):
            raise PreconditionFailed  # ended since the page was drawn, or never one's own

    work = visit.write(verb, lambda _: "/ui/sessions")
    return await tried(visit, work, partial(_sessions, visit))


async def end(visit: Visit, own: Person, session_id: UUID) -> None:
    """End a session of somebody's own."""
    await visit.site.border.write(
        WriteRequest(Actor(people.actor_of(own), visit.request_id)),
        lambda tx: people.end_session(tx, own.id, session_id),
        lambda _: None,
    )


def led(to: str, cookie: str | None = None) -> Response:
    """Lead on, perhaps with another cookie."""
    headers = {"location": to, "cache-control": "no-store"}
    return Response(status_code=303, headers=headers | ({"set-cookie": cookie} if cookie else {}))
