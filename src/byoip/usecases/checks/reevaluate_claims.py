"""Origin validation of what is approved and announced, again with each set of ROA data."""

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
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> Reevaluated | None:
        """Validate if it is time to; gives what has changed. All of it is recorded, or none."""
        async with self.store.transaction(actor=by) as tx:
            for ended in await tx.waivers.end_over(self.clock.now()):
                record_end(tx, ended.waiver, ended.because)
            found = await tx.drifts.reevaluate(self.clock.now())
            if found is None:
                return None
            for one in found.drifts:
                kind = "rpki.recovered" if one.recovered else "rpki.drifted"
                after = {**_shown(one, one.after), "snapshot": found.snapshot}
                tx.record(one.claim_id, kind, before=_shown(one, one.before), after=after)
        return found


def _shown(drift: Drift, validity: Validity) -> dict[str, str]:
    return {"cidr": str(drift.route), "validity": validity.value}
