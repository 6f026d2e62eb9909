from dataclasses import replace

import pytest

from byoip.domain.checks.evidence import Failed, Fault, Reason, Unanswered
from byoip.domain.checks.registration import responsible_registry
from byoip.domain.checks.registries.national import National
from byoip.domain.checks.registry import Allocation, Basis, Dialect, Registry, Responsible
from tests.domain.samples import ARIN, LACNIC, RIPE, prefix

APNIC = Registry("apnic", "APNIC", "whois.apnic.example", Dialect.RIPE, holder_rule=True)
KNOWN = {one.key: one for one in (RIPE, ARIN, LACNIC)}
WHOLE = prefix("192.0.2.0/23")


def held(
    cidr: str, registry: str = "ripencc", holder: str = "h1", status: str = "allocated"
) -> Allocation:
    return Allocation(prefix(cidr), registry, status, holder)


@pytest.mark.parametrize(
    "allocations",
    [
        pytest.param([held("192.0.2.0/23")], id="exact"),
        pytest.param([held("192.0.0.0/16")], id="inside-a-larger-one"),
        pytest.param([held("192.0.0.0/16", status="assigned")], id="assigned"),
        pytest.param([held("192.0.2.0/24"), held("192.0.3.0/24")], id="contiguous"),
        pytest.param([held("192.0.3.0/24"), held("192.0.2.0/24")], id="in-any-order"),
        pytest.param([held("192.0.2.0/23"), held("192.0.2.0/24")], id="nested"),
        pytest.param([held("192.0.2.0/23", holder="")], id="one-record-without-a-holder"),
        pytest.param([held("192.0.2.0/23"), held("8.0.0.0/8", "arin")], id="and-one-elsewhere"),
    ],
)
def test_all_of_a_prefix_in_one_registry_with_one_holder_is_found(
    allocations: list[Allocation],
) -> None:
    found = responsible_registry(WHOLE, allocations, KNOWN, [])

    assert found == Responsible(RIPE, Basis.STATISTICS)


@pytest.mark.parametrize(
    ("allocations", "reason", "seen"),
    [
        pytest.param([], Reason.NOT_ALLOCATED, "in no statistics", id="nowhere"),
        pytest.param(
            [held("192.0.2.0/24")], Reason.NOT_ALLOCATED, "in no statistics", id="first-half-only"
        ),
        pytest.param(
            [held("192.0.3.0/24")], Reason.NOT_ALLOCATED, "in no statistics", id="last-half-only"
        ),
        pytest.param(
            [held("192.0.2.0/25"), held("192.0.3.0/24")],
            Reason.NOT_ALLOCATED,
            "in no statistics",
            id="a-hole-in-the-middle",
        ),
        pytest.param(
            [held(f"192.0.2.0/{length}") for length in (24, 25)]
            + [held("192.0.3.1/32"), held("192.0.3.2/31"), held("192.0.3.4/30")]
            + [held(f"192.0.3.{2**bits}/{32 - bits}") for bits in range(3, 8)],
            Reason.NOT_ALLOCATED,
            "in no statistics",
            id="one-address-short",
        ),
        pytest.param(
            [held("192.0.2.0/23", status="available")],
            Reason.NOT_ALLOCATED,
            "192.0.2.0/23 is available",
            id="available",
        ),
        pytest.param(
            [held("192.0.2.0/24"), held("192.0.3.0/24", status="reserved")],
            Reason.NOT_ALLOCATED,
            "192.0.3.0/24 is reserved",
            id="half-reserved",
        ),
        pytest.param(
            [held("192.0.2.0/23", status="something new")],
            Reason.NOT_ALLOCATED,
            "something new",
            id="unknown-status",
        ),
        pytest.param(
            [held("192.0.2.0/24"), held("192.0.3.0/24", "arin")],
            Reason.SPANS_REGISTRIES,
            "arin, ripencc",
            id="two-registries",
        ),
        pytest.param(
            [held("192.0.2.0/24"), held("192.0.3.0/24", holder="h2")],
            Reason.NOT_ALLOCATED,
            "more than one holder",
            id="two-holders",
        ),
        pytest.param(
            [held("192.0.2.0/24", holder=""), held("192.0.3.0/24", holder="")],
            Reason.NOT_ALLOCATED,
            "more than one holder",
            id="holders-unknown",
        ),
    ],
)
def test_anything_else_is_refused_by_name(
    allocations: list[Allocation], reason: Reason, seen: str
) -> None:
    found = responsible_registry(WHOLE, allocations, KNOWN, [])

    assert isinstance(found, Failed)
    assert found.reason is reason
    assert seen in found.seen
    assert found.fix


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (held("192.0.2.0/23"), held("192.0.2.0/23", "arin")),
        (held("192.0.2.0/23"), held("192.0.2.0/23", "arin", status="reserved")),
        (held("192.0.2.0/23", status="available"), held("192.0.2.0/23", "arin")),
        (held("192.0.0.0/16"), held("192.0.3.0/24", "arin", status="assigned")),
        (held("192.0.2.0/23"), held("192.0.3.128/25", "arin", status="reserved")),
        (held("192.0.2.0/23"), held("192.0.3.0/24", status="reserved")),
    ],
)
def test_sources_that_disagree_are_no_answer(one: Allocation, other: Allocation) -> None:
    for rows in ([one, other], [other, one]):
        found = responsible_registry(WHOLE, rows, KNOWN, [])

        assert isinstance(found, Unanswered)
        assert found.fault is Fault.SOURCES_DISAGREE
        for row in rows:
            assert f"{row.prefix} is {row.status} at {row.registry}" in found.seen
        assert "operator can override" in found.fix
        word = responsible_registry(WHOLE, rows, KNOWN, [(WHOLE, "arin")])
        assert word == Responsible(ARIN, Basis.OVERRIDE)


def test_two_registries_that_both_say_no_do_not_disagree() -> None:
    rows = [
        held("192.0.2.0/23", status="available"),
        held("192.0.2.0/23", "arin", status="reserved"),
    ]
    assert isinstance(responsible_registry(WHOLE, rows, KNOWN, []), Failed)


def of(country: str, registry: str, cidr: str = "192.0.2.0/23") -> Allocation:
    return replace(held(cidr, registry), country=country)


def test_a_national_registry_is_a_second_place_at_apnic() -> None:
    found = responsible_registry(WHOLE, [of("JP", "apnic")], {"apnic": APNIC}, [])

    assert found == Responsible(APNIC, Basis.STATISTICS, National("jpnic", "JPNIC", "JP"))


def test_at_lacnic_it_takes_lacnics_place() -> None:
    brazilian = Registry("nicbr", "NICBR", "whois.nicbr.example", Dialect.IRRD)
    rows = [of("BR", "lacnic")]

    known = responsible_registry(WHOLE, rows, {**KNOWN, "nicbr": brazilian}, [])
    unknown = responsible_registry(WHOLE, rows, KNOWN, [])
    argentine = responsible_registry(WHOLE, [of("AR", "lacnic")], KNOWN, [])

    assert known == Responsible(brazilian, Basis.STATISTICS)
    assert isinstance(unknown, Unanswered)
    assert unknown.fault is Fault.UNKNOWN_REGISTRY
    assert "NIC.BR (country BR)" in unknown.seen
    assert "the operator must add it" in unknown.fix
    assert argentine == Responsible(LACNIC, Basis.STATISTICS)


def test_the_operator_may_name_another_registry_for_a_country() -> None:
    named = {"JP": "jpirr", "PH": "phnic"}

    for country, key in named.items():
        rows = [of(country, "apnic")]
        found = responsible_registry(WHOLE, rows, {"apnic": APNIC}, [], named)
        assert isinstance(found, Responsible)
        assert found.national is not None
        assert found.national.key == key


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([of("AU", "apnic")], id="a country without one"),
        pytest.param([of("", "apnic")], id="no country"),
        pytest.param([of("JP", "ripencc")], id="another region"),
        pytest.param(
            [of("JP", "apnic", "192.0.2.0/24"), of("KR", "apnic", "192.0.3.0/24")],
            id="two countries",
        ),
    ],
)
def test_elsewhere_there_is_none(rows: list[Allocation]) -> None:
    found = responsible_registry(WHOLE, rows, {"apnic": APNIC, "ripencc": RIPE}, [])

    assert isinstance(found, Responsible)
    assert found.national is None


def test_the_last_address_of_all_is_no_trap() -> None:
    top = prefix("255.255.254.0/23")

    found = responsible_registry(
        top, [held("255.255.254.0/24"), held("255.255.255.0/24")], KNOWN, []
    )

    assert isinstance(found, Responsible)


@pytest.mark.parametrize(
    ("cidr", "registry"), [("193.0.0.0/21", RIPE), ("2600::/16", ARIN), ("200.0.0.0/8", LACNIC)]
)
def test_without_statistics_ianas_table_hints(cidr: str, registry: object) -> None:
    found = responsible_registry(prefix(cidr), None, KNOWN, [])

    assert found == Responsible(registry, Basis.HINT)  # type: ignore[arg-type] # a Registry


@pytest.mark.parametrize("cidr", ["2d00::/16", "2001::/16", "4000::/16"])
def test_a_hint_refuses_nothing(cidr: str) -> None:
    found = responsible_registry(prefix(cidr), None, KNOWN, [])

    assert isinstance(found, Unanswered)
    assert found.fault is Fault.NO_DATA


def test_loaded_statistics_that_know_nothing_are_not_the_same_as_none_loaded() -> None:
    assert isinstance(responsible_registry(prefix("193.0.0.0/21"), [], KNOWN, []), Failed)


def test_the_operators_word_wins_over_the_statistics() -> None:
    overrides = [(prefix("192.0.0.0/16"), "arin"), (prefix("192.0.2.0/23"), "lacnic")]

    exact = responsible_registry(WHOLE, [held("192.0.2.0/23")], KNOWN, overrides)
    wider = responsible_registry(prefix("192.0.4.0/24"), [], KNOWN, overrides)
    other = responsible_registry(prefix("193.0.0.0/24"), None, KNOWN, overrides)

    assert exact == Responsible(LACNIC, Basis.OVERRIDE)
    assert wider == Responsible(ARIN, Basis.OVERRIDE)
    assert other == Responsible(RIPE, Basis.HINT)


def test_an_override_for_a_part_splits_the_prefix() -> None:
    part = [(prefix("192.0.3.0/24"), "arin")]

    split = responsible_registry(WHOLE, [held("192.0.2.0/23")], KNOWN, part)
    whole = responsible_registry(WHOLE, [held("192.0.2.0/23", "arin")], KNOWN, part)

    assert isinstance(split, Failed)
    assert split.reason is Reason.SPANS_REGISTRIES
    assert isinstance(whole, Responsible)


def test_a_registry_that_is_not_configured_is_no_refusal() -> None:
    found = responsible_registry(WHOLE, [held("192.0.2.0/23", "apnic")], KNOWN, [])

    assert isinstance(found, Unanswered)
    assert "apnic" in found.seen
