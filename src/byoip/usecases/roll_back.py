from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.bgp_prefix import BgpPrefixNotFound
from byoip.domain.breaker import Source, WithdrawalsStopped
from byoip.domain.claim import ClaimNotFound
from byoip.domain.reconciliation import Wish
from byoip.ports.clock import Clock
from byoip.ports.store import By, Store
from byoip.usecases.withdrawing import tripping, withdraw

ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class RollBack:
    """Take an announcement back that was answered "absent" for too long.

    It had been withdrawn before; so nobody loses a route that worked. The breaker counts it, and
    where that stops it the route stays announced.
    """

    store: Store
    clock: Clock

    async def __call__(self, wish: Wish) -> bool:
        """Whether it was taken back; False: stopped, or the row has moved on.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        try:
            async with tripping(self.store, self.clock):
                return await self._take_back(wish)
        except (WithdrawalsStopped, ClaimNotFound, BgpPrefixNotFound):
            return False

    async def _take_back(self, wish: Wish) -> bool:
        now = self.clock.now()
        by = By("worker", f"{ROLL_BACK}-{uuid4().hex}")
        async with self.store.transaction() as shelf:
            await shelf.claims.lock(wish.claim_id)
            row = await shelf.bgp_prefixes.get(wish.claim_id, wish.bgp_prefix_id)
            if row.locked or not row.desired.advertised or row.desired.change != wish.change:
                return False
            await withdraw(
                shelf,
                row,
                by=by,
                now=now,
                source=Source.ROLL_BACK,
                job=ROLL_BACK,
                run=f"{now:%Y-%m-%dT%H}",  # an hour's are one run: the breaker has its ceiling
            )
            return True
