"""Record what an answer makes of a signal, and what follows: an event, a level, a freeze."""

from dataclasses import replace
from typing import Any

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.after_a_sale import stood
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.domain.watch.watch import Watch
from byoip.store.transaction import Transaction

_COUNTED = frozenset({Level.WARN, Level.FREEZE})


async def note(tx: Transaction, claim: Claim, before: Watch, after: Watch) -> Claim:
    """Keep a signal of an approved claim, under its lock; gives the claim as it is then.

    A rise that the breaker of levels holds is kept back: the level stays, the time goes on.
    """
    held = False
    if after.level.rank > before.level.rank and after.level in _COUNTED:
        state = await tx.watches.rise(claim, after.signal, after.level, tx.now)
        held = state is RiseState.HELD
        after = replace(after, level=before.level) if held else after
    elif before.failing and after.failing_since != before.failing_since:  # that row is over
        await tx.watches.settle(claim.id, after.signal, tx.now)
    await tx.watches.put(claim.id, after)
    if after.level is not before.level:
        _record(tx, claim, before, after)
    if after.level is not Level.FREEZE or after.signal in claim.frozen_for:
        return claim
    return await freeze(tx, claim, after)


async def freeze(tx: Transaction, claim: Claim, watch: Watch) -> Claim:
    """Let nothing new happen to the claim; what is there stays."""
    frozen = replace(claim, frozen_for=claim.frozen_for | {watch.signal}, modified_at=tx.now)
    await tx.claims.save(frozen)
    was, now = (sorted(one.frozen_for) for one in (claim, frozen))
    after: dict[str, Any] = {"frozen_for": now, "signal": watch.signal, "seen": watch.seen}
    if watch.signal is Signal.HOLDER:
        zones = reverse_zones(claim.prefix)
        after["stood"] = stood(await tx.watches.of(claim.id), zones, tx.now)
    tx.record(claim.id, "prefix.frozen", before={"frozen_for": was}, after=after)
    return frozen


def _record(tx: Transaction, claim: Claim, before: Watch, after: Watch) -> None:
    kind = "watch.recovered" if after.level is Level.NONE else "watch.raised"
    signal = {"signal": after.signal.value}
    tx.record(
        claim.id,
        kind,
        before={**signal, "level": before.level.value},
        after={**signal, "level": after.level.value, "seen": after.seen},
    )
