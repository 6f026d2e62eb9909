"""What a claim's history says of a change: one event for each state that moved."""

from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.customer_text import CustomerText
from byoip.store.transaction import Transaction


def record_changes(
    tx: Transaction, before: Claim, after: Claim, *, reason: CustomerText | None = None
) -> None:
    """Record every difference between two versions of a claim that a reader cares for.

    `reason` is an operator's; the claim's owner reads it there.
    """
    why = {} if reason is None else {"reason": reason.value}

    def moved(kind: str, old: dict[str, str], new: dict[str, str]) -> None:
        tx.record(before.id, kind, before=old, after={**new, **why})

    for name in ("irr", "rpki", "ownership"):
        old, new = _check(getattr(before, name)), _check(getattr(after, name))
        if old != new:
            moved(f"check.{name}", old, new)
    if before.standing is not after.standing:
        standing = after.standing.value
        moved(f"prefix.{standing}", {"standing": before.standing.value}, {"standing": standing})
    if before.state is not after.state:
        state = after.state.value
        moved(f"prefix.{state}", {"state": before.state.value}, {"state": state})
    if before.description != after.description:
        was, is_now = before.description.value, after.description.value
        moved("prefix.described", {"description": was}, {"description": is_now})


def record_delegation(tx: Transaction, kind: str, delegation: Delegation) -> None:
    """Record that a delegation begins (`delegation.created`) or ends."""
    shown = {
        "delegation_id": delegation.id.hex,
        "cidr": str(delegation.cidr),
        "delegated_account_id": delegation.account_id.hex,
    }
    if delegation.expires_at:
        shown["expires_at"] = delegation.expires_at.isoformat()
    if kind == "delegation.created":
        tx.record(delegation.claim_id, kind, after=shown)
    else:
        tx.record(delegation.claim_id, kind, before=shown)


def record_token_revoked(tx: Transaction, token: OwnershipToken) -> None:
    """Record that a token proves nothing any more."""
    tx.record(token.claim_id, "token.revoked", after={"token_id": token.id.hex})


async def end_token_and_run(tx: Transaction, claim: Claim) -> None:
    """End what ends with a claim: its live token and its open run."""
    if token := await tx.tokens.live(claim.id):
        await tx.tokens.save(token.revoke(tx.now))
        record_token_revoked(tx, token)
    if run_id := await tx.runs.end_open(claim.id, tx.now):
        tx.record(claim.id, "validation.cancelled", after={"validation_id": run_id.hex})


def _check(check: CheckRecord) -> dict[str, str]:
    shown = {"state": check.state.value}
    return {**shown, "reason": check.reason.value} if check.reason else shown
