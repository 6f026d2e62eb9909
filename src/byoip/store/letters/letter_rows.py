"""Letters and documents: rows to domain objects, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check, CheckState, Fault
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.checks.rpki_watch import RpkiWatch
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.letter import Letter, LetterFacts, LetterReference, RevokedBecause
from byoip.domain.letters.letter_evidence import LetterCheck, RegisteredHolder
from byoip.domain.letters.loa_document import DocumentName, LoaDocument
from byoip.domain.letters.own_origin import OwnOrigin
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import SpaceKind
from byoip.domain.rdap.said import RdapEnd
from byoip.store.asns.tables import own_asns
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.letters.tables import letters, loa_documents
from byoip.store.statements import AnyRow, from_row, json

# All columns of a document but its bytes.
DOCUMENT: Final = tuple(one for one in loa_documents.c if one.name != "content")
# Its origin is a number of the customer's own, whose proof was taken back since.
_UNPROVEN: Final = sa.and_(
    sa.func.coalesce(sa.func.jsonb_typeof(letters.c.facts["own_origin"]), "null")
    == sa.literal_column("'object'"),
    ~sa.exists().where(
        own_asns.c.account_id == prefixes.c.account_id,
        own_asns.c.asn == prefixes.c.asn,
        own_asns.c.live,
        own_asns.c.state == constant(CheckState.VALID),
    ),
)
LETTER: Final = (
    *letters.c,
    prefixes.c.account_id,
    prefixes.c.cidr,
    prefixes.c.asn,
    sa.or_(sa.func.cardinality(prefixes.c.frozen_for) > 0, _UNPROVEN).label("under_review"),
    (loa_documents.c.account_id != prefixes.c.account_id).label("of_another"),
    loa_documents.c.sha256,
)
LETTERS: Final = letters.join(prefixes, prefixes.c.id == letters.c.prefix_id).join(
    loa_documents, loa_documents.c.id == letters.c.document_id
)
FATE: Final = (
    "superseded_by",
    "revoked_at",
    "revoked_because",
    "rpki_snapshot",
    "rpki_failing_since",
    "rpki_failing_until",
)


def document_from(row: AnyRow) -> LoaDocument:
    """A document, from the columns DOCUMENT."""
    verified = row.verified_at is not None
    texts = {"filename": DocumentName(row.filename), "sha256": row.sha256.hex()}
    return from_row(LoaDocument, row, verified=verified, **texts)


def letter_from(row: AnyRow) -> Letter:
    """A letter, from the columns LETTER of LETTERS."""
    because = row.revoked_because
    return from_row(
        Letter,
        row,
        facts=_facts_from(row),
        claim_id=row.prefix_id,
        sha256=row.sha256.hex(),
        superseded_by=None if row.superseded_by is None else LetterReference(row.superseded_by.hex),
        revoked_because=None if because is None else RevokedBecause(because),
        rpki=RpkiWatch(row.rpki_snapshot, row.rpki_failing_since, row.rpki_failing_until),
        misnames=row.misnames or row.misnames_rdns,
    )


def letter_values(letter: Letter) -> dict[str, Any]:
    """The values of a row of letters when the letter is issued."""
    facts = letter.facts
    return {
        "reference": facts.reference.value,
        "prefix_id": letter.claim_id,
        "document_id": letter.document_id,
        "issued_at": facts.issued_at,
        "valid_until": facts.valid_until,
        "facts": json(_facts(facts)),
        **fate_values(letter),
    }


def fate_values(letter: Letter) -> dict[str, Any]:
    """The values that change after that: the columns FATE."""
    by = letter.superseded_by
    return {
        "superseded_by": None if by is None else by.value,
        "revoked_at": letter.revoked_at,
        "revoked_because": letter.revoked_because,
        "rpki_snapshot": letter.rpki.snapshot,
        "rpki_failing_since": letter.rpki.failing_since,
        "rpki_failing_until": letter.rpki.failing_until,
    }


def _facts(facts: LetterFacts) -> dict[str, Any]:
    holder = facts.holder
    return {
        "operator": facts.operator,
        "contact": facts.contact,
        "account_name": facts.account_name.value,
        "holder": {"registry": holder.registry, "holder": holder.holder, "status": holder.status},
        "checks": [
            {"check": one.check, "seen": one.seen, "of": one.of, "at": one.at.isoformat()}
            for one in facts.checks
        ],
        "waivers": list(facts.waivers),
        "own_origin": _own_origin(facts.own_origin),
        "registrants": [{**asdict(one), "at": one.at.isoformat()} for one in facts.registrants],
        "roas": [
            {
                "prefix": str(one.prefix),
                "max_length": one.max_length,
                "asn": one.asn.number,
                "anchor": one.anchor,
                "expires_at": None if one.expires_at is None else one.expires_at.isoformat(),
            }
            for one in facts.roas
        ],
    }


def _facts_from(row: AnyRow) -> LetterFacts:
    kept = row.facts
    return LetterFacts(
        reference=LetterReference(row.reference.hex),
        operator=kept["operator"],
        contact=kept["contact"],
        account_name=CustomerText(kept["account_name"]),
        holder=RegisteredHolder(**kept["holder"]),
        prefix=Prefix(row.cidr),
        origin=Asn(row.asn),
        checks=tuple(_check(one) for one in kept["checks"]),
        roas=tuple(_roa(one) for one in kept["roas"]),
        waivers=tuple(kept.get("waivers", ())),  # letters before 0010 have none
        registrants=tuple(_registrant(one) for one in kept.get("registrants", ())),  # older: none
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        own_origin=_own_origin_from(kept.get("own_origin")),  # older: none
    )


def _own_origin(own: OwnOrigin | None) -> dict[str, Any] | None:
    if own is None:
        return None
    return {**asdict(own), "behind": own.behind.number, "proven_at": own.proven_at.isoformat()}


def _own_origin_from(kept: Mapping[str, Any] | None) -> OwnOrigin | None:
    if kept is None:
        return None
    at = datetime.fromisoformat(kept["proven_at"])
    return OwnOrigin(**{**kept, "behind": Asn(kept["behind"]), "proven_at": at})


def _check(kept: Mapping[str, Any]) -> LetterCheck:
    at = datetime.fromisoformat(kept["at"])
    return LetterCheck(Check(kept["check"]), kept["seen"], kept["of"], at)


def _registrant(kept: Mapping[str, Any]) -> RegistrantWords:
    space = SpaceKind(kept["space"]) if kept["space"] else None
    fault = Fault(kept["fault"]) if kept.get("fault") else None  # older: none
    at = datetime.fromisoformat(kept["at"])
    typed = {"end": RdapEnd(kept["end"]), "at": at, "space": space, "fault": fault}
    return RegistrantWords(**{**kept, **typed})


def _roa(kept: Mapping[str, Any]) -> Vrp:
    expires = kept["expires_at"]
    return Vrp(
        prefix=Prefix.parse(kept["prefix"]),
        max_length=kept["max_length"],
        asn=Asn(kept["asn"]),
        anchor=kept["anchor"],
        expires_at=None if expires is None else datetime.fromisoformat(expires),
    )
