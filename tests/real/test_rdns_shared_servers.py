"""Trust, 1.1 on Knot DNS: of a zone that another tenant adds to the holder's name servers.

The registry delegates the /16 to two servers, and nothing of it is delegated unless a test says so.
Both have a zone of the /24 as well, in which the token stands. Whether the /24 is delegated to them
or to others looks alike.
"""

import pytest

from byoip.domain.checks.evidence import Fault, Outcome, Passed, Unanswered
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.real.dns_world import SERVERS, DnsWorld
from tests.real.test_rdns_walk import (
    DS,
    OWNER,
    TOKEN,
    UNSIGNED,
    WIDE,
    ZONE,
    judge,
    look,
    names,
)
from tests.real.zone_signing import Signing

ONE, OTHER, THIRD = SERVERS
BOTH = [ONE, OTHER]
HOST, ANY = f"7.{ZONE.name}", f"*.{WIDE}"
IN_BOTH = "answers out of a zone that is not seen to be delegated: "


def shared(
    world: DnsWorld, *records: tuple[str, str, tuple[str, ...]], signing: Signing = UNSIGNED
) -> None:
    """The holder's zone of the /16 with these records, and then the other of the /24."""
    world.add_zone(WIDE, signing=signing, servers=BOTH)
    for name, kind, values in records:
        world.publish(name, *values, kind=kind)
    world.add_zone(ZONE.name, signing=UNSIGNED, servers=BOTH)
    world.publish(OWNER, TOKEN)


def refused(outcome: Outcome) -> None:
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is Fault.LAME
    assert IN_BOTH in outcome.seen
    assert "sign both zones (DNSSEC)" in outcome.fix
    assert f"Put the text into the zone {WIDE[:-1]} itself" in outcome.fix


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="nothing"),
        pytest.param([(HOST, "PTR", ("seven.example.",))], id="names in the /24"),
        pytest.param([(ANY, "PTR", ("any.example.",))], id="a wildcard"),
        pytest.param([(ANY, "CNAME", ("any.example.",))], id="an alias of all"),
        pytest.param([(ZONE.name, "NS", tuple(names(*BOTH)))], id="a delegation: it looks alike"),
    ],
)
async def test_a_zone_that_the_one_above_is_not_seen_to_delegate_proves_nothing(
    dns_world: DnsWorld, records: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    shared(dns_world, *records)
    refused(await judge(dns_world))
    dns_world.remove(OWNER)  # a holder with the text in the zone above learns why it is not seen
    refused(await judge(dns_world))


@pytest.mark.parametrize("to", [[THIRD], BOTH], ids=["a customer's server", "both"])
@pytest.mark.parametrize("signing", [UNSIGNED, Signing.SIGNED])
@pytest.mark.parametrize("more", [[], [DS]], ids=["without DS", "with DS"])
async def test_nor_does_a_zone_of_which_it_is_not_seen_to_whom_it_is_delegated(
    dns_world: DnsWorld, to: list[str], signing: Signing, more: list[str]
) -> None:
    delegation = (ZONE.name, "NS", tuple(names(*to)))
    shared(dns_world, delegation, (ZONE.name, "DS", tuple(more)), signing=signing)
    outcome = await judge(dns_world)
    if signing is UNSIGNED or not more:
        refused(outcome)
        assert len((await look(dns_world)).servers) == len(BOTH), "no customer's server is asked"
    assert not isinstance(outcome, Passed), outcome


async def test_signed_like_the_zone_above_it_passes(dns_world: DnsWorld) -> None:
    dns_world.add_zone(WIDE, servers=BOTH)
    dns_world.add_zone(ZONE.name, servers=BOTH)
    dns_world.publish(OWNER, TOKEN)
    dns_world.delegate_within(WIDE, ZONE.name)
    assert isinstance(await judge(dns_world), Passed)


async def test_with_the_text_in_the_zone_above_it_passes(dns_world: DnsWorld) -> None:
    dns_world.add_zone(WIDE, signing=UNSIGNED, servers=BOTH)
    dns_world.publish(HOST, "seven.example.", kind="PTR")
    dns_world.publish(OWNER, TOKEN)
    assert isinstance(await judge(dns_world), Passed)


async def test_a_signed_zone_above_shows_what_it_does_not_delegate(dns_world: DnsWorld) -> None:
    shared(dns_world, (HOST, "PTR", ("seven.example.",)), signing=Signing.SIGNED)
    outcome = await judge(dns_world)
    assert not isinstance(outcome, Passed), outcome


async def test_one_hostile_server_that_delegates_to_its_fellow_tenants_proves_nothing(
    dns_world: DnsWorld,
) -> None:
    dns_world.add_zone(WIDE, signing=UNSIGNED, servers=BOTH)
    dns_world.publish(HOST, "seven.example.", kind="PTR")
    dns_world.publish(ZONE.name, *names(OTHER, THIRD), kind="NS", at=ONE)
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=[OTHER, THIRD])
    dns_world.publish(OWNER, TOKEN)
    outcome = await judge(dns_world)
    refused(outcome)
    assert "is delegated by 1 of 2 name servers" in outcome.seen


# Between the zones of two IPv6 prefixes there is room for others


async def test_a_tenant_s_zone_in_between_delegates_nothing(dns_world: DnsWorld) -> None:
    (zone,) = reverse_zones(Prefix.parse("2001:db8:40::/48"))
    above, between = "8.b.d.0.1.0.0.2.ip6.arpa.", "0.0.8.b.d.0.1.0.0.2.ip6.arpa."
    dns_world.add_zone(above, signing=UNSIGNED, servers=BOTH)
    dns_world.add_zone(between, signing=UNSIGNED, servers=BOTH)
    dns_world.publish(zone.name, *names(THIRD), kind="NS")
    dns_world.publish(zone.name, DS, kind="DS")
    dns_world.add_zone(zone.name, signing=UNSIGNED, servers=[THIRD])
    dns_world.publish(zone.owner("byoip-validation"), TOKEN)
    outcome = await judge(dns_world, zone)
    assert isinstance(outcome, Unanswered), outcome
    assert "answers out of a zone that is not seen to be delegated: " in outcome.seen
    assert f"delegate {between[:-1]} to name servers that do not serve" in outcome.fix
    dns_world.add_zone(zone.name, signing=UNSIGNED, servers=BOTH)
    dns_world.publish(zone.owner("byoip-validation"), TOKEN)
    outcome = await judge(dns_world, zone)
    assert isinstance(outcome, Unanswered), outcome
    assert f"delegate {zone.name[:-1]} to name servers" in outcome.fix
