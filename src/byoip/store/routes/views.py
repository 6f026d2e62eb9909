"""What readers show of BGP prefixes."""

from dataclasses import dataclass, replace
from datetime import datetime

from byoip.domain.routes.bgp_prefix import BgpPrefix


@dataclass(frozen=True, slots=True)
class Applied:
    """What our speakers say they hold of a route.

    Attributes:
        advertised: true as soon as one speaker has confirmed that it holds it, and until all have
            confirmed that they do not.
        at: when the first of those that hold it confirmed, or the last that gave it up; None: no
            speaker was ever asked.
    """

    advertised: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What is seen of a route: by a listener where one looks, else by our own word.

    Attributes:
        advertised: whether somebody sees it; None: nobody has looked, or not for a minute, which
            is not "no".
        at: when that was last confirmed, by an answer about this route among others; of one that
            is withdrawn and gone, when it was seen to be gone.
        by: who saw it.
        own_word: a speaker of ours says what it sent: nobody else has looked.
    """

    advertised: bool | None = None
    at: datetime | None = None
    by: str | None = None
    own_word: bool | None = None


@dataclass(frozen=True, slots=True)
class BgpPrefixView:
    """A route as desired, applied and observed.

    Attributes:
        version: of its prefix, which counts for its BGP prefixes as well.
        changed: False where a write found everything as it wants it.
    """

    bgp_prefix: BgpPrefix
    version: int
    applied: Applied = Applied()
    observed: Observed = Observed()
    changed: bool = True

    @property
    def unchanged(self) -> "BgpPrefixView":
        """The same, after a write that had nothing to do."""
        return replace(self, changed=False)
