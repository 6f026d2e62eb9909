"""Whether name servers speak out of the zone they are asked about, or out of one below it.

Name servers that host zones for many parties let each of them add one, also below a zone of
another, and answer for it with authority. A server that has both zones never refers, so it cannot
show to which servers the zone above delegates the lower one: its word on that proves nothing. Nor
does a DS record, or a signed denial of one: they say that it is delegated, and not to whom.
"""

import asyncio
from collections import defaultdict

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_answer import Referral
from byoip.adapters.checks.dns_asking import Asking
from byoip.adapters.checks.dns_exchange import Answered
from byoip.adapters.checks.dns_message import Kind, Name
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import Beneath, ServerAnswer, Silent, TxtValues

_Asked = tuple[str, Name, Kind, bool]
_Word = ServerAnswer | Beneath | Referral
_UNTOLD = Silent(Fault.LAME, "it does not say which zone has the name (SOA; RFC 2308, section 3)")
_CHANGED = Silent(Fault.LAME, "it answers otherwise when it is asked again")


class Cuts:
    """The zones out of which name servers speak, in one look."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._turns: defaultdict[_Asked, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._replies: dict[_Asked, Answered | Silent] = {}

    async def ask(
        self, address: str, name: Name, kind: Kind, *, again: bool = False
    ) -> Answered | Silent:
        """What a server says; each is asked once, however many cuts and names it serves.

        And once `again`, where that matters.
        """
        asked = (address, name, kind, again)
        async with self._turns[asked]:
            if asked not in self._replies:
                self._replies[asked] = await self._asking.directly(address, name, kind)
            return self._replies[asked]

    async def between(self, address: str, name: Name, zone: Name) -> Name | None:
        """The zone out of which a server speaks of a name, where it is not this one."""
        found = await self._zone_of(address, name)
        return None if found == zone else found or name

    async def _zone_of(self, address: str, name: Name) -> Name | None:
        """The lowest zone that this server has above a name, or at it."""
        reply = await self.ask(address, name, Kind.SOA)
        if not isinstance(reply, Answered) or not dns_answer.is_authoritative(reply.message):
            return None
        return dns_answer.apex(reply.message, name)


class Hearing:
    """What name servers say at the owner name, each word of them checked.

    Attributes:
        start: a registry's zone, whose servers have no tenants.
    """

    def __init__(self, asking: Asking, owner: Name, zone: Name) -> None:
        """Take the name at which the token is looked for, and the reverse zone that it is of."""
        self.start = zone
        self._cuts = Cuts(asking)
        self._owner = owner
        self._zone = zone

    async def word(self, address: str, zone: Name) -> tuple[_Word, Name | None]:
        """The word of a server of this zone; and the zone in whose name it denies the text.

        Of what leads to an approval each is asked twice, and of its zone in between: a tenant may
        take a zone away at any moment.
        """
        reply = await self._cuts.ask(address, self._owner, Kind.TXT)
        if isinstance(reply, Silent):
            return reply, None
        says = dns_answer.server_answer(reply.message, self._owner, zone)
        speaks = dns_answer.is_authoritative(reply.message)
        denied = dns_answer.apex(reply.message, self._owner) if speaks else None
        checked: _Word = says
        if isinstance(says, Referral):
            checked = await self._unless_between(address, says, zone)
        elif isinstance(says, TxtValues):
            checked = await self._unless_beneath(address, says, denied, zone)
        leads = (isinstance(says, TxtValues) and says.values) or isinstance(says, Referral)
        if checked is says and leads and zone != self.start:
            checked = await self._still(address, says, zone)
        return checked, denied

    async def _still(self, address: str, says: _Word, zone: Name) -> _Word:
        reply = await self._cuts.ask(address, self._owner, Kind.TXT, again=True)
        if isinstance(reply, Silent):
            return reply
        again = dns_answer.server_answer(reply.message, self._owner, zone)
        return says if again == says else _CHANGED

    async def _unless_between(self, address: str, says: Referral, zone: Name) -> _Word:
        """The referral, unless it comes out of another zone, between this one and the cut."""
        above = says.zone.parent
        if zone in {self.start, above}:
            return says
        between = await self._cuts.between(address, above, zone)
        return Beneath(str(between), ()) if between else says

    async def _unless_beneath(
        self, address: str, says: TxtValues, held: Name | None, zone: Name
    ) -> _Word:
        """The text, unless this server has a zone of that very name, or one on the way to it.

        It may be any tenant's: servers that host zones for many parties answer for it with
        authority, though no delegation leads there.
        """
        if says.values:
            reply = await self._cuts.ask(address, self._owner, Kind.SOA)
            if isinstance(reply, Silent):
                return reply
            told = dns_answer.unless_apex(reply.message, self._owner, says)
            if told is not says:
                return told
            held = dns_answer.apex(reply.message, self._owner)
        if zone in {self.start, self._zone, held}:
            return says
        if held is None:
            return _UNTOLD if says.values else says
        return Beneath(str(held), says.values) if held.is_within(zone) else says
