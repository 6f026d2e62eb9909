"""Trust, 1.1: a tenant that adds and takes away a zone of the label, in time with our questions.

The zone is the holder's, and so is its server, which lets a tenant add a zone of the label, or take
it away, within a third of a second. Our questions are far enough apart for that where others of the
same account wait between them: those zones are at a server that is slow on purpose.
"""

import asyncio

import dns.message
import dns.rcode

from byoip.adapters.checks.dns_exchange import DnsConcurrency
from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    OWNER,
    REGISTRY,
    TOKEN,
    ZONE,
    Script,
    Serve,
    playing,
    referring,
    serving,
)
from tests.trust.dns_tree import EVIL1, holds, resolver

(OTHER,) = reverse_zones(Prefix.parse("192.0.3.0/24"))
SOA = "evil1.example. host.example. 1 60 60 60 0"
CHANGES, SLOW = 0.3, 0.35  # seconds: to add or remove a zone, to answer


def registry() -> Serve:
    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        ours = question.question[0].name.to_text().endswith(ZONE.name)
        to = referring("ns1.example.") if ours else referring("evil1.example.", zone=OTHER.name)
        await to(question, writer)

    return serve


def toggled() -> Serve:
    """The holder's server, with the tenant's zone for the text, where there was time to add it."""
    tenant, holder = holds(OWNER), holds(says=None)
    there, changed = True, 0.0

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        nonlocal there, changed
        now, want = asyncio.get_running_loop().time(), question.question[0].rdtype.name == "TXT"
        if want is not there and now - changed >= CHANGES:
            there, changed = want, now
        await (tenant if there else holder)(question, writer)

    return serve


async def slow(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(SLOW)
    response = dns.message.make_response(question)
    response.set_rcode(dns.rcode.REFUSED)
    await serving(lambda _: response.to_wire())(question, writer)


async def test_a_zone_that_is_there_for_the_text_and_not_for_its_soa_proves_nothing() -> None:
    served = {NS1: toggled(), REGISTRY: registry(), EVIL1: slow}
    resolve = resolver(more={(OTHER.name, "SOA"): [SOA], (OTHER.name, "NS"): ["evil1.example."]})
    async with playing(Script(resolve=resolve, serve=served)) as adapter:
        adapter.server_turns = DnsConcurrency(4)  # one question of an account at a time

        async def besides() -> None:
            while True:
                await adapter.observe(OTHER, LABEL, ACCOUNT)

        others = [asyncio.create_task(besides()) for _ in "123"]
        outcome = judge_zones([await adapter.observe(ZONE, LABEL, ACCOUNT)], TOKEN)
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    assert not isinstance(outcome, Passed), outcome
