"""What the twin and the adapter on the sandbox's name server say of reverse zones.

The adapter on real servers says the same: tests/real/test_reverse_dns.py.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Protocol
from uuid import UUID

import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import (
    Beneath,
    ServerAnswer,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.dns import ReverseDns
from byoip.sandbox.name_server import NameServer
from tests.fakes.dns import FakeReverseDns
from tests.perspectives.in_process import in_process

LABEL = "byoip-validation"
ACCOUNT = UUID(int=1)
TOKEN = "n5r7kq2xw4vzt3mbd6yj"
(ZONE,) = reverse_zones(Prefix.parse("192.0.2.0/24"))
OWNER = ZONE.owner(LABEL)
ADDRESSES = ("127.0.0.1", "127.0.0.2")
# The faults that a port can show, as the sandbox calls them.
FAULTS = {
    Fault.TIMEOUT: "timeout",
    Fault.GARBAGE: "garbage",
    Fault.TRUNCATED: "truncated",
    Fault.REFUSED: "refused",
    Fault.SERVER_FAILURE: "servfail",
    Fault.LAME: "lame",
    Fault.UNREACHABLE: "reset",
}


class World(Protocol):
    """A reverse DNS that the test may change; every zone is on two name servers."""

    @property
    def dns(self) -> ReverseDns: ...
    @property
    def addresses(self) -> tuple[str, ...]: ...

    def publish(self, owner: str, *values: str) -> None: ...
    def withdraw(self, owner: str) -> None: ...
    def fail(self, fault: Fault) -> None: ...
    def recover(self) -> None: ...


class Twin:
    addresses = ADDRESSES

    def __init__(self) -> None:
        self.dns = fake = FakeReverseDns()
        self.publish = fake.publish
        self.withdraw = fake.withdraw
        self.fail = fake.fail
        self.recover = fake.recover


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Sandbox:
    addresses = ADDRESSES

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self.dns: ReverseDns
        self.dns = self.resolver = DnsLooks(
            Clock(),
            [("127.0.0.1", server.port)],
            NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),)),
            authority_port=server.port,
            query_deadline=30,
        )
        self._patient = self.resolver.limits

    def publish(self, owner: str, *values: str) -> None:
        self._server.put_txt(owner, list(values))

    def withdraw(self, owner: str) -> None:
        self._server.delete_txt(owner)

    def fail(self, fault: Fault) -> None:
        self._server.set_fault(FAULTS[fault])
        if fault in {Fault.TIMEOUT, Fault.GARBAGE}:  # garbage is passed over
            self.resolver.limits = replace(self._patient, query_deadline=0.4)

    def recover(self) -> None:
        self._server.clear_fault()
        self.resolver.limits = self._patient


@pytest.fixture(params=["twin", "adapter on the sandbox", "perspective on the sandbox"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "twin":
        yield Twin()
        return
    server = NameServer()
    await server.start(ADDRESSES)
    sandbox = Sandbox(server)
    try:
        if request.param == "adapter on the sandbox":
            yield sandbox
            return
        async with in_process(sandbox.resolver) as sandbox.dns:
            yield sandbox
    finally:
        await server.stop()


def answers(observed: ZoneObservation) -> list[ServerAnswer | Beneath]:
    return [server.answer for server in observed.servers]


async def test_a_published_value_is_seen_at_every_server(world: World) -> None:
    world.publish(OWNER, TOKEN)
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert observed.zone == ZONE
    assert observed.owner == OWNER
    assert observed.security is ZoneSecurity.INSECURE
    assert observed.resolver == TxtValues((TOKEN,))
    assert [server.address for server in observed.servers] == list(world.addresses)
    assert answers(observed) == [TxtValues((TOKEN,))] * 2
    assert isinstance(judge_zones([observed], TOKEN), Passed)


async def test_several_values_are_all_seen_in_one_order(world: World) -> None:
    world.publish(OWNER, "v=spf1 -all", TOKEN, "")
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert answers(observed) == [TxtValues(("", TOKEN, "v=spf1 -all"))] * 2


async def test_a_value_longer_than_one_string_is_seen_whole(world: World) -> None:
    world.publish(OWNER, "x" * 700)
    assert answers(await world.dns.observe(ZONE, LABEL, ACCOUNT)) == [TxtValues(("x" * 700,))] * 2


async def test_nothing_published_is_a_denial_and_a_failed_check(world: World) -> None:
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert answers(observed) == [TxtValues(())] * 2
    outcome = judge_zones([observed], TOKEN)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING


async def test_what_is_withdrawn_is_gone_at_once(world: World) -> None:
    world.publish(OWNER, TOKEN)
    world.withdraw(OWNER)
    assert answers(await world.dns.observe(ZONE, LABEL, ACCOUNT)) == [TxtValues(())] * 2


async def test_names_of_other_zones_are_not_this_one(world: World) -> None:
    world.publish("byoip-validation.3.0.192.in-addr.arpa.", TOKEN)
    assert answers(await world.dns.observe(ZONE, LABEL, ACCOUNT)) == [TxtValues(())] * 2


async def test_ipv6_zones_are_found_by_their_nibbles(world: World) -> None:
    zones = reverse_zones(Prefix.parse("2001:db8::/47"))
    for zone in zones:
        world.publish(zone.owner(LABEL), TOKEN)
    observed = [await world.dns.observe(zone, LABEL, ACCOUNT) for zone in zones]
    assert len(observed) == 2
    assert isinstance(judge_zones(observed, TOKEN), Passed)


@pytest.mark.parametrize(
    "fault", [Fault.TIMEOUT, Fault.GARBAGE, Fault.TRUNCATED, Fault.REFUSED, Fault.SERVER_FAILURE]
)
async def test_a_resolver_that_fails_leaves_the_zone_unknown(world: World, fault: Fault) -> None:
    world.publish(OWNER, TOKEN)
    world.fail(fault)
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert observed.security is ZoneSecurity.UNKNOWN
    assert observed.servers == ()
    assert isinstance(observed.resolver, Silent)
    assert observed.resolver.fault is fault
    assert isinstance(judge_zones([observed], TOKEN), Unanswered)


@pytest.mark.parametrize("fault", [Fault.LAME, Fault.UNREACHABLE])
async def test_servers_that_fail_prove_nothing(world: World, fault: Fault) -> None:
    world.publish(OWNER, TOKEN)
    world.fail(fault)
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert observed.security is ZoneSecurity.INSECURE
    faults = [answer.fault for answer in answers(observed) if isinstance(answer, Silent)]
    assert faults == [fault, fault]
    outcome = judge_zones([observed], TOKEN)
    assert isinstance(outcome, Unanswered)
    assert outcome.fault is fault


async def test_after_a_fault_all_is_as_before(world: World) -> None:
    world.publish(OWNER, TOKEN)
    world.fail(Fault.TIMEOUT)
    await world.dns.observe(ZONE, LABEL, ACCOUNT)
    world.recover()
    assert isinstance(judge_zones([await world.dns.observe(ZONE, LABEL, ACCOUNT)], TOKEN), Passed)


async def test_every_look_leaves_evidence(world: World) -> None:
    world.publish(OWNER, TOKEN)
    observed = await world.dns.observe(ZONE, LABEL, ACCOUNT)
    assert observed.exhibits
    for exhibit in observed.exhibits:
        assert exhibit.asked
        assert exhibit.of
        assert exhibit.at.tzinfo is not None
    assert any(TOKEN.encode() in exhibit.answer for exhibit in observed.exhibits)
