from ipaddress import collapse_addresses

import pytest
from hypothesis import given

from byoip.domain.checks.reverse_zone import NoReverseZone, ReverseZone, reverse_zones, valid_label
from byoip.domain.prefix import Prefix
from tests.domain.samples import prefix, prefixes

BRINGABLE = prefixes(range(8, 25), range(16, 49))


@given(BRINGABLE)
def test_the_zones_together_are_exactly_the_prefix(value: Prefix) -> None:
    parts = [zone.prefix.network for zone in reverse_zones(value)]

    assert list(collapse_addresses(parts)) == [value.network]  # type: ignore[type-var] # one family
    sizes = sum(part.num_addresses for part in parts)
    assert sizes == value.network.num_addresses  # so no two overlap


@given(BRINGABLE)
def test_there_are_two_to_the_power_of_the_bits_missing_to_the_boundary(value: Prefix) -> None:
    step = 8 if value.family == 4 else 4

    zones = reverse_zones(value)

    assert len(zones) == 2 ** (-value.length % step) <= 128
    assert {zone.prefix.length % step for zone in zones} == {0}
    assert list(zones) == sorted(zones, key=lambda zone: zone.prefix)


@given(BRINGABLE)
def test_the_zone_is_the_tail_of_its_addresses_reverse_pointer(value: Prefix) -> None:
    for zone in reverse_zones(value):
        for address in (zone.prefix.network[0], zone.prefix.network[-1]):
            assert f".{address.reverse_pointer}.".endswith(f".{zone.name}")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("8.0.0.0/8", ["8.in-addr.arpa."]),
        ("1.1.0.0/16", ["1.1.in-addr.arpa."]),
        ("192.0.2.0/24", ["2.0.192.in-addr.arpa."]),
        ("1.1.0.0/23", ["0.1.1.in-addr.arpa.", "1.1.1.in-addr.arpa."]),
        ("2600::/16", ["0.0.6.2.ip6.arpa."]),
        ("2001:db8::/34", [f"{one}.8.b.d.0.1.0.0.2.ip6.arpa." for one in "0123"]),
        ("2001:db8::/45", [f"{one}.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa." for one in "01234567"]),
        ("2001:db8:1::/48", ["1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."]),
    ],
)
def test_zones_are_named_in_reverse(text: str, names: list[str]) -> None:
    assert [zone.name for zone in reverse_zones(prefix(text))] == names


def test_a_prefix_just_past_a_boundary_has_the_most_zones() -> None:
    zones = reverse_zones(prefix("8.0.0.0/9"))

    assert len(zones) == 128
    assert (zones[0].name, zones[-1].name) == ("0.8.in-addr.arpa.", "127.8.in-addr.arpa.")


def test_the_token_stands_at_a_label_of_the_zone() -> None:
    owner = ReverseZone(prefix("192.0.2.0/24")).owner("byoip-validation")

    assert owner == "byoip-validation.2.0.192.in-addr.arpa."


@pytest.mark.parametrize("text", ["0.0.0.0/0", "192.0.2.0/25", "192.0.2.1/32", "::/0", "::1/128"])
def test_no_zone_is_made_up_for_everything_or_for_hosts(text: str) -> None:
    with pytest.raises(NoReverseZone):
        reverse_zones(prefix(text))


@pytest.mark.parametrize("label", ["byoip-validation", "_byoip-challenge", "a", "x" * 62])
def test_a_label_is_one_dns_label(label: str) -> None:
    assert valid_label(label)


@pytest.mark.parametrize(
    "label", ["", "_", "-a", "a-", "a.b", "A", "a b", "x" * 64, "é", "a\n", "a:b", '"']
)
def test_other_labels_are_refused(label: str) -> None:
    assert not valid_label(label)
