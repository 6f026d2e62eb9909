"""What operators do with drains: take a speaker, a neighbour or a stage out of service, and lift.

The leader carries it out (`carry_out_drains.py`, `drained_sessions.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.operator_text import stated_name, stated_reason
from byoip.domain.speakers import drain as drains
from byoip.domain.speakers.drain import Drain, DrainTarget, left_in_service
from byoip.domain.speakers.revision import InUse, RevisionTravels
from byoip.store.transaction import Transaction


async def drain(
    tx: Transaction,
    target: DrainTarget,
    *,
    until: datetime,
    wait_seconds: int,
    loses: int,
    name: str,
    reason: str,
) -> Drain:
    """Take it out of service until a moment, its neighbours warned so many seconds before.

    Raises:
        InvalidText: the operator's name or the reason.
        DrainEndRefused: the end.
        DrainTargetNotFound: the settings that count, or that speaker, know no such thing.
        RevisionTravels: routes must not vanish while settings of speakers are on their way.
        DrainedAlready: a drain of the same stands.
        DrainWouldLose: more routes than `loses` would be announced by no speaker.
    """
    who, why = stated_name(name), stated_reason(reason)
    in_use = await tx.revisions.lock()
    drains.require_end(until, tx.now)
    await _require_known(tx, in_use, target)
    if in_use and in_use.target:
        raise RevisionTravels(in_use.target.number)
    lost = await would_lose(tx, target)
    if lost > loses:
        raise drains.DrainWouldLose(target, lost)
    made = Drain(
        uuid4(),
        target,
        by_hand=False,
        name=who.value,
        reason=why.value,
        since=tx.now,
        until=until,
        wait_seconds=wait_seconds,
        loses=loses,
    )
    await tx.drains.add(made)
    tx.record_for_operators("drain.begun", why, after=shown(made))
    return made


async def lift(tx: Transaction, drain_id: UUID, *, name: str, reason: str) -> Drain:
    """Bring what a drain has taken out back into service.

    Raises:
        InvalidText: the operator's name or the reason.
        DrainNotFound: there is none, or it is lifted already.
    """
    who, why = stated_name(name), stated_reason(reason)
    await tx.revisions.lock()
    ended = await tx.drains.end(drain_id, who.value, tx.now)
    tx.record_for_operators("drain.lifted", why, after=shown(ended))
    return ended


@dataclass(frozen=True, slots=True)
class Preview:
    """What a drain would touch, as things are now.

    Attributes:
        speakers: those that are concerned.
        neighbours: of the speaker, up or down; of a stage none.
        lost: routes that no speaker with a session would announce.
    """

    speakers: Sequence[str]
    neighbours: Sequence[str]
    lost: int


async def preview(tx: Transaction, target: DrainTarget) -> Preview:
    """What a drain would touch; nothing is changed.

    Raises:
        DrainTargetNotFound: the settings that count, or that speaker, know no such thing.
    """
    in_use = await tx.revisions.lock()
    await _require_known(tx, in_use, target)
    entries = in_use.entries if in_use else ()
    concerned = sorted(one.name for one in entries if target.concerns(one.name, one.stage))
    speaker = target.speaker
    around = sorted(await tx.drains.neighbours(speaker)) if speaker is not None else []
    return Preview(concerned, around, await would_lose(tx, target))


async def would_lose(tx: Transaction, target: DrainTarget) -> int:
    """How many routes no speaker with a session would announce, if this were drained as well.

    All that is drained counts as down, also while it is only about to be.
    """
    standing = [one.target for one in await tx.drains.standing() if one.live]
    left = left_in_service(await tx.drains.speakers(), [*standing, target])
    return await tx.drains.lost(left)


def shown(drain: Drain) -> dict[str, object]:
    """As the operators' history has it."""
    return {"drain": drain.id.hex, "of": str(drain.target), "name": drain.ended_by or drain.name}


async def _require_known(tx: Transaction, in_use: InUse | None, target: DrainTarget) -> None:
    entries = in_use.entries if in_use else ()
    known = any(target.concerns(one.name, one.stage) for one in entries)
    if known and target.speaker is not None and target.neighbour is not None:
        known = target.neighbour in await tx.drains.neighbours(target.speaker)
    if not known:
        raise drains.DrainTargetNotFound(target)
