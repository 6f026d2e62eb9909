"""Whether networks that validate origins would carry a route; checked at each announcement."""

from datetime import datetime, timedelta

from byoip.domain.checks.evidence import Failed, Outcome, Unanswered
from byoip.domain.errors import Refusal

LAST_WORD_COUNTS = timedelta(days=7)  # a route found valid may return without an answer


class OriginNotValid(Refusal):
    """Networks that validate origins would drop the route."""

    name = "origin_not_valid"

    def __init__(self, seen: str, fix: str) -> None:
        super().__init__(f"{seen} {fix}".strip())


class OriginUnanswered(Refusal):
    """Origin validation has no answer for the route, and that is no yes."""

    name = "origin_unanswered"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"Origin validation could not be answered: {detail} Nothing was changed: try again "
            "in a few minutes.",
            retry_after=60,
        )


def origin_refusal(
    outcome: Outcome, last_valid_at: datetime | None, now: datetime
) -> Refusal | None:
    """Why a route is not announced by what origin validation says; None: it may be.

    Without an answer, a route that was announced valid within seven days may return: its owner
    may be under attack, and the relying party as well.
    """
    match outcome:
        case Failed():
            return OriginNotValid(outcome.seen, outcome.fix)
        case Unanswered() if last_valid_at is None or now - last_valid_at > LAST_WORD_COUNTS:
            return OriginUnanswered(outcome.seen)
        case _:
            return None
