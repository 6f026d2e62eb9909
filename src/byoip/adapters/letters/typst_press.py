"""Letters of agency typeset as PDF/A by typst, from the template beside this file."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from io import BytesIO
from typing import Any, Final

import segno
import typst

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.letters.letter import LetterFacts
from byoip.domain.letters.letter_evidence import LetterCheck
from byoip.domain.letters.witnesses import registry_name
from byoip.ports.letters.letters import Seal

_TEMPLATE = "letter.typ"
# Every character has a glyph that is meant for it, and text can be copied out again; typst refuses
# to make this kind of PDF otherwise. The signature that follows is outside the standard.
_STANDARD: Final = "a-2u"

# What the embedded fonts can show: Latin, Greek, Cyrillic. Nothing that steers direction, combines
# or hides; anything else is spelt out.
_SHOWABLE = re.compile("[ -~¡-¬®-ɏ΄-ΊΌΎ-ΡΣ-ώЀ-џҐґḀ-ỿ‐-‧€]")  # noqa: RUF001 - those very characters
_LONGEST = 160
_LONGEST_WORD = 32
_LONGEST_OF = 200
_LONGEST_SERVERS = 420  # thirteen name servers; the public page says it all
_MAY_BREAK = "\u200b"
_MOST_ROAS = 3
_LONGEST_WAIVER = 240  # characters
_LONGEST_WORDS = 1200  # the whole sentence: cut, a name in it would have no end


@dataclass(frozen=True, slots=True)
class TypstPress:
    """Sets letters with typst, in its own fonts: the same page on every machine.

    Attributes:
        public_url: of the service, without a slash at the end.
        seal: with whose certificate the letter will be signed.
    """

    public_url: str
    seal: Seal

    async def press(self, facts: LetterFacts) -> bytes:
        """The letter as PDF/A-2u, on one A4 page, or on two if it has much to state."""
        return await asyncio.to_thread(self._compile, facts)

    def _compile(self, facts: LetterFacts) -> bytes:
        url = f"{self.public_url}/loa/{facts.reference}"
        return typst.compile(
            resources.files("byoip.adapters.letters").joinpath(_TEMPLATE).read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"letter": json.dumps(self._letter(facts, url)), "qr": _qr_code(url)},
            pdf_standards=_STANDARD,
            timestamp=int(facts.issued_at.timestamp()),
        )

    def _letter(self, facts: LetterFacts, url: str) -> Mapping[str, Any]:
        own = facts.own_origin
        return {
            "reference": str(facts.reference),
            "operator": printable(facts.operator, longest=80, word=16),
            "contact": printable(facts.contact, longest=200, word=40),
            "account": printable(str(facts.account_name)),
            "holder": printable(str(facts.holder), word=40),
            "prefix": str(facts.prefix),
            "origin": str(facts.origin),
            "behind": str(own.behind if own else facts.origin),
            "own": own and printable(str(own), longest=_LONGEST_WORDS, word=40),
            "issued": _day(facts.issued_at),
            "until": _day(facts.valid_until),
            "roas": [_roa(one) for one in facts.roas[:_MOST_ROAS]],
            "more-roas": max(0, len(facts.roas) - _MOST_ROAS),
            "registrants": [
                printable(str(one), longest=_LONGEST_WORDS, word=40) for one in facts.registrants
            ],
            "waivers": [printable(one, longest=_LONGEST_WAIVER, word=40) for one in facts.waivers],
            "checks": _checks(facts.checks),
            "url": url,
            "url-text": printable(url, longest=1000, word=67),
            "seal": {
                "subject": printable(self.seal.subject, longest=64, word=24),
                "sha256": [self.seal.sha256[:32], self.seal.sha256[32:]],
                "self-signed": self.seal.self_signed,
            },
        }


def printable(text: str, *, longest: int = _LONGEST, word: int = _LONGEST_WORD) -> str:
    """Cut to what a page can take; characters without a glyph are spelt out, as `<U+1F600>`.

    Args:
        text: anything.
        longest: characters that are kept.
        word: characters in a row before a line may break.
    """
    cut = text if len(text) <= longest else f"{text[: longest - 3]}..."
    spelt = "".join(char if _SHOWABLE.fullmatch(char) else f"<U+{ord(char):04X}>" for char in cut)
    return re.sub(rf"\S{{{word}}}(?=\S)", lambda run: run[0] + _MAY_BREAK, spelt)


def _day(at: datetime) -> Mapping[str, Any]:
    utc = at.astimezone(UTC)
    return {
        "year": utc.year,
        "month": utc.month,
        "day": utc.day,
        "day-text": f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}",
        "text": f"{utc:%Y-%m-%d %H:%M} UTC",
    }


# Not strftime: the letter's language is not the machine's.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _roa(vrp: Vrp) -> Mapping[str, str]:
    return {
        "prefix": str(vrp.prefix),
        "length": f"/{vrp.max_length}",
        "origin": str(vrp.asn),
        "anchor": printable(registry_name(vrp.anchor)),
    }


def _checks(checks: Sequence[LetterCheck]) -> Sequence[Mapping[str, str]]:
    return [
        {
            "how": printable(one.how),
            "seen": printable(one.seen, longest=300, word=22),
            "of": printable(one.of, longest=_longest_of(one.check), word=26),
            "at": f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M}",
        }
        for one in checks
    ]


def _longest_of(check: Check) -> int:
    return _LONGEST_SERVERS if check is Check.OWNERSHIP_RDNS else _LONGEST_OF


def _qr_code(url: str) -> str:
    drawn = BytesIO()
    segno.make_qr(url, error="m").save(drawn, kind="svg", border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
