"""How sure we are that a route which was valid no longer is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from byoip.domain.checks.evidence import Failed, Outcome

# A registry's publication point may lose everything for some hours and get it back.
CONFIRMED_AFTER = timedelta(hours=24)
# Snapshots come every 20 minutes, at the latest every hour unless one is refused. Between two that
# are further apart anything may have been: we did not look, and silence confirms nothing.
LONGEST_GAP = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class RpkiWatch:
    """What accepted snapshots, one after the other, say about one route.

    Only time between two snapshots that both say no counts: silence confirms nothing.

    Attributes:
        snapshot: number of the last one heard; None before the first.
        failing_since: when the first of the unbroken row that says no was built.
        failing_until: when the last of that row was built.
    """

    snapshot: int | None = None
    failing_since: datetime | None = None
    failing_until: datetime | None = None

    def hear(
        self, snapshot: int, *, after: int | None, built_at: datetime, said: Outcome
    ) -> "RpkiWatch":
        """Count the next accepted snapshot; one that was counted before changes nothing.

        Args:
            snapshot: its number.
            after: number of the accepted one before it. Where that is not the one heard last, one
                was missed, which may have said yes: the count starts again.
            built_at: when the relying party made it. Hours after the last one the count starts
                again, too.
            said: passed and unanswered both break the row.
        """
        if self.snapshot is not None and snapshot <= self.snapshot:
            return self
        if not isinstance(said, Failed):
            return RpkiWatch(snapshot)
        unbroken = self.failing_since if after == self.snapshot and self._near(built_at) else None
        return RpkiWatch(snapshot, unbroken or built_at, built_at)

    def _near(self, built_at: datetime) -> bool:
        return self.failing_until is not None and built_at - self.failing_until <= LONGEST_GAP

    @property
    def confirmed(self) -> bool:
        """Whether every accepted snapshot of 24 hours said no."""
        if self.failing_since is None or self.failing_until is None:
            return False
        return self.failing_until - self.failing_since >= CONFIRMED_AFTER
