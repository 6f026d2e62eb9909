"""What a change of a route waits for, where no stage of speakers can take it now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Awaited(StrEnum):
    """The party that has to come back first."""

    RECONCILER = "reconciler"  # no worker has asked a speaker for a minute: none runs, or has one
    # None of those that have a next hop for the family, and are in the AS that it stands behind.
    SPEAKERS = "speakers"
    DRAIN = "drain"  # the operator keeps all sessions of all of those that answer down
    # By the settings no speaker has one; or none is in the AS that the route stands behind.
    NEXT_HOP = "next_hop"
    OBSERVERS = "observers"  # none can say whether it is seen, so it goes to no further stage


@dataclass(frozen=True, slots=True)
class AwaitedDrain:
    """A drain that keeps speakers out of service.

    Attributes:
        target: a stage, a speaker, or `SPEAKER to NEIGHBOUR`.
        until: when it ends by itself, or was lifted; None: a person has to end it.
    """

    target: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """What a change waits for, and since when.

    Attributes:
        since: when the change was asked for, or when what it waits for went away, if that is later
            and known.
        drain: the one to wait for: of each session the drain that ends last, of all sessions the
            one that is free first. None: it waits for another party.
    """

    what: Awaited
    since: datetime
    drain: AwaitedDrain | None = None
