"""What people do about levels: lift a freeze, and decide what the breaker of levels holds."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.freezing import NotFrozen, by_a_new_proof
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.remembered import Remembered
from byoip.domain.watch.rises import NothingHeld, RiseState
from byoip.domain.watch.watch import Watch
from byoip.store.transaction import Transaction


async def lift_freeze(tx: Transaction, claim_id: UUID, *, reason: str) -> Claim:
    """Lift all freezes of a prefix on the operator's word: what is there now counts as right.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        NotFrozen: it has none.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    if not claim.frozen_for:
        raise NotFrozen
    return await _lift(tx, claim, {"by": "operator", "reason": why.value})


async def lifted_by_proof(tx: Transaction, claim: Claim, token: OwnershipToken) -> Claim:
    """Lift the freezes of an approved claim whose account has proven it anew, under its lock.

    It stays as it is where a new proof of this account does not lift them, or its token has expired
    while its run was out: then no token was used up.
    """
    if not by_a_new_proof(claim.frozen_for) or not await tx.tokens.consume(token.id):
        return claim
    tx.record(claim.id, "token.consumed", after={"token_id": token.id.hex})
    return await _lift(tx, claim, {"by": "proof"})


async def _lift(tx: Transaction, claim: Claim, how: dict[str, str]) -> Claim:
    lifted = replace(claim, frozen_for=frozenset(), modified_at=tx.now)
    await tx.claims.save(lifted)
    await _begin_again(tx, claim, claim.frozen_for)
    frozen_for = sorted(one.value for one in claim.frozen_for)
    tx.record(claim.id, "prefix.unfrozen", before={"frozen_for": frozen_for}, after=how)
    return lifted


async def _begin_again(tx: Transaction, claim: Claim, signals: Collection[Signal]) -> None:
    """Compare these signals with what is there now, from now on."""
    known = await tx.watches.of(claim.id)
    for signal in signals:
        watch = known.get(signal, Watch(signal))
        await tx.watches.settle(claim.id, signal, tx.now)
        await tx.watches.put(claim.id, _from_now(watch))
    await tx.watches.next_look(claim.id, tx.now)


def _from_now(watch: Watch) -> Watch:
    # Of a holder the next file would not come before tomorrow; of records it is asked at once.
    found = Remembered.read(watch.found) if watch.signal is Signal.HOLDER else Remembered()
    return replace(watch.again(), baseline=found.kept())


async def decide(
    tx: Transaction, registry: str, signal: Signal, *, state: RiseState, reason: str
) -> int:
    """Release or drop what the breaker of levels holds of a registry and signal; how many.

    Workers carry it out, prefix after prefix. A prefix whose rise is dropped is not raised by the
    same row of answers: the time starts again.

    Raises:
        InvalidText: the reason.
        NothingHeld: none of them is held.
    """
    why = stated_reason(reason)
    many = await tx.watches.decide(registry, signal, state)
    if not many:
        raise NothingHeld
    after = {"registry": registry, "signal": signal.value, "rises": many}
    kind = "levels.released" if state is RiseState.RELEASED else "levels.dropped"
    tx.record_for_operators(kind, why, after=after)
    return many


def carried_out(watch: Watch, level: Level, state: RiseState) -> Watch:
    """What a decision makes of a signal that still says no."""
    return replace(watch, level=level) if state is RiseState.RELEASED else watch.again()
