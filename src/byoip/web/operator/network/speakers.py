"""Speakers: what each has from us, what is wrong with it, and what operators may do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.errors import Refusal
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.speakers.bgp_peer import (
    SILENT_FOR,
    BgpPeerKind,
    Forgotten,
    SpeakerInService,
    SpeakerNotFound,
    can_be_named,
)
from byoip.domain.speakers.drain import Drain, DrainNotFound
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.store.speakers.views import SpeakerReport, StandingAlarm
from byoip.store.transaction import Transaction
from byoip.usecases.border import Verb
from byoip.usecases.speakers import bgp_peers, drains
from byoip.web.forms import fresh_key, id_of, seen_of, typed
from byoip.web.operator.acts import opening
from byoip.web.operator.drawn import of_drain, of_shut
from byoip.web.operator.network.places import SPEAKERS, page_of_speaker
from byoip.web.operator.noc import require_operator
from byoip.web.rows import rows_of
from byoip.web.site import Site
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

_MOST: Final = 100  # speakers on a page, and routes of one on its own
_ORPHANS: Final = 5  # named there
_NOWHERE: Final = -1  # no stage
_DONE: Final[Mapping[str, str]] = {
    "opened": "Its sessions come up as soon as it is loaded and has a route.",
    "lifted": "It comes back: below is how far it is.",
    "forgotten": "It is forgotten. History has what was on record, with your name and the reason.",
}


@dataclass(frozen=True, slots=True)
class Station:
    """A speaker as pages show it.

    Attributes:
        stage: by the settings that count, else as it was when it was last asked.
        report: what is on record; None: no worker has asked it yet.
        entry: what it is told by; None: the settings that count do not name it.
        drains: those that it is concerned by.
    """

    name: str
    stage: int | None
    report: SpeakerReport | None
    entry: SpeakerEntry | None
    drains: Sequence[Drain]
    alarms: Sequence[StandingAlarm]

    @property
    def shut(self) -> StandingAlarm | None:
        """That its sessions are held shut."""
        return next((one for one in self.alarms if one.alarm.kind == "sessions_shut"), None)

    def chips(self, now: datetime) -> Sequence[tuple[str, str]]:
        """How it is, as tone and word: whether it answers comes first."""
        found = [self._answers(now)]
        found += [("wait", one.state.value) for one in self.drains[:1]]
        found += [("bad", "sessions held shut")] if self.shut else []
        found += [] if self.entry else [("wait", "in no settings")]
        return found

    def _answers(self, now: datetime) -> tuple[str, str]:
        if self.report is None or self.report.asked_at is None:
            return "wait", "never asked"
        if now - self.report.asked_at >= SILENT_FOR:
            return "bad", "asked no more"
        return ("good", "answers") if self.report.alive else ("bad", "silent")


async def stations(site: Site) -> Sequence[Station]:
    """All that are on record or in the settings that count, in the order of stages."""
    report, drained = await site.routes.report(), await site.routes.drains.standing()
    in_use = await site.routes.revisions.in_use()
    told = {one.name: one for one in in_use.entries} if in_use else {}
    known = {one.name: one for one in report.speakers}
    found = []
    for name in known.keys() | told.keys():
        stage = told[name].stage if name in told else known[name].stage
        of = [
            one
            for one in drained
            if one.target.concerns(name, _NOWHERE if stage is None else stage)
        ]
        about = _about(name, report.alarms)
        found.append(Station(name, stage, known.get(name), told.get(name), of, about))
    return sorted(found, key=lambda one: (one.stage is None, one.stage or 0, one.name))


async def listed(visit: PersonsVisit) -> Response:
    """All of them, stage after stage."""
    require_operator(visit)
    known = await stations(visit.site)
    found, further = rows_of(visit, known, _MOST)
    return await visit.page(
        "operator/network/speakers.html",
        told=told_of(visit, _DONE),
        rows=[(one, one.chips(visit.now)) for one in found],
        total=len(known),
        next=further,
    )


async def one(visit: PersonsVisit) -> Response:
    """One of them."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


async def open_sessions(visit: PersonsVisit) -> Response:
    """Let the sessions come up that are held shut, in spite of what was seen to be missing."""
    require_operator(visit)
    name, reason = _named(visit), visit.form.get("reason", "")
    if not typed(visit.form, name):
        return await _page(visit, Told.asking_for(name))
    verb = opening(visit, name, reason)
    work = visit.write(verb, lambda _: f"{page_of_speaker(name)}?done=opened")
    return await tried(visit, work, partial(_page, visit))


async def lift(visit: PersonsVisit) -> Response:
    """Bring back into service what a drain has taken out."""
    require_operator(visit)
    drain, reason = id_of(visit.form.get("drain", "")), visit.form.get("reason", "")

    async def verb(tx: Transaction) -> Drain:
        standing = {one.id: one for one in await tx.drains.standing()}
        require_seen(visit, *(of_drain(standing[drain]) if drain in standing else ()))
        try:
            return await drains.lift(tx, drain, name=visit.person.name, reason=reason)
        except DrainNotFound:  # somebody has, or its end has come
            raise PreconditionFailed from None

    work = visit.write(verb, lambda _: f"{page_of_speaker(_named(visit))}?done=lifted")
    return await tried(visit, work, partial(_page, visit))


async def forget(visit: PersonsVisit) -> Response:
    """End what is on record of one that is gone for good, just as it was seen."""
    require_operator(visit)
    name = _named(visit)
    if not typed(visit.form, name):
        return await _page(visit, Told.asking_for(name))
    verb = forgetting(visit, name, BgpPeerKind.SPEAKER)
    work = visit.write(verb, lambda _: f"{SPEAKERS}?done=forgotten")
    return await tried(visit, work, partial(_page, visit))


def forgetting(visit: PersonsVisit, name: str, kind: BgpPeerKind) -> Verb[Forgotten]:
    """The verb that forgets a speaker or a listener, as it was seen."""
    reason, in_service = visit.form.get("reason", ""), visit.site.in_service

    async def verb(tx: Transaction) -> Forgotten:
        done = await bgp_peers.forget(tx, name, kind=kind, reason=reason, in_service=in_service)
        require_seen(visit, *counted(done))
        return done

    return verb


async def forgettable(
    site: Site, name: str, kind: BgpPeerKind
) -> tuple[Forgotten | None, Refusal | None]:
    """What forgetting it would end, or why it is refused."""
    try:
        async with site.border.store.transaction() as tx:
            work = bgp_peers.would_forget(tx, name, kind=kind, in_service=site.in_service)
            return await work, None
    except Refusal as refusal:
        return None, refusal


def counted(forgotten: Forgotten) -> tuple[int, ...]:
    """What a page says of it in numbers."""
    gone = len(forgotten.abandoned)
    return forgotten.applied, forgotten.observed, forgotten.orphans, gone


async def _page(visit: PersonsVisit, told: Told) -> Response:
    site, name = visit.site, _named(visit)
    station = await _station(site, name)
    ends, kept = await forgettable(site, name, BgpPeerKind.SPEAKER)
    held = await site.routes.held(name, limit=_MOST + 1)
    many, named = await site.routes.held_by_nobody.of(name, most=_ORPHANS)
    return await visit.page(
        "operator/network/speaker.html",
        told.status,
        told=told,
        here=page_of_speaker(name),
        station=station,
        report=station.report,
        entry=station.entry,
        chips=station.chips(visit.now),
        missing=seen_of(*of_shut(station.shut, await _orders(site, name))),
        seen_of_drain=lambda one: seen_of(*of_drain(one)),
        held=held[:_MOST],
        more=len(held) > _MOST,
        orphans=many,
        named=named,
        ends=ends,
        seen=seen_of(*counted(ends)) if ends else "",
        kept=kept.message if isinstance(kept, SpeakerInService) else "",
        key=fresh_key,
    )


async def _station(site: Site, name: str) -> Station:
    found = next((one for one in await stations(site) if one.name == name), None)
    if found is None:
        raise SpeakerNotFound
    return found


async def _orders(site: Site, name: str) -> int:
    return (await site.operator_reader.needs.orders()).get(name, 0)


def _about(name: str, alarms: Sequence[StandingAlarm]) -> Sequence[StandingAlarm]:
    """Of the speaker itself, or of one neighbour of it."""
    return [one for one in alarms if one.alarm.subject.partition(" ")[0] == name]


def _named(visit: PersonsVisit) -> str:
    name: str = visit.request.path_params["speaker"]
    if not can_be_named(name):
        raise SpeakerNotFound
    return name
