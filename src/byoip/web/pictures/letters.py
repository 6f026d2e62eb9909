"""The first page of a letter as a picture: beside what its pages say, to whom those are shown."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from byoip.domain.letters.letter import Letter
from byoip.web.rendering import HEADERS
from byoip.web.site import NotServed, Site

_NOT_KEPT: Final[Mapping[str, str]] = {
    "cache-control": "private, no-store",
    "x-robots-tag": "noindex",
}


def no_picture() -> NotServed:
    """What is answered where there is none."""
    return NotServed(404, "No picture", "There is no picture of this letter at present.")


async def picture_of(site: Site, letter: Letter) -> bytes | None:
    """It, as a PNG; None: there is none, at present or since the prefix has moved."""
    if letter.of_another:  # the document is theirs who had the prefix before
        return None

    async def load() -> bytes:
        _, content = await site.letters.document(letter.account_id, letter.document_id)
        return content

    return await site.letter_pictures.first_page(letter.account_id, letter.sha256, load)


async def picture_answer(site: Site, letter: Letter, more: Mapping[str, str]) -> Response:
    """The picture alone, which no browser and no proxy keeps.

    Raises:
        NotServed: there is none at present.
    """
    drawn = await picture_of(site, letter)
    if drawn is None:
        raise no_picture()
    return Response(drawn, 200, {**HEADERS, **_NOT_KEPT, **more}, "image/png")
