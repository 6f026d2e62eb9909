"""Trust, 1.1: a hostile name server does not choose the others that are asked about it.

The registry delegates the zone to ns1, which is hostile, and to ns2, which is honest and has no
token.
"""

import dns.flags
import dns.message
import dns.rrset
import pytest

from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.reverse_dns.observation import Silent
from tests.adapters.dns_script import (
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    RESOLVERS,
    ZONE,
    ZONE_RECORDS,
    Script,
    Serve,
    answer,
    referring,
    serving,
)
from tests.trust.dns_tree import (
    BOTH,
    EVIL,
    EVIL1,
    EVIL2,
    NS3,
    REGISTRY2,
    REGISTRY3,
    WIDE,
    holds,
    judged,
    look,
    resolver,
)

HOSTILE = holds(own=("ns1.example.", *EVIL))
HONEST = holds(says=None)
FRIENDS = {EVIL1: holds(own=EVIL), EVIL2: holds(own=EVIL)}


def reason(outcome: Outcome) -> Reason:
    assert isinstance(outcome, Failed), outcome
    return outcome.reason


def unanswered(outcome: Outcome) -> Unanswered:
    assert isinstance(outcome, Unanswered), outcome
    return outcome


async def test_the_server_that_a_hostile_zone_leaves_out_is_asked_and_contradicts() -> None:
    script = Script(resolve=resolver(), serve={NS1: HOSTILE, NS2: HONEST, **FRIENDS})
    assert reason(await judged(script)) is Reason.SERVERS_CONTRADICT
    assert NS2 in script.met


async def test_friends_that_only_the_zone_names_confirm_nothing() -> None:
    outcome = await judged(Script(resolve=resolver(), serve={NS1: HOSTILE, **FRIENDS}))
    assert "1 of 2 name servers" in unanswered(outcome).seen


async def test_a_server_that_only_the_zone_names_contradicts() -> None:
    honest = holds(own=(*BOTH, "ns3.example."))
    script = Script(resolve=resolver(), serve={NS1: honest, NS2: honest, NS3: HONEST})
    assert reason(await judged(script)) is Reason.SERVERS_CONTRADICT


@pytest.mark.parametrize("other", [{}, {NS2: HONEST}], ids=["ns2 is down", "ns2 answers"])
async def test_a_delegation_of_the_label_is_refused_like_an_alias(
    other: dict[str, Serve],
) -> None:
    to_friends = referring(*EVIL, zone=OWNER)
    script = Script(resolve=resolver(), serve={NS1: to_friends, **other, **FRIENDS})
    outcome = await judged(script)
    assert reason(outcome) is Reason.ALIAS_IN_ANSWER
    assert "a delegation there, to evil1.example" in outcome.seen
    assert EVIL1 not in script.met


async def test_a_minority_of_a_zone_delegates_nothing_below_it() -> None:
    script = Script(
        resolve=resolver(),
        serve={REGISTRY: referring(*BOTH, zone=WIDE), NS1: referring(*EVIL), **FRIENDS},
    )
    outcome = unanswered(await judged(script))
    assert "delegated by 1 of 2 name servers of 0.192.in-addr.arpa" in outcome.seen
    assert "ns2.example" in outcome.fix


async def test_who_speaks_for_the_zone_above_contradicts_what_stands_below() -> None:
    script = Script(
        resolve=resolver(),
        serve={
            REGISTRY: referring(*BOTH, zone=WIDE),
            NS1: referring(*EVIL),
            NS2: holds(WIDE, says=None),
            **FRIENDS,
        },
    )
    assert reason(await judged(script)) is Reason.SERVERS_CONTRADICT


async def test_the_parent_s_servers_are_all_asked_and_the_zone_walked_down_to() -> None:
    script = Script(
        resolve=resolver(),
        serve={
            REGISTRY: referring("ns3.example.", zone=WIDE),
            NS3: referring(*BOTH),
            NS1: holds(),
            NS2: holds(),
        },
    )
    observed = await look(script)
    assert observed.delegation
    assert (observed.delegation.parent, observed.delegation.zone) == (WIDE, ZONE.name)
    assert observed.delegation.every == BOTH
    assert isinstance(await judged(script), Passed)


# The parent's servers differ


def registries(*serve: Serve) -> Script:
    addresses = (REGISTRY, REGISTRY2, REGISTRY3)[: len(serve)]
    parents = dict(zip(addresses, serve, strict=True))
    script = Script(resolve=resolver(registry=addresses))
    script.serve = {**parents, NS1: holds(), NS2: holds(), **FRIENDS}
    return script


async def test_only_servers_that_every_parent_server_names_confirm() -> None:
    one, other = referring("ns1.example.", *EVIL), referring(*BOTH)
    outcome = unanswered(await judged(registries(one, other, one)))
    assert "1 of 4 name servers" in outcome.seen
    assert "not every name server of in-addr.arpa delegates to evil1.example" in outcome.fix


async def test_without_a_server_that_all_name_there_is_no_answer() -> None:
    outcome = unanswered(await judged(registries(referring(*BOTH), referring(*EVIL))))
    assert "0 of 4 name servers" in outcome.seen


async def test_parent_servers_that_cut_at_different_names_agree_on_nothing() -> None:
    script = registries(referring(*EVIL, zone=WIDE), referring(*BOTH))
    assert "in different ways" in unanswered(await judged(script)).seen


async def test_one_registry_server_of_three_is_not_the_registry() -> None:
    script = registries(referring(*BOTH), referring(*BOTH), referring(*BOTH))
    del script.serve[REGISTRY2], script.serve[REGISTRY3]
    assert "delegated by 1 of 3" in unanswered(await judged(script)).seen


# A server of the parent zone that speaks for the child as well


async def test_with_authority_a_parent_server_speaks_as_the_child_and_refers_to_nobody() -> None:
    child = holds(own=EVIL)
    outcome = await judged(registries(child, referring("ns1.example.", "ns3.example."), child))
    assert "1 of 2 name servers" in unanswered(outcome).seen  # ns3 is down; evil was not counted


async def test_its_authoritative_answer_without_the_token_contradicts() -> None:
    script = registries(HONEST, referring(*BOTH), referring(*BOTH))
    assert reason(await judged(script)) is Reason.SERVERS_CONTRADICT


async def test_a_referral_that_bears_authority_is_a_denial_and_not_followed() -> None:
    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        response.authority.append(dns.rrset.from_text_list(ZONE.name, 60, "IN", "NS", EVIL))
        return response.to_wire()

    script = registries(serving(build), referring(*BOTH), referring(*BOTH))
    assert reason(await judged(script)) is Reason.SERVERS_CONTRADICT
    assert EVIL1 not in script.met


async def test_where_none_refers_all_servers_of_the_parent_zone_are_witnesses() -> None:
    hostile = holds(own=EVIL)
    assert isinstance(await judged(registries(holds(own=()), holds(own=()))), Passed)
    assert reason(await judged(registries(hostile, HONEST))) is Reason.SERVERS_CONTRADICT
    script = registries(hostile, HONEST)
    del script.serve[REGISTRY2]
    assert "1 of 2 name servers" in unanswered(await judged(script)).seen


# Where the walk begins, and what it leaves


async def test_without_the_resolver_s_word_on_the_registry_s_servers_nothing_is_proven() -> None:
    def unsigned(question: dns.message.Message) -> list[bytes]:
        return [answer(question, ZONE_RECORDS).to_wire()]

    script = Script(resolve={RESOLVERS[0]: unsigned}, serve={NS1: holds(), NS2: holds()})
    outcome = unanswered(await judged(script))
    assert "does not vouch" in outcome.seen
    assert script.met == []


async def test_differences_stand_in_the_evidence_and_are_shown_with_their_fix() -> None:
    honest = holds(own=("ns1.example.", "ns3.example."))
    script = Script(resolve=resolver(), serve={NS1: honest, NS2: honest, NS3: honest})
    outcome = await judged(script)
    assert isinstance(outcome, Passed)
    missing, extra = outcome.warnings
    assert "NS records name ns3.example" in missing
    assert "added at in-addr.arpa" in missing
    assert "delegates to ns2.example" in extra
    assert "add them to the zone" in extra
    asked = {one.asked: one.answer for one in (await look(script)).exhibits}
    assert b"\x03ns2" in asked[f"{OWNER} TXT @{REGISTRY}/tcp"]
    assert any(b"\x03ns3" in raw for what, raw in asked.items() if f"{ZONE.name} NS @127" in what)


async def test_a_server_below_that_only_refers_is_lame() -> None:
    script = Script(resolve=resolver(), serve={NS1: holds(), NS2: referring(*EVIL), **FRIENDS})
    observed = await look(script)
    assert isinstance(observed.servers[1].answer, Silent)
    assert EVIL1 not in script.met
