"""One attempt of a validation run: load, ask, decide, record.

THEORY OF OPERATION

A run is a row, and a claim has at most one open run. A job in the queue only says "look at this
run now": the row decides. A worker takes the row with a lease and a new attempt number, and renews
the lease while it asks. If the worker dies, the lease ends, `rescue_runs` enqueues the run, and
another worker takes it. The first one's attempt number is then out of date: it records nothing, and
neither does one whose lease has ended, for it may have been stopped, and found what was so then.

    SCHEDULED --take--> RUNNING --record--> FINISHED --unanswered--> a new run, SCHEDULED
                         |   ^                                       15 s to 12 h later
                         +---+ the lease ended: taken again, five attempts at most

    transaction 1     take the run; read the claim, its token, and what is known about its space
    no transaction    wait for a turn of the account (turns.py); where none comes, put the run back
    no transaction    ask registry and reverse DNS, at most 50 s; renew the lease every 10 s
    transaction 2     lock space, claim and run; look again; decide; record

The world moves while the worker asks, so transaction 2 looks again. A claim that was closed, or a
run that another worker has taken, is left alone. Findings about a token that was revoked do not
count. Only the registry that is responsible at that moment proves anything. rpki is checked once
more before an approval, against the ROA data of that moment, and what a waiver of irr let pass
counts only while the waiver does. A rival that was approved, or space that
was reserved, makes it a contest. The token is consumed by one atomic UPDATE, or the claim is not
approved. "We could not ask" never decides: what was known stays, and the next run asks again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from byoip.domain.checks.decision import (
    asked_again,
    decide,
    result_of,
    unanswered,
    useless_token,
)
from byoip.domain.checks.evidence import Check, Fault, Finding, Reason, Unanswered
from byoip.domain.checks.validation_run import LEASE, MOST_ATTEMPTS, RunResult, ValidationRun
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable
from byoip.domain.claims.claim import CheckRecord, Claim, ClaimNotFound
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.history import Actor
from byoip.store.checks.runs import EVIDENCE_QUOTA
from byoip.store.sharing import working_for
from byoip.store.transaction import Store, Transaction
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.check_rpki import check_rpki
from byoip.usecases.checks.collect_evidence import CollectedEvidence, CollectEvidence
from byoip.usecases.checks.learning import proven, with_answers
from byoip.usecases.checks.targets import CheckTarget
from byoip.usecases.checks.turns import Turns
from byoip.usecases.claims.contests import clear_contests, contest_holders, lock_with_space
from byoip.usecases.events import record_changes
from byoip.usecases.watch.lift import lifted_by_proof

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


@dataclass(frozen=True, slots=True)
class RunValidation:
    """Carry out one attempt of a run.

    Attributes:
        heartbeat: seconds between renewals of the lease; well under the lease.
        evidence_quota: bytes of raw answers that an account's runs may keep.
        turns: which runs of an account this worker carries out at once; others wait.
    """

    store: Store
    ask: CollectEvidence
    heartbeat: float = LEASE.total_seconds() / 3
    evidence_quota: int = EVIDENCE_QUOTA
    turns: Turns = field(default_factory=Turns)

    async def __call__(self, run_id: UUID, *, by: Actor) -> None:
        """Do nothing if another worker has the run, or it has ended.

        Where its account gets no turn, the run is put back, and one of another account is due.
        """
        due: UUID | None = run_id
        while due is not None:
            due = await self._attempt(due, by)

    async def _attempt(self, run_id: UUID, by: Actor) -> UUID | None:
        async with self.store.transaction(actor=by) as tx:
            begun = await tx.runs.begin(run_id, LEASE)
            if begun is None:
                return None
            run, prefix = begun
            claim, token, *known = await tx.session.look(
                tx.claims.asking(run.claim_id),
                tx.tokens.asking(run.claim_id),
                *self.ask.about(tx, prefix, run.claim_id),
            )
        if claim is None:
            return None  # the claim was closed
        token = None if claim.approved and not claim.frozen_for else token
        at_once = self.turns.free(claim.account_id)
        if not at_once and not await self.turns.comes(claim.account_id):
            return await self._give_way(run, by)
        with self.turns.turn(claim.account_id), working_for(claim.account_id):
            answers = await self._ask(run, claim, token, known if at_once else None)
            await self._record(run, claim, token, answers, by)
        return None

    async def _give_way(self, run: ValidationRun, by: Actor) -> UUID | None:
        """Put the run back, as it was; one of another account that may have its place."""
        async with self.store.transaction(actor=by) as tx:
            if await tx.runs.put_back(run.id, run.attempt):
                await tx.jobs.enqueue_run(run.id)
            return await tx.runs.due_beside(self.turns.full(), tx.now)

    async def _ask(
        self,
        run: ValidationRun,
        claim: Claim,
        token: OwnershipToken | None,
        known: Sequence[Any] | None,
    ) -> CollectedEvidence:
        if run.attempt > MOST_ATTEMPTS:  # workers die of it: end it, as one without any answer
            return CollectedEvidence(())
        target = CheckTarget(claim.account_id, claim.prefix, claim.asn, token, claim.id)
        async with self._alive(run):  # nothing is locked while we wait
            return await self.ask(target, known)

    @asynccontextmanager
    async def _alive(self, run: ValidationRun) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat(run))
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, run: ValidationRun) -> None:
        held = True
        while held:
            await asyncio.sleep(self.heartbeat)
            with suppress(StoreUnavailable):  # the lease outlasts two beats that are missed
                async with self.store.transaction() as tx:
                    held = await tx.runs.renew(run.id, run.attempt, LEASE)

    async def _record(
        self,
        run: ValidationRun,
        asked: Claim,
        token: OwnershipToken | None,
        answers: CollectedEvidence,
        by: Actor,
    ) -> None:
        async with self.store.transaction(actor=by) as tx:
            # If it is proven, it is approved or contested: the space comes first.
            settles = token is not None and proven(asked, answers, tx.clock.now())
            if asked.silent_rival:
                with suppress(ClaimNotFound):  # the look says so
                    await lock_with_space(tx, run.claim_id)
            space = [tx.claims.locking_space(asked.prefix)] if settles else []
            *_, claim, held = await tx.session.look(
                *space,
                tx.claims.asking(run.claim_id, locking=True),
                tx.runs.locking(run.id, run.attempt),
            )
            if claim is None:
                return  # the claim was closed, and its run ended with it
            if held is None:
                return  # its lease has ended, and another worker has taken the run, or will
            # What is decided by is asked for under all these locks.
            deciding = (
                tx.reservations.blocking(claim.prefix, claim.account_id),
                tx.watches.lost(claim.account_id, claim.prefix),
                *self.ask.about(tx, claim.prefix, claim.id),
            )
            live, used, *known = await tx.session.look(
                tx.tokens.asking(claim.id),
                tx.runs.evidence_kept(claim.id),
                *(deciding if settles else ()),
            )
            proof = token if token and live and live.id == token.id else None
            counting = [one for one in answers.findings if proof or one.check not in _OWNERSHIP]
            learnt = decide(with_answers(claim, answers), counting, tx.now)
            findings = answers.findings
            if findings and proof is None and not claim.approved:
                method = token.method if token else TokenMethod.ANY
                findings = (*findings, *useless_token(method, Reason.TOKEN_REVOKED, tx.now))
            decided, result, more = await self._settle(
                tx, learnt, proof if settles else None, findings, known
            )
            await tx.claims.save(decided)
            record_changes(tx, claim, decided)
            if result is RunResult.APPROVED or (asked.silent_rival and not decided.silent_rival):
                await clear_contests(tx, claim.prefix)
            await self._finish(tx, held, result, (*findings, *more), used)

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
        reserved, lost, *facts = known
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
        if claim.approved:  # and frozen: the token is of that time
            return await lifted_by_proof(tx, claim, token), result_of([once_more]), (once_more,)
        return await self._take(tx, claim, token, once_more, barred=reserved or lost)

    async def _take(
        self,
        tx: Transaction,
        claim: Claim,
        token: OwnershipToken,
        once_more: Finding,
        *,
        barred: bool,
    ) -> _Settled:
        """Give the claim its space, unless another account has it, or the token has expired."""
        now = tx.now
        rivals = await tx.claims.approved_overlapping(claim.prefix)
        if rivals or barred:  # reserved, not for it, or lost to another: the operator settles it
            await contest_holders(tx, rivals)
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
