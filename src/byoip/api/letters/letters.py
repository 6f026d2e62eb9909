"""Is this letter valid? A public page at the root: anyone who knows the reference may ask."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from byoip.api.border.answers import JsonBytes, answer
from byoip.api.border.backend import Backend
from byoip.api.letters.letter_page import prefers_html
from byoip.api.letters.letter_schemas import letter_of
from byoip.api.pages import Pages
from byoip.api.problems.failures import failure_body
from byoip.domain.letters.letter import LetterNotFound, LetterReference

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

# What the page says may change at any moment, and only those who hold the reference should find it.
_HEADERS = {
    "cache-control": "no-store",
    "vary": "accept",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def letter_page(backend: Backend, pages: Pages) -> Endpoint:
    """The page of each letter, by its reference."""

    async def page(request: Request) -> Response:
        for_people = prefers_html(request.headers.getlist("accept"))
        try:
            reference = LetterReference.parse(request.path_params["reference"])
            async with backend.client_turns.turn(request.scope):
                letter = await backend.letters.letter(reference)
        except LetterNotFound as refusal:
            if for_people:
                return pages.no_letter(refusal.message)
            return JsonBytes(failure_body([refusal], backend.public_url), 404, _HEADERS)
        now = backend.clock.now()
        if for_people:
            return pages.letter(letter, now)
        return JsonBytes(answer(letter_of(letter, now)).body, 200, _HEADERS)

    return page
