"""A gobgpd that announces routes, told what to hold over its gRPC API."""

import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from ipaddress import ip_address
from math import inf
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.adapters.gobgp.draining import DrainPolicies
from byoip.adapters.gobgp.imports import ImportPolicy
from byoip.adapters.gobgp.paths import FAMILIES, Listed, to_message
from byoip.adapters.gobgp.surprises import REQUEST, Told
from byoip.adapters.gobgp.transport import Tls
from byoip.domain.asn import Asn
from byoip.domain.foreign_text import printable
from byoip.domain.prefix import Family, Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered

_LOG = logging.getLogger(__name__)

DEADLINE: Final = 10.0  # seconds
MOST_PATHS: Final = 200_000

# Whether it takes ours is tried with these. They are for documentation (RFC 5737, RFC 3849), and
# too long to be anyone's route.
PROBES: Final = (
    Path(Prefix.parse("192.0.2.0/32"), (), ip_address("192.0.2.1")),
    Path(Prefix.parse("2001:db8::/128"), (), ip_address("2001:db8::1")),
)
_PROBED: Final = frozenset(one.prefix for one in PROBES)

# That it names in the life of a process: there is a word of each of them about each route.
_MOST_NEIGHBOURS: Final = 500
_BATCH: Final = 500  # paths a message: some 100 kB, and GoBGP takes 4 MB
_SLOWEST: Final = 1000  # paths a second that a call is given time for; measured: 20,000
# From here on one dump is cheaper than naming the prefixes.
_MOST_NAMED: Final = 1000


class GobgpSpeaker:
    """Speaks through gobgpd 3.x, over its gRPC API.

    Without TLS gobgpd must listen on a socket or on loopback, or where only we can reach it: its
    API knows no password. Its neighbours should be configured `admin-down`, so that after a
    restart, when it has forgotten all, nothing is announced before everything is loaded again.
    """

    def __init__(
        self,
        name: str,
        target: str,
        *,
        tls: Tls | None = None,
        deadline: float = DEADLINE,
        most_paths: int = MOST_PATHS,
    ) -> None:
        """Take what says where it is and how long it has.

        Args:
            name: as the settings name it.
            target: `host:port`, or `unix:///…`, a socket.
            tls: None for plain text.
            deadline: seconds for a call.
            most_paths: how many paths it may list.
        """
        self._name = name
        self._calls = GobgpCalls(name, target, tls=tls, deadline=deadline, most=most_paths)
        self._imports = ImportPolicy(self._calls)
        self._told = Told()
        self._drains = DrainPolicies(self._calls)
        self._named: set[str] = set()

    @property
    def name(self) -> str:
        """As the settings name it."""
        return self._name

    async def local_as(self) -> Asn:
        """Its own AS."""
        number = (await self._calls.get_bgp()).asn
        if number == 0:
            raise SpeakerUnanswered(f"{self._name}: gobgpd runs, but BGP is not configured")
        return Asn(number)

    async def held(self) -> Sequence[Path]:
        """All paths that it originates, of both families; none that it learnt from a peer.

        A path that cannot be read must not hide all the others. It is given as a path with no AS
        and no next hop (0.0.0.0, ::), which equals none that we announce: if no row wants the
        prefix, it is an orphan for operators to decide on; if a row wants it announced, our path
        replaces it; if a row wants it gone, it is withdrawn, as any other that differs from ours.
        A destination that cannot be read as a prefix belongs to no row: it is logged and left out.

        Raises:
            SpeakerUnanswered: also if no destination of a family can be read: then the two sides
                do not understand each other.
        """
        held: list[Path] = []
        learnt = 0
        for family in FAMILIES.values():
            request = pb.ListPathRequest(table_type=pb.GLOBAL, family=family)
            listed = await self._calls.list_paths(request)
            held.extend(self._own(listed))
            learnt += sum(one.from_neighbours for one in listed)
        self._imports.learnt = learnt
        return [path for path in held if path.prefix not in _PROBED]

    async def held_of(self, prefixes: Collection[Prefix]) -> Sequence[Path]:
        """The same of exactly these prefixes."""
        held: list[Path] = []
        for number, family in FAMILIES.items():
            wanted = [one for one in prefixes if one.family == number]
            if not wanted:
                continue  # naming none would ask for all
            request = pb.ListPathRequest(
                table_type=pb.GLOBAL, family=family, prefixes=_named([str(one) for one in wanted])
            )
            held.extend(self._own(await self._calls.list_paths(request)))
        asked = frozenset(prefixes)
        return [path for path in held if path.prefix in asked]

    async def count(self) -> int:
        """How many prefixes it has a path to; neighbours' count, too, where it accepts them."""
        return sum([await self._calls.count(family) for family in FAMILIES.values()])

    async def surprises(self) -> AsyncIterator[None]:
        """Yield when none can be missed any more; then whenever it changed what it was not told.

        Raises:
            SpeakerUnanswered: it cannot be watched, or not any longer.
        """
        events = self._calls.events("WatchEvent", REQUEST, pb.WatchEventResponse)
        try:
            async for event in events:
                if not self._told.watched or self._told.surprised_by(event):
                    self._told.watched = True
                    yield
        finally:
            self._told.watched = False
            await events.aclose()

    async def close_imports(self, *, until: float = inf) -> None:
        """Have it accept no route from any neighbour, and drop what it accepted; idempotent.

        Raises:
            ImportsOpen: it cannot be made to.
        """
        await self._imports.close(until)

    async def takes_ours(self, families: Collection[Family], *, until: float = inf) -> bool:
        """Whether a probe path of each family, put there and taken away, appeared in between.

        Established sessions would send it on: to be asked while there is none.
        """
        probes = [one for one in PROBES if one.prefix.family in families]
        await self.announce(probes, until=until)
        try:
            return len(await self.held_of([one.prefix for one in probes])) == len(probes)
        finally:
            await self.withdraw(probes, until=until)

    def _own(self, listed: Sequence[Listed]) -> Sequence[Path]:
        held = [path for one in listed for path in one.own]
        if faults := [one.fault for one in listed if one.fault]:  # one line, however many
            said = f"{len(faults)} paths that cannot be read: {printable(faults[0])}"
            _LOG.error("Speaker %s holds %s", self._name, said)
            if not held:
                raise SpeakerUnanswered(f"{self._name}: lists odd paths only: {faults[0]}")
        return held

    async def announce(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Add paths, or replace those for the same prefixes; in bulk, and idempotent."""
        await self._send(paths, until, withdraw=False)

    async def withdraw(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Delete exactly these paths, each named by its prefix; absent ones are no error.

        There is no way to say "all": an empty sequence does nothing, and each path says for
        itself that it is withdrawn.
        """
        await self._send(paths, until, withdraw=True)

    async def neighbours(self) -> Sequence[Neighbour]:
        """Its sessions; always in one order, for gobgpd lists them in any [tried]."""
        peers = await self._calls.list_peers(_MOST_NEIGHBOURS)
        found = sorted(peers, key=lambda one: one.address)
        named = self._named | {one.address for one in found}
        if len(named) > _MOST_NEIGHBOURS:
            said = f"names ever other neighbours, more than {_MOST_NEIGHBOURS}"
            raise SpeakerUnanswered(f"{self._name}: {said}")
        self._named = named
        return found

    async def enable(self, address: str, *, until: float = inf) -> None:
        """Let a session that is administratively down come up; idempotent.

        GoBGP drops the order without a word while it works on an earlier one: look at
        `neighbours` afterwards.
        """
        await self._calls.enable_peer(address, until)

    async def disable(self, address: str, *, until: float = inf) -> None:
        """Take a session down administratively; idempotent. As `enable`, it may do nothing."""
        await self._calls.disable_peer(address, until)

    async def drain(
        self, addresses: Collection[str], *, resend: Collection[str] = (), until: float = inf
    ) -> None:
        """Have exactly these neighbours get all routes with GRACEFUL_SHUTDOWN (RFC 8326).

        An export policy of an operator's that comes before, and accepts, hides it.

        Raises:
            NotDrained: it refuses the policy.
        """
        await self._drains.drain(addresses, resend, until)

    async def notes(self) -> Collection[str]:
        """What was given to `note` since it started, or its file was read again."""
        return await self._drains.notes()

    async def note(self, text: str, *, until: float = inf) -> None:
        """Remember a short text, until it ends."""
        await self._drains.note(text, until)

    async def sent(self, prefixes: Collection[Prefix]) -> Mapping[str, frozenset[Prefix]]:
        """Which of the prefixes are in the ADJ-RIB-Out of each established session, by address.

        GoBGP works it out when asked: what its export policy lets through to the peer. That takes
        it some 50 ms with 10,000 paths, however few are asked for [tried]; what it has no path to,
        it sends to no peer, and that it knows at once.
        """
        established = [one.address for one in await self.neighbours() if one.established]
        there = await self._in_table(prefixes) if established else ()
        return {address: await self._sent_to(address, there) for address in established}

    async def close(self) -> None:
        """End the connection."""
        await self._calls.close()

    async def _send(self, paths: Sequence[Path], until: float, *, withdraw: bool) -> None:
        if not paths:
            return
        seconds = len(paths) / _SLOWEST
        await self._calls.add_paths(self._batches(paths, withdraw=withdraw), seconds, until)

    def _batches(
        self, paths: Sequence[Path], *, withdraw: bool
    ) -> Iterator[pb.AddPathStreamRequest]:
        for start in range(0, len(paths), _BATCH):
            batch = [to_message(path, withdraw=withdraw) for path in paths[start : start + _BATCH]]
            self._told.note(batch)
            yield pb.AddPathStreamRequest(table_type=pb.GLOBAL, paths=batch)

    async def _in_table(self, prefixes: Collection[Prefix]) -> Collection[Prefix]:
        if len(prefixes) > _MOST_NAMED:
            return prefixes
        return await self._of(prefixes, table_type=pb.GLOBAL)

    async def _sent_to(self, address: str, prefixes: Collection[Prefix]) -> frozenset[Prefix]:
        return await self._of(prefixes, table_type=pb.ADJ_OUT, name=address)

    async def _of(
        self, prefixes: Collection[Prefix], *, table_type: pb.TableType, name: str = ""
    ) -> frozenset[Prefix]:
        """Which of the prefixes a table has."""
        there: set[Prefix] = set()
        for number, family in FAMILIES.items():
            wanted = {str(one): one for one in prefixes if one.family == number}
            if not wanted:
                continue  # naming none would ask for all
            request = pb.ListPathRequest(
                table_type=table_type, name=name, family=family, prefixes=_named(wanted)
            )
            listed = await self._calls.list_prefixes(request)
            there.update(wanted[one] for one in listed if one in wanted)
        return frozenset(there)


def _named(prefixes: Collection[str]) -> list[pb.TableLookupPrefix]:
    if len(prefixes) > _MOST_NAMED:
        return []
    exact = pb.TableLookupPrefix.EXACT
    return [pb.TableLookupPrefix(prefix=prefix, type=exact) for prefix in prefixes]
