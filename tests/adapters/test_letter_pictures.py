"""The first page of a letter, really drawn by a child process."""

import asyncio
import struct
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from byoip.adapters.letters import letter_pictures
from byoip.adapters.letters.letter_pictures import ChildLetterPictures
from byoip.adapters.letters.pyhanko_signer import PyhankoSigner, make_self_signed
from byoip.adapters.letters.typst_press import TypstPress
from byoip.domain.customer_text import CustomerText
from tests.domain.letters import letter_facts
from tests.pdfs import pdf

ACCOUNT = uuid4()
# On a machine that does other things as well.
made = partial(ChildLetterPictures, deadline=120.0, patience=120.0)


def loading(document: bytes, asked: list[bytes] | None = None) -> Callable[[], Awaitable[bytes]]:
    async def load() -> bytes:
        if asked is not None:
            asked.append(document)
        return document

    return load


def digest(document: bytes) -> str:
    return sha256(document).hexdigest()


async def drawn(document: bytes, pictures: ChildLetterPictures) -> bytes | None:
    return await pictures.first_page(ACCOUNT, digest(document), loading(document))


async def signed(tmp_path: Path, name: str = "Example Company, Inc.") -> bytes:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    if not key.exists():
        make_self_signed(key, certificate, operator="Example Networks", now=datetime.now(UTC))
    signer = PyhankoSigner.load(key, certificate)
    facts = letter_facts(account_name=CustomerText(name))
    pressed = await TypstPress("https://byoip.example", signer.seal).press(facts)
    return await signer.sign(pressed, facts)


async def test_a_signed_letter_is_drawn_as_a_sheet_of_a4(tmp_path: Path) -> None:
    picture = await drawn(await signed(tmp_path), made())
    assert picture is not None
    assert struct.unpack(">II", picture[16:24]) == (992, 1403)  # as pages say that it is large
    assert 50_000 < len(picture) < 600_000  # not an empty sheet


async def test_each_document_has_its_own_picture_made_once(tmp_path: Path) -> None:
    one, other = await signed(tmp_path), await signed(tmp_path, "Another Company")
    pictures, asked = made(), list[bytes]()
    first = await pictures.first_page(ACCOUNT, digest(one), loading(one, asked))
    second = await pictures.first_page(ACCOUNT, digest(other), loading(other, asked))
    assert first != second
    many = [pictures.first_page(uuid4(), digest(one), loading(one, asked)) for _ in range(5)]
    assert set(await asyncio.gather(*many)) == {first}
    assert asked == [one, other]


async def test_two_who_ask_at_once_have_it_made_once(tmp_path: Path) -> None:
    document, asked = await signed(tmp_path), list[bytes]()
    pictures = made()
    many = [
        pictures.first_page(ACCOUNT, digest(document), loading(document, asked)) for _ in range(4)
    ]
    assert len(set(await asyncio.gather(*many))) == 1
    assert asked == [document]


async def test_another_document_under_its_name_is_no_picture_of_it(tmp_path: Path) -> None:
    one, pictures = await signed(tmp_path), made()
    assert await pictures.first_page(ACCOUNT, digest(one), loading(pdf())) is None
    assert await drawn(one, pictures) is not None  # and nothing was kept in its place


async def test_only_so_many_are_kept() -> None:
    pictures = made(most=2)
    documents = [pdf(b"(%d)" % number) for number in range(3)]
    for one in (documents[0], documents[1], documents[0], documents[2]):
        assert await drawn(one, pictures) is not None
    asked = list[bytes]()
    for one in (documents[0], documents[2], documents[1]):
        await pictures.first_page(ACCOUNT, digest(one), loading(one, asked))
    assert asked == [documents[1]]  # the one that nobody had asked for again


@pytest.mark.parametrize("document", [b"", b"%PDF-1.7", b"x" * 1000, pdf()[:100]])
async def test_what_is_no_pdf_has_no_picture(document: bytes) -> None:
    assert await drawn(document, made()) is None


@pytest.mark.parametrize(
    "pictures",
    [
        pytest.param(ChildLetterPictures(largest=10), id="too large"),
        pytest.param(ChildLetterPictures(deadline=0.0), id="out of time"),
        pytest.param(ChildLetterPictures(python="/nowhere/python"), id="no process"),
        pytest.param(ChildLetterPictures(python="/bin/false"), id="it ends with a fault"),
        pytest.param(ChildLetterPictures(python="/bin/echo"), id="it writes something else"),
    ],
)
async def test_where_it_cannot_be_made_there_is_none(pictures: ChildLetterPictures) -> None:
    assert await drawn(pdf(), pictures) is None


async def test_a_turn_is_not_waited_for_long() -> None:
    pictures, begun, go_on = ChildLetterPictures(patience=0.05), asyncio.Event(), asyncio.Event()

    async def slow() -> bytes:
        begun.set()
        await go_on.wait()
        return pdf()

    first = asyncio.create_task(pictures.first_page(uuid4(), digest(pdf()), slow))
    await begun.wait()
    for other in (b"(1)", b"(2)"):
        assert await drawn(pdf(other), pictures) is None
    go_on.set()
    assert await first is not None
    assert await drawn(pdf(b"(1)"), pictures) is not None


async def test_what_could_not_be_drawn_is_tried_again_after_a_while() -> None:
    pictures, asked = ChildLetterPictures(python="/bin/false", again=3600.0), list[bytes]()
    for _ in range(3):
        assert await pictures.first_page(ACCOUNT, digest(pdf()), loading(pdf(), asked)) is None
    assert asked == [pdf()]
    pictures = ChildLetterPictures(python="/bin/false", again=0.0)
    for _ in range(2):
        await pictures.first_page(ACCOUNT, digest(pdf()), loading(pdf(), asked))
    assert asked == [pdf()] * 3


@pytest.mark.parametrize(
    "greed", ["x = bytearray(512 * 2**20)", "while True: pass", "open('x', 'wb', 0).write(b'x')"]
)
async def test_the_child_limits_its_memory_time_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, greed: str
) -> None:
    """The program as it is, which in the place of drawing wants more than it may have."""
    program, real = tmp_path / "first_page.py", letter_pictures._PROGRAM.read_text()
    png = "sys.stdout.buffer.write(b'\\x89PNG\\r\\n\\x1a\\n')"
    greedy = real.replace(
        "    sys.stdout.buffer.write(first_page",
        f"    {png}\n    sys.stdout.flush()\n    {greed}\n    (",
    )
    assert greedy != real
    program.write_text(greedy)
    monkeypatch.setattr(letter_pictures, "_PROGRAM", program)
    monkeypatch.chdir(tmp_path)
    assert await drawn(pdf(), ChildLetterPictures(python=sys.executable)) is None
