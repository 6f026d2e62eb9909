"""Letters, read and judged by poppler, which no part of ours has anything to do with."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from byoip.adapters.letters.pyhanko_signer import PyhankoSigner, make_self_signed
from byoip.adapters.letters.typst_press import TypstPress
from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.own_origin import OwnOrigin
from tests.domain.letters import REFERENCE, letter_facts
from tests.domain.samples import NOW, prefix
from tests.real.parts import Part, require


@pytest.fixture
def signer(tmp_path: Path) -> PyhankoSigner:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_self_signed(key, certificate, operator="Example Networks", now=datetime.now(UTC))
    return PyhankoSigner.load(key, certificate)


@pytest.fixture
def poppler(tmp_path: Path) -> Callable[..., str]:
    require(Part.POPPLER)

    def run(document: bytes, *command: str) -> str:
        file = tmp_path / "letter.pdf"
        file.write_bytes(document)
        arguments = [str(file) if one == "FILE" else one for one in command]
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout

    return run


async def test_the_page_says_all_that_a_network_needs_to_know(
    signer: PyhankoSigner, poppler: Callable[..., str]
) -> None:
    account = CustomerText('#panic("x") *not bold* & Söhne \u202e😀')
    facts = letter_facts(account_name=account)
    letter = await TypstPress("https://byoip.example.net", signer.seal).press(facts)
    signed = await signer.sign(letter, facts)
    said = " ".join(poppler(signed, "pdftotext", "-layout", "FILE", "-").split())
    for stated in (
        "Letter of Agency",
        "Example Networks B.V.",
        "NOC: noc@example.net, +31 20 555 0100",
        str(REFERENCE),
        "192.0.2.0/24",
        "AS64500",
        "RIPE NCC holder 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 (allocated)",
        '#panic("x") *not bold* & Söhne <U+202E><U+1F600> (name as given by the customer)',
        "from 2026-11-22 12:00 UTC to 2027-11-22 12:00 UTC",
        "ROA 192.0.2.0/24, maximum length /24, origin AS64500, trust anchor RIPE NCC",
        "The token stands in 2.0.192.in-addr.arpa.",
        f"https://byoip.example.net/loa/{REFERENCE}",
        "self-signed",
        "Digitally signed by",
    ):
        assert stated in said
    assert signer.seal.sha256[:32] in said
    assert signer.seal.sha256[32:] in said


async def test_an_origin_of_the_customers_own_stands_behind_the_operators(
    signer: PyhankoSigner, poppler: Callable[..., str]
) -> None:
    proven = "a single-use token stood in its aut-num object at RIPE NCC"
    own = OwnOrigin(Asn(64500), proven, NOW, "The ASPA of AS3320 lists AS64500.")
    roa = Vrp(prefix("192.0.2.0/24"), 24, Asn(3320), "ripe")
    facts = letter_facts(origin=Asn(3320), roas=(roa,), own_origin=own)
    letter = await TypstPress("https://byoip.example.net", signer.seal).press(facts)
    said = " ".join(poppler(letter, "pdftotext", "-raw", "FILE", "-").split())
    for stated in (
        "Autonomous system AS64500",
        "to announce it in BGP from AS64500, with the origin AS3320 behind it",
        "AS64500 AS3320",
        proven,
        "The ASPA of AS3320 lists AS64500.",
    ):
        assert stated in said


async def test_pdfsig_finds_one_signature_over_the_whole_document(
    signer: PyhankoSigner, poppler: Callable[..., str]
) -> None:
    letter = await TypstPress("https://byoip.example.net", signer.seal).press(letter_facts())
    told = poppler(await signer.sign(letter, letter_facts()), "pdfsig", "-nocert", "FILE")
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "Example Networks" in told
    assert "Signature #2" not in told
