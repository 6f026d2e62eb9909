import pytest

from byoip.domain.checks.address_holder import maintainers_of, smallest_block
from byoip.domain.checks.registries.address_blocks import registrys_own
from byoip.domain.checks.rpsl import RpslObject
from tests.domain.samples import prefix, rpsl

V4 = prefix("192.0.2.0/24")
V6 = prefix("2001:db8:1::/48")


def block(key: str, *lines: str, kind: str = "inetnum", source: str = "RIPE") -> RpslObject:
    return rpsl("\n".join([f"{kind}: {key}", *lines, f"source: {source}"]))


ROOT = block("0.0.0.0 - 255.255.255.255")
WIDE = block("192.0.0.0 - 192.0.3.255")
ODD = block("192.0.1.7 - 192.0.3.9")
EXACT = block("192.0.2.0 - 192.0.2.255")
PART = block("192.0.2.0 - 192.0.2.127")
ACROSS = block("192.0.2.128 - 192.0.3.255")


@pytest.mark.parametrize(
    ("objects", "smallest"),
    [
        pytest.param([], None, id="none"),
        pytest.param([ROOT, WIDE, EXACT, PART], EXACT, id="exact"),
        pytest.param([WIDE, ROOT], WIDE, id="wider"),
        pytest.param([ODD, WIDE, ROOT], ODD, id="not-on-a-bit-boundary"),
        pytest.param([PART, ACROSS], None, id="not-all-of-it"),
        pytest.param([ROOT], ROOT, id="root-placeholder-or-not"),
        pytest.param([WIDE, block("192.0.2.0 - 192.0.2.255", source="RADB")], WIDE, id="source"),
        pytest.param([block("192.0.2.0 - 192.0.2.255", source="ripe")], "ripe", id="source-case"),
        pytest.param([block("192.0.2.255 - 192.0.2.0")], None, id="backwards"),
        pytest.param([block("192.0.2.0")], None, id="no-range"),
        pytest.param([block("192.0.2.0 - 192.0.2.255 - 1")], None, id="three-ends"),
        pytest.param([block("x - y")], None, id="no-addresses"),
        pytest.param([block("192.0.2.0 - 192.0.2.255", "no colon")], None, id="malformed"),
        pytest.param([block("192.0.2.0 - 192.0.2.255", kind="route")], None, id="other-class"),
        pytest.param([rpsl("inetnum: 192.0.2.0 - 192.0.2.255")], None, id="no-source"),
    ],
)
def test_the_smallest_block_around_the_prefix_is_found(
    objects: list[RpslObject], smallest: RpslObject | str | None
) -> None:
    found = smallest_block(V4, "RIPE", objects)

    expected = objects[0] if smallest == "ripe" else smallest
    assert (found.described if found else None) == expected


def test_inet6nums_are_prefixes() -> None:
    wide = block("2001:db8::/32", kind="inet6num")
    near = block("2001:0DB8:1::/48", kind="inet6num")
    odd = block("2001:db8:1::1/48", kind="inet6num")

    found = smallest_block(V6, "RIPE", [wide, odd, near, EXACT])

    assert found is not None
    assert found.described == near
    assert str(found) == "2001:db8:1:: - 2001:db8:1:ffff:ffff:ffff:ffff:ffff"


def test_a_block_of_the_other_family_is_around_nothing() -> None:
    assert smallest_block(V6, "RIPE", [ROOT]) is None
    assert smallest_block(V4, "RIPE", [block("::/0", kind="inet6num")]) is None


@pytest.mark.parametrize(
    ("described", "why"),
    [
        pytest.param(ROOT, "without a status", id="root"),
        pytest.param(WIDE, "without a status", id="no-status"),
        pytest.param(
            block("192.0.0.0 - 192.0.3.255", "status: ALLOCATED UNSPECIFIED"),
            "ALLOCATED UNSPECIFIED",
            id="unspecified",
        ),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: not-set"), "NOT-SET", id="not-set"),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: NEW"), "NEW", id="unknown-status"),
        pytest.param(
            block("192.0.0.0 - 192.0.3.255", "status: ALLOCATED PORTABLE"),
            "ALLOCATED PORTABLE",
            id="a-status-of-another-registry",
        ),
        *(
            pytest.param(
                block("192.0.0.0 - 192.0.3.255", f"netname: {name}", "status: ALLOCATED PA"),
                f"a placeholder ({name})",
                id=name,
            )
            for name in (
                "IANA-BLK",
                "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK",
                "STUB-192-0-2SLASH24",
                "ERX-NETBLOCK",
            )
        ),
        pytest.param(
            block("192.0.0.0 - 192.255.255.255", "status: ALLOCATED PA"),
            "from IANA",
            id="a-whole-/8",
        ),
        pytest.param(
            block("192.0.0.0 - 195.255.255.255", "status: ALLOCATED PA"),
            "from IANA",
            id="more-than-a-/8",
        ),
        pytest.param(
            block("192.0.0.0 - 192.255.255.254", "status: ALLOCATED PA"), None, id="less-than-a-/8"
        ),
        pytest.param(
            block("192.0.0.0 - 192.255.255.255", "status: LEGACY"), None, id="a-legacy-/8"
        ),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: ALLOCATED PA"), None, id="lir"),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: legacy"), None, id="legacy"),
    ],
)
def test_blocks_that_no_party_holds_are_known(described: RpslObject, why: str | None) -> None:
    found = smallest_block(V4, "RIPE", [described])

    assert found is not None
    said = found.without_holder("RIPE")
    assert (said is None) is (why is None)
    assert (why or "") in (said or "")


def test_so_are_ianas_blocks_of_ipv6() -> None:
    wide = block("2a00::/12", "status: ALLOCATED-BY-RIR", kind="inet6num")
    found = smallest_block(prefix("2a00::/32"), "RIPE", [wide])

    assert found is not None
    assert found.without_holder("RIPE") == "the registry's own allocation from IANA"


@pytest.mark.parametrize(
    ("lines", "holders"),
    [
        pytest.param(
            ["mnt-by: mnt-a", "mnt-by: MNT-B, MNT-C"], {"MNT-A", "MNT-B", "MNT-C"}, id="all"
        ),
        pytest.param(["mnt-by: RIPE-NCC-HM-MNT", "mnt-by: MNT-A"], {"MNT-A"}, id="with-registry"),
        pytest.param(["mnt-by: MNT-A", "mnt-lower: MNT-B"], {"MNT-A"}, id="lower-does-not-count"),
        pytest.param(["mnt-by: APNIC-HM", "mnt-lower: MNT-B"], {"MNT-B"}, id="lower-counts"),
        pytest.param(["mnt-by: APNIC-HM", "mnt-lower: APNIC-HM"], set(), id="registry-twice"),
        pytest.param(["mnt-by: MNT-KRNIC-AP", "mnt-routes: MNT-A"], set(), id="routes-never"),
        pytest.param(["mnt-by: MNT-A", "mnt-domains: MNT-E", "mnt-irt: I"], {"MNT-A"}, id="others"),
        pytest.param([], set(), id="none"),
    ],
)
def test_whose_maintainers_speak_for_the_holder(lines: list[str], holders: set[str]) -> None:
    found = smallest_block(V4, "RIPE", [block("192.0.2.0 - 192.0.2.255", *lines)])

    assert found is not None
    assert found.holders == holders


@pytest.mark.parametrize(
    "name",
    [
        "RIPE-NCC-HM-MNT",
        "RIPE-NCC-END-MNT",
        "APNIC-HM",
        "AFRINIC-HM-MNT",
        "MAINT-JPNIC",
        "MNT-KRNIC",
        "MNT-KRNIC-AP",
        "MAINT-CNNIC",
        "MAINT-CNNIC-AP",
        "MAINT-TWNIC",
        "MAINT-TW-TWNIC",
        "MAINT-VNNIC",
        "MAINT-VN-VNNIC",
        "MAINT-IDNIC-AP",
        "MNT-APJII-ID",
        "MAINT-IN-IRINN",
    ],
)
def test_maintainers_of_registries_are_known(name: str) -> None:
    assert registrys_own(name)


@pytest.mark.parametrize("name", ["MNT-HOLDER", "MAINT-JPNICE", "XAPNIC-HM", "MAINT-JP-EXAMPLE"])
def test_a_holders_maintainer_is_no_registrys(name: str) -> None:
    assert not registrys_own(name)


def test_maintainers_are_collected_by_attribute() -> None:
    described = block("192.0.2.0 - 192.0.2.255", "mnt-by: MNT-A", "mnt-by: MNT-B", "mnt-lower: c")

    assert maintainers_of(described, "mnt-by") == {"MNT-A", "MNT-B"}
