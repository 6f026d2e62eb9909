"""What readers show of bindings."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.bindings.edge import Edge
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class Converged:
    """A binding that a majority of edges has just agreed on.

    Attributes:
        service_id: what answers for its range now; None for a removed one, where nothing does.
        replaced: what did before.
        final: whether it is the newest change of it, so that they have nothing left to agree on.
    """

    binding_id: UUID
    cidr: Prefix
    service_id: UUID | None
    replaced: UUID | None
    final: bool


@dataclass(frozen=True, slots=True)
class EdgeView:
    """An edge, and the newest change: what it lacks is between."""

    edge: Edge
    newest: int
