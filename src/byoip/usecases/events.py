"""What the history says of a change: one event for each state that moved."""

from collections.abc import Iterator
from datetime import datetime

from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.history import Actor, Event
from byoip.store.transaction import Transaction


def changes(before: Claim, after: Claim, by: Actor, at: datetime) -> tuple[Event, ...]:
    """Events for every difference between two versions of a claim that a reader cares for."""
    return tuple(_changes(before, after, by, at))


def delegation_event(kind: str, delegation: Delegation, by: Actor, at: datetime) -> Event:
    """What the owner's history says of a delegation that begins (`delegation.created`) or ends."""
    shown = {
        "delegation_id": delegation.id.hex,
        "cidr": str(delegation.cidr),
        "delegated_account_id": delegation.account_id.hex,
    }
    if delegation.expires_at:
        shown["expires_at"] = delegation.expires_at.isoformat()
    begins = kind == "delegation.created"
    before, after = ({}, shown) if begins else (shown, {})
    return Event(delegation.claim_id, kind, by, at, before, after)


async def end_token_and_run(tx: Transaction, claim: Claim, by: Actor, at: datetime) -> None:
    """What ends with a claim: its live token and its open run."""
    if token := await tx.tokens.live(claim.id):
        await tx.tokens.save(token.revoke(at))
        await tx.events.add(token_revoked(token, by, at))
    if run_id := await tx.runs.end_open(claim.id, at):
        after = {"validation_id": run_id.hex}
        await tx.events.add(Event(claim.id, "validation.cancelled", by, at, after=after))


def token_revoked(token: OwnershipToken, by: Actor, at: datetime) -> Event:
    """A token that proves nothing any more."""
    return Event(token.claim_id, "token.revoked", by, at, after={"token_id": token.id.hex})


def _changes(before: Claim, after: Claim, by: Actor, at: datetime) -> Iterator[Event]:
    for name in ("irr", "rpki", "ownership"):
        old, new = _shown(getattr(before, name)), _shown(getattr(after, name))
        if old != new:
            yield Event(before.id, f"check.{name}", by, at, old, new)
    if before.standing is not after.standing:
        old, new = {"standing": before.standing.value}, {"standing": after.standing.value}
        yield Event(before.id, f"prefix.{after.standing.value}", by, at, old, new)
    if before.state is not after.state:
        old, new = {"state": before.state.value}, {"state": after.state.value}
        yield Event(before.id, f"prefix.{after.state.value}", by, at, old, new)
    if before.description != after.description:
        old = {"description": before.description.value}
        yield Event(
            before.id, "prefix.described", by, at, old, {"description": after.description.value}
        )


def _shown(check: CheckRecord) -> dict[str, str]:
    shown = {"state": check.state.value}
    return {**shown, "reason": check.reason.value} if check.reason else shown
