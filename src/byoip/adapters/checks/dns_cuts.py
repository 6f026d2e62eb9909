"""Whether a zone below another is delegated there, or one that any party may have added.

Name servers that host zones for many parties let each of them add one, also below a zone of
another, and answer for it with authority. A server that has both zones refers to neither: its word
on the lower one counts where the zone above is seen to delegate it.
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
    """The cuts of one look, as the servers of the zones above show them."""

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

    async def delegated(self, address: str, above: Name, cut: Name) -> bool:
        """Whether this server shows, out of the zone above, that it delegates there.

        A question for DS is answered out of that zone (RFC 4035, section 3.1.4.1), and a record
        says so. Its absence does not: without signatures it looks the same where only names below
        exist, or a wildcard.
        """
        reply = await self.ask(address, cut, Kind.DS)
        if not isinstance(reply, Answered) or not dns_answer.has_ds(reply.message, cut):
            return False
        # Another zone may lie between, and have answered.
        return await self.between(address, cut.parent, above) is None

    async def vouched(self, cut: Name) -> bool:
        """Whether the resolver vouches that a name in a signed zone has no DS record.

        Where it finds an unsigned zone below, the signed one delegates that (RFC 4035, 5.2).
        """
        reply = await self._asking.resolve_once(cut, Kind.DS)
        return isinstance(reply, Answered) and dns_answer.is_vouched(reply.message)

    async def between(self, address: str, name: Name, zone: Name) -> Name | None:
        """The zone out of which a server speaks of a name; None: this one, or one it delegates.

        Any party's zone may lie between: it would speak for the name, or delegate it.
        """
        found = await self._zone_of(address, name)
        if found == zone:
            return None
        if found and found.is_within(zone) and await self.delegated(address, zone, found):
            return None
        return found or name

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
        seen = not held.is_within(zone) or await self._cuts.delegated(address, zone, held)
        if seen or await self._cuts.vouched(held):
            return says
        return Beneath(str(held), says.values)
