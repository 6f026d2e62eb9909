"""The walk down from the registry's zone on Knot DNS, with a hostile server among the zone's."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones
from tests.real.dns_world import HUB, RESOLVER, SERVERS, DnsWorld, server_name
from tests.real.zone_signing import Signing

LABEL, TOKEN = "byoip-validation", "n5r7kq2xw4vzt3mbd6yj"
(ZONE,) = reverse_zones(Prefix.parse("192.0.2.0/24"))
OWNER, WIDE = ZONE.owner(LABEL), "0.192.in-addr.arpa."
HOSTILE, HONEST, THIRD = SERVERS
UNSIGNED = Signing.UNSIGNED
ACCOUNT = UUID(int=1)
NEW = Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS)
AT, DAY = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)
DS = f"1 13 2 {'ab' * 32}"


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def adapter(world: DnsWorld) -> DnsLooks:
    policy = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))
    return DnsLooks(
        Clock(), [(RESOLVER, world.port)], policy, authority_port=world.port, query_deadline=2
    )


async def look(world: DnsWorld, zone: ReverseZone = ZONE) -> ZoneObservation:
    return await adapter(world).observe(zone, LABEL, ACCOUNT)


async def judge(world: DnsWorld, zone: ReverseZone = ZONE) -> Outcome:
    return judge_zones([await look(world, zone)], TOKEN)


def names(*addresses: str) -> list[str]:
    return [str(server_name(address)) for address in addresses]


async def test_the_delegation_comes_from_the_registry(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN)
    delegation = (await look(dns_world)).delegation
    assert delegation
    assert (delegation.parent, delegation.zone) == ("in-addr.arpa.", ZONE.name)
    assert list(delegation.every) == list(delegation.own) == names(HOSTILE, HONEST)


async def test_to_whom_a_signed_zone_is_delegated_is_seen_though_none_of_them_answers(
    dns_world: DnsWorld,
) -> None:
    """And of one below a signed zone: what is watched of a prefix, by the zones above alone."""
    dns_world.add_zone(ZONE.name)
    for server in (HOSTILE, HONEST):
        dns_world.stop(server)
    seen = await adapter(dns_world).find_delegation(ZONE, LABEL, ACCOUNT)
    assert seen.delegation
    assert (seen.delegation.parent, seen.delegation.zone) == ("in-addr.arpa.", ZONE.name)
    assert list(seen.delegation.every) == names(HOSTILE, HONEST)
    before = hear_zones(*NEW, [seen], AT)

    dns_world.reset()
    dns_world.add_zone(ZONE.name, servers=[THIRD])
    seen = await adapter(dns_world).find_delegation(ZONE, LABEL, ACCOUNT)
    _, servers = hear_zones(*before, [seen], AT + DAY)
    assert servers.found == json.dumps({ZONE.name: names(THIRD)})

    dns_world.reset()
    dns_world.add_zone(WIDE, servers=[THIRD])
    dns_world.add_zone(ZONE.name)
    dns_world.delegate_within(WIDE, ZONE.name)
    seen = await adapter(dns_world).find_delegation(ZONE, LABEL, ACCOUNT)
    assert seen.delegation
    assert (seen.delegation.parent, seen.delegation.zone) == (WIDE, ZONE.name)

    dns_world.reset()
    seen = await adapter(dns_world).find_delegation(ZONE, LABEL, ACCOUNT)
    zones, _ = hear_zones(*before, [seen], AT + DAY)
    assert zones.seen == f"Delegated no more: {ZONE.name}"


async def test_a_hostile_server_that_names_itself_only_does_not_pass(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN, at=HOSTILE)
    dns_world.publish(ZONE.name, *names(HOSTILE, THIRD), kind="NS", at=HOSTILE)
    outcome = await judge(dns_world)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.SERVERS_CONTRADICT
    dns_world.stop(HONEST)
    assert isinstance(await judge(dns_world), Unanswered)


async def test_a_hostile_server_that_delegates_the_label_is_refused(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, *names(THIRD), kind="NS", at=HOSTILE)
    dns_world.stop(HONEST)
    outcome = await judge(dns_world)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ALIAS_IN_ANSWER
    assert "a delegation there" in outcome.seen


async def test_a_zone_of_the_label_that_another_tenant_added_is_refused(
    dns_world: DnsWorld,
) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.add_zone(OWNER, signing=UNSIGNED)  # at the same servers, and they do not refer to it
    dns_world.publish(OWNER, TOKEN)
    outcome = await judge(dns_world)
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.ALIAS_IN_ANSWER
    assert "a zone of its own" in outcome.seen


async def test_one_server_with_authority_for_both_zones_does_not_say_where_the_lower_is(
    dns_world: DnsWorld,
) -> None:
    dns_world.add_zone(WIDE, signing=UNSIGNED, servers=[HOSTILE, HONEST])
    dns_world.publish(ZONE.name, *names(HOSTILE, THIRD), kind="NS")
    dns_world.publish(ZONE.name, DS, kind="DS")
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=[HOSTILE, THIRD])
    dns_world.publish(OWNER, TOKEN)
    outcome = await judge(dns_world)  # HONEST alone refers
    assert isinstance(outcome, Unanswered), outcome
    assert "is delegated by 1 of 2 name servers of 0.192.in-addr.arpa" in outcome.seen
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=[THIRD])
    dns_world.publish(OWNER, TOKEN)
    observed = await look(dns_world)
    assert observed.delegation
    assert list(observed.delegation.every) == names(HOSTILE, THIRD)  # both refer to them
    assert isinstance(judge_zones([observed], TOKEN), Unanswered)


async def test_a_zone_that_the_registry_does_not_delegate_is_missing_there(
    dns_world: DnsWorld,
) -> None:
    outcome = await judge(dns_world)  # the registry's zone is signed, and so is what it denies
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ZONE_NOT_DELEGATED
    assert "the lowest zone is in-addr.arpa, which is the registry's own" in outcome.seen


async def test_a_hostile_server_of_a_forward_zone_does_not_say_where_the_other_is(
    dns_world: DnsWorld,
) -> None:
    hosts = ["ns1.acme.example.", "ns2.acme.example."]
    dns_world.add_zone("acme.example.", signing=UNSIGNED, names=hosts)
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, names=hosts)
    dns_world.publish(OWNER, TOKEN)
    for host, address in zip(hosts, [HOSTILE, HONEST], strict=True):
        dns_world.publish(host, address, kind="A")
    assert isinstance(await judge(dns_world), Passed)

    dns_world.publish(OWNER, TOKEN, at=THIRD)
    dns_world.remove(OWNER, at=HONEST)
    for asked in (HOSTILE, HUB):  # the hub is what the resolver asks
        dns_world.publish(hosts[1], THIRD, kind="A", at=asked)
    outcome = await judge(dns_world)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.SERVERS_CONTRADICT
    dns_world.stop(HONEST)
    assert isinstance(await judge(dns_world), Unanswered)
