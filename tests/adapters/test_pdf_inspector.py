"""Real bytes, looked into by a real child process."""

import asyncio
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

import pytest
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from byoip.adapters.letters.pdf_inspector import ChildPdfInspector, UnusableReader
from byoip.adapters.letters.pyhanko_signer import PyhankoSigner, make_self_signed
from byoip.adapters.letters.typst_press import TypstPress
from byoip.ports.letters.letters import PdfAccepted, PdfRefused, PdfVerdict
from tests.domain.letters import letter_facts
from tests.pdfs import PAGES, bomb, pdf, stream, updated, written

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def buried(content: bytes) -> bytes:
    """A document with an object that its table does not list, but a repairing reader would find."""
    document = pdf()
    at = document.index(b"xref\n")
    hidden = b"9 0 obj\n" + content + b"\nendobj\n"
    end = document[at:].replace(b"%d\n%%%%EOF" % at, b"%d\n%%%%EOF" % (at + len(hidden)))
    return document[:at] + hidden + end


async def verdict(document: bytes, inspector: ChildPdfInspector | None = None) -> PdfVerdict:
    with TemporaryFile(buffering=0) as file:
        file.write(document)
        return await (inspector or ChildPdfInspector()).inspect(uuid4(), file)


async def why(document: bytes) -> str:
    answer = await verdict(document)
    assert isinstance(answer, PdfRefused)
    return answer.why


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(pdf(), id="one empty page"),
        pytest.param(pdf(catalog=b"/OpenAction [3 0 R /Fit]"), id="opens at a place"),
        pytest.param(
            pdf(b"<< /S /GoTo /D [3 0 R /Fit] >>", catalog=b"/OpenAction 4 0 R"),
            id="opens by going to a place",
        ),
        pytest.param(
            pdf(page=b"/Annots [<< /Subtype /Link /A << /S /URI /URI (https://x) >> >>]"),
            id="a link to the web",
        ),
        pytest.param(pdf(stream(b"(see /JS and /XFA)")), id="such words as text"),
        pytest.param(updated(pdf(), 3, PAGES[2]), id="changed once"),
    ],
)
async def test_a_document_that_is_only_pages_is_accepted(document: bytes) -> None:
    assert await verdict(document) == PdfAccepted(1)


async def test_our_own_signed_letter_is_accepted(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_self_signed(key, certificate, operator="Example Networks", now=datetime.now(UTC))
    signer = PyhankoSigner.load(key, certificate)
    pressed = await TypstPress("https://byoip.example", signer.seal).press(letter_facts())
    assert await verdict(await signer.sign(pressed, letter_facts())) == PdfAccepted(1)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        pytest.param(pdf(catalog=b"/OpenAction " + SCRIPT), "is opened", id="on opening"),
        pytest.param(pdf(SCRIPT), "JavaScript", id="in an object without a reference"),
        pytest.param(pdf(SCRIPT.replace(b"JavaS", b"J#61vaS")), "JavaScript", id="spelt in hex"),
        pytest.param(
            pdf(b"/JavaScript", page=b"/X << /S 4 0 R >>"), "JavaScript", id="named elsewhere"
        ),
        pytest.param(pdf(catalog=b"/Names << /JavaScript 4 0 R >>"), "JavaScript", id="by name"),
        pytest.param(
            pdf(catalog=b"/OpenAction << /S /URI /URI (https://x) >>"),
            "starts when it is opened",
            id="opens a web page",
        ),
        pytest.param(pdf(page=b"/AA << /O << /S /GoTo >> >>"), "by themselves", id="page action"),
        pytest.param(pdf(b"<< /S /Launch /F (cmd.exe) >>"), "starts a program", id="launch"),
        pytest.param(pdf(b"<< /S /SubmitForm >>"), "sends a form", id="submit"),
        pytest.param(
            pdf(catalog=b"/Names << /EmbeddedFiles << >> >>"), "attached files", id="attachments"
        ),
        pytest.param(pdf(b"<< /Type /Filespec /EF << >> >>"), "attached file", id="file"),
        pytest.param(pdf(stream(b"MZ", b"/Type /EmbeddedFile")), "attached file", id="its bytes"),
        pytest.param(pdf(page=b"/Annots [<< /Subtype /RichMedia >>]"), "rich media", id="media"),
        pytest.param(pdf(catalog=b"/AcroForm << /XFA [] >>"), "XFA", id="XFA"),
        pytest.param(updated(pdf(SCRIPT), 4, b"null"), "JavaScript", id="in an older revision"),
        pytest.param(updated(pdf(), 4, SCRIPT), "JavaScript", id="in a newer revision"),
        pytest.param(buried(SCRIPT), "contains /JavaScript", id="in no table"),
    ],
)
async def test_active_content_is_refused_wherever_it_hides(document: bytes, told: str) -> None:
    assert told in await why(document)


async def test_active_content_in_a_compressed_object_is_refused() -> None:
    writer: PdfFileWriter = copy_into_new_writer(PdfFileReader(BytesIO(pdf())))
    writer.stream_xrefs = True
    hidden = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
    writer.add_object(hidden, obj_stream=writer.prepare_object_stream())
    packed = BytesIO()
    writer.write(packed)
    assert b"JavaScript" not in packed.getvalue()
    assert "JavaScript" in await why(packed.getvalue())


async def test_an_encrypted_document_is_refused() -> None:
    writer: PdfFileWriter = copy_into_new_writer(PdfFileReader(BytesIO(pdf())))
    writer.encrypt("owner", "")
    packed = BytesIO()
    writer.write(packed)
    assert await why(packed.getvalue()) == "it is encrypted"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html></html>", id="a web page"),
        pytest.param(b"\n" + pdf(), id="something before it"),
        pytest.param(b"%PDF-", id="only the header"),
        pytest.param(b"%PDF-1.7\n" + b"\x00" * 5000, id="zeros"),
        pytest.param(pdf()[:-80], id="cut off"),
        pytest.param(written([b"<< /Type /Catalog >>"]), id="no pages"),
        pytest.param(pdf().replace(b"/Count 1", b"/Count 0"), id="an empty tree of pages"),
        pytest.param(pdf(b"[" * 50_000), id="too deep"),
        pytest.param(pdf(page=b"/X 4 0 R", catalog=b"/OpenAction 4 0 R") + b"x" * 5000, id="tail"),
        pytest.param(pdf(b"4 0 R", catalog=b"/OpenAction 4 0 R"), id="refers to itself"),
        pytest.param(pdf(trailer=b"/Prev 9999999999"), id="a table that is not there"),
    ],
)
async def test_what_is_no_sound_pdf_is_refused(document: bytes) -> None:
    assert await why(document)


async def test_a_document_that_unpacks_to_gigabytes_is_refused_in_time() -> None:
    document = bomb()
    started = time.monotonic()
    assert await why(document)
    assert time.monotonic() - started < 20


async def test_a_document_over_the_limit_is_refused_unread() -> None:
    inspector = ChildPdfInspector(largest=2**20)
    too_large = pdf() + b" " * 2**20
    assert await verdict(too_large, inspector) == PdfRefused("it is larger than 1 MB")


async def test_at_the_deadline_the_child_is_killed_and_the_document_refused() -> None:
    answer = await verdict(pdf(), ChildPdfInspector(deadline=0.001))
    assert answer == PdfRefused("it takes too long or too much memory to read")


async def test_a_program_that_does_not_work_is_no_verdict() -> None:
    with pytest.raises(UnusableReader, match="status 1"):
        await verdict(pdf(), ChildPdfInspector(python="/bin/false"))


async def test_many_documents_at_once_are_all_judged() -> None:
    inspector = ChildPdfInspector()
    answers = await asyncio.gather(*(verdict(pdf(), inspector) for _ in range(5)))
    assert answers == [PdfAccepted(1)] * 5
