"""What the leader knows of another process that compares one of its speakers (`comparing.py`)."""

from dataclasses import dataclass, field

from byoip.ports.steady_clock import boottime
from byoip.store.speakers.comparisons import Comparison
from byoip.store.speakers.leases import Stillness


@dataclass(slots=True)
class ComparedElsewhere:
    """Whether it goes on to compare: not that it lives counts, but what it does.

    Attributes:
        goes_on: it has compared not long ago.
    """

    goes_on: bool = False
    _still: Stillness = field(default_factory=Stillness)
    _compared_at: float = 0.0
    _differed: tuple[int, int] = (0, 0)

    def follow(self, found: Comparison | None, patience: float) -> bool:
        """Take what the speaker's row says; whether the speaker was found to differ once more.

        Args:
            found: the row; None: no process has it.
            patience: seconds without a comparison after which none counts.
        """
        count = (found.number, found.compared) if found else (0, 0)
        still = self._still.seconds(*count)
        if count[1] > 0:
            self._compared_at = boottime() - still
        self.goes_on = count[1] > 0 and still < patience
        if not found or not found.differs or self._differed == (found.number, found.differs):
            return False
        self._differed = found.number, found.differs
        return True

    @property
    def seconds(self) -> float:
        """Since it was last seen to have compared: by whom the speaker was handed over as well."""
        return boottime() - self._compared_at
