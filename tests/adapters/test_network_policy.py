from ipaddress import ip_address, ip_network

import pytest

from byoip.adapters.network_policy import NetworkPolicy

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
OWN = (ip_network("8.8.0.0/16"), ip_network("2600::/32"))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:8.8.4.4",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:404",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_nothing_but_public_unicast_is_contacted(address: str) -> None:
    policy = NetworkPolicy()
    assert not policy.allows(ip_address(address))
    assert str(ip_address(address)) in (policy.refusal(ip_address(address)) or "")


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.0.195", "2620:fe::fe", "2a00::1"])
def test_public_addresses_are_contacted(address: str) -> None:
    assert NetworkPolicy().refusal(ip_address(address)) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2600::1"])
def test_the_operators_own_addresses_are_not_contacted(address: str) -> None:
    policy = NetworkPolicy(never=OWN)
    assert "operator" in (policy.refusal(ip_address(address)) or "")
    assert policy.allows(ip_address("8.9.0.1"))


@pytest.mark.parametrize("address", ["8.8.8.8", "127.0.0.1", "::1"])
def test_what_the_operator_lists_is_contacted_all_the_same(address: str) -> None:
    policy = NetworkPolicy(never=OWN, allowed=(ip_network("8.8.8.8/32"), *LOOPBACK))
    assert policy.allows(ip_address(address))


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "::ffff:8.8.8.8"])
def test_no_list_admits_a_mapped_address(address: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert not NetworkPolicy(allowed=everything).allows(ip_address(address))


NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1:2::/96"))


@pytest.mark.parametrize("form", ["64:ff9b::{}", "64:ff9b:1:2::{}"])
@pytest.mark.parametrize(
    ("behind", "allowed"),
    [
        ("7f00:1", False),  # 127.0.0.1
        ("a9fe:a9fe", False),  # 169.254.169.254
        ("a00:1", False),  # 10.0.0.1
        ("808:808", False),  # the operator's own
        ("808:909", True),  # the one that it lists
        ("101:101", True),  # 1.1.1.1
    ],
)
def test_what_a_listed_translator_sends_to_is_judged_as_well(
    form: str, behind: str, *, allowed: bool
) -> None:
    policy = NetworkPolicy(never=OWN, allowed=(*NAT64, ip_network("8.8.9.9/32")))
    address = ip_address(form.format(behind))
    assert policy.allows(address) is allowed
    assert allowed or "RFC 6052" in (policy.refusal(address) or "")


@pytest.mark.parametrize("listed", ["::/0", "64:ff9b::/64", "64:ff9b:1::/48"])
def test_where_an_address_stands_in_a_shorter_prefix_is_not_known(listed: str) -> None:
    policy = NetworkPolicy(allowed=(ip_network(listed),))
    for form in ("64:ff9b::101:101", "64:ff9b:1::101:101"):
        assert not policy.allows(ip_address(form))
