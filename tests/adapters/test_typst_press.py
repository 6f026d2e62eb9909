"""Letters are really set; tests/real looks at what stands on the paper."""

import asyncio
import re
import subprocess
import sys
from datetime import timedelta, timezone
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from byoip.adapters.letters.typst_press import _SHOWABLE, TypstPress, printable
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.letter import LetterReference
from byoip.domain.letters.letter_evidence import RegisteredHolder
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.rdap.network import SpaceKind, legible
from byoip.domain.rdap.said import RdapEnd
from byoip.ports.letters.letters import Seal
from tests.domain.letters import letter_check, letter_facts
from tests.domain.samples import NOW, prefix

SEAL = Seal("Example Networks B.V.", "0123456789abcdef" * 4, self_signed=True)
PRESS = TypstPress("https://byoip.example.net", SEAL)

LONGEST_PREFIX = prefix("2001:db8:ffff:ffff:ffff:ffff:ffff:fff0/124")
LAST = Asn(4294967294)
HOSTILE = [
    pytest.param('#panic("x") #eval("1+1") #import "@preview/x:1.0.0": *', id="code"),
    pytest.param("*b* _i_ = H $x^2$ @ref `raw` \\ // <lbl> [x] #{ \" '", id="markup"),
    pytest.param('"}, {"operator": "Mallory"}', id="JSON"),
    pytest.param("</svg><script>", id="XML"),
    pytest.param("שלום \u202eevil\u202c \u2066x", id="right to left"),
    pytest.param("\x00\x07\x1b[2J\r\n\u2028\ufeff\ud800", id="controls and a lone surrogate"),
    pytest.param("😀 公司 ﷽ e\u0301\u0301\u0301 \u200b\u00ad", id="no glyphs"),
    pytest.param("x" * 100_000, id="one endless word"),
    pytest.param("a b " * 10_000, id="endless words"),
    pytest.param("", id="nothing"),
]


def pages(document: bytes) -> int:
    return int(PdfFileReader(BytesIO(document)).root["/Pages"]["/Count"])


async def test_an_everyday_letter_is_one_a4_page() -> None:
    document = await PRESS.press(letter_facts())
    (page,) = PdfFileReader(BytesIO(document)).root["/Pages"]["/Kids"]
    assert [round(float(edge)) for edge in page.get_object()["/MediaBox"]] == [0, 0, 595, 842]


def test_the_same_facts_make_the_same_bytes_in_any_process() -> None:
    here = asyncio.run(PRESS.press(letter_facts()))
    program = (
        "import asyncio, hashlib\n"
        "from tests.adapters.test_typst_press import PRESS, letter_facts\n"
        "pressed = asyncio.run(PRESS.press(letter_facts()))\n"
        "print(hashlib.sha256(pressed).hexdigest())\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == sha256(here).hexdigest()


async def test_the_zone_of_a_time_does_not_matter() -> None:
    facts = letter_facts()
    elsewhere = facts.issued_at.astimezone(timezone(timedelta(hours=13)))
    assert await PRESS.press(letter_facts(issued_at=elsewhere)) == await PRESS.press(facts)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": LetterReference("f" * 32)},
        {"account_name": CustomerText("Somebody Else")},
        {"issued_at": letter_facts().issued_at + timedelta(minutes=1)},
        {"valid_until": letter_facts().valid_until + timedelta(minutes=1)},
        {"holder": RegisteredHolder("arin")},
        {"registrants": (RegistrantWords(RdapEnd.ABSENT, "ARIN, rdap.arin.net", NOW),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_other_facts_make_another_page(changes: dict[str, Any]) -> None:
    assert await PRESS.press(letter_facts(**changes)) != await PRESS.press(letter_facts())


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_a_customer_calls_itself_it_stays_one_page(text: str) -> None:
    assert pages(await PRESS.press(letter_facts(account_name=CustomerText(text)))) == 1


@pytest.mark.parametrize("text", HOSTILE)
async def test_nothing_that_others_wrote_is_markup(text: str) -> None:
    press = TypstPress("https://byoip.example.net", Seal(text, "0" * 64, self_signed=False))
    facts = letter_facts(
        operator=text or "x",
        contact=text,
        holder=RegisteredHolder(text, text, text),
        checks=tuple(letter_check(check, text, text) for check in Check),
    )
    assert pages(await press.press(facts)) <= 2


def registrant(text: str) -> RegistrantWords:
    name = legible(text)
    words = "192.0.2.0 - 192.0.2.255", name, name[:20], name[:80], SpaceKind.PA
    return RegistrantWords(RdapEnd.ANSWERED, "RIPE NCC, rdap.example", NOW, *words)


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_registries_say_is_no_markup_and_leaves_room(text: str) -> None:
    facts = letter_facts(registrants=(registrant(text), registrant(text)))
    assert pages(await PRESS.press(facts)) <= 2


async def test_a_letter_with_much_to_say_ends_on_the_second_page() -> None:
    facts = letter_facts(
        prefix=LONGEST_PREFIX,
        origin=LAST,
        roas=tuple(Vrp(LONGEST_PREFIX, 124, LAST, f"anchor {n}") for n in range(200)),
        checks=tuple(
            letter_check(check, "word " * 100, "name.example:53, " * 50) for check in Check
        ),
        registrants=(registrant("word " * 100), registrant("W" * 1000)),
    )
    assert pages(await PRESS.press(facts)) == 2


async def test_every_character_that_is_not_spelt_out_has_a_glyph() -> None:
    shown = [chr(code) for code in range(0x3000) if _SHOWABLE.fullmatch(chr(code))]
    assert len(shown) > 900
    for start in range(0, len(shown), 100):
        name = CustomerText(" ".join(shown[start : start + 100])[:160])
        rest = CustomerText(" ".join(shown[start + 80 : start + 100]))
        for text in (name, rest):
            await PRESS.press(letter_facts(account_name=text))  # refuses what it has no glyph for


def test_text_is_cut_broken_and_spelt_out() -> None:
    assert (
        printable("Müller & Söhne, Ελλάς, Žitný, Україна")
        == "Müller & Söhne, Ελλάς, Žitný, Україна"
    )
    assert printable("a\u202eb\x00") == "a<U+202E>b<U+0000>"
    assert printable("x" * 10, word=4) == "xxxx\u200bxxxx\u200bxx"
    assert re.fullmatch(r"y{7}\.\.\.", printable("y" * 11, longest=10))
