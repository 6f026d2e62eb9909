"""The contract of reverse DNS, kept by the adapter on Knot DNS and unbound as well.

The faults of single servers and of the resolver stand in test_rdns.py: real servers cannot be told
to send garbage.
"""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault
from tests.contracts.test_reverse_dns import (  # noqa: F401 - pytest runs what a module names
    ZONE,
    World,
    test_a_published_value_is_seen_at_every_server,
    test_a_value_longer_than_one_string_is_seen_whole,
    test_after_a_fault_all_is_as_before,
    test_every_look_leaves_evidence,
    test_ipv6_zones_are_found_by_their_nibbles,
    test_names_of_other_zones_are_not_this_one,
    test_nothing_published_is_a_denial_and_a_failed_check,
    test_several_values_are_all_seen_in_one_order,
    test_what_is_withdrawn_is_gone_at_once,
)
from tests.real.dns_world import RESOLVER, SERVERS, DnsWorld
from tests.real.zone_signing import Signing

ZONES = (ZONE.name, "3.0.192.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.")


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Real:
    """Unsigned zones on two name servers."""

    def __init__(self, world: DnsWorld) -> None:
        self._world = world
        self.addresses = SERVERS[:2]
        self.publish = world.publish
        self.withdraw = world.remove
        self.dns = DnsLooks(
            Clock(),
            [(RESOLVER, world.port)],
            NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),)),
            authority_port=world.port,
            query_deadline=1,
        )

    def fail(self, fault: Fault) -> None:
        assert fault is Fault.TIMEOUT
        for address in self.addresses:
            self._world.silence(address)

    def recover(self) -> None:
        for address in self.addresses:
            self._world.revive(address)


@pytest.fixture
def world(dns_world: DnsWorld) -> World:
    for origin in ZONES:
        dns_world.add_zone(origin, signing=Signing.UNSIGNED, servers=SERVERS[:2])
    return Real(dns_world)
