"""Trust, 1.1: a hostile name server does not choose the addresses of the others either.

The names of the servers lie in the zone itself, so a resolver asks that zone's servers for their
addresses: the hostile ns1 says that ns2 is at the address of its friend. The parent's glue says
where ns2 is; it is honest and has no token.
"""

from collections.abc import Mapping

import dns.message
import dns.rrset

from byoip.domain.checks.evidence import Failed, Passed, Reason, Unanswered
from tests.adapters.dns_script import NS1, NS2, REGISTRY, ZONE, Script, Serve, serving
from tests.trust.dns_tree import EVIL2, NS3, REGISTRY2, WIDE, holds, judged, resolver

MINE, OTHER = (f"{host}.{ZONE.name}" for host in ("ns1", "ns2"))
LIES = {MINE: [NS1], OTHER: [EVIL2]}
GLUE = {MINE: NS1, OTHER: NS2}
YES, NO = holds(own=(MINE, OTHER)), holds(says=None, own=(MINE, OTHER))


def delegating(glue: Mapping[str, str], zone: str = ZONE.name, *also: str) -> Serve:
    """A server of the zone above, which gives addresses with the names."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        names = [*glue, *also]
        response.authority.append(dns.rrset.from_text_list(zone, 60, "IN", "NS", names))
        response.additional += [dns.rrset.from_text(n, 60, "IN", "A", a) for n, a in glue.items()]
        return response.to_wire()

    return serving(build)


def script(*parents: Serve, serve: Mapping[str, Serve]) -> Script:
    at = (REGISTRY, REGISTRY2)[: len(parents)]
    registries = dict(zip(at, parents, strict=True))
    return Script(resolve=resolver(LIES, registry=at), serve={**registries, **serve})


async def test_the_server_at_the_address_that_the_parent_gives_contradicts() -> None:
    outcome = await judged(script(delegating(GLUE), serve={NS1: YES, NS2: NO, EVIL2: YES}))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT


async def test_an_address_that_only_the_zone_tells_confirms_nothing() -> None:
    outcome = await judged(script(delegating(GLUE), serve={NS1: YES, EVIL2: YES}))
    assert isinstance(outcome, Unanswered), outcome
    assert "1 of 2 name servers" in outcome.seen


async def test_without_glue_the_fix_asks_for_it() -> None:
    bare = delegating({MINE: NS1}, ZONE.name, OTHER)
    outcome = await judged(script(bare, serve={NS1: YES, EVIL2: YES}))
    assert isinstance(outcome, Unanswered), outcome
    assert "by its own zone's word only" in outcome.seen
    assert "(glue)" in outcome.fix


async def test_only_glue_that_all_servers_of_the_parent_give_confirms() -> None:
    parents = delegating(GLUE), delegating({**GLUE, OTHER: EVIL2})
    outcome = await judged(script(*parents, serve={NS1: YES, EVIL2: YES}))
    assert isinstance(outcome, Unanswered), outcome
    assert "1 of 2 name servers" in outcome.seen


async def test_an_address_that_only_the_zone_tells_contradicts() -> None:
    outcome = await judged(script(delegating(GLUE), serve={NS1: YES, NS2: YES, EVIL2: NO}))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT


async def test_at_the_addresses_that_the_parent_gives_servers_in_the_zone_confirm() -> None:
    outcome = await judged(script(delegating(GLUE), serve={NS1: YES, NS2: YES}))
    assert isinstance(outcome, Passed), outcome


async def test_names_in_an_unsigned_zone_between_are_where_its_servers_say() -> None:
    inside = f"ns.{WIDE}"
    wide = resolver({inside: [EVIL2]})
    above = delegating({}, WIDE, "ns3.example.")
    served = {REGISTRY: above, NS3: delegating({inside: NS1}), NS1: NO, EVIL2: holds(own=(inside,))}
    outcome = await judged(Script(resolve=wide, serve=served))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.SERVERS_CONTRADICT
