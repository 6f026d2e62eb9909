from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain import prefix as prefixs
from byoip.domain.special_purpose import SANDBOX_RANGES
from tests.domain.samples import prefix, prefixes


@given(prefixes())
def test_what_is_printed_is_read_back_as_the_same_prefix(value: prefixs.Prefix) -> None:
    assert prefixs.Prefix.parse(str(value)) == value


@given(prefixes())
def test_any_spelling_of_the_address_is_read_as_the_same_prefix(value: prefixs.Prefix) -> None:
    spelled = f"{value.network.network_address.exploded.upper()}/{value.length}"

    assert prefixs.Prefix.parse(spelled) == value


@given(st.text())
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        said = str(prefixs.Prefix.parse(text))
    except prefixs.InvalidPrefix as refusal:
        said = refusal.message

    assert len(said) < 200
    assert said.encode()  # no lone surrogate is echoed


# The traps are those that `ipaddress` or `netaddr` would take.
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("192.0.2.1/24", id="host-bits"),
        pytest.param("2001:db8::1/32", id="host-bits-v6"),
        pytest.param("1.1.1.0/-0", id="negative-length"),
        pytest.param("1.1.1.0/+24", id="signed-length"),
        pytest.param("1.1.1.0/24 ", id="trailing-space"),
        pytest.param(" 1.1.1.0/24", id="leading-space"),
        pytest.param("1.1.1.0/24\n", id="trailing-newline"),
        pytest.param("1.1.1.0/24\r\n-k", id="second-whois-line"),
        pytest.param("1.1.1.0/24\0", id="nul"),
        pytest.param("1.1.1.0/２４", id="fullwidth-digits"),  # noqa: RUF001 - the trap
        pytest.param("1.1.1.0/٢٤", id="arabic-digits"),
        pytest.param("１.1.1.0/24", id="fullwidth-address"),  # noqa: RUF001 - the trap
        pytest.param("1.1.1.0/024", id="leading-zero-of-length"),
        pytest.param("01.1.1.0/24", id="leading-zero-of-octet"),
        pytest.param("1.1.1.0/0.0.0.255", id="hostmask"),
        pytest.param("1.1.1.0/255.255.255.0", id="netmask"),
        pytest.param("1.1.1.0", id="bare-address"),
        pytest.param("1.1.1.0/", id="no-length"),
        pytest.param("16843008", id="integer"),
        pytest.param("16843008/24", id="integer-address"),
        pytest.param("1.1.1/24", id="short-address"),
        pytest.param("1.1.1.0.0/24", id="long-address"),
        pytest.param("256.1.1.0/24", id="octet-too-large"),
        pytest.param("1.1.1.0/33", id="length-too-large"),
        pytest.param("2001:db8::/129", id="length-too-large-v6"),
        pytest.param("2001:db8::%eth0/64", id="zone-id"),
        pytest.param("2001:db8::/64%eth0", id="zone-id-after"),
        pytest.param("2001:db8:::/32", id="three-colons"),
        pytest.param("0x1.1.1.0/24", id="hex-octet"),
        pytest.param("1.1.1.0/24/24", id="two-lengths"),
        pytest.param("", id="empty"),
        pytest.param("/24", id="no-address"),
        pytest.param("1" * 10_000 + "/24", id="huge"),
        pytest.param("\ud800/24", id="lone-surrogate"),
    ],
)
def test_traps_are_refused(text: str) -> None:
    with pytest.raises(prefixs.InvalidPrefix) as refused:
        prefixs.Prefix.parse(text)

    assert refused.value.pointer == "/cidr"


def test_host_bits_are_named_as_such() -> None:
    with pytest.raises(prefixs.InvalidPrefix, match="host bits"):
        prefixs.Prefix.parse("192.0.2.1/24")


def test_the_text_is_canonical() -> None:
    assert str(prefix("2001:0DB8:0000::0/32")) == "2001:db8::/32"
    assert str(prefix("::ffff:8.8.8.0/120")) == "::ffff:808:800/120"


@given(prefixes(), prefixes())
def test_covering_means_holding_every_address(one: prefixs.Prefix, other: prefixs.Prefix) -> None:
    ends = (other.network.network_address, other.network.broadcast_address)

    assert one.covers(other) == all(end in one.network for end in ends)
    assert one.overlaps(other) == (one.covers(other) or other.covers(one))
    assert one.overlaps(other) == other.overlaps(one)


def test_families_never_cover_each_other() -> None:
    assert not prefix("0.0.0.0/0").covers(prefix("::/0"))
    assert not prefix("::/0").overlaps(prefix("192.0.2.0/24"))


def test_prefixes_sort_by_family_address_and_length() -> None:
    texts = ["2001:db8::/32", "192.0.2.0/24", "10.0.0.0/8", "192.0.0.0/16", "192.0.2.0/23"]

    ordered = [str(one) for one in sorted(map(prefix, texts))]

    assert ordered == ["10.0.0.0/8", "192.0.0.0/16", "192.0.2.0/23", "192.0.2.0/24", texts[0]]


@pytest.mark.parametrize(
    "text", ["1.0.0.0/8", "8.8.8.0/24", "2600::/16", "2a00:1450::/32", "2a00:1450:4001::/48"]
)
def test_lengths_from_shortest_to_longest_are_admitted(text: str) -> None:
    prefixs.PrefixPolicy().admit(prefix(text))


@pytest.mark.parametrize(
    "text",
    ["8.0.0.0/7", "8.8.8.0/25", "8.8.8.8/32", "2600::/15", "2a00:1450:4001::/49", "2a00::/8"],
)
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(prefixs.PrefixLengthRefused, match="bring IPv"):
        prefixs.PrefixPolicy().admit(prefix(text))


def test_an_operator_may_set_stricter_lengths() -> None:
    strict = prefixs.PrefixPolicy(ipv4_lengths=range(20, 25), ipv6_lengths=range(32, 49))

    with pytest.raises(prefixs.PrefixLengthRefused, match="from /20 to /24"):
        strict.admit(prefix("8.8.0.0/16"))
    with pytest.raises(prefixs.PrefixLengthRefused, match="from /32 to /48"):
        strict.admit(prefix("2600::/24"))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/24",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "172.0.0.0/8",  # covers special space
        "192.0.0.0/24",
        "192.0.0.0/16",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.1.0/24",
        "198.18.0.0/24",
        "198.18.0.0/15",
        "203.0.113.0/24",
        "224.0.0.0/8",
        "239.0.0.0/24",
        "240.0.0.0/8",
        "255.255.255.0/24",
        "::ffff:8.8.8.0/120",
        "::ffff:0:0/96",
        "::8.8.8.0/120",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/32",
        "2001::/16",
        "2001:10::/28",
        "2001:db8::/32",
        "2001:db8:1::/48",
        "2002::/16",
        "2002:808:800::/40",
        "2620:4f:8000::/48",
        "2620:4f::/32",
        "3ffe::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/16",
        "fd00::/48",
        "fe80::/16",
        "fec0::/48",
        "ff00::/16",
        "ff02::/48",
    ],
)
def test_special_purpose_space_is_refused_either_way_round(text: str) -> None:
    with pytest.raises(prefixs.SpecialPurposePrefix):
        prefixs.PrefixPolicy().admit(prefix(text))


@pytest.mark.parametrize("text", ["4000::/16", "1000::/48", "8000::/16", "e000::/20"])
def test_only_global_unicast_may_be_brought(text: str) -> None:
    with pytest.raises(prefixs.SpecialPurposePrefix, match="outside 2000::/3"):
        prefixs.PrefixPolicy().admit(prefix(text))


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "198.18.0.0/23",
        "2001:db8::/32",
        "3fff::/20",
    ],
)
def test_the_sandbox_admits_documentation_and_benchmarking(text: str) -> None:
    prefixs.PrefixPolicy(admitted=SANDBOX_RANGES).admit(prefix(text))


@pytest.mark.parametrize("text", ["192.0.0.0/16", "10.0.0.0/24", "192.0.2.0/23", "2001::/16"])
def test_the_sandbox_admits_nothing_wider_and_nothing_else(text: str) -> None:
    with pytest.raises(prefixs.SpecialPurposePrefix):
        prefixs.PrefixPolicy(admitted=SANDBOX_RANGES).admit(prefix(text))


@pytest.mark.parametrize("text", ["8.8.8.0/24", "8.8.0.0/16", "8.8.4.0/22"])
def test_the_operators_own_space_is_refused_either_way_round(text: str) -> None:
    policy = prefixs.PrefixPolicy(infrastructure=(prefix("8.8.8.0/23"), prefix("8.8.4.0/23")))

    with pytest.raises(prefixs.OperatorInfrastructure):
        policy.admit(prefix(text))


@given(prefixes(range(8, 25), range(16, 49)))
def test_no_admitted_prefix_holds_an_address_that_is_private(value: prefixs.Prefix) -> None:
    try:
        prefixs.PrefixPolicy().admit(value)
    except prefixs.SpecialPurposePrefix:
        return
    ends = (value.network.network_address, value.network.broadcast_address)
    assert not any(ip_address(end).is_private or ip_address(end).is_multicast for end in ends)
