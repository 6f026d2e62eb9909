"""What the operator's settings say of routes, for all who announce and withdraw."""

from collections.abc import Collection
from dataclasses import dataclass

from byoip.domain.asn import Asn
from byoip.domain.routes.breaker import Ceilings


@dataclass(frozen=True, slots=True)
class RouteRules:
    """How many routes may be withdrawn, and from where they are announced.

    Attributes:
        origins: the ASNs that the operator announces from; None: any.
    """

    ceilings: Ceilings
    origins: Collection[Asn] | None = None
