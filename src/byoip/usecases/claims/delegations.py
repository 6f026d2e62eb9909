"""Parts of an approved prefix that its owner lends to other accounts, and takes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.delegation import Delegation, DelegationNotFound, may_delegate
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.events import record_delegation
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT, GuardedBatch, New
from byoip.usecases.routes.lifecycle import still_out

ENDED: Final = "delegation.ended"
EXPIRED: Final = "delegation.expired"


async def delegate(
    tx: Transaction,
    account_id: UUID,
    claim_id: UUID,
    *,
    cidr: str,
    delegated_account_id: UUID,
    expires_at: datetime | None,
) -> Delegation:
    """Let another account use a range of an approved prefix. Its bindings stay with its owner.

    Raises:
        InvalidPrefix: `cidr` is not a prefix.
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding: nothing of it can be lent now.
        DelegationToOwner, DelegationExpiryRefused, DelegationOutsidePrefix, DelegationOverlaps,
        TooManyDelegations: it cannot be lent so.
        DelegateNotFound: there is no such account, which is asked last of all.
    """
    wanted = Prefix.parse(cidr)
    claim = await tx.lock_claim(claim_id, account_id)
    delegation = Delegation(
        uuid4(), claim_id, claim.prefix, wanted, delegated_account_id, tx.now, expires_at
    )
    over, existing = _by_expiry(await tx.delegations.of(claim_id), tx.now)
    may_delegate(delegation, claim, existing)
    # What has expired does not stand in the way until the worker comes by.
    await end(tx, over, EXPIRED)
    await tx.claims.save(claim.written(tx.now))
    await tx.delegations.add(delegation)
    record_delegation(tx, "delegation.created", delegation)
    return delegation


async def take_back(tx: Transaction, account_id: UUID, claim_id: UUID, delegation_id: UUID) -> UUID:
    """End a delegation; its row stays. Gives its id back.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        DelegationNotFound: the claim has no such delegation that still counts.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    found = await tx.delegations.of(claim_id)
    wanted = [one for one in found if one.id == delegation_id and not one.expired(tx.now)]
    if not wanted:
        raise DelegationNotFound
    await tx.claims.save(claim.written(tx.now))
    await end(tx, wanted, ENDED)
    return delegation_id


async def end(tx: Transaction, delegations: Sequence[Delegation], kind: str) -> None:
    """Record the end of a claim's delegations, and why, under the claim's lock."""
    if delegations:
        await tx.delegations.end([one.id for one in delegations], tx.now)
        for one in delegations:
            record_delegation(tx, kind, one)


@dataclass(frozen=True, slots=True)
class EndExpiredDelegations:
    """Record the end of delegations whose time is over; an expired one counts no more even before.

    And end those of claims whose approval was revoked, once no route of theirs is up any more.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> int:
        """Look at claim after claim, each under its lock; how many delegations ended."""
        async with self.store.transaction() as tx:
            claims = await tx.delegations.over(tx.now, BATCH_LIMIT)
        batch = GuardedBatch(self.store, self.clock, JobKind.END_EXPIRED_DELEGATIONS)
        return await batch([*claims], partial(self._end, by=by), by=by, new=New(claims))

    async def _end(self, claim_id: UUID, by: Actor) -> int:
        async with self.store.transaction(actor=by) as tx:
            await tx.guards.require_running(JobKind.END_EXPIRED_DELEGATIONS)
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:  # removed since, and its delegations with it
                return 0
            over, lasting = _by_expiry(await tx.delegations.of(claim_id), tx.now)
            await end(tx, over, EXPIRED)
            if claim.approved or await still_out(tx, claim_id):
                return len(over)
            await end(tx, lasting, ENDED)
            return len(over) + len(lasting)


def _by_expiry(
    found: Sequence[Delegation], now: datetime
) -> tuple[list[Delegation], list[Delegation]]:
    """Those whose time is over, and those that go on."""
    over = [one for one in found if one.expired(now)]
    return over, [one for one in found if not one.expired(now)]
