"""Trust, 1.1: who has the zone of a /16 has each zone in it delegated anywhere, by itself.

Where part of it is sold the registry's delegation of the wide zone stays the seller's for a while.
Other name servers for the zones of that part are new names then, and nobody else's word: only a
registry's delegation of the very zone vouches.
"""

from dataclasses import replace
from datetime import UTC, datetime

from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import TxtValues, ZoneSecurity
from tests.adapters.dns_script import (
    NS1,
    NS2,
    REGISTRY,
    TOKEN,
    Script,
    referring,
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

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
FRIENDS = {EVIL1: holds(own=EVIL), EVIL2: holds(own=EVIL)}
SELLER = ("ns3.example.",)


def sold_out_of(*to: str) -> Script:
    """The registry delegates the wide zone to the seller, and that this zone to others."""
    wide = {REGISTRY: referring(*SELLER, zone=WIDE), NS3: referring(*to)}
    serve = {NS1: holds(), NS2: holds(), **FRIENDS, **wide}
    return Script(resolve=resolver(), serve=serve)


def of_the_registry(*to: str) -> Script:
    """It delegates the very zone."""
    serve = {NS1: holds(), NS2: holds(), **FRIENDS, REGISTRY: referring(*to)}
    return Script(resolve=resolver(), serve=serve)


async def test_1_1_servers_that_the_seller_names_vouch_for_nothing() -> None:
    for servers in (BOTH, EVIL):
        outcome = await judged(sold_out_of(*servers))
        assert isinstance(outcome, Passed)
        assert outcome.by == set()


async def test_1_1_those_that_the_registry_names_do() -> None:
    for servers in (BOTH, EVIL):
        outcome = await judged(of_the_registry(*servers))
        assert isinstance(outcome, Passed)
        assert outcome.by == {*servers}


async def test_1_1_of_a_signed_zone_nobody_is_known_to_vouch() -> None:
    unsigned = await look(of_the_registry(*BOTH))
    said = TxtValues((TOKEN,))
    signed = replace(unsigned, security=ZoneSecurity.SECURE, resolver=said, delegation=None)
    for observed, by in (([unsigned], {*BOTH}), ([unsigned, signed], set())):
        outcome = judge_zones(observed, TOKEN)
        assert isinstance(outcome, Passed)
        assert outcome.by == by


async def test_1_1_a_zone_that_is_answered_for_where_a_wider_one_ends_vouches_for_nothing() -> None:
    """The seller's servers answer for it themselves, by whatever names the registry knows them."""
    seen = await look(of_the_registry(*BOTH))
    assert seen.delegation is not None
    wider = replace(seen.delegation, zone=WIDE)
    outcome = judge_zones([replace(seen, delegation=wider)], TOKEN)
    assert isinstance(outcome, Passed)
    assert outcome.by == set()
