"""Trust, 1.1: a tenant that adds and takes away a zone of the label at a steady beat.

It need not know when we ask: our two questions must be answered within one moment of the server's.
The holder's servers are a fifth of a second away, and let a tenant change a zone as fast.
"""

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

import dns.message
import pytest

from byoip.domain.checks.evidence import Fault, Passed, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from tests.adapters.dns_script import LABEL, NS1, NS2, OWNER, TOKEN, ZONE, Script, Serve, playing
from tests.trust.dns_tree import BOTH, holds, judged, resolver

FAR, BEAT = 0.2, 0.2  # seconds: a round trip, and between two changes
LOOKS = 40


def far(serve: Serve) -> Serve:
    """A server whose connections take as long as if it was far away."""
    met = WeakSet[asyncio.StreamWriter]()

    async def later(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        if writer not in met:
            met.add(writer)
            await asyncio.sleep(FAR)
        await serve(question, writer)

    return later


def blinking() -> Serve:
    """The holder's server, with the tenant's zone of the text at every second beat."""
    tenant, holder = holds(OWNER), holds(says=None)

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        there = int(asyncio.get_running_loop().time() / BEAT) % 2
        await (tenant if there else holder)(question, writer)

    return far(serve)


async def test_a_zone_that_comes_and_goes_at_a_steady_beat_proves_nothing() -> None:
    served = {NS1: blinking(), NS2: blinking()}
    async with playing(Script(resolve=resolver(), serve=served)) as adapter:

        async def look(number: int) -> bool:
            await asyncio.sleep(number * 0.03)
            seen = await adapter.observe(ZONE, LABEL, UUID(int=number))
            return isinstance(judge_zones([seen], TOKEN), Passed)

        passed = sum(await asyncio.gather(*map(look, range(LOOKS))))
    assert passed == 0, f"{passed} of {LOOKS} looks"


def closing(serve: Serve, after: int) -> Serve:
    """A server that ends a connection after so many answers."""
    answered = WeakKeyDictionary[asyncio.StreamWriter, int]()

    async def short(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        await serve(question, writer)
        answered[writer] = answered.get(writer, 0) + 1
        if answered[writer] == after:
            raise ConnectionResetError

    return short


@pytest.mark.parametrize(("after", "passes"), [(1, False), (2, True)])
async def test_a_server_has_to_take_two_questions_of_a_connection(
    after: int, *, passes: bool
) -> None:
    served = {NS1: closing(holds(), after), NS2: closing(holds(), after)}
    outcome = await judged(Script(resolve=resolver(), serve=served, delegation=BOTH))
    assert isinstance(outcome, Passed if passes else Unanswered), outcome
    if isinstance(outcome, Unanswered):
        assert outcome.fault is Fault.TRUNCATED
        assert "RFC 7766" in outcome.seen
        assert outcome.fix
