"""Trust, 1.1: a cache before the holder's servers keeps the text of a tenant's zone that is gone.

PowerDNS keeps whole answers for 20 s, by the bytes of the question, and dnsdist for their TTL. The
tenant asks for the text while its zone is there, and takes the zone away: the text comes out of the
cache then, and the name of the zone that has it is the holder's. With PowerDNS 4.7.3 the token of a
prefix of others passed for 17 s after a zone was taken away once.
"""

import asyncio

import dns.message
import dns.rcode

from byoip.domain.checks.evidence import Failed, Fault, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    NS2,
    OWNER,
    TOKEN,
    ZONE,
    Script,
    Serve,
    playing,
    serving,
)
from tests.trust.dns_tree import BOTH, holds, judged, resolver


class Hoster:
    """Servers of the holder and of a tenant, behind one cache in which the tenant has the text."""

    def __init__(self) -> None:
        self.has_tenant = True
        self._tenant, self._holder = holds(OWNER), holds(says=None)
        self._kept: dict[bytes, Serve] = {}

    async def __call__(self, question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        serve, like = self._tenant if self.has_tenant else self._holder, question.to_wire()[2:]
        if question.question[0].rdtype.name == "TXT":
            serve = self._kept.setdefault(like, serve)
        await serve(question, writer)


async def test_a_text_that_a_cache_has_of_a_zone_that_is_gone_proves_nothing() -> None:
    hoster = Hoster()
    script = Script(resolve=resolver(), serve={NS1: hoster, NS2: hoster})
    async with playing(script) as adapter:
        before = judge_zones([await adapter.observe(ZONE, LABEL, ACCOUNT)], TOKEN)
        assert isinstance(before, Failed)
        assert before.reason is Reason.ALIAS_IN_ANSWER
        hoster.has_tenant = False
        outcome = judge_zones([await adapter.observe(ZONE, LABEL, ACCOUNT)], TOKEN)
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.TOKEN_MISSING


def without_edns() -> Serve:
    """A server with the token that does not know EDNS (RFC 6891, section 7)."""
    honest = holds()

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        response = dns.message.make_response(question)
        response.set_rcode(dns.rcode.FORMERR)
        fails = serving(lambda _: response.to_wire())
        await (honest if question.edns < 0 else fails)(question, writer)

    return serve


async def test_a_server_has_to_take_edns() -> None:
    served = {NS1: without_edns(), NS2: without_edns()}
    outcome = await judged(Script(resolve=resolver(), serve=served, delegation=BOTH))
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is Fault.SERVER_FAILURE
    assert "asked with an option of EDNS (RFC 6891), it answers FORMERR" in outcome.seen
    assert outcome.fix
