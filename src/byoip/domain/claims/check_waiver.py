"""A check that the operator waives for one prefix, until a moment: what it lets pass, and what not.

`irr`: the registry cannot hold a route object, or the operator does not know that registry. `rpki`:
the space can have no ROA (ARIN's legacy space without a contract); *not found* passes, *invalid*
never does, and the waiver ends when a ROA covers the prefix.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.checks.evidence import Check, Failed, Outcome, Passed, Reason
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

LONGEST_WAIVER: Final = timedelta(days=366)
_UNTIL: Final = " for this prefix until "


class Waivable(StrEnum):
    """The checks that can be waived; ownership never can."""

    IRR = Check.IRR.value
    RPKI = Check.RPKI.value


class WaiverEnded(StrEnum):
    """Why a waiver ended."""

    OPERATOR = "operator"  # taken back, or replaced by a newer one
    EXPIRED = "expired"
    ROA = "roa"  # a ROA covers the prefix now


class WaiverEndRefused(Refusal):
    """A waiver ends in the future, within a year."""

    name = "waiver_end_refused"

    def __init__(self) -> None:
        super().__init__(
            f"A waiver ends in the future, within {LONGEST_WAIVER.days} days.",
            pointer="/expires_at",
        )


class RoaCovers(Refusal):
    """Where a ROA covers the prefix, origin validation has an answer, and that counts."""

    name = "roa_covers"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"A ROA covers {prefix}, so rpki cannot be waived: what origin validation says counts."
        )


class WaiverNotFound(Refusal):
    """The prefix has no such waiver, or it has ended."""

    name = "waiver_not_found"

    def __init__(self) -> None:
        super().__init__("This prefix has no such waiver, or it has ended.")


@dataclass(frozen=True, slots=True)
class CheckWaiver:
    """The operator's word that one check of one claim need not pass."""

    id: UUID
    claim_id: UUID
    check: Waivable
    reason: CustomerText
    created_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not timedelta(0) < self.expires_at - self.created_at <= LONGEST_WAIVER:
            raise WaiverEndRefused

    def __str__(self) -> str:
        until = self.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        return f"The operator waives {self.check}{_UNTIL}{until}: {self.reason}"

    def excuse(self, outcome: Outcome) -> Outcome:
        """Let the outcome of its check pass, where this waiver covers it."""
        covers = {Waivable.IRR: _without_route_object, Waivable.RPKI: _not_found}[self.check]
        return Passed(f"{outcome.seen} {self}") if covers(outcome) else outcome


def _not_found(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and outcome.reason is Reason.ROA_MISSING


def _without_route_object(outcome: Outcome) -> bool:
    """Whatever the registry says of route objects, where the space is known to be registered."""
    return not isinstance(outcome, Passed)


def excused(outcome: Outcome, waiver: CheckWaiver | None) -> Outcome:
    """The outcome, or a pass where the waiver covers it."""
    return outcome if waiver is None else waiver.excuse(outcome)


def holds(outcome: Outcome, in_force: Iterable[CheckWaiver]) -> bool:
    """Whether it counts now: not where it passed by a waiver that has ended or was replaced."""
    return _UNTIL not in outcome.seen or any(str(one) in outcome.seen for one in in_force)
