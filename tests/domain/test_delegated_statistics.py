from ipaddress import IPv4Address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.checks import delegated_statistics
from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix

FILE = """\
# a remark
2.3|ripencc|20261122|4|19830705|20261121|+0100
ripencc|*|ipv4|*|2|summary
ripencc|*|ipv6|*|1|summary
ripencc|*|asn|*|1|summary
ripencc|FR|ipv4|2.0.0.0|1048576|20100712|allocated|5a1f|e-stats
ripencc||ipv4|5.1.0.0|768||available|
ripencc|NL|ipv6|2001:610::|32|19990819|assigned|77bb
ripencc|GB|asn|7|1|19930901|allocated|ab12
"""


def parse(text: str) -> delegated_statistics.Statistics:
    parsed = delegated_statistics.parse_statistics(text.splitlines(keepends=True), "ripencc")
    assert isinstance(parsed, delegated_statistics.Statistics), parsed
    return parsed


def refused(text: str) -> str:
    parsed = delegated_statistics.parse_statistics(text.splitlines(), "ripencc")
    assert isinstance(parsed, delegated_statistics.UnreadableStatistics)
    return parsed.why


def with_records(*records: str) -> str:
    """A file of 300 good records and these."""
    good = [
        f"ripencc|DE|ipv4|10.{n // 256}.{n % 256}.0|256|20200101|allocated|a" for n in range(300)
    ]
    return "\n".join(["2|ripencc|20261122|300|1983|20261121|+0100", *good, *records])


def test_a_file_becomes_allocations_and_as_numbers_are_left_out() -> None:
    parsed = parse(FILE)
    assert (parsed.registry, parsed.serial, parsed.skipped) == ("ripencc", "20261122", 0)
    assert list(parsed.allocations) == [
        Allocation(Prefix.parse("2.0.0.0/12"), "ripencc", "allocated", "5a1f", "FR"),
        Allocation(Prefix.parse("5.1.0.0/23"), "ripencc", "available", ""),
        Allocation(Prefix.parse("5.1.2.0/24"), "ripencc", "available", ""),
        Allocation(Prefix.parse("2001:610::/32"), "ripencc", "assigned", "77bb", "NL"),
    ]
    assert list(parsed.allocations[1:3]) == list(parsed.allocations)[1:3]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("ripencc|DE|ipv4|10.9.0.0|0|20200101|allocated|a", id="no addresses"),
        pytest.param("ripencc|DE|ipv4|255.255.255.0|512|20200101|allocated|a", id="past the end"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0|-256|20200101|allocated|a", id="negative"),
        pytest.param("ripencc|DE|ipv4|10.9.0|256|20200101|allocated|a", id="not an address"),
        pytest.param("ripencc|DE|ipv6|2001:db8::1|32|20200101|allocated|a", id="host bits"),
        pytest.param("ripencc|DE|ipv6|2001:db8::|129|20200101|allocated|a", id="too long"),
        pytest.param("ripencc|DE|ipv6|2001:db8::%eth0|32|20200101|allocated|a", id="zone id"),
        pytest.param("ripencc|DE|ipv5|10.9.0.0|256|20200101|allocated|a", id="unknown type"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0|256|20200101|leased|a", id="unknown status"),
        pytest.param("apnic|DE|ipv4|10.9.0.0|256|20200101|allocated|a", id="another registry"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0", id="too few fields"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0|256|20200101|allocated|a\\b", id="a backslash"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0|256|20200101|allocated|a\tb", id="a tab"),
        pytest.param("ripencc|DE|ipv4|10.9.0.0|256|20200101|allocated|" + "a" * 2000, id="huge"),
    ],
)
def test_a_single_line_that_makes_no_sense_is_skipped(record: str) -> None:
    parsed = parse(with_records(record))
    assert (len(parsed.allocations), parsed.skipped) == (300, 1)


def test_many_lines_that_make_no_sense_refuse_the_file() -> None:
    assert "make no sense" in refused(with_records(*["ripencc|nonsense"] * 10))


def test_a_file_cut_short_is_refused() -> None:
    text = with_records("ripencc|*|ipv4|*|310|summary")
    assert "cut short" in refused(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param("<html>Service unavailable</html>", "version line", id="an error page"),
        pytest.param(FILE.replace("|ripencc|2026", "|apnic|2026"), "version line", id="another's"),
    ],
)
def test_what_is_not_such_a_file_is_refused(text: str, why: str) -> None:
    assert why in refused(text)


@given(start=st.integers(0, 2**32 - 1), count=st.integers(1, 2**32))
def test_a_range_of_any_size_becomes_prefixes_that_hold_exactly_its_addresses(
    start: int, count: int
) -> None:
    count = min(count, 2**32 - start)
    line = f"ripencc|DE|ipv4|{IPv4Address(start)}|{count}|20200101|allocated|a"
    parsed = parse(f"2|ripencc|1|1|1|1|+0\n{line}")
    networks = [ip_network(str(one.prefix)) for one in parsed.allocations]
    assert int(networks[0].network_address) == start
    assert all(
        int(before.broadcast_address) + 1 == int(after.network_address)
        for before, after in pairwise(networks)
    )
    assert sum(one.num_addresses for one in networks) == count


def test_a_new_file_needs_half_the_ranges_of_the_last_good_one() -> None:
    assert delegated_statistics.too_few(50, 100) is None
    assert delegated_statistics.too_few(1, None) is None
    assert delegated_statistics.too_few(49, 100) == "49 prefixes, 100 at best within a week"
    assert delegated_statistics.too_few(0, None) is not None
