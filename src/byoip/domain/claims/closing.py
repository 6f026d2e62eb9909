"""When a claim without proof is closed, what puts that off, and what is told before."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.claims.claim import UNPROVEN_AFTER, Claim
from byoip.domain.claims.ownership_token import OwnershipToken

EXTENDED_TO: Final = timedelta(days=60)  # by a validation that its customer asks for at the end
LAST_DAYS: Final = timedelta(days=7)
LAST_DAY: Final = timedelta(days=1)  # no claim is closed without having been told that long before
NOTICES: Final = (LAST_DAYS, LAST_DAY)  # how long before it closes that is told
NOTICE_HOLDS: Final = LAST_DAYS  # what was said longer ago, and did not come, is said again


def term_ends(claim: Claim) -> datetime | None:
    """When its time is over, unless it is proven; None: it is not closed by itself."""
    if not claim.outside_contests:
        return None
    return claim.unproven_since() + (EXTENDED_TO if _extended(claim) else UNPROVEN_AFTER)


def closes_at(claim: Claim, now: datetime) -> datetime | None:
    """When it is closed: at the end of its time, and a day after it was told at the earliest.

    Where it could not be closed at that end, as while it was suspended, it is told anew. None: it
    is not closed by itself.
    """
    ends, told = term_ends(claim), claim.told_closing_at
    if ends is None:
        return None
    if told is None or not _holds(told, ends, now):
        told = now
    return max(ends, told + LAST_DAY, now)


def closable(claim: Claim, now: datetime) -> bool:
    """Whether its time is over, and its customer was told at least a day ago, and lately."""
    ends, told = term_ends(claim), claim.told_closing_at
    if ends is None or told is None or not _holds(told, ends, now):
        return False
    return now >= max(ends, told + LAST_DAY)


def kept_alive(claim: Claim, now: datetime) -> Claim:
    """As its customer's request for validation leaves it: in its last days it gets thirty, once."""
    ends = term_ends(claim)
    if ends is None or _extended(claim) or now < ends - LAST_DAYS:
        return claim
    return replace(claim, extended_at=now)


def notice_due(claim: Claim, now: datetime) -> timedelta | None:
    """How long before its end that is to be told, if the time has come and it was not told."""
    ends, told = term_ends(claim), claim.told_closing_at
    due = [notice for notice in NOTICES if ends is not None and now >= ends - notice]
    if ends is None or not due:
        return None
    if told is not None and told >= ends - min(due) and _holds(told, ends, now):
        return None
    return min(due)


def token_notice_due(token: OwnershipToken, now: datetime) -> timedelta | None:
    """How long before its token expires that is to be told, if the time has come and it was not.

    Of one that holds for a week that is not told a week before.
    """
    if not token.usable(now):
        return None
    return expiry_notice_due(token.created_at, token.expires_at, token.told_expiring_at, now)


def expiry_notice_due(
    created: datetime, ends: datetime, told: datetime | None, now: datetime
) -> timedelta | None:
    """The same of anything that was made with an end, and has not reached it."""
    due = [one for one in NOTICES if created < ends - one <= now < ends]
    if not due:
        return None
    return None if told is not None and told >= ends - min(due) else min(due)


def _holds(told: datetime, ends: datetime, now: datetime) -> bool:
    return told >= max(ends, now) - NOTICE_HOLDS


def _extended(claim: Claim) -> bool:
    """Since the approval that was revoked last, if there was one."""
    return claim.extended_at is not None and claim.extended_at >= claim.unproven_since()
