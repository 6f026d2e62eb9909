from base64 import b64encode, encodebytes
from uuid import uuid4

import pytest

from byoip.domain.letters import loa_document
from tests.domain.samples import NOW, OURS, prefix

BINARY = b"%PDF-1.7\n\xe2\xe3\xcf\xd3 and so on"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("loa.pdf", "loa.pdf", id="as it is"),
        pytest.param("LOA 2026 (signed).PDF", "LOA 2026 (signed).pdf", id="one ending"),
        pytest.param(None, "letter-of-agency.pdf", id="no name"),
        pytest.param("", "letter-of-agency.pdf", id="empty"),
        pytest.param("../../etc/passwd", "passwd.pdf", id="a path"),
        pytest.param("C:\\letters\\loa.pdf", "loa.pdf", id="a path from Windows"),
        pytest.param("..", "letter-of-agency.pdf", id="only dots"),
        pytest.param('a"; filename="b.exe', "a__ filename=_b.exe.pdf", id="breaks out of a header"),
        pytest.param("a\r\nSet-Cookie: b", "a__Set-Cookie_ b.pdf", id="line breaks"),
        pytest.param("fdp.\u202eaol", "fdp._aol.pdf", id="steers direction"),
        pytest.param("a\x00b\ud800", "a_b.pdf", id="NUL and a lone surrogate"),
        pytest.param("Vollmacht fu\u0308r München.pdf", "Vollmacht für München.pdf", id="NFC"),
        pytest.param("授权书.pdf", "授权书.pdf", id="Chinese"),
    ],
)
def test_a_file_name_is_made_harmless(given: str | None, kept: str) -> None:
    assert str(loa_document.DocumentName.of(given)) == kept


def test_a_file_name_is_never_long() -> None:
    assert len(str(loa_document.DocumentName.of("a" * 100_000))) == 100


def test_a_letter_is_named_for_its_route() -> None:
    assert (
        str(loa_document.DocumentName.of_letter(prefix("192.0.2.0/24"), OURS))
        == "loa-192.0.2.0-24-as64500.pdf"
    )
    assert str(loa_document.DocumentName.of_letter(prefix("2001:db8::/32"), OURS)) == (
        "loa-2001_db8__-32-as64500.pdf"
    )


@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param("%PDF-1.4\nplain", b"%PDF-1.4\nplain", id="an ASCII PDF"),
        pytest.param(b64encode(BINARY).decode(), BINARY, id="base64"),
        pytest.param(encodebytes(BINARY * 9).decode(), BINARY * 9, id="base64 in lines"),
    ],
)
def test_a_document_may_come_as_text(text: str, document: bytes) -> None:
    assert loa_document.from_text(text) == document


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("hello", id="a word"),
        pytest.param(BINARY.decode("latin-1"), id="a binary PDF, read as text"),
        pytest.param(b64encode(BINARY).decode()[:-3], id="cut off"),
        pytest.param(b64encode(b"<html>").decode(), id="base64 of something else"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param("JVBERi0x" * (loa_document.LARGEST // 4), id="too long to be unpacked"),
    ],
)
def test_other_text_is_refused_and_told_what_would_do(text: str) -> None:
    with pytest.raises(loa_document.InvalidLoaDocument, match="ASCII PDF, or a PDF in base64"):
        loa_document.from_text(text)


def test_a_verified_document_says_since_when() -> None:
    name, sha256 = loa_document.DocumentName.of("loa.pdf"), "0" * 64
    for verified, at in ((True, None), (False, NOW)):
        with pytest.raises(ValueError, match="since when"):
            loa_document.LoaDocument(
                id=uuid4(),
                account_id=uuid4(),
                filename=name,
                size=1,
                sha256=sha256,
                auto_generated=False,
                verified=verified,
                verified_at=at,
                created_at=NOW,
            )
