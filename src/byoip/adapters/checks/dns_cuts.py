"""Whether a zone below another is delegated there, or one that any party may have added.

Name servers that host zones for many parties let each of them add one, also below a zone of
another, and answer for it with authority. A server that has both zones refers to neither: its word
on the lower one counts where the zone above is seen to delegate it.
"""

import asyncio
from collections import defaultdict

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_asking import Asking
from byoip.adapters.checks.dns_exchange import Answered
from byoip.adapters.checks.dns_message import Kind, Name
from byoip.domain.checks.reverse_dns.observation import Silent

_Asked = tuple[str, Name, Kind]


class Cuts:
    """The cuts of one look, as the servers of the zones above show them."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._turns: defaultdict[_Asked, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._replies: dict[_Asked, Answered | Silent] = {}

    async def ask(self, address: str, name: Name, kind: Kind) -> Answered | Silent:
        """What a server says; each is asked once, however many cuts and names it serves."""
        asked = (address, name, kind)
        async with self._turns[asked]:
            if asked not in self._replies:
                self._replies[asked] = await self._asking.directly(*asked)
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
