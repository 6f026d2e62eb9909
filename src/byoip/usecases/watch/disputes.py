"""Disputes: opened by a proof of another account, ended by a person, or as a party gives up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor, Event
from byoip.domain.watch.dispute import (
    ANSWERED_WITHIN,
    Dispute,
    DisputeEnd,
    PrefixDisputed,
    Side,
    holder_changed,
)
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.store.transaction import Transaction
from byoip.store.watch.disputes import DisputeRepository
from byoip.usecases.watch.levels import freeze

# A party is not told of the other's credentials and requests.
_BY: Final = Actor("worker", "dispute-ended")


@dataclass(frozen=True, slots=True)
class Ended:
    """A dispute that ended, for the histories of both."""

    dispute: Dispute
    how: DisputeEnd


async def require_undisputed(tx: Transaction, claim_id: UUID, act: Act) -> None:
    """Refuse what a dispute about a locked claim stops.

    Raises:
        PrefixDisputed: one is open.
    """
    stopped = stops(Stage.DISPUTE, act, {Signal.HOLDER})
    if stopped and await DisputeRepository(tx.session).open_of(claim_id):
        raise PrefixDisputed


async def open_disputes(
    tx: Transaction, claimant: Claim, holders: Sequence[Claim]
) -> Sequence[Claim]:
    """Open one with each holder whose space has another holder by the registries' statistics.

    Gives all holders back as they are then: what is disputed is frozen, also where the breaker of
    levels has held that back. One that is open already stays as it is.

    Args:
        tx: the transaction; it has the space and all these claims locked.
        claimant: has just proven the space.
        holders: the approved claims of others that overlap it.
    """
    disputes = DisputeRepository(tx.session)
    changed = await disputes.changed([one.id for one in holders])
    if not changed and not any(Signal.HOLDER in one.frozen_for for one in holders):
        return holders
    open_ = {one.holder_id for one in await disputes.open_of(claimant.id)}
    after = []
    for holder in holders:
        watch = changed.get(holder.id, Watch(Signal.HOLDER))
        frozen = Signal.HOLDER in holder.frozen_for
        if holder.id in open_ or not (frozen or holder_changed(watch)):
            after.append(holder)
            continue
        after.append(holder if frozen else await freeze(tx, holder, watch))
        await _open(tx, disputes, claimant, holder)
    return after


async def _open(
    tx: Transaction, disputes: DisputeRepository, claimant: Claim, holder: Claim
) -> None:
    until = tx.now + ANSWERED_WITHIN
    dispute = Dispute(uuid4(), holder.id, claimant.id, tx.now, until)
    await disputes.add(dispute)
    for claim, other, side in (
        (holder, claimant, Side.HOLDER),
        (claimant, holder, Side.CLAIMANT),
    ):
        after = {"dispute_id": dispute.id.hex, "side": side.value, "other": str(other.prefix)}
        tx.record(claim.id, "dispute.opened", after={**after, "decide_from": until.isoformat()})


async def end_disputes(tx: Transaction, claim_id: UUID) -> None:
    """End all of a claim that gives up its space or loses its approval; before that is saved."""
    disputes = DisputeRepository(tx.session)
    for dispute in await disputes.open_of(claim_id):
        await disputes.end(dispute, DisputeEnd.GONE, tx.now)
        await tell_ended(tx, Ended(dispute, DisputeEnd.GONE))


async def tell_ended(tx: Transaction, ended: Ended, **more: Any) -> None:
    """Tell both parties how it ended, with the space locked; a decision in its person's name."""
    by = _BY if ended.how is DisputeEnd.GONE else tx.actor
    parties = ended.dispute.holder_id, ended.dispute.claimant_id
    await tx.events.lock_claims(parties)  # one whose contest was settled is not locked yet
    for claim_id in parties:
        after = {"dispute_id": ended.dispute.id.hex, "ended": ended.how.value, **more}
        tx.events.note(Event(claim_id, "dispute.ended", by, tx.now, {}, after))
