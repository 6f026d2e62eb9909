"""Why the routes of a prefix on its way out are not gone yet, as its owner is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from byoip.domain.routes.breaker import TripScope
from byoip.domain.routes.offboarding import Step

_HELP: Final = " A route that must go now can be withdrawn by itself: PATCH its BGP prefix."


@dataclass(frozen=True, slots=True)
class Leaving:
    """How far an offboarding has come.

    Attributes:
        left: routes that are still announced.
        locked: those of them that the operator has locked.
        lingering: routes that are withdrawn, and not known to be gone everywhere.
        next_at: when the next one goes; None: at once, or not known.
        stopped: the open trip of the breaker that it waits behind.
        halted: the operator has stopped all offboardings, or holds this one back for a look.
    """

    step: Step
    left: int = 0
    locked: int = 0
    lingering: int = 0
    next_at: datetime | None = None
    stopped: TripScope | None = None
    halted: bool = False

    def waits(self) -> str | None:
        """What it waits for, for people; None: for nothing, it goes on by itself."""
        if self.halted and self.step is not Step.GRACE:
            return (
                f"The operator has stopped this offboarding; routes still announced: {self.left}."
                f"{_HELP}"
            )
        if self.step is Step.WITHDRAW and self.left:
            return self._withdrawing()
        if self.step is Step.CONFIRM and self.lingering:
            return (
                f"Routes withdrawn, and not gone yet: {self.lingering}. A speaker may hold them, "
                "or an observer still sees them; bindings stay until they are gone."
            )
        return None

    def _withdrawing(self) -> str | None:
        left = f"Routes still announced: {self.left}."
        if self.stopped is not None:
            return (
                f"{left} The breaker has stopped withdrawals ({self.stopped.value}): the operator "
                f"has to look, and then lets it go on.{_HELP}"
            )
        if self.left == self.locked:
            return f"{left} The operator has locked them, and has to unlock them."
        if self.next_at is not None:
            return (
                f"{left} As many as may go at this pace have gone; the next one goes at about "
                f"{self.next_at:%Y-%m-%dT%H:%M:%SZ}.{_HELP}"
            )
        return None
