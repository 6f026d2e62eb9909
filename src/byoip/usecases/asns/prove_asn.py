"""Prove that an account has an AS number: by the registry's holder of it, or by its token."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from byoip.domain.asns.asn_dispute import AsnProof
from byoip.domain.asns.aut_num import judge_aut_num, no_token, others_write_routes, takes_token
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.asns.registration import AsnRegistration, responsible_for_asn
from byoip.domain.checks.evidence import (
    Failed,
    Fault,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
    recent,
)
from byoip.domain.checks.registries.national import countries_of_pools
from byoip.domain.checks.registry import Registry
from byoip.domain.perspectives.quorum import Subject
from byoip.domain.prefix import Prefix
from byoip.ports.checks.perspective import Perspective
from byoip.ports.checks.rdap import RegistrationData
from byoip.ports.checks.registry import Found, NoAnswer, RegistryQuestion, RouteRegistry
from byoip.ports.threads import in_thread
from byoip.store.asns import asn_statistics
from byoip.store.transaction import Store, Transaction
from byoip.usecases.asns.ask_registrant import ask_registrant
from byoip.usecases.asns.contested import note_contest
from byoip.usecases.border import Verb
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere

_EXPIRED: Final = Failed(
    Reason.TOKEN_EXPIRED,
    "The token has expired.",
    "Issue another one (POST .../asns/{asn_id}/validation_tokens), publish it and ask again.",
)


_CHANGED: Final = Unanswered(
    Fault.NOT_ASKED,
    "What this would rest on has changed while it was looked for, or is not known to be so still.",
    "Ask for it again.",
)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What an attempt came to, and for which token it was made."""

    token: str
    outcome: Outcome
    by: ProvenBy = ProvenBy.TOKEN
    registry: str | None = None
    holder: str = ""
    answer: bytes | None = None
    by_rdap: Prefix | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """Whose the number is by statistics, and by which prefix of this account it may be proven.

    Attributes:
        spanned: a proven one of the same holder.
        to_ask_about: those of which RDAP may name the same registrant, where there is none, with
            the handle that it named before.
    """

    found: AsnRegistration | Failed | Unanswered
    spanned: Prefix | None = None
    to_ask_about: Mapping[Prefix, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProveAsn:
    """Asks whose a number is. No transaction is open while we wait, and none is kept by asking.

    Attributes:
        registries: those this operator knows, by key.
        label: stands before the token.
        deadline: seconds after which a question without an answer is unanswered.
        countries: for which the settings name a national registry.
        data: None: no registration data is asked for.
        elsewhere: other places, asked about a token that was found here.
    """

    store: Store
    registry: RouteRegistry
    registries: Mapping[str, Registry]
    label: str
    deadline: float
    countries: Collection[str] = ()
    data: RegistrationData | None = None
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    async def __call__(self, account_id: UUID, own_asn_id: UUID) -> Verb[OwnAsn]:
        """Ask; the verb that records what came of it, under the number's lock.

        Raises:
            OwnAsnNotFound: the account has no such number.
        """
        async with self.store.transaction() as tx:
            own = await tx.own_asns.get(account_id, own_asn_id)
            now = tx.now
            known = await self._known(tx, own)
        found = known.found
        if not isinstance(found, AsnRegistration):
            attempt = _Attempt(own.token, found)
        elif known.spanned is not None:
            seen = (
                f"{found.registry.key} has given {own.asn} and {known.spanned}, which this account "
                f"has proven, to the same holder, {found.holder}."
            )
            key = found.registry.key
            attempt = _Attempt(own.token, Passed(seen), ProvenBy.HOLDER, key, found.holder)
        else:
            attempt = await self._by_registrant(own, found, known.to_ask_about) or (
                await self._by_token(own, found, now)
            )

        async def still(tx: Transaction, locked: OwnAsn) -> bool:
            late = attempt.by is ProvenBy.TOKEN and locked.token_expires_at <= tx.now
            return recent(now, tx.now) and not late and await self._still(tx, locked, attempt)

        if isinstance(attempt.outcome, Passed) and not own.proven:
            of = attempt.registry or "", attempt.holder, attempt.outcome.seen, attempt.answer
            await note_contest(self.store, own, AsnProof(own.token, attempt.by, *of), still)

        async def record(tx: Transaction) -> OwnAsn:
            locked = await tx.own_asns.lock(account_id, own_asn_id)
            passed = isinstance(attempt.outcome, Passed) and not locked.proven
            if passed and not (recent(now, tx.now) and await self._still(tx, locked, attempt)):
                changed = _Attempt(attempt.token, _CHANGED, registry=attempt.registry)
                return await _record(tx, locked, changed)
            return await _record(tx, locked, attempt)

        return record

    async def _known(self, tx: Transaction, own: OwnAsn) -> _Known:
        """No prefix proves it where the holder's id is a national registry's own."""
        (rows,) = await tx.session.look(asn_statistics.about(own.asn))
        found = responsible_for_asn(own.asn, rows, self.registries)
        if not isinstance(found, AsnRegistration):
            return _Known(found)
        key, holder = found.registry.key, found.holder
        spanned = None
        if not others_write_routes(found.registry):
            spanned = await tx.own_asns.spanned(own, key, holder)
        more = {}
        if not spanned and self.data:
            more = dict(await tx.own_asns.to_ask_about(own, key))
        pools = countries_of_pools(key, self.countries)
        if (spanned or more) and await tx.own_asns.pooled(key, holder, pools):
            return _Known(found)
        return _Known(found, spanned, more)

    async def _still(self, tx: Transaction, own: OwnAsn, attempt: _Attempt) -> bool:
        """Whether what it rests on is so still: a process may have been stopped for hours."""
        known = await self._known(tx, own)
        found = known.found
        if not isinstance(found, AsnRegistration):
            return False
        if (found.registry.key, found.holder) != (attempt.registry, attempt.holder):
            return False
        if attempt.by_rdap is not None:
            return attempt.by_rdap in known.to_ask_about
        return attempt.by is not ProvenBy.HOLDER or known.spanned is not None

    async def _by_registrant(
        self, own: OwnAsn, found: AsnRegistration, prefixes: Mapping[Prefix, str]
    ) -> _Attempt | None:
        """By RDAP; None: nobody was asked, or what was said proves nothing."""
        if self.data is None or own.proven:
            return None
        try:
            async with asyncio.timeout(self.deadline / 2):  # the other half is for the token
                same = await ask_registrant(self.data, own, found.registry, prefixes)
        except TimeoutError:
            return None
        if same is None:
            return None
        of = ProvenBy.HOLDER, found.registry.key, found.holder, same.answer
        return _Attempt(own.token, Passed(same.seen), *of, by_rdap=same.prefix)

    async def _by_token(self, own: OwnAsn, found: AsnRegistration, now: datetime) -> _Attempt:
        registry, key = found.registry, found.registry.key
        if not takes_token(registry):
            return _Attempt(own.token, no_token(own.asn, registry), registry=key)
        if own.proven:
            return _Attempt(own.token, Passed(own.evidence), registry=key)
        if own.token_expires_at <= now:
            return _Attempt(own.token, _EXPIRED, registry=key)
        question = RegistryQuestion.of_aut_num(registry, own.asn, own.account_id)
        try:
            async with asyncio.timeout(self.deadline):
                outcome, exhibit = await self._at_registry(own, question, self.registry)
        except TimeoutError:
            late = Unanswered(Fault.TIMEOUT, f"{registry.host} did not answer in time.")
            return _Attempt(own.token, late, registry=key)
        if isinstance(outcome, Passed):
            digest = sha256(exhibit.answer).hexdigest()
            said = Passed(f"{outcome.seen} Answer of {exhibit.of}, SHA-256 {digest}.")
            outcome = await self._seen_elsewhere(own, question, said)
        return _Attempt(own.token, outcome, ProvenBy.TOKEN, key, found.holder, exhibit.answer)

    async def _at_registry(
        self, own: OwnAsn, question: RegistryQuestion, registry: RouteRegistry
    ) -> tuple[Outcome, RawAnswer]:
        """How it ends by what the registry says, asked in this way, and its answer."""
        answer = await registry.look_up(question)
        if isinstance(answer, NoAnswer):
            return Unanswered(answer.fault, answer.detail), answer.exhibit
        objects = answer.objects if isinstance(answer, Found) else ()
        asked = own.asn, question.registry, objects, own.token, self.label
        return await in_thread(own.account_id, judge_aut_num, *asked), answer.exhibit

    async def _seen_elsewhere(
        self, own: OwnAsn, question: RegistryQuestion, here: Passed
    ) -> Outcome:
        """What was seen here, as other places leave it; all that they saw is in the words."""

        async def look(one: Perspective) -> Outcome:
            outcome, _ = await self._at_registry(own, question, one)
            return outcome

        what, involved = "token", frozenset({own.asn.number})
        subject = Subject(own.id, str(own.asn))
        said = (await self.elsewhere.confirm(subject, {what: (here, look)}, involved))[what]
        match said:
            case Passed(warnings=warnings) if warnings:
                return Passed(f"{said.seen} {'; '.join(warnings)}.")
            case Failed(reason):
                return replace(said, seen=f"{reason}: {said.seen}")
        return said


async def _record(tx: Transaction, own: OwnAsn, attempt: _Attempt) -> OwnAsn:
    """What was found, for the locked number: a token that was replaced meanwhile proves none.

    Raises:
        AsnProvenByAnother: another account has proven it.
    """
    if own.proven or own.token != attempt.token:
        return own
    passed = isinstance(attempt.outcome, Passed)
    if passed and attempt.by is ProvenBy.TOKEN and own.token_expires_at <= tx.now:
        attempt = _Attempt(attempt.token, _EXPIRED, registry=attempt.registry)
    heard = own.hear(
        attempt.outcome, attempt.by, tx.now, registry=attempt.registry, holder=attempt.holder
    )
    await tx.own_asns.save(heard, attempt.answer if heard.proven else None)
    return heard
