"""A BIRD of the operator's as a listener, asked over its control socket."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final, TypeAlias

from byoip.adapters.speakers import bird_answers
from byoip.adapters.speakers.bird_answers import BgpRoute, EveryRoute, Line, NotShown
from byoip.adapters.speakers.bird_paths import OddAnswer
from byoip.adapters.speakers.bird_sessions import (
    age,
    exact,
    read_clock,
    read_established,
    read_feeds,
)
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Reading, Seen, SeenPath
from byoip.ports.speakers.speaker import Feeds, SpeakerUnanswered

DEADLINE: Final = 10.0  # seconds
# From a session's start until what it does not show is taken as absent: its peer has sent all.
SETTLING: Final = timedelta(seconds=5)

_SLOWEST: Final = 1000  # prefixes a second that a call is given time for; measured: 10,000
# From so many prefixes on it shows all, unless it has more than so many routes for each of them.
_FEWEST_AT_ONCE: Final = 200
_ROUTES_EACH: Final = 10
_MOST_BYTES: Final = 1024 * 1024  # of one answer: a prefix with thousands of paths
_BYTES_EACH: Final = 2048  # of a route, on average; BIRD's have some 500
_LONGEST_LINE: Final = 64 * 1024
_SHORTEST_LINE: Final = 32  # a line costs no less than so many bytes
_SLICE: Final = 500  # lines read before others have a turn
_RESTRICTED: Final = "0016"
_Tail: TypeAlias = tuple[Asn, Asn]


class BirdListener:
    """Asks BIRD 2 or 3 on its control socket what it heard.

    Prefix by prefix, 10,000 a second: BIRD finds one at once however full its table is, and a
    dump of the Internet's would be hundreds of megabytes. Where it knows little else than many
    prefixes asked for, it shows all, 100,000 a second. The socket is a file whose permissions
    decide who may use it; the connection gives up the right to change anything first.
    """

    def __init__(
        self,
        name: str,
        control: Path,
        *,
        deadline: float = DEADLINE,
        settling: timedelta = SETTLING,
    ) -> None:
        """Take the path of its control socket, seconds for a call, and when a session counts."""
        self._name = name
        self._control = control
        self._deadline = deadline
        self._settling = settling

    @property
    def name(self) -> str:
        """As the settings name it."""
        return self._name

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        """The origins under which it sees each of these prefixes; not seen: no key.

        Only exactly these prefixes, and only what it learnt over BGP. A BIRD that no
        peer speaks to, or that has just begun to listen, cannot say of a route that it is absent.

        Raises:
            SpeakerUnanswered: it could not be asked, or what it said cannot be read; or none of
                its BGP sessions is established, or has been for long enough to miss a route.
        """
        try:
            async with asyncio.timeout(self._deadline + len(prefixes) / _SLOWEST):
                return await self._ask(prefixes)
        except TimeoutError as fault:
            raise SpeakerUnanswered(f"{self._name}: no complete answer in time") from fault
        except (OSError, OddAnswer) as fault:
            raise SpeakerUnanswered(f"{self._name}: {fault}") from fault

    async def feeds(self) -> Feeds:
        """Its established sessions, with when each came up and how many routes it has.

        Raises:
            SpeakerUnanswered: as for `sees`.
        """
        try:
            async with asyncio.timeout(self._deadline), _conversation(self._control) as bird:
                found = read_feeds(await bird.ask("show protocols all"))
        except TimeoutError as fault:
            raise SpeakerUnanswered(f"{self._name}: no complete answer in time") from fault
        except (OSError, OddAnswer) as fault:
            raise SpeakerUnanswered(f"{self._name}: {fault}") from fault
        if not found:
            raise SpeakerUnanswered(f"{self._name}: none of its BGP sessions is established")
        return found

    async def _ask(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        found: dict[Prefix, tuple[frozenset[Asn], list[SeenPath], list[_Tail]]] = {}
        async with _conversation(self._control) as bird:
            before = await bird.clock()
            for prefix, routes in (await bird.routes(prefixes)).items():
                origins = [one.origins or await bird.origins(one) for one in routes]
                if origins:
                    paths = [one.path for one in routes]
                    every = frozenset(asn for each in origins for asn in each)
                    found[prefix] = every, paths, [tail async for tail in bird.tails(routes)]
            # Afterwards: a session that ended in between took its routes along.
            clock = await self._check(bird, missing=len(found) < len(prefixes))
        if before.exact and clock and clock.was_set_since(before.exact):
            raise OddAnswer("its clock was set meanwhile")  # which times are by which, none can say
        return {
            prefix: Seen.by(origins, paths, clock, tails)
            for prefix, (origins, paths, tails) in found.items()
        }

    async def _check(self, bird: "_Conversation", *, missing: bool) -> Reading | None:
        established = read_established(await bird.ask("show protocols"))
        if not established:
            raise OddAnswer("none of its BGP sessions is established")
        clock = await bird.clock()
        ages = [age(since, clock.shown) for since in established]
        if missing and all(one is not None and one < self._settling for one in ages):
            raise OddAnswer("its BGP sessions have only just come up")
        return clock.exact


@dataclass(frozen=True, slots=True)
class _Clock:
    """As BIRD writes its time, and as a reading; None: its settings show too little of it."""

    shown: str
    exact: Reading | None


class _Conversation:
    """One question at a time: BIRD hangs up on a client that sends several ahead."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ases: dict[str, tuple[Asn, Asn | None]] = {}

    async def begin(self) -> None:
        """Read the greeting, and give up the right to change anything."""
        greeting = await self._line()
        if not bird_answers.is_ready(greeting):
            raise OddAnswer(f"this is not BIRD 2 or 3: {greeting!r:.80}")
        if (await self.ask("restrict"))[-1].code != _RESTRICTED:
            raise OddAnswer("it does not restrict the connection")

    async def ask(self, command: str) -> list[Line]:
        """The lines of its answer, at least one."""
        self._writer.write(f"{command}\n".encode("ascii"))
        await self._writer.drain()
        lines: list[Line] = []
        size = 0
        while not lines or not lines[-1].last:
            text = await self._line()
            size += max(len(text), _SHORTEST_LINE)
            if len(lines) % _SLICE == 0:
                await asyncio.sleep(0)
            if size > _MOST_BYTES:
                raise OddAnswer(f"an answer larger than {_MOST_BYTES} bytes")
            lines.append(bird_answers.read_line(text, before=lines[-1].code if lines else ""))
        return lines

    async def clock(self) -> _Clock:
        """Its own."""
        asked = monotonic()  # as BIRD reckons ages; another clock goes on in suspend
        shown = read_clock(await self.ask("show status"))
        answered, moment = monotonic(), exact(shown)
        return _Clock(shown, Reading(moment, asked, answered) if moment else None)

    async def routes(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Sequence[BgpRoute]]:
        """The routes to each of them; of very many, all at once where BIRD has few others."""
        if len(prefixes) >= _FEWEST_AT_ONCE and await self._has_few(len(prefixes)):
            with suppress(NotShown):  # one by one, then
                return await self._at_once(prefixes)
        found: dict[Prefix, Sequence[BgpRoute]] = {}
        left = _MOST_BYTES + len(prefixes) * _ROUTES_EACH * _BYTES_EACH
        for one in prefixes:
            lines = await self.ask(f"show route {one} all")
            left -= sum(max(len(line.text), _SHORTEST_LINE) for line in lines)
            if left < 0:
                raise OddAnswer("it shows more than the routes that it has")
            found[one] = bird_answers.read_routes(lines, one)
        return found

    async def _has_few(self, asked: int) -> bool:
        feeds = read_feeds(await self.ask("show protocols all"))
        return sum(one.routes for one in feeds.values()) <= asked * _ROUTES_EACH

    async def _at_once(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Sequence[BgpRoute]]:
        self._writer.write(f"{EveryRoute.COMMAND}\n".encode("ascii"))
        await self._writer.drain()
        shown = EveryRoute(prefixes)
        left = len(prefixes) * _ROUTES_EACH * _BYTES_EACH
        async for lines in self._lines():
            left -= max(sum(map(len, lines)), len(lines) * _SHORTEST_LINE)
            if left < 0:
                raise OddAnswer("it shows more than the routes that it has")
            if shown.take(lines):
                break
        return shown.routes

    async def origins(self, route: BgpRoute) -> frozenset[Asn]:
        """The origin of a route whose path is empty: BIRD's own AS on that session."""
        own, _ = await self._ases_of(route.protocol)
        return frozenset({own})

    async def tails(self, routes: Iterable[BgpRoute]) -> AsyncIterator[_Tail]:
        """The AS next to the origin of each, and the origin.

        Of a path with one AS only it is BIRD's own, if the session is within that: a router of
        its own sends it. A neighbour in another AS is the origin itself.
        """
        for one in routes:
            before = one.before
            if one.alone:
                with suppress(OddAnswer):  # the route is seen all the same
                    own, neighbour = await self._ases_of(one.protocol)
                    before = own if own == neighbour else None
            if before is not None:
                for origin in one.origins:
                    yield before, origin

    async def _ases_of(self, protocol: str) -> tuple[Asn, Asn | None]:
        if protocol not in self._ases:
            said = await self.ask(f'show protocols all "{protocol}"')
            self._ases[protocol] = bird_answers.read_ases(said)
        return self._ases[protocol]

    async def _lines(self) -> AsyncIterator[Sequence[str]]:
        """What comes, to the end; quicker than line by line where that is much."""
        rest = ""
        while read := await self._reader.read(_LONGEST_LINE):
            *whole, rest = (rest + read.decode("ascii", "replace")).split("\n")
            yield whole
            if len(rest) > _LONGEST_LINE:
                raise OddAnswer(f"a line longer than {_LONGEST_LINE} bytes")
        raise OddAnswer("it hung up")

    async def _line(self) -> str:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as fault:
            raise OddAnswer("it hung up") from fault
        except asyncio.LimitOverrunError as fault:
            raise OddAnswer(f"a line longer than {_LONGEST_LINE} bytes") from fault
        return line[:-1].decode("ascii", "replace")


@asynccontextmanager
async def _conversation(control: Path) -> AsyncIterator[_Conversation]:
    reader, writer = await asyncio.open_unix_connection(control, limit=_LONGEST_LINE)
    try:
        bird = _Conversation(reader, writer)
        await bird.begin()
        yield bird
    finally:
        writer.close()
