"""What has happened to a prefix since an old page of it was drawn, and who did it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from byoip.domain.event_kinds import OF_PREFIXES
from byoip.store.claims.views import NumberedEvent
from byoip.web.forms import number_in
from byoip.web.telling import Told
from byoip.web.visiting import PersonsVisit

SHOWN: Final = 50  # the newest events
MEANING: Final = {
    f"{subject}.{what}": said
    for subject, kinds in OF_PREFIXES.items()
    for what, said in kinds.items()
}


async def changes(visit: PersonsVisit, told: Told, claim_id: UUID) -> Mapping[str, Any]:
    """What templates show of it: the newest event, which forms carry, and those after an old one's.

    To be asked for first, so that what comes meanwhile is after it.
    """
    reader, account_id = visit.site.reader, visit.account_id
    newest = await reader.newest_event(account_id, claim_id)
    since: Sequence[NumberedEvent] = ()
    if told.stale:
        after = max(0, newest - SHOWN)
        events = await reader.events(account_id, claim_id, after=after, limit=SHOWN)
        since = since_drawn(visit, list(reversed(events)))
    who = await names_of(visit, since)
    return {"newest": newest, "since": since, "meaning": MEANING, "who": who}


def since_drawn(
    visit: PersonsVisit, events: Sequence[NumberedEvent], field: str = "seen"
) -> Sequence[NumberedEvent]:
    """Those of them that the page did not know from which a form came: a field names its newest."""
    known = number_in(visit.form.get(field, "")) or 0
    return [one for one in events if one.number > known]


async def names_of(visit: PersonsVisit, events: Sequence[NumberedEvent]) -> Mapping[str, str]:
    """The names behind actors: of people and tokens of the account; operators are one party."""
    ids = {}
    for actor in {one.actor for one in events}:
        kind, _, who = actor.partition(":")
        if kind == "credential":
            ids[actor] = UUID(who)
    names = await visit.site.people.names(visit.account_id, set(ids.values()))
    known = {actor: names.get(one, "a token") for actor, one in ids.items()}
    return {one.actor: known.get(one.actor, one.actor.partition(":")[0]) for one in events}
