"""A letter that the operator wrote, as the wire shows it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from byoip.api.border.envelope import Text, Time, Wire, example
from byoip.domain.checks.evidence import Check
from byoip.domain.letters import letter as domain
from byoip.domain.letters.letter import LetterStatus, RevokedBecause
from byoip.domain.rdap.network import SpaceKind
from byoip.domain.rdap.said import RdapEnd

_REFERENCE = "4f0c1f3a9b5de0a65a2b1a7cbb0d9e13"
_TIME = "2026-11-02T09:31:07Z"

EXAMPLE: dict[str, Any] = {
    "reference": _REFERENCE,
    "status": "valid",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "operator": "Example Networks B.V.",
    "operator_contact": "NOC: noc@example.net, +31 20 555 0100",
    "account_name": "Example Company, Inc.",
    "holder": {"registry": "ripencc", "holder": None, "status": None},
    "prefix": "198.18.0.0/23",
    "asn": 64500,
    "checks": [
        {
            "check": "rpki",
            "seen": "Valid by ROA 198.18.0.0/23 max /23 AS64500 (ripe).",
            "of": "snapshot 117 (rpki-client 9.7, built 2026-11-02T09:20:00+00:00)",
            "at": _TIME,
        }
    ],
    "roas": [{"prefix": "198.18.0.0/23", "max_length": 23, "asn": 64500, "trust_anchor": "ripe"}],
    "waivers": [],
    "issued_at": _TIME,
    "valid_until": "2027-11-02T09:31:07Z",
    "superseded_by": None,
    "revoked_at": None,
    "revoked_because": None,
    "registrants": [
        {
            "end": "answered",
            "of": "RIPE NCC, rdap.db.ripe.net",
            "at": _TIME,
            "block": "198.18.0.0 - 198.18.1.255",
            "name": "Example Company, Inc.",
            "kind": "org",
            "type": "ASSIGNED PI",
            "space": "PI",
        }
    ],
    "under_review": False,
    "own_origin": None,
}


class LetterHolder(Wire):
    """The holder of the space, as far as its registry publishes that."""

    registry: str
    holder: str | None = Field(description="The registry's own id of the holder.")
    status: str | None


class LetterRegistrant(Wire):
    """What a registry's RDAP server said of the space as the prefix was approved, in its words."""

    end: RdapEnd = Field(description="`unanswered` says nothing about the space.")
    of: str = Field(description="The party that was asked.")
    at: Time
    block: str | None = Field(description="The smallest network that it has there.")
    name: str | None = Field(description="Of the registrant; null where it names no one party.")
    kind: str | None = Field(description="Of the registrant, for example org or individual.")
    type: str | None = Field(description="Of the network.")
    space: SpaceKind | None = Field(description="Provider aggregatable or independent.")


class LetterCheck(Wire):
    """One check that passed."""

    check: Check
    seen: str
    of: str = Field(description="The party that was asked.")
    at: Time


class LetterRoa(Wire):
    """A ROA that makes the route valid."""

    prefix: Text
    max_length: int
    asn: int
    trust_anchor: str


class LetterOwnOrigin(Wire):
    """An origin that is the customer's own AS number; the operator's stands before it."""

    behind: int = Field(description="The operator's AS, next to the origin in the path.")
    proven: str = Field(description="How the customer has proven the number.")
    proven_at: Time
    aspa: str = Field(description="What the number's ASPA says of the operator.")


class Letter(Wire):
    """A letter of agency that the operator wrote."""

    model_config = example(**EXAMPLE)

    reference: Text
    status: LetterStatus
    sha256: str = Field(description="Of the signed document.")
    operator: str
    operator_contact: str = Field(description="Empty where the operator gives none.")
    account_name: Text = Field(description="As given by the customer.")
    holder: LetterHolder
    prefix: Text
    asn: int
    checks: list[LetterCheck]
    roas: list[LetterRoa]
    waivers: list[str] = Field(
        description="Checks that the operator waives for the prefix, with reason and end."
    )
    issued_at: Time
    valid_until: Time
    superseded_by: Text | None = Field(description="Reference of the letter that renewed it.")
    revoked_at: Time | None
    revoked_because: RevokedBecause | None
    registrants: list[LetterRegistrant] = Field(
        description="None where no registration data was asked for; else first of the smallest "
        "block, then, where that is a part of it, of the holder's around it."
    )
    under_review: bool = Field(
        description="What was proven is no longer so, and is being looked into. The route stays."
    )
    own_origin: LetterOwnOrigin | None = Field(
        description="null where the origin is the operator's."
    )


def letter_of(letter: domain.Letter, now: datetime) -> Letter:
    """A letter as the wire shows it: what it states, and nothing else of its account."""
    facts, holder = letter.facts, letter.facts.holder
    own = facts.own_origin
    return Letter.showing(
        facts,
        status=letter.status(now),
        sha256=letter.sha256,
        operator_contact=facts.contact,
        holder=LetterHolder.showing(
            holder, holder=holder.holder or None, status=holder.status or None
        ),
        registrants=[
            LetterRegistrant.showing(
                one,
                **{name: getattr(one, name) or None for name in ("block", "name", "kind", "type")},
            )
            for one in facts.registrants
        ],
        asn=facts.origin.number,
        roas=[
            LetterRoa.showing(one, asn=one.asn.number, trust_anchor=one.anchor)
            for one in facts.roas
        ],
        waivers=list(facts.waivers),
        superseded_by=letter.superseded_by,
        revoked_at=letter.revoked_at,
        revoked_because=letter.revoked_because,
        under_review=letter.under_review,
        own_origin=own and LetterOwnOrigin.showing(own, behind=own.behind.number),
    )
