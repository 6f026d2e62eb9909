"""Trust, 1.2: the servers of a zone are the names in its parent's delegation, and all are asked.

ns1 shows the token in every test: alone it proves nothing, however many addresses it has.
"""

from dataclasses import replace
from ipaddress import ip_network

import dns.flags
import dns.rcode
import pytest

from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import NeverContacted
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    LOOPBACK,
    NS1,
    NS2,
    TOKEN,
    ZONE,
    ZONE_RECORDS,
    Script,
    Serve,
    answer,
    playing,
    serving,
)
from tests.trust.dns_tree import NS3, holds, judged, look, resolver

NS1_IPV6, NS1_MORE, NS2_MORE = "::1", "127.0.0.31", "127.0.0.32"
DUAL = NetworkPolicy(allowed=(*LOOPBACK.allowed, ip_network("::1/128")))
NAMES = tuple(f"n{number:02}.example." for number in range(1, 14))
AT = {name: f"127.0.2.{number}" for number, name in enumerate(NAMES, start=1)}
ALL13 = resolver({name: [address] for name, address in AT.items()})
YES = holds(own=())


def failing(rcode: dns.rcode.Rcode = dns.rcode.REFUSED) -> Serve:
    return serving(lambda q: answer(q, {}, rcode=rcode).to_wire())


def lame() -> Serve:
    return serving(lambda q: answer(q, ZONE_RECORDS).to_wire())  # without AA


def reason(outcome: Outcome) -> Reason:
    assert isinstance(outcome, Failed), outcome
    return outcome.reason


def unanswered(outcome: Outcome) -> Unanswered:
    assert isinstance(outcome, Unanswered), outcome
    return outcome


@pytest.mark.parametrize(
    ("ns2", "fault"),
    [
        pytest.param(None, Fault.UNREACHABLE, id="unreachable"),
        pytest.param(lame(), Fault.LAME, id="lame"),
        pytest.param(failing(), Fault.REFUSED, id="refusing"),
        pytest.param(failing(dns.rcode.SERVFAIL), Fault.SERVER_FAILURE, id="failing"),
    ],
)
async def test_a_server_with_two_addresses_does_not_pass_alone(
    ns2: Serve | None, fault: Fault
) -> None:
    serve = {NS1: YES, NS1_IPV6: YES, **({NS2: ns2} if ns2 else {})}
    hosts = {"ns1.example.": [NS1, NS1_IPV6]}
    outcome = unanswered(await judged(Script(resolve=resolver(hosts), serve=serve, policy=DUAL)))
    assert outcome.fault is fault
    assert "1 of 2 name servers" in outcome.seen
    assert "ns2.example" in outcome.fix
    assert "removed from the delegation of 2.0.192.in-addr.arpa" in outcome.fix


@pytest.mark.parametrize("address", ["10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"])
async def test_a_server_at_a_refused_address_does_not_shrink_the_number(address: str) -> None:
    hosts = {"ns1.example.": [NS1, NS1_MORE], "ns2.example.": [address]}
    script = Script(resolve=resolver(hosts), serve={NS1: YES, NS1_MORE: YES})
    outcome = await judged(script)
    assert reason(outcome) is Reason.SERVER_REFUSED_BY_POLICY
    assert address in outcome.seen


async def test_refused_addresses_take_no_place_of_those_that_may_be_asked() -> None:
    hosts = {
        "ns1.example.": ["10.0.0.1", "10.0.0.2", NS1],
        "ns2.example.": ["10.0.1.1", "10.0.1.2", NS2, NS2_MORE],
    }
    script = Script(resolve=resolver(hosts), serve={NS1: YES, NS2: YES, NS2_MORE: YES})
    observed = await look(script)
    assert {NS1, NS2, NS2_MORE} <= set(script.met)
    said = [one for one in observed.servers if isinstance(one.answer, NeverContacted)]
    assert [(one.server, one.address) for one in said] == [
        ("ns1.example.", "10.0.0.1"),
        ("ns2.example.", "10.0.1.1"),
    ]
    assert isinstance(await judged(script), Passed)


async def test_a_server_without_an_address_does_not_shrink_the_number() -> None:
    script = Script(resolve=resolver({"ns2.example.": []}), serve={NS1: YES})
    assert "1 of 2 name servers" in unanswered(await judged(script)).seen


async def test_one_address_shows_the_token_for_its_name_though_the_other_is_silent() -> None:
    hosts = {"ns1.example.": [NS1, NS1_MORE], "ns2.example.": [NS2, NS2_MORE]}
    script = Script(resolve=resolver(hosts), serve={NS1_MORE: YES, NS2: YES})
    assert isinstance(await judged(script), Passed)


async def test_the_other_address_of_a_name_contradicts() -> None:
    hosts = {"ns1.example.": [NS1, NS1_MORE]}
    serve = {NS1: YES, NS1_MORE: holds(says=None), NS2: YES}
    assert reason(await judged(Script(resolve=resolver(hosts), serve=serve))) is (
        Reason.SERVERS_CONTRADICT
    )


# Names that share addresses


async def test_a_server_does_not_swallow_others_by_listing_their_addresses() -> None:
    hosts = {"ns1.example.": [NS1, NS2, NS3]}
    names = ("ns1.example.", "ns2.example.", "ns3.example.")
    script = Script(resolve=resolver(hosts), serve={NS1: YES}, delegation=names)
    outcome = unanswered(await judged(script))
    assert "0 of 3 name servers" in outcome.seen
    assert "Give ns1.example addresses of which no other server has any" in outcome.fix
    script.serve |= {NS2: YES, NS3: YES}
    assert isinstance(await judged(script), Passed)  # ns2 and ns3 do


async def test_an_address_counts_for_one_name_only() -> None:
    hosts = {"ns2.example.": [NS1, NS2]}
    outcome = unanswered(await judged(Script(resolve=resolver(hosts), serve={NS1: YES})))
    assert "1 of 2 name servers" in outcome.seen


async def test_addresses_beyond_those_asked_make_a_name_another_one() -> None:
    many = ["127.0.3.1", "127.0.3.2"]
    hosts = {"ns1.example.": [*many, "127.0.3.8"], "ns2.example.": [*many, "127.0.3.9"]}
    script = Script(resolve=resolver(hosts), serve=dict.fromkeys(many, YES))
    assert "0 of 2 name servers" in unanswered(await judged(script)).seen


async def test_names_with_exactly_the_same_addresses_are_one_server() -> None:
    same = {"ns2.example.": [NS1]}
    assert isinstance(await judged(Script(resolve=resolver(same), serve={NS1: YES})), Passed)
    names = ("ns1.example.", "ns2.example.", "ns3.example.")
    script = Script(resolve=resolver(same), serve={NS1: YES}, delegation=names)
    assert "1 of 2 name servers" in unanswered(await judged(script)).seen


async def test_one_server_is_enough_where_the_parent_names_one() -> None:
    script = Script(resolve=resolver(), serve={NS1: YES}, delegation=["ns1.example."])
    assert isinstance(await judged(script), Passed)


# All are asked


@pytest.mark.parametrize(
    ("showing", "passes"), [(6, False), (7, True)], ids=["six of 13", "seven of 13"]
)
async def test_more_than_half_of_all_must_show_it(showing: int, *, passes: bool) -> None:
    serve = {AT[name]: YES for name in NAMES[:showing]}
    outcome = await judged(Script(resolve=ALL13, serve=serve, delegation=NAMES))
    assert isinstance(outcome, Passed) is passes


async def test_the_ninth_of_thirteen_contradicts_though_five_refuse() -> None:
    serve = {AT[name]: failing() if name in NAMES[:5] else YES for name in NAMES}
    serve[AT[NAMES[8]]] = holds(says=None, own=())
    outcome = await judged(Script(resolve=ALL13, serve=serve, delegation=NAMES))
    assert reason(outcome) is Reason.SERVERS_CONTRADICT
    assert "n09.example" in outcome.seen


async def test_of_thirteen_servers_none_is_left_out() -> None:
    script = Script(resolve=ALL13, delegation=NAMES, serve=dict.fromkeys(AT.values(), YES))
    observed = await look(script)
    assert {one.server for one in observed.servers} == set(NAMES)
    assert set(script.met) == set(AT.values())


async def test_of_a_name_two_addresses_of_each_family_are_asked_at_most() -> None:
    many = [f"127.0.3.{number}" for number in range(1, 6)]
    hosts = {"ns1.example.": [*many, NS1_IPV6], "ns2.example.": [NS2]}
    serve = dict.fromkeys((*many, NS1_IPV6, NS2), YES)
    script = Script(resolve=resolver(hosts), serve=serve, policy=DUAL)
    await look(script)
    assert set(script.met) == {*many[:2], NS1_IPV6, NS2}


async def test_more_servers_than_are_asked_prove_nothing_by_a_sample() -> None:
    names = (*NAMES, "ns1.example.")
    script = Script(resolve=ALL13, delegation=names, serve=dict.fromkeys(AT.values(), YES))
    outcome = unanswered(await judged(script))
    assert "14 name servers" in outcome.seen
    assert "at most 13" in outcome.fix


@pytest.mark.parametrize(("questions", "most_bytes"), [(20, 10**6), (10**6, 1500)])
async def test_a_look_that_has_used_up_its_budget_has_no_answer(
    questions: int, most_bytes: int
) -> None:
    script = Script(resolve=ALL13, delegation=NAMES, serve=dict.fromkeys(AT.values(), YES))
    async with playing(script) as adapter:
        limits = replace(adapter.limits, most_questions=questions, most_bytes=most_bytes)
        adapter.limits = limits
        outcome = unanswered(judge_zones([await adapter.observe(ZONE, LABEL, ACCOUNT)], TOKEN))
    assert outcome.fault is Fault.OUT_OF_BUDGET
    assert "name few" in outcome.fix
