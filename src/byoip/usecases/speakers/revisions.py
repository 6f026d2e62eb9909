"""What operators do with the settings of speakers: look, apply a proposal, take it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from byoip.domain.asn import Asn
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.domain.routes.prepending import prepends_lost_as
from byoip.domain.speakers import revision
from byoip.domain.speakers.revision import Entries, InUse, Revision, SpeakerChange
from byoip.store.speakers.revisions import KeptRevision, Revisions
from byoip.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Planned:
    """What a proposal would do, stage by stage.

    Attributes:
        processes: those whose files propose it.
    """

    proposal: str
    processes: Sequence[str]
    changes: Sequence[SpeakerChange]


@dataclass(frozen=True, slots=True)
class SpeakerPlan:
    """What is in force and on its way, and what files propose; without a revision: None."""

    in_use: InUse | None
    proposals: Sequence[Planned]


async def plan(revisions: Revisions) -> SpeakerPlan:
    """What each proposal would rewrite, at which stage."""
    in_use = await revisions.in_use()
    if in_use is None:
        return SpeakerPlan(None, ())
    kinds = await revisions.kinds()
    return SpeakerPlan(
        in_use,
        [
            Planned(
                one.digest, one.processes, revision.changes(in_use.in_force, one.entries, kinds)
            )
            for one in await revisions.differing(doubted=True)
        ],
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A revision, and what going back to it would change; of one that is told now: nothing."""

    kept: KeptRevision
    changes: Sequence[SpeakerChange]


async def listed(revisions: Revisions, *, limit: int) -> Sequence[Kept]:
    """The newest revisions, the newest first."""
    found = await revisions.listed(limit=limit)
    known = next((one.revision for one in found if one.state == "in_force"), None)
    if known is None:  # none yet, or so many were taken back since
        in_use = await revisions.in_use()
        known = in_use.in_force if in_use else None
    kinds = await revisions.kinds()
    return [
        Kept(one, revision.changes(known, one.revision.entries, kinds) if known else ())
        for one in found
    ]


async def apply(
    tx: Transaction, proposal: str, *, planned_for: int, name: str, reason: str
) -> Revision:
    """Let what a file proposes, or what an earlier revision said, travel; the revision it is now.

    Raises:
        InvalidText: the operator's name or the reason.
        ProposalNotFound: no process that runs proposes it, and no revision has said it.
        RevisionTravels, RevisionMoved, RevisionUnchanged: look at the plan again.
        PrependsWouldBeLost: a neighbour would drop routes.
    """
    who, why = stated_name(name), stated_reason(reason)
    in_use = await tx.revisions.lock()
    if in_use is None:
        raise revision.ProposalNotFound
    known = in_use.in_force
    if in_use.target:
        raise revision.RevisionTravels(in_use.target.number)
    if known.number != planned_for:
        raise revision.RevisionMoved(known.number)
    if known.digest == proposal and not known.in_doubt:
        raise revision.RevisionUnchanged(known.number)
    found = await tx.revisions.proposal(proposal)
    entries = found.entries if found else await tx.revisions.earlier(proposal)
    if entries is None:
        raise revision.ProposalNotFound
    await _require_prepends(tx, known, entries)
    number = await tx.revisions.put(entries, by=who.value, reason=why.value, now=tx.now)
    before = {"revision": known.number}
    after = {"revision": number, "proposal": proposal, "name": who.value}
    tx.record_for_operators("speaker_settings.applied", why, before=before, after=after)
    return Revision(number, entries)


async def take_back(tx: Transaction, *, name: str, reason: str) -> Revision:
    """Have no speaker told any more by the revision that travels; the one in force.

    Raises:
        InvalidText: the operator's name or the reason.
        NothingTravels: none is on its way.
    """
    who, why = stated_name(name), stated_reason(reason)
    in_use = await tx.revisions.lock()
    if in_use is None or in_use.target is None:
        raise revision.NothingTravels
    await tx.revisions.take_back(f"{who.value}: {why.value}", tx.now)
    before, after = {"revision": in_use.target.number}, {"name": who.value}
    tx.record_for_operators("speaker_settings.taken_back", why, before=before, after=after)
    return in_use.in_force


async def _require_prepends(tx: Transaction, known: Revision, entries: Entries) -> None:
    """Refuse to repeat an origin in paths that a neighbour drops for that."""
    internal = await tx.revisions.internal()
    for one in entries:
        if (number := internal.get(one.name)) is None:
            continue
        attributes = replace(one.attributes, local_as=Asn(number))
        before = known.by_name.get(one.name)
        lost_before = before is not None and not before.attributes.prepends
        if lost_before or prepends_lost_as(attributes, [Asn(number)]) is None:
            continue
        if cidr := await tx.revisions.prepended(number):
            raise revision.PrependsWouldBeLost(one.name, number, cidr)
