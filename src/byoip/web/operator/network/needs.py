"""What waits for an operator of speakers, listeners, edges and settings, with links to its page."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.perspectives.quorum import End
from byoip.domain.speakers.bgp_peer import SILENT_FOR
from byoip.store.accounts.operator_views import ShownAlarm
from byoip.store.speakers.views import StandingAlarm
from byoip.usecases.speakers import revisions
from byoip.web.forms import seen_of
from byoip.web.operator.drawn import of_drain, of_settings, of_shut
from byoip.web.operator.need import Act, Need
from byoip.web.operator.network.places import (
    EDGES,
    LISTENERS,
    PERSPECTIVES,
    SETTINGS,
    SPEAKERS,
    listener_chip,
    page_of_alarm,
    page_of_speaker,
)
from byoip.web.site import Site

_APART: Final = 500  # sightings
_SILENT: Final = timedelta(minutes=5)  # of an edge


async def alarms(
    site: Site, kinds: Sequence[str], *, first: int, most: int
) -> Mapping[str, tuple[Sequence[Need], int]]:
    """Some of each of these kinds that stands, and how many do; sessions to be opened."""
    reader = site.operator_reader.needs
    standing = await reader.alarms(kinds, first=first, most=most)
    names = {one.name for one in await reader.speakers()} if standing else set[str]()
    orders = await reader.orders() if "sessions_shut" in standing else dict[str, int]()
    return {
        kind: ([_alarm(one, names, orders) for one in found], many)
        for kind, (found, many) in standing.items()
    }


def _alarm(one: ShownAlarm, speakers: Collection[str], orders: Mapping[str, int]) -> Need:
    kind, subject, acts = one.alarm.kind, one.alarm.subject, []
    if kind == "sessions_shut":
        touches = f"The sessions of {subject} come up once it is loaded; peers drop what it lacks."
        seen = seen_of(*of_shut(StandingAlarm(one.alarm, one.since), orders.get(subject, 0)))
        about = {"speaker": subject}
        acts = [Act("open", f"Open {subject}", touches, about, seen, down=True, typed=subject)]
    # Of a route its CIDR says more than its id.
    named = one.alarm.detail.partition(" ")[0].rstrip(":") if one.of_route else ""
    link = page_of_alarm(kind, subject, one.claim_id, speakers)
    title = f"{kind.replace('_', ' ')}: {named or subject}"
    return Need(title, one.alarm.detail, one.since, link, acts)


async def proposed(site: Site, _: datetime) -> AsyncIterator[Need]:
    """Settings of speakers to be applied."""
    plan = await revisions.plan(site.routes.revisions)
    if plan.in_use is None:
        return
    known = plan.in_use.in_force.number
    for one in plan.proposals:
        touches = f"{len(one.changes)} changes, stage after stage; where routes vanish, back again."
        about = {"proposal": one.proposal, "revision": str(known)}
        acts = [
            Act(
                "apply-settings",
                "Apply",
                touches,
                about,
                seen_of(*of_settings(plan.in_use)),
                down=True,
                typed=one.proposal,
            )
        ]
        yield Need(
            one.proposal,
            f"Proposed by {', '.join(one.processes)}. Revision {known} is in force.",
            link=SETTINGS,
            acts=acts,
        )


async def drained(site: Site, _: datetime) -> AsyncIterator[Need]:
    """What people have taken out of service."""
    for one in await site.routes.drains.standing():
        until = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else "without an end"
        how = "By hand at the speaker" if one.by_hand else f"By {one.name}: {one.reason}"
        touches = f"{one.target} comes back, with all that owners have changed meanwhile."
        lifts = [Act("lift-drain", "Lift", touches, {"drain": one.id.hex}, seen_of(*of_drain(one)))]
        speaker = one.target.speaker
        yield Need(
            str(one.target),
            f"{how}, {until}.",
            one.since,
            page_of_speaker(speaker) if speaker else SPEAKERS,
            [] if one.ended_at else lifts,
        )


async def silent(site: Site, now: datetime) -> AsyncIterator[Need]:
    """Who does not answer, is not heard, or is asked no more."""
    reader = site.operator_reader.needs
    for speaker in await reader.speakers():
        said, link = speaker.fault or "-", page_of_speaker(speaker.name)
        if speaker.asked_at is None or now - speaker.asked_at >= SILENT_FOR:
            said = "No worker asks it any more. Is it gone for good?"
        elif speaker.alive:
            continue
        yield Need(f"speaker {speaker.name}", said, speaker.asked_at, link)
    for listener in await reader.listeners():
        tone, word = listener_chip(listener, now)
        if tone != "good":
            title = f"listener {listener.name}"
            yield Need(title, f"It is {word}.", listener.answered_at, LISTENERS)
    for view in await site.edges.edges():
        edge, behind = view.edge, view.newest - view.edge.acknowledged
        late = edge.heard_at is None or now - edge.heard_at > _SILENT
        if late and not edge.drained:
            said, link = f"{behind} changes behind.", f"{EDGES}/{edge.name}"
            yield Need(f"edge {edge.name}", said, edge.heard_at, link)


async def apart(site: Site, now: datetime) -> AsyncIterator[Need]:
    """Of what perspectives see otherwise than we do, by prefix or AS number."""
    found = await site.operator_reader.places.apart(_APART, now)
    those = [one for one in found if one.ended is End.CONTRADICTS]
    for about in dict.fromkeys(one.about for one in those):
        of = [one for one in those if one.about == about]
        names = ", ".join(sorted({one.place for one in of}))
        what = ", ".join(sorted({one.what.replace("_", " ") for one in of}))
        said = f"Seen otherwise from {names}: {what}."
        link = f"{PERSPECTIVES}#about-{about.hex}"
        yield Need(of[0].subject, said, min(one.since for one in of), link)
