from ipaddress import ip_network

import pytest

from byoip.domain.special_purpose import DOCUMENTATION, SANDBOX_RANGES, special_range


def test_the_range_is_named_with_its_rfc() -> None:
    assert special_range(ip_network("192.0.2.0/25")) == "192.0.2.0/24 (documentation, RFC 5737)"


def test_a_wider_network_meets_the_range_as_well() -> None:
    assert special_range(ip_network("8.0.0.0/5")) == "10.0.0.0/8 (private use, RFC 1918)"


@pytest.mark.parametrize("text", ["8.8.8.0/24", "2600::/16", "191.0.0.0/8", "2003::/18"])
def test_ordinary_space_meets_none(text: str) -> None:
    assert special_range(ip_network(text)) is None


def test_an_admitted_name_admits_what_lies_wholly_inside() -> None:
    admitted = frozenset({DOCUMENTATION})

    assert special_range(ip_network("2001:db8::/32"), admitted=admitted) is None
    assert special_range(ip_network("2001:db8:7::/48"), admitted=admitted) is None
    assert special_range(ip_network("2001:c00::/22"), admitted=admitted)
    assert special_range(ip_network("198.18.0.0/15"), admitted=admitted)


def test_nothing_but_the_sandbox_ranges_share_their_names() -> None:
    named = {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"}

    for text in named:
        assert special_range(ip_network(text), admitted=SANDBOX_RANGES) is None
    for text in ("10.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3ffe::/16"):
        assert special_range(ip_network(text), admitted=SANDBOX_RANGES)
