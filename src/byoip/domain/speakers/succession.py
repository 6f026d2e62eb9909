"""Is this database the one that it was, one that was promoted, or an older copy?

A timeline says that a server was promoted or rolled forward, and nothing of what was lost. So each
process says what it knows of the database before: its testimony. Where a promotion has lost a
little, and all that it lost is known, just those routes are in doubt; otherwise all are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias
from uuid import UUID

_TIMELINE: Final = "timeline "

WRITES_KEPT: Final = 100  # so many of its own writes a process remembers

Write: TypeAlias = tuple[UUID, str]
"""A claim, and the id of a request that changed it: the histories name both."""


class Verdict(Enum):
    """What became of the database."""

    SAME = "same"
    WAITING = "waiting"  # for testimonies
    PROMOTED = "promoted"  # without loss
    IN_DOUBT = "in_doubt"  # promoted; what was lost is known
    RESTORED = "restored"  # older than what was known of it, or nothing proves that it is not


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database it is, from its one text: parts with commas between.

    Attributes:
        lineage: the server's system identifier, the oids of the database and of a table; a dump
            that is loaded has others.
        timeline: counted up by each promotion; None: the role may not ask for it.
    """

    lineage: tuple[str, ...]
    timeline: int | None

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read it as the SQL function `database_identity` writes it."""
        parts = text.split(", ")
        numbers = [one.removeprefix(_TIMELINE) for one in parts if one.startswith(_TIMELINE)]
        lineage = tuple(one for one in parts if not one.startswith(_TIMELINE))
        return cls(lineage, int(numbers[0], 16) if numbers else None)

    def promotions_since(self, before: "Identity") -> int:
        """How many timelines it is ahead of the same lineage; 0 for another one, or if behind."""
        if self.lineage != before.lineage or self.timeline is None or before.timeline is None:
            return 0
        return max(0, self.timeline - before.timeline)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a process knows of the database, from before it fell silent.

    Attributes:
        changes: of every route the number of its last change.
        writes: the last that this process acknowledged, up to `WRITES_KEPT`.
        flushed: how far the write-ahead log was on disk, in bytes.
        at: when the server said so, by its own clock.
    """

    identity: str
    changes: Mapping[UUID, int]
    writes: Collection[Write]
    flushed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What the database says now.

    Attributes:
        writes: those of `Remembered.writes` that stand in its histories.
        reached: to where its log went before it was promoted; on the same timeline, to where it
            goes. None: it has forgotten that.
        started: when this server was started, by its own clock.
    """

    identity: str
    changes: Mapping[UUID, int]
    writes: Collection[Write]
    reached: int | None
    started: datetime


@dataclass(frozen=True, slots=True)
class Losses:
    """What is missing or unproven.

    Attributes:
        said: in words for operators; none: all that was known is there.
        routes: the BGP prefixes whose last changes are missing.
        claims: those that acknowledged requests were about which are missing.
        bounded: whether these routes and claims are all that can be missing.
        log: whether an end of the log is missing.
    """

    said: Sequence[str] = ()
    routes: Collection[UUID] = ()
    claims: Collection[UUID] = ()
    bounded: bool = True
    log: bool = False

    @property
    def certain(self) -> bool:
        """Whether anything is missing, and not only unproven."""
        return bool(self.routes or self.claims or self.log)


def losses(known: Remembered, found: Found) -> Losses:
    """Compare what a process knows of the database with what the database says."""
    older = [one for one, change in known.changes.items() if found.changes.get(one, -1) < change]
    missing = set(known.writes) - set(found.writes)
    said = []
    if older:
        said.append(f"{len(older)} routes are older than known")
    if missing:
        requests = sorted({request for _, request in missing})
        said.append(f"acknowledged requests are lost: {', '.join(requests)}")
    if fault := _not_one_promotion(known, found):
        said.append(fault)
    log = found.reached is not None and found.reached < known.flushed and not fault
    if found.reached is not None and log:
        said.append(f"{known.flushed - found.reached} bytes of the log are missing")
    # Where nothing is left of any remembered request, older ones may be lost as well.
    all_known = len(known.writes) < WRITES_KEPT or len(missing) < len(set(known.writes))
    bounded = known.identity != found.identity and fault is None and all_known
    return Losses(said, older, {claim for claim, _ in missing}, bounded=bounded, log=log)


def _not_one_promotion(known: Remembered, found: Found) -> str | None:
    if known.identity == found.identity:
        return None
    ahead = Identity.parse(found.identity).promotions_since(Identity.parse(known.identity))
    if ahead != 1:
        return "it was not promoted just once"
    # After a restart it says where that recovery ended, or nothing.
    if found.reached is None or found.started > known.at:
        return "the server was restarted after its promotion"
    return None


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a process says of this database.

    Attributes:
        good: whether all that it knew is there; None: it has not said so yet.
        detail: what is missing, in words.
        routes, claims, bounded: as of `Losses`.
    """

    process: str
    good: bool | None
    detail: str = ""
    routes: Collection[UUID] = ()
    claims: Collection[UUID] = ()
    bounded: bool = False


def judge(
    kept: str | None, here: str, testimonies: Sequence[Testimony], *, patient: bool
) -> Verdict:
    """Compare what the database was with what it is.

    Args:
        kept: its identity when it was last judged; None: never.
        here: its identity now.
        testimonies: of all processes that were alive at the end, as far as is known.
        patient: whether to wait for those that have said nothing yet.
    """
    bad = [one for one in testimonies if one.good is False]
    if kept is None or not (bad or kept != here):
        return Verdict.SAME
    said = all(one.good is not None for one in testimonies)
    if patient and not said:  # so that one verdict names all that is missing
        return Verdict.WAITING
    bounded = all(one.bounded for one in bad)
    if kept == here:  # one of before that comes late; of what it knows by this identity, no bound
        return Verdict.IN_DOUBT if bounded else Verdict.RESTORED
    promoted = Identity.parse(here).promotions_since(Identity.parse(kept))
    if not promoted or not bounded:
        return Verdict.RESTORED
    if testimonies and said:
        return Verdict.IN_DOUBT if bad else Verdict.PROMOTED
    return Verdict.WAITING if patient else Verdict.RESTORED
