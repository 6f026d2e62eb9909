"""Where a walk down to a reverse zone may begin."""

import pytest

from byoip.domain.checks.reverse_dns.registry_zones import registry_zones
from byoip.domain.checks.reverse_zone import reverse_zones
from tests.domain.samples import prefix


@pytest.mark.parametrize(
    ("cidr", "zones"),
    [
        pytest.param("193.0.0.0/21", ("193.in-addr.arpa.", "in-addr.arpa."), id="a registry's /8"),
        pytest.param("193.0.0.0/8", ("193.in-addr.arpa.", "in-addr.arpa."), id="all of it"),
        pytest.param("17.8.0.0/16", ("in-addr.arpa.",), id="a /8 that its holder has from IANA"),
        pytest.param("2a00:8000::/32", ("0.a.2.ip6.arpa.", "ip6.arpa."), id="a registry's /12"),
        pytest.param(
            "2001:201::/32", ("2.0.1.0.0.2.ip6.arpa.", "ip6.arpa."), id="half of a /23, on a nibble"
        ),
        pytest.param("3fff::/32", ("ip6.arpa.",), id="no registry's"),
    ],
)
def test_the_registries_zones_are_known_the_lowest_first(cidr: str, zones: tuple[str, ...]) -> None:
    zone, *_ = reverse_zones(prefix(cidr))
    assert registry_zones(zone) == zones
