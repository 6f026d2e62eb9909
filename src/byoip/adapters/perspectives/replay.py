"""A look that one process makes, and another makes again from what came back.

The perspective records every exchange. The core runs the same look with the record in place of the
network: so all that is read into answers is read by the core, and a question that the perspective
did not ask ends the look unanswered, as one that takes too long does.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Final
from uuid import UUID

from byoip.adapters.checks.dns_exchange import (
    Answered,
    Asked,
    NotAnswered,
    Reply,
    Server,
    ask,
    understood,
)
from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.perspectives.wire import Exchanged, Looked, Said
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.foreign_text import brief, printable
from byoip.ports.clock import Clock

_MOST_RESOLVERS: Final = 8
_FAULTS: Final = frozenset(Fault)
_Key = tuple[str, int, bool, tuple[tuple[bytes, int, int], ...]]


class Recording:
    """Asks, and keeps each exchange that came to an end (the `exchange` of `DnsLimits`)."""

    def __init__(self) -> None:
        self.exchanges: list[Exchanged] = []

    async def __call__(
        self, questions: Sequence[Asked], server: Server, *, stream: bool, seconds: float
    ) -> list[Reply]:
        """Ask as `ask` does."""
        replies = await ask(questions, server, stream=stream, seconds=seconds)
        asked = [_put(one) for one in questions]
        said = [_said(one) for one in replies]
        self.exchanges.append(Exchanged(server.address, server.port, stream, asked, said))
        return replies


class Replay:
    """Answers with what a record has, each exchange once (the `exchange` of `DnsLimits`)."""

    def __init__(self, exchanges: Sequence[Exchanged]) -> None:
        self._left: defaultdict[_Key, deque[list[Said]]] = defaultdict(deque)
        for one in exchanges:
            if len(one.said) == len(one.asked):
                key = one.address, one.port, one.stream, tuple(one.asked)
                self._left[key].append(one.said)

    async def __call__(
        self, questions: Sequence[Asked], server: Server, *, stream: bool, seconds: float
    ) -> list[Reply]:
        """What came there.

        Raises:
            TimeoutError: the perspective did not ask that, or had no time to wait for it.
        """
        del seconds
        await asyncio.sleep(0)  # as many questions as a look has must not keep the event loop
        key = server.address, server.port, stream, tuple(_put(one) for one in questions)
        if not self._left[key]:
            raise TimeoutError
        said = self._left[key].popleft()
        return [_reply(one, came) for one, came in zip(questions, said, strict=True)]


def recording(resolver: DnsLooks) -> tuple[DnsLooks, Recording]:
    """A resolver of the same limits for one look, and what keeps its exchanges."""
    limits, record = resolver.limits, Recording()
    places = [(one.address, one.port) for one in limits.resolvers]
    own = DnsLooks(limits.clock, places, limits.policy)
    own.limits = replace(limits, exchange=record)
    return own, record


async def observe_again(
    looked: Looked, zone: ReverseZone, label: str, *, clock: Clock, policy: NetworkPolicy
) -> ZoneObservation:
    """The look of which this is the record; `policy` is the core's.

    Raises:
        ValueError: it names no resolvers, or too many, or what is no address.
    """
    places = [(str(ip_address(address)), port) for address, port in looked.resolvers]
    if not 0 < len(places) <= _MOST_RESOLVERS:
        raise ValueError(f"the record names {len(places)} resolvers")
    again = DnsLooks(clock, places, policy, authority_port=looked.port)
    families = frozenset(looked.families)
    again.limits = replace(
        again.limits,
        exchange=Replay(looked.exchanges),
        routed=lambda address: ip_address(address).version in families,
    )
    return await again.observe(zone, label, UUID(int=0))


def _put(question: Asked) -> tuple[bytes, int, int]:
    return question.question.name.wire, question.question.kind, question.flags


def _said(reply: Reply) -> Said:
    if isinstance(reply, Answered):
        return Said(reply.wire)
    return Said(reply.wire, reply.fault.value, reply.detail)


def _reply(question: Asked, said: Said) -> Reply:
    if said.fault:
        fault = Fault(said.fault) if said.fault in _FAULTS else Fault.GARBAGE
        return NotAnswered(fault, printable(brief(said.detail)), said.wire)
    return understood(question, question.wire[:2] + said.wire[2:])  # the id was of another asking
