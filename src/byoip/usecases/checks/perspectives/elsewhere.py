"""Ask all other places the same thing, for as long as it takes that enough of them agree."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from byoip.domain.checks.evidence import Fault, Outcome, Passed, RawAnswer, Unanswered
from byoip.domain.perspectives.place import Place
from byoip.domain.perspectives.quorum import Sighting, Subject, enough, judge_places
from byoip.ports.checks.perspective import Perspective

_STRAGGLERS: Final = 2.0  # seconds that the last are waited for once enough agree
_LATE: Final = Unanswered(Fault.TIMEOUT, "It did not say what it saw in time.")
_BROKEN: Final = Unanswered(Fault.GARBAGE, "What it saw could not be judged.")
_log = logging.getLogger(__name__)

Seen: TypeAlias = Mapping[str, tuple[Outcome, tuple[RawAnswer, ...]]]
Look: TypeAlias = Callable[[Perspective], Coroutine[Any, Any, Outcome]]
_NOTHING: Final[tuple[RawAnswer, ...]] = ()
Notice: TypeAlias = Callable[[Subject, Mapping[str, Sequence[Sighting]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other places. Without any, it says that there are none.

    Attributes:
        perspectives: all that are configured.
        decide: False: they are asked, and change no outcome.
        patience: seconds for all of them.
        notice: told how each thing that was asked about ended at each place.
    """

    perspectives: Sequence[Perspective] = ()
    decide: bool = False
    patience: float = 30.0
    notice: Notice | None = None

    async def confirm(
        self, subject: Subject, ways: Mapping[str, tuple[Passed, Look]], carrying: frozenset[int]
    ) -> Mapping[str, Outcome]:
        """What passed here, as the other places leave it.

        Args:
            subject: what it is about.
            ways: of each thing, as people name it: what we saw, and how it ends by what a place
                says.
            carrying: numbers of the ASes that carry the prefix, or are to be proven; places in them
                are not asked.
        """

        async def see(one: Perspective) -> Seen:
            async with asyncio.TaskGroup() as tasks:
                asked = {what: tasks.create_task(look(one)) for what, (_, look) in ways.items()}
            return {what: (task.result(), _NOTHING) for what, task in asked.items()}

        sightings = await self.everywhere(subject, see, frozenset(ways), carrying) if ways else {}
        return {
            what: judge_places(here, sightings.get(what, ()), decide=self.decide)
            for what, (here, _) in ways.items()
        }

    async def everywhere(
        self,
        subject: Subject,
        see: Callable[[Perspective], Awaitable[Seen]],
        wanted: frozenset[str],
        carrying: frozenset[int],
        until: float | None = None,
    ) -> Mapping[str, Sequence[Sighting]]:
        """What each place says of each thing that is wanted; one that is too late says nothing.

        Args:
            subject: what it is about.
            see: how each of these ends by what one place says.
            wanted: names of what is asked about.
            carrying: as for `confirm`.
            until: the event loop's time after which nobody is waited for; None: by patience.
        """
        if not self.perspectives:
            return {}
        now = asyncio.get_running_loop().time
        until = min(now() + self.patience, until or math.inf)
        found: dict[Place, Seen] = {}

        async def ask(one: Perspective) -> None:
            found[one.place] = await _seen_from(one, see, wanted, carrying)

        tasks = [asyncio.create_task(ask(one)) for one in self.perspectives]
        try:
            pending = set(tasks)
            while pending and (left := until - now()) > 0:
                _, pending = await asyncio.wait(
                    pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if pending and self._agreed(found, wanted):
                    until = min(until, now() + _STRAGGLERS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        late = dict.fromkeys(wanted, (_LATE, _NOTHING))
        places = [one.place for one in self.perspectives]
        sightings = {
            what: [Sighting(place, *found.get(place, late)[what]) for place in places]
            for what in wanted
        }
        if self.notice:
            await self.notice(subject, sightings)
        return sightings

    def _agreed(self, found: Mapping[Place, Seen], wanted: frozenset[str]) -> bool:
        many = len(self.perspectives)
        return all(
            enough([at for at, of in found.items() if isinstance(of[what][0], Passed)], many)
            for what in wanted
        )


async def _seen_from(
    one: Perspective,
    see: Callable[[Perspective], Awaitable[Seen]],
    wanted: frozenset[str],
    carrying: frozenset[int],
) -> Seen:
    """How each thing ends by what this place says, whatever that is."""
    if one.place.asn in carrying:
        about = "which carries the prefix or is to be proven"
        why = f"It stands in AS{one.place.asn}, {about}, and is not asked."
        return dict.fromkeys(wanted, (Unanswered(Fault.NOT_ASKED, why), _NOTHING))
    silent = dict.fromkeys(wanted, (_BROKEN, _NOTHING))
    try:
        return {**silent, **await see(one)}
    except Exception:  # noqa: BLE001 - what another place says ends nothing here
        _log.exception("what %s saw of %s was not judged", one.place.name, sorted(wanted))
        return silent
