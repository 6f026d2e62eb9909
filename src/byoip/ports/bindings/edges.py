"""Edges, and the numbered feed of changes that they follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from byoip.domain.bindings.edge import Edge, EdgeChange, FullState
from byoip.domain.prefix import Prefix

# What the bell rings for when the feed has grown: it is about no claim and no account.
EDGE_CHANGES: Final = UUID("00000000-0000-0000-0000-0000000000ed")


@dataclass(frozen=True, slots=True)
class Settled:
    """A binding that a majority of edges has just agreed on.

    Attributes:
        service_id: what answers for its range now; None for a removed one, where nothing does.
        replaced: what did before.
        final: whether there is nothing newer about it that they have still to agree on.
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


class Edges(Protocol):
    """The edges, within one transaction. Changes of bindings find their way into the feed alone."""

    async def lacking(self, binding_id: UUID) -> Sequence[str]:
        """Names of the edges that announcing has to wait for: see `domain.edge.lacking`."""
        ...

    async def holding(self, service_id: UUID) -> Sequence[str]:
        """Names of those in service that may still answer with a service that was swapped away."""
        ...

    async def all(self) -> Sequence[Edge]:
        """Those not removed, by name."""
        ...

    async def newest(self) -> int:
        """The number of the newest change; 0 before the first."""
        ...

    async def alone(self) -> None:
        """Wait for bindings under way, and let new ones wait until the transaction ends.

        Before an edge begins to count, is drained or goes: each binding then knows of it, or its
        change is among those that the edge is held to.
        """
        ...

    async def together(self) -> None:
        """Wait for whoever is `alone`, and hold them off until the transaction ends.

        Before edges are asked what they lack, where something is announced on the answer.
        """
        ...

    async def newest_bound(self) -> int:
        """The number of the newest change of a binding that is there; 0 before the first."""
        ...

    async def feed(self) -> UUID:
        """The feed within which numbers are given."""
        ...

    async def begin_feed(self) -> UUID:
        """Give the feed another name; for a database that was restored from a backup.

        Numbers may have been given that are lost, and edges may have carried out what is not here.
        So each has to fetch the full state, and until it has acknowledged under the new name,
        nothing is announced and nothing becomes active; what is announced stays. Takes the edges
        alone.
        """
        ...

    async def lock(self, name: str) -> Edge | None:
        """One that is not removed, for update.

        Raises:
            EdgeRemoved: there is none now, but there was.
        """
        ...

    async def add(self, edge: Edge) -> None:
        """Keep a new one."""
        ...

    async def save(self, edge: Edge) -> None:
        """Write back one that was locked."""
        ...

    async def remove(self, edge: Edge, now: datetime) -> None:
        """End one that was locked; the row stays."""
        ...

    async def unsettled(self, number: int) -> Sequence[UUID]:
        """Claims with changes up to a number that have not taken effect."""
        ...

    async def settle(self, claim_id: UUID, number: int) -> Sequence[Settled]:
        """Let a claim's changes up to a number take effect. Locks the claim, a closed one too."""
        ...


class EdgeReader(Protocol):
    """What edges and operators read; one statement each, nothing is locked."""

    async def changes(self, *, after: int, limit: int) -> Sequence[EdgeChange]:
        """Changes with greater numbers, in their order."""
        ...

    async def state(self) -> FullState:
        """All that is bound, as of one number."""
        ...

    async def newest(self) -> int:
        """The number of the newest change; 0 before the first."""
        ...

    async def feed_name(self) -> UUID:
        """The feed within which numbers are given."""
        ...

    async def edges(self) -> Sequence[EdgeView]:
        """Those not removed, by name."""
        ...
