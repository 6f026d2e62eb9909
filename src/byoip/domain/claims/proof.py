"""When an approved claim was proven, and until when that counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Proof:
    """Of an approved claim; of another it is empty. What follows: `domain/watch/validity.py`.

    Attributes:
        proven_at: when ownership was last proven, or an operator gave its word.
        ends_at: None: it has no date yet, or is an operator's word without an end.
        told_at: when its customer was last told of that end, or operators that there is none.
        due_at: when something is to be done about it; None: at once.
    """

    proven_at: datetime | None = None
    ends_at: datetime | None = None
    told_at: datetime | None = None
    due_at: datetime | None = None


NO_PROOF: Final = Proof()
