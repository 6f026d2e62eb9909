from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from byoip.domain.checks.origin_drift import Drift
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.history import Actor, Event
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
        async with self.store.transaction() as tx:
            found = await tx.drifts.reevaluate(now)
            if found is not None:
                await tx.events.add(*_noted(found, by, now))
        return found


def _noted(found: Reevaluated, by: Actor, now: datetime) -> Iterator[Event]:
    for one in found.drifts:
        kind = "rpki.recovered" if one.recovered else "rpki.drifted"
        after = {**_shown(one, one.after), "snapshot": found.snapshot}
        yield Event(one.claim_id, kind, by, now, _shown(one, one.before), after)


def _shown(drift: Drift, validity: Validity) -> dict[str, str]:
    return {"cidr": str(drift.route), "validity": validity.value}
