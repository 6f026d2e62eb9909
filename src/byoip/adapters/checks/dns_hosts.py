"""Where name servers are, by a word that one hostile server of an unsigned zone cannot forge.

A resolver asks any server of such a zone for the addresses of the names in it. So an address is
sure only if the resolver vouches for it; or the servers of the zone above give it with their
delegation (glue); or more than half of the zone's servers, at sure addresses of theirs, give it,
and none that answers leaves it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_answer import Place, Referral
from byoip.adapters.checks.dns_asking import Asking
from byoip.adapters.checks.dns_cuts import Cuts, between
from byoip.adapters.checks.dns_exchange import Answered, name_from, together
from byoip.adapters.checks.dns_message import Kind, Name
from byoip.domain.checks.reverse_dns.counting import needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import Delegation, Silent

_DEEPEST = 2  # a server's name; and those of the servers of its zone
_MOST_CUTS = 4  # between a signed zone and a server's name
_MOST_NAMES = 13
_MOST_LABELS = 4  # of a zone at which a walk may begin; a customer may choose names with 120
_NONE = frozenset[str]()

_Says = Referral | frozenset[str]  # what a server says of a name: look there, or its addresses
_Places = Mapping[str, frozenset[str]]


class Hosts:
    """The name servers that one look meets."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._zones = Cuts(asking)
        self._cuts: dict[Name, list[Sequence[Referral]]] = {}  # by the zone above, agreed upon
        self._silent: set[str] = set()  # addresses that are not waited for again

    async def place(self, host: Name) -> Place:
        """All addresses of a name server, and among them those that are sure."""
        told = await self._asking.place(host)
        if told.sure:
            return told
        sure = await self._asking.sure_once(host, lambda: self._walked(host, 1))
        return replace(told, sure=sure)

    async def _sure(self, host: Name, depth: int) -> frozenset[str]:
        place = await self._asking.place(host)
        if place.sure or depth > _DEEPEST:
            return place.sure
        return await self._walked(host, depth)

    async def _walked(self, host: Name, depth: int) -> frozenset[str]:
        """Down from the lowest zone above for whose name servers the resolver vouches."""
        here, places = await self._start(host, depth)
        said: list[frozenset[str]] = []  # with authority, on the way
        for _ in range(_MOST_CUTS):
            referrals = self._known(host, here)
            if not referrals:
                voices = await self._voices(host, here, places)
                said += [one for one in voices.values() if isinstance(one, frozenset)]
                referrals = [one for one in voices.values() if isinstance(one, Referral)]
                if not _agreed(here, places, voices, referrals):
                    break
                if not referrals:
                    return frozenset.intersection(*said)
                if not said:
                    self._cuts.setdefault(name_from(here.zone), []).append(referrals)
            if given := dns_answer.common_glue(host, referrals):
                return given.intersection(*said)
            here = dns_answer.below(here, referrals)
            if len(here.named) > _MOST_NAMES:
                break
            places = await self._below(here, referrals, depth)
        return _NONE

    async def _start(self, host: Name, depth: int) -> tuple[Delegation, _Places]:
        zone = host
        while zone != zone.parent:
            zone = zone.parent
            if str(zone).count(".") > _MOST_LABELS:
                continue
            reply = await self._asking.resolve_once(zone, Kind.NS)
            if isinstance(reply, Answered) and dns_answer.is_authenticated(reply.message):
                servers = dns_answer.name_servers(reply.message, zone)
                if servers:
                    names = tuple(map(str, servers))
                    return Delegation(str(zone), "", names), await self._top(zone, servers, depth)
        return Delegation("", "", ()), {}

    async def _top(self, zone: Name, servers: Sequence[Name], depth: int) -> _Places:
        """Of the root's and top level's servers the resolver's word is enough, and one address."""
        if zone.parent.parent == zone.parent:
            found = await together([self._asking.place(one) for one in servers])
            return {str(one): at.told for one, at in zip(servers, found, strict=True)}
        return {str(one): await self._sure(one, depth + 1) for one in servers}

    async def _below(self, here: Delegation, referrals: Sequence[Referral], depth: int) -> _Places:
        """Glue counts for names below the zone that gives it."""
        above = name_from(here.parent)
        places: dict[str, frozenset[str]] = {}
        for name in map(name_from, here.named):
            given = dns_answer.common_glue(name, referrals) if name.is_within(above) else _NONE
            places[str(name)] = given or await self._sure(name, depth + 1)
        return places

    def _known(self, host: Name, here: Delegation) -> Sequence[Referral]:
        """The way that another host of the same zone has shown."""
        known = self._cuts.get(name_from(here.zone), []) if here.zone else []
        return next((one for one in known if host.is_within(one[0].zone)), ())

    async def _voices(
        self, host: Name, here: Delegation, places: _Places
    ) -> dict[str, _Says | None]:
        """What each address says; of the highest servers one address is asked."""
        zone = name_from(here.zone)
        each = [self._asking.to_ask(at) for at in places.values()]
        most = None if here.parent else 1
        asked = dict.fromkeys(
            address
            for one in each
            for address in [at for at in one if not self._asking.refusal(at)][:most]
        )
        said = await together([self._hear(address, host, zone) for address in asked])
        return dict(zip(asked, said, strict=True))

    async def _hear(self, address: str, host: Name, zone: Name) -> _Says | None:
        """Where this zone's servers lead, or its addresses; not by a zone that any party added.

        Both are asked twice, the second time in a moment: a tenant may take one away.
        """
        if address in self._silent:
            return None
        first = await self._asking.directly(address, host, Kind.A)
        replies = [first]
        if isinstance(first, Answered) and _addressed(first, host) is not None:
            replies.append(await self._asking.directly(address, host, Kind.AAAA))
        if not all(isinstance(one, Answered) for one in replies):
            self._silent.add(address)
        says = _said(replies, host, zone)
        name = says.zone.parent if isinstance(says, Referral) else host
        if not says or name == zone:
            return says
        if between(await self._zones.ask(address, name, Kind.SOA), name, zone):
            return None
        asked = [(host, kind) for kind in (Kind.A, Kind.AAAA)][: len(replies)]
        *replies, soa = await self._asking.in_a_row(address, [*asked, (name, Kind.SOA)])
        return None if between(soa, name, zone) or _said(replies, host, zone) != says else says


def _addressed(reply: Answered, host: Name) -> frozenset[str] | None:
    return dns_answer.told_addresses(reply.message, host)


def _said(replies: Sequence[Answered | Silent], host: Name, zone: Name) -> _Says | None:
    found = _NONE
    for reply in replies:
        if not isinstance(reply, Answered):
            return None
        told = _addressed(reply, host)
        if told is None:
            return dns_answer.referral(reply.message, host, zone)
        found |= told
    return found


def _agreed(
    here: Delegation,
    places: _Places,
    voices: Mapping[str, _Says | None],
    referrals: Sequence[Referral],
) -> bool:
    """Whether more than half of the zone's servers speak, and do not contradict on the way."""
    if not here.named or len({one.zone for one in referrals}) > 1:
        return False
    servers = servers_of(here.named, places)
    speaking = [address for address, says in voices.items() if says is not None]
    return len(showing(servers, here.every, speaking)) >= needed(len(servers))
