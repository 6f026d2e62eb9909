"""What is watched of an approved prefix, and how far the service goes by what it sees: one table.

None of it withdraws a route. A level rises only by answers that say no, one after the other, for as
long as the table says; it falls by the first answer that says yes. What a question without an
answer changes is nothing, and time in which no worker looked confirms nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Signal(StrEnum):
    """What is watched."""

    ROA = "roa"
    ROA_INVALID = "roa_invalid"
    ROUTE_OBJECT = "route_object"
    REVERSE_ZONE = "reverse_zone"
    ZONE_SERVERS = "zone_servers"
    HOLDER = "holder"
    PROOF = "proof"


class Level(StrEnum):
    """How far it has come, from the least on."""

    NONE = "none"
    NOTICE = "notice"  # an event in the prefix's history
    WARN = "warn"  # an event, and the prefix's watch says what to do before it is frozen
    FREEZE = "freeze"  # nothing new, until it is lifted; routes stay

    @property
    def rank(self) -> int:
        """From 0 on."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Ladder:
    """How long a signal has to say no for each level.

    Attributes:
        notice, warn, freeze: without a break; None: never by this signal.
        longest_gap: between two answers that say no; after a longer one the time starts again.
            None: it is a date, which no answer has to say.
        means: what it says about the space, and what to do, for the customer.
    """

    notice: timedelta | None
    warn: timedelta | None
    freeze: timedelta | None
    longest_gap: timedelta | None
    means: str

    def level(self, failing_for: timedelta) -> Level:
        """The highest one that is reached."""
        steps = ((self.freeze, Level.FREEZE), (self.warn, Level.WARN), (self.notice, Level.NOTICE))
        reached = (level for after, level in steps if after is not None and failing_for >= after)
        return next(reached, Level.NONE)


_AT_ONCE: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_SIXTY_DAYS: Final = timedelta(days=60)
# A snapshot comes every 20 minutes, a look every day, a file of statistics about every day.
_SNAPSHOTS: Final = timedelta(hours=6)
_LOOKS: Final = timedelta(hours=36)
_FILES: Final = timedelta(hours=72)

LADDERS: Final[Mapping[Signal, Ladder]] = MappingProxyType(
    {
        Signal.ROA: Ladder(
            None,
            timedelta(hours=6),
            _WEEK,
            _SNAPSHOTS,
            "No ROA makes the prefix valid any more, or the last one ends in hours and was not "
            "renewed: an outage of a registry, or its holder has ended the authorisation. Have the "
            "ROA published again.",
        ),
        Signal.ROA_INVALID: Ladder(
            None,
            _AT_ONCE,
            _DAY,
            _SNAPSHOTS,
            "ROAs cover the prefix and none allows this origin: networks that validate drop the "
            "route now. Have the ROA for this origin published beside the others.",
        ),
        Signal.ROUTE_OBJECT: Ladder(
            _DAY,
            _WEEK,
            None,
            _LOOKS,
            "The route object is gone, or others maintain it: tidying up, or the space has moved "
            "on. Networks that filter by it drop the route. Restore it.",
        ),
        Signal.REVERSE_ZONE: Ladder(
            _DAY,
            None,
            _WEEK,
            _LOOKS,
            "The registry delegates a reverse zone no more that it did delegate: usual where space "
            "is handed back. Have it delegated again.",
        ),
        Signal.ZONE_SERVERS: Ladder(
            _DAY,
            None,
            None,
            _LOOKS,
            "The reverse zone is delegated to other name servers than before: another DNS "
            "provider, or another user of the space. Nothing to do if that was you.",
        ),
        Signal.HOLDER: Ladder(
            _AT_ONCE,
            None,
            _DAY,
            _FILES,
            "The registries' statistics name another holder, another registry or none: sold, "
            "transferred or returned. Talk to the operator.",
        ),
        Signal.PROOF: Ladder(
            _AT_ONCE,
            None,
            _SIXTY_DAYS,
            None,
            "The proof of ownership ends: from 60 days before. Where it is not renewed by itself, "
            "issue a token, publish it and ask for validation.",
        ),
    }
)

# Whoever signs ROAs signs them anew long before they end, at 8 hours at the latest (the default of
# Krill). One that is not, for an hour, is a warning before there is no ROA; see `roas`.
NOT_RENEWED: Final = timedelta(hours=6)
NOT_RENEWED_FOR: Final = timedelta(hours=1)

# By a look a day, of which one without an answer is asked once more an hour later. Of a zone whose
# owner, or whoever has the zone above it, can be silent at will, silence must not break the row.
LOOKED_AT: Final = frozenset({Signal.ROUTE_OBJECT, Signal.REVERSE_ZONE, Signal.ZONE_SERVERS})

# Where a registry's budget is too small for all route objects in a day, they are looked at in turn;
# when one of them was not for so long, an operator is told.
UNSEEN_AFTER: Final = _WEEK

# A route that was up this lately may return under a freeze that says nothing against its owner.
UP_LATELY: Final = timedelta(days=30)
# After a change of holder the old account still has the old zone and route object.
NOT_BY_THE_OLD_ACCOUNT: Final = frozenset({Signal.HOLDER})
MAY_RETURN: Final = frozenset({Signal.ROA, Signal.REVERSE_ZONE, Signal.PROOF})


def table_of_levels() -> str:
    """The table, for the docs."""
    head = (
        "signal",
        "`notice` after",
        "`warn` after",
        "`freeze` after",
        "gap that starts it again",
    )
    rows = [
        (f"`{signal.value}`", *map(_shown, (one.notice, one.warn, one.freeze, one.longest_gap)))
        for signal, one in LADDERS.items()
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(time: timedelta | None) -> str:
    if time is None:
        return "never"
    hours = int(time.total_seconds()) // 3600
    return f"{hours} h" if hours else "at once"
