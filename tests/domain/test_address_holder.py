import pytest

from byoip.domain.checks.address_holder import maintainers_of, smallest_block
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
    ("described", "placeholder"),
    [
        pytest.param(ROOT, True, id="root"),
        pytest.param(
            block("192.0.0.0 - 192.0.3.255", "status: ALLOCATED UNSPECIFIED"), True, id="s1"
        ),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: not-set"), True, id="not-set"),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "netname: IANA-BLK"), True, id="iana"),
        pytest.param(
            block("192.0.0.0 - 192.0.3.255", "netname: NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK"),
            True,
            id="managed-elsewhere",
        ),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: ALLOCATED PA"), False, id="lir"),
        pytest.param(block("192.0.0.0 - 192.0.3.255", "status: LEGACY"), False, id="legacy"),
        pytest.param(WIDE, False, id="no-status"),
    ],
)
def test_placeholders_are_known(described: RpslObject, placeholder: bool) -> None:
    found = smallest_block(V4, "RIPE", [described])

    assert found is not None
    assert found.placeholder is placeholder


def test_the_ipv6_root_is_a_placeholder() -> None:
    found = smallest_block(V6, "RIPE", [block("::/0", kind="inet6num")])

    assert found is not None
    assert found.placeholder


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param("mnt-a", {"MNT-A"}, id="plain"),
        pytest.param("MNT-A ANY", {"MNT-A"}, id="any"),
        pytest.param("MNT-A, MNT-B", {"MNT-A", "MNT-B"}, id="list"),
        pytest.param("MNT-A {192.0.2.0/24}", {"MNT-A"}, id="exact-range"),
        pytest.param("MNT-A {192.0.2.0/25}", set(), id="longer-range"),
        pytest.param("MNT-A {192.0.0.0/16}", set(), id="wider-range-without-operator"),
        pytest.param("MNT-A {192.0.0.0/16^+}", {"MNT-A"}, id="inclusive"),
        pytest.param("MNT-A {192.0.2.0/24^+}", {"MNT-A"}, id="inclusive-itself"),
        pytest.param("MNT-A {192.0.2.0/24^-}", set(), id="exclusive-itself"),
        pytest.param("MNT-A {192.0.2.0/23^-}", {"MNT-A"}, id="exclusive"),
        pytest.param("MNT-A {192.0.0.0/16^24}", {"MNT-A"}, id="one-length"),
        pytest.param("MNT-A {192.0.0.0/16^25}", set(), id="another-length"),
        pytest.param("MNT-A {192.0.0.0/16^20-24}", {"MNT-A"}, id="lengths"),
        pytest.param("MNT-A {192.0.0.0/16^16-23}", set(), id="other-lengths"),
        pytest.param("MNT-A {198.51.100.0/24^+}", set(), id="elsewhere"),
        pytest.param("MNT-A {198.51.100.0/24, 192.0.2.0/24}", {"MNT-A"}, id="one-of-several"),
        pytest.param("MNT-A{192.0.2.0/24}", {"MNT-A"}, id="no-space"),
        pytest.param("MNT-A {198.51.100.0/24^+}, MNT-B", {"MNT-B"}, id="each-its-own-range"),
        pytest.param("MNT-A {}", set(), id="no-range"),
        pytest.param("MNT-A {192.0.2.1/24}", set(), id="host-bits"),
        pytest.param("MNT-A {any}", set(), id="not-a-range"),
        pytest.param("MNT-A {198.51.100.0/24", set(), id="unclosed"),
        pytest.param("MNT-A 192.0.2.0/24}", set(), id="unopened"),
    ],
)
def test_mnt_routes_speak_for_the_ranges_they_name(value: str, names: set[str]) -> None:
    described = block("192.0.2.0 - 192.0.2.255", f"mnt-routes: {value}")
    found = smallest_block(V4, "RIPE", [described])

    assert found is not None
    assert found.maintainers(V4) == names


def test_all_three_kinds_of_maintainers_are_collected() -> None:
    described = block(
        "192.0.2.0 - 192.0.2.255",
        "mnt-by: MNT-A",
        "mnt-by: MNT-B",
        "mnt-lower: mnt-c",
        "mnt-routes: MNT-D",
        "mnt-domains: MNT-E",
        "mnt-irt: IRT-F",
    )
    found = smallest_block(V4, "RIPE", [described])

    assert found is not None
    assert found.maintainers(V4) == {"MNT-A", "MNT-B", "MNT-C", "MNT-D"}
    assert maintainers_of(described, "mnt-by") == {"MNT-A", "MNT-B"}
