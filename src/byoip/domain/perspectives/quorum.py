"""Do other places see what we see? The quorum of the CA/B rules (3.2.2.9), with three ends.

Our own look comes first, and alone decides what is no. A place can take from a yes, and add nothing
to it. Where too few agree, and would agree even if every silent place did, the others contradict;
where it is for silence alone, there is no answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.checks.evidence import (
    Failed,
    Fault,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
)
from byoip.domain.foreign_text import brief
from byoip.domain.perspectives.place import Place

ONE_PLACE: Final = "From one place: "
_ALONE, _SIX, _REGIONS_FROM, _REGIONS = 1, 6, 3, 2
_ELSEWHERE: Final = ", from perspective "


class End(StrEnum):
    """What a sighting makes of our own yes."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Subject:
    """The prefix or AS number that places are asked about.

    Attributes:
        id: of the claim, or of the account's number.
        name: a CIDR, or a number as people write it.
    """

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a check ends by what one place saw.

    Attributes:
        exhibits: that place's; see `from_place`.
    """

    place: Place
    outcome: Outcome
    exhibits: tuple[RawAnswer, ...] = ()

    @property
    def end(self) -> End:
        """Whether it is one of those that agree."""
        if isinstance(self.outcome, Passed):
            return End.AGREES
        return End.SILENT if isinstance(self.outcome, Unanswered) else End.CONTRADICTS

    @property
    def asked(self) -> bool:
        """False where it was not asked: its network carries the prefix, or it had no turn."""
        return not (isinstance(self.outcome, Unanswered) and self.outcome.fault is Fault.NOT_ASKED)


def allowed(places: int) -> int:
    """How many of so many need not agree: none of one, one of two to five, two of more."""
    if places <= _ALONE:
        return 0
    return 1 if places < _SIX else 2


def enough(agreeing: Sequence[Place], places: int) -> bool:
    """Whether these agree for all; from three places on they lie in two regions at least."""
    regions = len({one.region for one in agreeing})
    wide = places < _REGIONS_FROM or regions >= _REGIONS
    return len(agreeing) >= places - allowed(places) and wide


def judge_places(here: Passed, sightings: Sequence[Sighting], *, decide: bool) -> Outcome:
    """Our own yes, as the other places leave it.

    Args:
        here: what we saw.
        sightings: one of each place that is configured.
        decide: False: places are observed only, and a yes stays one.
    """
    if not sightings:
        return replace(here, seen=f"{ONE_PLACE}{here.seen}")
    agree = [one for one in sightings if isinstance(one.outcome, Passed)]
    others = [one for one in sightings if not isinstance(one.outcome, Passed)]
    silent = [one for one in others if isinstance(one.outcome, Unanswered)]
    many, told = len(sightings), [_told(one) for one in others]
    share = f"{len(agree)} of {many} other places"
    if not decide:
        seen = f"From one place ({share}, which are only observed, agree): {here.seen}"
        return replace(here, seen=seen, warnings=(*here.warnings, *told))
    if enough([one.place for one in agree], many):
        seen = f"From here and {share}: {here.seen}"
        each = [here.by, *(one.outcome.by for one in agree if isinstance(one.outcome, Passed))]
        by = frozenset().union(*each) if all(each) else frozenset[str]()
        return replace(here, seen=seen, warnings=(*here.warnings, *told), by=by)
    need = f"{many - allowed(many)} must" + (
        f", in {_REGIONS} regions" if many >= _REGIONS_FROM else ""
    )
    seen = f"It was seen from here, and {share} agree, of which {need}. {'; '.join(told)}."
    if enough([one.place for one in (*agree, *silent)], many):
        fix = "The operator's other places must answer: tell the operator if this lasts."
        return Unanswered(_fault(silent), seen, fix)
    return Failed(
        Reason.PERSPECTIVES_DISAGREE,
        seen,
        "What was published a moment ago may not be everywhere yet: wait until every server has "
        "it, then ask for validation again. If it lasts, tell the operator: the way to these "
        "servers may lead somebody else's from some places.",
    )


def from_place(exhibits: Sequence[RawAnswer], place: Place) -> tuple[RawAnswer, ...]:
    """The exhibits with the place that has them beside whom it asked."""
    return tuple(replace(one, of=f"{one.of}{_ELSEWHERE}{place.name}") for one in exhibits)


def is_from_elsewhere(exhibit: RawAnswer) -> bool:
    """Whether another place has it."""
    return _ELSEWHERE in exhibit.of


def _told(one: Sighting) -> str:
    return brief(f"{one.place.name} ({one.place.region}): {one.outcome.seen}").rstrip(".")


def _fault(silent: Sequence[Sighting]) -> Fault:
    faults = [one.outcome.fault for one in silent if isinstance(one.outcome, Unanswered)]
    return faults[0] if faults else Fault.NOT_ASKED
