"""What is kept of what other places said, for people to look at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.perspectives.quorum import End


@dataclass(frozen=True, slots=True)
class AskedPlace:
    """A perspective as it was last asked.

    Attributes:
        answered_at: when it last said anything; None: never.
        silent_since: None: it answered.
        said: what it last saw.
        fault: why it is silent.
    """

    place: str
    region: str
    asked_at: datetime
    answered_at: datetime | None
    silent_since: datetime | None
    said: str
    fault: str


@dataclass(frozen=True, slots=True)
class KeptSighting:
    """What a perspective last saw of something about which not all agree.

    Attributes:
        about: a prefix, where `of_prefix`, or an account's AS number.
        version: of that prefix.
        since: since when it ends so.
        under_way: a worker is to look at that prefix already, or does.
    """

    place: str
    region: str
    about: UUID
    subject: str
    what: str
    ended: End
    seen: str
    at: datetime
    since: datetime
    of_prefix: bool
    version: int
    under_way: bool
