"""Theory of operation: a revision of speakers' settings travels as an owner's change does.

    apply ─▶ note what is seen ─▶ tell stage 1 ─▶ look ─▶ note, tell stage 2 ─▶ … ─▶ in force
                                                   │
                look again, and say why it waits ◀─┼─ no answer, or it looks as before
                                    taken back ◀───┴─ routes have vanished for a while

What was seen is kept in the database, with the stage, before a speaker is told anything: so a
leader that takes over in mid-travel knows what must be there. A route has vanished where an
observer has fewer paths of it than before, whatever other stages announce.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Seen, Sightings

SPEAKER = "speaker "  # begins the name of an observer that is one, and says what it sends
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """What one observer has of one route.

    Attributes:
        paths: how many; of a speaker, to how many sessions it sends the route.
        what: stands for all that is seen of them; empty: it is not told apart.
    """

    paths: int
    what: str = ""


Marks: TypeAlias = Mapping[str, Mapping[Prefix, Mark]]
"""By observer, what was seen of each route."""


@dataclass(frozen=True, slots=True)
class Look:
    """What has become of routes since.

    Attributes:
        vanished: routes that an observer has fewer paths of, and that observer.
        silent: observers that do not answer now.
        unchanged: routes that are told another way, and look as before.
    """

    vanished: Mapping[Prefix, str]
    silent: Sequence[str]
    unchanged: Collection[Prefix]


def marks(sightings: Sightings) -> Marks:
    """What listeners see, and what speakers say they send."""
    found: dict[str, dict[Prefix, Mark]] = {}
    for listener, routes in sightings.heard.items():
        found[listener] = {prefix: _mark(seen) for prefix, seen in routes.items()}
    for speaker, sessions in sightings.sent.items():
        counts: dict[Prefix, int] = {}
        for sent in sessions.values():
            for prefix in sent:
                counts[prefix] = counts.get(prefix, 0) + 1
        found[f"{SPEAKER}{speaker}"] = {prefix: Mark(many) for prefix, many in counts.items()}
    return found


def _mark(seen: Collection[object]) -> Mark:
    if not isinstance(seen, Seen) or not seen.paths:
        return Mark(1)
    # Without their times, which move with the listener's clock: a change shows in the attributes.
    said = "\n".join(sorted(one.shown for one in seen.paths))
    return Mark(len(seen.paths), hashlib.sha256(said.encode()).hexdigest()[:_DIGITS])


def look(before: Marks, now: Marks, wanted: Collection[Prefix], told: Collection[Prefix]) -> Look:
    """Compare what was seen with what is.

    Args:
        before: as noted before the stage was told.
        now: of the same observers, as far as they answer.
        wanted: routes that owners want as they did then.
        told: those of them that the stage announces in another way.
    """
    vanished: dict[Prefix, str] = {}
    unchanged = set[Prefix]()
    for observer, routes in before.items():
        if observer not in now:
            continue
        for prefix in wanted:
            if (then := routes.get(prefix)) is None:
                continue
            found = now[observer].get(prefix, Mark(0))
            if found.paths < then.paths:
                vanished[prefix] = observer
            elif prefix in told and found == then and not observer.startswith(SPEAKER):
                unchanged.add(prefix)
    return Look(vanished, [one for one in before if one not in now], unchanged)


def kept(marks: Marks) -> dict[str, dict[str, Any]]:
    """As the database keeps it."""
    return {
        observer: {str(prefix): [one.paths, one.what] for prefix, one in routes.items()}
        for observer, routes in marks.items()
    }


def of_kept(found: Mapping[str, Mapping[str, Sequence[Any]]]) -> Marks:
    """As the database has it."""
    return {
        observer: {Prefix.parse(cidr): Mark(*one) for cidr, one in routes.items()}
        for observer, routes in found.items()
    }
