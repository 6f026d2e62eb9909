"""Give proofs their ends, remind of them, and freeze what was not proven again. No route goes."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.watch import validity
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.proofs import due_proofs
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.levels import note

_YEARLY: Final = CustomerText("It is approved on an operator's word, without an end, for a year.")
_AT_ONCE: Final = 100  # thousands may be approved in one day


@dataclass(frozen=True, slots=True)
class KeepProofs:
    """Do what the calendar says about proofs of ownership.

    Attributes:
        period: how long a proof is valid; see `Validity`.
    """

    store: Store
    clock: Clock
    period: timedelta = validity.LONGEST

    async def __call__(self, rows: IsolatedRows, until: float, *, by: Actor) -> None:
        """A hundred at a time; what is left, the next run does.

        Args:
            rows: of the run.
            until: by the event loop's clock; after it none is begun.
            by: who does it.
        """
        async with self.store.transaction() as tx:
            due = await due_proofs(tx.session, self.clock.now(), _AT_ONCE)
        for claim_id in due:
            if asyncio.get_running_loop().time() >= until:
                return
            with rows.row(claim_id):
                await self._keep(claim_id, by)

    async def _keep(self, claim_id: UUID, by: Actor) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:
                return
            if not claim.approved:
                return
            claim = self._told(tx, validity.Validity(self.period).dated(claim, tx.now))
            before = (await tx.watches.of(claim.id)).get(Signal.PROOF, Watch(Signal.PROOF))
            after = validity.heard(before, claim, tx.now)
            if after != before:
                claim = await note(tx, claim, before, after)
            due = validity.next_due(claim, tx.now)
            await tx.claims.save(replace(claim, proof=replace(claim.proof, due_at=due)))

    def _told(self, tx: Transaction, claim: Claim) -> Claim:
        """The claim once its customer, or operators, have been told what is to be told now."""
        ends = claim.proof.ends_at
        notice = validity.reminder_due(claim, tx.now)
        if notice is not None and ends is not None:
            after = {"ends_at": ends.isoformat(), "days": notice.days}
            tx.record(claim.id, "proof.expiring", after=after)
        elif claim.approved_by is Approver.OPERATOR and validity.year_is_over(claim, tx.now):
            after = {"prefix_id": claim.id.hex, "cidr": str(claim.prefix)}
            tx.record_for_operators("proof.unended", _YEARLY, after=after)
        else:
            return claim
        return replace(claim, proof=replace(claim.proof, told_at=tx.now))
