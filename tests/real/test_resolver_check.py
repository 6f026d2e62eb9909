from byoip.adapters.checks.resolver_check import resolver_complaint
from tests.real.dns_world import DnsWorld


async def test_a_validating_resolver_is_content(dns_world: DnsWorld) -> None:
    resolver = dns_world.resolver
    assert await resolver_complaint(resolver.address, resolver.port) is None
