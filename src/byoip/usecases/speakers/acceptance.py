"""What a speaker holds, and the proof that it accepts our paths, and none of its neighbours'.

A speaker may answer that it has added a path and hold nothing: its import policy rejected it. And
one that accepts what neighbours send has no room or time for ours, and sends it on to others.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.prepending import is_lost, prepends_lost_as
from byoip.domain.routes.route import Path, PathAttributes
from byoip.domain.speakers.reconciliation import DesiredRoute, RouteState
from byoip.ports.speakers.speaker import ImportsOpen, Neighbour, Speaker
from byoip.store.speakers.routes import Alarm

ALARMS = ("not_held", "imports_open", "prepend_lost", "another_as")


@dataclass(slots=True)
class Acceptance:
    """What one speaker accepts, as last found.

    Attributes:
        has: what it holds, as listed, and told since.
    """

    speaker: Speaker
    has: set[Prefix] = field(default_factory=set, init=False)
    _new: set[Prefix] = field(default_factory=set, init=False)  # told, and not on record as held
    _life: str = field(default="", init=False)  # of the speaker, when it was listed
    _not_held: dict[Prefix, None] = field(default_factory=dict, init=False)  # in their order
    _imports_open: str = field(default="", init=False)
    _probe_lost: bool = field(default=False, init=False)
    _prepend_lost: Prefix | None = field(default=None, init=False)
    _another_as: str = field(default="", init=False)

    async def close_imports(self, until: float) -> None:
        """Have it accept nothing of its neighbours; where it cannot, that is an alarm.

        Its routes are not held up by that: they are up, and another speaker's may not be.
        """
        try:
            await self.speaker.close_imports(until=until)
            self._imports_open = ""
        except ImportsOpen as fault:
            self._imports_open = str(fault)

    def begin(self, announced: Collection[Prefix]) -> None:
        """All that it lacks is about to be announced: what it did not hold is found out again.

        It stands until then, and so does the alarm.
        """
        self._not_held = {one: None for one in self._not_held if one in announced}

    def listed(self, held: Iterable[Prefix], life: str) -> None:
        """Note what a list of what it holds had; `life` is one of its `notes` from before that."""
        self.has, self._life = set(held), life

    async def holds(self) -> Collection[Prefix]:
        """What it holds now: as listed and told since, unless it lost or got any in between.

        That it has not restarted, and counts as many, it says at once; a list takes it long.
        """
        if self._life in await self.speaker.notes() and not await self.miscounts():
            return self.has
        return {path.prefix for path in await self.speaker.held()}

    async def miscounts(self) -> bool:
        """Whether it counts more or fewer routes than it was found to have, and was told since."""
        return await self.speaker.count() != len(self.has)

    def news(self) -> Collection[Prefix]:
        """What it took since this was last asked, and has still."""
        new, self._new = self._new & self.has, set()
        return new

    async def held_of(self, announced: Sequence[Path]) -> Collection[Prefix]:
        """Which of these paths it holds after it has answered that it added them."""
        if not announced:
            return []
        held = {path.prefix: path for path in await self.speaker.held_of(_prefixes(announced))}
        taken = {path.prefix for path in announced if held.get(path.prefix) == path}
        for path in announced:
            if path.prefix in taken:
                self._not_held.pop(path.prefix, None)
            else:
                self._not_held[path.prefix] = None
        self.has.update(taken)
        self._new.update(taken)
        return taken

    async def takes_ours(self, announced: Collection[Prefix], until: float) -> bool:
        """Whether a probe of each family announced appears; to be asked while no session is up."""
        families = {one.family for one in announced}
        self._probe_lost = not await self.speaker.takes_ours(families, until=until)
        return not self._probe_lost

    def note_prepends(
        self,
        states: Iterable[RouteState],
        attributes: PathAttributes,
        neighbours: Iterable[Neighbour],
    ) -> None:
        """Note a route that is wanted with prepends which a neighbour drops.

        No new one gets there: it was wanted before the neighbour, or the settings, were so.
        """
        lost_as = prepends_lost_as(attributes, [one.asn for one in neighbours])
        lost = (one.desired for one in states if is_lost(one.desired.route, lost_as))
        self._prepend_lost = next((one.prefix for one in lost if one.advertised), None)

    def note_unfit(self, unfit: Sequence[DesiredRoute], own: Asn) -> Collection[Prefix]:
        """Note what it leaves out as it is in another AS (`own`); all that it leaves out."""
        behind = [one for one in unfit if one.route.behind not in {None, own}]
        if behind:
            why = f"in {own}, so it leaves out routes that stand behind {behind[0].route.behind}"
            self._another_as = f"{why} ({len(behind)}, the first is {behind[0].prefix})"
        else:
            self._another_as = ""
        return {one.prefix for one in unfit}

    @property
    def alarms(self) -> Sequence[Alarm]:
        """What operators should know of it, of the kinds ALARMS."""
        why = self._another_as
        return [*self.amiss, *([Alarm("another_as", self.speaker.name, why)] if why else [])]

    @property
    def amiss(self) -> Sequence[Alarm]:
        """Those for which it is listed again soon; what it never announces is none."""
        found = []
        if self._not_held:
            first = next(iter(self._not_held))
            why = f"accepts routes and does not hold them: {first}; look at its import policy"
            found.append(Alarm("not_held", self.speaker.name, why))
        elif self._probe_lost:
            why = "does not hold a probe, so its sessions stay down: look at its import policy"
            found.append(Alarm("not_held", self.speaker.name, why))
        if self._imports_open:
            found.append(Alarm("imports_open", self.speaker.name, self._imports_open))
        if self._prepend_lost:
            why = f"a neighbour in its own AS drops {self._prepend_lost} for its prepends"
            found.append(Alarm("prepend_lost", self.speaker.name, why))
        return found


def _prefixes(paths: Sequence[Path]) -> Collection[Prefix]:
    return [path.prefix for path in paths]
