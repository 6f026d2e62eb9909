"""Whether name servers speak out of the zone they are asked about, or out of one below it.

Name servers that host zones for many parties let each of them add one, also below a zone of
another, and answer for it with authority. A server that has both zones never refers, so it cannot
show to which servers the zone above delegates the lower one: its word on that proves nothing. Nor
does a DS record, or a signed denial of one: they say that it is delegated, and not to whom.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_answer import Referral
from byoip.adapters.checks.dns_asking import Asking
from byoip.adapters.checks.dns_exchange import Answered
from byoip.adapters.checks.dns_message import Kind, Name
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import Beneath, ServerAnswer, Silent, TxtValues

_Asked = tuple[tuple[tuple[Name, Kind], ...], bool]
_Word = ServerAnswer | Beneath | Referral
_UNTOLD = Silent(Fault.LAME, "it does not say which zone has the name (SOA; RFC 2308, section 3)")
_CHANGED = Silent(Fault.LAME, "it answers otherwise when it is asked again")


class Cuts:
    """The zones out of which name servers speak, in one look."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._turns: defaultdict[tuple[str, _Asked], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._replies: dict[tuple[str, _Asked], Sequence[Answered | Silent]] = {}

    async def ask(self, address: str, name: Name, kind: Kind) -> Answered | Silent:
        """What a server says; each is asked once, however many cuts and names it serves."""
        (reply,) = await self._once(address, (name, kind))
        return reply

    async def again(
        self, address: str, first: tuple[Name, Kind], *more: tuple[Name, Kind]
    ) -> Sequence[Answered | Silent]:
        """What it says once more where that matters, all of it in a moment.

        A tenant may take a zone away, and add it again, between any two questions that have to
        wait for their turns.
        """
        return await self._once(address, first, *more, again=True)

    async def _once(
        self, address: str, *asked: tuple[Name, Kind], again: bool = False
    ) -> Sequence[Answered | Silent]:
        key = address, (asked, again)
        async with self._turns[key]:
            if key not in self._replies:
                ask = self._asking.in_a_row(address, asked) if again else self._one(address, *asked)
                self._replies[key] = await ask
            return self._replies[key]

    async def _one(self, address: str, asked: tuple[Name, Kind]) -> Sequence[Answered | Silent]:
        return [await self._asking.directly(address, *asked)]


def between(told: Answered | Silent, name: Name, zone: Name) -> Name | None:
    """The zone out of which a server speaks of a name, where it is not this one.

    By its answer to a question for SOA there: the lowest zone that it has above the name, or at it.
    """
    found = None
    if isinstance(told, Answered) and dns_answer.is_authoritative(told.message):
        found = dns_answer.apex(told.message, name)
    return None if found == zone else found or name


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

        Of what leads to an approval each is asked twice, and of its zone as well: a tenant may take
        a zone away at any moment.
        """
        reply = await self._cuts.ask(address, self._owner, Kind.TXT)
        if isinstance(reply, Silent):
            return reply, None
        says = dns_answer.server_answer(reply.message, self._owner, zone)
        speaks = dns_answer.is_authoritative(reply.message)
        denied = dns_answer.apex(reply.message, self._owner) if speaks else None
        at = self._to_check(says, zone)
        soa = await self._cuts.ask(address, at, Kind.SOA) if at else None
        checked = self._checked(says, soa, denied, zone)
        leads = (isinstance(says, TxtValues) and says.values) or isinstance(says, Referral)
        if checked is says and leads and zone != self.start:
            checked = await self._still(address, says, at, zone)
        return checked, denied

    async def _still(self, address: str, says: _Word, at: Name | None, zone: Name) -> _Word:
        text = self._owner, Kind.TXT
        reply, *soa = await self._cuts.again(address, text, *([(at, Kind.SOA)] if at else []))
        if isinstance(reply, Silent):
            return reply
        again = dns_answer.server_answer(reply.message, self._owner, zone)
        if isinstance(again, Silent):
            return Silent(again.fault, f"asked with an option of EDNS (RFC 6891), {again.detail}")
        if again == says:
            return self._checked(says, soa[0] if soa else None, None, zone)
        if isinstance(again, TxtValues):
            texts = says.values if isinstance(says, TxtValues) else again.values
            # What stood there is gone: as if it had never been there, it contradicts.
            return _CHANGED if {*texts} & {*again.values} else TxtValues(())
        return _CHANGED if isinstance(again, Referral) else again

    def _to_check(self, says: _Word, zone: Name) -> Name | None:
        """The name of which a server has to say in which zone it is; None: that is plain."""
        if isinstance(says, Referral):
            above = says.zone.parent
            return None if zone in {self.start, above} else above
        return self._owner if isinstance(says, TxtValues) and says.values else None

    def _checked(
        self, says: _Word, soa: Answered | Silent | None, held: Name | None, zone: Name
    ) -> _Word:
        """The word, unless this server has a zone of that very name, or one on the way to it.

        It may be any tenant's: servers that host zones for many parties answer for it with
        authority, though no delegation leads there. A referral may come out of one as well.
        """
        if isinstance(says, Referral):
            other = between(soa, says.zone.parent, zone) if soa else None
            return Beneath(str(other), ()) if other else says
        return self._text(says, soa, held, zone) if isinstance(says, TxtValues) else says

    def _text(
        self, says: TxtValues, soa: Answered | Silent | None, held: Name | None, zone: Name
    ) -> _Word:
        if soa:
            if isinstance(soa, Silent):
                return soa
            told = dns_answer.unless_apex(soa.message, self._owner, says)
            if told is not says:
                return told
            held = dns_answer.apex(soa.message, self._owner)
        if zone in {self.start, self._zone, held}:
            return says
        if held is None:
            return _UNTOLD if says.values else says
        return Beneath(str(held), says.values) if held.is_within(zone) else says
