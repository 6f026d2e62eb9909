"""Waivers: the operator does without a check for one prefix, until a moment."""

from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.claims.check_waiver import CheckWaiver, RoaCovers, Waivable, WaiverEnded
from byoip.domain.operator_text import stated_reason
from byoip.ports.checks.rpki import Vrps
from byoip.store.transaction import Transaction


async def grant(
    tx: Transaction, claim_id: UUID, *, check: Waivable, expires_at: datetime, reason: str
) -> CheckWaiver:
    """Waive a check for a prefix, in place of the waiver of the same check.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        ClaimNotFound: there is no such live claim.
        WaiverEndRefused: it ends in the past, or in more than a year.
        RoaCovers: rpki has an answer for the prefix, and that counts.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    waiver = CheckWaiver(uuid4(), claim_id, check, why, tx.now, expires_at)
    if check is Waivable.RPKI:
        answer = await tx.roas.about(claim.prefix)
        if isinstance(answer, Vrps) and not all(one.expired(tx.now) for one in answer.covering):
            raise RoaCovers(claim.prefix)
    if replaced := await tx.waivers.put(waiver):
        record_end(tx, replaced, WaiverEnded.OPERATOR)
    tx.record(claim_id, "waiver.granted", after={**_shown(waiver), "reason": why.value})
    return waiver


async def end(tx: Transaction, claim_id: UUID, waiver_id: UUID, *, reason: str) -> CheckWaiver:
    """Take a waiver back. An approval and routes stay; nothing new passes.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        ClaimNotFound: there is no such live claim.
        WaiverNotFound: it has no such waiver, or it has ended.
    """
    why = stated_reason(reason)
    await tx.lock_claim(claim_id)
    ended = await tx.waivers.end(claim_id, waiver_id, tx.now)
    record_end(tx, ended, WaiverEnded.OPERATOR, reason=why.value)
    return ended


def record_end(
    tx: Transaction, waiver: CheckWaiver, because: WaiverEnded, *, reason: str | None = None
) -> None:
    """Add the end of a waiver to its prefix's history."""
    after = {"because": because.value} | ({"reason": reason} if reason else {})
    tx.record(waiver.claim_id, "waiver.ended", before=_shown(waiver), after=after)


def _shown(waiver: CheckWaiver) -> dict[str, object]:
    return {
        "waiver_id": waiver.id.hex,
        "check": waiver.check.value,
        "expires_at": waiver.expires_at.isoformat(),
    }
