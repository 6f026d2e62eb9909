"""The end of a validation run: lock, look again, decide, record. See run_validation.py."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from byoip.domain.checks.decision import (
    asked_again,
    decide,
    result_of,
    unanswered,
    useless_token,
)
from byoip.domain.checks.evidence import Check, Fault, Finding, Passed, Reason, Unanswered
from byoip.domain.checks.validation_run import RunResult, ValidationRun
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable
from byoip.domain.claims.claim import CheckRecord, Claim, ClaimNotFound
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.history import Actor
from byoip.domain.watch.validity import LONGEST
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.disputes import DisputeRepository
from byoip.store.watch.sales import waiting
from byoip.usecases.checks.check_rpki import check_rpki, with_aspa
from byoip.usecases.checks.collect_evidence import CollectedEvidence, CollectEvidence
from byoip.usecases.checks.first_looks.heeding import Heeding
from byoip.usecases.checks.learning import proven, with_answers
from byoip.usecases.checks.request_validation import NewTokens
from byoip.usecases.claims.contests import (
    clear_contests,
    contest_holders,
    lock_with_space,
    unsettled,
)
from byoip.usecases.events import record_changes
from byoip.usecases.watch.disputes import open_disputes
from byoip.usecases.watch.hear_statistics import as_approved
from byoip.usecases.watch.lift import proven_anew

_Settled = tuple[Claim, RunResult, tuple[Finding, ...]]
_OWNERSHIP = (Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS)
_WAIVER_ENDED = Unanswered(
    Fault.NOT_ASKED,
    "The operator's waiver of irr has ended since.",
    "Create the route object, or ask the operator.",
)
_REGISTRY_CHANGED = Unanswered(
    Fault.NOT_ASKED,
    "Another registry is responsible than the one that was asked, or none is known to be.",
    "Wait: the registry that is responsible is asked.",
)
_AWARDED = Unanswered(
    Fault.NOT_ASKED,
    "An operator has decided a dispute about this space for another account.",
    "Wait until that account is approved or gives it up, or talk to the operator.",
)

# From where on what is known at the moment begins in what is decided by; statistics are first.
_FACTS = 5


@dataclass(frozen=True, slots=True)
class RecordRun:
    """The transaction of a run; see `RunValidation`."""

    store: Store
    ask: CollectEvidence
    evidence_quota: int
    tokens: NewTokens | None

    async def __call__(
        self,
        run: ValidationRun,
        asked: Claim,
        token: OwnershipToken | None,
        answers: CollectedEvidence,
        by: Actor,
    ) -> None:
        """Do nothing where the claim was closed, or another worker has the run."""
        found = run, asked, token, answers, by
        if not await self._recorded(*found, silent_rival=asked.silent_rival):
            await self._recorded(*found, silent_rival=True)

    async def _recorded(
        self,
        run: ValidationRun,
        asked: Claim,
        token: OwnershipToken | None,
        answers: CollectedEvidence,
        by: Actor,
        *,
        silent_rival: bool,
    ) -> bool:
        """False: it is a silent rival by now, and its space has to be locked first."""
        async with self.store.transaction(actor=by) as tx:
            # If it is proven, it is approved or contested: the space comes first.
            worth = token is not None and run.worth_asking
            settles = worth and proven(asked, answers, tx.clock.now())
            if silent_rival:
                with suppress(ClaimNotFound):  # the look says so
                    await lock_with_space(tx, run.claim_id)
            space = [tx.claims.locking_space(asked.prefix)] if settles else []
            *_, claim, held = await tx.session.look(
                *space,
                tx.claims.asking(run.claim_id, locking=True),
                tx.runs.locking(run.id, run.attempt),
            )
            if claim is None:
                return True  # the claim was closed, and its run ended with it
            if held is None:
                return True  # its lease has ended, and another worker has taken the run, or will
            if claim.silent_rival and not silent_rival:
                return False
            # What is decided by is asked for under all these locks.
            deciding = (
                tx.contests.around(claim.prefix),
                tx.reservations.blocking(claim.prefix, claim.account_id),
                tx.watches.lost(claim.account_id, claim.prefix, tx.now - LONGEST),
                DisputeRepository(tx.session).awarded(claim),
                waiting([claim], claim.prefix, tx.now),
                *self.ask.about(tx, claim.prefix, claim.id),
            )
            live, used, *known = await tx.session.look(
                tx.tokens.asking(claim.id),
                tx.runs.evidence_kept(claim.id),
                *(deciding if settles else ()),
            )
            proof = live if token and live and live.id == token.id else None
            basis = claim
            if proof:
                heed = Heeding(tx, self.ask, self.tokens)
                answers, basis = await heed(claim, proof, answers)
            counting = [one for one in answers.findings if proof or one.check not in _OWNERSHIP]
            learnt = decide(with_answers(basis, answers), counting, tx.now)
            findings = answers.findings
            if findings and proof is None and not claim.approved:
                method = token.method if token else TokenMethod.ANY
                fresh = live and live.id == run.without_token
                why = Reason.TOKEN_EXPIRED if fresh else Reason.TOKEN_REVOKED
                findings = (*findings, *useless_token(method, why, tx.now))
            decided, result, more = await self._settle(
                tx, learnt, proof if settles and basis is claim else None, findings, known
            )
            holder = None
            if decided.approved and not claim.approved:
                holder = await as_approved(tx, claim, known[_FACTS])
            await tx.claims.save(decided)
            record_changes(tx, claim, decided)
            freed = result is RunResult.APPROVED and known[0].marked
            if freed or (claim.silent_rival and not decided.silent_rival):
                await clear_contests(tx, claim.prefix)
            told = await with_aspa(tx, claim, (*findings, *more))
            await self._finish(tx, held, result, told, used)
            if holder is not None:
                await tx.watches.put_of_approval(claim.id, holder)
        return True

    async def _settle(
        self,
        tx: Transaction,
        claim: Claim,
        token: OwnershipToken | None,
        findings: Sequence[Finding],
        known: Sequence[Any],
    ) -> _Settled:
        """Approve, contest, or leave the claim as it is; gives what was found here, too."""
        result = result_of(findings) if findings else RunResult.UNANSWERED
        now = tx.now
        stopped = claim.suspended or claim.offboarding
        if stopped or token is None or not claim.proven(now):
            return claim, result, ()
        around, reserved, lost, awarded, sold = known[:_FACTS]
        facts = known[_FACTS:]
        registry, vrps, waivers = self.ask.understood(claim.prefix, facts)
        if changed := self._changed(tx, claim, waivers, registry):
            return changed
        waiver = waivers.get(Waivable.RPKI)
        once_more, _ = check_rpki(
            claim.prefix, claim.asn, vrps, tx.clock, claim.other_origins, waiver
        )
        claim = decide(claim, [once_more], now)
        if not claim.proven(now) or unanswered([once_more]):
            return claim, result_of([once_more]), (once_more,)
        if claim.approved:  # and frozen, or its proof ends: the token is of that time
            kept = await proven_anew(tx, claim, token, self._vouched(claim, findings))
            return kept, result_of([once_more]), (once_more,)
        taken = around.approved or reserved
        barred = {"taken": taken, "lost": lost, "awarded": awarded, "sold": bool(sold)}
        return await self._take(tx, claim, token, once_more, **barred)

    def _vouched(self, claim: Claim, findings: Sequence[Finding]) -> Mapping[Check, frozenset[str]]:
        """By which ways ownership was proven, and who vouched.

        By route objects only where the holder rule holds.
        """
        registry = self.ask.registries.get(claim.registry or "")
        ruled = registry is not None and registry.holder_rule
        ways = _OWNERSHIP if ruled else (Check.OWNERSHIP_RDNS,)
        ended = {one.check: one.outcome for one in findings if one.check in ways}
        return {check: one.by for check, one in ended.items() if isinstance(one, Passed)}

    async def _take(
        self,
        tx: Transaction,
        claim: Claim,
        token: OwnershipToken,
        once_more: Finding,
        *,
        taken: bool,
        lost: bool,
        awarded: bool,
        sold: bool,
    ) -> _Settled:
        """Give the claim its space, unless another account has it, or the token has expired."""
        now = tx.now
        if taken or lost:  # not for it, or to another: the operator settles it
            rivals = await tx.claims.approved_overlapping(claim.prefix)
            # Who has lost the space itself says nothing of who has it now.
            holders = rivals if lost else await open_disputes(tx, claim, rivals)
            await contest_holders(tx, await unsettled(tx, claim, holders))
            return claim.contest(now), RunResult.CONTESTED, (once_more,)
        if awarded:  # and free until its winner asks for validation
            return claim, RunResult.UNANSWERED, (Finding(Check.REGISTRATION, _AWARDED, now),)
        if sold:  # and left: who did may be behind this account, with the old zone
            return claim.contest(now), RunResult.CONTESTED, (once_more,)
        if not await tx.tokens.consume(token.id):  # it expired while its run was out
            late = useless_token(token.method, Reason.TOKEN_EXPIRED, now)
            return decide(claim, late, now), RunResult.FAILED, (once_more, *late)
        if claim.delegate_loa_creation:
            await tx.jobs.enqueue_letter(claim.id)
        tx.record(claim.id, "token.consumed", after={"token_id": token.id.hex})
        return claim.approve(now), RunResult.APPROVED, (once_more,)

    def _changed(
        self,
        tx: Transaction,
        claim: Claim,
        waivers: Mapping[Waivable, CheckWaiver],
        registry: str | None,
    ) -> _Settled | None:
        """How the run ends where the word of another registry counts by now, or a waiver ended."""
        if claim.irr_waived and not self.ask.waives_irr(claim.registry, waivers):
            ended = Finding(Check.IRR, _WAIVER_ENDED, tx.now)
            unproven = replace(claim, irr=CheckRecord(), irr_waived=False)
            return decide(unproven, [ended], tx.now), RunResult.UNANSWERED, (ended,)
        if registry != claim.registry:
            other = Finding(Check.REGISTRATION, _REGISTRY_CHANGED, tx.now)
            return claim, RunResult.UNANSWERED, (other,)
        return None

    async def _finish(
        self,
        tx: Transaction,
        run: ValidationRun,
        result: RunResult,
        findings: Sequence[Finding],
        used: int,
    ) -> None:
        again = run.again(uuid4(), tx.now) if result is RunResult.UNANSWERED else None
        told = asked_again(findings, again.due_at) if again else findings
        await tx.runs.finish(run.finished(result, tx.now), told, self.evidence_quota, used=used)
        after = {"validation_id": run.id.hex, "result": result.value}
        tx.record(run.claim_id, "validation.finished", after=after)
        if again:
            await tx.runs.open(again)
            await tx.jobs.enqueue_run(again.id, at=again.due_at)
