"""Origin validation of what is approved and announced, again with each set of ROA data."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from byoip.domain.checks.origin_drift import Drift
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.checks.drifts import Reevaluated
from byoip.store.transaction import Store
from byoip.usecases.checks.waivers import record_end


@dataclass(frozen=True, slots=True)
class ReevaluateClaims:
    """Validate the origin of all approved claims and routes against the accepted ROA data.

    What is no longer valid becomes an event, a blocker and a metric. It never withdraws a route.
    Waivers that are over end first: of a prefix that a ROA covers now, or whose time has come.

    Attributes:
        page: how many routes are judged and recorded in one transaction.
    """

    store: Store
    clock: Clock
    page: int = 1000

    async def __call__(self, *, by: Actor) -> int | None:
        """Validate if it is time to; gives how many routes are judged otherwise than before."""
        found = [len(one.drifts) async for one in self.pages(by=by)]
        return sum(found) if found else None

    async def pages(self, *, by: Actor) -> AsyncIterator[Reevaluated]:
        """Each page as it is recorded. What has not been judged is left for the next time."""
        more = True
        while more:
            found = await self._next(by)
            if found is None:
                return
            yield found
            more = not found.last

    async def _next(self, by: Actor) -> Reevaluated | None:
        async with self.store.transaction(actor=by) as tx:
            for ended in await tx.waivers.end_over(self.clock.now()):
                record_end(tx, ended.waiver, ended.because)
            found = await tx.drifts.reevaluate(self.clock.now(), self.page)
            if found is None:
                return None
            for one in found.drifts:
                kind = "rpki.recovered" if one.recovered else "rpki.drifted"
                after = {**_shown(one, one.after), "snapshot": found.snapshot}
                tx.record(one.claim_id, kind, before=_shown(one, one.before), after=after)
        return found


def _shown(drift: Drift, validity: Validity) -> dict[str, str]:
    return {"cidr": str(drift.route), "validity": validity.value}
