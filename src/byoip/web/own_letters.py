"""The letters of agency of an account: which there are, and the signed documents."""

from typing import Final

from starlette.responses import Response

from byoip.domain.letters.letter import LetterReference
from byoip.web.letters import LETTER_TONES
from byoip.web.rendering import HEADERS
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100


async def listed(visit: PersonsVisit) -> Response:
    """Those of the account's prefixes: what holds first, then the newest."""
    found = await visit.site.letters.of_account(visit.account_id, limit=PAGE + 1)
    stand = [(one, one.status(visit.now)) for one in found[:PAGE]]
    rows = [(one, status, LETTER_TONES.get(status, "wait")) for one, status in stand]
    return await visit.page("letters.html", rows=rows, more=len(found) > PAGE)


async def document(visit: PersonsVisit) -> Response:
    """The signed PDF of one.

    Raises:
        LetterNotFound: there is none.
        LoaDocumentNotFound: it is another account's.
    """
    reference = LetterReference.parse(visit.request.path_params["reference"])
    letter = await visit.site.letters.letter(reference)
    # Of another account there is no such document either.
    known, content = await visit.site.letters.document(visit.account_id, letter.document_id)
    named = known.filename.value.encode("ascii", "replace").decode().replace("?", "_")
    headers = {
        **HEADERS,
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{named}"',
    }
    return Response(content, 200, headers, "application/pdf")
