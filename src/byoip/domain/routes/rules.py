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
        operator: the one of them that stands before a customer's own; None: none does.
        without_aspa: whether a customer's own is announced where it has no ASPA.
    """

    ceilings: Ceilings
    origins: Collection[Asn] | None = None
    operator: Asn | None = None
    without_aspa: bool = True

    def behind(self, origin: Asn) -> Asn | None:
        """The operator's AS that stands before this origin; None: the origin is the operator's.

        Or it is not known whose it is, or none may stand there: see `Announceable`.
        """
        own = self.origins is None or origin in self.origins
        return None if own else self.operator
