"""What a new token takes from its claim."""

from dataclasses import replace
from datetime import datetime

from byoip.domain.claims.claim import CheckRecord, Claim


def unproven(claim: Claim, now: datetime) -> Claim:
    """Without what the token before has proven; an approval stands all the same."""
    written = claim.written(now)
    return written if claim.approved else replace(written, ownership=CheckRecord())
