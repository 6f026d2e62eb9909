"""The in-memory twins of the outside parties `Speaker` and `Listener`."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf
from typing import Literal

from byoip.domain.asn import Asn
from byoip.domain.prefix import Family, Prefix
from byoip.domain.routes.route import Community, Path
from byoip.domain.speakers.sightings import Seen, SeenPath
from byoip.ports.speakers.speaker import Feed, Feeds, ImportsOpen, Neighbour, SpeakerUnanswered
from byoip.ports.steady_clock import boottime
from tests.fakes.drained import Drained

Asking = Literal["local_as", "held", "held_of", "count", "neighbours", "notes", "sent"]
Telling = Literal["close_imports", "takes_ours", "announce", "withdraw", "enable", "disable"]
Method = Asking | Telling | Literal["drain", "note"]


class Trouble(Enum):
    """How a twin fails to answer; either way the caller gets SpeakerUnanswered."""

    REFUSED = "it did nothing"
    ANSWER_LOST = "it did what was asked"


@dataclass
class FakeSpeaker(Drained):
    """A speaker that forgets all when killed, as gobgpd does.

    Attributes:
        sessions: its neighbours, as configured: those not enabled are `admin-down` again after
            each start. An enabled one is established at once; `established` here says nothing.
        trouble: what happens to every call from now on; None when all is well.
        troubled: the methods that the trouble is confined to; empty: all.
        delay: seconds that every answer takes; the work is done after them.
        loses: prefixes that it takes without complaint, and then neither holds nor sends.
        loses_all: the same of every prefix, as with an import policy that rejects all.
        open: why it cannot be made to refuse what neighbours send; empty: it can.
        asked: every call so far: the method, and the paths that came with it.
    """

    name: str = "fake"
    asn: Asn = field(default_factory=lambda: Asn(64500))
    sessions: Sequence[Neighbour] = ()
    trouble: Trouble | None = None
    troubled: frozenset[Method] = frozenset()
    delay: float = 0
    loses: set[Prefix] = field(default_factory=set)
    loses_all: bool = False
    open: str = ""
    asked: list[tuple[Method, tuple[Path, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heard_by: list[FakeListener] = []
        self._surprised, self._told = asyncio.Event(), False
        self._paths: dict[Prefix, Path] = {}
        self._alive = True
        self.started = 0
        self._enabled = self._enabled_at_start()
        self.noted: set[str] = set()
        self.drained: set[str] = set()

    async def local_as(self) -> Asn:
        await self._answer("local_as")
        return self.asn

    async def held(self) -> Sequence[Path]:
        await self._answer("held")
        return list(self._paths.values())

    async def held_of(self, prefixes: Collection[Prefix]) -> Sequence[Path]:
        await self._answer("held_of")
        return [self._paths[one] for one in prefixes if one in self._paths]

    async def count(self) -> int:
        await self._answer("count")
        return len(self._paths)

    async def surprises(self) -> AsyncIterator[None]:
        started = self.started
        self._surprised.clear()
        while self._alive and self.started == started:
            yield
            await self._surprised.wait()
            self._surprised.clear()
        raise SpeakerUnanswered(f"{self.name}: the twin was killed")

    async def close_imports(self, *, until: float = inf) -> None:
        await self._answer("close_imports", until=until)
        if self.open:
            raise ImportsOpen(self.open)

    async def takes_ours(self, families: Collection[Family], *, until: float = inf) -> bool:
        del families
        await self._answer("takes_ours", until=until)
        return not self.loses_all

    async def announce(self, paths: Sequence[Path], *, until: float = inf) -> None:
        await self._answer("announce", paths, until=until)

    async def withdraw(self, paths: Sequence[Path], *, until: float = inf) -> None:
        await self._answer("withdraw", paths, until=until)

    async def neighbours(self) -> Sequence[Neighbour]:
        await self._answer("neighbours")
        return [
            replace(one, enabled=one.address in self._enabled, established=self._up(one.address))
            for one in self.sessions
        ]

    async def enable(self, address: str, *, until: float = inf) -> None:
        if not address:
            raise ValueError("which neighbour?")
        await self._answer("enable", address=address, until=until)

    async def sent(self, prefixes: Collection[Prefix]) -> Mapping[str, frozenset[Prefix]]:
        await self._answer("sent")
        mine = frozenset(prefixes) & self._paths.keys()
        return {one.address: mine for one in self.sessions if self._up(one.address)}

    def kill(self) -> None:
        """Unreachable from now on; all that it held is forgotten, and peers withdraw it."""
        self._alive = False
        self._forget()

    def start(self) -> None:
        """Run again with an empty memory, and its neighbours as configured."""
        self._alive = True
        self.started += 1
        self._forget()
        self._enabled = self._enabled_at_start()

    def put(self, *paths: Path) -> None:
        """Hold these paths, without a call: another client put them there, or it was long ago."""
        self._paths.update((path.prefix, path) for path in paths)
        self._tell((path.prefix for path in paths), surprise=not self._told)

    def lose(self, *prefixes: Prefix) -> None:
        """Stop to hold these, without a call."""
        for prefix in prefixes:
            self._paths.pop(prefix, None)
        self._tell(prefixes, surprise=not self._told)

    @property
    def paths(self) -> Mapping[Prefix, Path]:
        """What it holds now, also while it does not answer."""
        return self._paths

    def calls(self, method: Method) -> int:
        """How often it was asked."""
        return sum(1 for asked, _ in self.asked if asked == method)

    def sends_to(self, address: str, prefix: Prefix) -> Path | None:
        """The path that a neighbour at this address gets from it now."""
        return self.sent_as(address, self._paths.get(prefix)) if self._up(address) else None

    def feeds(self, address: str) -> bool:
        """Whether a session with a neighbour at this address is up."""
        return self._up(address)

    async def _answer(
        self, method: Method, paths: Sequence[Path] = (), *, address: str = "", until: float = inf
    ) -> None:
        if boottime() >= until:
            raise SpeakerUnanswered(f"{self.name}: {method}: too late")
        self.asked.append((method, tuple(paths)))
        if self.delay:
            await asyncio.sleep(self.delay)
        trouble = self.trouble if not self.troubled or method in self.troubled else None
        if not self._alive or trouble is Trouble.REFUSED:
            raise SpeakerUnanswered(f"{self.name}: {method}: the twin was told so")
        self._told = True
        self._do(method, paths, address)
        self._told = False
        if trouble is Trouble.ANSWER_LOST:
            raise SpeakerUnanswered(f"{self.name}: {method}: done, but the twin was told so")

    def _do(self, method: Method, paths: Sequence[Path], address: str) -> None:
        if method == "announce":
            taken = [] if self.loses_all else paths
            self.put(*(path for path in taken if path.prefix not in self.loses))
        elif method == "withdraw":
            self.lose(*(path.prefix for path in paths))
        elif method == "enable":
            if address not in {one.address for one in self.sessions}:
                raise SpeakerUnanswered(f"{self.name}: no neighbour {address}")
            self._enabled.add(address)
            self._tell(self._paths)
        elif method == "disable":
            self.disable_by_hand(address)

    def _enabled_at_start(self) -> set[str]:
        return {one.address for one in self.sessions if one.enabled}

    def _up(self, address: str) -> bool:
        configured = any(one.address == address for one in self.sessions)
        return self._alive and configured and address in self._enabled

    def _forget(self) -> None:
        forgotten, self._paths = self._paths, {}
        self.noted, self.drained = set(), set()
        self._tell(forgotten, surprise=True)

    def _tell(self, prefixes: Iterable[Prefix], *, surprise: bool = False) -> None:
        prefixes = list(prefixes)
        if surprise:
            self._surprised.set()
        for listener in self._heard_by:
            listener.listen(prefixes)

    def tell(self, listener: "FakeListener") -> None:
        """From now on this listener hears of every change."""
        self._heard_by.append(listener)
        listener.listen(list(self._paths))


@dataclass
class FakeListener:
    """A neighbour of speakers, at `address`: their sessions to it decide what it hears.

    Attributes:
        trouble: no answer from now on; it goes on to hear all the same. Without a session with
            any speaker there is no answer either.
        delay: seconds that every answer takes.
        absent: prefixes that it says it does not see, whatever it hears.
        lies: origins that it says it sees, whatever it hears.
        drops: communities for which its import policy drops a path.
        log: what it heard, in order: `+` a prefix is there or another way than before, `-` gone.
    """

    speakers: Sequence[FakeSpeaker]
    name: str = "listener"
    address: str = "127.0.0.2"
    trouble: bool = False
    delay: float = 0
    absent: set[Prefix] = field(default_factory=set)
    lies: dict[Prefix, frozenset[Asn]] = field(default_factory=dict)
    drops: set[Community] = field(default_factory=set)
    log: list[tuple[Literal["+", "-"], Prefix]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heard: dict[Prefix, frozenset[tuple[str, Path]]] = {}
        for speaker in self.speakers:
            speaker.tell(self)

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.trouble:
            raise SpeakerUnanswered(f"{self.name}: the twin was told so")
        if not any(one.feeds(self.address) for one in self.speakers):
            raise SpeakerUnanswered(f"{self.name}: no session is established")
        seen = {prefix: self._origins(prefix) for prefix in prefixes}
        return {prefix: origins for prefix, origins in seen.items() if origins}

    async def feeds(self) -> Feeds:
        if self.delay:
            await asyncio.sleep(self.delay)
        up = [one for one in self.speakers if one.feeds(self.address)]
        if self.trouble or not up:
            raise SpeakerUnanswered(f"{self.name}: the twin was told so")
        return {one.name: Feed(str(one.started), len(one.paths)) for one in up}

    def withdrawals(self) -> list[Prefix]:
        """What it saw disappear so far, in order."""
        return [prefix for change, prefix in self.log if change == "-"]

    def listen(self, prefixes: Iterable[Prefix]) -> None:
        """Take note of what speakers send of these prefixes now."""
        for prefix in prefixes:
            before = self._heard.pop(prefix, frozenset())
            now = frozenset(
                (speaker.name, path)
                for speaker in self.speakers
                if (path := speaker.sends_to(self.address, prefix))
                and not path.communities & self.drops
            )
            if now:
                self._heard[prefix] = now
            if now != before:
                self.log.append(("+" if now else "-", prefix))

    def _origins(self, prefix: Prefix) -> Collection[Asn]:
        if prefix in self.absent:
            return frozenset()
        if prefix in self.lies:
            return self.lies[prefix]
        own = {speaker.name: speaker.asn for speaker in self.speakers}
        heard = self._heard.get(prefix, frozenset())
        return Seen.by(
            ((path.as_path or (own[name],))[-1] for name, path in heard),
            (SeenPath(f"{name} {path}", "") for name, path in heard),
            tails=((own[name], path.as_path[-1]) for name, path in heard if path.as_path),
        )
