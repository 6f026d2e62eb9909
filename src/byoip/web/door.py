"""The way in below /ui: whose cookie, from which page, in which role. No token opens it."""

import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from byoip.domain.accounts.credential import NotAuthenticated, Scope, ScopeMissing
from byoip.domain.errors import Refusal
from byoip.store.accounts.people_reader import SignedIn
from byoip.store.sharing import working_for
from byoip.store.unavailable import StoreUnavailable
from byoip.web.forms import cookie_of, read_form
from byoip.web.letters import said
from byoip.web.origins import own_origin, require_own_form
from byoip.web.people.rechecking import recheck
from byoip.web.rendering import page
from byoip.web.site import NotServed, Site
from byoip.web.visiting import NOT_KEPT, PersonsVisit, Visit, leading

log = logging.getLogger("byoip.web")

COOKIE: Final = "__Host-byoip"
SIGN_IN: Final = "/ui/enter"
_TOKEN: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SAFE: Final = frozenset({"GET", "HEAD"})
_SEE_OTHER: Final = 303
_NOT_SHOWN: Final = frozenset({403, 404})


Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
ForAnyone: TypeAlias = Callable[[Visit], Awaitable[Response]]
ForPeople: TypeAlias = Callable[[PersonsVisit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """Lets requests in to the pages of a site."""

    site: Site

    def anyone(self, serve: ForAnyone, *, by_itself: bool = False) -> Endpoint:
        """A page that needs no cookie."""

        async def endpoint(request: Request) -> Response:
            work = partial(self._let_in, request, serve, by_itself=by_itself)
            return await self._answered(request, work)

        return endpoint

    def part(self, serve: ForPeople, *scopes: Scope, asks: bool = False) -> Endpoint:
        """What an open page asks for by itself, with htmx: that nobody has used the session for.

        Where there is none, the page leads on, or is loaded again and says why.
        """
        asked = self.people(serve, *scopes, by_itself=True, asks=asks)

        async def endpoint(request: Request) -> Response:
            answer = await asked(request)
            if answer.status_code == _SEE_OTHER:  # fetch would follow, and land within the page
                return Response(None, 401, {"hx-redirect": SIGN_IN, **NOT_KEPT})
            if answer.status_code in _NOT_SHOWN:
                return Response(None, answer.status_code, {"hx-refresh": "true", **NOT_KEPT})
            return answer

        return endpoint

    def people(
        self, serve: ForPeople, *scopes: Scope, by_itself: bool = False, asks: bool = False
    ) -> Endpoint:
        """A page of somebody who has signed in, and whose role has these scopes.

        One that asks other parties, for seconds, takes no turn from the account's others.
        """

        async def checked(visit: Visit) -> Response:
            if visit.known is None:
                return leading(SIGN_IN)
            if answer := await recheck(visit, visit.known, by_itself=by_itself):
                return answer
            person = visit.known.person
            whose = person.account_id or person.id
            for scope in scopes:
                person.credential.require(scope)
            known = PersonsVisit(
                site=visit.site,
                request=visit.request,
                form=visit.form,
                known=visit.known,
                now=visit.now,
                person=person,
                session=visit.known.session,
            )
            with working_for(whose):
                # Few at a time, however many came.
                async with nullcontext() if asks else self.site.visit(whose):
                    return await serve(known)

        return self.anyone(checked, by_itself=by_itself)

    async def _let_in(self, request: Request, serve: ForAnyone, *, by_itself: bool) -> Response:
        headers = request.headers
        origin = own_origin(self.site.public_url, request.url.scheme, headers.getlist("host"))
        acts = request.method not in _SAFE
        if acts:
            require_own_form(origin, headers.getlist("sec-fetch-site"), headers.getlist("origin"))
        form = await read_form(request) if acts else {}
        # After the form, which may take its time to come.
        known = await self._recognised(request, used=not by_itself)
        now = self.site.clock.now()
        return await serve(Visit(site=self.site, request=request, form=form, known=known, now=now))

    async def _recognised(self, request: Request, *, used: bool) -> SignedIn | None:
        token = cookie_of(request.headers.getlist("cookie"), COOKIE)
        if not _TOKEN.fullmatch(token):
            return None
        known = await self.site.signed_in(token, request.scope, used=used)
        if known is not None:
            request.scope["state"]["credential"] = known.person.id.hex
            with working_for(known.person.account_id or known.person.id):
                await self.site.admit(known.person.credential, request.scope["state"])
        return known

    async def _answered(
        self, request: Request, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        """What `work` answers, or why not: every refusal is a page."""
        try:
            return await work()
        except NotServed as why:
            return page("said.html", why.status, **said(why.title, why.message))
        except ScopeMissing as refusal:
            title, message = "Your role does not allow this", "Ask an admin of your account."
            return page("said.html", 403, **said(title, message, name=refusal.name))
        except Refusal as refusal:
            return self.refused(refusal)
        except StoreUnavailable as fault:
            log.warning("database away: %s", fault.__cause__ or fault)
            message = "The service does not reach its database at the moment: try again soon."
            return page("said.html", 503, {"retry-after": "5"}, **said("Away", message))
        except Exception as fault:  # noqa: BLE001 - whatever it is, a person is told
            return _failed(request, fault)

    def refused(self, refusal: Refusal) -> Response:
        """A page that says what was refused, and what to do."""
        if isinstance(refusal, NotAuthenticated):  # removed since their cookie was recognised
            return leading(SIGN_IN)
        problem = self.site.problem(refusal)
        after = refusal.retry_after
        return page(
            "said.html",
            problem.status,
            {} if after is None else {"retry-after": str(after)},
            **said("Refused", refusal.message, remedy=problem.remedy, name=refusal.name),
        )


def form(path: str, endpoint: Endpoint) -> Route:
    """Where a form is sent to."""
    return Route(path, endpoint, methods=["POST"])


def _failed(request: Request, fault: Exception) -> Response:
    if isinstance(fault, ClientDisconnect):
        return Response(status_code=400)  # nobody reads it
    request_id = request.state.request_id
    log.error("internal fault, request %s", request_id, exc_info=fault)
    message = f"This is our fault. Tell the operator: request {request_id}."
    return page("said.html", 500, **said("Something went wrong", message))
