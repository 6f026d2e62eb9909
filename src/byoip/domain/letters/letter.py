"""The letter that stands in for a letter of agency: what it states, and for how long it holds.

Networks poll the public page before they keep a route. So a letter ends only when something is
known to be wrong, never because a party did not answer.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check, Outcome
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.checks.rpki_watch import RpkiWatch
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.letters.letter_evidence import LetterCheck, RegisteredHolder
from byoip.domain.letters.own_origin import OwnOrigin
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.prefix import Prefix
from byoip.domain.watch.effects import Act, Stage, stops

VALIDITY = timedelta(days=365)
RENEWAL_AHEAD = timedelta(days=30)
# Of one prefix that is offboarded and restored again and again: each is kept for ever.
MOST_LATELY = 4
LATELY = timedelta(days=1)

# 32 lowercase hex digits: 128 bits, too many to guess, in a URL that survives being typed.
_REFERENCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OWNERSHIP = frozenset({Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS})


class LetterNotFound(Refusal):
    """No letter has this reference."""

    name = "letter_not_found"

    def __init__(self) -> None:
        super().__init__("There is no letter with this reference: compare it with the document.")


@dataclass(frozen=True, slots=True)
class LetterReference:
    """Names a letter in public; anyone who knows it may ask whether the letter holds."""

    value: str

    @classmethod
    def parse(cls, text: str) -> "LetterReference":
        """Read 32 lowercase hex digits.

        Raises:
            LetterNotFound: anything else names no letter.
        """
        if not _REFERENCE.fullmatch(text):
            raise LetterNotFound
        return cls(text)

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.value):
            raise ValueError("a reference is 32 lowercase hex digits")

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """All that a letter states. The same facts make the same page, byte for byte.

    Attributes:
        operator: the one that writes the letter, and announces the route.
        contact: how networks reach the operator, in its own words; empty where it gives none.
        account_name: the customer's own words; the letter says so.
        holder: as the registry states it.
        checks: those that passed: rpki, irr and at least one check of ownership.
        roas: the ROAs that make the route valid (RFC 6811); none only where a waiver says so.
        valid_until: the first moment at which the letter no longer holds.
        waivers: checks that the operator waives for the prefix, with reason and end.
        registrants: whom registration data named as the prefix was approved, the smallest block
            first; none where it was not asked for.
        own_origin: of an origin that is the customer's own; None: it is the operator's.
    """

    reference: LetterReference
    operator: str
    contact: str
    account_name: CustomerText
    holder: RegisteredHolder
    prefix: Prefix
    origin: Asn
    checks: tuple[LetterCheck, ...]
    roas: tuple[Vrp, ...]
    issued_at: datetime
    valid_until: datetime
    waivers: tuple[str, ...] = ()
    registrants: tuple[RegistrantWords, ...] = ()
    own_origin: OwnOrigin | None = None

    def __post_init__(self) -> None:
        if not self.issued_at < self.valid_until:
            raise ValueError("a letter holds for more than nothing")
        passed = {one.check for one in self.checks}
        if not {Check.RPKI, Check.IRR} <= passed or not passed & _OWNERSHIP:
            raise ValueError("a letter states a pass of rpki, irr and ownership")
        named = self.roas or self.waivers
        if not named or not all(roa.matches(self.prefix, self.origin) for roa in self.roas):
            raise ValueError("a letter names ROAs that make its route valid, and no others")


class LetterStatus(StrEnum):
    """What the public page says."""

    VALID = "valid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # a newer letter says the same, for longer
    REVOKED = "revoked"


class RevokedBecause(StrEnum):
    """Why a letter ended before its time."""

    REMOVED = "removed"  # its owner has removed the prefix
    OFFBOARDED = "offboarded"  # its owner has it withdrawn; a restored prefix gets a new letter
    OPERATOR = "operator"
    RPKI = "rpki"  # every accepted snapshot of 24 hours says that the route is not valid


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that was issued, and what became of it.

    Attributes:
        document_id: of the signed document.
        sha256: of the signed document, hex.
        superseded_by: reference of the letter that renewed it.
        rpki: what the snapshots of ROA data accepted since its issue say of its route.
        misnames: it names a party that was not asked, or none: an older version wrote it.
        of_another: it names the account that had the prefix before it moved.
    """

    facts: LetterFacts
    claim_id: UUID
    account_id: UUID
    document_id: UUID
    sha256: str
    superseded_by: LetterReference | None = None
    revoked_at: datetime | None = None
    revoked_because: RevokedBecause | None = None
    rpki: RpkiWatch = field(default=RpkiWatch())
    misnames: bool = False
    under_review: bool = False
    of_another: bool = False

    @property
    def reference(self) -> LetterReference:
        """Its public name."""
        return self.facts.reference

    def status(self, now: datetime) -> LetterStatus:
        """Its status now: the worst news first."""
        if self.revoked_at is not None:
            return LetterStatus.REVOKED
        if self.superseded_by is not None:
            return LetterStatus.SUPERSEDED
        return LetterStatus.VALID if now < self.facts.valid_until else LetterStatus.EXPIRED

    def renewal_due(self, now: datetime) -> bool:
        """Whether its successor should be written: 30 days ahead, or late rather than never.

        At once where it misnames a party: its successor says whom we asked.
        """
        open_ended = self.revoked_at is None and self.superseded_by is None
        return open_ended and (self.misnames or now >= self.facts.valid_until - RENEWAL_AHEAD)

    def supersede(self, by: LetterReference) -> "Letter":
        """Point to the letter that renews it; a revoked letter stays revoked."""
        return self if self.revoked_at is not None else replace(self, superseded_by=by)

    def revoke(self, because: RevokedBecause, now: datetime) -> "Letter":
        """Revoke it, whether it held, was superseded or had expired; the first reason stays."""
        if self.revoked_at is not None:
            return self
        return replace(self, revoked_at=now, revoked_because=because)

    def hear(
        self, snapshot: int, *, after: int | None, built_at: datetime, said: Outcome
    ) -> "Letter":
        """Record what one accepted snapshot says of its route; see `RpkiWatch.hear`."""
        heard = self.rpki.hear(snapshot, after=after, built_at=built_at, said=said)
        return replace(self, rpki=heard)


def letter_due(
    claim: Claim,
    newest: Letter | None,
    now: datetime,
    *,
    barred: bool = False,
    lately: int = 0,
) -> bool:
    """Whether a letter should be written for a claim: its first, or the next one.

    A disputed or suspended claim gets no first letter, but its letter is renewed: networks that
    ask for the letter would drop a live route. After a revocation for RPKI, the next letter needs
    a newer pass; after one by the operator, a newer approval. A claim that the operator approved
    without checks gets no letter: it would have nothing to state. Nor does one that is frozen.

    Args:
        claim: as it is now.
        newest: its newest letter.
        now: the moment.
        barred: whether the operator took a letter back since the approval, also one that was
            revoked before. Times do not tell: processes have clocks of their own.
        lately: how many of its letters were written in the last LATELY.
    """
    passed_at = claim.rpki.passed_at
    frozen = stops(Stage.FREEZE, Act.WRITE_LETTER, claim.frozen_for)
    if frozen or not (claim.approved and claim.delegate_loa_creation and passed_at):
        return False
    if barred or claim.approved_by is Approver.OPERATOR:
        return False
    if newest is None:
        return claim.standing is Standing.OK
    if newest.revoked_at is not None:
        if newest.revoked_because is RevokedBecause.OFFBOARDED:  # and restored since
            return claim.standing is Standing.OK and lately < MOST_LATELY
        failed = newest.revoked_because is RevokedBecause.RPKI
        resolved = not failed or passed_at > newest.revoked_at
        return claim.standing is Standing.OK and resolved
    due = newest.of_another or newest.renewal_due(now)
    return claim.standing is not Standing.OFFBOARDING and due
