"""The letters of agency of an account: which there are, and the signed documents."""

from typing import Final

from starlette.responses import Response

from byoip.domain.letters.letter import Letter, LetterReference
from byoip.domain.letters.loa_document import LoaDocument
from byoip.web.letters import LETTER_TONES, letter_shown
from byoip.web.pictures.letters import picture_answer
from byoip.web.rendering import HEADERS
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100


async def listed(visit: PersonsVisit) -> Response:
    """Those of the account's prefixes: what holds first, then the newest."""
    found = await visit.site.letters.of_account(visit.account_id, limit=PAGE + 1)
    stand = [(one, one.status(visit.now)) for one in found[:PAGE]]
    rows = [(one, status, LETTER_TONES.get(status, "wait")) for one, status in stand]
    return await visit.page("letters.html", rows=rows, more=len(found) > PAGE)


async def one(visit: PersonsVisit) -> Response:
    """One of them: whether it holds, what it states, its picture."""
    letter, _, _ = await _own(visit)
    return await visit.page(
        "customer/letter.html",
        **letter_shown(letter, visit.now),
        claim_id=letter.claim_id,
        picture="" if letter.of_another else f"/ui/letters/{letter.reference}/picture",
    )


async def picture(visit: PersonsVisit) -> Response:
    """The picture of one, to whom its document is given."""
    letter, _, _ = await _own(visit)
    return await picture_answer(visit.site, letter, {})


async def document(visit: PersonsVisit) -> Response:
    """The signed PDF of one."""
    _, known, content = await _own(visit)
    named = known.filename.value.encode("ascii", "replace").decode().replace("?", "_")
    headers = {
        **HEADERS,
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{named}"',
    }
    return Response(content, 200, headers, "application/pdf")


async def _own(visit: PersonsVisit) -> tuple[Letter, LoaDocument, bytes]:
    """The letter that is named, with its document.

    Raises:
        LetterNotFound: there is none.
        LoaDocumentNotFound: it is another account's.
    """
    reference = LetterReference.parse(visit.request.path_params["reference"])
    letter = await visit.site.letters.letter(reference)
    # Of another account there is no such document either.
    known, content = await visit.site.letters.document(visit.account_id, letter.document_id)
    return letter, known, content
