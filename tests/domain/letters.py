"""Short ways to write letters in tests."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.letter import VALIDITY, Letter, LetterFacts, LetterReference
from byoip.domain.letters.letter_evidence import LetterCheck, RegisteredHolder
from tests.domain.samples import NOW, OURS, prefix

REFERENCE = LetterReference("0123456789abcdef" * 2)
NEXT = LetterReference("fedcba9876543210" * 2)


def letter_check(check: Check, seen: str = "Seen.", of: str = "whois.example:43") -> LetterCheck:
    """A check that passed seven minutes before the letter."""
    return LetterCheck(check, seen, of, NOW - timedelta(minutes=7))


CHECKS = (
    letter_check(
        Check.REGISTRATION,
        "ripencc (delegated-extended statistics)",
        "the registries' delegated statistics, fetched 2026-11-22T06:00:00Z",
    ),
    letter_check(
        Check.IRR,
        "192.0.2.0/24 AS64500 in RIPE, maintained by EXAMPLE-MNT.",
        "RIPE NCC, rest.db.example",
    ),
    letter_check(
        Check.RPKI,
        "Valid by ROA 192.0.2.0/24 max /24 AS64500 (ripe).",
        "rpki-client 9.7, built 2026-11-22T11:40:00+00:00",
    ),
    letter_check(
        Check.OWNERSHIP_RDNS,
        "The token stands in 2.0.192.in-addr.arpa.",
        "ns1.example, ns2.example",
    ),
)


def letter_facts(**changes: Any) -> LetterFacts:
    """What an everyday letter states, with what the test is about changed."""
    everyday = LetterFacts(
        reference=REFERENCE,
        operator="Example Networks B.V.",
        contact="NOC: noc@example.net, +31 20 555 0100",
        account_name=CustomerText("Example Company, Inc."),
        holder=RegisteredHolder("ripencc", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "allocated"),
        prefix=prefix("192.0.2.0/24"),
        origin=OURS,
        checks=CHECKS,
        roas=(Vrp(prefix("192.0.2.0/24"), 24, OURS, "ripe"),),
        issued_at=NOW,
        valid_until=NOW + VALIDITY,
    )
    return replace(everyday, **changes)


def letter(**changes: Any) -> Letter:
    """A letter issued just now, with what the test is about changed."""
    fresh = Letter(
        facts=letter_facts(),
        claim_id=uuid4(),
        account_id=uuid4(),
        document_id=uuid4(),
        sha256="0" * 64,
    )
    return replace(fresh, **changes)
