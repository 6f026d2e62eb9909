"""Letters that customers bring: whatever way a client sends them, and back again."""

from base64 import b64encode, encodebytes
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from byoip.adapters.letters.pdf_inspector import ChildPdfInspector
from byoip.api.application import create_application
from byoip.domain.accounts.credential import Scope
from byoip.domain.letters.loa_document import DOCUMENTS_PER_ACCOUNT, LARGEST
from tests.api.test_operations import fresh
from tests.api.world import World
from tests.pdfs import pdf, stream

ASCII = pdf()
BINARY = pdf(stream(bytes(range(256))))
FORM = {"content-type": "multipart/form-data; boundary=here"}


def part(content: bytes, *, name: str = "loa_document", more: bytes = b"") -> bytes:
    disposition = b'Content-Disposition: form-data; name="%b"%b' % (name.encode(), more)
    return b"--here\r\n%b\r\n\r\n%b\r\n" % (disposition, content)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--here--\r\n"


async def upload(world: World, content: bytes, filename: str | None = "ours.pdf") -> Any:
    files = {"loa_document": (filename, content)}
    return await world.result("POST", "/loa_documents", files=files)


async def refused(world: World, body: bytes) -> list[tuple[int, str, str]]:
    return await world.errors("POST", "/loa_documents", content=body, headers=FORM)


async def test_a_file_comes_back_as_it_was(world: World) -> None:
    made = await upload(world, BINARY, "C:\\letters\\Brief für uns.PDF")
    assert made == {
        "id": made["id"],
        "account_id": world.account_id.hex,
        "filename": "Brief für uns.pdf",
        "size_bytes": len(BINARY),
        "auto_generated": False,
        "verified": False,
        "verified_at": None,
        "created": made["created"],
    }
    answer = await world.call("GET", f"/loa_documents/{made['id']}/download")
    assert answer.content == BINARY
    headers = answer.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == (
        "attachment; filename=\"Brief f_r uns.pdf\"; filename*=UTF-8''Brief%20f%C3%BCr%20uns.pdf"
    )


@pytest.mark.parametrize(
    "content",
    [BINARY, ASCII, b64encode(BINARY), encodebytes(BINARY), encodebytes(ASCII)],
    ids=["file", "ascii", "base64", "base64 with line breaks", "ascii in base64"],
)
async def test_a_part_without_a_file_name_is_taken(world: World, content: bytes) -> None:
    sent = {"content": form(part(content)), "headers": FORM}
    made = await world.result("POST", "/loa_documents", **sent)
    assert made["filename"] == "letter-of-agency.pdf"
    back = await world.call("GET", f"/loa_documents/{made['id']}/download")
    assert back.content in {BINARY, ASCII}


@pytest.mark.parametrize(
    "packed", [b64encode(BINARY), encodebytes(BINARY), b"\r\n" + b64encode(ASCII)]
)
async def test_a_file_of_base64_is_unpacked_whatever_its_name(world: World, packed: bytes) -> None:
    made = await upload(world, packed, "letter.pdf")
    assert made["filename"] == "letter.pdf"
    back = await world.call("GET", f"/loa_documents/{made['id']}/download")
    assert back.content in {BINARY, ASCII}


async def test_a_file_of_base64_that_was_cut_off_is_told_so(world: World) -> None:
    cut = form(part(b64encode(BINARY)[:-1], more=b'; filename="a.pdf"'))
    answer = await world.call("POST", "/loa_documents", content=cut, headers=FORM)
    [error] = answer.json()["errors"]
    assert error["name"] == "invalid_loa_document"
    assert "base64" in error["message"]


async def test_text_that_was_damaged_on_its_way_is_refused_and_told_why(world: World) -> None:
    damaged = BINARY.decode("latin-1").encode()  # what a client makes of a file opened as text
    answer = await world.call("POST", "/loa_documents", content=form(part(damaged)), headers=FORM)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["name"] == "invalid_loa_document"
    assert error["source"] == {"pointer": "/loa_document"}
    assert "base64" in error["message"]


WRONG = [
    (form(), 422, "field_missing", "/loa_document"),
    (form(part(ASCII, name="file")), 422, "field_unknown", "/file"),
    (form(part(ASCII), part(ASCII)), 422, "field_invalid", "/loa_document"),
    (form(part(b"GIF89a", more=b'; filename="a.pdf"')), 422, "invalid_loa_document",
     "/loa_document"),
    (form(part(b"")), 422, "invalid_loa_document", "/loa_document"),
    (part(ASCII), 400, "malformed_form", ""),
    (b"", 400, "malformed_form", ""),
    (b"{}", 400, "malformed_form", ""),
    (part(ASCII, more=b"x" * 9000) + b"--here--", 400, "malformed_form", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "name", "pointer"),
    WRONG,
    ids=["no part", "another part", "twice", "no PDF", "empty", "cut", "nothing", "JSON", "long"],
)
async def test_what_is_no_such_form_is_refused(
    world: World, body: bytes, status: int, name: str, pointer: str
) -> None:
    assert await refused(world, body) == [(status, name, pointer)]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"content-type": "application/json"}, (415, "unsupported_media_type", "")),
        ({**FORM, "content-encoding": "gzip"}, (415, "unsupported_media_type", "")),
        ({"content-type": "multipart/form-data"}, (400, "malformed_form", "")),
    ],
)
async def test_another_kind_of_body_is_refused(
    world: World, headers: dict[str, str], error: tuple[int, str, str]
) -> None:
    sent = {"content": form(part(ASCII)), "headers": headers}
    assert await world.errors("POST", "/loa_documents", **sent) == [error]


@pytest.mark.parametrize("more", [b'; filename="a.pdf"', b""], ids=["file", "text"])
async def test_what_is_too_large_is_refused_while_it_arrives(world: World, more: bytes) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield part(b"%PDF-", more=more).removesuffix(b"\r\n")
        while sent < 10 * LARGEST:
            sent += 2**20
            yield b"A" * 2**20

    answer = await world.call("POST", "/loa_documents", content=endless(), headers=FORM)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["name"] == "body_too_large"
    assert sent < 2 * LARGEST


async def test_an_account_sees_its_own_only(world: World, unknown_id: str) -> None:
    made = await upload(world, ASCII)
    path = f"/loa_documents/{made['id']}/download"
    other = await world.client.get(
        world.url(path, world.other_account_id),
        headers={"authorization": f"Bearer {world.other_token}"},
    )
    assert other.status_code == 404
    assert other.json()["errors"][0]["name"] == "loa_document_not_found"
    missing = await world.errors("GET", f"/loa_documents/{unknown_id}/download")
    assert missing == [(404, "loa_document_not_found", "")]


async def test_reading_and_writing_need_their_scopes(world: World) -> None:
    world.token = await world.credential(world.account_id, {Scope.PREFIXES_READ})
    files = {"loa_document": ("a.pdf", ASCII)}
    assert await world.errors("POST", "/loa_documents", files=files) == [(403, "scope_missing", "")]


async def test_a_repeated_key_keeps_one_document_whatever_the_boundary(world: World) -> None:
    key = {"idempotency-key": uuid4().hex}
    files = {"loa_document": ("a.pdf", ASCII)}
    first = await world.call("POST", "/loa_documents", files=files, headers=key)
    again = await world.call("POST", "/loa_documents", files=files, headers=key)
    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert first.content == again.content
    other = {"loa_document": ("a.pdf", BINARY)}
    assert await world.errors("POST", "/loa_documents", files=other, headers=key) == [
        (422, "idempotency_key_reused", "")
    ]


async def test_the_quota_is_final(world: World) -> None:
    for _ in range(DOCUMENTS_PER_ACCOUNT):
        await upload(world, ASCII)
    files = {"loa_document": ("a.pdf", ASCII)}
    answer = await world.call("POST", "/loa_documents", files=files)
    assert answer.status_code == 409
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["errors"][0]["name"] == "loa_document_quota_reached"


async def test_a_prefix_may_be_brought_with_a_letter(world: World, unknown_id: str) -> None:
    document = await upload(world, ASCII)
    made = await world.prefix("31.7.0.0/24", loa_document_id=document["id"])
    assert made["loa_document_id"] == document["id"]
    body = {"cidr": "31.8.0.0/24", "asn": 64500, "loa_document_id": unknown_id}
    assert await world.errors("POST", "/prefixes", json=body) == [
        (422, "loa_document_unknown", "/loa_document_id")
    ]
    body["loa_document_id"] = "nonsense"
    assert await world.errors("POST", "/prefixes", json=body) == [
        (422, "field_invalid", "/loa_document_id")
    ]


@pytest.fixture
async def strict(world: World) -> AsyncIterator[World]:
    """The same with the real inspector."""
    real = replace(fresh(world.backend), pdf_inspector=ChildPdfInspector())
    transport = httpx.ASGITransport(create_application(real))
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        yield replace(world, client=client, backend=real)


async def test_nothing_active_is_kept(strict: World) -> None:
    assert (await upload(strict, BINARY))["size_bytes"] == len(BINARY)
    active = pdf(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>")
    files = {"loa_document": ("a.pdf", active)}
    answer = await strict.call("POST", "/loa_documents", files=files)
    assert answer.status_code == 422
    assert "starts when it is opened" in answer.json()["errors"][0]["message"]


def test_the_document_says_that_bytes_are_meant(document: dict[str, Any]) -> None:
    paths = document["paths"]
    root = "/client/v4/accounts/{account_id}/addressing/loa_documents"
    binary = {"type": "string", "format": "binary"}
    sent = paths[root]["post"]["requestBody"]["content"]
    assert sent["multipart/form-data"]["schema"]["properties"] == {"loa_document": binary}
    got = paths[root + "/{loa_document_id}/download"]["get"]["responses"]["200"]["content"]
    assert got == {"application/pdf": {"schema": binary}}
