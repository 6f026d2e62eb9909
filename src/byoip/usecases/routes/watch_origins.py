"""Alarms for routes whose origin nobody vouches for any more, and for those an ASPA excludes.

The settings may have changed since they were announced, the proof of a customer's own number been
taken back, or an ASPA of it published without the operator. They stay up: none withdraws anything.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from byoip.domain.asn import Asn
from byoip.ports.clock import Clock
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store

KIND: Final = "foreign_origin"
EXCLUDED: Final = "aspa_excludes_operator"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchOrigins:
    """One look at all routes that are desired.

    Attributes:
        offered: the ASNs that the operator announces from.
    """

    store: Store
    routes: Routes
    clock: Clock
    offered: Collection[Asn]

    async def __call__(self) -> None:
        """Have an alarm stand for each such route, and for no other.

        Raises:
            StoreUnavailable: alarms stand as before.
        """
        async with self.store.transaction() as tx:
            found = await tx.bgp_prefixes.of_other_origins(self.offered)
            excluded = await tx.bgp_prefixes.excluded(tx.now)
        standing = [Alarm(KIND, one.id.hex, f"{one.cidr} {one.asn}") for one in found]
        new = await self.routes.replace_alarms(KIND, standing, self.clock.now())
        if new:
            _log.error("%d routes are up with an origin that is not the operator's", len(new))
        standing = [
            Alarm(EXCLUDED, one.id.hex, f"{one.cidr} {one.behind} {one.asn}") for one in excluded
        ]
        if new := await self.routes.replace_alarms(EXCLUDED, standing, self.clock.now()):
            _log.error("%d routes are up that an ASPA of their origin excludes", len(new))
