"""What a change of a route waits for, where no stage of speakers can take it now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Awaited(StrEnum):
    """The party that has to come back first."""

    RECONCILER = "reconciler"  # no worker has asked a speaker for a minute: none runs, or has one
    SPEAKERS = "speakers"  # none of them answers
    DRAIN = "drain"  # the operator keeps all sessions of all that answer down
    NEXT_HOP = "next_hop"  # no speaker has one for the family, by the settings
    OBSERVERS = "observers"  # none can say whether it is seen, so it goes to no further stage


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """What a change waits for, and since when.

    Attributes:
        since: when the change was asked for, or when what it waits for went away, if that is later
            and known.
    """

    what: Awaited
    since: datetime
