"""The rDNS check against Knot DNS and unbound: what the adapter sees, what the domain says to it.

Where a server is to keep silence the resolver still answers, for it asks a server of its own.
"""

from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import UUID

import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    NeverContacted,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.real.dns_world import REGISTRY, RESOLVER, SERVERS, DnsWorld, server_name
from tests.real.zone_signing import Signing

LABEL = "byoip-validation"
ACCOUNT = UUID(int=1)
TOKEN = "n5r7kq2xw4vzt3mbd6yj"
(ZONE,) = reverse_zones(Prefix.parse("192.0.2.0/24"))
OWNER = ZONE.owner(LABEL)
PARENT = "192.in-addr.arpa."
FIRST, SECOND, THIRD = SERVERS
LOOPBACK = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))
UNSIGNED = Signing.UNSIGNED


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def look(world: DnsWorld, policy: NetworkPolicy = LOOPBACK) -> ZoneObservation:
    adapter = DnsLooks(
        Clock(), [(RESOLVER, world.port)], policy, authority_port=world.port, query_deadline=1
    )
    return await adapter.observe(ZONE, LABEL, ACCOUNT)


async def judge(world: DnsWorld) -> Outcome:
    return judge_zones([await look(world)], TOKEN)


def reason(outcome: Outcome) -> Reason:
    assert isinstance(outcome, Failed)
    return outcome.reason


async def test_a_token_in_a_signed_zone_passes_on_the_resolver_s_word(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name)
    dns_world.publish(OWNER, TOKEN)
    observed = await look(dns_world)
    assert observed.security is ZoneSecurity.SECURE
    assert observed.resolver == TxtValues((TOKEN,))
    assert observed.servers == ()
    assert isinstance(judge_zones([observed], TOKEN), Passed)


async def test_a_token_in_an_unsigned_zone_passes_on_its_servers_word(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN)
    observed = await look(dns_world)
    assert observed.security is ZoneSecurity.INSECURE
    assert [server.address for server in observed.servers] == [FIRST, SECOND]
    assert isinstance(judge_zones([observed], TOKEN), Passed)


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_a_name_that_is_not_there_is_missing(dns_world: DnsWorld, signing: Signing) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    assert reason(await judge(dns_world)) is Reason.TOKEN_MISSING


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_a_name_in_a_zone_cut_higher_up_is_found(
    dns_world: DnsWorld, signing: Signing
) -> None:
    dns_world.add_zone(PARENT, signing=signing)
    dns_world.publish(OWNER, TOKEN)
    assert isinstance(await judge(dns_world), Passed)


async def test_an_unsigned_zone_below_a_signed_one_is_asked_directly(dns_world: DnsWorld) -> None:
    dns_world.add_zone(PARENT)
    delegation = [str(server_name(address)) for address in (FIRST, SECOND)]
    dns_world.publish(ZONE.name, *delegation, kind="NS")
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN)
    observed = await look(dns_world)
    assert observed.security is ZoneSecurity.INSECURE
    assert isinstance(judge_zones([observed], TOKEN), Passed)


@pytest.mark.parametrize("signing", [Signing.TAMPERED, Signing.WRONG_DS, Signing.EXPIRED])
async def test_signatures_that_do_not_hold_are_bogus_and_never_missing(
    dns_world: DnsWorld, signing: Signing
) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    dns_world.publish(OWNER, TOKEN)
    observed = await look(dns_world)
    assert observed.security is ZoneSecurity.BOGUS
    assert reason(judge_zones([observed], TOKEN)) is Reason.DNSSEC_BOGUS


async def test_a_denial_that_does_not_validate_is_bogus_too(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=Signing.EXPIRED)
    assert reason(await judge(dns_world)) is Reason.DNSSEC_BOGUS


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_two_kilobytes_of_other_text_go_over_tcp(
    dns_world: DnsWorld, signing: Signing
) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    dns_world.publish(OWNER, "x" * 1000, "y" * 1000, TOKEN)
    observed = await look(dns_world)
    assert any(f"@{RESOLVER}/tcp" in exhibit.asked for exhibit in observed.exhibits)
    assert isinstance(judge_zones([observed], TOKEN), Passed)


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_strings_of_one_record_are_joined(dns_world: DnsWorld, signing: Signing) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    dns_world.publish_strings(OWNER, TOKEN[:7], "", TOKEN[7:])
    assert isinstance(await judge(dns_world), Passed)


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_a_wildcard_counts_like_any_name(dns_world: DnsWorld, signing: Signing) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    dns_world.publish(f"*.{ZONE.name}", TOKEN)
    assert isinstance(await judge(dns_world), Passed)


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
@pytest.mark.parametrize("target", [f"elsewhere.{ZONE.name}", "evil.example."])
async def test_a_cname_fails_and_names_its_target(
    dns_world: DnsWorld, signing: Signing, target: str
) -> None:
    dns_world.add_zone(ZONE.name, signing=signing)
    dns_world.add_zone("evil.example.", signing=UNSIGNED)
    dns_world.publish(target, TOKEN)
    dns_world.publish(OWNER, target, kind="CNAME")
    observed = await look(dns_world)
    assert observed.resolver == Alias(target)
    outcome = judge_zones([observed], TOKEN)
    assert reason(outcome) is Reason.ALIAS_IN_ANSWER
    assert isinstance(outcome, Failed)
    assert target.rstrip(".") in outcome.seen


@pytest.mark.parametrize("signing", [Signing.SIGNED, UNSIGNED])
async def test_a_dname_fails_too(dns_world: DnsWorld, signing: Signing) -> None:
    dns_world.add_zone(PARENT, signing=signing)
    dns_world.add_zone("evil.example.", signing=UNSIGNED)
    dns_world.publish(f"{LABEL}.evil.example.", TOKEN)
    dns_world.publish(ZONE.name, "evil.example.", kind="DNAME")
    outcome = await judge(dns_world)
    assert reason(outcome) is Reason.ALIAS_IN_ANSWER


async def test_one_silent_server_of_three_does_not_stop_the_others(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=SERVERS)
    dns_world.publish(OWNER, TOKEN)
    dns_world.silence(FIRST)
    observed = await look(dns_world)
    assert observed.servers[0].answer == Silent(Fault.TIMEOUT, "no answer over TCP within 1 s")
    assert isinstance(judge_zones([observed], TOKEN), Passed)


async def test_two_silent_servers_of_three_leave_it_unanswered(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=SERVERS)
    dns_world.publish(OWNER, TOKEN)
    dns_world.silence(FIRST)
    dns_world.stop(SECOND)
    outcome = await judge(dns_world)
    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.TIMEOUT


async def test_servers_that_contradict_each_other_fail(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN)
    dns_world.publish(OWNER, "another", at=SECOND)
    assert reason(await judge(dns_world)) is Reason.SERVERS_CONTRADICT
    dns_world.remove(OWNER, at=SECOND)
    assert reason(await judge(dns_world)) is Reason.SERVERS_CONTRADICT


async def test_a_lame_server_counts_as_silent(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=SERVERS)
    dns_world.publish(OWNER, TOKEN)
    dns_world.make_lame(ZONE.name, at=THIRD)
    observed = await look(dns_world)
    assert observed.servers[2].answer == Silent(Fault.REFUSED, "it answers REFUSED")
    assert isinstance(judge_zones([observed], TOKEN), Passed)
    dns_world.make_lame(ZONE.name, at=SECOND)
    assert isinstance(await judge(dns_world), Unanswered)


async def test_a_server_that_has_only_the_parent_zone_is_lame(dns_world: DnsWorld) -> None:
    dns_world.add_zone(PARENT, signing=UNSIGNED, servers=[THIRD])
    dns_world.publish(ZONE.name, str(server_name(FIRST)), kind="NS")
    dns_world.add_zone(ZONE.name, signing=UNSIGNED, servers=SERVERS)
    dns_world.publish(OWNER, TOKEN)
    dns_world.make_lame(ZONE.name, at=THIRD)
    observed = await look(dns_world)
    assert observed.servers[2].answer == Silent(
        Fault.LAME, "it answers without authority for the zone"
    )


async def test_name_servers_on_loopback_are_left_alone_in_production(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name, signing=UNSIGNED)
    dns_world.publish(OWNER, TOKEN)
    registry = NetworkPolicy(allowed=(ip_network(f"{REGISTRY}/32"),))
    observed = await look(dns_world, registry)
    assert all(isinstance(server.answer, NeverContacted) for server in observed.servers)
    assert reason(judge_zones([observed], TOKEN)) is Reason.SERVER_REFUSED_BY_POLICY


async def test_a_resolver_that_is_down_leaves_it_unanswered(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE.name)
    adapter = DnsLooks(Clock(), [("127.0.0.8", dns_world.port)], LOOPBACK)
    outcome = judge_zones([await adapter.observe(ZONE, LABEL, ACCOUNT)], TOKEN)
    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.UNREACHABLE
