"""A claim that its customer has removed, and brings back."""

from dataclasses import replace
from datetime import UTC, datetime

from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import Standing, Transition, next_state
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix


class NotRestorable(Refusal):
    """The prefix was removed too long ago, or not by its customer."""

    name = "not_restorable"

    def __init__(self, until: datetime | None = None) -> None:
        since = f" It could until {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}." if until else ""
        super().__init__(f"This prefix cannot be restored any more.{since} Bring it anew.")


class SpaceHeld(Refusal):
    """Another account's approved prefix overlaps it."""

    name = "space_held"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(f"Another account holds space of {prefix} by now: it is not restored.")


def reopened(claim: Claim, now: datetime) -> Claim:
    """As it comes back: pending, its history behind it, and nothing proven.

    Raises:
        NotRestorable: it was not removed by its customer, or too long ago.
        IllegalTransition: it is not closed.
    """
    if claim.restorable_until is None or now > claim.restorable_until:
        raise NotRestorable(claim.restorable_until)
    return replace(
        claim.written(now),
        state=next_state(claim.state, Transition.REOPENED),
        standing=Standing.OK,
        irr=CheckRecord(),
        rpki=CheckRecord(),
        ownership=CheckRecord(),
        irr_waived=False,
        approved_at=None,
        approved_by=None,
        closed_at=None,
        restorable_until=None,
        reopened_at=now,
    )
