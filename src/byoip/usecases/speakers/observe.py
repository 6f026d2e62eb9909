"""Ask listeners and speakers what becomes of routes: all at once, and none is waited for long.

One that did not answer in time is not waited for until it has answered again: a frozen one must
not hold up what the others can tell of every change.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.sightings import Observation, Sightings
from byoip.ports.speakers.speaker import Feeds, Listener, Neighbour, Speaker, SpeakerUnanswered
from byoip.ports.supervising import asked_to_end
from byoip.store.sharing import in_slices

_LOG = logging.getLogger(__name__)

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_Question: TypeAlias = Callable[[], Coroutine[Any, Any, _T]]
_SLICE = 500  # routes, some two milliseconds
_PAGE = 5000
_SLOWEST = 1000  # routes a second that each has time for; BIRD tells of 10,000


@dataclass(frozen=True, slots=True)
class QueriedSpeaker:
    """A speaker to ask what it sends, and the sessions that it is known to have."""

    speaker: Speaker
    neighbours: Sequence[Neighbour] = ()


@dataclass(slots=True)
class _Late:
    """Questions that were not answered in time, by what was asked of whom: they go on."""

    _asked: dict[tuple[str, str], asyncio.Task[Any]] = field(default_factory=dict)

    async def answer(
        self, key: tuple[str, str], question: _Question[_T], seconds: float
    ) -> _T | None:
        """None: there is none, or none in time; at once where the last one has not come yet."""
        if key in self._asked and not self._is_back(key, question):
            return None
        asked = asyncio.create_task(_of_one(key, question))
        try:
            await asyncio.wait([asked], timeout=seconds)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if asked.done():
            return asked.result()
        self._keep(key, asked)
        return None

    def _keep(self, key: tuple[str, str], asked: asyncio.Task[Any]) -> None:
        if self._asked.setdefault(key, asked) is not asked:
            asked.cancel()

    def _is_back(self, key: tuple[str, str], question: _Question[_T]) -> bool:
        """Whether it has answered late; if it has failed, it is asked once more."""
        if not self._asked[key].done():
            return False
        if self._asked.pop(key).result() is None:
            self._keep(key, asyncio.create_task(_of_one(key, question)))
        return key not in self._asked


async def _of_one(key: tuple[str, str], question: _Question[_T]) -> _T | None:
    """The answer; whatever goes wrong with one party is that party's alone.

    Asked when the task has begun: one that ends before has asked nothing.
    """
    try:
        return await question()
    except (SpeakerUnanswered, TimeoutError):
        return None
    except asyncio.CancelledError:
        if asked_to_end():
            raise
        return None  # its connection was closed under it
    except Exception:  # noqa: BLE001 - nobody foresaw it
        _LOG.exception("%s of %s cannot be known", *key)
        return None


@dataclass(frozen=True, slots=True)
class ObserveRoutes:
    """Query all listeners and speakers concurrently; those that are late are left out.

    Attributes:
        seconds: how long each is waited for; longer with many routes, by their number.
    """

    listeners: Sequence[Listener]
    seconds: float = 2.0
    _late: _Late = field(default_factory=_Late, init=False, repr=False, compare=False)

    async def __call__(
        self, prefixes: Collection[Prefix], speakers: Collection[QueriedSpeaker]
    ) -> Sightings:
        """What listeners see, and what these speakers say they send."""
        heard, sent = await asyncio.gather(self.heard(prefixes), self.sent(prefixes, speakers))
        return replace(sent, heard=heard.heard)

    @property
    def listened(self) -> bool:
        """Whether listeners are configured, answering or not."""
        return bool(self.listeners)

    def longest(self, many: int) -> float:
        """Seconds that an answer about so many prefixes is waited for."""
        return self.seconds + many / _SLOWEST

    async def heard(self, prefixes: Collection[Prefix]) -> Sightings:
        """What listeners see."""
        wanted = frozenset(prefixes)
        asked = {one.name: partial(one.sees, wanted) for one in self.listeners}
        return Sightings(heard=await self._answers("sees", asked, len(wanted)))

    async def sent(
        self, prefixes: Collection[Prefix], speakers: Collection[QueriedSpeaker]
    ) -> Sightings:
        """What these speakers say they send."""
        wanted = frozenset(prefixes)
        asked = {one.speaker.name: partial(one.speaker.sent, wanted) for one in speakers}
        sent = await self._answers("sent", asked, len(wanted))
        return Sightings(
            sent=sent, silent={one.speaker.name: _silent(one, sent) for one in speakers}
        )

    async def feeds(self) -> Mapping[str, Feeds]:
        """What feeds each listener; a listener that does not answer is left out."""
        return await self._answers("feeds", {one.name: one.feeds for one in self.listeners}, 0)

    async def sessions(self, speakers: Collection[Speaker]) -> Mapping[str, Sequence[Neighbour]]:
        """Each speaker's sessions, up or down; a speaker that does not answer is left out."""
        return await self._answers("sessions", {one.name: one.neighbours for one in speakers}, 0)

    async def held(self, speakers: Collection[Speaker]) -> Mapping[str, Sequence[Path]]:
        """All that each speaker originates; a speaker that does not answer is left out."""
        return await self._answers("held", {one.name: one.held for one in speakers}, 0)

    async def _answers(
        self, what: str, asked: Mapping[str, _Question[_T]], many: int
    ) -> Mapping[str, _T]:
        seconds = self.longest(many)
        answers = await asyncio.gather(
            *(self._late.answer((what, name), asked[name], seconds) for name in asked)
        )
        named = zip(asked, answers, strict=True)
        return {name: answer for name, answer in named if answer is not None}


def _silent(
    speaker: QueriedSpeaker, sent: Mapping[str, Mapping[str, Collection[Prefix]]]
) -> Sequence[str]:
    sessions = sent.get(speaker.speaker.name)
    if sessions is None:
        return []
    return [one.address for one in speaker.neighbours if one.address not in sessions]


async def observations(
    desired_routes: Collection[DesiredRoute], sightings: Sightings
) -> list[Observation]:
    """What to record: one observation for each row and each observer that answered.

    A withdrawn row does not count as seen where another row has the same route announced.
    """
    taken_over = {one.prefix for one in desired_routes if one.advertised}

    def of(desired: DesiredRoute) -> list[Observation]:
        counts = desired.advertised or desired.prefix not in taken_over
        return [
            Observation(desired.bgp_prefix_id, by, advertised=sees and counts, own_word=own)
            for by, sees, own in _words(desired, sightings)
        ]

    made = await in_slices(list(desired_routes), of, size=_SLICE)
    return [one for each in made for one in each]


def pages(items: Sequence[_Item], most: int | None = None) -> Iterator[Sequence[_Item]]:
    """Of at most so many; else of as many as one statement writes in good time."""
    size = most or _PAGE
    return (items[start : start + size] for start in range(0, len(items), size))


def _words(desired: DesiredRoute, sightings: Sightings) -> Iterable[tuple[str, bool, bool]]:
    for listener in sightings.heard:
        yield listener, sightings.hears(listener, desired), False
    for speaker, sessions in sightings.sent.items():
        for peer, sent in sessions.items():
            yield own_word(speaker, peer), desired.prefix in sent, True
        for peer in sightings.silent.get(speaker, ()):
            yield own_word(speaker, peer), False, True


def own_word(speaker: str, peer: str) -> str:
    """The observer's name, where a speaker says what it sends to a peer."""
    return f"{speaker} to {peer}"
