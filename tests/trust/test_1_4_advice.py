"""Trust, 1.4: what cannot be proven by reverse DNS says what is wrong, and what to do about it."""

from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from byoip.domain.checks.decision import asked_again, ownership_outcome
from byoip.domain.checks.evidence import (
    Check,
    Failed,
    Fault,
    Finding,
    Outcome,
    Passed,
    Reason,
    Unanswered,
)
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_zone import txt_line
from tests.adapters.dns_script import (
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    RESOLVERS,
    TOKEN,
    TOP,
    ZONE_RECORDS,
    Script,
    answer,
    serving,
)
from tests.trust.dns_tree import holds, judged, look, resolver
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def unanswered(outcome: Outcome) -> Unanswered:
    assert isinstance(outcome, Unanswered), outcome
    return outcome


async def test_a_zone_that_is_not_delegated_at_all_is_told_how_to_request_it() -> None:
    script = Script(resolve=resolver(), serve={REGISTRY: holds(TOP, says=None)})
    outcome = await judged(script)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ZONE_NOT_DELEGATED
    assert "the lowest zone is in-addr.arpa, which is the registry's own" in outcome.seen
    assert "Ask the registry for reverse delegation of 2.0.192.in-addr.arpa" in outcome.fix
    assert "`domain` object" in outcome.fix
    assert txt_line(OWNER, TOKEN) in outcome.fix


async def test_a_zone_that_is_not_delegated_does_not_hide_the_other_way() -> None:
    by_dns = await judged(Script(resolve=resolver(), serve={REGISTRY: holds(TOP, says=None)}))
    by_irr = Failed(Reason.TOKEN_MISSING, "No token.", "Add a line to the route object.")
    outcome = ownership_outcome([by_irr, by_dns])
    assert isinstance(outcome, Failed)
    assert outcome.fix.startswith("Add a line to the route object. Or: Ask the registry")


async def test_where_the_registry_s_zone_is_signed_its_denial_says_so_too() -> None:
    soa = "ns.registry.example. host.example. 1 60 60 60 0"

    def denying(question: dns.message.Message) -> list[bytes]:
        response = answer(question, {}, flags=dns.flags.AD, rcode=dns.rcode.NXDOMAIN)
        response.authority = [dns.rrset.from_text(TOP, 60, "IN", "SOA", soa)]
        return [response.to_wire()]

    outcome = await judged(Script(resolve={RESOLVERS[0]: denying}))
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ZONE_NOT_DELEGATED


async def test_a_zone_above_that_is_the_customer_s_is_no_registry_s() -> None:
    wide = holds("0.192.in-addr.arpa.", says=None, own=("ns1.example.",))
    outcome = await judged(Script(resolve=resolver(), serve={REGISTRY: wide}))
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING


async def test_a_server_without_tcp_is_told_that_rfc_7766_demands_it() -> None:
    def over_udp(question: dns.message.Message) -> list[bytes]:
        return [answer(question, ZONE_RECORDS, flags=dns.flags.AA).to_wire()]

    script = Script(resolve=resolver(), serve={NS1: holds()}, datagrams={NS2: over_udp})
    outcome = unanswered(await judged(script))
    assert "over UDP it answers, but no TCP connection" in outcome.seen
    assert "Let ns2.example answer over TCP too, as RFC 7766 demands" in outcome.fix


async def test_a_server_that_cannot_be_reached_is_named() -> None:
    outcome = unanswered(await judged(Script(resolve=resolver(), serve={NS1: holds()})))
    assert outcome.fault is Fault.UNREACHABLE
    assert "Let ns2.example answer questions from the Internet on port 53" in outcome.fix


async def test_a_server_that_fails_is_named() -> None:
    failing = serving(lambda q: answer(q, {}, rcode=dns.rcode.SERVFAIL).to_wire())
    script = Script(resolve=resolver(), serve={NS1: holds(), NS2: failing})
    outcome = unanswered(await judged(script))
    assert "ns2.example: it answers SERVFAIL" in outcome.seen
    assert "Repair ns2.example, which fails to answer for 2.0.192.in-addr.arpa" in outcome.fix


@pytest.mark.parametrize(
    ("rcode", "advice"),
    [
        pytest.param(dns.rcode.SERVFAIL, "no good answer from the zone's name servers", id="fails"),
        pytest.param(dns.rcode.REFUSED, "tell the operator if this lasts", id="refuses"),
    ],
)
async def test_a_resolver_without_an_answer_says_so(rcode: dns.rcode.Rcode, advice: str) -> None:
    script = Script(resolve={RESOLVERS[0]: lambda q: [answer(q, {}, rcode=rcode).to_wire()]})
    outcome = unanswered(await judged(script))
    assert f"the resolver: it answers {rcode.name}" in outcome.seen
    assert advice in outcome.fix


async def test_it_says_when_it_is_asked_again() -> None:
    observed = await look(Script(resolve=resolver(), serve={NS1: holds()}))
    outcome = unanswered(judge_zones([observed], TOKEN))
    passed = Finding(Check.RPKI, Passed("Valid."), NOON)
    told, same = asked_again([Finding(Check.OWNERSHIP_RDNS, outcome, NOON), passed], NOON)
    assert isinstance(told.outcome, Unanswered)
    assert told.outcome.fix == (
        f"{outcome.fix} It is asked again by itself at 2027-03-01 12:00:00 UTC."
    )
    assert same == passed


async def test_a_run_that_is_tried_again_says_so_in_its_evidence(world: World) -> None:
    claim = await world.claim()
    world.registry.fault = Fault.TIMEOUT
    run_id = await world.request(claim)
    await world.carry_out(run_id)
    again = await world.open_run(claim)
    ended = await world.reader.run(claim.account_id, claim.id, run_id)
    told = [one.outcome.fix for one in ended.findings if isinstance(one.outcome, Unanswered)]
    assert told
    for fix in told:
        when = f"{again.due_at:%Y-%m-%d %H:%M:%S} UTC."
        assert fix.endswith(f"It is asked again by itself at {when}")


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("fix", ["", " "])
def test_no_unanswered_check_has_an_empty_fix(fault: Fault, fix: str) -> None:
    assert Unanswered(fault, "Nothing came.", fix).fix.strip()
