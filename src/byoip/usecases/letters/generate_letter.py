"""Write, sign and record the letter of agency that an approved claim is due."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from byoip.domain.checks.evidence import Check, CheckState, Finding, Passed
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.checks.registry import Allocation, Registry, Responsible
from byoip.domain.claims.check_waiver import Waivable, holds
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.letters.letter import (
    LATELY,
    VALIDITY,
    Letter,
    LetterFacts,
    LetterReference,
    letter_due,
)
from byoip.domain.letters.letter_evidence import (
    RegisteredHolder,
    UnnamedWitness,
    deciding_roas,
    passed_checks,
)
from byoip.domain.letters.loa_document import DocumentName, LoaDocument
from byoip.domain.letters.registrants import registrants_of
from byoip.domain.letters.witnesses import Witnesses, statistics_number
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import Vrps
from byoip.ports.clock import Clock
from byoip.ports.letters.letters import LetterPress, LetterSigner
from byoip.ports.tokens import TokenMint
from byoip.store.letters.grounds import LetterGrounds
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.rekeying import numbered_anew
from byoip.usecases.checks.check_rpki import check_rpki
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.letters.own_origin import own_origin
from byoip.usecases.letters.still_held import still_held

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a letter states, and what that rests on."""

    facts: LetterFacts
    claim: Claim
    space: "_Space"
    newest: LetterReference | None
    runs: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class _Space:
    """What is known of the space: its ranges in statistics, and the registry responsible."""

    registered: Sequence[Allocation]
    responsible: str | None


@dataclass(frozen=True, slots=True)
class GenerateLetter:
    """Write the letter that an approved claim is due: its first, or the one that renews it.

    Attributes:
        operator: the operator's name, as the letter states it.
        contact: how networks reach the operator, as the letter states it.
        resolvers, registries: the parties that are asked; see `Witnesses`.
        overrides, countries: see `Registries`.
    """

    store: Store
    clock: Clock
    mint: TokenMint
    press: LetterPress
    signer: LetterSigner
    operator: str
    contact: str
    resolvers: frozenset[str] = frozenset()
    registries: Mapping[str, Registry] = field(default_factory=dict)
    overrides: Sequence[tuple[Prefix, str]] = ()
    countries: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, claim_id: UUID, *, by: Actor) -> Letter | None:
        """Write the letter; None if none is due, or if what it would state does not hold now."""
        found = await self._facts(claim_id)
        if found is None:
            return None
        page = await self.press.press(found.facts)  # nothing is locked while we set and sign it
        signed = await self.signer.sign(page, found.facts)
        return await self._record(claim_id, found, signed, by)

    async def _facts(self, claim_id: UUID) -> _Found | None:
        async with self.store.transaction() as tx:
            try:
                claim = await tx.claims.get(claim_id)
            except ClaimNotFound:
                return None
            newest, due = await _newest(tx, claim, self.clock.now())
            origin = await own_origin(tx, claim) if due else None
            if isinstance(origin, str):
                _log.warning("no letter for prefix %s: %s", claim.id.hex, origin)
            if not due or isinstance(origin, str):
                return None
            space = await self._space(tx, claim)
            grounds = await tx.letters.grounds(claim.id)
            if grounds is None:
                return None  # no run has approved the claim: there is nothing to state
            facts = await self._stated(claim, newest, space, grounds, tx)
            if facts is None:
                return None
            facts = replace(facts, own_origin=origin)
            return _Found(facts, claim, space, _name(newest), grounds.runs)

    async def _stated(
        self,
        claim: Claim,
        newest: Letter | None,
        space: _Space,
        grounds: LetterGrounds,
        tx: Transaction,
    ) -> LetterFacts | None:
        vrps = await tx.roas.about(claim.prefix)
        # Without current ROA data, or with a route that is not valid by it, the letter has to wait.
        if not isinstance(vrps, Vrps):
            return None
        now = self.clock.now()
        waivers = await tx.waivers.of(claim.id, now)
        rpki = waivers.get(Waivable.RPKI)
        today, _ = check_rpki(claim.prefix, claim.asn, vrps, self.clock, waiver=rpki)
        if not isinstance(today.outcome, Passed):
            return None
        anew = await numbered_anew(tx.session, claim.approved_at or now)
        held = still_held(claim, newest, grounds, space.registered, space.responsible, anew)
        if not (held and _irr_passes(claim)):
            return None
        # A waiver that has ended is no word of today.
        passed = [one for one in grounds.findings if holds(one.outcome, waivers.values())]
        findings = (*passed, today)
        if all(one.check is not Check.IRR for one in passed):
            _log.warning("no letter for prefix %s: irr passed by an ended waiver", claim.id.hex)
            return None
        try:
            witnesses = await self._witnesses(
                tx, space.responsible or grounds.registry or "", findings
            )
            checks = passed_checks(findings, witnesses)
        except UnnamedWitness as unnamed:
            # A check that is asked once more may name a party that settings know today.
            _log.warning("no letter for prefix %s: %s", claim.id.hex, unnamed)
            return None
        return LetterFacts(
            reference=LetterReference(self.mint.mint()),
            operator=self.operator,
            contact=self.contact,
            account_name=grounds.account_name,
            holder=RegisteredHolder.of(grounds.registry or "", space.registered),
            prefix=claim.prefix,
            origin=claim.asn,
            checks=checks,
            roas=deciding_roas(claim.prefix, claim.asn, vrps.covering, now=now),
            issued_at=now,
            valid_until=now + VALIDITY,
            waivers=tuple(str(one) for one in waivers.values()),
            registrants=registrants_of(grounds.registrants, claim.prefix, witnesses),
        )

    async def _witnesses(
        self, tx: Transaction, responsible: str, findings: Sequence[Finding]
    ) -> Witnesses:
        asked = {statistics_number(one.of) for finding in findings for one in finding.exhibits}
        numbers = [one for one in asked if one is not None]
        fetched = await tx.registrations.fetched_at(numbers)
        return Witnesses(self.resolvers, self.registries, responsible, fetched)

    async def _record(
        self, claim_id: UUID, found: _Found, content: bytes, by: Actor
    ) -> Letter | None:
        facts, now = found.facts, self.clock.now()
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:
                return None
            newest, due = await _newest(tx, claim, now)
            if not due:
                return None  # another worker was first, or the claim has changed
            if not await self._still_so(tx, claim, found) or _name(newest) != found.newest:
                return None  # what it states holds no longer: the next letter states what does
            document = _document(claim, facts, content)
            await tx.loa_documents.add(document, content)
            letter = Letter(facts, claim_id, claim.account_id, document.id, document.sha256)
            if newest:
                await tx.letters.save(newest.supersede(letter.reference))
            await tx.letters.add(letter, found.runs)
            shown = replace(claim, loa_document_id=document.id, modified_at=now)
            await tx.claims.save(shown)
            before = {"reference": str(newest.reference)} if newest else {}
            after = {
                "reference": str(letter.reference),
                "loa_document_id": document.id.hex,
                "valid_until": facts.valid_until.isoformat(),
            }
            tx.record(claim_id, "letter.issued", before=before, after=after)
        return letter

    async def _still_so(self, tx: Transaction, claim: Claim, found: _Found) -> bool:
        """Whether all is as it was found: a worker may have been stopped for hours since."""
        same = claim.approved_at == found.claim.approved_at
        same = same and claim.account_id == found.claim.account_id
        if not (same and _irr_passes(claim) and await self._space(tx, claim) == found.space):
            return False
        if await own_origin(tx, claim) != found.facts.own_origin:
            return False
        return await _still_valid(tx, claim, found.facts)

    async def _space(self, tx: Transaction, claim: Claim) -> _Space:
        known = Registries(self.registries, self.overrides, self.countries)
        found = known.judge(claim.prefix, *await tx.session.look(*known.about(tx, claim.prefix)))
        named = found.registry.registry.key if isinstance(found.registry, Responsible) else None
        return _Space(found.registered.allocations, named)


def _irr_passes(claim: Claim) -> bool:
    """Whether the newest answer is yes; what passed before is no word of today."""
    passes = claim.irr.state is CheckState.VALID
    if not passes:
        _log.warning("no letter for prefix %s: irr: %s", claim.id.hex, claim.irr.seen)
    return passes


async def _still_valid(tx: Transaction, claim: Claim, facts: LetterFacts) -> bool:
    vrps = await tx.roas.about(facts.prefix)
    if not isinstance(vrps, Vrps):
        return False
    waivers = await tx.waivers.of(claim.id, tx.now)
    if facts.waivers != tuple(str(one) for one in waivers.values()):
        return False
    rpki = waivers.get(Waivable.RPKI)
    today, _ = check_rpki(facts.prefix, facts.origin, vrps, tx.clock, waiver=rpki)
    if not isinstance(today.outcome, Passed):  # a ROA came that no waiver excuses
        return False
    found = deciding_roas(facts.prefix, facts.origin, vrps.covering, now=tx.now)
    return {_told(one) for one in facts.roas} == {_told(one) for one in found}


def _told(roa: Vrp) -> Vrp:
    # Each snapshot has its own expiry of a ROA's chain, and letters do not state it.
    return replace(roa, expires_at=None)


def _name(letter: Letter | None) -> LetterReference | None:
    return None if letter is None else letter.reference


async def _newest(tx: Transaction, claim: Claim, now: datetime) -> tuple[Letter | None, bool]:
    """Its newest letter, and whether the next one is due."""
    written, barred = await tx.letters.of(claim.id), await tx.letters.barred(claim.id)
    newest = next(iter(written), None)
    lately = sum(one.facts.issued_at > now - LATELY for one in written)
    return newest, letter_due(claim, newest, now, barred=barred, lately=lately)


def _document(claim: Claim, facts: LetterFacts, content: bytes) -> LoaDocument:
    return LoaDocument(
        id=uuid4(),
        account_id=claim.account_id,
        filename=DocumentName.of_letter(facts.prefix, facts.origin),
        size=len(content),
        sha256=sha256(content).hexdigest(),
        auto_generated=True,
        verified=True,
        verified_at=facts.issued_at,
        created_at=facts.issued_at,
    )
