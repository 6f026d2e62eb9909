"""Trust, 1.1: a zone of the label, or on the way to it, that is not delegated proves nothing.

Name servers that host zones for many parties let any of them add one, and answer for it with
authority. So a tenant who adds a zone of the very name at which the token is looked for, or one
above that name, would have all servers of the holder's zone show it.
"""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from tests.adapters.dns_script import (
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    TOKEN,
    ZONE,
    Script,
    Serve,
    referring,
    serving,
)
from tests.trust.dns_tree import (
    BOTH,
    EVIL,
    EVIL1,
    EVIL2,
    NS3,
    WIDE,
    holds,
    judged,
    look,
    resolver,
)

SOA = "ns1.example. host.example. 1 60 60 60 0"


def hosting(apex: str, *, rcode: int = dns.rcode.NOERROR, flags: int = dns.flags.AA) -> Serve:
    """A server with the token, whose answer about a zone at its name has this SOA."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        asked = question.question[0]
        if (asked.name.to_text(), asked.rdtype.name) == (OWNER, "TXT"):
            response.flags |= dns.flags.AA
            response.answer.append(dns.rrset.from_text(OWNER, 60, "IN", "TXT", f'"{TOKEN}"'))
            return response.to_wire()
        response.flags |= flags
        response.set_rcode(dns.rcode.Rcode(rcode))
        section = response.answer if apex == asked.name.to_text() else response.authority
        section.append(dns.rrset.from_text(apex, 60, "IN", "SOA", SOA))
        return response.to_wire()

    return serving(build)


@pytest.mark.parametrize("other", [hosting(OWNER), holds()], ids=["both", "one"])
async def test_a_tenant_s_zone_of_the_label_proves_nothing(other: Serve) -> None:
    outcome = await judged(Script(serve={NS1: hosting(OWNER), NS2: other}))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.ALIAS_IN_ANSWER
    assert "a delegation there, to a zone of its own" in outcome.seen
    assert "NS" in outcome.fix


@pytest.mark.parametrize("apex", [ZONE.name, WIDE])
async def test_in_the_zone_or_one_above_it_passes(apex: str) -> None:
    assert isinstance(await judged(Script(serve={NS1: hosting(apex), NS2: hosting(apex)})), Passed)


@pytest.mark.parametrize(
    ("serve", "fault"),
    [
        pytest.param(hosting(ZONE.name, rcode=dns.rcode.REFUSED), Fault.REFUSED, id="refusing"),
        pytest.param(
            hosting(ZONE.name, rcode=dns.rcode.SERVFAIL), Fault.SERVER_FAILURE, id="fails"
        ),
        pytest.param(hosting(ZONE.name, flags=0), Fault.LAME, id="without authority"),
    ],
)
async def test_a_server_that_does_not_tell_does_not_count(serve: Serve, fault: Fault) -> None:
    outcome = await judged(Script(serve={NS1: holds(), NS2: serve}))
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is fault
    assert "1 of 2 name servers" in outcome.seen


# The registry delegates the /16 to both servers, which have a zone of the /24 as well


def both(one: Serve, other: Serve) -> Script:
    wide = referring(*BOTH, zone=WIDE)
    return Script(resolve=resolver(), serve={REGISTRY: wide, NS1: one, NS2: other})


@pytest.mark.parametrize("own", [BOTH, ()], ids=["with NS records", "without"])
async def test_a_zone_on_the_way_proves_nothing(own: tuple[str, ...]) -> None:
    outcome = await judged(both(holds(own=own), holds(own=own)))
    assert isinstance(outcome, Unanswered), outcome
    assert "0 of 2 name servers" in outcome.seen
    assert f"a zone that is not seen to be delegated: {ZONE.name[:-1]}, ns2" in outcome.seen
    assert "sign both zones (DNSSEC)" in outcome.fix


def with_ds() -> Serve:
    """A server of the token's zone, and of the one above it: that has a DS record for it."""
    lower = holds()

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        if question.question[0].rdtype.name != "DS":
            return await lower(question, writer)
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        name, ds = question.question[0].name, f"1 13 2 {'ab' * 32}"
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "DS", ds))
        return await serving(lambda _: response.to_wire())(question, writer)

    return serve


async def test_nor_where_the_one_above_delegates_it_for_it_may_do_so_to_others() -> None:
    outcome = await judged(both(with_ds(), with_ds()))
    assert isinstance(outcome, Unanswered), outcome
    assert "0 of 2 name servers" in outcome.seen


def mute() -> Serve:
    """A server with the token that denies without saying in the name of which zone."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        if question.question[0].rdtype.name == "TXT":
            response.answer.append(dns.rrset.from_text(OWNER, 60, "IN", "TXT", f'"{TOKEN}"'))
        return response.to_wire()

    return serving(build)


async def test_a_server_that_does_not_say_its_zone_may_have_any() -> None:
    outcome = await judged(both(mute(), mute()))
    assert isinstance(outcome, Unanswered), outcome
    assert "does not say which zone has the name" in outcome.seen
    assert isinstance(await judged(Script(serve={NS1: mute(), NS2: mute()})), Passed)


def taken_away(zone: str) -> Serve:
    """A server of `zone` with a tenant's zone, which is taken away after the first question."""
    tenant, left = holds(OWNER), holds(zone, says=None)
    asked = 0

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await (tenant if asked == 1 else left)(question, writer)

    return serve


async def test_a_zone_that_is_taken_away_before_it_is_asked_for_proves_nothing() -> None:
    script = Script(serve={NS1: taken_away(ZONE.name), NS2: taken_away(ZONE.name)})
    for one in (both(taken_away(WIDE), taken_away(WIDE)), script):
        outcome = await judged(one)
        assert isinstance(outcome, Failed), outcome
        assert outcome.reason is Reason.TOKEN_MISSING


async def test_nor_does_it_hide_that_the_one_honest_server_contradicts() -> None:
    """Else two hostile servers of three passed, with a tenant's zone at the third for a moment."""
    three = ("ns3.example.", *EVIL)
    played = {NS3: taken_away(ZONE.name), EVIL1: holds(own=three), EVIL2: holds(own=three)}
    outcome = await judged(Script(resolve=resolver(), serve=played, delegation=three))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT


async def test_it_contradicts_where_it_has_no_token_and_others_do() -> None:
    outcome = await judged(both(holds(WIDE), holds(says=None)))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT


async def test_it_is_no_answer_beside_one_of_the_zone_above() -> None:
    outcome = await judged(both(holds(WIDE, says=None), holds()))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.TOKEN_MISSING


async def test_the_answer_that_comes_twice_is_kept_once() -> None:
    kept = [one.asked for one in (await look(Script(serve={NS1: holds(), NS2: holds()}))).exhibits]
    assert len([one for one in kept if " TXT @127.0.0.11" in one]) == 1
