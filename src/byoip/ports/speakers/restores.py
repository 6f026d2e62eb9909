"""Whether this database was put back from a backup, and what must then not be believed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is.

    Attributes:
        here: in words that a restored copy does not share.
        kept: the same, as it last said of itself; None: nobody has asked yet.
    """

    here: str
    kept: str | None

    @property
    def restored(self) -> bool:
        """Whether what it holds was written somewhere else, or at another time."""
        return self.kept is not None and self.kept != self.here


@dataclass(frozen=True, slots=True)
class Disowned:
    """What counts no longer.

    Attributes:
        marks: of routes that speakers may have had from us.
        orphans: that were known; what operators had decided about them has gone, too.
    """

    marks: int
    orphans: int


class Restores(Protocol):
    """Within one transaction; nothing is locked before it."""

    async def identity(self) -> Identity:
        """Which database this is; locked."""
        ...

    async def keep(self, here: str, now: datetime) -> None:
        """From now on it is this one."""
        ...

    async def disown(self) -> Disowned:
        """Forget what speakers were given, and which orphans they hold.

        What a speaker holds and a row wants is taken for ours at the next look; all else is an
        orphan. So nothing is withdrawn for a row that a backup has brought back.
        """
        ...

    async def warn(self, detail: str, now: datetime) -> None:
        """Have an alarm stand, from now on."""
        ...

    async def warned_enough(self, before: datetime) -> None:
        """End an alarm that has stood since before then."""
        ...
