"""Speakers' settings as a numbered revision that all workers use; what a new one would rewrite."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from byoip.domain.asn import AS0, Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, PathAttributes, Route

PROPOSED_EVERY_SECONDS: Final = 10.0
PROPOSAL_LASTS: Final = timedelta(seconds=60)  # from when its process was last heard of
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class SpeakerEntry:
    """A speaker as all workers know it: where it is, and what shapes its routes.

    Attributes:
        address: of its API; how a worker proves who it is there is in the worker's own file.
        attributes: with no local AS; each speaker is asked for its own.
    """

    name: str
    address: str
    stage: int
    attributes: PathAttributes

    def as_json(self) -> dict[str, Any]:
        """As the database keeps it."""
        shape = self.attributes
        return {
            "name": self.name,
            "address": self.address,
            "stage": self.stage,
            "next_hop4": None if shape.next_hop4 is None else str(shape.next_hop4),
            "next_hop6": None if shape.next_hop6 is None else str(shape.next_hop6),
            "communities": sorted(str(one) for one in shape.communities),
            "prepend_communities": [str(one) for one in shape.prepends],
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "SpeakerEntry":
        """As the database has it."""
        hop4, hop6 = kept["next_hop4"], kept["next_hop6"]
        attributes = PathAttributes(
            AS0,
            None if hop4 is None else IPv4Address(hop4),
            None if hop6 is None else IPv6Address(hop6),
            frozenset(map(Community.parse, kept["communities"])),
            tuple(map(Community.parse, kept["prepend_communities"])),
        )
        return cls(kept["name"], kept["address"], kept["stage"], attributes)


Entries = tuple[SpeakerEntry, ...]


def ordered(entries: Iterable[SpeakerEntry]) -> Entries:
    """In the order of stages, then of names: the order of a file means nothing."""
    return tuple(sorted(entries, key=lambda one: (one.stage, one.name)))


def digest(entries: Iterable[SpeakerEntry]) -> str:
    """A short name of just these settings."""
    kept = json.dumps([one.as_json() for one in ordered(entries)], sort_keys=True)
    return hashlib.sha256(kept.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Revision:
    """Settings of all speakers.

    Attributes:
        in_doubt: of a restored database, or of one that had no revision while speakers held routes:
            what they hold with other attributes is not rewritten.
    """

    number: int
    entries: Entries
    in_doubt: bool = False

    @property
    def by_name(self) -> Mapping[str, SpeakerEntry]:
        """The speakers by name."""
        return {one.name: one for one in self.entries}

    @property
    def digest(self) -> str:
        """A short name of just these settings."""
        return digest(self.entries)


@dataclass(frozen=True, slots=True)
class InUse:
    """What speakers are told by.

    Attributes:
        target: travels, from stage to stage, and will be in force.
        opened: the last stage of the target that is told by it; None: none yet.
    """

    in_force: Revision
    target: Revision | None = None
    opened: int | None = None

    @property
    def entries(self) -> Entries:
        """Each speaker as it is told now; changes of owners go by the stages in force."""
        now = dict(self.in_force.by_name)
        for one in self._opened:
            known = now.get(one.name)
            now[one.name] = replace(one, stage=known.stage) if known else one
        return ordered(now.values())

    @property
    def kept(self) -> frozenset[str]:
        """Speakers where routes that are held with other attributes stay as they are."""
        if not self.in_force.in_doubt:
            return frozenset()
        return frozenset(self.in_force.by_name) - {one.name for one in self._opened}

    @property
    def _opened(self) -> Sequence[SpeakerEntry]:
        if self.target is None or self.opened is None:
            return []
        return [one for one in self.target.entries if one.stage <= self.opened]

    @property
    def next_stage(self) -> int | None:
        """The stage of the target that is told next; None: all have been told."""
        stages = sorted({one.stage for one in self.target.entries}) if self.target else []
        return next((one for one in stages if self.opened is None or one > self.opened), None)


@dataclass(frozen=True, slots=True)
class SpeakerChange:
    """What becomes of one speaker.

    Attributes:
        what: `changed`, `added`, `removed` or `same`.
        differs: each setting, as it is and as it would be.
        rewrites: how many routes are announced there in another way, or for the first time.
    """

    stage: int
    name: str
    what: str
    differs: tuple[str, ...] = ()
    rewrites: int = 0


def changes(
    before: Revision, after: Entries, routes: Iterable[tuple[Route, int]]
) -> Sequence[SpeakerChange]:
    """What a proposal does, in the order of stages; what it removes comes last.

    `routes` are kinds of routes that are announced: one of each, and how many there are. Of a
    revision in doubt nothing is known, so all may be rewritten.
    """
    known, kinds = before.by_name, list(routes)
    made = []
    for one in ordered(after):
        old = known.get(one.name)
        many = rewritten(None if before.in_doubt or old is None else old, one, kinds)
        differs = () if old is None else differences(old, one)
        what = "added" if old is None else "changed" if differs or many else "same"
        made.append(SpeakerChange(one.stage, one.name, what, differs, many))
    named = {one.name for one in after}
    left = [one for one in before.entries if one.name not in named]
    return made + [SpeakerChange(one.stage, one.name, "removed") for one in left]


def differences(old: SpeakerEntry, new: SpeakerEntry) -> tuple[str, ...]:
    """Each setting that differs, as it is and as it would be."""
    before, after = old.as_json(), new.as_json()
    return tuple(
        f"{name}: {_said(before[name])} -> {_said(after[name])}"
        for name in before
        if before[name] != after[name]
    )


def rewritten(
    old: SpeakerEntry | None, new: SpeakerEntry, kinds: Iterable[tuple[Route, int]]
) -> int:
    """How many routes a speaker announces in another way than before."""
    return sum(many for route, many in kinds if is_rewritten(old, new, route))


def is_rewritten(old: SpeakerEntry | None, new: SpeakerEntry, route: Route) -> bool:
    """Whether a speaker announces this route in another way than before."""
    route = replace(route, behind=None)  # settings do not say in which AS the speaker is
    path = new.attributes.path(route)
    return path is not None and (old is None or old.attributes.path(route) != path)


def example(cidr: Prefix, origin: int, prepend: int, behind: int | None) -> Route:
    """One route of a kind."""
    return Route(cidr, Asn(origin), prepend, None if behind is None else Asn(behind))


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


class ProposalNotFound(Refusal):
    """No worker that runs now has these settings, and no revision had."""

    name = "speaker_proposal_not_found"

    def __init__(self) -> None:
        super().__init__(
            "No worker that runs now proposes these settings of speakers, and no revision said so."
        )


class RevisionTravels(Refusal):
    """A revision is on its way through the stages."""

    name = "speaker_revision_travels"

    def __init__(self, number: int) -> None:
        super().__init__(f"Revision {number} of the settings of speakers is on its way.")


class RevisionUnchanged(Refusal):
    """The revision in force says the same."""

    name = "speaker_revision_unchanged"

    def __init__(self, number: int) -> None:
        super().__init__(f"Revision {number}, which is in force, says the same.")


class RevisionMoved(Refusal):
    """Another revision is in force than the one that the plan was made for."""

    name = "speaker_revision_moved"

    def __init__(self, number: int) -> None:
        super().__init__(f"Revision {number} is in force by now: the plan was made for another.")


class NothingTravels(Refusal):
    """No revision is on its way."""

    name = "speaker_revision_rests"

    def __init__(self) -> None:
        super().__init__("No revision of the settings of speakers is on its way.")


class PrependsWouldBeLost(Refusal):
    """A neighbour in a speaker's own AS would drop routes that are prepended."""

    name = "speaker_prepends_would_be_lost"

    def __init__(self, speaker: str, origin: int, cidr: Prefix) -> None:
        super().__init__(
            f"Without prepend_communities {speaker} would repeat AS{origin} in the path of {cidr}, "
            f"and a neighbour in AS{origin} would drop it as a loop: nothing was changed."
        )
