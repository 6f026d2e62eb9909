"""The job that announces the routes of restored prefixes that could not be announced at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.history import Actor
from byoip.domain.routes.offboarding import End, Offboarding
from byoip.store.transaction import Store, Transaction
from byoip.usecases.claims.restore import Withheld, announce_again
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT
from byoip.usecases.jobs.isolate_rows import IsolatedRows

# A route that cannot be announced yet is tried for so long; the time in which the prefix is
# contested does not count, for its owner can do nothing about that.
OWED_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AnnounceOwed:
    """Tries each prefix that owes routes, in a transaction of its own.

    A binding that came back may have to reach the edges first, or the ROA data may be away. It
    takes nothing away, so no kill switch stops it.
    """

    store: Store

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
            tx.act_as(Actor("worker", offboarding.request_id))
            withheld = await announce_again(tx, claim, offboarding.routes)
            owed = tuple(one.route for one in withheld if one.owed)
            until = _until(claim, offboarding, tx.now)
            if owed and tx.now < until:
                still = offboarding.owing(owed, until)
                if still != offboarding:
                    await tx.offboardings.save(still)
                return False
            await tx.offboardings.save(offboarding.ended(End.RESTORED, tx.now))
            record_restored(tx, claim_id, withheld, {})
        return True


def record_restored(
    tx: Transaction, claim_id: UUID, withheld: Sequence[Withheld], why: Mapping[str, str]
) -> None:
    """Record that a prefix is back, and which of its routes are not."""
    not_back = [{"cidr": one.cidr, "why": one.why} for one in withheld]
    tx.record(claim_id, "offboarding.restored", after={"withheld": not_back, **why})


async def _owing(tx: Transaction, claim_id: UUID) -> tuple[Claim, Offboarding] | None:
    try:
        claim = await tx.claims.lock(claim_id)
    except ClaimNotFound:
        return None
    offboarding = await tx.offboardings.live(claim_id)
    return None if claim.offboarding or offboarding is None else (claim, offboarding)


def _until(claim: Claim, offboarding: Offboarding, now: datetime) -> datetime:
    """How long it is tried; after a dispute, half of that time at least."""
    until = offboarding.grace_until or now
    contested = claim.standing is Standing.CONTESTED
    return now + OWED_FOR if contested and until < now + OWED_FOR / 2 else until
