"""All pages: those that anyone may see, and those of people who have signed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from byoip.domain.letters.letter import Letter
from byoip.web.letters import letter_page, no_letter_page
from byoip.web.rendering import page
from byoip.web.site import Site
from byoip.web.static import STATIC_PATH, static_file


@dataclass(frozen=True, slots=True)
class SitePages:
    """The pages of a site, as the API's application takes them."""

    site: Site

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The pages at `/` and below `/ui`."""
        return [Route("/", self._front), Route(STATIC_PATH, static_file)]

    def errors(self, introduction: str, rows: Sequence[Mapping[str, str]]) -> Response:
        """Every error, explained; the anchors are the names."""
        return page("errors.html", introduction=introduction, rows=rows)

    def letter(self, letter: Letter, now: datetime) -> Response:
        """A letter, for people."""
        return letter_page(letter, now)

    def no_letter(self, message: str) -> Response:
        """That there is none."""
        return no_letter_page(message)

    async def _front(self, _: Request) -> Response:
        return page("front.html", probes=await self.site.status())
