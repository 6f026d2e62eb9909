from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import pairwise

import pytest

from byoip.domain.checks.registration import responsible_registry
from byoip.domain.checks.registry import Basis, Dialect, Registry, Responsible
from byoip.domain.checks.sandbox_shares import sandbox_allocations
from byoip.domain.prefix import Prefix
from byoip.domain.special_purpose import SANDBOX_RANGES, special_range
from tests.domain.samples import prefix

KEYS = ("afrinic", "apnic", "arin", "lacnic", "ripencc")
KNOWN = {key: Registry(key, key.upper(), "127.0.0.1", Dialect.RIPE) for key in KEYS}


def test_the_shares_are_exactly_the_documentation_and_benchmarking_ranges() -> None:
    networks = [share.prefix.network for share in sandbox_allocations()]
    ipv4 = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    ipv6 = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))

    assert [str(one) for one in (*ipv4, *ipv6)] == [
        "192.0.2.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
        "3fff::/20",
    ]


def test_no_share_belongs_to_a_network_of_the_internet() -> None:
    for share in sandbox_allocations():
        assert special_range(share.prefix.network)
        assert special_range(share.prefix.network, admitted=SANDBOX_RANGES) is None


def test_no_two_shares_overlap() -> None:
    ordered = sorted(share.prefix for share in sandbox_allocations())

    assert not [one for one, after in pairwise(ordered) if one.overlaps(after)]


@pytest.mark.parametrize("key", KEYS)
def test_each_registry_has_space_of_both_families_for_several_zones(key: str) -> None:
    shares: list[Prefix] = [one.prefix for one in sandbox_allocations() if one.registry == key]

    assert min(one.length for one in shares if one.family == 4) <= 18
    assert min(one.length for one in shares if one.family == 6) <= 35


@pytest.mark.parametrize(
    ("cidr", "key"),
    [
        ("198.18.0.0/23", "ripencc"),
        ("198.18.128.0/17", "arin"),
        ("203.0.113.0/24", "apnic"),
        ("198.19.128.0/20", "lacnic"),
        ("2001:db8:e001::/48", "afrinic"),
    ],
)
def test_every_share_has_a_registry_responsible(cidr: str, key: str) -> None:
    found = responsible_registry(prefix(cidr), sandbox_allocations(), KNOWN, [])

    assert found == Responsible(KNOWN[key], Basis.STATISTICS)
