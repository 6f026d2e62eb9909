"""What readers show of BGP prefixes."""

from dataclasses import dataclass, replace
from datetime import datetime

from byoip.domain.routes.awaited import WaitingFor
from byoip.domain.routes.bgp_prefix import BgpPrefix


@dataclass(frozen=True, slots=True)
class Applied:
    """What our speakers have confirmed of a route.

    Attributes:
        advertised: true as soon as one speaker has confirmed that it holds it, and until all have
            confirmed that they do not.
        at: when the first of those that hold it confirmed, or the last that gave it up; None: no
            speaker was ever asked.
    """

    advertised: bool = False
    at: datetime | None = None


NEVER_APPLIED = Applied()


@dataclass(frozen=True, slots=True)
class Observed:
    """What is seen of a route: by a listener if one has looked, else as our speakers report it.

    Attributes:
        advertised: whether an observer sees it; None: none has looked, or that was not confirmed
            for five seconds, which is not "no".
        at: when that was last confirmed, by an answer about this route among others; for a route
            that is withdrawn and gone, when it was seen to be gone.
        by: the observer.
        own_word: a speaker reports what it sent itself; no listener has looked.
    """

    advertised: bool | None = None
    at: datetime | None = None
    by: str | None = None
    own_word: bool | None = None


@dataclass(frozen=True, slots=True)
class BgpPrefixView:
    """A route as desired, applied and observed.

    Attributes:
        waiting_for: what its last change waits for, where no stage can take it now.
        version: of its prefix; a BGP prefix has no version of its own.
        changed: False if a write found everything as desired already.
        next_hops: how many speakers have a next hop for its family, and how many there are by the
            settings that count; only after a write.
    """

    bgp_prefix: BgpPrefix
    version: int
    applied: Applied = Applied()
    observed: Observed = Observed()
    waiting_for: WaitingFor | None = None
    changed: bool = True
    next_hops: tuple[int, int] = (0, 0)

    @property
    def unchanged(self) -> "BgpPrefixView":
        """The same, after a write that had nothing to do."""
        return replace(self, changed=False)
