import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from byoip.domain.checks.decision import decide, result_of, unanswered, useless_token
from byoip.domain.checks.evidence import Check, Finding, Reason
from byoip.domain.checks.validation_run import LEASE, MOST_ATTEMPTS, RunResult, ValidationRun
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.check_rpki import check_rpki
from byoip.usecases.checks.collect_evidence import CheckTarget, CollectedEvidence, CollectEvidence
from byoip.usecases.events import record_changes

_OWNERSHIP = (Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS)


@dataclass(frozen=True, slots=True)
class RunValidation:
    """Carry out one attempt of a run: load, ask, decide, record.

    Attributes:
        heartbeat: seconds between signs of life; well under the lease.
    """

    store: Store
    clock: Clock
    ask: CollectEvidence
    heartbeat: float = LEASE.total_seconds() / 3

    async def __call__(self, run_id: UUID, *, by: Actor) -> None:
        """Do nothing if another worker has the run, or it has ended."""
        async with self.store.transaction(actor=by) as tx:
            run = await tx.runs.take(run_id, LEASE)
            if run is None:
                return
            try:
                claim = await tx.claims.get(run.claim_id)
            except ClaimNotFound:
                return  # removed meanwhile
            token = None if claim.approved else await tx.tokens.live(claim.id)
        if run.attempt > MOST_ATTEMPTS:  # workers die of it: give up, as if nobody had answered
            answers = CollectedEvidence(())
        else:
            async with self._alive(run):  # nothing is locked while we wait
                answers = await self.ask(
                    CheckTarget(claim.account_id, claim.prefix, claim.asn, token)
                )
        await self._record(run, token, answers, by)

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
        token: OwnershipToken | None,
        answers: CollectedEvidence,
        by: Actor,
    ) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(run.claim_id)
            except ClaimNotFound:
                return  # removed meanwhile; its run was ended with it
            held = await tx.runs.lock(run.id, run.attempt)
            if held is None:
                return  # another worker has taken over: write nothing
            live = await tx.tokens.live(claim.id)
            proof = token if token and live and live.id == token.id else None
            counting = [one for one in answers.findings if proof or one.check not in _OWNERSHIP]
            now = self.clock.now()
            learnt = decide(_with(claim, answers), counting, now)
            findings = answers.findings
            if findings and proof is None and not claim.approved:
                method = token.method if token else TokenMethod.ANY
                findings = (*findings, *useless_token(method, Reason.TOKEN_REVOKED, now))
            decided, result, more = await self._settle(tx, learnt, proof, findings)
            await tx.claims.save(decided)
            record_changes(tx, claim, decided)
            await self._finish(tx, held, result, (*findings, *more))

    async def _settle(
        self,
        tx: Transaction,
        claim: Claim,
        token: OwnershipToken | None,
        findings: Sequence[Finding],
    ) -> tuple[Claim, RunResult, tuple[Finding, ...]]:
        """Approve, contest, or leave as it is; what was asked once more comes back as well."""
        result = result_of(findings) if findings else RunResult.UNANSWERED
        now = self.clock.now()
        if claim.approved or token is None or not claim.proven(now):
            return claim, result, ()
        if claim.suspended or claim.offboarding:
            return claim, result, ()
        await tx.claims.lock_space(claim.prefix)
        vrps = await tx.roas.about(claim.prefix)
        once_more, _ = check_rpki(claim.prefix, claim.asn, vrps, self.clock)
        claim = decide(claim, [once_more], now)
        if not claim.proven(now) or unanswered([once_more]):
            return claim, result_of([once_more]), (once_more,)
        rivals = await tx.claims.approved_overlapping(claim.prefix)
        reserved = await tx.operating.reservations.blocks(claim.prefix, claim.account_id)
        if rivals or reserved:  # reserved for somebody else: a contest the operator settles
            await self._contest(tx, rivals)
            return claim.contest(now), RunResult.CONTESTED, (once_more,)
        if not await tx.tokens.consume(token.id):  # it expired while its run was out
            late = useless_token(token.method, Reason.TOKEN_EXPIRED, now)
            return decide(claim, late, now), RunResult.FAILED, (once_more, *late)
        if claim.delegate_loa_creation:
            await tx.jobs.enqueue_letter(claim.id)
        after = {"token_id": token.id.hex}
        tx.record(claim.id, "token.consumed", after=after)
        return claim.approve(now), RunResult.APPROVED, (once_more,)

    async def _contest(self, tx: Transaction, rivals: Sequence[Claim]) -> None:
        now = self.clock.now()
        for rival in rivals:
            contested = rival.contest(now)
            await tx.claims.save(contested)
            record_changes(tx, rival, contested)
            leaving = await tx.offboardings.live(rival.id)
            if rival.offboarding and leaving and not leaving.contested:
                # Its standing says that it leaves; restored, it is in dispute.
                await tx.offboardings.save(leaving.disputed())
                tx.record(rival.id, "offboarding.contested")

    async def _finish(
        self, tx: Transaction, run: ValidationRun, result: RunResult, findings: Sequence[Finding]
    ) -> None:
        now = self.clock.now()
        await tx.runs.finish(run.finished(result, now), findings)
        after = {"validation_id": run.id.hex, "result": result.value}
        tx.record(run.claim_id, "validation.finished", after=after)
        if result is RunResult.UNANSWERED:
            again = run.again(uuid4(), now)
            await tx.runs.open(again)
            await tx.jobs.enqueue_run(again.id, at=again.due_at)


def _with(claim: Claim, answers: CollectedEvidence) -> Claim:
    """What was learnt beside the checks; where nobody answered, what was known stays."""
    known = claim.other_origins if not (answers.findings and answers.others_complete) else ()
    others = tuple(dict.fromkeys((*answers.other_origins, *known)))
    if answers.registry is None:
        return replace(claim, other_origins=others)
    return replace(
        claim, registry=answers.registry, irr_waived=answers.irr_waived, other_origins=others
    )
