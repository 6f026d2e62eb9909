"""Edges: where services answer. Which changes they have, and when that is enough."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from byoip.domain.bindings.service_binding import Service
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", re.ASCII)


class InvalidEdgeName(Refusal):
    """The text is no name of an edge."""

    name = "invalid_edge_name"

    def __init__(self) -> None:
        super().__init__(
            "An edge's name has 1 to 63 characters: a to z, 0 to 9, and inside also . _ -",
            pointer="/edge",
        )


class EdgeNotFound(Refusal):
    """No such edge: an operator registers each, or a misspelt name would be an edge that counts."""

    name = "edge_not_found"

    def __init__(self) -> None:
        super().__init__(
            "There is no such edge. An operator registers it first (byoip operator edges add, or "
            "PUT /operator/edge/edges/{name}); then its controller may acknowledge."
        )


class EdgeRemoved(Refusal):
    """The operator took the edge out; it does not come back by itself."""

    name = "edge_removed"

    def __init__(self) -> None:
        super().__init__(
            "An operator has removed this edge: have it put back, or use another name."
        )


class ChangeNotMadeYet(Refusal):
    """A number that no change has yet: no edge can have carried it out."""

    name = "change_not_made_yet"

    def __init__(self, newest: int) -> None:
        super().__init__(
            f"The newest change is {newest}: acknowledge what you have read here.",
            pointer="/number",
        )


class EdgeBehind(Refusal):
    """A drained edge that lacks changes: traffic would find no answer there."""

    name = "edge_behind"

    def __init__(self, acknowledged: int, needed: int) -> None:
        super().__init__(
            f"The edge has acknowledged change {acknowledged}, and what is bound has changed up to "
            f"{needed}: it stays drained. Let it catch up (a drained edge follows the changes and "
            "acknowledges as any other), then take it back."
        )


class FeedReplaced(Refusal):
    """The numbers are of another feed: the database was restored, or is a new one."""

    name = "feed_replaced"

    def __init__(self) -> None:
        super().__init__(
            "These numbers are of another feed, and mean other changes in this one: fetch the full "
            "state again, and go on with its feed and number.",
            pointer="/feed",
        )


class ChangeKind(StrEnum):
    """What became of a binding."""

    BOUND = "bound"
    SWAPPED = "swapped"
    UNBOUND = "unbound"


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A change of which service answers for a range; an edge needs nothing else to carry it out.

    Attributes:
        number: counts up over the whole service, without gaps, in the order of commits.
        claim_id: of the prefix; `prefix` is its range.
        service: what is bound from now on; None if the range is bound no longer.
        previous: what was; None if the range was not bound. It answers until this is carried out.
        answering: the service that answers for the range once this is carried out, for those of
            its addresses that no longer binding has; None if nothing does.
        answering_cidr: the range of that service's binding.
        feed: within which the number is one.
    """

    number: int
    at: datetime
    kind: ChangeKind
    claim_id: UUID
    prefix: Prefix
    cidr: Prefix
    binding_id: UUID
    service: Service | None
    previous: Service | None
    answering: Service | None
    answering_cidr: Prefix | None
    feed: UUID


@dataclass(frozen=True, slots=True)
class BoundRange:
    """A line of the full state: a range, and the service bound to it."""

    binding_id: UUID
    claim_id: UUID
    prefix: Prefix
    cidr: Prefix
    service: Service


@dataclass(frozen=True, slots=True)
class FullState:
    """All that is bound, as of a change: what is new comes after its number, in this feed."""

    number: int
    ranges: tuple[BoundRange, ...]
    feed: UUID


@dataclass(frozen=True, slots=True)
class Edge:
    """A place where services answer.

    Attributes:
        acknowledged: it has carried out this change, and all before.
        joins_at: it counts once it has acknowledged this: the newest change when it was first
            heard. None: never heard.
        counts: whether it has done so. It never loses this again; lagging is another matter.
        drained: by the operator: no traffic goes there, so nothing waits for it.
    """

    id: UUID
    name: str
    registered_at: datetime
    acknowledged: int = 0
    joins_at: int | None = None
    counts: bool = False
    drained: bool = False
    heard_at: datetime | None = None

    @property
    def in_service(self) -> bool:
        """Whether others wait for it."""
        return self.counts and not self.drained

    def heard(self, number: int, *, newest: int, now: datetime) -> "Edge":
        """Note that it has carried out all changes up to a number. An older one is no step back.

        Raises:
            ChangeNotMadeYet: there is no such change.
        """
        if number > newest:
            raise ChangeNotMadeYet(newest)
        reached = max(self.acknowledged, number)
        joins_at = newest if self.joins_at is None else self.joins_at
        # Until it has all that was there when it came, it is neither waited for nor listened to.
        counts = self.counts or reached >= joins_at
        return replace(self, acknowledged=reached, joins_at=joins_at, counts=counts, heard_at=now)


def edge_name(text: str) -> str:
    """Read an edge's name.

    Raises:
        InvalidEdgeName: it is none.
    """
    if not _NAME.fullmatch(text):
        raise InvalidEdgeName
    return text


def no_edge_counts(edges: Iterable[Edge]) -> bool:
    """Whether no edge counts, so that changes take effect at once. A drained edge counts."""
    return not any(edge.counts for edge in edges)


def agreed(edges: Sequence[Edge], newest: int) -> int:
    """The newest change that a majority of the registered edges has acknowledged.

    Drained ones are among them, or one edge of five could make binding what four never saw; those
    that have not had the full state yet are not. One that is lost for good is to be removed.
    """
    if no_edge_counts(edges):
        return newest
    reached = sorted((one.acknowledged for one in edges if one.counts), reverse=True)
    return reached[len(reached) // 2]


def lacking(edges: Iterable[Edge], change: int) -> list[str]:
    """The edges that traffic could reach, and that have not acknowledged a change; by name.

    One that came back into service while behind is among them. Where all are drained, each is: no
    edge would answer for what is announced.
    """
    counting = [edge for edge in edges if edge.counts]
    serving = [edge for edge in counting if not edge.drained]
    if counting and not serving:
        return sorted(edge.name for edge in counting)
    return sorted(edge.name for edge in serving if edge.acknowledged < change)
