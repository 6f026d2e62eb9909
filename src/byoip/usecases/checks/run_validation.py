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

    no transaction    take the run; read the claim, its token, and what is known about its space
    no transaction    wait for a turn of the account (turns.py); where none comes, put the run back
    no transaction    ask registry and reverse DNS, at most 50 s; renew the lease every 10 s
    transaction       lock space, claim and run; look again; decide; record (record_run.py)

The world moves while the worker asks, so the transaction looks again. A claim that was closed, or a
run that another worker has taken, is left alone. Findings about a revoked token do not count. Only
the registry that is responsible at that moment proves anything. rpki is checked once more before an
approval, against the ROA data of that moment, and what a waiver of irr let pass counts only while
the waiver does. What a route object proves at a registry with the holder rule counts only where
that was seen without the token before (first_looks/heeding.py). A rival that was approved, or space
that was reserved, makes it a contest; space that was decided for another account waits for that
one. The token is consumed by one atomic UPDATE, or the claim is not approved. "We could not ask"
never decides: what was known stays, and the next run asks again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from byoip.domain.checks.evidence import Check, Fault, Finding, Unanswered
from byoip.domain.checks.validation_run import LEASE, MOST_ATTEMPTS, ValidationRun
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.history import Actor
from byoip.domain.watch.validity import may_be_proven_anew
from byoip.ports.supervising import asked_to_end, supervised
from byoip.store.checks.runs import EVIDENCE_QUOTA
from byoip.store.sharing import working_for
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.collect_evidence import CollectedEvidence, CollectEvidence
from byoip.usecases.checks.record_run import RecordRun
from byoip.usecases.checks.request_validation import NewTokens
from byoip.usecases.checks.targets import CheckTarget
from byoip.usecases.checks.turns import Turns

_Begun = tuple[ValidationRun, Claim | None, OwnershipToken | None, Sequence[Any]]
_GIVEN_UP: Final = Unanswered(
    Fault.NOT_ASKED,
    f"{MOST_ATTEMPTS} attempts to ask have failed at this operator.",
    "If this lasts, tell the operator.",
)


@dataclass(frozen=True, slots=True)
class RunValidation:
    """Carry out one attempt of a run.

    Attributes:
        heartbeat: seconds between renewals of the lease; well under the lease.
        evidence_quota: bytes of raw answers that an account's runs may keep.
        turns: which runs of an account this worker carries out at once; others wait.
        tokens: how one is replaced that was published too early; None: its customer does that.
    """

    store: Store
    ask: CollectEvidence
    heartbeat: float = LEASE.total_seconds() / 3
    evidence_quota: int = EVIDENCE_QUOTA
    turns: Turns = field(default_factory=Turns)
    tokens: NewTokens | None = None

    async def __call__(self, run_id: UUID, *, by: Actor) -> None:
        """Do nothing if another worker has the run, or it has ended.

        Where its account gets no turn, the run is put back, and one of another account is due.
        """
        due: UUID | None = run_id
        while due is not None:
            due = await self._attempt(due, by)

    async def _attempt(self, run_id: UUID, by: Actor) -> UUID | None:
        begun = await self._begin(run_id)
        if begun is None:
            return None
        run, claim, token, known = begun
        if claim is None:
            return None  # it was closed
        useless = claim.approved and not may_be_proven_anew(claim, self.ask.clock.now())
        if useless or (token and token.id == run.without_token):
            token = None
        at_once = self.turns.free(claim.account_id)
        if not at_once and not await self.turns.comes(claim.account_id):
            return await self._give_way(run, by)
        with self.turns.turn(claim.account_id), working_for(claim.account_id):
            answers = await self._ask(run, claim, token, known if at_once else None)
            await self._recording(run, claim, token, answers, by)
        return None

    async def _begin(self, run_id: UUID) -> _Begun | None:
        """Take the run. What is known may fail to be read: the attempt counts all the same."""
        async with self.store.alone() as tx:
            begun = await tx.runs.begin(run_id, LEASE)
            if begun is None:
                return None
            run, prefix = begun
            about = self.ask.about(tx, prefix, run.claim_id) if run.worth_asking else ()
            claim, token, *known = await tx.session.look(
                tx.claims.asking(run.claim_id), tx.tokens.asking(run.claim_id), *about
            )
        return run, claim, token, known

    @property
    def _recording(self) -> RecordRun:
        return RecordRun(self.store, self.ask, self.evidence_quota, self.tokens)

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
        if not run.worth_asking:
            given_up = Finding(Check.REGISTRATION, _GIVEN_UP, self.ask.clock.now())
            return CollectedEvidence((given_up,), others_complete=False)
        target = CheckTarget(claim.account_id, claim.prefix, claim.asn, token, claim.id)
        async with self._alive(run):  # nothing is locked while we wait
            return await self.ask(target, known)

    @asynccontextmanager
    async def _alive(self, run: ValidationRun) -> AsyncIterator[None]:
        beat = partial(self._beat, run)
        beating = asyncio.create_task(supervised("The lease of a run", beat))
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, run: ValidationRun) -> None:
        held = True
        while held and not asked_to_end():  # a fault may have taken the cancellation's place
            await asyncio.sleep(self.heartbeat)
            with suppress(StoreUnavailable):  # the lease outlasts two beats that are missed
                async with self.store.transaction() as tx:
                    held = await tx.runs.renew(run.id, run.attempt, LEASE)
