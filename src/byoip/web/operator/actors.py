"""Who acted, and whom it stops, as operators read it: by their names, of whichever account."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from byoip.domain.routes.breaker import KeptTrip, TripScope
from byoip.web.site import Site

_NAMED: Final = frozenset({"operator", "credential"})


async def names_of(site: Site, actors: Iterable[str]) -> Mapping[str, str]:
    """Names by actor, as events have those; of programs of ours what they are."""
    ids = {one: made for one in set(actors) if (made := _id_of(one))}
    names = await site.people.all_names(ids.values())
    return {one: names.get(made, one.partition(":")[0]) for one, made in ids.items()}


async def scopes_of(site: Site, trips: Iterable[KeptTrip]) -> Mapping[UUID, str]:
    """What each of these trips stops, by its id."""
    found = list(trips)
    of = [UUID(one.trip.subject) for one in found if one.trip.scope is TripScope.ACCOUNT]
    names = {one.hex: name for one, name in (await site.operator_reader.account_names(of)).items()}
    return {
        one.id: f"{one.trip.scope.value} {names.get(one.trip.subject, one.trip.subject)}".strip()
        for one in found
    }


def _id_of(actor: str) -> UUID | None:
    kind, _, who = actor.partition(":")
    try:
        return UUID(who) if kind in _NAMED else None
    except ValueError:
        return None
