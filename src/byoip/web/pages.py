"""All pages: those that anyone may see, and those of people who have signed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.domain.letters.letter import Letter, LetterNotFound, LetterReference
from byoip.web import acting, bringing, prefix, prefixes
from byoip.web.customer import own_letters
from byoip.web.customer.routes import customer_routes
from byoip.web.door import Door, form
from byoip.web.guide.pages import Guides
from byoip.web.letters import HEADERS as LETTER_HEADERS
from byoip.web.letters import letter_page, no_letter_page, said, shown_to_all
from byoip.web.live import Streams
from byoip.web.operator.routes import operator_routes
from byoip.web.people.routes import people_routes
from byoip.web.pictures.letters import no_picture, picture_answer
from byoip.web.rendering import page
from byoip.web.site import NotServed, Site
from byoip.web.static import STATIC_PATH, static_file
from byoip.web.visiting import PersonsVisit, Visit


@dataclass(frozen=True, slots=True)
class SitePages:
    """The pages of a site, as the API's application takes them."""

    site: Site
    guides: Guides

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The pages at `/`, and below `/guide` and `/ui`."""
        return [
            Route("/", self._front),
            *self.guides.routes,
            Route(STATIC_PATH, static_file),
            Route("/loa/{reference}/picture", self._picture),
            *_inside(Door(self.site)),
        ]

    def errors(
        self,
        introduction: str,
        rows: Sequence[Mapping[str, str]],
        about_names: str,
        names: Sequence[Mapping[str, str]],
    ) -> Response:
        """Every error, blocker and reason, explained; the anchors are the names."""
        guided = {one.name for one in self.guides.names}
        told = {"about_names": about_names, "names": names, "guided": guided}
        return page("errors.html", introduction=introduction, rows=rows, **told)

    def letter(self, letter: Letter, now: datetime) -> Response:
        """A letter, for people."""
        return letter_page(letter, now)

    def no_letter(self, message: str) -> Response:
        """That there is none."""
        return no_letter_page(message)

    async def _picture(self, request: Request) -> Response:
        """Of a letter, for anyone who knows its reference, as its page; no cookie counts here."""
        try:
            reference = LetterReference.parse(request.path_params["reference"])
            async with self.site.stranger(request.scope):
                letter = await self.site.letters.letter(reference)
            if not shown_to_all(letter, self.site.clock.now()):
                raise no_picture()
            return await picture_answer(self.site, letter, LETTER_HEADERS)
        except LetterNotFound as refusal:
            return no_letter_page(refusal.message)
        except NotServed as why:
            return page("said.html", why.status, LETTER_HEADERS, **said(why.title, why.message))

    async def _front(self, _: Request) -> Response:
        return page("front.html", probes=await self.site.status())


def _inside(door: Door) -> Sequence[BaseRoute]:
    letter = "/ui/letters/{reference}"
    return [
        Route("/ui", door.people(_home)),
        *people_routes(door),
        Route("/ui/letters", door.people(own_letters.listed, Scope.PREFIXES_READ)),
        Route(letter, door.people(own_letters.one, Scope.PREFIXES_READ)),
        Route(f"{letter}/picture", door.people(own_letters.picture, Scope.PREFIXES_READ)),
        Route(f"{letter}/document", door.people(own_letters.document, Scope.PREFIXES_READ)),
        *customer_routes(door),
        *operator_routes(door),
        *_prefixes(door),
        *(door.site.sandbox.routes(door) if door.site.sandbox else ()),
        Route("/ui/{rest:path}", door.anyone(_nowhere)),
    ]


def _prefixes(door: Door) -> Sequence[BaseRoute]:
    one, look = "/ui/prefixes/{prefix_id}", (Scope.PREFIXES_READ, Scope.BGP_READ)
    route = f"{one}/routes/{{route_id}}"
    streams, leave = Streams(), (Scope.PREFIXES_WRITE, Scope.BGP_WRITE)
    return [
        Route("/ui/prefixes", door.people(prefixes.listed, *look)),
        Route("/ui/prefixes/part", door.part(prefixes.part, *look)),
        Route("/ui/prefixes/stream", door.part(partial(prefixes.stream, streams=streams), *look)),
        Route("/ui/prefixes/new", door.people(bringing.bring_form, Scope.PREFIXES_WRITE)),
        form("/ui/prefixes", door.people(bringing.bring, Scope.PREFIXES_WRITE)),
        form(
            "/ui/prefixes/preflight",
            door.people(bringing.preflight, Scope.PREFIXES_READ, asks=True),
        ),
        form(
            "/ui/prefixes/preflight/part",
            door.part(bringing.typed, Scope.PREFIXES_READ, asks=True),
        ),
        Route(one, door.people(prefix.shown, *look)),
        Route(f"{one}/part", door.part(prefix.part, *look)),
        Route(f"{one}/stream", door.part(partial(prefix.stream, streams=streams), *look)),
        form(f"{one}/check", door.people(acting.check, Scope.PREFIXES_WRITE)),
        form(f"{one}/token", door.people(acting.new_token, Scope.PREFIXES_WRITE)),
        form(f"{one}/bind", door.people(acting.bind, Scope.PREFIXES_WRITE)),
        form(f"{one}/offboard", door.people(acting.offboard, *leave)),
        form(f"{one}/restore", door.people(acting.restore, *leave)),
        form(f"{route}/announce", door.people(acting.announce, Scope.BGP_WRITE)),
        form(f"{route}/withdraw", door.people(acting.withdraw, Scope.BGP_WRITE)),
    ]


async def _home(visit: PersonsVisit) -> Response:
    to = "/ui/noc" if visit.person.account_id is None else "/ui/prefixes"
    return RedirectResponse(to, 303, {"cache-control": "no-store"})


async def _nowhere(_: Visit) -> Response:
    raise NotServed(404, "Not found", "There is no such page.")
