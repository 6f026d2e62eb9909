"""What people do about levels: lift a freeze, and decide what the breaker of levels holds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from byoip.domain.checks.evidence import Check
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.claims.proof import Proof
from byoip.domain.customer_text import CustomerText
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.effects import Act
from byoip.domain.watch.freezing import NotFrozen, by_a_new_proof
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import NothingHeld, RiseState
from byoip.domain.watch.validity import (
    ProofByChecks,
    begun_again,
    may_be_proven_anew,
    proof_end,
    renewed,
)
from byoip.domain.watch.watch import Watch
from byoip.store.transaction import Transaction
from byoip.usecases.watch.after_a_sale import why_frozen_still
from byoip.usecases.watch.disputes import require_undisputed

_OF_A_HOLDER = (Signal.ROUTE_OBJECT, Signal.REVERSE_ZONE, Signal.ZONE_SERVERS)


async def lift_freeze(tx: Transaction, claim_id: UUID, *, reason: str) -> Claim:
    """Lift all freezes of a prefix on the operator's word: what is there now counts as right.

    A proof that has ended ends again in 60 days, with all reminders.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        NotFrozen: it has none.
        PrefixDisputed: a dispute about it is open, which is decided instead.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    if not claim.frozen_for:
        raise NotFrozen
    await require_undisputed(tx, claim.id, Act.LIFT)
    return await lift_on_word(tx, claim, why)


async def lift_on_word(tx: Transaction, claim: Claim, why: CustomerText) -> Claim:
    """Lift all freezes of a locked claim; see `lift_freeze`."""
    if Signal.PROOF in claim.frozen_for:
        claim = begun_again(claim, tx.now)
    return await _lift(tx, claim, {"by": "operator", "reason": why.value})


async def proven_anew(
    tx: Transaction, claim: Claim, token: OwnershipToken, passed: Mapping[Check, frozenset[str]]
) -> Claim:
    """Renew the proof of an approved claim whose account has proven it again, under its lock.

    That lifts its freezes. It stays as it is where a new proof of this account lifts them not, or
    none is due, or its token has expired while its run was out: then no token was used up.

    Args:
        tx: the transaction.
        claim: the claim.
        token: what was found published.
        passed: by which ways ownership was proven, and who vouched; see
            `domain/watch/after_a_sale.py`.
    """
    if not may_be_proven_anew(claim, tx.now):
        return claim
    if not by_a_new_proof(claim.frozen_for) and (why := await why_frozen_still(tx, claim, passed)):
        tx.record(claim.id, "prefix.still_frozen", after=why)
        return claim
    if not await tx.tokens.consume(token.id):
        return claim
    tx.record(claim.id, "token.consumed", after={"token_id": token.id.hex})
    anew = renewed(claim, tx.now)
    tx.record(claim.id, "proof.renewed", after={"by": "token"})
    if claim.frozen_for:
        return await _lift(tx, anew, {"by": "proof"})
    await begin_again(tx, claim.id, {Signal.PROOF})
    return anew


async def end_proof(
    tx: Transaction, claim_id: UUID, *, ends_at: datetime | None, reason: str
) -> Claim:
    """Say until when the operator's approval of a prefix counts as a proof; None: without an end.

    Its customer is told of it as of any other end. A freeze for an end that has come is lifted.

    Raises:
        InvalidText: the reason.
        ProofEndTooSoon: within a week.
        ClaimNotFound: there is no such live claim.
        ProofByChecks: it is not approved on an operator's word.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    if not claim.approved or claim.approved_by is not Approver.OPERATOR:
        raise ProofByChecks
    proof = Proof(tx.now, proof_end(ends_at, tx.now))
    thawed = claim.frozen_for - {Signal.PROOF}
    ending = replace(claim, proof=proof, frozen_for=thawed, modified_at=tx.now)
    await tx.claims.save(ending)
    await begin_again(tx, claim.id, {Signal.PROOF})
    shown = {"ends_at": ends_at.isoformat() if ends_at else None}
    tx.record(claim.id, "proof.end_set", after={**shown, "reason": why.value})
    if thawed != claim.frozen_for:
        _record_lifted(tx, claim, {"by": "operator", "reason": why.value}, thawed)
    return ending


async def _lift(tx: Transaction, claim: Claim, how: dict[str, str]) -> Claim:
    lifted = replace(claim, frozen_for=frozenset(), modified_at=tx.now)
    await tx.claims.save(lifted)
    # After a change of holder all that is watched has another one behind it.
    others = () if by_a_new_proof(claim.frozen_for) else _OF_A_HOLDER
    await begin_again(tx, claim.id, claim.frozen_for | {Signal.PROOF, *others})
    _record_lifted(tx, claim, how)
    return lifted


def _record_lifted(
    tx: Transaction, claim: Claim, how: dict[str, str], left: Collection[Signal] = ()
) -> None:
    was, now = (sorted(one.value for one in signals) for signals in (claim.frozen_for, left))
    before, after = {"frozen_for": was}, {"frozen_for": now} if now else {}
    tx.record(claim.id, "prefix.unfrozen", before=before, after={**how, **after})


async def begin_again(tx: Transaction, claim_id: UUID, signals: Collection[Signal]) -> None:
    """Compare these signals of a locked claim with what is there now, from now on."""
    known = await tx.watches.of(claim_id)
    for signal in signals:
        if signal in known:
            await tx.watches.settle(claim_id, signal, tx.now)
            await tx.watches.put(claim_id, _from_now(known[signal]))
    await tx.watches.next_look(claim_id, tx.now)


def _from_now(watch: Watch) -> Watch:
    # Of a holder the next file would not come before tomorrow; of records it is asked at once.
    now = ""
    if watch.signal is Signal.HOLDER:  # one that is named again is the one of before
        now = watch.found if watch.failing else watch.baseline
    seen = "" if watch.signal is Signal.PROOF else watch.seen
    # A file that was heard stays heard; the zones' round begins at its first share.
    heard = None if watch.signal is Signal.REVERSE_ZONE else watch.heard
    return replace(watch.again(), baseline=now, seen=seen, heard=heard)


async def decide(
    tx: Transaction,
    registry: str,
    signal: Signal,
    *,
    state: RiseState,
    reason: str,
    many: int | None = None,
    require: Callable[[Sequence[UUID]], None] | None = None,
) -> int:
    """Release or drop what the breaker of levels holds of a registry and signal; how many.

    With `many` it is done to so many that were held first, and what came after them waits on.

    Workers carry it out, prefix after prefix. A prefix whose rise is dropped is not raised by the
    same row of answers: the time starts again. `require` is told which rises these are, by ids, and
    refuses others than were meant.

    Raises:
        InvalidText: the reason.
        NothingHeld: none of them is held.
    """
    why = stated_reason(reason)
    rises = await tx.watches.decide(registry, signal, state, many)
    many = len(rises)
    if not many:
        raise NothingHeld
    if require:
        require(rises)
    after = {"registry": registry, "signal": signal.value, "rises": many}
    kind = "levels.released" if state is RiseState.RELEASED else "levels.dropped"
    tx.record_for_operators(kind, why, after=after)
    return many


def carried_out(watch: Watch, level: Level, state: RiseState) -> Watch:
    """What a decision makes of a signal that still says no."""
    return replace(watch, level=level) if state is RiseState.RELEASED else watch.again()
