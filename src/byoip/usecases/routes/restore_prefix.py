from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.routes.offboarding import End, Offboarding
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.claims.restore import Withheld, announce_again, turn_back
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT
from byoip.usecases.jobs.isolate_rows import IsolatedRows

# A route that cannot be announced yet is tried for so long; the time in which the prefix is
# contested does not count, for its owner can do nothing about that.
OWED_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Restored:
    """A prefix that is back.

    Attributes:
        withheld: routes that are not, each with the reason; those that are owed are tried again.
        changed: False where it was not being offboarded.
    """

    view: ClaimView
    withheld: tuple[Withheld, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True)
class RestorePrefix:
    """Bring a prefix back from its way out, as it was, until its grace ends.

    Standing and bindings come back together or not at all. Each route is announced by the rules
    of any other announcement; those that cannot be stay withdrawn, and hold up none that can:
    who restores wants back what can come back, at once.
    """

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID | None,
        claim_id: UUID,
        *,
        by: Actor,
        reason: str | None = None,
        once: IdempotencyKey | None = None,
    ) -> Restored:
        """Restore it; one that is not being offboarded stays as it is.

        Args:
            account_id: the owner's; None: an operator does it, for a reason.
            claim_id: the prefix.
            by: who asks.
            reason: an operator's, for the history.
            once: the key of an idempotent write.

        Raises:
            ClaimNotFound, PreconditionFailed, InvalidText: as they say.
            ServiceRetired, DefaultOnlyService, Contested: a binding cannot come back; nothing was
            changed.
        """
        why = {} if reason is None else {"reason": stated_reason(reason).value}
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            offboarding = await tx.offboardings.live(claim_id)
            restored = Restored(await tx.claims.view(claim.id), changed=False)
            if claim.offboarding and offboarding is not None:
                now = self.clock.now()
                # A customer's write counts as one; an operator's does not.
                written = claim if account_id is None else claim.written(now)
                back = await turn_back(tx, written, offboarding)
                withheld = await announce_again(tx, back, offboarding.routes)
                await _record(tx, offboarding, withheld, why)
                restored = Restored(await tx.claims.view(back.id), withheld)
            await tx.answered(restored)
        return restored


@dataclass(frozen=True, slots=True)
class AnnounceOwed:
    """Announce the routes of restored prefixes that could not be announced at once.

    A binding that came back may have to reach the edge first, or nobody could tell whether the
    route is valid. It takes nothing away, so no kill switch stops it.
    """

    store: Store
    clock: Clock

    async def __call__(self) -> int:
        """Try each once more; how many prefixes owe nothing any more.

        Raises:
            RowsFailed: some could not be tried; all others were.
        """
        async with self.store.transaction() as tx:
            owing = await tx.offboardings.owed(BATCH_LIMIT)
        rows, even = IsolatedRows("announcing what is owed"), 0
        for claim_id in owing:
            with rows.row(claim_id):
                even += await self._try(claim_id)
        rows.require_all_done()
        return even

    async def _try(self, claim_id: UUID) -> bool:
        async with self.store.transaction() as tx:
            found = await _owing(tx, claim_id)
            if found is None:
                return False
            claim, offboarding = found
            now = tx.now
            tx.act_as(Actor("worker", offboarding.request_id))
            withheld = await announce_again(tx, claim, offboarding.routes)
            owed = [one for one in withheld if one.owed]
            until = _until(claim, offboarding, now)
            if owed and now < until:
                still = offboarding.owing(tuple(one.route for one in owed), until)
                if still != offboarding:
                    await tx.offboardings.save(still)
                return False
            await tx.offboardings.save(offboarding.ended(End.RESTORED, now))
            _record_restored(tx, claim_id, withheld)
        return True


async def _owing(tx: Transaction, claim_id: UUID) -> tuple[Claim, Offboarding] | None:
    try:
        claim = await tx.claims.lock(claim_id)
    except ClaimNotFound:
        return None
    offboarding = await tx.offboardings.live(claim_id)
    return None if claim.offboarding or offboarding is None else (claim, offboarding)


def _until(claim: Claim, offboarding: Offboarding, now: datetime) -> datetime:
    """How long it goes on trying; never less than half of that time after a dispute."""
    until = offboarding.grace_until or now
    contested = claim.standing is Standing.CONTESTED
    return now + OWED_FOR if contested and until < now + OWED_FOR / 2 else until


async def _record(
    tx: Transaction, offboarding: Offboarding, withheld: Sequence[Withheld], why: dict[str, str]
) -> None:
    owed = tuple(one.route for one in withheld if one.owed)
    ended = (
        offboarding.owing(owed, tx.now + OWED_FOR)
        if owed
        else offboarding.ended(End.RESTORED, tx.now)
    )
    await tx.offboardings.save(ended)
    _record_restored(tx, offboarding.claim_id, withheld, why)


def _record_restored(
    tx: Transaction, claim_id: UUID, withheld: Sequence[Withheld], why: dict[str, str] | None = None
) -> None:
    not_back = [{"cidr": one.cidr, "why": one.why} for one in withheld]
    after = {"withheld": not_back, **(why or {})}
    tx.record(claim_id, "offboarding.restored", after=after)
