"""The records of what is refused about freezes and levels."""

from datetime import UTC, datetime

from byoip.api.problems.record import conflict, invalid, not_found
from byoip.domain.watch import dispute, freezing, rises, validity
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
    not_found(1894, dispute.DisputeNotFound(), "List what is open: GET /operator/disputes."),
    conflict(1895, dispute.DisputeEnded(dispute.DisputeEnd.GONE), "Read the dispute."),
    conflict(
        1896,
        dispute.DisputeTooYoung(datetime(2026, 11, 29, 9, 30, tzinfo=UTC)),
        "Wait, decide for the holder, or say `early`.",
    ),
    conflict(
        1897, dispute.PrefixDisputed(), "Decide the dispute: GET /operator/disputes lists them."
    ),
)
