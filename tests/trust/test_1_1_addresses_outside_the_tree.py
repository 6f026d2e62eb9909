"""Trust, 1.1: a hostile server of an unsigned forward zone does not choose where others are.

The names of the zone's servers lie in acme.example, which is not signed. A resolver asks any of its
servers for their addresses, also the hostile one, which says that ns2 is at its friend's. The
servers of example., which is signed, know better (glue); ns2 is honest and has no token.
"""

import asyncio
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason, Unanswered
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    NS2,
    ZONE,
    Records,
    Script,
    Serve,
    playing,
    serving,
)
from tests.trust.dns_tree import EVIL1, EVIL2, holds, judged, resolver
from tests.trust.test_1_1_addresses_from_the_parent import delegating

ACME, ITS1, ITS2 = "acme.example.", "ns1.acme.example.", "ns2.acme.example."
OWN = (ITS1, ITS2)
GLUE = {ITS1: NS1, ITS2: NS2}
LIES = {ITS1: [NS1], ITS2: [EVIL2]}
LIED = {ITS1: NS1, ITS2: EVIL2}
TRUE = {ITS1: [NS1], ITS2: [NS2]}
TLD, TLD2, DNS1, DNS2 = "127.0.0.41", "127.0.0.42", "127.0.0.43", "127.0.0.44"
EXAMPLE: Records = {("example.", "NS"): ["tld.example."], ("tld.example.", "A"): [TLD]}
TWO_OF_THEM: Records = {
    ("example.", "NS"): ["tld.example.", "tld2.example."],
    ("tld.example.", "A"): [TLD],
    ("tld2.example.", "A"): [TLD2],
}
YES, NO = holds(own=OWN), holds(says=None, own=OWN)
SERVED = {NS1: YES, NS2: NO, EVIL2: YES}


def script(
    hosts: dict[str, list[str]],
    serve: Mapping[str, Serve],
    *,
    names: Sequence[str] = OWN,
    above: Records = EXAMPLE,
    unsigned: Sequence[str] = (ACME,),
) -> Script:
    resolve = resolver(hosts, more=above, unsigned=unsigned)
    return Script(resolve=resolve, serve=dict(serve), delegation=names)


def knows(hosts: Mapping[str, str], kind: str = "A", zone: str = ACME) -> Serve:
    """A server with authority for names of name servers, in this zone."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        asked = question.question[0]
        data = hosts.get(asked.name.to_text())
        if data and asked.rdtype.name == "A":
            response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, data))
        else:
            soa = "a.example. host.example. 1 60 60 60 0"
            response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", soa))
        return response.to_wire()

    return serving(build)


def unsure(outcome: Outcome, many: int = 1) -> None:
    assert isinstance(outcome, Unanswered), outcome
    assert f"{many} of 2 name servers" in outcome.seen
    assert "by an unsigned zone's word only" in outcome.seen
    assert "DNSSEC" in outcome.fix
    assert "route object" in outcome.fix


# The names are those of the zone's own servers: glue


async def test_an_address_by_the_word_of_a_hostile_secondary_confirms_nothing() -> None:
    unsure(await judged(script(LIES, SERVED, above={})), 0)


async def test_the_server_at_the_address_that_the_signed_zone_gives_contradicts() -> None:
    outcome = await judged(script(LIES, {**SERVED, TLD: delegating(GLUE, ACME)}))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT


async def test_where_it_is_down_the_friend_does_not_stand_in_for_it() -> None:
    served = {NS1: YES, EVIL2: YES, TLD: delegating(GLUE, ACME)}
    outcome = await judged(script(LIES, served))
    assert isinstance(outcome, Unanswered), outcome
    assert "1 of 2 name servers" in outcome.seen


async def test_at_the_addresses_that_the_signed_zone_gives_servers_confirm() -> None:
    played = script(TRUE, {NS1: YES, NS2: YES, TLD: delegating(GLUE, ACME)})
    assert isinstance(await judged(played), Passed)


async def test_glue_that_not_all_servers_of_the_signed_zone_give_is_not_sure() -> None:
    served = {NS1: YES, EVIL2: YES, TLD: delegating(GLUE, ACME)}
    other = {**served, TLD2: delegating({**GLUE, ITS2: EVIL2}, ACME)}
    unsure(await judged(script(LIES, other, above=TWO_OF_THEM)))
    outcome = await judged(script(LIES, served, above=TWO_OF_THEM))  # one of two is down
    unsure(outcome, 0)


# The names are others in that zone: its servers' word


WITHIN = {"a.acme.example.": DNS1, "b.acme.example.": DNS2}


@pytest.mark.parametrize(
    ("second", "passes"),
    [
        pytest.param(knows(GLUE), True, id="both agree"),
        pytest.param(knows({**GLUE, ITS2: EVIL2}), False, id="one lies"),
        pytest.param(knows({ITS1: NS1}), False, id="one denies"),
        pytest.param(knows({**GLUE, ITS2: "x.acme.example."}, "CNAME"), False, id="an alias"),
        pytest.param(None, False, id="one is down"),
    ],
)
async def test_all_that_answer_and_more_than_half_must_give_an_address(
    second: Serve | None, passes: bool
) -> None:
    served = {NS1: YES, NS2: YES, TLD: delegating(WITHIN, ACME), DNS1: knows(GLUE)}
    outcome = await judged(script(TRUE, {**served, **({DNS2: second} if second else {})}))
    assert isinstance(outcome, Passed if passes else Unanswered), outcome


async def test_a_friend_at_whose_address_only_the_hostile_server_sees_ns2_does_not_pass() -> None:
    lying = {DNS1: knows({**GLUE, ITS2: EVIL2}), DNS2: knows(GLUE)}
    served = {NS1: YES, EVIL2: YES, TLD: delegating(WITHIN, ACME)}
    unsure(await judged(script(LIES, {**served, **lying})))
    outcome = await judged(script(LIES, {**served, DNS1: lying[DNS1]}))
    unsure(outcome, 0)


async def test_a_zone_of_ns2_that_a_tenant_of_those_servers_added_does_not_say_where_it_is() -> (
    None
):
    def tenant(question: dns.message.Message) -> Serve:
        added = question.question[0].name.to_text() == ITS2
        return knows(LIED, zone=ITS2) if added else knows(GLUE)

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        await tenant(question)(question, writer)

    served = {NS1: YES, EVIL2: YES, TLD: delegating(WITHIN, ACME), DNS1: serve, DNS2: serve}
    unsure(await judged(script(LIES, served)))


def taken_away() -> Serve:
    """It has a tenant's zone of ns2 for the first question about that, and none after it."""
    asked: list[object] = []

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        about = question.question[0]
        first = (about.name.to_text(), about.rdtype.name) == (ITS2, "A") and not asked
        asked.extend([about] if first else [])
        await (knows(LIED, zone=ITS2) if first else knows(GLUE))(question, writer)

    return serve


async def test_nor_does_one_that_the_tenant_takes_away_before_it_is_asked_for() -> None:
    served = {NS1: YES, EVIL2: YES, TLD: delegating(WITHIN, ACME)}
    unsure(await judged(script(LIES, {**served, DNS1: taken_away(), DNS2: taken_away()})))


async def test_nor_does_a_server_to_which_such_a_zone_leads() -> None:
    inner, ns2 = f"in.{ACME}", f"ns2.in.{ACME}"

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        asked = question.question[0].name.to_text()
        leads = delegating({}, ns2, "evil1.example.") if asked == ns2 else None
        zone = inner if asked == inner else ACME
        await (leads or knows(GLUE, zone=zone))(question, writer)

    served = {NS1: YES, EVIL2: YES, TLD: delegating(WITHIN, ACME), DNS1: serve, DNS2: serve}
    friend = {EVIL1: knows({ns2: EVIL2}, zone=ns2)}
    hosts = {ITS1: [NS1], ns2: [EVIL2]}
    unsure(await judged(script(hosts, served | friend, names=(ITS1, ns2))))


# The servers of that zone have names in another unsigned zone


ELSEWHERE = {"a.dns.example.": DNS1, "b.dns.example.": DNS2}
FAR = (ACME, "dns.example.")


def two_zones(dns1: Serve) -> Script:
    def build(question: dns.message.Message) -> Serve:
        within = question.question[0].name.to_text().endswith(".dns.example.")
        glue = ELSEWHERE if within else {}
        return delegating(glue, "dns.example.") if within else delegating({}, ACME, *ELSEWHERE)

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        await build(question)(question, writer)

    served = {NS1: YES, NS2: YES, TLD: serve, DNS1: dns1, DNS2: knows(GLUE)}
    return script(TRUE, served, unsigned=FAR)


async def test_servers_of_such_a_zone_are_looked_for_in_the_same_way() -> None:
    assert isinstance(await judged(two_zones(knows(GLUE))), Passed)
    unsure(await judged(two_zones(knows({**GLUE, ITS2: EVIL2}))))


# What it costs, and aliases


async def test_the_registry_s_own_servers_cost_no_further_question() -> None:
    resolve = resolver({}, unsigned=["registry.example."])
    played = Script(resolve=resolve, serve={NS1: holds(), NS2: holds()})
    assert isinstance(await judged(played), Passed)
    asked = [q.question[0] for _, q in played.asked if q.question[0].rdtype == dns.rdatatype.NS]
    assert not [one.name for one in asked if not one.name.to_text().endswith(".arpa.")]


async def test_neighbouring_zones_look_for_a_server_once_and_for_its_zone_once() -> None:
    played = script(TRUE, {NS1: YES, NS2: YES, TLD: delegating(GLUE, ACME)})
    async with playing(played) as adapter:
        await asyncio.gather(*(adapter.observe(ZONE, LABEL, ACCOUNT) for _ in "123"))
    assert played.met.count(TLD) == 1


async def test_a_name_of_many_labels_costs_few_questions() -> None:
    long = f"{'a.' * 100}{ACME}"
    served = {NS1: YES, NS2: YES, TLD: delegating({long: NS1, ITS2: NS2}, ACME)}
    played = script({long: [NS1], ITS2: [NS2]}, served, names=(long, ITS2))
    assert isinstance(await judged(played), Passed)
    assert len(played.asked) < 40


async def test_a_name_server_s_name_is_no_alias() -> None:
    (real,) = resolver().values()

    def resolve(question: dns.message.Message) -> list[bytes]:
        asked = question.question[0]
        if (asked.name.to_text(), asked.rdtype.name) != ("ns2.example.", "A"):
            return list(real(question))
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AD
        for name, kind, data in (
            ("ns2.example.", "CNAME", "evil2.example."),
            ("evil2.example.", "A", EVIL2),
        ):
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
        return [response.to_wire()]

    served = {NS1: holds(), EVIL2: holds()}
    played = Script(resolve=dict.fromkeys(resolver(), resolve), serve=served)
    outcome = await judged(played)
    assert isinstance(outcome, Unanswered), outcome
    assert "ns2.example: its name is an alias" in outcome.seen
    assert EVIL2 not in played.met
