"""The records of what is refused about freezes and levels."""

from byoip.api.problems.record import conflict, invalid
from byoip.domain.watch import freezing, rises, validity
from byoip.domain.watch.levels import Signal

REFUSALS = (
    conflict(
        1328,
        freezing.PrefixFrozen({Signal.ROA}),
        "GET .../watch says what is missing, and what lifts the freeze. Routes stay as they are.",
    ),
    conflict(1890, freezing.NotFrozen(), "Read the prefix's watch."),
    conflict(
        1892,
        validity.ProofByChecks(),
        "A proof by checks ends by itself; lift the freeze if its customer needs more time.",
    ),
    invalid(1893, validity.ProofEndTooSoon(), "Give a later end, or revoke the approval."),
    conflict(1891, rises.NothingHeld(), "List what is held: GET /operator/levels."),
)
