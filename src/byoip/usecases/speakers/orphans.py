"""Paths that a speaker holds and no row wants: operators decide about them."""

from collections.abc import Callable
from dataclasses import replace

from byoip.domain.operator_text import stated_name, stated_reason
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.bgp_peer import can_be_named
from byoip.domain.speakers.route_snapshot import Orphan, OrphanNotFound
from byoip.store.transaction import Transaction


async def withdraw(
    tx: Transaction,
    speaker: str,
    cidr: str,
    *,
    name: str,
    reason: str,
    as_seen: Callable[[Orphan], bool] | None = None,
) -> Orphan:
    """Have an orphan withdrawn from one speaker, on the word of the operator of this name.

    The reconciler withdraws it, if it still is an orphan then.

    Args:
        tx: the transaction.
        speaker: which holds it.
        cidr: of the path.
        name: of the operator.
        reason: why.
        as_seen: whether it is what the operator has looked at; None: whatever it is.

    Raises:
        InvalidText: the name or the reason.
        InvalidPrefix: the CIDR.
        OrphanNotFound: the speaker holds no such path, or a row wants it.
        PreconditionFailed: it is another path, or somebody has decided about it meanwhile.
    """
    who, why, prefix = stated_name(name), stated_reason(reason), Prefix.parse(cidr)
    if not can_be_named(speaker):
        raise OrphanNotFound
    found = await tx.routes.decide(speaker, prefix, by=who.value, because=why.value)
    if as_seen is not None and not as_seen(found):
        raise PreconditionFailed
    after = {"speaker": speaker, "cidr": str(prefix), "name": who.value}
    tx.record_for_operators("orphan.withdrawn", why, after=after)
    return replace(found, decided_by=who.value, decided_because=why.value)


async def withdraw_all(
    tx: Transaction,
    speaker: str,
    many: int,
    *,
    name: str,
    reason: str,
    require: Callable[[int, str], None] | None = None,
) -> tuple[str, int]:
    """Have all orphans of one speaker withdrawn that are undecided: just as many as were looked at.

    No faster than the breaker's ceiling. The speaker's name and their number are returned.
    `require` is told how many there are and what stands for them; it refuses others than were seen.

    Raises:
        InvalidText: the name or the reason.
        OrphanNotFound, OrphansChanged: there is none, or another number; nothing is decided.
    """
    who, why = stated_name(name), stated_reason(reason)
    if not can_be_named(speaker):
        raise OrphanNotFound
    await tx.routes.decide_all(speaker, many, by=who.value, because=why.value, require=require)
    after = {"speaker": speaker, "count": many, "name": who.value}
    tx.record_for_operators("orphan.withdrawn_all", why, after=after)
    return speaker, many
