"""Signed zones are watched, too, by what the zones above say; the zone's own servers say nothing.

On servers of a script; on Knot DNS and Unbound, with zones that are truly signed:
`tests/real/test_rdns_walk.py`.
"""

import dns.flags
import dns.message
import pytest

from byoip.domain.checks.evidence import Passed, Unanswered
from byoip.domain.checks.reverse_dns.observation import ZoneSecurity
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones, judge_delegations
from tests.adapters.dns_script import (
    NS1,
    NS2,
    REGISTRY,
    RESOLVERS,
    TOP,
    ZONE,
    Resolve,
    Script,
    Serve,
    referring,
    serving,
)
from tests.trust.dns_tree import (
    BOTH,
    REGISTRY2,
    REGISTRY3,
    delegated,
    holds,
    look,
    resolver,
)
from tests.watch.test_1_real_servers import AT, DAY, servfail

NEW = Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS)
ALL = (REGISTRY, REGISTRY2, REGISTRY3)


def vouching_for_all(resolve: Resolve) -> Resolve:
    """The resolver of a tree that is signed down to the last zone."""

    def answer(question: dns.message.Message) -> list[bytes]:
        replies = [dns.message.from_wire(one) for one in resolve(question)]
        for one in replies:
            one.flags |= dns.flags.AD
        return [one.to_wire() for one in replies]

    return answer


def signed(registry: Serve, *more: Serve) -> Script:
    """Nobody to whom the zone is delegated answers."""
    at = ALL[: 1 + len(more)]
    resolve = {RESOLVERS[0]: vouching_for_all(resolver(registry=at)[RESOLVERS[0]])}
    return Script(resolve=resolve, serve=dict(zip(at, (registry, *more), strict=True)))


async def test_of_a_signed_zone_the_delegation_is_seen_and_that_it_goes() -> None:
    script = signed(referring(*BOTH))
    assert (await look(script)).security is ZoneSecurity.SECURE
    script = signed(referring(*BOTH))
    zones, servers = hear_zones(*NEW, [await delegated(script)], AT)
    assert not script.met, "the zone's own servers have no say"
    assert zones.seen == f"delegated: {ZONE.name}"
    assert "ns1.example." in servers.baseline

    moved = await delegated(signed(referring("evil1.example.", "evil2.example.")))
    same, away = hear_zones(zones, servers, [moved], AT + DAY)
    assert (same.failing, away.failing) == (False, True)
    assert "evil1.example." in away.found

    denied = await delegated(signed(holds(TOP, says=None)))
    lost, _ = hear_zones(zones, servers, [denied], AT + DAY)
    assert lost.seen == f"Delegated no more: {ZONE.name}"

    silent = await delegated(signed(serving(servfail)))
    nobody, _ = hear_zones(zones, servers, [silent], AT + DAY)
    assert (nobody.failing, nobody.doubt != "") == (False, True)


async def test_the_zones_own_servers_are_not_asked_where_they_answer() -> None:
    script = signed(referring(*BOTH))
    script.serve |= {NS1: holds(), NS2: holds()}
    assert (await delegated(script)).delegation
    assert not script.met


@pytest.mark.parametrize("denying", [1, 2])
async def test_most_of_the_registrys_servers_have_to_deny_a_delegation(denying: int) -> None:
    """One that has an old zone, or none, while the others are away, would freeze a prefix."""
    zones, servers = hear_zones(*NEW, [await delegated(signed(referring(*BOTH)))], AT)
    says = [holds(TOP, says=None)] * denying + [serving(servfail)] * (3 - denying)
    seen = await delegated(signed(*says))
    after, _ = hear_zones(zones, servers, [seen], AT + DAY)
    assert after.failing is (denying > 1)
    assert bool(after.doubt) is (denying == 1)


async def test_a_look_as_for_a_proof_learns_no_delegation_so_other_places_renew_nothing() -> None:
    """Perspectives look so; docs/concepts.md says it."""
    here = await delegated(signed(referring(*BOTH)))
    _, servers = hear_zones(*NEW, [here], AT)
    assert isinstance(judge_delegations(servers, [here]), Passed)
    there = await look(signed(referring(*BOTH)))
    assert there.security is ZoneSecurity.SECURE
    assert isinstance(judge_delegations(servers, [there.of_delegation]), Unanswered)
