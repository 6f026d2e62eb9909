"""How a contest marks the holders, and ends by itself: when the last rival goes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import SETTLED_FOR, Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.history import Actor, Event
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.validity import LONGEST
from byoip.store.sharing import PART, in_slices
from byoip.store.transaction import Transaction
from byoip.store.watch.sales import named_still, waiting
from byoip.usecases.events import record_changes

# A rival is not told of another's credentials and requests.
_BY: Final = Actor("worker", "last-rival-gone")
_BECAUSE: Final = {"because": "no rival is left"}


async def lock_with_space(tx: Transaction, claim_id: UUID, account_id: UUID | None = None) -> Claim:
    """Lock a claim that may be the last rival of others: its space first, then all around it.

    Raises:
        ClaimNotFound: there is no such live claim, or it is another account's.
        PreconditionFailed: it has another version by now.
    """
    seen = await tx.claims.get(claim_id, account_id)  # its prefix never changes
    await tx.claims.lock_space(seen.prefix)
    await tx.contests.lock_around(seen.prefix, seen.id)
    return await tx.lock_claim(claim_id, account_id)


async def lock_to_leave(tx: Transaction, claim_id: UUID, account_id: UUID | None = None) -> Claim:
    """Lock a claim that is given up: with its space, unless it is outside of all contests.

    So a claim without proof on space that others use makes none of them wait.

    Raises:
        ClaimNotFound, PreconditionFailed: see `lock_with_space`.
    """
    seen = await tx.claims.get(claim_id, account_id)
    if seen.outside_contests:
        claim = await tx.claims.lock_outside_contests(claim_id, account_id)
        if claim is not None:
            tx.precondition.require(claim.version)
            return claim
    return await lock_with_space(tx, claim_id, account_id)


async def contest_holders(tx: Transaction, rivals: Sequence[Claim]) -> None:
    """Mark approved claims, locked with their space, of which another account proved some."""
    contested = await in_slices(rivals, lambda rival: rival.contest(tx.now), size=PART)
    marked = list(zip(rivals, contested, strict=True))
    await tx.contests.save_standings([after for rival, after in marked if after is not rival])
    await in_slices(marked, lambda one: record_changes(tx, *one), size=PART)
    for rival in rivals:
        leaving = await tx.offboardings.live(rival.id) if rival.offboarding else None
        if leaving and not leaving.contested:
            # Its standing says that it is being offboarded; once restored, it is contested.
            await tx.offboardings.save(leaving.disputed())
            tx.record(rival.id, "offboarding.contested")


async def unsettled(tx: Transaction, claimant: Claim, holders: Sequence[Claim]) -> Sequence[Claim]:
    """Those of these holders that a proof of this claim contests.

    Not where an operator has settled that lately with the same account: as often as it likes it
    could keep the holder from all that is new. Whose holder changed since is contested again.
    """
    if not holders:
        return ()
    if await _waits(tx, claimant):
        named = await named_still(tx.session, holders, claimant.prefix)
        holders = [one for one in holders if one.id not in named]
    settled = await tx.contests.settled(claimant, holders, tx.now - SETTLED_FOR)
    return [one for one in holders if one.id not in settled or Signal.HOLDER in one.frozen_for]


def _pending(claim: Claim) -> bool:
    """Whether it has proven its space, and is not approved."""
    return not claim.approved and claim.ownership.state is CheckState.VALID


async def _waits(tx: Transaction, claim: Claim) -> bool:
    """Whether no proof gets it approved, whatever its rivals do: see `store/watch/sales.py`."""
    return bool((await tx.session.look(waiting([claim], claim.prefix, tx.now)))[0])


async def left_to_a_person(tx: Transaction, claim: Claim) -> bool:
    """Whether a claim is contested though its space is nobody's: it was left after a sale.

    To settle that does not help, for its next proof is contested again; to approve it does.
    """
    return (
        claim.standing is Standing.CONTESTED
        and _pending(claim)
        and await _waits(tx, claim)
        and not await tx.contests.held_by_another(claim)
        and not await tx.reservations.blocks(claim.prefix, claim.account_id)
    )


async def lost_by_its_account(tx: Transaction, claim: Claim) -> bool:
    """Whether a claim is contested, and its own account had the space before its holder changed.

    So its papers may be of before, as the zone and the route object by which it is proven.
    """
    if claim.standing is not Standing.CONTESTED or claim.approved:
        return False
    lost = tx.watches.lost(claim.account_id, claim.prefix, tx.now - LONGEST)
    return bool((await tx.session.look(lost))[0])


async def rivalled_again(tx: Transaction, claim: Claim) -> bool:
    """Whether a claim that was suspended is contested, now that it is resumed."""
    if claim.approved:
        return await tx.contests.unsettled(claim, tx.now - SETTLED_FOR)
    return await tx.contests.rivalled(claim) or (_pending(claim) and await _waits(tx, claim))


async def clear_contests(tx: Transaction, prefix: Prefix) -> None:
    """Take the mark of a contest from all claims in a space that have no rival any more.

    To be called last by what takes a rival away, with the space locked. One that is on its way out
    keeps its standing, and is not contested when it is restored. One that has proven
    the space and waits for a person keeps the mark: without it nothing would list it.
    """
    unrivalled = await tx.contests.unrivalled(prefix)
    if pending := [one for one in unrivalled if _pending(one)]:
        (kept,) = await tx.session.look(waiting(pending, prefix, tx.now))
        unrivalled = [one for one in unrivalled if one.id not in kept]
    staying = [claim for claim in unrivalled if not claim.offboarding]

    def clear(claim: Claim) -> Claim:
        after = claim.change_standing(Transition.UNRIVALLED, tx.now)
        was, now = {"standing": claim.standing.value}, {"standing": after.standing.value}
        tx.events.note(Event(claim.id, "prefix.ok", _BY, tx.now, was, {**now, **_BECAUSE}))
        return after

    await tx.contests.save_standings(await in_slices(staying, clear, size=PART))
    for claim in unrivalled:
        if claim.offboarding:
            await _forget(tx, claim)


async def no_rival_any_more(tx: Transaction, claim: Claim) -> None:
    """Take away the marks of which a claim was the last reason. It was locked to leave.

    It has gone, or lost what it had proven while another standing covered its mark.
    """
    if not await tx.claims.outside_contests(claim):
        await clear_contests(tx, claim.prefix)


async def _forget(tx: Transaction, claim: Claim) -> None:
    leaving = await tx.offboardings.live(claim.id)
    if leaving and leaving.contested:
        await tx.offboardings.save(leaving.undisputed())
        tx.events.note(
            Event(claim.id, "offboarding.uncontested", _BY, tx.now, after=dict(_BECAUSE))
        )
