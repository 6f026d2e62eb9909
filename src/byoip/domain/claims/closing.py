"""When a claim without proof is closed, what puts that off, and when its customer is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.claims.claim import UNPROVEN_AFTER, Claim

EXTENDED_TO: Final = timedelta(days=60)  # by a validation that its customer asks for at the end
LAST_DAYS: Final = timedelta(days=7)
NOTICES: Final = (LAST_DAYS, timedelta(days=1))  # how long before it closes that is told


def closes_at(claim: Claim) -> datetime | None:
    """When it is closed, unless it is proven; None: it is not closed by itself."""
    if not claim.outside_contests:
        return None
    return claim.unproven_since() + (EXTENDED_TO if _extended(claim) else UNPROVEN_AFTER)


def kept_alive(claim: Claim, now: datetime) -> Claim:
    """As its customer's request for validation leaves it: in its last days it gets thirty, once."""
    closes = closes_at(claim)
    if closes is None or _extended(claim) or now < closes - LAST_DAYS:
        return claim
    return replace(claim, extended_at=now)


def notice_due(claim: Claim, now: datetime) -> timedelta | None:
    """How long before its end that is to be told, if the time has come and it was not told."""
    closes, told = closes_at(claim), claim.told_closing_at
    due = [notice for notice in NOTICES if closes is not None and now >= closes - notice]
    if closes is None or not due or (told is not None and told >= closes - min(due)):
        return None
    return min(due)


def _extended(claim: Claim) -> bool:
    """Since the approval that was revoked last, if there was one."""
    return claim.extended_at is not None and claim.extended_at >= claim.unproven_since()
