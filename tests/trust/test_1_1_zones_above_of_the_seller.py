"""Trust, 1.1: who has the zone of a /16 has each zone in it delegated anywhere, by itself.

Where part of it is sold the registry's delegation of the wide zone stays the seller's for a while.
Other name servers for the zones of that part are new names then, and nobody else's word: what
vouches is also who has the zones above.
"""

from dataclasses import replace
from datetime import UTC, datetime

from byoip.adapters.checks.dns_answer import Referral, below
from byoip.adapters.checks.dns_exchange import name_from
from byoip.domain.checks.evidence import Check, Passed
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import Delegation, TxtValues, ZoneSecurity
from byoip.domain.watch.after_a_sale import stood, vouched_by_others
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones
from tests.adapters.dns_script import (
    NS1,
    NS2,
    REGISTRY,
    TOKEN,
    ZONE,
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
    delegated,
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


async def seen_before(script: Script) -> dict[str, list[str]]:
    """What stood there, by a look."""
    of = (Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS))
    zones, servers = hear_zones(*of, [await delegated(script)], NOW)
    return stood({zones.signal: zones, servers.signal: servers}, NOW)


async def test_1_1_new_servers_that_the_seller_names_are_not_others() -> None:
    before = await seen_before(sold_out_of(*BOTH))
    outcome = await judged(sold_out_of(*EVIL))
    assert isinstance(outcome, Passed)
    assert outcome.by == {*EVIL, *SELLER}
    assert not vouched_by_others(before, {Check.OWNERSHIP_RDNS: outcome.by}, same_route=True)


async def test_1_1_those_that_the_registry_names_are() -> None:
    before = await seen_before(sold_out_of(*BOTH))
    direct = Script(resolve=resolver(), serve={REGISTRY: referring(*EVIL), **FRIENDS})
    outcome = await judged(direct)
    assert isinstance(outcome, Passed)
    assert outcome.by == {*EVIL}
    assert vouched_by_others(before, {Check.OWNERSHIP_RDNS: outcome.by}, same_route=True)


async def test_1_1_of_a_signed_zone_nobody_is_known_to_vouch() -> None:
    unsigned = await look(sold_out_of(*BOTH))
    said = TxtValues((TOKEN,))
    signed = replace(unsigned, security=ZoneSecurity.SECURE, resolver=said, delegation=None)
    for observed, by in (([unsigned], {*BOTH, *SELLER}), ([unsigned, signed], set())):
        outcome = judge_zones(observed, TOKEN)
        assert isinstance(outcome, Passed)
        assert outcome.by == by


def test_1_1_a_registrys_own_zone_on_the_way_vouches_for_nobody() -> None:
    """Where the walk begins at the root of reverse zones, the registry's comes below it."""
    here = Delegation("in-addr.arpa.", "", ("root.example.",))
    for zone in ("192.in-addr.arpa.", WIDE, ZONE.name):
        name = name_from(f"ns.{zone}")
        here = below(here, [Referral(name_from(zone), (name,), {})])
    assert here.above == (f"ns.{WIDE}",)


async def test_1_1_of_zones_that_came_late_none_are_kept_for_the_proof() -> None:
    of = (Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS))
    _, servers = hear_zones(*of, [await delegated(sold_out_of(*BOTH))], NOW, late=True)
    assert servers.baseline == ""
