from dataclasses import dataclass

from byoip.domain.checks.origin_drift import Drift
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.checks.drifts import Reevaluated
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class ReevaluateClaims:
    """Hold all approved claims and all routes against each accepted snapshot of ROA data.

    What is no longer valid becomes an event, a blocker and a figure. Nothing is ever withdrawn.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> Reevaluated | None:
        """Look, if it is time to; what has changed. Everything is noted, or nothing is."""
        now = self.clock.now()
        async with self.store.transaction(actor=by) as tx:
            found = await tx.drifts.reevaluate(now)
            if found is None:
                return None
            for one in found.drifts:
                kind = "rpki.recovered" if one.recovered else "rpki.drifted"
                after = {**_shown(one, one.after), "snapshot": found.snapshot}
                tx.record(one.claim_id, kind, before=_shown(one, one.before), after=after)
        return found


def _shown(drift: Drift, validity: Validity) -> dict[str, str]:
    return {"cidr": str(drift.route), "validity": validity.value}
