"""Who acted, as operators read it: people and tokens by their names, of whichever account."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from byoip.web.site import Site

_NAMED: Final = frozenset({"operator", "credential"})


async def names_of(site: Site, actors: Iterable[str]) -> Mapping[str, str]:
    """Names by actor, as events have those; of programs of ours what they are."""
    ids = {one: made for one in set(actors) if (made := _id_of(one))}
    names = await site.people.all_names(ids.values())
    return {one: names.get(made, one.partition(":")[0]) for one, made in ids.items()}


def _id_of(actor: str) -> UUID | None:
    kind, _, who = actor.partition(":")
    try:
        return UUID(who) if kind in _NAMED else None
    except ValueError:
        return None
