"""Settings of speakers: what is in force, on its way and proposed, and what there was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.precondition import PreconditionFailed
from byoip.domain.speakers import revision
from byoip.domain.speakers.revision import InUse, ProposalNotFound, Revision, SpeakerChange
from byoip.store.transaction import Transaction
from byoip.usecases.speakers import revisions
from byoip.web.forms import fresh_key, number_of, seen_of, typed
from byoip.web.operator.drawn import of_settings
from byoip.web.operator.network.places import SETTINGS
from byoip.web.operator.noc import require_operator
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

_MOST: Final = 20  # revisions on the page
_LONGEST: Final = 64  # of a proposal's name, as at the API
_DONE: Final[Mapping[str, str]] = {
    "applied": "It travels: to the first stage, and, as soon as it is seen there, to the next.",
    "taken-back": "Speakers are told by the settings in force again.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Settings that could travel, and what that would do.

    Attributes:
        name: stands for just these settings.
        said: where they are from.
    """

    name: str
    said: str
    changes: Sequence[SpeakerChange]

    @property
    def rewrites(self) -> int:
        """Announced routes that speakers tell in another way, or for the first time."""
        return sum(one.rewrites for one in self.changes)


async def shown(visit: PersonsVisit) -> Response:
    """All of it."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


async def apply(visit: PersonsVisit) -> Response:
    """Let proposed or earlier settings travel, from the revision that was in force on the page."""
    require_operator(visit)
    form = visit.form
    name, known = form.get("proposal", "")[:_LONGEST], number_of(form, "revision")
    if not typed(form, name):
        return await _page(visit, Told.asking_for(name))

    async def verb(tx: Transaction) -> Revision:
        require_seen(visit, *of_settings(await tx.revisions.lock()))
        try:
            return await revisions.apply(
                tx,
                name,
                planned_for=known,
                name=visit.person.name,
                reason=form.get("reason", ""),
            )
        except ProposalNotFound:  # its process has ended, or says something else by now
            raise PreconditionFailed from None

    work = visit.write(verb, lambda _: f"{SETTINGS}?done=applied")
    return await tried(visit, work, partial(_page, visit))


async def take_back(visit: PersonsVisit) -> Response:
    """End what is on its way, if it is what was seen."""
    require_operator(visit)

    async def verb(tx: Transaction) -> Revision:
        require_seen(visit, *_travelling(await tx.revisions.lock()))
        reason = visit.form.get("reason", "")
        return await revisions.take_back(tx, name=visit.person.name, reason=reason)

    work = visit.write(verb, lambda _: f"{SETTINGS}?done=taken-back")
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    reader = visit.site.routes.revisions
    plan, kept = await revisions.plan(reader), await revisions.listed(reader, limit=_MOST)
    return await visit.page(
        "operator/network/settings.html",
        told.status,
        told=told,
        in_use=plan.in_use,
        returns=await _returns(visit, plan.in_use),
        seen=seen_of(*_travelling(plan.in_use)),
        in_force=seen_of(*of_settings(plan.in_use)),
        proposed=[
            Wanted(one.proposal, _from_files(one, kept), one.changes) for one in plan.proposals
        ],
        kept=[(one.kept, Wanted(one.kept.revision.digest, "", one.changes)) for one in kept],
        key=fresh_key,
    )


async def _returns(visit: PersonsVisit, in_use: InUse | None) -> Sequence[SpeakerChange]:
    """What taking back changes: at the speakers that are told by the revision that travels."""
    if in_use is None or in_use.target is None or in_use.opened is None:
        return ()
    told = [one for one in in_use.target.entries if one.stage <= in_use.opened]
    before = Revision(in_use.target.number, tuple(told))
    names = {one.name for one in told}
    back = tuple(one for one in in_use.in_force.entries if one.name in names)
    return revision.changes(before, back, await visit.site.routes.revisions.kinds())


def _from_files(one: revisions.Planned, kept: Sequence[revisions.Kept]) -> str:
    earlier = [each.kept.revision.number for each in kept]
    same = [
        n
        for n, each in zip(earlier, kept, strict=True)
        if each.kept.revision.digest == one.proposal
    ]
    said = f"Proposed by the settings files of {', '.join(one.processes)}."
    return f"{said} Revision {same[0]} said the same." if same else said


def _travelling(in_use: InUse | None) -> tuple[object, ...]:
    """Which one; how far it has come goes on all the time."""
    return (in_use.target.number,) if in_use and in_use.target else ()
