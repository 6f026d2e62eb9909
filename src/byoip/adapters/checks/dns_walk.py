"""Down the tree of zones, from a registry's to the one that holds a name, and what is said there.

At each cut the servers of the zone above are asked, never the zone itself: a hostile server of the
zone could name only its friends, or give their addresses to the names of others. What the zone says
of itself adds servers, and addresses, that may contradict.
"""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_answer import Place, Referral
from byoip.adapters.checks.dns_asking import Asking
from byoip.adapters.checks.dns_cuts import Hearing
from byoip.adapters.checks.dns_exchange import Answered, name_from, together
from byoip.adapters.checks.dns_hosts import Hosts
from byoip.adapters.checks.dns_message import Kind, Name
from byoip.domain.checks.evidence import Fault, Unanswered
from byoip.domain.checks.reverse_dns.advice import bare, too_few
from byoip.domain.checks.reverse_dns.counting import needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    Beneath,
    DelegatedAway,
    Delegation,
    NeverContacted,
    ServerAnswer,
    ServerObservation,
    Silent,
    TxtValues,
)

_MOST_NAMES = 13  # name servers of a zone: as many as the root has
_ASK_REGISTRY = "Tell the registry, or the party that runs that zone, and wait."
_NOWHERE = Silent(Fault.UNREACHABLE, "no address that we have a route to")
_ALIAS = Silent(
    Fault.LAME, "its name is an alias, and must have addresses itself (RFC 2181, section 10.3)"
)
_Where = Callable[[Name], Coroutine[Any, Any, Place]]


@dataclass(frozen=True, slots=True)
class Voice:
    """What one address of a name server says about the owner name."""

    server: Name
    address: str
    says: ServerAnswer | Beneath | Referral

    def observed(self) -> ServerObservation:
        """As the domain sees it; a referral is none of an answer."""
        says = self.says
        if isinstance(says, Referral):
            says = Silent(Fault.LAME, f"it refers to other servers for {bare(str(says.zone))}")
        return ServerObservation(str(self.server), self.address, says)


@dataclass
class Walked:
    """Where the walk ended, and all who count or contradict there."""

    delegation: Delegation
    voices: list[Voice] = field(default_factory=list)
    obstacle: Unanswered | None = None


class Walk:
    """One walk to the zone that holds a name.

    Attributes:
        addresses: of every name server met, those at which it may confirm.
        denials: the zones in whose name the owner name, or its text, was denied.
    """

    def __init__(self, asking: Asking, owner: Name, zone: Name) -> None:
        self.addresses: dict[str, frozenset[str]] = {}
        self.denials: set[Name] = set()
        self._asking = asking
        self._hosts = Hosts(asking)
        self._hearing = Hearing(asking, owner, zone)
        self._zone = zone
        self._unsigned: Name | None = None  # the highest zone below the registry's
        self._aliases: set[Name] = set()
        self._glue: dict[Name, frozenset[str]] = {}  # by names in there, as all above give it

    async def down_from(
        self, zone: Name, servers: Sequence[Name], *, to_the_cut: bool = False
    ) -> Walked:
        """Walk down from a zone whose servers are known; ends where nothing more is delegated.

        Args:
            zone: a registry's.
            servers: of this zone.
            to_the_cut: ask for the delegation alone, and nobody to whom the zone is delegated.
        """
        self._hearing.start = zone
        here = Walked(Delegation(str(zone), "", tuple(map(str, servers))))
        contradicting: list[Voice] = []
        while True:
            here.obstacle = _too_many(here.delegation)
            if here.obstacle:
                break
            here.voices = await self._ask(here.delegation)
            referrals = [one.says for one in here.voices if isinstance(one.says, Referral)]
            if not referrals:
                if not to_the_cut:
                    await self._add_own(here)
                break
            here.obstacle = self._not_agreed(here, referrals)
            if here.obstacle:
                break
            # With authority a server speaks for the child: it may contradict what is below.
            contradicting += [
                one for one in here.voices if _is_answer(one) or isinstance(one.says, Beneath)
            ]
            here = Walked(dns_answer.below(here.delegation, referrals))
            if to_the_cut and here.delegation.zone == str(self._zone):
                return here
            self._take_glue(here.delegation, referrals)
        met = {one.address for one in here.voices}
        here.voices = [*here.voices, *(one for one in contradicting if one.address not in met)]
        return here

    async def _ask(self, delegation: Delegation) -> list[Voice]:
        named, zone = delegation.named, name_from(delegation.zone)
        if delegation.parent:
            return await self._ask_all(named, zone, self._confirming)
        # Of a registry's server that refers, one address is enough: every zone asks there.
        return await self._ask_all(named, zone, self._by_resolver, thrifty=True)

    async def _ask_all(
        self, names: Iterable[str], zone: Name, where: _Where, *, thrifty: bool = False
    ) -> list[Voice]:
        servers = [name_from(name) for name in names]
        places = await together([where(one) for one in servers])
        voices = await together(
            [
                self._hear_server(server, self._to_ask(server, place), zone, thrifty=thrifty)
                for server, place in zip(servers, places, strict=True)
            ]
        )
        return [*chain(*voices)]

    async def _by_resolver(self, server: Name) -> Place:
        """Enough for the registry's own servers, and for those that may only contradict."""
        place = await self._asking.place(server)
        return replace(place, sure=place.told)

    async def _confirming(self, server: Name) -> Place:
        """Addresses that only an unsigned zone tells are not sure, and confirm nothing.

        For the resolver asks any server of that zone for them, also a hostile one.
        """
        if server not in self._glue:
            return await self._hosts.place(server)
        return replace(await self._asking.place(server), sure=self._glue[server])

    def _to_ask(self, server: Name, place: Place) -> list[str]:
        self.addresses[str(server)] = place.sure
        if place.alias:
            self._aliases.add(server)
        at = [*self._asking.to_ask(place.sure), *self._asking.to_ask(place.told - place.sure)]
        return at or [""]

    def _take_glue(self, delegation: Delegation, referrals: Sequence[Referral]) -> None:
        """Keep the addresses that all referrals give to names in zones that nothing vouches for."""
        self._unsigned = self._unsigned or referrals[0].zone
        for name in map(name_from, delegation.named):
            if name.is_within(self._unsigned):
                self._glue[name] = dns_answer.common_glue(name, referrals)

    async def _hear_server(
        self, server: Name, addresses: Sequence[str], zone: Name, *, thrifty: bool
    ) -> list[Voice]:
        heard: list[Voice] = []
        if thrifty:
            heard = [await self._hear(server, addresses[0], zone)]
            if isinstance(heard[0].says, Referral):
                return heard
        rest = addresses[len(heard) :]
        return heard + await together([self._hear(server, one, zone) for one in rest])

    async def _hear(self, server: Name, address: str, zone: Name) -> Voice:
        if not address:
            return Voice(server, address, _ALIAS if server in self._aliases else _NOWHERE)
        refusal = self._asking.refusal(address)
        if refusal:
            return Voice(server, address, NeverContacted(refusal))
        says, denied = await self._hearing.word(address, zone)
        if denied:
            self.denials.add(denied)
        return Voice(server, address, says)

    def _not_agreed(self, here: Walked, referrals: Sequence[Referral]) -> Unanswered | None:
        """Why these referrals are not followed, if so: a minority does not say where a zone is."""
        parent = bare(here.delegation.zone)
        cuts = sorted({bare(str(one.zone)) for one in referrals})
        if len(cuts) > 1:
            seen = f"is delegated by name servers of {parent} in different ways: {', '.join(cuts)}"
            return Unanswered(Fault.LAME, seen, _ASK_REGISTRY)
        said = {one.address for one in here.voices if isinstance(one.says, Referral)}
        said |= {one.address for one in here.voices if _is_answer(one)}
        servers = servers_of(here.delegation.named, self.addresses)
        counted = showing(servers, here.delegation.every, said)
        if len(counted) >= needed(len(servers)):
            return None
        observed = [one.observed() for one in here.voices]
        what = f"is delegated by {len(counted)} of {len(servers)} name servers of {parent}"
        return too_few(what, observed, here.delegation, servers, counted)

    async def _add_own(self, here: Walked) -> None:
        """Ask the zone's servers which it has, and those that are not named above as well."""
        zone = name_from(here.delegation.zone)
        if not here.delegation.parent and self.denials == {zone}:
            return  # nothing is delegated, and what denies it is no server of the customer
        speaking = dict.fromkeys(one.address for one in here.voices if _is_answer(one))
        told = await together([self._own_servers(address) for address in speaking])
        own = sorted({str(name) for at, names in told if at == zone for name in names})
        more = {str(name) for _, names in told for name in names} - {*here.delegation.named}
        here.delegation = replace(here.delegation, own=tuple(own))
        here.obstacle = _too_many(here.delegation, more)
        if here.obstacle is None:
            here.voices += await self._ask_all(sorted(more), zone, self._by_resolver)

    async def _own_servers(self, address: str) -> tuple[Name, list[Name]]:
        """The lowest zone that this server has above the owner name, and its NS records there."""
        zone = self._zone
        reply = await self._asking.directly(address, zone, Kind.NS)
        if isinstance(reply, Answered) and not dns_answer.name_servers(reply.message, zone):
            zone = dns_answer.apex(reply.message, zone) or zone
            if zone != self._zone:
                reply = await self._asking.directly(address, zone, Kind.NS)
        if not isinstance(reply, Answered) or not dns_answer.is_authoritative(reply.message):
            return zone, []
        return zone, dns_answer.name_servers(reply.message, zone)


def _too_many(delegation: Delegation, more: Iterable[str] = ()) -> Unanswered | None:
    names = len({*delegation.named, *more})
    if names <= _MOST_NAMES:
        return None
    zone = bare(delegation.zone)
    seen = f"has {names} name servers, and a zone is asked at {_MOST_NAMES} at most"
    fix = f"Name at most {_MOST_NAMES} name servers for {zone}, in the zone and above it together."
    return Unanswered(Fault.TOO_LARGE, seen, fix)


def _is_answer(voice: Voice) -> bool:
    return isinstance(voice.says, TxtValues | Alias | DelegatedAway)
