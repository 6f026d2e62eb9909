"""Where a receiver is: asked of our resolvers at each attempt, and every address is judged.

A customer chooses the name, and its zone what it means this second. So the answer is asked for and
judged before each connection, which is then made to the address itself (`pinned_post.py`).
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from byoip.adapters.checks.dns_exchange import (
    Answered,
    NotAnswered,
    Reply,
    Server,
    ask_for,
    has_route,
    name_from,
    over_tcp,
    over_udp,
)
from byoip.adapters.checks.dns_message import Address, Kind, Message
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault
from byoip.domain.hooks.destination import Destination

_RD, _AD, _REFUSED = 0x0100, 0x0020, 5  # RFC 1035, section 4.1.1; RFC 6840, section 5.7
_PAYLOAD: Final = 1232
_SECONDS: Final = 3.0
_MOST_TRIED: Final = 2
# A zone may give 250, each is judged at each attempt, and that takes 15 ms of the event loop.
MOST_ADDRESSES: Final = 16


class NoWay(Exception):  # noqa: N818 - an answer
    """Nothing is sent: the name has no address, or one that nothing is sent to."""


class Addresses:
    """Finds and judges them."""

    def __init__(self, resolvers: Sequence[Server], policy: NetworkPolicy) -> None:
        self._resolvers = resolvers
        self._policy = policy

    async def judged(self, destination: Destination) -> Sequence[str]:
        """One or two addresses to connect to, IPv4 first.

        Raises:
            NoWay: there is none, or ours forbids one of all that there are. Which one is said to
                nobody: a customer could ask our resolvers about the inside.
        """
        literal = destination.address
        found = {str(literal)} if literal else await self._resolved(destination.host)
        if not found:
            raise NoWay("its name has no address")
        if len(found) > MOST_ADDRESSES:
            raise NoWay(f"its name has more than {MOST_ADDRESSES} addresses")
        if any(self._policy.refusal(ip_address(one)) for one in found):
            raise NoWay("its name leads to an address that nothing is sent to")
        usable = [one for one in sorted(found, key=lambda one: (":" in one, one)) if has_route(one)]
        if not usable:
            raise NoWay("from here no way leads to any of its addresses")
        return usable[:_MOST_TRIED]

    async def _resolved(self, host: str) -> set[str]:
        replies = await asyncio.gather(*(self._ask(host, kind) for kind in (Kind.A, Kind.AAAA)))
        found: set[str] = set()
        for reply in replies:
            if isinstance(reply, NotAnswered):
                raise NoWay("its name was not resolved in time")
            if reply.message.rcode not in (0, 3):  # NOERROR, NXDOMAIN
                raise NoWay("its name cannot be resolved")
            found |= _addresses(reply.message)
        return found

    async def _ask(self, host: str, kind: Kind) -> Reply:
        question = ask_for(name_from(host), kind, flags=_RD | _AD, payload=_PAYLOAD)
        reply: Reply = NotAnswered(Fault.TIMEOUT, "no resolver")
        for server in self._resolvers:
            reply = await over_udp(question, server, seconds=_SECONDS)
            if isinstance(reply, NotAnswered) and reply.fault is Fault.TRUNCATED:
                (reply,) = await over_tcp([question], server, seconds=_SECONDS)
            if isinstance(reply, Answered) and reply.message.rcode != _REFUSED:
                break
        return reply


def _addresses(message: Message) -> set[str]:
    """All in the answer: the resolver has followed aliases."""
    return {str(one.data) for one in message.answer if isinstance(one.data, Address)}
